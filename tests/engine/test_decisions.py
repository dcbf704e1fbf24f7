"""Decisions from business rule tasks and by themselves: bindings, results, history."""

from __future__ import annotations

from typing import Any

import pytest

from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.errors import Missing, ProcessionError
from tests.engine.conftest import Opener
from tests.engine.looking import count, one, rows, values, variables
from tests.engine.models import USER, row

DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def table(answers: dict[str, str], policy: str = "UNIQUE", id_: str = "d") -> bytes:
    """A decision table: for each value of `x`, a text."""
    rules = "".join(
        f'<rule id="r{n}"><inputEntry id="i{n}"><text>{x}</text></inputEntry>'
        f'<outputEntry id="o{n}"><text>"{answer}"</text></outputEntry></rule>'
        for n, (x, answer) in enumerate(answers.items())
    )
    return (
        f'<definitions xmlns="{DMN}" id="defs" name="defs" namespace="n"><decision id="{id_}" name="D">'
        f'<decisionTable id="t" hitPolicy="{policy}"><input id="in" label="X"><inputExpression id="ie" typeRef="integer">'
        f'<text>x</text></inputExpression></input><output id="out" name="answer" typeRef="string"/>{rules}'
        "</decisionTable></decision></definitions>"
    ).encode()


def rule_task(attributes: str = "", mapping: str = "singleEntry") -> str:
    return (
        f'<businessRuleTask id="b" camunda:decisionRef="d" camunda:resultVariable="r" '
        f'camunda:mapDecisionResult="{mapping}" {attributes}/>'
    )


def decided(engine: Engine, **plain: Any) -> Any:
    instance = engine.start_process("p", plain).instance
    return variables(engine, instance).get("r")


@pytest.mark.parametrize(
    ("mapping", "result"),
    [
        ("singleEntry", "low"),
        ("singleResult", {"answer": "low"}),
        ("collectEntries", ["low"]),
        ("resultList", [{"answer": "low"}]),
    ],
)
def test_a_result_as_the_model_wants_it(engine: Engine, mapping: str, result: Any) -> None:
    engine.deploy(("d.dmn", table({"1": "low", "2": "high"})), ("p.bpmn", row(rule_task("", mapping), USER)))
    assert decided(engine, x=1) == result


def test_no_rule_gives_nothing(engine: Engine) -> None:
    engine.deploy(("d.dmn", table({"1": "low"})), ("p.bpmn", row(rule_task(), USER)))
    assert decided(engine, x=3) is None


def test_a_broken_hit_policy_fails_the_command(engine: Engine) -> None:
    engine.deploy(("d.dmn", table({"1": "a", "&lt; 5": "b"})), ("p.bpmn", row(rule_task(), USER)))
    with pytest.raises(ProcessionError):
        decided(engine, x=1)
    assert count(engine, "instance") == 0


def test_the_newest_version_decides(engine: Engine) -> None:
    engine.deploy(("d.dmn", table({"1": "old"})), ("p.bpmn", row(rule_task(), USER)))
    engine.deploy(("d.dmn", table({"1": "new"})))
    assert decided(engine, x=1) == "new"


@pytest.mark.parametrize(
    "attributes",
    [
        'camunda:decisionRefBinding="deployment"',
        'camunda:decisionRefBinding="version" camunda:decisionRefVersion="1"',
    ],
)
def test_a_bound_version_decides(engine: Engine, attributes: str) -> None:
    engine.deploy(("d.dmn", table({"1": "old"})), ("p.bpmn", row(rule_task(attributes), USER)))
    engine.deploy(("d.dmn", table({"1": "new"})))
    assert decided(engine, x=1) == "old"


def test_a_decision_that_is_missing_fails_the_command(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(rule_task(), USER)))
    with pytest.raises(ProcessionError, match="no decision definition deployed with key = 'd'"):
        decided(engine, x=1)


def test_history_tells_inputs_outputs_and_place(engine: Engine) -> None:
    engine.deploy(("d.dmn", table({"1": "low"})), ("p.bpmn", row(rule_task(), USER)))
    decided(engine, x=1)
    assert rows(engine, "SELECT decision_id, process_id, node FROM history_decision") == [("d", "p", "b")]
    assert rows(engine, "SELECT clause_id, long_value FROM history_decision_input") == [("in", 1)]
    assert rows(engine, "SELECT variable_name, text_value, rule_id FROM history_decision_output") == [
        ("answer", "low", "r0")
    ]


def test_a_decision_by_itself(opener: Opener) -> None:
    engine = opener()
    engine.deploy(("d.dmn", table({"1": "low"})))
    answers = engine.submit(ec.EvaluateDecision(decision_id="d", variables=values(x=1)))
    assert [dict(row) for row in answers.rows] == [{"answer": "low"}]
    assert rows(engine, "SELECT instance, decision_id FROM history_decision") == [(None, "d")]
    id_ = one(opener(), "SELECT id FROM decision_definition")
    assert engine.submit(ec.EvaluateDecision(id=id_, variables=values(x=9))).rows == ()


def test_an_unknown_decision_is_missing(engine: Engine) -> None:
    with pytest.raises(Missing):
        engine.submit(ec.EvaluateDecision(decision_id="nobody"))


def test_versions_of_decisions_are_contiguous(engine: Engine) -> None:
    for answer in "abc":
        engine.deploy(("d.dmn", table({"1": answer})))
    assert rows(engine, "SELECT version FROM decision_definition ORDER BY version") == [(1,), (2,), (3,)]
