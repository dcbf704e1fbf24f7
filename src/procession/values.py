"""Values as processes see them: plain Python values plus the few types of Camunda 7 that Python lacks.

| Camunda 7 type            | Python value here                                                     |
|---------------------------|-----------------------------------------------------------------------|
| Null, Boolean, String     | None, bool, str                                                       |
| Integer                   | int (within 32 bits)                                                  |
| Short, Long               | Short, Long (int subclasses that remember their width)                |
| Double                    | float                                                                 |
| Date                      | datetime with a time zone                                             |
| Bytes                     | bytes                                                                 |
| File                      | FileValue                                                             |
| Json, Xml                 | JsonValue, XmlValue (text kept as it came)                            |
| Object                    | list or dict (format application/json), else ObjectValue (opaque text) |

FEEL adds decimal.Decimal, date, time, timedelta and its own year-month duration (`feel.values`).
This file does not know where values are stored or how an API writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1


class Long(int):
    """A 64-bit integer (Java's `Long`); arithmetic gives plain `int`, expression languages wrap their results again."""

    __slots__ = ()


class Short(int):
    """A 16-bit integer (Java's `Short`)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class FileValue:
    """A file variable: content, name, MIME type and text encoding (both may be unknown)."""

    content: bytes
    filename: str
    mimetype: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class JsonValue:
    """A JSON document, text exactly as it was given (Camunda's Spin type `Json`)."""

    text: str


@dataclass(frozen=True, slots=True)
class XmlValue:
    """An XML document as text (Camunda's Spin type `Xml`)."""

    text: str


@dataclass(frozen=True, slots=True)
class ObjectValue:
    """An object of a foreign type that is only kept: serialised text, type name and format as they came.

    `value` is the deserialised JSON where `format` is `application/json` and None otherwise.
    """

    text: str | None
    type_name: str | None = None
    format: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A value with Camunda 7's type name. `transient` values are never stored."""

    type: str
    value: Any
    info: Mapping[str, Any] = field(default_factory=dict)
    transient: bool = False


def type_of(value: Any) -> str:
    """Camunda 7's type name of a Python value (the table at the head of this file)."""
    match value:
        case None:
            return "Null"
        case TypedValue():
            return value.type
        case bool():
            return "Boolean"
        case Long():
            return "Long"
        case Short():
            return "Short"
        case int():
            return "Integer" if INT_MIN <= value <= INT_MAX else "Long"
        case float() | Decimal():
            return "Double"
        case str():
            return "String"
        case datetime():
            return "Date"
        case bytes():
            return "Bytes"
        case FileValue():
            return "File"
        case JsonValue():
            return "Json"
        case XmlValue():
            return "Xml"
        case _:
            return "Object"
