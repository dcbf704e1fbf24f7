"""Decisions of Camunda 7: languages, types, hit policies, errors, history, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from procession.camunda7.decisions import evaluate_decision, read_decisions, version_tag
from procession.dmn import DecisionFailed, DecisionRecord, Evaluation
from procession.errors import ParseFailed
from procession.expressions import BeanOf
from procession.values import Long, type_of
from tests.dmn.models import decision, document, literal, table, text

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def decide(logic: str, type_: str = "", **variables: Any) -> Evaluation:
    return read_decisions(document(decision("d", logic, type_=type_))).evaluate("d", variables, NOW)


def fails(logic: str, part: str, **variables: Any) -> None:
    with pytest.raises(DecisionFailed) as caught:
        decide(logic, **variables)
    assert part in caught.value.message


def refused(*elements: str, attributes: str = "") -> list[tuple[str, str]]:
    with pytest.raises(ParseFailed) as caught:
        read_decisions(document(*elements, attributes=attributes))
    return [(one.message, one.elements[0] if one.elements else "") for one in caught.value.problems]


JUEL = 'expressionLanguage="juel"'
RULES = [["> 0", '"a"'], ["> 5", '"b"'], ["> 9", '"a"']]


def test_feel_where_nothing_is_written() -> None:
    assert decide(table([["[1..5]", "x + 1"]]), x=2).rows == ({"out": 3},)


def test_juel_with_and_without_its_sign() -> None:
    assert decide(literal("${a.concat('!')}", JUEL), a="hi").value == "hi!"
    assert decide(literal("a + 1", JUEL), a=1).value == 2


def test_the_language_of_the_whole_file() -> None:
    data = document(decision("d", table([["${cellInput == 1}", "${x + 1}"]])), attributes=JUEL)
    assert read_decisions(data).evaluate("d", {"x": 1}).rows == ({"out": 2},)


def test_cells_see_the_input_under_its_name() -> None:
    logic = table([["seen > 1", '"a"'], ["? > 0", '"b"']], policy="FIRST")
    logic = logic.replace('<input id="in0"', '<input id="in0" camunda:inputVariable="seen"')
    assert [decide(logic, x=x).rows for x in (2, 1)] == [({"out": "a"},), ({"out": "b"},)]


def test_beans_and_the_time_are_seen_by_juel() -> None:
    found = read_decisions(document(decision("d", literal("shop.open(now())", JUEL))))
    beans = {"shop": BeanOf(methods={"open": lambda time: time == NOW})}
    rows, _ = evaluate_decision(found, "d", {}, NOW, beans)
    assert rows == ({"d": True},)


def test_dates_are_local_in_feel() -> None:
    logic = table([['< date and time("2026-03-04T05:06:08")', '"before"'], ["-", '"after"']], policy="FIRST")
    assert decide(logic, x=NOW).rows == ({"out": "before"},)


@pytest.mark.parametrize(
    ("declared", "source", "expected", "name"),
    [
        ("integer", "1", 1, "Integer"),
        ("integer", '"12"', 12, "Integer"),
        ("long", "1", Long(1), "Long"),
        ("double", "1", 1.0, "Double"),
        ("double", '"1.5"', 1.5, "Double"),
        ("string", "1", "1", "String"),
        ("string", "true", "true", "String"),
        ("BOOLEAN", '"TRUE"', True, "Boolean"),
        ("date", '"2026-01-02T03:04:05"', datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "Date"),
        ("date", 'date and time("2026-01-02T03:04:05Z")', datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "Date"),
        ("number", "1", Long(1), None),
        ("", "1.5", 1.5, None),
        ("integer", "null", None, "Null"),
        ("", "sum", None, "Null"),
    ],
)
def test_types(declared: str, source: str, expected: Any, name: str | None) -> None:
    result = decide(table([["-", source]], types=[declared]), x=1)
    assert (result.rows, result.types) == (({"out": expected},), ({"out": name},))
    assert type_of(result.rows[0]["out"]) == type_of(expected)


@pytest.mark.parametrize(
    ("declared", "source"),
    [
        ("integer", "1.5"),
        ("integer", '"x"'),
        ("integer", "3000000000"),
        ("boolean", "1"),
        ("date", 'date("2026-01-01")'),
    ],
)
def test_values_that_do_not_fit_fail(declared: str, source: str) -> None:
    fails(table([["-", source]], types=[declared]), "java.util.Date" if declared == "date" else "DMN-01005", x=1)


@pytest.mark.parametrize(
    ("policy", "x", "expected"),
    [
        ("FIRST", 10, ["a"]),
        ("ANY", 3, ["a"]),
        ("RULE ORDER", 10, ["a", "b", "a"]),
        ("COLLECT", 7, ["a", "b"]),
        ("COLLECT", 0, []),
        ("UNIQUE", 0, []),
    ],
)
def test_hit_policies(policy: str, x: int, expected: list[str]) -> None:
    assert [row["out"] for row in decide(table(RULES, policy=policy), x=x).rows] == expected


def test_broken_hit_policies_fail() -> None:
    fails(table(RULES), "DMN-03001", x=7)
    fails(table(RULES, policy="ANY"), "DMN-03002", x=7)
    assert decide(table([["-", "1"], ["-", "1"]], policy="ANY"), x=1).rows == ({"out": 1},)


@pytest.mark.parametrize(
    ("aggregation", "type_", "expected", "name"),
    [
        ("SUM", "integer", 6, "Integer"),
        ("SUM", "double", 6.0, "Double"),
        ("MIN", "long", Long(1), "Long"),
        ("MAX", "", Long(3), "Long"),
        ("COUNT", "string", 3, "Integer"),
    ],
)
def test_aggregations(aggregation: str, type_: str, expected: Any, name: str) -> None:
    rules = [["-", "1"], ["-", "2"], ["-", "3"]]
    result = decide(table(rules, policy="COLLECT", extra=f'aggregation="{aggregation}"', types=[type_]), x=1)
    assert (result.rows, result.types) == (({"out": expected},), ({"out": name},))
    assert result.decisions[0].collected == float(expected)
    assert [one.value for one in result.decisions[0].outputs] == (["1", "2", "3"] if type_ == "string" else [1, 2, 3])


def test_aggregations_that_cannot_be_made_fail() -> None:
    extra = 'aggregation="SUM"'
    fails(table([["-", '"a"']], policy="COLLECT", extra=extra), "DMN-03004", x=1)
    fails(table([["-", "1", "2"]], outputs=("a", "b"), policy="COLLECT", extra=extra), "DMN-03003", x=1)


def test_nothing_to_aggregate_gives_no_row() -> None:
    assert decide(table([["> 5", "1"]], policy="COLLECT", extra='aggregation="SUM"'), x=1).rows == ()


def test_texts_that_cannot_be_read_fail_when_they_are_asked() -> None:
    logic = table([["> 5", "1 +"], ["-", '"ok"']], policy="FIRST")
    assert decide(logic, x=1).rows == ({"out": "ok"},)
    fails(logic, "Unable to evaluate expression for language 'feel'", x=6)
    fails(literal("a.size()"), "calls on a value do not exist", a=[])
    fails(literal("${", JUEL), "juel")
    fails(literal("missing", JUEL), "missing")


def test_cells_of_rules_that_are_out_are_not_asked() -> None:
    logic = table([["1", "1 +", '"a"'], ["2", "-", '"b"']], inputs=("x", "y"))
    assert decide(logic, x=2, y=0).rows == ({"out": "b"},)
    fails(logic, "1 +", x=1, y=0)


def test_other_languages_go_to_the_script_runner() -> None:
    logic = literal("a + b", 'expressionLanguage="groovy"')
    fails(logic, "DMN-01008 Unable to find script engine for expression language 'groovy'", a=1)
    found = read_decisions(document(decision("d", logic)))
    result = found.evaluate("d", {"a": 1}, NOW, script=lambda name, source, scope: [name, source, scope.resolve("a")])
    assert result.value == ["groovy", "a + b", 1]


GRAPH = document(
    decision("many", table([["-", "1"], ["> 1", "2"]], outputs=("n",), policy="COLLECT")),
    decision("one", table([["-", '"x"']], outputs=("letter",))),
    decision(
        "d",
        table([["-", "-", "if letter = null then null else count(n)"]], inputs=("n", "letter")),
        requires=["d:many", "d:one"],
        attributes='camunda:versionTag="7"',
    ),
)


def test_required_decisions_give_variables_and_records_of_their_own() -> None:
    result = read_decisions(GRAPH).evaluate("d", {"x": 5}, NOW)
    assert result.rows == ({"out": 2},)
    assert [(one.decision_id, one.root) for one in result.decisions] == [("many", "d"), ("one", "d"), ("d", None)]
    assert [one.value for one in result.decisions[2].inputs] == [[1, 2], "x"]
    assert result.elements == 4 + 2 + 3


def test_history_of_a_literal_expression() -> None:
    (record,) = decide(literal("1 + 1"), type_="integer").decisions
    assert record == DecisionRecord("d", "d", (), (record.outputs[0],))
    assert (record.outputs[0].variable_name, record.outputs[0].type, record.outputs[0].rule_order) == (
        "d",
        "Integer",
        None,
    )


def test_what_is_deployed() -> None:
    found = read_decisions(GRAPH)
    assert [(one.id, version_tag(one)) for one in found.executable] == [("many", None), ("one", None), ("d", "7")]
    assert found.requirements == ("model", "Model")
    alone = read_decisions(document(decision("d", literal("1")), decision("e", "<context/>")))
    assert ([one.id for one in alone.executable], alone.requirements) == (["d"], None)


def test_all_that_is_refused_at_once() -> None:
    logic = table([["-", "1", "2"]], outputs=("a", "a"), policy="OUTPUT ORDER")
    assert refused(
        decision("d", logic.replace(' id="rule1"', "")),
        '<decision id="e"><literalExpression><text>1</text></literalExpression></decision>',
    ) == [
        ("The 'decision' must have a 'name' attribute", "e"),
        ("The decision table rule '' of decision 'd' must have a 'id' attribute set.", "table"),
        ("The decision table 'd' has a compound output but name of output 'out1' is duplicate.", "out1"),
        ("The hit policy 'OUTPUT ORDER' of decision table 'd' is not supported.", "table"),
        ("The decision 'e' must have an 'variable' element if it contains a literal expression.", "e"),
    ]


def test_an_unknown_decision() -> None:
    with pytest.raises(DecisionFailed, match="There is no decision 'x'"):
        read_decisions(GRAPH).evaluate("x", {})


def test_warnings_name_the_decision() -> None:
    result = decide(table([["-", "x + missing"]]), x=1)
    assert (result.warnings[0].decision_id, result.warnings[0].message) == ("d", "there is no variable 'missing'")


def test_the_variable_context_of_juel() -> None:
    assert decide(literal("variableContext.resolve('a').getValue()", JUEL), a=5).value == 5


def test_an_input_without_expression_is_null() -> None:
    logic = table([["-", '"a"']]).replace(text("inputExpression", "x"), "")
    assert decide(logic).decisions[0].inputs[0].type == "Null"


def test_long_texts_end_in_a_value_or_a_failure_of_the_decision() -> None:
    assert decide(literal("+".join(["1"] * 20_000))).value == 20_000
    fails(literal("(" * 5_000), "nested deeper")
