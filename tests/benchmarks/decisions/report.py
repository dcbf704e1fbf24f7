"""The report: docs/explanation/performance/dmn.md for people and dmn.json for programs."""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.decisions.setting_up import CAMUNDA, FEELIN, HERE, ROOT, Peers
from tests.benchmarks.decisions.tables import COLUMNS, KINDS, POLICIES, SIZES, feel, make
from tests.benchmarks.decisions.timing import plain

FOLDER = ROOT / "docs" / "explanation" / "performance"
NAMES = {
    "direct": "ours",
    "evaluate": "ours, with records",
    "zen": "zen-engine",
    "camunda": "Camunda 7",
    "spiff": "SpiffWorkflow",
    "pydmnrules": "pyDMNrules",
}
CELLS = {
    "string": "three columns of texts; the second names two",
    "range": "three columns of numbers in half-open ranges",
    "boolean": "four columns of truth values, one of texts",
    "date": "two columns of days in closed ranges",
    "mixed": "a text, a range of numbers, a truth value, a range of days",
}


def write(part: str, figures: Mapping[str, Any], peers: Peers, note: str = "") -> None:
    """Takes one part into `dmn.json` and writes `dmn.md` anew. `note` says what was different about this run."""
    file = FOLDER / "dmn.json"
    kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    kept[part] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": _machine(peers),
        "note": note,
        "figures": figures,
    }
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (FOLDER / "dmn.md").write_text(text(kept), encoding="utf-8")


def _machine(peers: Peers) -> dict[str, Any]:
    def said(*command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True)
        return (done.stdout or done.stderr).strip().splitlines()[0]

    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    versions = [line for line in (HERE / "requirements.txt").read_text().splitlines() if "==" in line]
    if peers.node is not None:
        versions.append(f"feelin=={FEELIN} on Node {said(peers.node, '--version')}")
    if peers.java is not None:
        versions.append(f"camunda-engine-dmn=={CAMUNDA} on {said(peers.java, '-version')}")
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[1], 1),
        "versions": [version.replace("==", " ") for version in versions],
    }


