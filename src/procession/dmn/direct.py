"""Decision tables as plain functions: variables in, the value out; no records, no warnings, no FEEL values in between.

Only what is provably the same goes this way: inputs that are variables (or entries of contexts in them) and hold a text,
a number, a boolean, a date or null, cells that are indexed, and outputs that are constant. For everything else the
function evaluates as `deciding` does, so both always agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import NoneType
from typing import Any

from procession.dmn.index import Column, Look
from procession.dmn.items import Fit, Types, converted
from procession.dmn.model import HitPolicy
from procession.dmn.tables import CompiledTable
from procession.feel import Date, Evaluation, Null, from_feel, to_feel
from procession.feel.builtins import BUILTINS
from procession.feel.builtins.registry import call
from procession.feel.types import SIMPLE
from procession.values import Long, Short

Decide = Callable[[Mapping[str, Any]], Any]
"""Process variables to the value of a decision, in process values."""

_EXACT = 10**34
"""Whole numbers below this are FEEL numbers without rounding."""
_LONGEST_KEPT = 30
"""Characters of a text whose day is remembered."""
_DAY_1970 = date(1970, 1, 1).toordinal()
_PLAIN = (str, bool, int, Long, float, NoneType, date)
"""Kinds of output that may be given out again and again: nobody can change them."""
_UNKNOWN: Any = object()
_UNMADE: Any = object()

_Looks = Mapping[type, Look]
"""Look-ups by the Python type of a process value."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a decision requires that are only inputs: `given` has their names and types, `hidden` cannot be read."""

    given: Mapping[str, str | None]
    hidden: frozenset[str]
    types: Types


def direct(table: CompiledTable, required: Requirements, type_: str | None, whole: Decide) -> Decide:
    """A function for a table whose result is of the type `type_`; `whole` evaluates in full."""
    given, types = required.given, required.types
    reads: list[tuple[str, Any, tuple[str, ...], _Looks, _Looks | None]] = []
    asked = 0
    for one in table.clauses:
        name = one.path[0] if one.path else ""
        declared = given.get(name)
        if not name or (name not in given and name in required.hidden):
            return whole
        if one.dated and ("date" in given or "date" in required.hidden):
            return whole
        if (len(one.path) > 1 or one.dated) and types.fit(declared) is not None:
            return whole
        if one.limits is not None and one.limits.rest:
            return whole
        fits = [(type_name, fit) for type_name in (declared, one.type) if (fit := types.fit(type_name)) is not None]
        look_ups = _dated if one.dated else _looks
        allowed = None if one.limits is None else look_ups(one.limits, fits, types)
        # The name of a built-in function is that function where no variable has it: no look-up knows functions.
        missing = _UNKNOWN if name in BUILTINS and name not in given else None
        reads.append((name, missing, one.path[1:], look_ups(one.cells, fits, types), allowed))
        asked |= one.cells.rest
    answer = _answer(table, type_, types)
    everything = (1 << len(table.table.rules)) - 1

    def decide(variables: Mapping[str, Any]) -> Any:
        found = everything
        refused = False
        for name, missing, path, looks, allowed in reads:
            value = variables.get(name, missing)
            for part in path:
                if type(value) is not dict:
                    return whole(variables)
                value = value.get(part)
            look = looks.get(type(value))
            if look is None:
                return whole(variables)
            found &= look(value)
            if allowed is not None and not allowed[type(value)](value):
                refused = True
        if found & asked:
            return whole(variables)
        if refused:
            return None
        given = answer(found)
        return whole(variables) if given is _UNKNOWN else given

    return decide


# --- inputs ----------------------------------------------------------------------------------------------------------


def _looks(column: Column, fits: list[tuple[str | None, Fit]], types: Types) -> _Looks:
    """How the rules are looked up that may match a process value; no entry for kinds that are read in full."""
    looks = {kind: _look(column, kind) for kind in _SAMPLES}
    for name, fit in fits:
        if name in types.definitions or name not in SIMPLE:
            return dict.fromkeys(_SAMPLES, _checked(column, [fit for _, fit in fits]))
        for kind, sample in _SAMPLES.items():
            if sample is not None and fit(sample, 0) != (True, sample):
                looks.pop(kind, None)
    return looks


