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
from types import NoneType
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
Look = Callable[[Any], int]
"""The rules whose indexed cells a key passes; the key of a value is `key_of` it."""

MOST_BITS = 2**28
"""Intervals that would take more bits than this in one column are not indexed; their cells are asked one by one."""


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
"""Start (None where open), whether closed, end, whether closed; ends are keys."""


def key_of(value: Any) -> Any:
    """What an index holds for a value of a kind: whole numbers as `int`, which equal their `Decimal` and compare fast."""
    if type(value) is Decimal and value.adjusted() < 34 and value == value.to_integral_value():
        return int(value)
    return order_key(value)


@dataclass(slots=True)
class Column:
    """The cells of one input clause, ready to be asked.

    `everything` are the rules that pass whatever the input is, `rest` those whose cell must be asked, `looks` has the
    look-up for every kind of FEEL value that a cell names; for other kinds only `everything` passes.
    """

    cells: Sequence[Cell]
    everything: int = 0
    rest: int = 0
    looks: dict[type, Look] = field(default_factory=dict)

    def narrow(self, candidates: int, value: Any, scope: Any) -> int:
        """Those of the candidate rules whose cell passes. `value` is a FEEL value. Raises what a cell raises."""
        # A range may equal a range that is written in a cell: no index knows that.
        rest = ~self.everything if isinstance(value, Range) else self.rest
        passed = candidates & self.indexed(value)
        return passed | self.ask(candidates & rest & ~passed, value, scope) if rest else passed

    def possible(self, value: Any) -> int:
        """The rules that may pass, as far as the index tells: none that is left out would pass if it were asked."""
        return ~0 if isinstance(value, Range) else self.indexed(value) | self.rest

    def indexed(self, value: Any) -> int:
        """The rules that pass by the index alone."""
        look = self.looks.get(type(value))
        return self.everything if look is None else look(order_key(value))

    def ask(self, candidates: int, value: Any, scope: Any) -> int:
        """Those of the candidate rules whose cell passes when it is asked."""
        passed = 0
        for number in bits(candidates):
            ask = self.cells[number].ask
            if ask is None or ask(scope, value):
                passed |= 1 << number
        return passed


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@dataclass(slots=True)
class _Kind:
    """What the cells of a column say about one kind of value, by rule; rules are bits."""

    equal: dict[Any, int] = field(default_factory=dict)
    negated: int = 0
    excepted: dict[Any, int] = field(default_factory=dict)
    spans: dict[int, list[_Span]] = field(default_factory=dict)

    def at(self, key: Any) -> int:
        """The rules that pass for a value that is named somewhere, less those whose intervals hold it."""
        return self.equal.get(key, 0) | self.negated & ~self.excepted.get(key, 0)


def column(cells: Sequence[Cell]) -> Column:
    """Compiles a column."""
    made = Column(cells)
    kinds: dict[type, _Kind] = {}
    null = 0
    for number, cell in enumerate(cells):
        bit = 1 << number
        if cell.ask is None or (cell.tests is not None and cell.tests.any):
            made.everything |= bit
            continue
        passes_null = None if cell.tests is None else _file(kinds, cell.tests, number)
        if passes_null is None:
            made.rest |= bit
        elif passes_null:
            null |= bit
    for kind, said in kinds.items():
        look = _intervals(said, made.everything) if said.spans else None
        if said.spans and look is None:
            for number in said.spans:
                made.rest |= 1 << number
        made.looks[kind] = look or _names(said, made.everything)
    null |= made.everything
    made.looks[NoneType] = lambda key: null
    return made


def _file(kinds: dict[type, _Kind], tests: UnaryTests, number: int) -> bool | None:
    """Puts a cell into the index: whether null passes it; None where it does not fit there."""
    bit = 1 << number
    nodes = tests.syntax.tests
    if tests.syntax.negated:
        return _file_negated(kinds, [_named(node) for node in nodes], bit)
    if len(nodes) == 1 and isinstance(nodes[0], OperatorTest) and nodes[0].operator == "!=":
        return _file_negated(kinds, [constant_value(nodes[0].operand)], bit)
    values: list[Any] = []
    intervals: list[tuple[type, _Span]] = []
    for node in nodes:
        value = _named(node)
        if value is None or type(value) in _NAMED:
            values.append(value)
        elif span := _span(node, value):
            intervals.append(span)
        else:
            return None
    for value in values:
        if value is not None:
            named = kinds.setdefault(type(value), _Kind()).equal
            key = key_of(value)
            named[key] = named.get(key, 0) | bit
    for kind, interval in intervals:
        kinds.setdefault(kind, _Kind()).spans.setdefault(number, []).append(interval)
    return None in values


def _file_negated(kinds: dict[type, _Kind], values: list[Any], bit: int) -> bool | None:
    found = {type(value) for value in values}
    if found not in ({str}, {Decimal}):
        return None
    said = kinds.setdefault(found.pop(), _Kind())
    said.negated |= bit
    for key in map(key_of, values):
        said.excepted[key] = said.excepted.get(key, 0) | bit
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
        key = key_of(end)
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
    return type(value.start), (key_of(value.start), value.start_closed, key_of(value.end), value.end_closed)


# --- look-ups --------------------------------------------------------------------------------------------------------


def _names(said: _Kind, everything: int) -> Look:
    masks = {key: everything | said.at(key) for key in (*said.equal, *said.excepted)}
    others = everything | said.negated
    return lambda key: masks.get(key, others)


def _intervals(said: _Kind, everything: int) -> Look | None:
    """Sorted points; for each point and each gap between, the rules that pass. None where they would be too many."""
    points = {point for parts in said.spans.values() for part in parts for point in part[::2] if point is not None}
    ordered = sorted(points | said.equal.keys() | said.excepted.keys())
    place = {point: 2 * index + 1 for index, point in enumerate(ordered)}
    turns = [0] * (2 * len(ordered) + 2)
    for number, parts in said.spans.items():
        for first, last in _merged(_places(parts, place, 2 * len(ordered))):
            turns[first] ^= 1 << number
            turns[last + 1] ^= 1 << number
    masks: list[int] = []
    shared: dict[int, int] = {}
    now = size = 0
    for index, turn in enumerate(turns[:-1]):
        now ^= turn
        mask = now | everything | (said.at(ordered[index // 2]) if index % 2 else said.negated)
        masks.append(shared.setdefault(mask, mask))
        if masks[-1] is mask:
            size += mask.bit_length()
            if size > MOST_BITS:
                return None
    count = len(ordered)

    def look(key: Any) -> int:
        index = bisect_left(ordered, key)
        return masks[2 * index + 1 if index < count and ordered[index] == key else 2 * index]

    return look


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
