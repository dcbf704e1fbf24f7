"""Compiles the tree of a text into closures over a scope, once, and evaluates them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from procession.errors import ExpressionFailed, UnknownName
from procession.expressions import Expression, Literal, Scope
from procession.juel.access import call_method, read_property
from procession.juel.coercion import coerce_boolean, coerce_string, plain, stored
from procession.juel.faults import Fault, NoSuchName
from procession.juel.moments import Moment
from procession.juel.operators import BINARY, UNARY
from procession.juel.parser import parse
from procession.juel.spin import to_json, to_spin, to_xml
from procession.juel.syntax import (
    Binary,
    Choice,
    Composite,
    Constant,
    FunctionCall,
    Invocation,
    Name,
    Node,
    Property,
    Unary,
)

Closure = Callable[[Scope], Any]

USER, GROUPS = "authenticatedUserId", "authenticatedGroupIds"
_READERS = ("getVariable", "getVariableLocal", "hasVariable", "hasVariableLocal")


@dataclass(frozen=True, slots=True)
class Juel:
    """A compiled expression (see `procession.expressions.Expression`)."""

    source: str
    names: frozenset[str]
    run: Closure
    constant: bool = False

    def evaluate(self, scope: Scope) -> Any:
        """The value. Raises ExpressionFailed with Camunda's message, UnknownName for a variable that does not exist.

        What a bean raises passes through as it is.
        """
        try:
            return stored(self.run(scope))
        except Fault as fault:
            raise _failed(fault, self.source) from fault
        except RecursionError as fault:
            raise ExpressionFailed(
                f"Error while evaluating expression: {self.source}. Cause: too deep", self.source
            ) from fault


def compile_expression(text: str) -> Expression:
    """Compiles `${…}`, `#{…}`, text around them, or plain text, which is its own value.

    Raises ExpressionFailed with position where the text cannot be read or names a function that does not exist.
    """
    try:
        tree = parse(text)
        if isinstance(tree, Constant):
            return Literal(tree.value, text)
        compiler = _Compiler(text)
        run = compiler.closure(tree)
    except RecursionError as fault:
        raise ExpressionFailed("Error parsing expression: nested too deep", text) from fault
    return Juel(text, frozenset(compiler.names), run)


def is_expression(text: str) -> bool:
    """Whether Camunda takes a text for an expression: it begins with `${` or `#{`, blanks aside."""
    return text.strip().startswith(("${", "#{"))


def _failed(fault: Fault, source: str) -> ExpressionFailed:
    if not fault.prefix:
        return ExpressionFailed(fault.message, source)
    kind = UnknownName if isinstance(fault, NoSuchName) else ExpressionFailed
    return kind(f"{fault.prefix}: {source}. Cause: {fault.message}", source)


class _Compiler:
    """Turns nodes into closures and notes the names that they read."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.names: set[str] = set()

    def closure(self, node: Node) -> Closure:
        match node:
            case Constant(value):
                return lambda scope: value
            case Name(name):
                return self.name(name)
            case Property(target, key):
                return self.property(target, key)
            case Invocation():
                return self.invocation(node)
            case FunctionCall(name, arguments):
                return self.function(name, arguments)
            case Unary(operator, operand):
                inner, apply = self.closure(operand), UNARY[operator]
                return lambda scope: apply(plain(inner(scope)))
            case Binary(operator, left, right):
                return self.binary(operator, self.closure(left), self.closure(right))
            case Choice(condition, yes, no):
                test, one, other = self.closure(condition), self.closure(yes), self.closure(no)
                return lambda scope: one(scope) if coerce_boolean(plain(test(scope))) else other(scope)
            case Composite(parts):
                pieces = [self.closure(part) for part in parts]
                return lambda scope: coerce_string("".join([coerce_string(piece(scope)) for piece in pieces]))

    def name(self, name: str) -> Closure:
        self.names.add(name)
        # Camunda resolves this one always, to null where nobody is logged in.
        if name == USER:
            return lambda scope: _optional(scope, USER)

        def resolve(scope: Scope) -> Any:
            try:
                return scope.resolve(name)
            except KeyError as fault:
                raise NoSuchName(name) from fault

        return resolve

    def property(self, target: Node, key: Node) -> Closure:
        read = self.closure(target)
        if isinstance(key, Constant):
            value = key.value
            return lambda scope: read_property(read(scope), value)
        index = self.closure(key)
        return lambda scope: read_property(read(scope), index(scope))

    def invocation(self, node: Invocation) -> Closure:
        target, key, text = self.closure(node.target), self.closure(node.key), node.target_text
        arguments = [self.closure(argument) for argument in node.arguments]
        match node.key, node.arguments:
            case Constant(method), (Constant(str() as variable), *_) if method in _READERS:
                self.names.add(variable)
        return lambda scope: call_method(target(scope), key(scope), [argument(scope) for argument in arguments], text)

    def function(self, name: str, arguments: tuple[Node, ...]) -> Closure:
        if name not in FUNCTIONS:
            raise ExpressionFailed(f"Could not resolve function '{name}'", self.source, self.source.find(name))
        count, apply = FUNCTIONS[name]
        if len(arguments) != count:
            reason = f"Parameters for function '{name}' do not match"
            raise ExpressionFailed(reason, self.source, self.source.find(name))
        inner = [self.closure(argument) for argument in arguments]
        return lambda scope: apply(scope, *[argument(scope) for argument in inner])

    def binary(self, operator: str, left: Closure, right: Closure) -> Closure:
        if operator == "&&":
            return lambda scope: coerce_boolean(plain(left(scope))) and coerce_boolean(plain(right(scope)))
        if operator == "||":
            return lambda scope: coerce_boolean(plain(left(scope))) or coerce_boolean(plain(right(scope)))
        apply = BINARY[operator]
        return lambda scope: apply(plain(left(scope)), plain(right(scope)))


def _optional(scope: Scope, name: str) -> Any:
    try:
        return scope.resolve(name)
    except KeyError:
        return None


def _date_time(scope: Scope) -> Moment:
    time = scope.now()
    return Moment(time, time)


# Name to number of arguments and function of the scope and the arguments.
FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "now": (0, lambda scope: scope.now()),
    "dateTime": (0, _date_time),
    "currentUser": (0, lambda scope: _optional(scope, USER)),
    "currentUserGroups": (0, lambda scope: _optional(scope, GROUPS)),
    "S": (1, lambda scope, value: to_spin(plain(value))),
    "JSON": (1, lambda scope, value: to_json(plain(value))),
    "XML": (1, lambda scope, value: to_xml(plain(value))),
}
