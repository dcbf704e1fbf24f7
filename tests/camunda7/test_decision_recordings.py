"""What the real Camunda 7 did with its own decisions: results, errors, history and refusals, one by one.

Left aside: 76 evaluations of Groovy, which is not executed here: a script is refused with an error that names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from procession.camunda7.decisions import Decisions, read_decisions
from procession.dmn import DecisionFailed, DecisionRecord
from procession.errors import ParseFailed
from procession.values import Long
from tests.conformance.corpora import folder

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _recordings() -> Iterator[tuple[str, Decisions | None, dict[str, Any]]]:
    models = folder("dmn-camunda7")
    for path in sorted((folder("camunda7-recordings") / "dmn").rglob("*.json")):
        recording = json.loads(path.read_text(encoding="utf-8"))
        model: Path = models / recording["model"]
        try:
            yield model.name, read_decisions(model.read_bytes(), model.name), recording
        except ParseFailed:
            yield model.name, None, recording


def _variable(written: dict[str, Any]) -> Any:
    value = written["value"]
    match written["type"]:
        case "Long":
            return Long(value)
        case "Double":
            return float(value)
        case "Date":
            return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z")
        case _:
            return value


def _plain(value: Any) -> Any:
    return f"{value:%Y-%m-%dT%H:%M:%S}.000+0000" if isinstance(value, datetime) else value


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _recorded(record: DecisionRecord) -> dict[str, Any]:
    inputs = [[one.clause_name, one.type, _plain(one.value)] for one in record.inputs]
    outputs = [[one.rule_order, one.variable_name, one.type, _plain(one.value)] for one in record.outputs]
    said = {
        "decision": record.decision_id,
        "inputs": sorted(inputs, key=_canonical),
        "outputs": sorted(outputs, key=_canonical),
        "collected": record.collected,
    }
    return {name: value for name, value in said.items() if value not in (None, [])}


def _said(decisions: Decisions, scenario: dict[str, Any]) -> Any:
    variables = {name: _variable(written) for name, written in scenario["variables"].items()}
    try:
        found = decisions.evaluate(scenario["decision"], variables, NOW)
    except DecisionFailed as error:
        return "groovy" if "'groovy'" in error.message else "error"
    rows = [
        {name: [types[name], _plain(value)] for name, value in row.items()}
        for row, types in zip(found.rows, found.types, strict=True)
    ]
    return rows, sorted(map(_recorded, found.decisions), key=_canonical)


def _expected(scenario: dict[str, Any]) -> Any:
    if "error" in scenario:
        return "error"
    history = [
        {name: sorted(value, key=_canonical) if isinstance(value, list) else value for name, value in one.items()}
        for one in scenario["history"]
    ]
    return scenario["result"], sorted(history, key=_canonical)


def test_every_recorded_evaluation() -> None:
    wrong, groovy, equal = [], 0, 0
    for name, decisions, recording in _recordings():
        assert (decisions is None) == ("rejected" in recording["deployment"]), name
        for title, scenario in recording["scenarios"].items():
            assert decisions is not None
            said, expected = _said(decisions, scenario), _expected(scenario)
            if said == "groovy":
                groovy += expected != "error"
                equal += expected == "error"
            elif _canonical(said) == _canonical(expected):
                equal += 1
            else:
                wrong.append(f"{name}, {title}: {said} instead of {expected}")
    assert wrong == []
    assert (equal, groovy) == (863, 76)


def test_deployed_decisions_are_those_of_camunda() -> None:
    for name, decisions, recording in _recordings():
        expected = {(one["key"], one.get("name")) for one in recording["deployment"].get("decisions", ())}
        assert {(one.id, one.name) for one in (decisions.executable if decisions is not None else ())} == expected, name
