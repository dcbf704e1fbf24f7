"""Graphs of decisions, boxed expressions, knowledge, services, imports and types."""

from __future__ import annotations

from typing import Any

import pytest

from procession.dmn import compile_definitions, evaluate, read_dmn
from procession.errors import Missing
from procession.expressions import MappingScope
from tests.dmn.models import decide, decision, document, input_data, literal, table, text, value


def entry(name: str, logic: str) -> str:
    return f"<contextEntry>{f'<variable name={name!r}/>' if name else ''}{logic}</contextEntry>"


def role(name: str, source: str) -> str:
    return f"<{name}>{literal(source)}</{name}>"


ITEMS = "[1, 2, 3, 4]"
BOXES: list[tuple[str, Any]] = [
    (literal("1 + 1"), 2),
    (f"<context>{entry('a', literal('1'))}{entry('b c', literal('a + 1'))}</context>", {"a": 1, "b c": 2}),
    (f"<context>{entry('a b', literal('20'))}{entry('', literal('a b + 1'))}</context>", 21),
    (f"<list>{literal('1')}{literal('2')}</list>", [1, 2]),
    (
        f'<relation><column name="n"/><column name="m"/><row>{literal("1")}{literal("2")}</row></relation>',
        [{"n": 1, "m": 2}],
    ),
    (f"<conditional>{role('if', 'true')}{role('then', '1')}{role('else', '2')}</conditional>", 1),
    (f"<conditional>{role('if', 'null')}{role('then', '1')}{role('else', '2')}</conditional>", 2),
    (f"<conditional>{role('if', '1')}{role('then', '1')}{role('else', '2')}</conditional>", None),
    (f"<filter>{role('in', ITEMS)}{role('match', 'item > 2')}</filter>", [3, 4]),
    (f'<for iteratorVariable="n">{role("in", "[1..3]")}{role("return", "n + 1")}</for>', [2, 3, 4]),
    (f'<for iteratorVariable="n">{role("in", "5")}{role("return", "n + 1")}</for>', [6]),
    (f'<for iteratorVariable="n">{role("in", "null")}{role("return", "n + 1")}</for>', None),
    (f'<some iteratorVariable="n">{role("in", "[0, 1]")}{role("satisfies", "n")}</some>', None),
    (f'<some iteratorVariable="n">{role("in", "[null, 7]")}{role("satisfies", "n > 5")}</some>', True),
    (f'<every iteratorVariable="n">{role("in", "[]")}{role("satisfies", "n")}</every>', True),
    (f'<for iteratorVariable="n">{role("in", ITEMS)}{role("return", "n * n")}</for>', [1, 4, 9, 16]),
    (f'<some iteratorVariable="n">{role("in", ITEMS)}{role("satisfies", "n = 3")}</some>', True),
    (f'<every iteratorVariable="n">{role("in", ITEMS)}{role("satisfies", "n < 3")}</every>', False),
    (
        "<context>"
        + entry("f", f'<functionDefinition><formalParameter name="n"/>{literal("n * 2")}</functionDefinition>')
        + entry(
            "",
            f'<invocation>{literal("f")}<binding><parameter name="n"/>{literal("21")}</binding></invocation>',
        )
        + "</context>",
        42,
    ),
]


@pytest.mark.parametrize(("logic", "expected"), BOXES)
def test_boxed_expressions(logic: str, expected: Any) -> None:
    assert value(logic) == expected


GRAPH = document(
    input_data("Guest Count", "number"),
    decision("Season", table([['"rain"', '"Fall"'], ["-", '"Summer"']], inputs=("weather",), policy="FIRST")),
    decision(
        "Dish",
        table(
            [['"Fall"', "> 8", '"Stew"'], ["-", "-", '"Salad"']],
            inputs=("Season", "Guest Count"),
            policy="FIRST",
        ),
        requires=["d:Season", "i:Guest Count"],
    ),
)


def test_required_decisions_come_first_each_once() -> None:
    result = decide(GRAPH, "Dish", weather="rain", Guest_Count=10)
    assert result.value == "Stew"
    assert [(one.decision_id, one.root) for one in result.decisions] == [("Season", "Dish"), ("Dish", None)]


def test_a_decision_sees_what_it_requires_and_free_variables_only() -> None:
    data = document(input_data("a", "number"), decision("d", literal("if a = null then b else a")))
    assert decide(data, "d", a=1, b=2).value == 2


