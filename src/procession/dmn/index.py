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

from procession.feel import (
    NOT_CONSTANT,
    Date,
    DateTime,
    DaysTime,
    Range,
    UnaryTests,
    YearsMonths,
    constant_value,
)
from procession.feel.comparing import order_key
from procession.feel.syntax import Node, OperatorTest

Ask = Callable[[Any, Any], bool]
"""Whether an input (a FEEL value) passes a cell; the first argument is the scope that `narrow` was given."""

MOST_BITS = 2**27
"""An index that would take more bits than this is not made; its cells are asked one by one."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A condition. `tests` is its FEEL form where it has one; a cell of neither matches everything."""

    ask: Ask | None = None
    tests: UnaryTests | None = None


_NAMED = (bool, Decimal, str, Date, DaysTime, YearsMonths)
"""Kinds of value that are looked up by equality. Times are not: a zone may be written in several ways."""
_ORDERED = (Decimal, str, Date, DateTime, DaysTime, YearsMonths)
"""Kinds of value that are looked up in intervals."""

_Span = tuple[Any, bool, Any, bool]
"""Start (None where open), whether closed, end, whether closed; ends are `order_key`s."""


@dataclass(slots=True)
class _Segments:
    """Points of one ordered kind and, for each point and each gap between, the rules whose intervals cover it."""

    points: list[Any]
    masks: list[int]

    def at(self, key: Any) -> int:
        index = bisect_left(self.points, key)
        hit = index < len(self.points) and self.points[index] == key
        return self.masks[2 * index + 1 if hit else 2 * index]


@dataclass(slots=True)
class Column:
    """The cells of one input clause, ready to be asked. `everything` are the rules that pass whatever the input is."""

    cells: Sequence[Cell]
    everything: int = 0
    equal: dict[type, dict[Any, int]] = field(default_factory=dict)
    negated: dict[type, tuple[int, dict[Any, int]]] = field(default_factory=dict)
    null: int = 0
    segments: dict[type, _Segments] = field(default_factory=dict)
    rest: int = 0

    def narrow(self, candidates: int, value: Any, scope: Any) -> int:
        """Those of the candidate rules whose cell passes. `value` is a FEEL value. Raises what a cell raises."""
        # A range may equal a range that is written in a cell: no index knows that.
        rest = ~self.everything if isinstance(value, Range) else self.rest
        passed = candidates & self._indexed(value)
        for number in bits(candidates & rest):
            ask = self.cells[number].ask
            if ask is None or ask(scope, value):
                passed |= 1 << number
        return passed

    def _indexed(self, value: Any) -> int:
        kind = type(value)
        found = self.everything
        if value is None:
            found |= self.null
            for all_of_kind, _ in self.negated.values():
                found |= all_of_kind
            return found
        if kind in self.equal:
            found |= self.equal[kind].get(value, 0)
        if kind in self.negated:
            all_of_kind, named = self.negated[kind]
            found |= all_of_kind & ~named.get(value, 0)
        if kind in self.segments:
            found |= self.segments[kind].at(order_key(value))
        return found


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def column(cells: Sequence[Cell]) -> Column:
    """Compiles a column."""
    made = Column(cells)
    spans: dict[type, dict[int, list[_Span]]] = {}
    for number, cell in enumerate(cells):
        bit = 1 << number
        if cell.ask is None:
            made.everything |= bit
        elif cell.tests is None or not _file(made, cell.tests, number, spans):
            made.rest |= bit
    for kind, parts in spans.items():
        _segment(made, kind, parts)
    return made


def _file(made: Column, tests: UnaryTests, number: int, spans: dict[type, dict[int, list[_Span]]]) -> bool:
    """Puts a cell into the index; False where it does not fit there."""
    bit = 1 << number
    if tests.any:
        made.everything |= bit
        return True
    if tests.syntax.negated:
        return _file_negated(made, tests, bit)
    values: list[Any] = []
    intervals: list[tuple[type, _Span]] = []
    for node in tests.syntax.tests:
        value = _named(node)
        if value is None or type(value) in _NAMED:
            values.append(value)
        elif span := _span(node, value):
            intervals.append(span)
        else:
            return False
    for value in values:
        if value is None:
            made.null |= bit
            continue
        named = made.equal.setdefault(type(value), {})
        named[value] = named.get(value, 0) | bit
    for kind, interval in intervals:
        spans.setdefault(kind, {}).setdefault(number, []).append(interval)
    return True


def _file_negated(made: Column, tests: UnaryTests, bit: int) -> bool:
    values = [_named(node) for node in tests.syntax.tests]
    kinds = {type(value) for value in values}
    if kinds not in ({str}, {Decimal}):
        return False
    (kind,) = kinds
    all_of_kind, named = made.negated.get(kind, (0, {}))
    for value in values:
        named[value] = named.get(value, 0) | bit
    made.negated[kind] = all_of_kind | bit, named
    return True


def _named(node: Node) -> Any:
    """The value that a test wants the input to equal or to lie in, or NOT_CONSTANT."""
    if isinstance(node, OperatorTest):
        return constant_value(node.operand) if node.operator == "=" else NOT_CONSTANT
    return constant_value(node)


def _span(node: Node, value: Any) -> tuple[type, _Span] | None:
    if isinstance(node, OperatorTest):
        end = constant_value(node.operand)
        if type(end) not in _ORDERED:
            return None
        key = order_key(end)
        spans: dict[str, _Span] = {
            "<": (None, False, key, False),
            "<=": (None, False, key, True),
            ">": (key, False, None, False),
            ">=": (key, True, None, False),
        }
        return (type(end), spans[node.operator]) if node.operator in spans else None
    if not isinstance(value, Range) or value.broken or type(value.start) is not type(value.end):
        return None
    if type(value.start) not in _ORDERED:
        return None
    ends = order_key(value.start), order_key(value.end)
    return type(value.start), (ends[0], value.start_closed, ends[1], value.end_closed)


def _segment(made: Column, kind: type, spans: dict[int, list[_Span]]) -> None:
    points = sorted({point for parts in spans.values() for part in parts for point in part[::2] if point is not None})
    if len(points) * 2 * len(made.cells) > MOST_BITS:
        for number in spans:
            made.rest |= 1 << number
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
    made.segments[kind] = _Segments(points, masks)


def _places(parts: Iterable[_Span], place: dict[Any, int], last: int) -> Iterator[tuple[int, int]]:
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
