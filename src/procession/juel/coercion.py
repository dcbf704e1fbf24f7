"""Java EL's coercions (JSR 245, 1.18) between the values of processes, and how Java writes values as text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from procession.expressions import Bean
from procession.juel.faults import Fault
from procession.juel.moments import Moment
from procession.juel.spin import Json, JsonMatch, Xml, XmlAttribute
from procession.values import (
    INT_MAX,
    INT_MIN,
    LONG_MAX,
    LONG_MIN,
    FileValue,
    JsonValue,
    Long,
    ObjectValue,
    Short,
    TypedValue,
    XmlValue,
)

MOST_TEXT = 4_000_000

_LONG = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_DOUBLE = re.compile(r"\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[dDfF]?|NaN|Infinity)\s*", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SPIN = "org.camunda.spin.impl."


def plain(value: Any) -> Any:
    """The value that operators and methods work on: JSON and XML as nodes, objects as their content, sets as lists."""
    match value:
        case None | bool() | int() | float() | str() | list() | dict() | datetime():
            return value
        case TypedValue():
            return plain(value.value)
        case JsonValue():
            return Json.read(value.text)
        case XmlValue():
            return Xml.read(value.text)
        case ObjectValue() if value.value is not None:
            return value.value
        case Decimal():
            return float(value)
        case tuple() | set() | frozenset():
            return list(value)
        case _:
            return value


def stored(value: Any) -> Any:
    """The value of a process that a result of the language is: nodes become JSON or XML, moments become dates."""
    match value:
        case Json():
            return JsonValue(value.text())
        case Xml():
            return XmlValue(value.text())
        case Moment():
            return value.time
        case list():
            return (
                [stored(item) for item in value]
                if any(isinstance(item, (Json, Xml, Moment)) for item in value)
                else value
            )
        case JsonMatch() | XmlAttribute():
            return value.text()
        case _:
            return value


def java_class(value: Any) -> str:
    """The name of the Java class that Camunda would have here."""
    match value:
        case None:
            return "null"
        case bool():
            return "java.lang.Boolean"
        case Long():
            return "java.lang.Long"
        case Short():
            return "java.lang.Short"
        case int():
            return "java.lang.Integer" if INT_MIN <= value <= INT_MAX else "java.lang.Long"
        case float():
            return "java.lang.Double"
        case str():
            return "java.lang.String"
        case datetime():
            return "java.util.Date"
        case list():
            return "java.util.ArrayList"
        case Mapping():
            return "java.util.LinkedHashMap"
        case bytes():
            return "[B"
        case Moment():
            return "org.joda.time.DateTime"
        case Json():
            return _SPIN + "json.jackson.JacksonJsonNode"
        case JsonMatch():
            return _SPIN + "json.jackson.query.JacksonJsonPathQuery"
        case Xml():
            return _SPIN + "xml.dom.DomXmlElement"
        case XmlAttribute():
            return _SPIN + "xml.dom.DomXmlAttribute"
        case FileValue():
            return "java.io.ByteArrayInputStream"
        case ObjectValue():
            return value.type_name or "java.lang.Object"
        case _:
            return type(value).__name__


def coerce_boolean(value: Any) -> bool:
    """True or false; null and '' are false, text is true where it reads "true". Raises Fault for anything else."""
    match value:
        case bool():
            return value
        case None | "":
            return False
        case str():
            return value.lower() == "true"
        case _:
            raise _cannot(value, "java.lang.Boolean")


def coerce_long(value: Any) -> int:
    """A 64-bit integer; null and '' are 0, fractions are cut off. Raises Fault for anything else."""
    match value:
        case bool():
            raise _cannot(value, "java.lang.Long")
        case int():
            return value
        case None | "":
            return 0
        case float():
            if math.isnan(value):
                return 0
            return LONG_MAX if value >= LONG_MAX else LONG_MIN if value <= LONG_MIN else int(value)
        case str():
            if not _LONG.fullmatch(value) or not LONG_MIN <= int(value) <= LONG_MAX:
                raise Fault(f"Cannot coerce '{value[:200]}' to class java.lang.Long")
            return int(value)
        case _:
            raise _cannot(value, "java.lang.Long")


def coerce_double(value: Any) -> float:
    """A double; null and '' are 0. Raises Fault for anything else."""
    match value:
        case bool():
            raise _cannot(value, "java.lang.Double")
        case int() | float():
            return float(value)
        case None | "":
            return 0.0
        case str():
            if not _DOUBLE.fullmatch(value):
                raise Fault(f"Cannot coerce '{value[:200]}' to class java.lang.Double")
            return float(value.strip().rstrip("dDfF"))
        case _:
            raise _cannot(value, "java.lang.Double")


def coerce_number(value: Any) -> Long | float:
    """A number as arithmetic takes it: Double for doubles and text with a point or exponent, Long otherwise."""
    return coerce_double(value) if is_floating(value) else Long(coerce_long(value))


def coerce_string(value: Any) -> str:
    """Text as composite expressions join it; null is ''. Bounded to four million characters."""
    text = _text(value)
    if len(text) > MOST_TEXT:
        raise Fault(f"the text is longer than {MOST_TEXT} characters")
    return text


def is_floating(value: Any) -> bool:
    """Whether arithmetic with this value is floating-point."""
    return isinstance(value, float) or (isinstance(value, str) and any(mark in value for mark in ".eE"))


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value))
        case float():
            return double_text(value)
        case datetime():
            clock = f"{value:%H:%M:%S}"
            day = f"{_WEEKDAYS[value.weekday()]} {_MONTHS[value.month - 1]} {value.day:02}"
            return f"{day} {clock} {value.tzname() or 'UTC'} {value.year}"
        case list():
            return "[" + ", ".join(_item(item) for item in value) + "]"
        case Mapping():
            return "{" + ", ".join(f"{_item(key)}={_item(item)}" for key, item in value.items()) + "}"
        case Json() | Xml() | Moment() | JsonMatch() | XmlAttribute():
            return value.text()
        case JsonValue() | XmlValue():
            return value.text
        case TypedValue() | ObjectValue() | Decimal() | tuple() | set() | frozenset():
            content = plain(value)
            return java_class(value) if content is value else _text(content)
        case Bean():
            try:
                return str(value.call_method("toString", []))
            except KeyError:
                return java_class(value)
        case _:
            return java_class(value)


def _item(value: Any) -> str:
    return "null" if value is None else _text(value)


def double_text(value: float) -> str:
    """`Double.toString` of Java: 3.0, 1.0E10, NaN, Infinity."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        text = format(Decimal(repr(value)), "f")
        return text if "." in text else text + ".0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    rest = "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{digits[0]}.{rest}E{exponent + len(digits) - 1}"


def milliseconds(moment: datetime) -> Long:
    """Milliseconds since 1970 in UTC."""
    return Long((moment - _EPOCH) // timedelta(milliseconds=1))


def _cannot(value: Any, target: str) -> Fault:
    return Fault(f"Cannot coerce from class {java_class(value)} to class {target}")
