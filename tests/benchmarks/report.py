"""Results as text for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.curves import CURVES, DRAWN, KIB_PER_ITEM
from tests.benchmarks.figures import Figure
from tests.benchmarks.in_process import SHARE, SHARE_OF_SCRIPT
from tests.benchmarks.over_http import RATE, RESERVE, SLOWEST, WHOLE
from tests.benchmarks.stages import STAGES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "performance"
AT_FULL_SPEED = (
    WHOLE,
    "processor ms of the server per instance",
    "processor ms of the database per instance",
    RATE,
    "ms per call",
    "ms of 50 % of completions at most",
    SLOWEST,
    "error answers per 1,000 instances",
    "processor ms of the client per instance",
    "KiB of write-ahead log per instance",
    "transactions per instance",
    "rows written per instance",
)
AT_AN_OFFERED_LOAD = (
    "starts per second, offered",
    RATE,
    "ms of 50 % of completions at most",
    SLOWEST,
    "ms of 99 % of instances at most",
    WHOLE,
    "processor ms of the client per instance",
)
EXPLAINED = {
    "begin": "a connection, `BEGIN`",
    "load": "locks, and what the commands name",
    "step": "the kernel, and what it looks up",
    "save": "records and history, as rows and as statements",
    "commit": "`COMMIT`: the disk",
}


def write(part: str, results: Mapping[str, Any], notes: list[str]) -> Path:
    """Takes one part's results into `results.json` and writes `README.md` anew; the path of the latter."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file, path = FOLDER / "results.json", FOLDER / "README.md"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if part == "curves":
        # curves that were not measured this time stay as they were
        results = {**_figures_in(kept.get(part, {}).get("figures", {})), **results}
        results = {id_: results[id_] for id_ in CURVES if id_ in results}
        from tests.benchmarks.plots import draw

        draw(results, FOLDER)
    kept[part] = {
        "date": datetime.now(UTC).date().isoformat(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "notes": notes,
        "figures": json.loads(json.dumps(results, default=_plain)),
    }
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    path.write_text(text(kept), encoding="utf-8")
    return path


def text(parts: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    lines = [
        "# What a process instance costs",
        "",
        "Written by `make bench` and not by hand; [results.json](results.json) has the same figures for programs.",
        "Each figure is the median of its runs, with the least and the most; all configurations ran in turn. Clients used the",
        "same processors. Databases are durable: every commit is on disk before its answer.",
    ]
    for name, write_part in PARTS.items():
        if name in parts:
            part = parts[name]
            where = f"{part['date']}, Python {part['python']}, {part['processors']} processors; " + "; ".join(
                part["notes"]
            )
            lines += [
                "",
                f"## {name[0].upper()}{name[1:]}",
                "",
                where + ".",
                "",
                *write_part(_figures_in(part["figures"])),
            ]
    return "\n".join(lines).rstrip() + "\n"


def _http(figures: Mapping[str, Any]) -> list[str]:
    found, offered = figures["at full speed"], figures["at an offered load"]
    lines = [
        "Start, list (or fetch and lock), complete, end: clients on kept connections, the same for every server. Each client does",
        "all of it, one call after the other; or 8 start and 4 others fetch, ten at once, and complete.",
        "",
        *_table(_columns(found, AT_FULL_SPEED)),
        "",
    ]
    for name, row, peer in _beside_camunda(found):
        share, faster = row[WHOLE].median / peer[WHOLE].median, row[RATE].median / peer[RATE].median
        lines.append(
            f"- {name}: {share:.2f} of Camunda 7's processor time (aim 0.10: {_met(share <= 0.1)}), "
            f"{faster:.1f} times its instances per second (aim 10: {_met(faster >= 10)})"
        )
    if not offered:
        return lines
    lines += [
        "",
        "### Offered load",
        "",
        f"Starts are due evenly, whatever the answers take, so many a second as {RESERVE:.0%} of what the slowest server can do:",
        "the same for all. Of an instance the time counts from the moment its start was due to the answer to its completion.",
        "",
        *_table(_columns(offered, AT_AN_OFFERED_LOAD)),
        "",
    ]
    for name, row, peer in _beside_camunda(offered):
        ours, theirs = row[SLOWEST].median, peer[SLOWEST].median
        lines.append(
            f"- {name}: 99 % of completions within {ours:.1f} ms, Camunda 7's within {theirs:.1f} ms: {_met(ours < theirs)}"
        )
    return lines


def _columns(rows: Mapping[str, Mapping[str, Figure]], wanted: Sequence[str]) -> dict[str, dict[str, Figure]]:
    return {name: {column: row[column] for column in wanted if column in row} for name, row in rows.items()}


def _beside_camunda(figures: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Figure], Mapping[str, Figure]]]:
    """Each row of ours with Camunda 7's of the same form."""
    for name, row in figures.items():
        peer = figures.get(f"Camunda 7 on PostgreSQL,{name.partition(',')[2]}")
        if peer is not None and peer is not row:
            yield name, row, peer


def _met(met: bool) -> str:
    return "met" if met else "**missed**"


