"""Results as text for people and as JSON for programs."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure
from tests.benchmarks.stages import STAGES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "performance"
EXPLAINED = {
    "begin": "a connection, `BEGIN`",
    "load": "locks, and what the commands name",
    "step": "the kernel, and what it looks up",
    "save": "records and history, as rows and as statements",
    "commit": "`COMMIT`: the disk",
}


def write(results: Mapping[str, Any], notes: list[str]) -> Path:
    """Writes `results.json` and `README.md`; the path of the latter."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    machine = {
        "date": datetime.now(UTC).date().isoformat(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }
    plain = json.dumps({"machine": machine, "notes": notes, **results}, indent=1, default=_plain, ensure_ascii=False)
    (FOLDER / "results.json").write_text(plain + "\n", encoding="utf-8")
    path = FOLDER / "README.md"
    path.write_text(text(results, notes, machine), encoding="utf-8")
    return path


def text(results: Mapping[str, Any], notes: list[str], machine: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    about = (
        "Written by `make bench` and not by hand; [results.json](results.json) has the same figures for programs. "
        "Each figure is the median of its runs, with the least and the most; all configurations ran in turn."
    )
    where = (
        f"Measured on {machine['date']} with Python {machine['python']} on {machine['processors']} processors, which the "
        "clients used too. Databases are durable: every commit is on disk before its answer."
    )
    lines = ["# What a process instance costs", "", about, "", where, "", *(f"- {note}" for note in notes)]
    if "http" in results:
        lines += [
            "",
            "## Over HTTP",
            "",
            "Start, fetch (or list), complete, end: four clients on kept connections.",
            "",
        ]
        lines += _table(results["http"])
    if "in process" in results:
        lines += ["", "## In process", "", "Start → user task → complete: two commands per instance, no HTTP.", ""]
        whole = {name: _figures(found) for name, found in results["in process"].items()}
        lines += _table(whole)
        for title, key in (
            ("Wall time by stage, µs per command", "wall µs per command"),
            ("Processor time by stage, µs per command", "processor µs per command, by stage"),
        ):
            lines += ["", f"### {title}", ""]
            lines += _table({name: found[key] for name, found in results["in process"].items()})
        lines += ["", *(f"- {stage}: {EXPLAINED[stage]}" for stage in STAGES), ""]
        lines += [
            "*Database alone* is the very statements of such a run, sent again in the same transactions by a loop."
        ]
    if "start" in results:
        lines += ["", "## Start", "", "`procession serve` on an existing SQLite file.", ""]
        lines += _table({"procession serve": results["start"]})
    return "\n".join(lines).rstrip() + "\n"


def _figures(found: Mapping[str, Any]) -> dict[str, Figure]:
    return {name: value for name, value in found.items() if isinstance(value, Figure)}


def _table(rows: Mapping[str, Mapping[str, Figure]]) -> list[str]:
    columns = list(next(iter(rows.values())))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    return lines + [
        f"| {name} | " + " | ".join(str(found[column]) for column in columns) + " |" for name, found in rows.items()
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Figure):
        return {name: round(number, 4) for name, number in dataclasses.asdict(value).items()}
    raise TypeError(type(value))
