"""Which rules of a decision table match: sets of rules as bits of an integer, looked up by column.

A cell whose verdict depends on the input alone (`"a", "b"`, `[1..5]`, `not("x")`, `< 10`) goes into an index of its
column: equalities into a map, intervals into sorted segments, so that a thousand such cells cost one look-up. All other
cells are asked one by one, and only for rules that are still candidates: that is also the order in which Camunda 7
evaluates them, so an error in a cell shows only where Camunda shows it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from procession.feel import UnaryTests
from procession.feel.syntax import Literal, Negation, Node, OperatorTest, RangeLiteral

Ask = Callable[[Any, Any], bool]
"""Whether an input (a FEEL value) passes a cell; the first argument is the scope that `narrow` was given."""

MOST_BITS = 2**27
"""An index that would take more bits than this is not made; its cells are asked one by one."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A condition. `tests` is its FEEL form where it has one; a cell of neither matches everything."""

    ask: Ask | None = None
    tests: UnaryTests | None = None


_Key = Decimal | str
_Span = tuple[Decimal | None, bool, Decimal | None, bool]  # start, closed, end, closed


@dataclass(slots=True)
class _Segments:
    """Points on the line of numbers and, for each point and each gap between, the rules whose intervals cover it."""

    points: list[Decimal]
    masks: list[int]

    def at(self, value: Decimal) -> int:
        index = bisect_left(self.points, value)
        hit = index < len(self.points) and self.points[index] == value
        return self.masks[2 * index + 1 if hit else 2 * index]


@dataclass(slots=True)
class Column:
    """The cells of one input clause, ready to be asked. `everything` are the rules that pass whatever the input is."""

    everything: int = 0
    equal: dict[type, dict[Any, int]] = field(default_factory=dict)
    negated: dict[type, tuple[int, dict[Any, int]]] = field(default_factory=dict)
    null: int = 0
    truth: int = 0  # cells that say `true`: they pass for every input that is not a boolean
    segments: _Segments | None = None
    asked: dict[int, Ask] = field(default_factory=dict)
    rest: int = 0

    def narrow(self, candidates: int, value: Any, scope: Any) -> int:
        """Those of the candidate rules whose cell passes. `value` is a FEEL value. Raises what a cell raises."""
        passed = candidates & self._indexed(value)
        for number in bits(candidates & self.rest):
            if self.asked[number](scope, value):
                passed |= 1 << number
        return passed

    def _indexed(self, value: Any) -> int:
        kind = type(value)
        found = self.everything
        if value is None:
            found |= self.null
            for all_of_kind, _ in self.negated.values():
                found |= all_of_kind
        elif kind in self.equal:
            found |= self.equal[kind].get(value, 0)
        if kind in self.negated:
            all_of_kind, named = self.negated[kind]
            found |= all_of_kind & ~named.get(value, 0)
        if kind is not bool:
            found |= self.truth
        if kind is Decimal and self.segments is not None:
            found |= self.segments.at(value)
        return found


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def column(cells: Sequence[Cell]) -> Column:
    """Compiles a column."""
    made = Column()
    spans: dict[int, list[_Span]] = {}
    for number, cell in enumerate(cells):
        bit = 1 << number
        if cell.ask is None:
            made.everything |= bit
        elif cell.tests is None or not _file(made, cell.tests, bit, spans.setdefault(number, [])):
            spans.pop(number, None)
            made.asked[number] = cell.ask
            made.rest |= bit
    _segment(made, {number: parts for number, parts in spans.items() if parts}, cells)
    return made


def _file(made: Column, tests: UnaryTests, bit: int, spans: list[_Span]) -> bool:
    """Puts a cell into the index; False where it does not fit there."""
    if tests.any:
        made.everything |= bit
        return True
    if tests.syntax.negated:
        return _file_negated(made, tests, bit)
    values: list[Any] = []
    for node in tests.syntax.tests:
        known, value = _constant(_compared(node))
        if known:
            values.append(value)
        elif span := _span(node):
            spans.append(span)
        else:
            spans.clear()
            return False
    for value in values:
        if value is None:
            made.null |= bit
            continue
        if value is True:
            made.truth |= bit
        named = made.equal.setdefault(type(value), {})
        named[value] = named.get(value, 0) | bit
    return True


def _file_negated(made: Column, tests: UnaryTests, bit: int) -> bool:
    values = [_constant(_compared(node)) for node in tests.syntax.tests]
    kinds = {type(value) for _, value in values}
    if not all(known for known, _ in values) or kinds not in ({str}, {Decimal}):
        return False
    (kind,) = kinds
    all_of_kind, named = made.negated.get(kind, (0, {}))
    for _, value in values:
        named[value] = named.get(value, 0) | bit
    made.negated[kind] = all_of_kind | bit, named
    return True


def _compared(node: Node) -> Node:
    """`= x` compares as `x` does, except for booleans, whose `true` is a verdict of its own."""
    if isinstance(node, OperatorTest) and node.operator == "=":
        known, value = _constant(node.operand)
        return node.operand if known and not isinstance(value, bool) else node
    return node


def _constant(node: Node) -> tuple[bool, Any]:
    match node:
        case Literal(value):
            return True, value
        case Negation(Literal(Decimal() as value)):
            return True, -value
        case _:
            return False, None


def _span(node: Node) -> _Span | None:
    match node:
        case OperatorTest(sign, operand):
            _, value = _constant(operand)
            if not isinstance(value, Decimal):
                return None
            return {
                "<": (None, False, value, False),
                "<=": (None, False, value, True),
                ">": (value, False, None, False),
                ">=": (value, True, None, False),
            }.get(sign)
        case RangeLiteral(start, end, start_closed, end_closed):
            (_, low), (_, high) = _constant(start), _constant(end)
            if isinstance(low, Decimal) and isinstance(high, Decimal):
                return low, start_closed, high, end_closed
    return None


def _segment(made: Column, spans: dict[int, list[_Span]], cells: Sequence[Cell]) -> None:
    points = sorted(
        {point for parts in spans.values() for part in parts for point in (part[0], part[2]) if point is not None}
    )
    if len(points) * 2 * len(cells) > MOST_BITS:
        for number in spans:
            _ask_instead(made, number, cells[number])
        return
    if not spans:
        return
    place = {point: 2 * index + 1 for index, point in enumerate(points)}
    turns = [0] * (2 * len(points) + 2)
    for number, parts in spans.items():
        for first, last in _merged(_places(parts, place, 2 * len(points))):
            turns[first] ^= 1 << number
            turns[last + 1] ^= 1 << number
    masks: list[int] = []
    now = 0
    for turn in turns[:-1]:
        now ^= turn
        masks.append(now)
    made.segments = _Segments(points, masks)


def _ask_instead(made: Column, number: int, cell: Cell) -> None:
    # Equalities of the same cell stay in the index: what passes there passes when asked too.
    if cell.ask is not None:
        made.asked[number] = cell.ask
        made.rest |= 1 << number


def _places(parts: Iterable[_Span], place: dict[Decimal, int], last: int) -> Iterator[tuple[int, int]]:
    for low, low_closed, high, high_closed in parts:
        first = 0 if low is None else place[low] + (not low_closed)
        end = last if high is None else place[high] - (not high_closed)
        if first <= end:
            yield first, end


def _merged(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(places):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return merged