def text(parts: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    lines = [
        "# What a decision costs",
        "",
        "Written by `make bench-dmn` and not by hand; [dmn.json](dmn.json) has the same figures for programs.",
        "Every figure is processor time on one core, the best of some rounds: other work on the machine makes a round",
        "longer, never shorter. Answers were compared with the right ones before anything was timed, for two seconds at most.",
    ]
    for name, writer in (("tables", _tables), ("expressions", expressions)):
        if name in parts:
            machine = parts[name]["machine"]
            about = f"{parts[name]['date']}, {machine['processors']} × {machine['processor']}, load {machine['load']}, "
            about += f"Python {machine['python']}; {', '.join(machine['versions'])}."
            if note := parts[name].get("note"):
                about += f" {note}"
            lines += ["", f"## {name.capitalize()}", "", about, "", *writer(parts[name]["figures"])]
    return "\n".join(lines).rstrip() + "\n"


# --- tables ----------------------------------------------------------------------------------------------------------


def shown(result: Mapping[str, Any]) -> str:
    """A result in few words."""
    if "per_second" not in result:
        return f"– ({result['error'].splitlines()[-1]})"
    figure = f"{result['per_second']:,.0f}" if result["per_second"] >= 10 else f"{result['per_second']:.1f}"
    return figure + (f" ({result['wrong']} wrong)" if result["wrong"] else "")


def _tables(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    lines = [
        "Decisions per second: a dict in, a dict (COLLECT: a list of dicts) out; reading the table is not timed. The same",
        "200 inputs for all; days are texts in them (pyDMNrules is given Python's dates), and `date(…)` is part of what is",
        "timed; ours remembers the last 4,096 days that it read. zen-engine is made with its precompiled loader and has no",
        "UNIQUE: it runs `first` there. Camunda 7's own engine runs in its own Java process, after two seconds of work.",
        "SpiffWorkflow reads cells as Python; they are written so for it. *Ours* is `Compiled.direct`; *with records* is",
        "`Compiled.evaluate`, which notes every input, output and rule. A dash with a reason is a table that an engine could",
        "not do in a minute, reading included, or not at all; one without was not asked of it.",
        "",
        "| Cells | | The first rule of ten |",
        "|---|---|---|",
    ]
    for kind, words in CELLS.items():
        cells = make(kind, "UNIQUE", 10, 1).rules[0][0]
        written = "; ".join(f"`{feel(one, cell)}`" for one, cell in zip(COLUMNS[kind], cells, strict=True))
        lines.append(f"| {kind} | {words} | {written} |")
    for policy in POLICIES:
        lines += ["", f"### {policy}", "", _row("Cells", "Rules", *NAMES.values(), "ours : zen"), "|---" * 9 + "|"]
        for kind in KINDS:
            for size in SIZES:
                one = found.get(f"{kind}-{policy.lower()}-{size}", {})
                figures = [shown(one[engine]) if engine in one else "–" for engine in NAMES]
                ratio = _ratio(one.get("direct"), one.get("zen"))
                lines.append(_row(kind, f"{size:,}", *figures, "–" if ratio is None else f"{ratio:.1f}"))
    return [*lines, "", *_targets(found)]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _ratio(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> float | None:
    if one is None or other is None or "per_second" not in one or "per_second" not in other:
        return None
    return float(one["per_second"] / other["per_second"])


def _targets(found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    lines = ["### In short", ""]
    for size in SIZES:
        every = [_ratio(one.get("direct"), one.get("zen")) for name, one in found.items() if name.endswith(f"-{size}")]
        ratios = [ratio for ratio in every if ratio is not None]
        if ratios:
            lines.append(
                f"- {size:,} rules: {min(ratios):.1f} to {max(ratios):.1f} times zen-engine, "
                f"the median is {statistics.median(ratios):.1f}."
            )
    growth = [
        ratio
        for kind in KINDS
        for policy in POLICIES
        if (ratio := _grown(found, f"{kind}-{policy.lower()}")) is not None
    ]
    if growth:
        lines.append(
            f"- From {SIZES[0]:,} to {SIZES[-1]:,} rules a decision costs {min(growth):.1f} to {max(growth):.1f} times as much."
        )
    return lines


def _grown(found: Mapping[str, Mapping[str, Mapping[str, Any]]], name: str) -> float | None:
    least, most = (found.get(f"{name}-{size}", {}).get("direct") for size in (SIZES[0], SIZES[-1]))
    return _ratio(least, most)


# --- expressions -----------------------------------------------------------------------------------------------------


def compared(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """By engine: how many expressions it gives the same value for, and how many times longer those take there."""
    ours = results["ours"]
    found: dict[str, Any] = {
        "ours": {
            "equal": len(ours),
            "micros": sum(one["micros"] for one in ours),
            "parsing": sum(one["parsing"] for one in ours),
            "ready": sum(one["ready"] for one in ours),
        }
    }
    for name, others in results.items():
        pairs = [(one, other) for one, other in zip(ours, others, strict=True) if _same(one, other)]
        if name == "ours" or not pairs:
            continue
        mine, theirs = (sum(one["micros"] for one in side) for side in zip(*pairs, strict=True))
        logs = [math.log(other["micros"] / one["micros"]) for one, other in pairs]
        found[name] = {
            "equal": len(pairs),
            "micros": theirs,
            "times": theirs / mine,
            "mean": math.exp(sum(logs) / len(logs)),
            "ready": theirs / sum(one["ready"] for one, _ in pairs),
        }
        if "parsing" in pairs[0][1]:
            found[name]["running"] = (theirs - sum(other["parsing"] for _, other in pairs)) / mine
    return found


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return "micros" in other and _rounded(plain(one["value"])) == _rounded(plain(other["value"]))


def _rounded(value: Any) -> Any:
    # feelin and the others count in binary: 0.1 + 0.2 is not 0.3 there.
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value


def expressions(found: Mapping[str, Any]) -> list[str]:
    """The part on expressions."""
    ours = found["ours"]
    count = ours["equal"]
    lines = [
        f"{count} expressions (`tests/benchmarks/decisions/expressions.txt`) over one context of process values, the result a",
        "process value. Ours are read before; feelin, pySFeel and bkflow-feel offer no function for a text that was read",
        "before, so theirs read it each time. Compared are those that give the same value on both sides, numbers to 12 digits.",
        f"Ours take {ours['micros'] / count:.1f} µs each, {ours['ready'] / count:.1f} µs where the context is FEEL's already; to",
        f"read one takes {ours['parsing'] / count:.1f} µs.",
        "",
        "The last column is against ours over a context that was made FEEL's before: pySFeel's variables are set in its own",
        "parser before anything is timed; the others are handed the context with each expression.",
        "",
        "| | same value | µs each | times ours, all together | times ours, geometric mean | times ours, context ready |",
        "|---|---|---|---|---|---|",
    ]
    for name, one in found.items():
        if name != "ours":
            each = one["micros"] / one["equal"]
            times = [f"{one[key]:.1f}" for key in ("times", "mean", "ready")]
            lines.append(_row(name, str(one["equal"]), f"{each:.1f}", *times))
    if "feelin" in found:
        lines += [
            "",
            f"Less what feelin's own `parseExpression` takes, the rest is {found['feelin']['running']:.1f} times ours.",
        ]
    if "bkflow, tree kept" in found:
        lines += [
            "",
            "*bkflow, tree kept* reaches into the library for the tree that it builds: Python's own numbers, lists and",
            "operators, with neither decimals of 34 digits nor null, limits or warnings.",
        ]
    return lines
