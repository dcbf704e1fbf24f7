"""Runs every engine over the same tables and expressions, each in a process of its own, one after the other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.decisions import tables
from tests.benchmarks.decisions.setting_up import HERE, ROOT, Peers
from tests.benchmarks.decisions.tables import Table
from tests.benchmarks.decisions.timing import LEAST, ROUNDS

SLOW = ("camunda", "spiff", "pydmnrules")
"""Engines that are measured with mixed cells alone, unless all is asked for."""
TURNS = 3
"""How often each engine does all expressions; they take turns, so that a slow minute of the machine is nobody's alone."""
TIMES = ("micros", "parsing", "ready")
PATIENCE = 60.0
"""Seconds that one table may take on one engine, reading it included."""


def _without_type(table: Table) -> str:
    # Camunda 7 makes java.util.Date of the type `date`, which its FEEL then compares with no day.
    return re.sub(' typeRef="date"', "", tables.dmn(table))


def _bare(table: Table) -> str:
    # pyDMNrules is given Python's dates.
    return re.sub(r"<text>date\((\w+)\)</text>", r"<text>\1</text>", tables.dmn(table))


WRITTEN: Mapping[str, Callable[[Table], str]] = {
    "direct": tables.dmn,
    "evaluate": tables.dmn,
    "zen": tables.jdm,
    "camunda": _without_type,
    "spiff": lambda table: tables.dmn(table, tables.python),
    "pydmnrules": _bare,
}
"""How a table is written for each engine."""


def command(engine: str, peers: Peers) -> list[str] | None:
    """The program that measures tables, None where the engine is missing."""
    if engine in ("direct", "evaluate"):
        return [sys.executable, "-m", "tests.benchmarks.decisions.ours", engine]
    if engine == "camunda":
        jars = f"{peers.jars}/*"
        return None if peers.java is None else [peers.java, "-cp", jars, str(HERE / "camunda" / "Camunda.java")]
    return [str(peers.python), str(HERE / "others.py"), engine]


def measure_tables(
    engines: Sequence[str], wanted: Sequence[Table], peers: Peers, folder: Path, everything: bool = False
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Engine, table and what was found: `per_second` and `wrong`, or `error`. All engines take turns at each table."""
    for table in wanted:
        answers = [tables.answer(table, given) for given in table.inputs]
        for engine in engines:
            program = command(engine, peers)
            if program is None or (engine in SLOW and table.kind != "mixed" and not everything):
                continue
            file = folder / f"{engine}-{table.name}.json"
            task = {"table": table.name, "model": WRITTEN[engine](table), "inputs": table.inputs, "answers": answers}
            file.write_text(json.dumps(task), encoding="utf-8")
            yield engine, table.name, _run([*program, str(file)])
            file.unlink()


def _run(program: list[str]) -> dict[str, Any]:
    try:
        done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {"error": f"not done in {PATIENCE:.0f} s"}
    if done.returncode != 0 or not done.stdout.strip():
        return {"error": done.stderr.strip()[-300:] or f"it ended with {done.returncode}"}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def expressions() -> tuple[list[str], dict[str, Any]]:
    """The expressions and their context."""
    context = json.loads((HERE / "context.json").read_text(encoding="utf-8"))
    return (HERE / "expressions.txt").read_text(encoding="utf-8").splitlines(), context


def measure_expressions(peers: Peers, folder: Path, quick: bool) -> dict[str, list[dict[str, Any]]]:
    """By engine: for each expression its value and microseconds, or an error."""
    texts, context = expressions()
    task = folder / "expressions.json"
    rounds, least = (1, 0.002) if quick else (ROUNDS, LEAST / 15)
    task.write_text(json.dumps({"expressions": texts, "context": context, "rounds": rounds, "least": least}))
    programs = {
        "ours": [sys.executable, "-m", "tests.benchmarks.decisions.feel_ours", str(task)],
        **{
            name: [str(peers.python), str(HERE / "feel_others.py"), name, str(task)]
            for name in ("pysfeel", "bkflow", "bkflow, tree kept")
        },
    }
    if peers.node is not None:
        programs["feelin"] = [peers.node, str(HERE / "feelin.mjs"), str(peers.jars.parents[1] / "node"), str(task)]
    found: dict[str, list[dict[str, Any]]] = {}
    for turn in range(1 if quick else TURNS):
        for name, program in programs.items():
            done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
            figures = json.loads(done.stdout.strip().splitlines()[-1])
            found[name] = list(map(_best, found.get(name, figures), figures))
            print(f"expressions on {name}, turn {turn + 1}", flush=True)
    return found


def _best(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The same expression measured twice: the lesser times."""
    return {key: min(value, other[key]) if key in TIMES else value for key, value in one.items()}
