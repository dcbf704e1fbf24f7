"""The compatibility kit's files: how values are read, and what counts as the expected result."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from procession.dmn import load
from procession.dmn.kit import Untyped, check, close, read_tests, read_value
from procession.errors import ParseFailed
from tests.dmn.models import decision, document, input_data, literal

SPACES = (
    'xmlns="http://www.omg.org/spec/DMN/20160719/testcase" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ('<value xsi:type="xsd:decimal"> 1.50 </value>', Decimal("1.50")),
        ('<value xsi:type="xsd:boolean">true</value>', True),
        ('<value xsi:type="xsd:boolean">0</value>', False),
        ('<value xsi:type="xsd:string"/>', ""),
        ('<value xsi:type="xsd:decimal">many</value>', None),
        ('<value xsi:nil="true"/>', None),
        ("<value>1</value>", Untyped("1")),
        (
            '<list><item><value xsi:type="xsd:string">a</value></item><item><value xsi:nil="true"/></item></list>',
            ["a", None],
        ),
        ("<list/>", []),
        ('<list xsi:nil="true"/>', None),
        ('<component name="a"><value xsi:type="xsd:double">1</value></component>', {"a": Decimal(1)}),
        ("", None),
    ],
)
def test_values(inside: str, expected: Any) -> None:
    assert read_value(etree.fromstring(f"<expected {SPACES}>{inside}</expected>")) == expected


@pytest.mark.parametrize(
    ("found", "expected", "same"),
    [
        (Decimal("0.333333333333"), Decimal("0.33333333"), True),
        (Decimal("0.3333"), Decimal("0.33333333"), False),
        (Decimal("1E-9"), Decimal(0), False),
        (Decimal(1), "1", False),
        (Decimal(1), True, False),
        (None, False, False),
        ([Decimal(1)], Decimal(1), False),
        ({"a": None}, {"a": None}, True),
        ({"a": None, "b": None}, {"a": None}, False),
    ],
)
def test_what_is_the_same(found: Any, expected: Any, same: bool) -> None:
    assert close(found, expected) is same


def test_each_output_of_a_service_has_a_result_of_its_own() -> None:
    model = document(
        input_data("a", "number"),
        decision("b", literal("a + 1"), requires=["i:a"]),
        decision("c", literal("a + 2"), requires=["i:a"]),
        '<decisionService id="s" name="s"><variable name="s"/><outputDecision href="#b"/><outputDecision href="#c"/>'
        '<inputData href="#a"/></decisionService>',
    )
    result = '<resultNode name="{}"><expected><value xsi:type="xsd:decimal">{}</value></expected></resultNode>'
    tests = (
        f'<testCases {SPACES}><modelName>m.dmn</modelName><testCase id="1" type="decisionService" invocableName="s">'
        '<inputNode name="a"><value xsi:type="xsd:decimal">1</value></inputNode>'
        + result.format("b", 2)
        + result.format("c", 3)
        + result.format("c", 4)
        + "</testCase></testCases>"
    )
    compiled = load(model)
    assert [check(compiled, case) for case in read_tests(tests.encode()).cases] == [None, None, "3 instead of 4"]


def test_what_is_no_test_file() -> None:
    with pytest.raises(ParseFailed, match="no test file"):
        read_tests(b"<definitions/>")
