"""`procession feel`: an expression tried out, alone or one after the other."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import SystemRandom
from typing import Annotated, Any

import typer

from procession.cli.exits import Exit, Quit
from procession.cli.output import complain, notes, print_json, results
from procession.cli.registry import command
from procession.cli.variables import Variables, read_variables
from procession.errors import ExpressionFailed
from procession.expressions import MappingScope
from procession.feel import Evaluation, compile_expression, compile_unary_tests, from_feel, to_feel, to_literal
from procession.feel.chance import CHANCE

PROMPT = "feel> "
HELP = """An expression gives its value. Beside that:
  :let NAME = EXPRESSION   keep a value under a name
  :names                   what there is
  :quit                    the end, as Ctrl-D"""


@command
def feel(
    expression: Annotated[
        str | None, typer.Argument(help="What to evaluate; without it, one line after the other is read.")
    ] = None,
    context: Annotated[
        str | None,
        typer.Option("--context", "-c", metavar="JSON", help="Variables: JSON or a FEEL context; @FILE reads it."),
    ] = None,
    var: Variables = None,
    tested: Annotated[
        str | None,
        typer.Option("--input", "-i", metavar="FEEL", help="Read the text as a cell of a table, and test this value."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The value as JSON.")] = False,
) -> None:
    """Evaluate FEEL: print the value as FEEL writes it, and why it is null if it is.

    `procession feel 'amount * 1.19' --context '{"amount": 100}'`. Ends with 1 where the text cannot be read.
    """
    CHANCE.bits = SystemRandom().getrandbits
    variables = {name: to_feel(value) for name, value in read_variables(var).items()} | _context(context)
    if expression is None:
        _read_lines(variables)
        return
    try:
        value = _value(expression, variables) if tested is None else _verdict(expression, tested, variables)
    except ExpressionFailed as error:
        raise Quit(Exit.FAILED, _shown(error)) from None
    if as_json:
        print_json(from_feel(value))
    else:
        results().print(to_literal(value), markup=False)


def _context(written: str | None) -> dict[str, Any]:
    if written is None:
        return {}
    if written.startswith("@") and not written.startswith('@"'):
        path = Path(written[1:])
        if not path.is_file():
            raise Quit(Exit.USAGE, f"{path}: no such file")
        written = path.read_text(encoding="utf-8")
    try:
        found = to_feel(json.loads(written, parse_float=Decimal))
    except ValueError:
        try:
            found = compile_expression(written).evaluate(MappingScope({}))
        except ExpressionFailed as error:
            raise Quit(Exit.USAGE, f"the context is neither JSON nor FEEL: {error.message}") from None
    if not isinstance(found, dict):
        raise Quit(Exit.USAGE, "the context must be an object, as in '{\"amount\": 100}'")
    return found


def _value(text: str, variables: Mapping[str, Any]) -> Any:
    evaluation = Evaluation()
    found = compile_expression(text, variables).evaluate(MappingScope(variables, datetime.now(UTC)), evaluation)
    _say(text, evaluation)
    return found


def _verdict(text: str, tested: str, variables: Mapping[str, Any]) -> bool | None:
    evaluation = Evaluation()
    scope = MappingScope(variables, datetime.now(UTC))
    found = compile_unary_tests(text, variables).matches(scope, _value(tested, variables), evaluation)
    _say(text, evaluation)
    return found


def _say(text: str, evaluation: Evaluation) -> None:
    for warning in evaluation.warnings:
        notes().print(_pointed(text, warning.message, warning.position), style="yellow", markup=False)


def _shown(error: ExpressionFailed) -> str:
    return _pointed(error.source or "", error.message, error.position)


def _pointed(text: str, message: str, position: int) -> str:
    """The message, and under the line of the text at fault a mark at its place."""
    if position < 0 or not text:
        return message
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[start : len(text) if end < 0 else end]
    return f"{message}\n  {line}\n  {' ' * (position - start)}^" if len(line) <= 200 else message


def _lines() -> Iterator[str]:
    if not sys.stdin.isatty():
        yield from sys.stdin
        return
    with suppress(ImportError):  # a Python without readline has a plainer prompt
        importlib.import_module("readline")
    notes().print("FEEL, a line at a time; :help says more.")
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            return


def _read_lines(variables: dict[str, Any]) -> None:
    for line in _lines():
        text = line.strip()
        if text == ":quit":
            return
        try:
            _answer(text, variables)
        except ExpressionFailed as error:
            complain(_shown(error))


def _answer(text: str, variables: dict[str, Any]) -> None:
    if not text:
        return
    if text.startswith(":let "):
        name, sign, written = text[5:].partition("=")
        if not sign or not name.strip():
            complain("write :let NAME = EXPRESSION")
            return
        variables[name.strip()] = _value(written.strip(), variables)
        text = name.strip()
        results().print(to_literal(variables[text]), markup=False)
    elif text == ":names":
        for name, value in variables.items():
            results().print(f"{name} = {to_literal(value)}", markup=False)
    elif text.startswith(":"):
        notes().print(HELP, markup=False)
    else:
        results().print(to_literal(_value(text, variables)), markup=False)
