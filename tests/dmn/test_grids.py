"""The tables of the benchmark, at sizes that are quickly read: both ways to evaluate give the known answers."""

from __future__ import annotations

import pytest

from procession.dmn import compile_definitions, read_dmn
from tests.benchmarks.decisions.tables import KINDS, POLICIES, answer, dmn, make


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("kind", KINDS)
def test_answers(kind: str, policy: str) -> None:
    for size in (10, 200):
        table = make(kind, policy, size, 20)
        compiled = compile_definitions(read_dmn(dmn(table).encode()))
        expected = [answer(table, given) for given in table.inputs]
        assert [compiled.direct("decision")(given) for given in table.inputs] == expected
        assert [compiled.evaluate("decision", given).value for given in table.inputs] == expected
        assert "direct.<locals>" in compiled.direct("decision").__qualname__
