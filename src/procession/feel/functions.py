"""How a function that is a FEEL value is called."""

from __future__ import annotations

from typing import Any

from procession.feel.evaluation import Evaluation, Null
from procession.feel.values import Function


def in_order(function: Function, names: tuple[str, ...], values: list[Any]) -> list[Any]:
    """Named arguments in the order of the parameters; one left out is null (DMN 10.3.2.13.5). Raises Null for others."""
    if len(set(names)) != len(names) or not set(names) <= set(function.parameters):
        raise Null(f"the function's parameters are {', '.join(function.parameters) or 'none'}")
    given = dict(zip(names, values, strict=True))
    return [given.get(name) for name in function.parameters]


def apply(function: Function, evaluation: Evaluation, arguments: list[Any]) -> Any:
    """The result of a function that is a value. Raises Null for a wrong number of arguments."""
    if len(arguments) != len(function.parameters) and not function.rest:
        raise Null(f"the function takes {len(function.parameters)} arguments, not {len(arguments)}")
    evaluation.spend(4)
    return function.invoke(evaluation, arguments)