def _in_process(figures: Mapping[str, Any]) -> list[str]:
    lines = [
        "Start → user task → complete: two commands per instance, no HTTP. Threads wait for each command (`Engine.submit`),",
        "coroutines of one event loop await it (`Engine.submitted`).",
        "",
    ]
    lines += _table({name: _figures(found) for name, found in figures.items()})
    for title, key in (
        ("Wall time by stage, µs per command", "wall µs per command"),
        ("Processor time by stage, µs per command", "processor µs per command, by stage"),
    ):
        lines += ["", f"### {title}", "", *_table({name: found[key] for name, found in figures.items()})]
    lines += ["", *(f"- {stage}: {EXPLAINED[stage]}" for stage in STAGES), ""]
    return [
        *lines,
        "What such a run wrote was written again in the same transactions by a loop in one thread, nothing read, nothing",
        "decided, and the databases held the same afterwards. A *raw script* does it as anybody would who writes many rows:",
        "`executemany` of psycopg or sqlite3, one statement per table and kind of change. *Our driver* does it with the statements",
        "of the run, on PostgreSQL all tables of a batch in one flight: a stricter limit. The aim is half of either.",
        "",
        *(
            f"- {name}: {found[SHARE_OF_SCRIPT].median:.0f} % of a raw script ({_met(found[SHARE_OF_SCRIPT].median >= 50)}), "
            f"{found[SHARE].median:.0f} % of our driver alone ({_met(found[SHARE].median >= 50)})"
            for name, found in figures.items()
        ),
    ]


def _start(figures: Mapping[str, Any]) -> list[str]:
    lines = ["`procession serve` on an existing SQLite file.", "", *_table({"procession serve": figures}), ""]
    for name, limit, said in (
        ("seconds to the first answer", 1.0, "below 1 s to the first answer"),
        ("resident memory, MiB", 120.0, "below 120 MiB"),
    ):
        lines.append(f"- {said}: {'met' if figures[name].median < limit else '**missed**'}")
    return lines


def _functions(figures: Mapping[str, Any]) -> list[str]:
    about = (
        "Events through four containers of `workflow_trigger`, one at a time each, on one PostgreSQL; every idempotency key is "
        "sent twice, to two containers. Each workflow was started once, over at most four connections: else no figure is shown."
    )
    return [about, "", *_table({"workflow_trigger": figures})]


def _spiffworkflow(figures: Mapping[str, Any]) -> list[str]:
    return [
        "Start → user tasks → end in one thread on a SQLite file, each step durable before the next. SpiffWorkflow has no",
        "database: each workflow is loaded and saved whole by its serializer. A longer chain than the last meets the limit of",
        "Python's stack there.",
        "",
        *_table({name: _figures(found) for name, found in figures.items()}),
    ]


def _timers(figures: Mapping[str, Any]) -> list[str]:
    lines = [
        "Timers that wait for the same moment while one client starts instances and completes tasks; then timers that are due one",
        "after the other. Every timer fired once: else no figure is shown.",
        "",
        *_table({name: _figures(found) for name, found in figures.items()}),
        "",
    ]
    for name, found in figures.items():
        commands, late = (
            found["p99 of commands meanwhile, ms"].median,
            found["200 a second: p99 of lateness, ms"].median,
        )
        met = [
            f"{what}: {'met' if value < 1000 else '**missed**'}"
            for what, value in (("commands", commands), ("lateness", late))
        ]
        lines.append(f"- {name}, p99 below 1 s: {', '.join(met)}")
    return lines


def _curves(figures: Mapping[str, Any]) -> list[str]:
    lines = [
        "Processor time of process and database server, while one thing grows and all else stays. A curve is *met* where the",
        "largest size costs at most so many times what the compared one costs as its limit says. Databases were filled by",
        "storing an instance that really ran again and again under new keys; PostgreSQL has 512 MB of shared buffers, and its",
        "autovacuum is off while it is measured, for it would work for all sizes at once.",
        "",
        *(f"![cost per unit by {name}](curves-{name}.svg)\n" for name in DRAWN),
        "| what grows | database | compared | µs there | largest | µs there | times | limit | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for curve in (curve for curve in CURVES.values() if curve.id in figures):
        for place, by_size in figures[curve.id].items():
            base, last = curve.base(by_size), list(by_size)[-1]
            times = by_size[last].median / by_size[base].median
            said = "met" if times <= curve.limit else "**missed**"
            lines.append(
                f"| {curve.grows} | {place} | {int(base):,} | {by_size[base]} | {int(last):,} | {by_size[last]} "
                f"| {times:.2f} | {curve.limit:.1f} | {said} |"
            )
    return lines


def _memory(figures: Mapping[str, Any]) -> list[str]:
    lines = [
        "The most memory that the engine's process had resident, in MiB beyond what it has after one small instance; each run",
        f"is a process of its own. The limit is {KIB_PER_ITEM} KiB for each item of the largest.",
        "",
        "| what grows | database | items: MiB | KiB an item | |",
        "|---|---|---|---|---|",
    ]
    for name, by_place in figures.items():
        for place, by_size in by_place.items():
            last = list(by_size)[-1]
            each = by_size[last].median * 1024 / int(last)
            shown = ", ".join(f"{int(size):,}: {value}" for size, value in by_size.items())
            said = "met" if each <= KIB_PER_ITEM else "**missed**"
            lines.append(f"| {CURVES[name].grows} | {place} | {shown} | {each:.1f} | {said} |")
    return lines


PARTS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "over HTTP": _http,
    "in process": _in_process,
    "start": _start,
    "functions": _functions,
    "SpiffWorkflow": _spiffworkflow,
    "timers": _timers,
    "curves": _curves,
    "memory": _memory,
}


def _figures_in(value: Any) -> Any:
    """JSON with its figures as figures again."""
    if not isinstance(value, dict):
        return value
    if "median" in value:
        return Figure(value["median"], value["least"], value["most"], tuple(value.get("runs", ())))
    return {name: _figures_in(inside) for name, inside in value.items()}


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
        median, least, most = (round(x, 4) for x in (value.median, value.least, value.most))
        return {"median": median, "least": least, "most": most, "runs": [round(x, 4) for x in value.runs]}
    raise TypeError(type(value))
