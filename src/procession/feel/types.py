"""Whether a value is an instance of a FEEL type (DMN 10.3.2.9), and the implicit conversions of DMN 10.3.2.9.4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from procession.feel.syntax import ContextType, FunctionType, ListType, NamedType, RangeType, Type
from procession.feel.values import Date, DateTime, DaysTime, Function, Range, Time, YearsMonths


def _of(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


SIMPLE: dict[str, Callable[[Any], bool]] = {
    "Any": lambda value: value is not None,
    "any": lambda value: value is not None,
    "null": lambda value: value is None,
    "Null": lambda value: value is None,
    "number": _of(Decimal),
    "string": _of(str),
    "boolean": _of(bool),
    "date": _of(Date),
    "time": _of(Time),
    "date and time": _of(DateTime),
    "dateTime": _of(DateTime),
    "days and time duration": _of(DaysTime),
    "day-time duration": _of(DaysTime),
    "dayTimeDuration": _of(DaysTime),
    "years and months duration": _of(YearsMonths),
    "year-month duration": _of(YearsMonths),
    "yearMonthDuration": _of(YearsMonths),
    "list": _of(list),
    "context": _of(dict),
    "function": _of(Function),
    "range": _of(Range),
}
"""FEEL's types by name, also as DMN 1.1 wrote them."""


def conforms(value: Any, type_: Type, types: Mapping[str, Type], depth: int = 0) -> bool | None:
    """Whether a value is an instance of a type; None where the type's name is unknown. `types` are item definitions."""
    if depth > 50:
        return None
    match type_:
        case NamedType(name):
            if name in types:
                return conforms(value, types[name], types, depth + 1)
            simple = SIMPLE.get(name)
            return None if simple is None else simple(value)
        case ListType(element):
            if not isinstance(value, list):
                return False
            return all(_part(item, element, types, depth) for item in value)
        case ContextType(entries):
            if not isinstance(value, dict):
                return False
            return all(name in value and _part(value[name], inner, types, depth) for name, inner in entries)
        case RangeType(element):
            if not isinstance(value, Range):
                return False
            return all(_part(end, element, types, depth) for end in (value.start, value.end))
        case FunctionType(parameters, _):
            return isinstance(value, Function) and len(value.parameters) == len(parameters)


def _part(value: Any, type_: Type, types: Mapping[str, Type], depth: int) -> bool:
    # A null inside a list or context conforms to every type.
    return value is None or conforms(value, type_, types, depth + 1) is True


def accept(value: Any, type_: Type, types: Mapping[str, Type]) -> tuple[bool, Any]:
    """A value where a type is expected: itself, or converted (one item to and from a list, date to date and time)."""
    if value is None or (isinstance(type_, NamedType) and type_.name in ("Any", "any")):
        return True, value
    verdict = conforms(value, type_, types)
    if verdict is not False:
        return verdict is True, value
    if isinstance(value, list) and len(value) == 1 and conforms(value[0], type_, types):
        return True, value[0]
    if conforms([value], type_, types):
        return True, [value]
    if isinstance(value, Date) and type_ in (NamedType("date and time"), NamedType("dateTime")):
        return True, DateTime(value, Time(0, 0, 0, 0, 0))
    return False, None