def test_an_input_of_the_wrong_type_is_null_and_said() -> None:
    result = decide(GRAPH, "Dish", weather="rain", Guest_Count="many")
    assert result.value == "Salad"
    assert "the input 'Guest Count' is not a number" in [one.message for one in result.warnings]


def test_a_long_chain_of_decisions() -> None:
    chain = [decision("d0", literal("1"))]
    chain += [decision(f"d{n}", literal(f"d{n - 1} + 1"), requires=[f"d:d{n - 1}"]) for n in range(1, 2000)]
    assert decide(document(*chain), "d1999").value == 2000


KNOWLEDGE = (
    '<businessKnowledgeModel id="factorial" name="factorial"><variable name="factorial"/><encapsulatedLogic>'
    '<formalParameter name="n" typeRef="number"/>'
    + literal("if n < 2 then 1 else n * factorial(n - 1)")
    + "</encapsulatedLogic></businessKnowledgeModel>"
)


def test_knowledge_is_a_function_that_may_call_itself() -> None:
    data = document(KNOWLEDGE, decision("d", literal("factorial(10)"), requires=["k:factorial"]))
    assert decide(data, "d").value == 3628800


def test_knowledge_checks_its_arguments() -> None:
    data = document(KNOWLEDGE, decision("d", literal('factorial("x")'), requires=["k:factorial"]))
    result = decide(data, "d")
    assert (result.value, result.warnings[0].message) == (None, "'n' is not a number")


def test_knowledge_can_be_asked_from_outside() -> None:
    data = document(KNOWLEDGE)
    assert decide(data, "factorial", n=5).value == 120
    assert decide(data, "factorial", n="x").value is None


SERVICE = document(
    input_data("a", "number"),
    decision("b", literal("a + 1"), requires=["i:a"]),
    decision("c", literal("a * b"), requires=["i:a", "d:b"]),
    decision("d", literal("twice(a: 3, b: 10) + twice(3, 1)"), requires=["k:twice"]),
    '<decisionService id="twice" name="twice"><variable name="twice"/><outputDecision href="#c"/>'
    '<inputDecision href="#b"/><inputData href="#a"/></decisionService>',
)


def test_a_service_is_a_function_of_inputs_and_decisions() -> None:
    assert decide(SERVICE, "d").value == 33


def test_a_service_sees_nothing_but_its_inputs() -> None:
    data = SERVICE.replace(b"twice(a: 3, b: 10) + twice(3, 1)", b"[twice(b: 1), twice(a: 2, b: 3), twice(x: 1)]")
    assert decide(data, "d", a=100).value == [None, 6, None]
    narrow = SERVICE.replace(b'<inputData href="#a"/>', b"").replace(b"twice(a: 3, b: 10) + twice(3, 1)", b"twice(2)")
    assert decide(narrow, "d", a=100).value is None


def test_what_a_caller_leaves_out_of_a_structure_is_null() -> None:
    person = (
        '<itemDefinition name="tPerson"><itemComponent name="name"><typeRef>string</typeRef></itemComponent>'
        '<itemComponent name="age"><typeRef>number</typeRef></itemComponent></itemDefinition>'
    )
    logic = literal("[p.name, p.age]")
    data = document(person, input_data("p", "tPerson"), decision("d", logic, requires=["i:p"]))
    assert decide(data, "d", p={"name": "Ada"}).value == ["Ada", None]
    assert decide(data, "d", p={"name": 1}).value == [None, None]
    inside = document(person, decision("d", literal('{name: "Ada"}'), type_="tPerson"))
    assert decide(inside, "d").value is None


def test_a_service_can_be_asked_from_outside() -> None:
    assert decide(SERVICE, "twice", a=3, b=5).value == 15


def test_a_service_typed_as_a_function() -> None:
    function = (
        '<itemDefinition name="tTwice"><functionItem outputTypeRef="string"><parameters name="a" typeRef="number"/>'
        "</functionItem></itemDefinition>"
    )
    data = SERVICE.replace(b'<variable name="twice"/>', b'<variable name="twice" typeRef="tTwice"/>')
    wrong = data.replace(b"<inputData", function.encode() + b"<inputData", 1)
    assert decide(wrong, "twice", a=3, b=5).value is None
    right = wrong.replace(b'outputTypeRef="string"', b'outputTypeRef="number"')
    assert decide(right, "twice", a=3, b=5).value == 15


