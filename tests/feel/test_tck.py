"""The literal expressions of the DMN Technology Compatibility Kit that need no input: one table of what we do not give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from lxml import etree

from procession.errors import ExpressionFailed
from procession.expressions import MappingScope
from procession.feel import compile_expression, to_literal
from procession.feel.comparing import equal
from procession.feel.syntax import ContextType, ListType, NamedType, Type
from procession.feel.temporal import read_date, read_date_time, read_duration, read_time
from tests.conformance.corpora import folder

# What calls decision logic of the model or converts to the type of a decision is the business of `dmn`.
ELSEWHERE = {"0082-feel-coercion", "0092-feel-lambda", "0088-recursion"}
KNOWN_FAULTS = {
    ("0070-feel-instance-of", "number_013"): "allowed values of an item definition are the business of dmn",
    ("0070-feel-instance-of", "string_013"): "allowed values of an item definition are the business of dmn",
    ("1111-feel-matches-function", "K2-MatchesFunc-17"): "RE2 has no back-references",
}
TYPES: dict[str, Type] = {
    "tNumberList": ListType(NamedType("number")),
    "tAnyList": ListType(NamedType("Any")),
    "t_context_013": ContextType((("a", NamedType("string")), ("b", NamedType("string")))),
}
READERS: dict[str, Any] = {
    "decimal": Decimal,
    "double": Decimal,
    "integer": Decimal,
    "boolean": lambda text: text == "true",
    "date": read_date,
    "time": read_time,
    "dateTime": read_date_time,
    "duration": read_duration,
}
SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True)
class Case:
    suite: str
    id: str
    text: str
    expected: Any
    fails: bool


def _children(element: Any, name: str) -> list[Any]:
    return list(element.findall(f"{{*}}{name}"))


def _value(element: Any) -> Any:
    components = _children(element, "component")
    if components:
        return {component.get("name"): _value(component) for component in components}
    lists, values = _children(element, "list"), _children(element, "value")
    if lists and lists[0].get(f"{SCHEMA}nil") != "true":
        return [_value(item) for item in _children(lists[0], "item")]
    if not values or values[0].get(f"{SCHEMA}nil") == "true":
        return None
    kind = (values[0].get(f"{SCHEMA}type") or "string").rpartition(":")[2]
    return READERS.get(kind, str)(values[0].text or "")


@cache
def cases() -> list[Case]:
    return list(_read())


def _read() -> Iterator[Case]:
    for path in sorted(folder("dmn-tck").glob("*/*/*-test-*.xml")):
        tests = etree.parse(str(path)).getroot()
        model = etree.parse(str(path.parent / _children(tests, "modelName")[0].text)).getroot()
        texts = {
            decision.get("name"): _children(_children(decision, "literalExpression")[0], "text")[0].text
            for decision in _children(model, "decision")
            if _children(decision, "literalExpression") and not _children(decision, "informationRequirement")
        }
        for test in _children(tests, "testCase"):
            for node in _children(test, "resultNode"):
                if texts.get(node.get("name")) is not None:
                    expected = _value(_children(node, "expected")[0])
                    fails = node.get("errorResult") == "true"
                    yield Case(path.parent.name, test.get("id"), texts[node.get("name")], expected, fails)


def _close(found: Any, expected: Any) -> bool:
    if isinstance(found, Decimal) and isinstance(expected, Decimal):
        return abs(found - expected) <= Decimal("1e-8") * max(Decimal(1), abs(expected))
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_close, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(_close(found[key], expected[key]) for key in found)
    return equal(found, expected) is True


def _gives(case: Case) -> bool:
    try:
        found = compile_expression(case.text, types=TYPES).evaluate(MappingScope({}))
    except ExpressionFailed:
        return case.fails
    return _close(found, case.expected)


def test_the_corpus_is_there() -> None:
    assert len([case for case in cases() if case.suite not in ELSEWHERE]) > 2_500


def test_every_literal_expression() -> None:
    wrong = {
        (case.suite, case.id): f"{case.text} should be {to_literal(case.expected)}"
        for case in cases()
        if case.suite not in ELSEWHERE and not _gives(case)
    }
    assert {place: text for place, text in wrong.items() if place not in KNOWN_FAULTS} == {}
    assert wrong.keys() >= KNOWN_FAULTS.keys()
