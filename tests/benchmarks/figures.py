"""Medians with ranges, and what a process has used of the processor and of memory."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Figure:
    """The median of some runs, the least and the most; `runs` are all of them, in their order."""

    median: float
    least: float
    most: float
    runs: tuple[float, ...] = ()

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.least)}–{_short(self.most)})"


def figure(values: Iterable[float]) -> Figure:
    found = list(values)
    return Figure(statistics.median(found), min(found), max(found), tuple(found))


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and of all its children, those that have ended too."""
    total = 0.0
    for process in _tree(pid):
        fields = _stat(process)
        if fields:
            total += sum(int(value) for value in fields[11:15]) / TICK
    return total


def _tree(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for process in found:
        found += parents.get(process, [])
    return found


def _stat(pid: int) -> list[str]:
    try:
        # the name may hold blanks and brackets: the fields begin behind its last bracket
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def memory_mib(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
