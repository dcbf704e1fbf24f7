"""`decisionResult`: the methods that Camunda 7's results have."""

from __future__ import annotations

from typing import Any

import pytest

from procession.errors import ExpressionFailed
from procession.expressions import MappingScope
from procession.juel import compile_expression
from procession.kernel.raw_results import raw_result
from procession.kernel.world import Decided

TWO = raw_result(Decided(({"x": 1, "y": "a"}, {"x": 2, "y": "b"})))
ONE = raw_result(Decided(({"x": 1},)))
NONE = raw_result(Decided(()))


def value(text: str, result: object) -> Any:
    return compile_expression("${" + text + "}").evaluate(MappingScope({"r": result}))


@pytest.mark.parametrize(
    ("text", "result", "expected"),
    [
        ("r.getSingleEntry()", ONE, 1),
        ("r.getSingleResult().x", ONE, 1),
        ("r.getFirstResult().getEntry('y')", TWO, "a"),
        ("r.getFirstEntry()", TWO, 1),
        ("r[1].y", TWO, "b"),
        ("r.get(1).x", TWO, 2),
        ("r.collectEntries('x')", TWO, [1, 2]),
        ("r.getResultList()", ONE, [{"x": 1}]),
        ("r.size()", TWO, 2),
        ("r.isEmpty()", NONE, True),
        ("r.getSingleResult()", NONE, None),
        ("r.getFirstResult()", NONE, None),
        ("r[0].containsKey('y')", ONE, False),
        ("r[0].getEntryMap()", ONE, {"x": 1}),
    ],
)
def test_a_result_answers(text: str, result: object, expected: object) -> None:
    assert value(text, result) == expected


@pytest.mark.parametrize("text", ["r.getSingleResult()", "r.getSingleEntry()", "r[0].getSingleEntry()", "r.nonsense()"])
def test_what_does_not_fit_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        value(text, TWO)