def test_a_service_of_imported_decisions() -> None:
    imported = read_dmn(SERVICE.replace(b'namespace="here"', b'namespace="there"'))
    data = document(
        '<import name="lib" namespace="there" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>',
        '<decisionService id="s" name="s"><variable name="s"/><outputDecision href="there#c"/>'
        '<inputDecision href="there#b"/><inputData href="there#a"/></decisionService>',
        '<decision id="d" name="d"><variable name="d"/><knowledgeRequirement><requiredKnowledge href="#s"/>'
        f"</knowledgeRequirement>{literal('s(2, 5)')}</decision>",
    )
    assert compile_definitions(read_dmn(data), [imported]).evaluate("d", {}).value == 10


def test_imports_are_seen_behind_their_name() -> None:
    imported = read_dmn(document(KNOWLEDGE).replace(b'namespace="here"', b'namespace="there"'))
    data = document(
        '<import name="maths" namespace="there" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>',
        '<decision id="d" name="d"><variable name="d"/>'
        '<knowledgeRequirement><requiredKnowledge href="there#factorial"/></knowledgeRequirement>'
        + literal("maths.factorial(5)")
        + "</decision>",
    )
    assert compile_definitions(read_dmn(data), [imported]).evaluate("d", {}).value == 120


TYPES = (
    '<itemDefinition name="risk"><typeRef>string</typeRef>'
    + text("allowedValues", '"low", "high"')
    + "</itemDefinition>"
    '<itemDefinition name="risks" isCollection="true"><typeRef>risk</typeRef></itemDefinition>'
    '<itemDefinition name="person"><itemComponent name="full name"><typeRef>string</typeRef></itemComponent>'
    '<itemComponent name="age"><typeRef>number</typeRef></itemComponent></itemDefinition>'
)


@pytest.mark.parametrize(
    ("type_", "source", "expected"),
    [
        ("number", "1", 1),
        ("number", '"1"', None),
        ("number", "[1]", 1),
        ("risk", '"low"', "low"),
        ("risk", '"none"', None),
        ("risks", '["low", "high"]', ["low", "high"]),
        ("risks", '"low"', ["low"]),
        ("risks", '["low", "none"]', None),
        ("person", '{full name: "A", age: 3}', {"full name": "A", "age": 3}),
        ("person", '{full name: "A"}', None),
        ("unknown", "1", 1),
        ("Any", "1", 1),
    ],
)
def test_results_are_converted_to_their_type_or_null(type_: str, source: str, expected: Any) -> None:
    assert decide(document(TYPES, decision("d", literal(source), type_=type_)), "d").value == expected


def test_components_of_several_words_are_paths() -> None:
    data = document(TYPES, input_data("who", "person"), decision("d", literal("who.full name"), requires=["i:who"]))
    assert decide(data, "d", who={"full name": "Ada", "age": 36}).value == "Ada"


def test_entries_of_a_required_decision_are_paths_whatever_signs_they_have() -> None:
    inside = f"<context>{entry('Pre-Bureau Risk', literal('1'))}{entry('b/c', literal('2'))}</context>"
    rows = f'<relation><column name="a-1"/><row>{literal("7")}</row></relation>'
    outputs = table([["-", "1", "2"]], inputs=("1",), outputs=("o-1", "o 2"), policy="FIRST")
    logic = literal("[A.Pre-Bureau Risk + A.b/c, sum(R.a-1), T.o-1 + T.o 2]")
    data = document(
        decision("A", inside),
        decision("R", rows),
        decision("T", outputs),
        decision("d", logic, requires=["d:A", "d:R", "d:T"]),
    )
    assert decide(data, "d").value == [3, 7, 3]


def test_texts_that_cannot_be_read_are_faults_and_null() -> None:
    compiled = compile_definitions(read_dmn(document(decision("d", literal("1 +")), decision("e", literal("2")))))
    assert [fault.elements for fault in compiled.faults] == [("d",)]
    assert evaluate(compiled, "d", {}).value is None
    assert evaluate(compiled, "e", MappingScope({})).value == 2


def test_other_languages_are_a_fault() -> None:
    compiled = compile_definitions(read_dmn(document(decision("d", literal("1", 'expressionLanguage="groovy"')))))
    assert compiled.faults[0].message == "'groovy' is not executed here; use FEEL: 1"


def test_an_unknown_decision_says_which_there_are() -> None:
    with pytest.raises(Missing, match="There is no decision 'x'; there are: Dish, Season"):
        decide(GRAPH, "x")


def test_a_decision_without_logic_is_null() -> None:
    assert decide(document('<decision id="d" name="d"/>'), "d").value is None
