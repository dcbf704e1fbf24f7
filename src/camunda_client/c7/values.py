"""Camunda 7's typed values: Python values in, `{"type", "value", "valueInfo"}` out, and back.

| Python                                             | Camunda 7                    | read back as              |
|----------------------------------------------------|------------------------------|---------------------------|
| None, bool, str                                    | Null, Boolean, String        | the same                  |
| int                                                | Integer, beyond 32 bits Long | int                       |
| float, Decimal                                     | Double                       | float                     |
| datetime (without a zone: the system's)            | Date                         | datetime with a zone      |
| bytes                                              | Bytes                        | bytes                     |
| FileValue                                          | File                         | FileValue                 |
| dict, list, tuple, set, dataclass, pydantic model  | Json                         | dict, list                |
| JsonValue, XmlValue (text kept as it is)           | Json, Xml                    | dict or list, XmlValue    |
| Enum                                               | that of its value            | its value                 |
| date, time, timedelta, UUID, Path                  | String (ISO 8601 for times)  | str                       |
| ObjectValue                                        | Object                       | the JSON, or ObjectValue  |
| TypedValue(type, value)                            | exactly that type            | by the rows above         |

This file does not know HTTP.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1

_DATE = re.compile(
    r"(\d{4,})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class FileValue:
    """A file. Lists and fetched tasks carry no content: it is None until it has been downloaded."""

    content: bytes | None
    filename: str
    mimetype: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class JsonValue:
    """A JSON document whose text goes out exactly as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class XmlValue:
    """An XML document as text."""

    text: str


@dataclass(frozen=True, slots=True)
class ObjectValue:
    """A serialised object of a type that lives in the engine's Java world: text, class name, data format."""

    text: str | None
    type_name: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A value with Camunda 7's type named: `TypedValue("Long", 5)`. `transient` values are never stored."""

    type: str
    value: Any
    info: Mapping[str, Any] = field(default_factory=dict)
    transient: bool = False


def format_date(moment: datetime) -> str:
    """Camunda 7's notation, milliseconds and offset: `2026-01-31T12:00:00.000+0100`. Naive: the system's zone."""
    aware = moment if moment.tzinfo is not None else moment.astimezone()
    if (offset := aware.utcoffset()) and offset % timedelta(minutes=1):
        aware = aware.astimezone(UTC)  # zones of long ago had seconds, for which the notation has no room
    return f"{aware.year:04d}-{aware:%m-%dT%H:%M:%S}.{aware.microsecond // 1000:03d}{aware:%z}"


def parse_date(text: str) -> datetime:
    """Reads every notation Camunda 7 writes. Raises ValueError."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a date like 2026-01-31T12:00:00.000+0100")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    offset = "+00:00" if zone in (None, "Z") else zone if len(zone) != 5 else f"{zone[:3]}:{zone[3:]}"
    micro = (fraction or "").ljust(6, "0")[:6]
    return datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}.{micro}{offset}")


def encode(value: Any) -> dict[str, Any]:
    """Camunda 7's typed value of a Python value (the table at the head). Raises TypeError, ValueError."""
    match value:
        case None:
            return _typed("Null", None)
        case TypedValue():
            return _encode_typed(value)
        case Enum():
            return encode(value.value)
        case bool():
            return _typed("Boolean", value)
        case int():
            if not LONG_MIN <= value <= LONG_MAX:
                raise ValueError(f"{value} does not fit into 64 bits; send it as text")
            return _typed("Integer" if INT_MIN <= value <= INT_MAX else "Long", int(value))
        case float() | Decimal():
            number = float(value)
            if number != number or number in (float("inf"), float("-inf")):
                raise ValueError(f"{value} cannot be sent: JSON has no such number")
            return _typed("Double", number)
        case str():
            return _typed("String", str(value))
        case datetime():
            return _typed("Date", format_date(value))
        case bytes() | bytearray() | memoryview():
            return _typed("Bytes", base64.b64encode(value).decode("ascii"))
        case FileValue():
            info = {"filename": value.filename, "mimeType": value.mimetype, "encoding": value.encoding}
            content = base64.b64encode(value.content or b"").decode("ascii")
            return _typed("File", content, {name: text for name, text in info.items() if text is not None})
        case JsonValue():
            return _typed("Json", value.text)
        case XmlValue():
            return _typed("Xml", value.text)
        case ObjectValue():
            return _typed("Object", value.text, _object_info(value.type_name, value.format))
        case _:
            plain = _plain(value)
            return _typed("String", plain) if isinstance(plain, str) else _typed("Json", _dump(plain))


