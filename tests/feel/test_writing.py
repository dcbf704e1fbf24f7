"""What is written is read as the same form: for generated forms, and for every expression of the conformance kit."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.errors import ExpressionFailed
from procession.feel import compile_expression, compile_unary_tests
from procession.feel.builtins import BUILTINS
from procession.feel.names import Names, layer_of
from procession.feel.parser import Parser
from procession.feel.syntax import (
    Arithmetic,
    AtLiteral,
    Between,
    Call,
    Comparison,
    Conjunction,
    ContextLiteral,
    ContextType,
    Disjunction,
    Filter,
    For,
    FunctionLiteral,
    FunctionType,
    If,
    Input,
    InstanceOf,
    Iterator,
    ListLiteral,
    ListType,
    Literal,
    Membership,
    Name,
    NamedType,
    Negation,
    Node,
    OperatorTest,
    Parameter,
    Path,
    Quantified,
    RangeLiteral,
    RangeType,
    Type,
)
from procession.feel.syntax import Tests as Cell
from procession.feel.writing import write, write_tests
from tests.feel.test_tck import cases

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
words = st.sampled_from(["a", "b1", "Full Name", "a-b", "in", "not", "count", "ä", "x y's", "item"])
keys = st.one_of(words, texts.filter(bool))
numbers = st.decimals(0, 10**12, allow_nan=False, places=3)


def _types(depth: int = 2) -> st.SearchStrategy[Type]:
    named = st.builds(NamedType, st.sampled_from(["number", "Any", "date and time", "tPerson", "lib.tPerson"]))
    if not depth:
        return named
    inner = _types(depth - 1)
    return st.one_of(
        named,
        st.builds(ListType, inner),
        st.builds(RangeType, inner),
        st.builds(ContextType, st.lists(st.tuples(words, inner), min_size=1, max_size=2).map(tuple)),
        st.builds(FunctionType, st.lists(inner, max_size=2).map(tuple), inner),
    )


leaves: st.SearchStrategy[Node] = st.one_of(
    st.builds(Literal, st.one_of(st.none(), st.booleans(), numbers, texts)),
    st.builds(AtLiteral, texts),
    st.builds(Name, words),
    st.builds(Input),
)


def _some(inner: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(inner, min_size=least, max_size=3).map(tuple)


def _forms(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    iterators = _some(st.builds(Iterator, words, inner, st.none() | inner), 1)
    signs = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    # Named arguments and positional ones are of one length each.
    named = st.lists(st.tuples(words, inner), min_size=1, max_size=2)
    return st.one_of(
        st.builds(ListLiteral, _some(inner)),
        st.builds(ContextLiteral, _some(st.tuples(keys, inner))),
        st.builds(RangeLiteral, inner, inner, st.booleans(), st.booleans()),
        st.builds(FunctionLiteral, _some(st.builds(Parameter, keys, st.none() | _types())), inner, st.booleans()),
        st.builds(Path, inner, words),
        st.builds(Filter, inner, inner),
        st.builds(Call, inner, _some(inner), st.none()),
        st.builds(lambda f, pairs: Call(f, tuple(b for _, b in pairs), tuple(a for a, _ in pairs)), inner, named),
        st.builds(Arithmetic, st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner),
        st.builds(Negation, inner),
        st.builds(Comparison, signs, inner, inner),
        st.builds(Conjunction, _some(inner, 2)),
        st.builds(Disjunction, _some(inner, 2)),
        st.builds(Between, inner, inner, inner),
        st.builds(Membership, inner, _some(inner, 1)),
        st.builds(OperatorTest, signs, inner),
        st.builds(InstanceOf, inner, _types()),
        st.builds(If, inner, inner, inner),
        st.builds(For, iterators, inner),
        st.builds(Quantified, st.booleans(), iterators, inner),
    )


nodes = st.recursive(leaves, _forms, max_leaves=12)


def placeless(form: Any) -> Any:
    """The same form with no place in a source."""
    if isinstance(form, tuple):
        return tuple(map(placeless, form))
    if not is_dataclass(form) or isinstance(form, type):
        return form
    changed = {one.name: placeless(getattr(form, one.name)) for one in fields(form) if one.name != "at"}
    return replace(form, **changed, **({"at": 0} if hasattr(form, "at") else {}))


def _read(text: str) -> Node:
    return Parser(text, Names(layer_of(BUILTINS), {})).whole_expression()


@given(nodes)
def test_every_form_is_read_as_it_was_written(node: Node) -> None:
    assert placeless(_read(write(node))) == node


@given(_some(nodes), st.booleans())
def test_every_cell_is_read_as_it_was_written(tests: tuple[Node, ...], negated: bool) -> None:
    form = Cell(tests, negated and bool(tests))
    assert placeless(compile_unary_tests(write_tests(form)).syntax) == form


def test_every_expression_of_the_kit() -> None:
    wrong = []
    for case in cases():
        try:
            node = compile_expression(case.text).node
        except ExpressionFailed:
            continue
        if placeless(_read(write(node))) != placeless(node):
            wrong.append(case.text)
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1+2*-x", "1 + (2 * (-(x)))"),
        ('{"a": 1, b c: [1..2)}', '{a: 1, "b c": [1..2)}'),
        (
            'for x in 1..3, y in l return date and time("2026-01-01")',
            'for x in 1..3, y in l return `date and time`("2026-01-01")',
        ),
        ("a.b[item > 1](1, 2)", "a.b[item > 1](1, 2)"),
        ("if a then b else c", "if a then b else c"),
        ("x in (<5, 7)", "x in (< 5, 7)"),
    ],
)
def test_how_it_looks(text: str, written: str) -> None:
    assert write(compile_expression(text).node) == written


def test_numbers_are_written_without_exponents() -> None:
    assert write(Literal(Decimal("1E+3"))) == "1000"