_SAMPLES: Mapping[type, Any] = {
    str: "",
    bool: True,
    NoneType: None,
    int: Decimal(0),
    Long: Decimal(0),
    Short: Decimal(0),
    float: Decimal(0),
    date: Date(1970, 1, 1),
}
"""The types of process values that are looked up, each with a FEEL value of the same kind."""


def _look(column: Column, kind: type) -> Look:
    look = _keyed(column, type(_SAMPLES[kind]))
    if kind is date:
        return lambda day: look(day.toordinal() - _DAY_1970)
    if kind is float:
        return lambda value: column.possible(to_feel(value))
    if type(_SAMPLES[kind]) is Decimal:
        return lambda value: look(value) if -_EXACT < value < _EXACT else column.possible(to_feel(value))
    return look


def _keyed(column: Column, kind: type) -> Look:
    """The rules that may match, by the key of a FEEL value."""
    rest = column.rest
    found = column.looks.get(kind)
    if found is None:
        always = column.everything | rest
        return lambda key: always
    return (lambda key: found(key) | rest) if rest else found


def _dated(column: Column, fits: list[tuple[str | None, Fit]], types: Types) -> _Looks:
    """The same for the input `date(x)`: texts are read once."""
    looks = _looks(column, fits, types)
    if any(name in types.definitions or name not in SIMPLE for name, _ in fits) or date not in looks:
        return {}
    day, null = _keyed(column, Date), _keyed(column, NoneType)

    def look(text: str) -> int:
        key = _kept_day(text) if len(text) < _LONGEST_KEPT else _day(text)
        return null(key) if key is None else day(key)

    return {str: look, NoneType: null}


def _day(text: str) -> int | None:
    try:
        found = call(BUILTINS["date"], Evaluation(), [text])
    except Null:
        return None
    return found.ordinal() if isinstance(found, Date) else None


_kept_day = lru_cache(maxsize=4096)(_day)


def _checked(column: Column, fits: list[Fit]) -> Look:
    def look(value: Any) -> int:
        found = to_feel(value)
        for fit in fits:
            if found is not None:
                found = converted(fit, found)[1]
        return column.possible(found)

    return look


# --- results ---------------------------------------------------------------------------------------------------------


def _answer(table: CompiledTable, type_: str | None, types: Types) -> Callable[[int], Any]:
    """From the rules that match to the value; _UNKNOWN where it must be worked out in full."""
    policy, single = table.table.policy, len(table.names) == 1
    lists = policy in (HitPolicy.COLLECT, HitPolicy.RULE_ORDER)
    count = len(table.table.rules)
    rows: list[Any] = [_UNMADE] * (count + 1)  # the last is for "no rule matches"
    fit = types.fit(type_)

    def row(number: int) -> Any:
        value = rows[number]
        if value is _UNMADE:
            value = rows[number] = make(number)
        return value if single or value is None or value is _UNKNOWN else value.copy()

    def make(number: int) -> Any:
        if number == count and not table.defaults:
            return None
        found = table.constant_row(None if number == count else number)
        if found is None:
            return _UNKNOWN
        value = found[0] if single else dict(zip(table.names, found, strict=True))
        if fit is not None and value is not None:
            value = converted(fit, value)[1]
        plain = from_feel(value)
        parts = plain.values() if not single and type(plain) is dict else (plain,)
        return plain if all(type(part) in _PLAIN for part in parts) else _UNKNOWN

    def one(found: int) -> Any:
        if not found:
            return row(count)
        low = found & -found
        if low != found and policy is not HitPolicy.FIRST:
            return None if policy is HitPolicy.UNIQUE else _UNKNOWN
        return row(low.bit_length() - 1)

    def several(found: int) -> Any:
        if not found:
            return row(count)
        values = []
        while found:
            low = found & -found
            found ^= low
            value = row(low.bit_length() - 1)
            if value is _UNKNOWN:
                return value
            values.append(value)
        return values

    if table.table.aggregation is not None or (lists and fit is not None) or policy is HitPolicy.OUTPUT_ORDER:
        return lambda found: _UNKNOWN
    return several if lists else one
