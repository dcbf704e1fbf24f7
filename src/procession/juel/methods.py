"""The Java methods that expressions may call on values, as data: one table per type, name -> overloads.

A method is its parameters and a function of the receiver and the arguments. A parameter is one letter: `i` int, `l`
long, `s` String (anything becomes text), `c` CharSequence (text only), `o` any object, `m` a moment, `t` a date. What
is not in these tables does not exist; nothing here changes a value. A property `x` is a method `getX` or `isX` without
parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import re2  # type: ignore[import-untyped]

from procession.juel.coercion import MOST_TEXT, coerce_long, coerce_string, double_text, java_class, milliseconds
from procession.juel.faults import Thrown
from procession.juel.moments import UNITS, Moment
from procession.juel.operators import same
from procession.juel.spin import Json, JsonMatch, Xml, XmlAttribute
from procession.values import INT_MAX, INT_MIN, Long

Method = tuple[str, Callable[..., Any]]
Table = dict[str, tuple[Method, ...]]

_MOST_PATTERN = 1000


def _slice(text: str, begin: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= begin <= stop <= len(text):
        reason = f"begin {begin}, end {stop}, length {len(text)}"
        raise Thrown(f"java.lang.StringIndexOutOfBoundsException: {reason}")
    return text[begin:stop]


def _character(text: str, index: int) -> str:
    if not 0 <= index < len(text):
        reason = f"index {index}, length {len(text)}"
        raise Thrown(f"java.lang.StringIndexOutOfBoundsException: {reason}")
    return text[index]


def _pattern(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = False
    if len(text) > _MOST_PATTERN:
        raise Thrown("java.util.regex.PatternSyntaxException: the pattern is too long")
    try:
        return re2.compile(text, options)
    except re2.error as fault:
        raise Thrown(f"java.util.regex.PatternSyntaxException: {fault}") from fault


def _replaced(text: str, pattern: str, replacement: str, count: int = 0) -> str:
    if len(replacement) * (len(text) + 1) > MOST_TEXT:
        raise Thrown("java.lang.OutOfMemoryError: the text becomes too long")
    # Groups in the replacement ($1) are not provided: the text is taken as it is written.
    if "$" in replacement or "\\" in replacement:
        raise Thrown("java.lang.IllegalArgumentException: Illegal group reference")
    return str(_pattern(pattern).sub(lambda _: replacement, text, count))


def _replaced_text(text: str, old: str, new: str) -> str:
    if (len(text) // max(len(old), 1) + 1) * len(new) > MOST_TEXT:
        raise Thrown("java.lang.OutOfMemoryError: the text becomes too long")
    return text.replace(old, new)


def _split(text: str, pattern: str, limit: int = 0) -> list[str]:
    parts = [str(part) for part in _pattern(pattern).split(text, max(limit - 1, 0))] if limit != 1 else [text]
    if limit == 0:
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
    return parts


def _repeated(text: str, count: int) -> str:
    if count < 0 or count * len(text) > MOST_TEXT:
        raise Thrown(f"java.lang.IllegalArgumentException: count is out of range: {count}")
    return text * count


def _ordered(left: str, right: str) -> int:
    for one, other in zip(left, right, strict=False):
        if one != other:
            return ord(one) - ord(other)
    return len(left) - len(right)


def _hash(text: str) -> int:
    data = text.encode("utf-16-be", "surrogatepass")
    result = 0
    for place in range(0, len(data), 2):
        result = (result * 31 + (data[place] << 8 | data[place + 1])) & 0xFFFFFFFF
    return result - 2**32 if result >= 2**31 else result


def _join(_: str, separator: str, items: Any) -> str:
    if not isinstance(items, list):
        raise Thrown("java.lang.IllegalArgumentException: join needs a list")
    return separator.join("null" if item is None else coerce_string(item) for item in items)


def _item(items: list[Any], index: int) -> Any:
    if not 0 <= index < len(items):
        raise Thrown(f"java.lang.IndexOutOfBoundsException: Index {index} out of bounds for length {len(items)}")
    return items[index]


def _part(items: list[Any], begin: int, end: int) -> list[Any]:
    if not 0 <= begin <= end <= len(items):
        raise Thrown(f"java.lang.IndexOutOfBoundsException: fromIndex: {begin}, toIndex: {end}, size: {len(items)}")
    return items[begin:end]


def _place(items: list[Any], wanted: Any, last: bool = False) -> int:
    places = range(len(items) - 1, -1, -1) if last else range(len(items))
    return next((place for place in places if same(items[place], wanted)), -1)


def _contains_all(items: list[Any], wanted: Any) -> bool:
    return isinstance(wanted, list) and all(_place(items, item) >= 0 for item in wanted)


def entry(values: Mapping[Any, Any], key: Any) -> Any:
    """The value of a key in a map, or None; keys are equal as in Java."""
    if isinstance(key, str):
        return values.get(key)
    return next((value for other, value in values.items() if same(other, key)), None)


def _has_key(values: Mapping[Any, Any], key: Any) -> bool:
    return key in values if isinstance(key, str) else any(same(other, key) for other in values)


def _compared(left: Any, right: Any) -> int:
    if java_class(left) != java_class(right):
        reason = f"class {java_class(right)} cannot be cast to class {java_class(left)}"
        raise Thrown(f"java.lang.ClassCastException: {reason}")
    return int(left > right) - int(left < right)


def _int(value: Any) -> int:
    # Java limits a double and cuts off the upper half of a long.
    number = int(coerce_long(value))
    return max(INT_MIN, min(INT_MAX, number)) if isinstance(value, float) else (number - INT_MIN) % 2**32 + INT_MIN


def _long(value: Any) -> Long:
    return Long(coerce_long(value))


OBJECT: Table = {
    "equals": (("o", same),),
    "toString": (("", coerce_string),),
}
STRING: Table = {
    "length": (("", len),),
    "isEmpty": (("", lambda text: not text),),
    "isBlank": (("", lambda text: not text.strip()),),
    "toUpperCase": (("", str.upper),),
    "toLowerCase": (("", str.lower),),
    "trim": (("", str.strip),),
    "strip": (("", str.strip),),
    "contains": (("c", lambda text, part: part in text),),
    "startsWith": (
        ("s", lambda text, part: text.startswith(part)),
        ("si", lambda text, part, begin: begin >= 0 and text.startswith(part, begin)),
    ),
    "endsWith": (("s", lambda text, part: text.endswith(part)),),
    "indexOf": (
        ("s", lambda text, part: text.find(part)),
        ("si", lambda text, part, begin: text.find(part, max(begin, 0))),
    ),
    "lastIndexOf": (("s", lambda text, part: text.rfind(part)),),
    "substring": (("i", _slice), ("ii", _slice)),
    "charAt": (("i", _character),),
    "concat": (("s", lambda text, other: text + other),),
    "replace": (("cc", _replaced_text),),
    "replaceAll": (("ss", _replaced),),
    "replaceFirst": (("ss", lambda text, pattern, other: _replaced(text, pattern, other, 1)),),
    "matches": (("s", lambda text, pattern: _pattern(pattern).fullmatch(text) is not None),),
    "split": (("s", _split), ("si", _split)),
    "repeat": (("i", _repeated),),
    "equalsIgnoreCase": (("s", lambda text, other: text.casefold() == other.casefold()),),
    "compareTo": (("s", _ordered),),
    "compareToIgnoreCase": (("s", lambda text, other: _ordered(text.lower(), other.lower())),),
    "hashCode": (("", _hash),),
    "join": (("so", _join),),
    "valueOf": (("o", lambda _, value: "null" if value is None else coerce_string(value)),),
}
NUMBER: Table = {
    "intValue": (("", _int),),
    "longValue": (("", _long),),
    "doubleValue": (("", float),),
    "floatValue": (("", float),),
    "toString": (("", lambda number: double_text(number) if isinstance(number, float) else str(int(number))),),
    "compareTo": (("o", _compared),),
    "isNaN": (("", lambda number: number != number),),
}
BOOLEAN: Table = {
    "booleanValue": (("", bool),),
    "compareTo": (("o", _compared),),
}
LIST: Table = {
    "size": (("", len),),
    "isEmpty": (("", lambda items: not items),),
    "get": (("i", _item),),
    "contains": (("o", lambda items, wanted: _place(items, wanted) >= 0),),
    "containsAll": (("o", _contains_all),),
    "indexOf": (("o", _place),),
    "lastIndexOf": (("o", lambda items, wanted: _place(items, wanted, last=True)),),
    "subList": (("ii", _part),),
}
MAP: Table = {
    "size": (("", len),),
    "isEmpty": (("", lambda values: not values),),
    "get": (("o", entry),),
    "getOrDefault": (("oo", lambda values, key, default: entry(values, key) if _has_key(values, key) else default),),
    "containsKey": (("o", _has_key),),
    "containsValue": (("o", lambda values, wanted: _place(list(values.values()), wanted) >= 0),),
    "keySet": (("", list),),
    "values": (("", lambda values: list(values.values())),),
}
DATE: Table = {
    "getTime": (("", milliseconds),),
    "before": (("t", lambda date, other: date < other),),
    "after": (("t", lambda date, other: date > other),),
    "compareTo": (("o", _compared),),
    "getYear": (("", lambda date: date.year - 1900),),
    "getMonth": (("", lambda date: date.month - 1),),
    "getDate": (("", lambda date: date.day),),
    "getDay": (("", lambda date: date.isoweekday() % 7),),
    "getHours": (("", lambda date: date.hour),),
    "getMinutes": (("", lambda date: date.minute),),
    "getSeconds": (("", lambda date: date.second),),
}


def _shift(sign: int, unit: str) -> Callable[[Moment, int], Moment]:
    return lambda moment, count: moment.plus(sign, unit, count)


def _with(*fields: str) -> Callable[..., Moment]:
    def apply(moment: Moment, *values: int) -> Moment:
        scaled = [value * 1000 if name == "microsecond" else value for name, value in zip(fields, values, strict=True)]
        return moment.with_fields(**dict(zip(fields, scaled, strict=True)))

    return apply


_FIELDS: dict[str, Callable[[datetime], int]] = {
    "Year": lambda time: time.year,
    "MonthOfYear": lambda time: time.month,
    "WeekOfWeekyear": lambda time: time.isocalendar().week,
    "Weekyear": lambda time: time.isocalendar().year,
    "DayOfYear": lambda time: time.timetuple().tm_yday,
    "DayOfMonth": lambda time: time.day,
    "DayOfWeek": lambda time: time.isoweekday(),
    "HourOfDay": lambda time: time.hour,
    "MinuteOfHour": lambda time: time.minute,
    "MinuteOfDay": lambda time: time.hour * 60 + time.minute,
    "SecondOfMinute": lambda time: time.second,
    "SecondOfDay": lambda time: (time.hour * 60 + time.minute) * 60 + time.second,
    "MillisOfSecond": lambda time: time.microsecond // 1000,
}


def _field(read: Callable[[datetime], int]) -> Callable[[Moment], int]:
    return lambda moment: read(moment.time)


MOMENT: Table = {
    "toDate": (("", lambda moment: moment.time),),
    "toDateTime": (("", lambda moment: moment),),
    "toString": (("", Moment.text), ("s", Moment.formatted)),
    "getMillis": (("", lambda moment: milliseconds(moment.time)),),
    "isBefore": (("m", lambda moment, other: moment.time < other.time), ("l", lambda m, ms: milliseconds(m.time) < ms)),
    "isAfter": (("m", lambda moment, other: moment.time > other.time), ("l", lambda m, ms: milliseconds(m.time) > ms)),
    "isEqual": (
        ("m", lambda moment, other: moment.time == other.time),
        ("l", lambda m, ms: milliseconds(m.time) == ms),
    ),
    "isBeforeNow": (("", lambda moment: moment.time < moment.now),),
    "isAfterNow": (("", lambda moment: moment.time > moment.now),),
    "isEqualNow": (("", lambda moment: moment.time == moment.now),),
    "compareTo": (("m", lambda moment, other: (moment.time > other.time) - (moment.time < other.time)),),
    "plus": (("l", _shift(1, "Millis")),),
    "minus": (("l", _shift(-1, "Millis")),),
    **{f"plus{unit}": (("i", _shift(1, unit)),) for unit in ("Years", "Months", "Weeks", "Days", *UNITS)},
    **{f"minus{unit}": (("i", _shift(-1, unit)),) for unit in ("Years", "Months", "Weeks", "Days", *UNITS)},
    **{f"get{name}": (("", _field(read)),) for name, read in _FIELDS.items()},
    "withYear": (("i", _with("year")),),
    "withMonthOfYear": (("i", _with("month")),),
    "withDayOfMonth": (("i", _with("day")),),
    "withDayOfWeek": (("i", _with("weekday")),),
    "withHourOfDay": (("i", _with("hour")),),
    "withMinuteOfHour": (("i", _with("minute")),),
    "withSecondOfMinute": (("i", _with("second")),),
    "withMillisOfSecond": (("i", _with("microsecond")),),
    "withDate": (("iii", _with("year", "month", "day")),),
    "withTime": (("iiii", _with("hour", "minute", "second", "microsecond")),),
    "withTimeAtStartOfDay": (("", lambda moment: moment.with_fields(hour=0, minute=0, second=0, microsecond=0)),),
}


def _of_kind(*kinds: str) -> Callable[[Json], Any]:
    return lambda node: node.of_kind(*kinds)


def _is_kind(*kinds: str) -> Callable[[Json], bool]:
    return lambda node: node.kind in kinds


def _element(read: Callable[[Json], Any]) -> Callable[[JsonMatch], Any]:
    return lambda match: read(match.element())


_VALUES = ("STRING", "NUMBER", "BOOLEAN", "NULL")
JSON: Table = {
    "prop": (("s", Json.child),),
    "hasProp": (("s", lambda node, name: isinstance(node.value, dict) and name in node.value),),
    "fieldNames": (("", lambda node: list(node.of_kind("OBJECT"))),),
    "elements": (("", Json.elements),),
    "contains": (
        ("o", lambda node, wanted: any(type(i) is type(wanted) and i == wanted for i in node.of_kind("ARRAY"))),
    ),
    "indexOf": (("o", Json.index),),
    "lastIndexOf": (("o", lambda node, wanted: node.index(wanted, last=True)),),
    "value": (("", _of_kind(*_VALUES)),),
    "stringValue": (("", _of_kind("STRING")),),
    "numberValue": (("", _of_kind("NUMBER")),),
    "boolValue": (("", _of_kind("BOOLEAN")),),
    "isObject": (("", _is_kind("OBJECT")),),
    "isArray": (("", _is_kind("ARRAY")),),
    "isString": (("", _is_kind("STRING")),),
    "isNumber": (("", _is_kind("NUMBER")),),
    "isBoolean": (("", _is_kind("BOOLEAN")),),
    "isNull": (("", _is_kind("NULL")),),
    "isValue": (("", _is_kind(*_VALUES)),),
    "jsonPath": (("s", Json.find),),
}
JSON_MATCH: Table = {
    "element": (("", JsonMatch.element),),
    "elementList": (("", JsonMatch.elements),),
    "stringValue": (("", _element(_of_kind("STRING"))),),
    "numberValue": (("", _element(_of_kind("NUMBER"))),),
    "boolValue": (("", _element(_of_kind("BOOLEAN"))),),
}
XML: Table = {
    "name": (("", Xml.name),),
    "namespace": (("", Xml.namespace),),
    "textContent": (("", Xml.content),),
    "hasAttr": (("s", Xml.has_attribute),),
    "attr": (("s", Xml.attribute),),
    "attrs": (("", Xml.attributes),),
    "childElement": (("s", lambda node, name: node.children(name)[0]),),
    "childElements": (("", Xml.children), ("s", Xml.children)),
}
XML_ATTRIBUTE: Table = {
    "name": (("", lambda attribute: attribute.name),),
    "value": (("", lambda attribute: attribute.value),),
}

# In this order, because bool is an int.
TABLES: tuple[tuple[type, Table], ...] = (
    (bool, BOOLEAN),
    (str, STRING),
    (int, NUMBER),
    (float, NUMBER),
    (list, LIST),
    (Mapping, MAP),
    (datetime, DATE),
    (Moment, MOMENT),
    (Json, JSON),
    (JsonMatch, JSON_MATCH),
    (Xml, XML),
    (XmlAttribute, XML_ATTRIBUTE),
)


def table_of(value: Any) -> Table:
    """The methods of a value besides those of OBJECT; an empty table for values that have none."""
    return next((table for kind, table in TABLES if isinstance(value, kind)), {})
