"""The literal expressions of the DMN Technology Compatibility Kit that need no input: one table of what we do not give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from lxml import etree

from procession.dmn.kit import close, read_value
from procession.errors import ExpressionFailed
from procession.expressions import MappingScope
from procession.feel import compile_expression, to_literal
from procession.feel.syntax import ContextType, ListType, NamedType, Type
from tests.conformance.corpora import folder

# What calls decision logic of the model or converts to the type of a decision is the business of `dmn`.
ELSEWHERE = {"0082-feel-coercion", "0092-feel-lambda", "0088-recursion"}
KNOWN_FAULTS = {
    ("0070-feel-instance-of", "number_013"): "allowed values of an item definition are the business of dmn",
    ("0070-feel-instance-of", "string_013"): "allowed values of an item definition are the business of dmn",
}
TYPES: dict[str, Type] = {
    "tNumberList": ListType(NamedType("number")),
    "tAnyList": ListType(NamedType("Any")),
    "t_context_013": ContextType((("a", NamedType("string")), ("b", NamedType("string")))),
}


@dataclass(frozen=True)
class Case:
    suite: str
    id: str
    text: str
    expected: Any
    fails: bool


def children(element: etree._Element, name: str) -> list[etree._Element]:
    return list(element.findall(f"{{*}}{name}"))


@cache
def cases() -> list[Case]:
    return list(_read())


def _read() -> Iterator[Case]:
    for path in sorted(folder("dmn-tck").glob("*/*/*-test-*.xml")):
        tests = etree.parse(str(path)).getroot()
        model = etree.parse(str(path.parent / children(tests, "modelName")[0].text)).getroot()
        texts = {
            decision.get("name"): children(children(decision, "literalExpression")[0], "text")[0].text
            for decision in children(model, "decision")
            if children(decision, "literalExpression") and not children(decision, "informationRequirement")
        }
        for test in children(tests, "testCase"):
            for node in children(test, "resultNode"):
                if texts.get(node.get("name")) is not None:
                    expected = read_value(children(node, "expected")[0])
                    fails = node.get("errorResult") == "true"
                    yield Case(path.parent.name, test.get("id"), texts[node.get("name")], expected, fails)


def _gives(case: Case) -> bool:
    try:
        found = compile_expression(case.text, types=TYPES).evaluate(MappingScope({}))
    except ExpressionFailed:
        return case.fails
    return close(found, case.expected)


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
