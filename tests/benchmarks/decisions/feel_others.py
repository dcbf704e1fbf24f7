"""FEEL expressions on pySFeel and bkflow-feel: `python feel_others.py ENGINE TASK` in the Python of their environment.

It prints a line of JSON: for each expression its value and microseconds of processor time, or an error.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from timing import per_second

Evaluate = Callable[[str], Any]


def _pysfeel(context: dict[str, Any]) -> Callable[[str], Evaluate]:
    import pySFeel

    parser = pySFeel.SFeelParser()
    # Its variables live in the parser and are set by expressions.
    for name, value in context.items():
        parser.sFeelParse(f"{name} <- {_literal(value)}")

    def prepare(text: str) -> Evaluate:
        def evaluate(text: str) -> Any:
            status, value = parser.sFeelParse(text)
            if status.get("errors"):
                raise ValueError("; ".join(status["errors"]))
            return value

        return evaluate

    return prepare


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_literal(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value)


def _bkflow(context: dict[str, Any]) -> Callable[[str], Evaluate]:
    from bkflow_feel.api import parse_expression

    return lambda text: lambda text: parse_expression(text, context)


def _bkflow_parsed(context: dict[str, Any]) -> Callable[[str], Evaluate]:
    # Not its documented function: the tree that it builds inside, kept.
    from bkflow_feel import parser, transformer

    def prepare(text: str) -> Evaluate:
        tree = transformer.transform(parser.parse(text))
        return lambda text: tree.evaluate(context)

    return prepare


ENGINES = {"pysfeel": _pysfeel, "bkflow": _bkflow, "bkflow, tree kept": _bkflow_parsed}


def measure(engine: str, task: dict[str, Any]) -> list[dict[str, Any]]:
    """All expressions on one engine."""
    prepare = ENGINES[engine](task["context"])
    results: list[dict[str, Any]] = []
    for text in task["expressions"]:
        try:
            evaluate = prepare(text)
            value = evaluate(text)
            if callable(value):
                raise TypeError("the value is a function")
            micros = 1e6 / per_second(evaluate, [text], task["rounds"], task["least"])
            results.append({"value": value, "micros": micros})
        except Exception as fault:
            results.append({"error": f"{type(fault).__name__}: {fault}"[:200]})
    return results


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        found = measure(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
    print(json.dumps(found, default=str))
