"""The syntax of JUEL on one page: the tree that the parser builds and the compiler walks.

text        = { characters | "${" expression "}" }  or the same with "#{"; a backslash before either takes it literally
expression  = or [ "?" expression ":" expression ]
or, and     = … { "||" | "or" … }, … { "&&" | "and" … }
equality    = … { "==" | "eq" | "!=" | "ne" … }
relation    = … { "<" | "lt" | "<=" | "le" | ">" | "gt" | ">=" | "ge" … }
sum, product= … { "+" | "-" … }, … { "*" | "/" | "div" | "%" | "mod" … }
unary       = { "-" | "!" | "not" | "empty" } value
value       = primary { "." name [ arguments ] | "[" expression "]" [ arguments ] }
primary     = literal | name | name arguments | "(" expression ")"
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal: Long, float, str, bool or None."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A variable or bean."""

    name: str


@dataclass(frozen=True, slots=True)
class Property:
    """`target.key` (the key is then a Constant) or `target[key]`."""

    target: Node
    key: Node


@dataclass(frozen=True, slots=True)
class Invocation:
    """`target.key(arguments)`; `target_text` is how the target was written, for messages."""

    target: Node
    key: Node
    arguments: tuple[Node, ...]
    target_text: str


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """`name(arguments)`."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`-`, `!` or `empty`, whatever the spelling."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary operator in its symbolic spelling: `eq` is `==`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Composite:
    """Text with expressions in it; every part becomes a string."""

    parts: tuple[Node, ...]


Node = Constant | Name | Property | Invocation | FunctionCall | Unary | Binary | Choice | Composite

# Spelling to operator; JUEL reserves these words everywhere, even after a dot.
WORDS = {"and": "&&", "or": "||", "not": "!", "empty": "empty", "div": "/", "mod": "%"}
WORDS |= {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}
RESERVED = {*WORDS, *LITERALS, "instanceof"}

# Binding power of the binary operators; all of them associate to the left.
POWERS = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
