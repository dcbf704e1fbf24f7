"""Leaks as slopes: what a process holds is looked at once a second; a line through that must not rise."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

MEBIBYTE = 2**20
WARM = 0.4
"""The share of a life that is left out: caches, pools and the allocator fill up first."""
MEMORY = 12.0
"""MiB an hour that memory may rise on top of `NOISE`."""
SHORT = 60.0
"""Seconds below which a line says nothing: clients come and go, pools fill."""
NOISE = 4.0
"""MiB that memory may wander whatever the time."""
DESCRIPTORS = 6.0
"""Descriptors that may be more at the end of the line than at its beginning: clients come and go."""


@dataclass(frozen=True)
class Sample:
    """Seconds since the beginning, MiB of resident memory, open descriptors."""

    at: float
    memory: float
    descriptors: int


@dataclass(frozen=True)
class Slope:
    """What one process held: seconds looked at, MiB and descriptors at the end of the line, and how they rose an hour."""

    seconds: float
    memory: float
    memory_rise: float
    descriptors: float
    descriptors_rise: float

    def leaks(self) -> list[str]:
        """What rises more than it may; of a short life nothing is said."""
        if self.seconds < SHORT:
            return []
        hours = self.seconds / 3600
        found = []
        if self.memory_rise * hours > NOISE + MEMORY * hours:
            found.append(f"memory rises by {self.memory_rise:.1f} MiB an hour")
        if self.descriptors_rise * hours > DESCRIPTORS:
            found.append(f"descriptors rise by {self.descriptors_rise:.1f} an hour")
        return found


def slope(samples: Sequence[Sample]) -> Slope:
    """The line through a life without its beginning."""
    begun = samples[0].at + (samples[-1].at - samples[0].at) * WARM
    kept = [sample for sample in samples if sample.at >= begun]
    seconds = kept[-1].at - kept[0].at
    memory, memory_rise = _line([(sample.at, sample.memory) for sample in kept])
    descriptors, descriptors_rise = _line([(sample.at, float(sample.descriptors)) for sample in kept])
    return Slope(seconds, memory, memory_rise * 3600, descriptors, descriptors_rise * 3600)


def _line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Least squares: the value at the last point, and the rise a second."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    square = sum((x - mean_x) ** 2 for x, _ in points)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points) / square if square else 0.0
    return mean_y + rise * (points[-1][0] - mean_x), rise


class Watch:
    """Looks at processes by name, each of which may die and have a successor; every life is kept apart."""

    def __init__(self, processes: Callable[[], Mapping[str, int]], every: float = 1.0) -> None:
        self._processes = processes
        self._every = every
        self._lives: dict[tuple[str, int], list[Sample]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        begun = time.monotonic()
        while not self._stop.wait(self._every):
            for name, pid in self._processes().items():
                with suppress(psutil.Error):
                    process = psutil.Process(pid)
                    memory, descriptors = process.memory_info().rss / MEBIBYTE, process.num_fds()
                    sample = Sample(time.monotonic() - begun, memory, descriptors)
                    self._lives.setdefault((name, pid), []).append(sample)

    def slopes(self) -> dict[str, Slope]:
        """By name, of the longest life."""
        longest: dict[str, list[Sample]] = {}
        for (name, _), samples in self._lives.items():
            if len(samples) > 4 and samples[-1].at - samples[0].at > _length(longest.get(name, ())):
                longest[name] = samples
        return {name: slope(samples) for name, samples in longest.items()}


def _length(samples: Sequence[Sample]) -> float:
    return samples[-1].at - samples[0].at if samples else 0.0
