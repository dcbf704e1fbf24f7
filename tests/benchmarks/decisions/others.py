"""Other engines in Python, each in this small program run by the Python of their own environment.

    python others.py ENGINE FILE…       FILE is what `written` in `measuring` wrote for the engine and table

It prints a line of JSON for each file: `per_second` and `wrong` answers, or `error`.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from timing import per_second, say, wrong

Decide = Callable[[dict[str, Any]], Any]


def _zen(model: str) -> Decide:
    import zen

    # With content in the loader's settings decisions are read and compiled once, when the engine is made.
    engine = zen.ZenEngine({"loader": {"type": "static", "content": {"table": json.loads(model)}}})
    return lambda given: engine.evaluate("table", given)


def _spiff(model: str) -> Decide:
    from lxml import etree
    from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
    from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
    from SpiffWorkflow.dmn.parser.DMNParser import DMNParser

    root = etree.fromstring(model.encode())
    parser = DMNParser(None, root, {"dmn": etree.QName(root).namespace})
    parser.parse()
    engine = DMNEngine(parser.decision.decisionTables[0])
    script = PythonScriptEngine(TaskDataEnvironment({"date": date.fromisoformat}))
    workflow = SimpleNamespace(script_engine=script)
    return lambda given: engine.result(SimpleNamespace(data=dict(given), workflow=workflow))


def _pydmnrules(model: str) -> Decide:
    import pyDMNrules

    rules = pyDMNrules.DMN()
    _refuse(rules.useXML(model))

    def decide(given: dict[str, Any]) -> Any:
        status, answer = rules.decide(given)
        _refuse(status)
        return answer

    return decide


def _refuse(status: dict[str, Any]) -> None:
    if status.get("errors"):
        raise ValueError("; ".join(status["errors"]))


ENGINES: dict[str, Callable[[str], Decide]] = {"zen": _zen, "spiff": _spiff, "pydmnrules": _pydmnrules}


def _answer(engine: str, found: Any) -> Any:
    """What an engine gave, in the shape of the others."""
    if engine == "zen":
        return found["result"]
    if engine == "pydmnrules":
        found = found["Result"]
    if isinstance(found["rate"], list):
        return [{"rate": rate, "label": label} for rate, label in zip(found["rate"], found["label"], strict=True)]
    return {"rate": found["rate"], "label": found["label"]}


def measure(engine: str, file: Path) -> dict[str, Any]:
    """One table on one engine."""
    task = json.loads(file.read_text(encoding="utf-8"))
    if engine == "pydmnrules":  # it reads no texts as dates
        task["inputs"] = [{name: _date(value) for name, value in one.items()} for one in task["inputs"]]
    try:
        decide = ENGINES[engine](task["model"])
        faults = wrong(lambda given: _answer(engine, decide(given)), task)
        return {"table": task["table"], "per_second": per_second(decide, task["inputs"]), "wrong": faults}
    except Exception as fault:
        return {"table": task["table"], "error": f"{type(fault).__name__}: {fault}"[:200]}


def _date(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) and value[4:5] == "-" else value


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    for name in sys.argv[2:]:
        say(measure(sys.argv[1], Path(name)))