def encode_variables(variables: Mapping[str, Any] | Any | None) -> dict[str, dict[str, Any]]:
    """Typed values of a mapping, a dataclass or a pydantic model, by variable name."""
    if variables is None:
        return {}
    if isinstance(variables, BaseModel) or (is_dataclass(variables) and not isinstance(variables, type)):
        variables = _fields(variables)
    if not isinstance(variables, Mapping):
        raise TypeError(f"variables must be a dict, dataclass or pydantic model, not {type(variables).__name__}")
    encoded = {}
    for name, value in variables.items():
        try:
            encoded[str(name)] = encode(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"variable {name!r}: {error}") from error
    return encoded


def decode(typed: Mapping[str, Any]) -> Any:
    """The Python value of one of Camunda 7's typed values; what cannot be read stays an `ObjectValue`."""
    value, info = typed.get("value"), typed.get("valueInfo") or {}
    match str(typed.get("type") or "").lower():
        case "file":
            content = base64.b64decode(value) if isinstance(value, str) else None
            return FileValue(content, info.get("filename") or "", info.get("mimeType"), info.get("encoding"))
        case "object":
            return _decode_object(value, info)
        case _ if value is None:
            return None
        case "date":
            return parse_date(value)
        case "bytes":
            return base64.b64decode(value)
        case "json":
            return json.loads(value) if isinstance(value, str) else value
        case "xml":
            return XmlValue(value)
        case "double":
            return float(value)
        case _:
            return value


def decode_variables(variables: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any]:
    """Python values by variable name."""
    return {name: decode(typed) for name, typed in (variables or {}).items()}


def _typed(type_name: str, value: Any, info: Mapping[str, Any] | None = None) -> dict[str, Any]:
    typed: dict[str, Any] = {"type": type_name, "value": value}
    if info:
        typed["valueInfo"] = dict(info)
    return typed


def _encode_typed(typed: TypedValue) -> dict[str, Any]:
    value, info = typed.value, dict(typed.info)
    kind = typed.type[:1].upper() + typed.type[1:]
    match kind:
        case "Date" if isinstance(value, datetime):
            value = format_date(value)
        case "Bytes" | "File" if isinstance(value, bytes):
            value = base64.b64encode(value).decode("ascii")
        case "Json" if not isinstance(value, str):
            value = _dump(_plain(value))
        case "Object" if not isinstance(value, str | None):
            plain = _plain(value)
            default = "java.util.ArrayList" if isinstance(plain, list) else "java.util.LinkedHashMap"
            info = _object_info(default, "application/json") | info
            value = _dump(plain)
    if typed.transient:
        info["transient"] = True
    return _typed(kind, value, info)


def _object_info(type_name: str | None, data_format: str | None) -> dict[str, Any]:
    info = {"objectTypeName": type_name, "serializationDataFormat": data_format}
    return {name: text for name, text in info.items() if text is not None}


def _decode_object(value: Any, info: Mapping[str, Any]) -> Any:
    data_format = info.get("serializationDataFormat")
    if value is not None and not isinstance(value, str):
        return value  # the engine deserialised it
    if value is None and data_format is None:
        return None
    if value is not None and data_format == "application/json":
        return json.loads(value)
    return ObjectValue(value, info.get("objectTypeName"), data_format)


def _fields(instance: Any) -> dict[str, Any]:
    """What a dataclass instance or pydantic model holds, one level deep, under the names the engine shall see."""
    if isinstance(instance, BaseModel):
        known = type(instance).model_fields
        return {(known[n].serialization_alias or n) if n in known else n: value for n, value in instance}
    return {item.name: getattr(instance, item.name) for item in fields(instance)}


def _plain(value: Any) -> Any:
    """JSON's own types all the way down. Decimals become numbers, as they do at the top."""
    match value:
        case None | bool() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return _plain(value.value)
        case Decimal():
            return float(value)
        case int() | float():
            return value
        case Mapping():
            return {str(_plain(name)): _plain(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case JsonValue():
            return json.loads(value.text)
        case BaseModel():
            return _plain(_fields(value))
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _plain(_fields(value))
        case _ if isinstance(value, type) or callable(value):
            raise TypeError(f"{value!r} cannot be a process variable")
    try:
        return to_jsonable_python(value, timedelta_mode="iso8601")
    except ValueError as error:  # pydantic's serialisation error is one
        raise TypeError(f"{type(value).__name__} cannot be a process variable: {error}") from None


def _dump(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
