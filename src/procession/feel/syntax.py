"""FEEL's vocabulary: every form an expression can have, as frozen data. `at` is the offset in the source, from 0.

This file does not know how text is read or how a form is evaluated. What other rooms build on (a decision table looks
for cells that are an equality or an interval) is here and stable.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

# --- values written down ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """`null`, `true`, `12.5`, `"text"`."""

    value: bool | Decimal | str | None
    at: int = 0


@dataclass(frozen=True, slots=True)
class AtLiteral:
    """`@"2024-05-17"`: a date, time, date and time or duration."""

    text: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[1, 2]`."""

    items: tuple[Node, ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class ContextLiteral:
    """`{a: 1, "b c": a + 1}`; later entries see earlier ones."""

    entries: tuple[tuple[str, Node], ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class RangeLiteral:
    """`[1..5]`, `(1..5]`, `]1..5[`."""

    start: Node
    end: Node
    start_closed: bool
    end_closed: bool
    at: int = 0


@dataclass(frozen=True, slots=True)
class FunctionLiteral:
    """`function(a, b: number) a + b`. `external` functions call other languages and are not executed."""

    parameters: tuple[Parameter, ...]
    body: Node
    external: bool = False
    at: int = 0


@dataclass(frozen=True, slots=True)
class Parameter:
    """A formal parameter and its type, if any."""

    name: str
    type: Type | None = None


# --- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, parameter, context entry or built-in function, words joined by one space."""

    name: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Input:
    """`?`, the value that a unary test looks at."""

    at: int = 0


@dataclass(frozen=True, slots=True)
class Path:
    """`source.name`."""

    source: Node
    name: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Filter:
    """`source[condition]`: an index or a condition on every item."""

    source: Node
    condition: Node
    at: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """`function(1, 2)`, or with `names`: `function(a: 1, b: 2)`."""

    function: Node
    arguments: tuple[Node, ...]
    names: tuple[str, ...] | None = None
    at: int = 0


# --- operators -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * / **`."""

    operator: str
    left: Node
    right: Node
    at: int = 0


@dataclass(frozen=True, slots=True)
class Negation:
    """`-x`."""

    operand: Node
    at: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """`= != < <= > >=`."""

    operator: str
    left: Node
    right: Node
    at: int = 0


@dataclass(frozen=True, slots=True)
class Conjunction:
    """`a and b and c`."""

    operands: tuple[Node, ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class Disjunction:
    """`a or b or c`."""

    operands: tuple[Node, ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class Between:
    """`value between low and high`, both ends included."""

    value: Node
    low: Node
    high: Node
    at: int = 0


@dataclass(frozen=True, slots=True)
class Membership:
    """`value in test` or `value in (test, test)`."""

    value: Node
    tests: tuple[Node, ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class OperatorTest:
    """`< 5`, `= 5`, `!= 5`: a test on the input, elsewhere a range."""

    operator: str
    operand: Node
    at: int = 0


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """`value instance of type`."""

    value: Node
    type: Type
    at: int = 0


# --- control ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class If:
    """`if condition then yes else no`."""

    condition: Node
    yes: Node
    no: Node
    at: int = 0


@dataclass(frozen=True, slots=True)
class Iterator:
    """`name in source`, or with `end`: `name in source..end`."""

    name: str
    source: Node
    end: Node | None = None


@dataclass(frozen=True, slots=True)
class For:
    """`for x in xs, y in ys return result`; `partial` is the list so far."""

    iterators: tuple[Iterator, ...]
    result: Node
    at: int = 0


@dataclass(frozen=True, slots=True)
class Quantified:
    """`some x in xs satisfies condition`, or `every`."""

    every: bool
    iterators: tuple[Iterator, ...]
    condition: Node
    at: int = 0


Node = (
    Literal
    | AtLiteral
    | ListLiteral
    | ContextLiteral
    | RangeLiteral
    | FunctionLiteral
    | Name
    | Input
    | Path
    | Filter
    | Call
    | Arithmetic
    | Negation
    | Comparison
    | Conjunction
    | Disjunction
    | Between
    | Membership
    | OperatorTest
    | InstanceOf
    | If
    | For
    | Quantified
)


def path_of(node: Node) -> tuple[str, ...]:
    """The names of `a.b.c` or of `a`; nothing for other forms."""
    names: list[str] = []
    while isinstance(node, Path):
        names.insert(0, node.name)
        node = node.source
    return (node.name, *names) if isinstance(node, Name) else ()


# --- types -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedType:
    """`number`, `date and time`, `Any`, or the name of an item definition."""

    name: str


@dataclass(frozen=True, slots=True)
class ListType:
    """`list<number>`."""

    element: Type


@dataclass(frozen=True, slots=True)
class RangeType:
    """`range<number>`."""

    element: Type


@dataclass(frozen=True, slots=True)
class ContextType:
    """`context<a: number, b: string>`; more entries are allowed."""

    entries: tuple[tuple[str, Type], ...]


@dataclass(frozen=True, slots=True)
class FunctionType:
    """`function<number, string> -> boolean`."""

    parameters: tuple[Type, ...]
    result: Type


Type = NamedType | ListType | RangeType | ContextType | FunctionType

# --- unary tests -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tests:
    """A cell of a decision table. No tests at all is `-`, which matches everything; `negated` is `not(…)`.

    A test that is an `OperatorTest` or a `RangeLiteral` compares the input; any other is an expression: if it reads
    `?` its value is the verdict, else the input must equal it or be contained in it.
    """

    tests: tuple[Node, ...]
    negated: bool = False
