"""Our evaluator beside feelin on generated expressions: well-typed ones, of forms and functions that both have.

The numbers are such that binary arithmetic, which feelin has, is exact.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from procession.expressions import MappingScope
from procession.feel import compile_expression, from_feel
from tests.benchmarks.decisions.setting_up import FOLDER, fetch_feelin

CONTEXT = {"n": 7, "s": "camunda", "l": [1, 2, 3, 5, 8], "c": {"a": 4, "b": "x"}, "yes": True}
HOW_MANY = 1_500

Make = Callable[[random.Random, int], str]


def _number(draw: random.Random, depth: int) -> str:
    a, b, xs, s = (lambda: _number(draw, depth - 1)), (lambda: _number(draw, depth - 1)), _list, _text
    if depth <= 0:
        return draw.choice(["0", "1", "2", "3.5", "10", "0.25", "n", "c.a"])
    return draw.choice(
        [
            lambda: f"({a()} + {b()})",
            lambda: f"({a()} - {b()})",
            lambda: f"({a()} * {b()})",
            lambda: f"(-{a()})",
            lambda: f"(if {_truth(draw, depth - 1)} then {a()} else {b()})",
            lambda: f"count({xs(draw, depth - 1)})",
            lambda: f"sum(append({xs(draw, depth - 1)}, {a()}))",
            lambda: f"max(append({xs(draw, depth - 1)}, {a()}))",
            lambda: f"min({a()}, {b()})",
            lambda: f"abs({a()})",
            lambda: f"floor({a()})",
            lambda: f"ceiling({a()})",
            lambda: f"string length({s(draw, depth - 1)})",
            lambda: f"append({xs(draw, depth - 1)}, {a()})[-1]",
            lambda: f"{{k: {a()}, r: k + {b()}}}.r",
        ]
    )()


def _truth(draw: random.Random, depth: int) -> str:
    if depth <= 0:
        return draw.choice(["true", "false", "yes", "n > 3", 's = "camunda"'])
    sign = draw.choice(["=", "!=", "<", "<=", ">", ">="])
    one, other = _truth(draw, depth - 1), _truth(draw, depth - 1)
    number = _number(draw, depth - 1)
    return draw.choice(
        [
            lambda: f"({number} {sign} {_number(draw, depth - 1)})",
            lambda: f"({one} and {other})",
            lambda: f"({one} or {other})",
            lambda: f"not({one})",
            lambda: f"({number} in [1..10])",
            lambda: f"({number} between 0 and 5)",
            lambda: f"list contains({_list(draw, depth - 1)}, {number})",
            lambda: f"contains({_text(draw, depth - 1)}, {_text(draw, depth - 1)})",
            lambda: f"starts with({_text(draw, depth - 1)}, {_text(draw, depth - 1)})",
            lambda: f"(some x in {_list(draw, depth - 1)} satisfies x {sign} {number})",
            lambda: f"(every x in {_list(draw, depth - 1)} satisfies x {sign} {number})",
        ]
    )()


def _text(draw: random.Random, depth: int) -> str:
    if depth <= 0:
        return draw.choice(['"a"', '"bc"', '""', "s", "c.b", '"Żółw"'])
    one, other = _text(draw, depth - 1), _text(draw, depth - 1)
    return draw.choice(
        [
            lambda: f"({one} + {other})",
            lambda: f"upper case({one})",
            lambda: f"lower case({one})",
            lambda: f'substring({one} + "xyz", 2)',
            lambda: f'substring({one} + "xyz", 1, 2)',
            lambda: f"(if {_truth(draw, depth - 1)} then {one} else {other})",
            lambda: f'substring before({one}, "a")',
        ]
    )()


def _list(draw: random.Random, depth: int) -> str:
    if depth <= 0:
        return draw.choice(["l", "[1, 2]", "[4]", "[3, 1, 2]", "[0.5, n]"])
    one, other = _list(draw, depth - 1), _list(draw, depth - 1)
    number = _number(draw, depth - 1)
    return draw.choice(
        [
            lambda: f"[{number}, {_number(draw, depth - 1)}]",
            lambda: f"append({one}, {number})",
            lambda: f"concatenate({one}, {other})",
            lambda: f"reverse({one})",
            lambda: f"distinct values({one})",
            lambda: f"union({one}, {other})",
            lambda: f"{one}[item > {number}]",
            lambda: f"(for x in {one} return x + {number})",
            lambda: f"(for x in {one}, y in [1, 2] return x * y)",
            lambda: f"flatten([{one}, [{other}]])",
            lambda: f"sort({one}, function(x, y) x < y)",
            lambda: f"sublist(append({one}, {number}), 1)",
        ]
    )()


def _expressions() -> list[str]:
    draw = random.Random(20260301)
    kinds: list[Make] = [_number, _truth, _text, _list]
    return [kinds[number % 4](draw, 1 + number % 3) for number in range(HOW_MANY)]


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_same, ours, theirs))
    if isinstance(ours, bool) or isinstance(theirs, bool) or ours is None or theirs is None:
        return ours is theirs
    return bool(ours == theirs)


@pytest.mark.skipif(shutil.which("node") is None or shutil.which("npm") is None, reason="there is no Node.js with npm")
def test_feelin_gives_the_same() -> None:
    fetch_feelin()
    texts = _expressions()
    run = subprocess.run(
        [str(shutil.which("node")), str(Path(__file__).with_name("feelin.mjs")), str(FOLDER / "node")],
        input=json.dumps({"expressions": texts, "context": CONTEXT}),
        capture_output=True,
        text=True,
        check=True,
    )
    wrong = []
    for text, theirs in zip(texts, json.loads(run.stdout), strict=True):
        ours = from_feel(compile_expression(text).evaluate(MappingScope(CONTEXT)))
        if "error" in theirs or not _same(ours, theirs["value"]):
            wrong.append(f"{text}: {ours}, feelin {theirs}")
    assert wrong == []
