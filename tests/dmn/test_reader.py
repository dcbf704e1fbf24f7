"""Reading DMN: every version, every fault at once, with element and line."""

from __future__ import annotations

import pytest

from procession.dmn import compile_definitions, read_dmn
from procession.dmn.model import HitPolicy, LiteralExpression, Table, UnknownLogic
from procession.dmn.reader import NAMESPACES
from procession.errors import ParseFailed
from tests.conformance.corpora import folder
from tests.dmn.models import decision, document, literal, table


def faults(data: bytes) -> list[tuple[str, tuple[str, ...], int]]:
    with pytest.raises(ParseFailed) as caught:
        read_dmn(data, "a.dmn")
    return [(one.message, one.elements, one.line) for one in caught.value.problems]


@pytest.mark.parametrize("space", sorted(NAMESPACES))
def test_every_version_is_read_alike(space: str) -> None:
    data = document(decision("d", literal("1 + 1"))).replace(
        b"https://www.omg.org/spec/DMN/20230324/MODEL/", space.encode()
    )
    assert isinstance(read_dmn(data).decisions["d"].logic, LiteralExpression)


def test_a_table_is_read_as_it_is_written() -> None:
    data = document(decision("d", table([["< 5", '"a"'], ["-", '"b"']], policy="RULE ORDER")))
    logic = read_dmn(data).decisions["d"].logic
    assert isinstance(logic, Table)
    assert logic.policy is HitPolicy.RULE_ORDER
    assert [[text.text for text in (*rule.inputs, *rule.outputs)] for rule in logic.rules] == [
        ["< 5", '"a"'],
        ["-", '"b"'],
    ]
    assert (logic.inputs[0].label, logic.outputs[0].name) == ("In 0", "out")


def test_attributes_of_other_namespaces_are_kept() -> None:
    data = document(decision("d", literal("1"), attributes='camunda:versionTag="v1"'))
    assert read_dmn(data).decisions["d"].attributes == {"{http://camunda.org/schema/1.0/dmn}versionTag": "v1"}


def test_what_is_not_dmn_says_so() -> None:
    assert faults(b"<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL'/>")[0][0].startswith(
        "'definitions' in the namespace 'http://www.omg.org/spec/BPMN/20100524/MODEL' is not DMN"
    )


def test_all_faults_come_at_once() -> None:
    data = document(
        "\n",
        decision("d", table([["-"], ["-", "1", "2"]])),
        "\n",
        decision("d", literal("1"), requires=["d:missing"]),
        "\n",
        decision("e", "<informationRequirement/>" + table([], policy="BEST")),
    )
    assert [(said.split(";")[0], elements[0], line) for said, elements, line in faults(data)] == [
        ("The id 'd' is used more than once", "d", 3),
        ("The rule has 0 output entries", "rule1", 2),
        ("The rule has 2 output entries", "rule2", 2),
        ("The 'informationRequirement' names nothing that is required", "e", 4),
        ("'BEST' is not a known hitPolicy", "e-table", 4),
    ]


def test_a_requirement_of_what_does_not_exist() -> None:
    data = document(decision("d", literal("1"), requires=["d:missing"]))
    assert faults(data) == [("The decision 'd' requires 'missing', which does not exist", ("d",), 1)]


def test_circles_are_found_however_long() -> None:
    chain = [decision(f"d{n}", literal("1"), requires=[f"d:d{(n + 1) % 3000}"]) for n in range(3000)]
    assert [said for said, _, _ in faults(document(*chain))] == ["The decision 'd0' has a loop"]


def test_a_decision_without_an_id_is_known_by_its_name() -> None:
    data = document('<decision name="Price"><literalExpression><text>7</text></literalExpression></decision>')
    assert compile_definitions(read_dmn(data)).evaluate("Price", {}).value == 7


def test_unknown_logic_is_kept_by_name() -> None:
    assert read_dmn(document('<decision id="d" name="d"><magic/></decision>')).decisions["d"].logic == UnknownLogic(
        "magic"
    )


def test_every_model_of_the_conformance_kit_is_read() -> None:
    models = sorted(folder("dmn-tck").glob("*/*/*.dmn"))
    assert len(models) == 111
    for model in models:
        assert read_dmn(model.read_bytes(), model.name).namespace
