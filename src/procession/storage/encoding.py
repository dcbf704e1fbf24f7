"""How values become columns and back. Encoding then decoding gives an equal value of the same Python type.

A typed value takes the columns of `columns.value_columns`. `form` names the encoding:

| form  | Python value                  | where it lies                                                      |
|-------|-------------------------------|--------------------------------------------------------------------|
| null  | None                          | nowhere                                                            |
| bool, int, long, short | bool, int, Long, Short | `long_value`                                             |
| float | float                         | `double_value`                                                     |
| str   | str                           | `text_value`                                                       |
| raw   | str with NUL or half surrogates | `bytes_value` (PostgreSQL's text takes neither)                  |
| date  | datetime in UTC, whole ms     | `long_value`                                                       |
| bytes | bytes                         | `bytes_value`                                                      |
| file  | FileValue                     | `bytes_value`; name, MIME type and encoding as JSON in `text_value` |
| json, xml | JsonValue, XmlValue       | `text_value`                                                       |
| data  | everything else               | `text_value`, as tagged JSON; numbers also in `double_value`       |

What is longer than `BIG_VALUE` characters or bytes is not in these columns but in `big_value.content` (text as UTF-8).

Tagged JSON is JSON in which an object with the key `$` stands for what JSON lacks: `{"$": "decimal", "v": "1.50"}`.
Only the classes listed here are ever built from it; a stored text never chooses code.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from procession.feel import values as feel
from procession.storage.columns import BIG_VALUE
from procession.values import FileValue, JsonValue, Long, ObjectValue, Short, TypedValue, XmlValue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INT64 = 2**63


@lru_cache(1000)  # a batch has one time for all that happens in it
def millis(moment: datetime) -> int:
    """Milliseconds since 1970; what is finer is cut off. A time without a zone counts as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    delta = moment - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def moment(value: int) -> datetime:
    """The time in UTC of `millis`."""
    return EPOCH + timedelta(milliseconds=value)


# ---------------------------------------------------------------- tagged JSON

_DATACLASSES: dict[str, type[Any]] = {
    cls.__name__: cls for cls in (FileValue, JsonValue, XmlValue, ObjectValue, TypedValue)
} | {
    f"feel.{cls.__name__}": cls
    for cls in vars(feel).values()
    if isinstance(cls, type) and cls.__module__ == feel.__name__ and is_dataclass(cls) and cls is not feel.Function
}
_TAGS: dict[type[Any], str] = {cls: tag for tag, cls in _DATACLASSES.items()}

_READERS: dict[str, Callable[[Any], Any]] = {
    "decimal": Decimal,
    "bytes": base64.b64decode,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "duration": lambda v: timedelta(days=v[0], seconds=v[1], microseconds=v[2]),
    "float": float,
    "int": int,
    "long": Long,
    "short": Short,
    "tuple": lambda v: tuple(_unpack(item) for item in v),
    "dict": lambda v: {_unpack(key): _unpack(item) for key, item in v},
}


def _pack(value: Any) -> Any:
    """The value in terms of JSON. Raises TypeError for what cannot be stored."""
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return value
    if kind is int:
        return value if -_INT64 <= value < _INT64 else {"$": "int", "v": str(value)}
    if kind is float:
        return value if math.isfinite(value) else {"$": "float", "v": repr(value)}
    if kind is list:
        return [_pack(item) for item in value]
    if kind is dict:
        if "$" not in value and all(type(key) is str for key in value):
            return {key: _pack(item) for key, item in value.items()}
        return {"$": "dict", "v": [[_pack(key), _pack(item)] for key, item in value.items()]}
    return _pack_rare(value)


def _pack_rare(value: Any) -> Any:
    match value:
        case Decimal():
            return {"$": "decimal", "v": str(value)}
        case Long():
            return {"$": "long", "v": int(value)}
        case Short():
            return {"$": "short", "v": int(value)}
        case bytes() | bytearray() | memoryview():
            return {"$": "bytes", "v": base64.b64encode(value).decode()}
        case datetime():
            return {"$": "datetime", "v": value.isoformat()}
        case date():
            return {"$": "date", "v": value.isoformat()}
        case time():
            return {"$": "time", "v": value.isoformat()}
        case timedelta():
            return {"$": "duration", "v": [value.days, value.seconds, value.microseconds]}
        case Enum():
            return _pack(value.value)
        case tuple():
            return {"$": "tuple", "v": [_pack(item) for item in value]}
        case Mapping():
            return _pack(dict(value))
        case str():
            return str.__str__(value)
        case int():
            return _pack(int(value))
        case float():
            return _pack(float(value))
    tag = _TAGS.get(type(value))
    if tag is None:
        raise TypeError(f"a value of type {type(value).__name__} cannot be stored")
    return {"$": tag, "v": [_pack(getattr(value, field.name)) for field in fields(value) if field.init]}


def _unpack(value: Any) -> Any:
    kind = type(value)
    if kind is list:
        return [_unpack(item) for item in value]
    if kind is not dict:
        return value
    tag = value.get("$")
    if tag is None:
        return {key: _unpack(item) for key, item in value.items()}
    reader = _READERS.get(tag)
    if reader is not None:
        return reader(value["v"])
    return _DATACLASSES[tag](*(_unpack(item) for item in value["v"]))


