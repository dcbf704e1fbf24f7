"""Limits: hostile inputs end within a second and 200 MiB, limits can be set, and no text reaches Python."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from procession.errors import ExpressionFailed
from procession.feel.limits import LIMITS, limited, set_limits
from tests.feel.facts import expr, value

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("feel", "juel", "dmn")
SECONDS, MEBIBYTES = 1.0, 200


def test_hostile_inputs_end_soon_and_small() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.feel.hostile_inputs"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(lines) > 70
    assert [line for line in lines if line[2] > SECONDS] == []
    assert lines[-1][4] < MEBIBYTES
    values = {line[1]: line[3] for line in lines if line[3].startswith("value:")}
    # What looks like Python's attributes, or Java's, gives nothing.
    assert [text for text, end in values.items() if "__" in text and end != "value: None"] == []
    assert not [text for text in values if "getClass" in text]


@pytest.mark.parametrize(
    ("name", "most", "text"),
    [
        ("steps", 100, "for i in 1..90 return i"),
        ("items", 10, "for i in 1..11 return i"),
        ("text", 10, '"aaaaaa" + "aaaaaa"'),
        ("calls", 5, "{f: function(n) if n = 0 then 0 else f(n - 1), r: f(9)}.r"),
        ("depth", 5, "((((((1))))))"),
        ("source", 10, "1 + 1 + 1 + 1"),
        ("nesting", 3, "string([[[[[1]]]]])"),
    ],
)
def test_every_limit_can_be_set(name: str, most: int, text: str) -> None:
    assert value(text) is not None
    with limited(**{name: most}), pytest.raises(ExpressionFailed, match=str(most)):
        value(text)
    assert value(text) is not None


def test_a_pattern_can_be_limited() -> None:
    with limited(pattern=3):
        expr('matches("abcd", "abcd")', None)


def test_limits_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match="speed"):
        set_limits(speed=1)
    with pytest.raises(ValueError, match="items"):
        set_limits(items=0)
    assert LIMITS.items == 100_000


def test_no_text_reaches_python() -> None:
    wrong = []
    for path in sorted(path for room in ROOMS for path in (ROOT / "src" / "procession" / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
            if called in {"eval", "exec", "getattr", "setattr", "delattr", "vars", "globals", "compile", "__import__"}:
                wrong.append(f"{path.name}:{node.lineno}: {called}")  # type: ignore[attr-defined]
    assert wrong == []
