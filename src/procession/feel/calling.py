"""Calls: built-in functions directly, functions that are values through `Function.invoke`."""

from __future__ import annotations

from typing import Any

from procession.expressions import MappingScope
from procession.feel.builtins import BUILTINS
from procession.feel.builtins.registry import call_named, prepared
from procession.feel.compiling import Closure, Compiling
from procession.feel.environment import Env
from procession.feel.evaluation import Evaluation, Null
from procession.feel.functions import apply, in_order
from procession.feel.syntax import Call, Literal, Name
from procession.feel.values import Function, type_name

CONSTRUCTORS = frozenset(("date", "time", "date and time", "duration"))
"""Functions that read a text as a date, time or duration."""


def compile_call(compiler: Compiling, node: Call) -> Closure:
    """A call. A built-in is meant unless the name is bound here or declared as a variable."""
    arguments = [compiler.compile(argument) for argument in node.arguments]
    function = node.function
    if isinstance(function, Name) and function.name in BUILTINS:
        name = function.name
        hidden = compiler.is_bound(name) or name in compiler.declared
        return _value_call(compiler, node, arguments) if hidden else _builtin_call(name, node, arguments)
    return _value_call(compiler, node, arguments)


def _builtin_call(name: str, node: Call, arguments: list[Closure]) -> Closure:
    overloads, at = BUILTINS[name], node.at
    names = node.names
    if names is not None:

        def named(env: Env) -> Any:
            try:
                return call_named(overloads, env.evaluation, names, [argument(env) for argument in arguments])
            except Null as failure:
                return env.evaluation.warn(str(failure), at)

        return named

    invoke = prepared(overloads, len(arguments))

    def positional(env: Env) -> Any:
        try:
            return invoke(env.evaluation, [argument(env) for argument in arguments])
        except Null as failure:
            return env.evaluation.warn(str(failure), at)

    if name in CONSTRUCTORS and len(arguments) == 1 and isinstance(node.arguments[0], Literal):
        return _written(positional)
    return positional


def _written(construct: Closure) -> Closure:
    """A date, time or duration that is written in the expression: made once, where nothing is wrong with it."""
    evaluation = Evaluation()
    value = construct(Env(evaluation, MappingScope({}), {}))
    return construct if evaluation.warnings else lambda env: value


def _value_call(compiler: Compiling, node: Call, arguments: list[Closure]) -> Closure:
    function, names, at = compiler.compile(node.function), node.names, node.at

    def invoke(env: Env) -> Any:
        target = function(env)
        if not isinstance(target, Function):
            return env.evaluation.warn(f"{type_name(target)} is no function", at)
        values = [argument(env) for argument in arguments]
        try:
            return apply(target, env.evaluation, values if names is None else in_order(target, names, values))
        except Null as failure:
            return env.evaluation.warn(str(failure), at)

    return invoke
