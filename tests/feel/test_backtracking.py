"""Patterns with back-references: the same matches as `re` has, in bounded time."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from procession.feel.backtracking import program
from procession.feel.evaluation import Null
from tests.feel.facts import expr


def ignored(steps: int) -> None:
    """Nobody counts here."""


FACTS: list[tuple[str, Any]] = [
    (r'matches("aA", "(a)\1", "i")', True),
    (r'matches("aA", "(a)\1")', False),
    (r'matches("hey hey", "^(\w+) \1$")', True),
    (r'replace("hello", "(.)\1", "<$1>")', "he<l>o"),
    (r'split("a--b==c", "([-=])\1")', ["a", "b", "c"]),
    (r'matches("aa0", "(a)\10")', True),
    (r'matches("a\nb a", "^(a)[^x]b (\1)$")', True),
    (r'matches("ab", "(a)\2")', None),
    (r'matches("ab", "\1(a)")', None),
    (r'matches("ab", "(a\1)")', None),
    (r'matches("ab", "((a)\1")', None),
    (r'matches("ab", "(a)\1{2,1}")', None),
    (r'matches("ab", "(a)\1)")', None),
    (r'matches("a\\1", "a\\\\1")', True),
    (r'matches("a1", "a\\1")', None),
    (r'matches("x7 7", "[a-z-[aeiou]](\d) \1")', True),
    (r'matches("aXa", " ( a ) . \1 ", "x")', True),
]


@pytest.mark.parametrize(("text", "expected"), FACTS)
def test_facts(text: str, expected: Any) -> None:
    expr(text, expected)


@pytest.mark.parametrize("pattern", [r"(a*)*\1b", r"(a+)+\1$", r"(.*)(.*)(.*)(.*)\4\3\2\1x", r"(a{1,999}){1,9}\1"])
def test_a_hostile_pattern_ends_soon(pattern: str) -> None:
    before = time.process_time()
    with pytest.raises(Null):
        next(program(pattern, "").finditer("a" * 5_000 + "c", ignored), None)
    assert time.process_time() - before < 1


def _patterns(depth: int = 0) -> st.SearchStrategy[str]:
    atoms = st.sampled_from(["a", "b", ".", "[ab]"])
    if depth > 2:
        return atoms
    inner = _patterns(depth + 1)
    repeated = st.builds(lambda one, sign: f"(?:{one}){sign}", inner, st.sampled_from(["*", "+", "?", "{1,2}", "+?"]))
    chosen = st.builds(lambda one, other: f"(?:{one}|{other})", inner, inner)
    return st.one_of(atoms, st.builds(lambda one, other: one + other, inner, inner), repeated, chosen)


@given(_patterns(), _patterns(), st.text("abc", max_size=8))
def test_the_first_match_is_that_of_re(first: str, second: str, text: str) -> None:
    pattern = rf"({first}){second}\1"
    try:
        found = next(program(pattern, "").finditer(text, ignored), None)
    except Null:
        assume(False)
    expected = re.search(pattern, text)
    assert (found and (*found.span(), found.group(1))) == (expected and (*expected.span(), expected[1]))
