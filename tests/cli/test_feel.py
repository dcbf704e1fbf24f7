"""`procession feel`: one expression, a cell, lines of standard input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from procession.cli.app import app
from procession.cli.exits import Exit
from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["amount * 1.19", "--context", '{"amount": 100}'], "119.00"),
        (["amount * 1.19", "--context", "{amount: 50 + 50}"], "119.00"),
        (["Full Name + b", "-c", '{"Full Name": "Ada"}', "-v", "b=!"], '"Ada!"'),
        (['date("2026-02-28") + @"P1D"'], "2026-03-01"),
        (["[1..5], > 9", "--input", "3"], "true"),
        (["not(1, 2)", "--input", "2"], "false"),
        (["1 / 0"], "null"),
    ],
)
def test_one_expression(run: Run, arguments: list[str], shown: str) -> None:
    ended = run("feel", *arguments)
    assert (ended.exit_code, ended.stdout.strip()) == (0, shown)


def test_why_a_value_is_null_is_pointed_at(run: Run) -> None:
    ended = run("feel", "1 + missing")
    assert ended.stdout.strip() == "null"
    assert "there is no variable 'missing'\n  1 + missing\n      ^" in ended.stderr


def test_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"a": [1, 2.5]}')
    ended = run("feel", '{b: a, d: @"2026-01-01"}', "--context", f"@{tmp_path / 'c.json'}", "--json")
    assert json.loads(ended.stdout) == {"b": [1, 2.5], "d": "2026-01-01"}


def test_what_cannot_be_read(run: Run) -> None:
    ended = run("feel", "1 +")
    assert ended.exit_code == Exit.FAILED
    assert "expected a value" in ended.stderr
    assert run("feel", "1", "--context", "[1]").exit_code == Exit.USAGE
    assert run("feel", "1", "--context", "{").exit_code == Exit.USAGE
    assert run("feel", "1", "--context", "@nowhere.json").exit_code == Exit.USAGE


def test_lines() -> None:
    lines = "1 + 1\n\n:let a b = [1, 2, 3]\na b[item > 1]\n1 +\n:let x\n:names\n:help\n:quit\n3\n"
    ended = CliRunner().invoke(app, ["feel"], input=lines)
    assert ended.exit_code == 0
    assert ended.stdout.splitlines() == ["2", "[1, 2, 3]", "[2, 3]", "a b = [1, 2, 3]"]
    assert ":let NAME = EXPRESSION" in ended.stderr
    assert "expected a value" in ended.stderr