def to_json(value: Any) -> str:
    """Tagged JSON of any value that processes see. Raises TypeError for what cannot be stored."""
    packed = _pack(value)
    try:
        return msgspec.json.encode(packed).decode()
    except UnicodeEncodeError:  # half of a surrogate pair: only escapes can write it
        return json.dumps(packed, separators=(",", ":"))


def from_json(text: str | bytes) -> Any:
    """The value that `to_json` wrote."""
    try:
        return _unpack(msgspec.json.decode(text))
    except msgspec.DecodeError:
        return _unpack(json.loads(text))


def mapping_to_json(value: Mapping[str, Any]) -> str | None:
    """Tagged JSON, None for an empty mapping."""
    return to_json(value) if value else None


def mapping_from_json(text: str | None) -> dict[str, Any]:
    """The mapping that `mapping_to_json` wrote."""
    if text is None:
        return {}
    found: dict[str, Any] = from_json(text)
    return found


# ---------------------------------------------------------------- typed values


class EncodedValue(NamedTuple):
    """The columns of a typed value but for `type`, `big` and `info`; `content` is what goes to `big_value`, if any."""

    form: str
    text: str | None = None
    long: int | None = None
    double: float | None = None
    data: bytes | None = None
    content: bytes | None = None


_NULL = EncodedValue("null")


def encode_value(value: Any) -> EncodedValue:
    """The columns of a value. Raises TypeError for what cannot be stored."""
    kind = type(value)
    if value is None:
        return _NULL
    if kind is str:
        return _encode_text("str", value)
    if kind is bool:
        return EncodedValue("bool", None, int(value))
    if kind is int:
        return EncodedValue("int", None, value) if -_INT64 <= value < _INT64 else _encode_data(value)
    if kind is float:
        # NaN is what SQLite turns into NULL
        return EncodedValue("float", double=value) if math.isfinite(value) else _encode_data(value)
    if kind is Long and -_INT64 <= value < _INT64:
        return EncodedValue("long", long=int(value))
    if kind is Short and -_INT64 <= value < _INT64:
        return EncodedValue("short", long=int(value))
    if kind is datetime:
        return _encode_moment(value)
    if kind is bytes:
        return _encode_bytes("bytes", value)
    if kind is FileValue:
        return _encode_bytes("file", value.content, to_json([value.filename, value.mimetype, value.encoding]))
    if kind is JsonValue:
        return _encode_text("json", value.text)
    if kind is XmlValue:
        return _encode_text("xml", value.text)
    return _encode_data(value)


def _encode_text(form: str, value: str) -> EncodedValue:
    try:
        plain = value.isascii() or value.encode() is not None
    except UnicodeEncodeError:
        plain = False
    if not plain or "\x00" in value:
        if form != "str":
            return _encode_data(JsonValue(value) if form == "json" else XmlValue(value))
        return _encode_bytes("raw", value.encode("utf-8", "surrogatepass"))
    if len(value) > BIG_VALUE:
        return EncodedValue(form, content=value.encode())
    return EncodedValue(form, value)


def _encode_bytes(form: str, value: bytes, text: str | None = None) -> EncodedValue:
    if len(value) > BIG_VALUE:
        return EncodedValue(form, text=text, content=value)
    return EncodedValue(form, text=text, data=value)


def _encode_moment(value: datetime) -> EncodedValue:
    number = millis(value)
    if value.tzinfo is not None and moment(number) == value and value.utcoffset() == timedelta(0):
        return EncodedValue("date", long=number)
    return _encode_data(value)._replace(long=number)


def _encode_data(value: Any) -> EncodedValue:
    text = to_json(value)
    double = None
    if isinstance(value, Decimal | int | float):
        try:
            double = float(value)
        except (OverflowError, ValueError):
            double = None
        if double is not None and not math.isfinite(double):
            double = None
    if len(text) > BIG_VALUE:
        return EncodedValue("data", double=double, content=text.encode())
    return EncodedValue("data", text=text, double=double)


def decode_value(
    form: str,
    text: str | None,
    long: int | None,
    double: float | None,
    data: bytes | None,
    content: bytes | None = None,
) -> Any:
    """The value that `encode_value` took apart; `content` is that of `big_value` where the row refers to one."""
    match form:
        case "null":
            return None
        case "str":
            return text if content is None else content.decode()
        case "int":
            return long
        case "bool":
            return bool(long)
        case "float":
            return None if double is None else float(double)
        case "long":
            return Long(long or 0)
        case "short":
            return Short(long or 0)
        case "date":
            return moment(long or 0)
        case "bytes":
            return bytes(data if content is None else content)  # type: ignore[arg-type]
        case "raw":
            return bytes(data if content is None else content).decode("utf-8", "surrogatepass")  # type: ignore[arg-type]
        case "file":
            filename, mimetype, encoding = from_json(text or "[]")
            return FileValue(bytes(data if content is None else content), filename, mimetype, encoding)  # type: ignore[arg-type]
        case "json":
            return JsonValue(text if content is None else content.decode())  # type: ignore[arg-type]
        case "xml":
            return XmlValue(text if content is None else content.decode())  # type: ignore[arg-type]
        case _:
            return from_json(text if content is None else content)  # type: ignore[arg-type]
