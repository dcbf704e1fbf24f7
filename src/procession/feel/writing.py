"""FEEL's forms as text again: what the parser reads as the same form. `at`, the place in a source, is not kept.

Operands that are forms themselves stand in parentheses; names that are no single word stand in backticks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from procession.feel.lexer import KEYWORDS
from procession.feel.printing import quoted
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
    Tests,
    Type,
)

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WHOLE = (Literal, AtLiteral, ListLiteral, ContextLiteral, Name, Input)
_POSTFIX = (Path, Filter, Call)


def write(node: Node) -> str:
    """An expression as text."""
    return _FORMS[type(node)](node)


def write_tests(tests: Tests) -> str:
    """Unary tests as text; none at all is `-`."""
    if not tests.tests:
        return "-"
    text = _each(tests.tests)
    if tests.negated:
        return f"not({text})"
    # An expression that begins with the function `not` is no negated test.
    return f"({write(tests.tests[0])}){text[len(write(tests.tests[0])) :]}" if text.startswith("not") else text


def write_type(type_: Type) -> str:
    """A type as text."""
    match type_:
        case NamedType(name):
            return name if _plain(name) or name in _TYPE_NAMES else f"`{name}`"
        case ListType(element):
            return f"list<{write_type(element)}>"
        case RangeType(element):
            return f"range<{write_type(element)}>"
        case ContextType(entries):
            return f"context<{', '.join(f'{_key(name)}: {write_type(inner)}' for name, inner in entries)}>"
        case FunctionType(parameters, result):
            return f"function<{', '.join(map(write_type, parameters))}> -> {write_type(result)}"


_TYPE_NAMES = frozenset(("date and time", "days and time duration", "years and months duration"))


def _plain(name: str) -> bool:
    return _WORD.fullmatch(name) is not None and name not in KEYWORDS


def _name(name: str) -> str:
    return name if _plain(name) else f"`{name}`"


def _key(name: str) -> str:
    return name if _plain(name) else quoted(name)


def _each(nodes: Iterable[Node]) -> str:
    return ", ".join(map(write, nodes))


def _inner(node: Node) -> str:
    """An operand."""
    return write(node) if isinstance(node, _WHOLE + _POSTFIX) else f"({write(node)})"


def _end(node: Node) -> str:
    """An end of a range: `[` after it would close the range."""
    return write(node) if isinstance(node, _WHOLE) else f"({write(node)})"


def _literal(node: Literal) -> str:
    match node.value:
        case None:
            return "null"
        case bool():
            return "true" if node.value else "false"
        case Decimal():
            return format(node.value, "f")
        case text:
            return quoted(text)


def _context(node: ContextLiteral) -> str:
    return f"{{{', '.join(f'{_key(key)}: {write(inner)}' for key, inner in node.entries)}}}"


def _range(node: RangeLiteral) -> str:
    start, end = "[" if node.start_closed else "(", "]" if node.end_closed else ")"
    return f"{start}{_end(node.start)}..{_end(node.end)}{end}"


def _parameter(one: Parameter) -> str:
    return _key(one.name) if one.type is None else f"{_key(one.name)}: {write_type(one.type)}"


def _function(node: FunctionLiteral) -> str:
    return f"function({', '.join(map(_parameter, node.parameters))}) {'external ' * node.external}{_inner(node.body)}"


def _call(node: Call) -> str:
    if node.names is None:
        return f"{_inner(node.function)}({_each(node.arguments)})"
    named = zip(node.names, node.arguments, strict=True)
    return f"{_inner(node.function)}({', '.join(f'{_name(name)}: {write(inner)}' for name, inner in named)})"


def _negation(node: Negation) -> str:
    return f"-{write(node.operand) if isinstance(node.operand, Literal) else f'({write(node.operand)})'}"


def _binary(node: Arithmetic | Comparison) -> str:
    return f"{_inner(node.left)} {node.operator} {_inner(node.right)}"


def _membership(node: Membership) -> str:
    return f"{_inner(node.value)} in ({_each(node.tests)})"


def _iterators(iterators: Iterable[Iterator]) -> str:
    return ", ".join(
        f"{_name(one.name)} in {_end(one.source)}{'' if one.end is None else f'..{_end(one.end)}'}" for one in iterators
    )


def _quantified(node: Quantified) -> str:
    kind = "every" if node.every else "some"
    return f"{kind} {_iterators(node.iterators)} satisfies {_inner(node.condition)}"


_FORMS: dict[type, Callable[[Any], str]] = {
    Literal: _literal,
    AtLiteral: lambda node: f"@{quoted(node.text)}",
    ListLiteral: lambda node: f"[{_each(node.items)}]",
    ContextLiteral: _context,
    RangeLiteral: _range,
    FunctionLiteral: _function,
    Name: lambda node: _name(node.name),
    Input: lambda node: "?",
    Path: lambda node: f"{_inner(node.source)}.{_name(node.name)}",
    Filter: lambda node: f"{_inner(node.source)}[{write(node.condition)}]",
    Call: _call,
    Arithmetic: _binary,
    Negation: _negation,
    Comparison: _binary,
    Conjunction: lambda node: " and ".join(map(_inner, node.operands)),
    Disjunction: lambda node: " or ".join(map(_inner, node.operands)),
    Between: lambda node: f"{_inner(node.value)} between {_inner(node.low)} and {_inner(node.high)}",
    Membership: _membership,
    OperatorTest: lambda node: f"{node.operator} {_inner(node.operand)}",
    InstanceOf: lambda node: f"{_inner(node.value)} instance of {write_type(node.type)}",
    If: lambda node: f"if {write(node.condition)} then {write(node.yes)} else {_inner(node.no)}",
    For: lambda node: f"for {_iterators(node.iterators)} return {_inner(node.result)}",
    Quantified: _quantified,
}
