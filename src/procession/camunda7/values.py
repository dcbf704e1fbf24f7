"""Typed values on the wire: `{"value": …, "type": …, "valueInfo": {…}}` to and from the values of `procession.values`.

| type            | on the wire                                   | here                           |
|-----------------|-----------------------------------------------|--------------------------------|
| Integer, Short, Long, Double | number, or its text              | int, Short, Long, float        |
| Boolean, String | as JSON; a text `true`, a number for a String | bool, str                      |
| Date            | `2013-01-23T14:42:45.000+0200`                | datetime in UTC                |
| Bytes, File     | base64                                        | bytes, FileValue               |
| Object          | serialised text; type and format in valueInfo | list or dict, else ObjectValue |
| Json, Xml       | text                                          | JsonValue, XmlValue            |
| none            | the type is inferred from the JSON            |                                |

A type's name may begin with a small letter. Java's own serialisation is refused, as Camunda refuses it by default.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from procession.camunda7.dates import format_date, parse_date
from procession.camunda7.problems import Answered, engine_error, invalid_request
from procession.camunda7.reading import MAX_DEPTH, read_json
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
    type_of,
)

JAVA_SERIALIZATION = "application/x-java-serialized-object"
JSON_FORMAT = "application/json"
_JAVA_TYPES = {
    "Integer": "java.lang.Integer",
    "Short": "java.lang.Short",
    "Long": "java.lang.Long",
    "Double": "java.lang.Double",
    "Boolean": "java.lang.Boolean",
    "String": "java.lang.String",
    "Date": "java.util.Date",
    "Bytes": "[B",
    "Null": "javax.lang.model.type.NullType",
}
_DIGITS = re.compile(r"[+-]?\d{1,25}", re.ASCII)
_WHOLE: dict[str, tuple[type[int], int, int]] = {
    "Integer": (int, INT_MIN, INT_MAX),
    "Short": (Short, -(2**15), 2**15 - 1),
    "Long": (Long, LONG_MIN, LONG_MAX),
}
_GENERIC = {
    "java.util.HashMap": "java.util.HashMap<java.lang.Object,java.lang.Object>",
    "java.util.LinkedHashMap": "java.util.LinkedHashMap<java.lang.Object,java.lang.Object>",
    "java.util.ArrayList": "java.util.ArrayList<java.lang.Object>",
}

MAX_VARIABLES, MAX_NAME = 20_000, 4_000

# ---------------------------------------------------------------- reading


def read_variables(container: Any, context: str = "") -> dict[str, TypedValue]:
    """The variables of a request:

    a JSON object of typed values by name, or null. `context` goes before an error's message. More than MAX_VARIABLES
    are refused: whoever holds a collection of things puts it into one variable.
    """
    if container is None:
        return {}
    if not isinstance(container, dict):
        raise invalid_request("Cannot read the JSON of the request: the variables must be an object")
    if len(container) > MAX_VARIABLES:
        raise invalid_request(f"{context}A request may set {MAX_VARIABLES} variables, not {len(container)}")
    for name in container:
        if not 0 < len(name) <= MAX_NAME:
            raise invalid_request(f"{context}The name of a variable must have 1 to {MAX_NAME} characters")
    return {name: read_value(value, context) for name, value in container.items()}


def read_value(document: Any, context: str = "") -> TypedValue:
    """One typed value. Raises 400 `InvalidRequestException` with Camunda's message where value and type do not fit."""
    if document is None:
        return TypedValue("Null", None)
    if not isinstance(document, dict):
        raise invalid_request("Cannot read the JSON of the request: a variable must be an object with a value")
    value, info = document.get("value"), document.get("valueInfo") or {}
    if not isinstance(info, dict):
        raise invalid_request("Cannot read the JSON of the request: 'valueInfo' must be an object")
    transient = info.get("transient") in (True, "true")
    name = document.get("type")
    if name in (None, ""):
        return TypedValue(type_of(inferred := _inferred(value)), inferred, {}, transient)
    if not isinstance(name, str):
        raise invalid_request("Cannot read the JSON of the request: 'type' must be a text")
    reader = _READERS.get(name)
    if reader is None:
        name = name[:1].upper() + name[1:]
        reader = _READERS.get(name)
    if reader is None:
        raise invalid_request(f"{context}Unsupported value type '{document['type']}'")
    try:
        return reader(name, value, info, transient)
    except ValueError:
        shown = "true" if value is True else "false" if value is False else str(value)[:2000]
        message = f"Cannot convert value '{shown}' of type '{name}' to java type {_JAVA_TYPES.get(name, name)}"
        raise invalid_request(context + message) from None
    except Answered as problem:
        raise Answered(problem.status, problem.type, context + problem.message, problem.code) from None


def _inferred(value: Any) -> Any:
    """An untyped JSON value; whole numbers beyond 32 bits are Long, beyond 64 bits Double."""
    if isinstance(value, int) and not isinstance(value, bool):
        if INT_MIN <= value <= INT_MAX:
            return value
        return Long(value) if LONG_MIN <= value <= LONG_MAX else float(value)
    return value


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            raise ValueError("no text")


def _whole(name: str, value: Any, info: Mapping[str, Any], transient: bool) -> TypedValue:
    if value is None:
        return TypedValue(name, None, {}, transient)
    kind, low, high = _WHOLE[name]
    number = value if type(value) is int else _digits(value)
    if not low <= number <= high:
        raise ValueError(str(number))
    return TypedValue(name, number if kind is int else kind(number), {}, transient)


def _digits(value: Any) -> int:
    if isinstance(value, bool) or not _DIGITS.fullmatch(_text(value)):
        raise ValueError("no whole number")
    return int(value)


def _double(name: str, value: Any, info: Mapping[str, Any], transient: bool) -> TypedValue:
    if value is None:
        return TypedValue(name, None, {}, transient)
    if isinstance(value, bool):
        raise ValueError("a boolean is no number")
    return TypedValue(name, float(_text(value)), {}, transient)


def _boolean(name: str, value: Any, info: Mapping[str, Any], transient: bool) -> TypedValue:
    if value is not None and value is not True and value is not False and value not in ("true", "false"):
        raise ValueError(str(value))
    return TypedValue(name, None if value is None else value in (True, "true"), {}, transient)


def _string(name: str, value: Any, info: Mapping[str, Any], transient: bool) -> TypedValue:
    return TypedValue(name, None if value is None else _text(value), {}, transient)


def _null(name: str, value: Any, info: Mapping[str, Any], transient: bool) -> TypedValue:
    if value is not None:
        raise ValueError("a value")
    return TypedValue(name, None, {}, transient)


def _date(name: str, value: Any, info: Mapping[str, Any], transient: bool) -> TypedValue:
    if value is not None and not isinstance(value, str):
        raise ValueError("no text")
    return TypedValue(name, None if value is None else parse_date(value), {}, transient)


def _base64(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("no text")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _bytes(name: str, value: Any, info: Mapping[str, Any], transient: bool) -> TypedValue:
    return TypedValue(name, None if value is None else _base64(value), {}, transient)


def _file(name: str, value: Any, info: Mapping[str, Any], transient: bool) -> TypedValue:
    filename = info.get("filename")
    if not isinstance(filename, str) or not filename:
        message = "Cannot create file without filename! Please set a name into ValueInfo with key filename"
        raise Answered(400, "InvalidRequestException", message)
    mimetype = info.get("mimeType") or info.get("mimetype")
    encoding = info.get("encoding")
    # Camunda takes what is no base64 for empty content
    try:
        content = b"" if value is None else _base64(value)
    except ValueError:
        content = b""
    file = FileValue(content, filename, _text(mimetype) if mimetype else None, _text(encoding) if encoding else None)
    return TypedValue(name, file, {}, transient)


def _object(name: str, value: Any, info: Mapping[str, Any], transient: bool) -> TypedValue:
    if value is not None and not isinstance(value, str):
        raise invalid_request(
            "Must provide 'null' or String value for value of SerializableValue type 'Object'.",
        )
    type_name, format_ = info.get("objectTypeName"), info.get("serializationDataFormat")
    if format_ == JAVA_SERIALIZATION and value is not None:
        raise engine_error("ENGINE-17007 Java serialization format is prohibited", type="RestException")
    if format_ is None:
        raise engine_error(
            "Cannot find serializer for value 'ObjectValue [value=null, isDeserialized=false, "
            f"serializationDataFormat=null, objectTypeName={'null' if type_name is None else type_name}, "
            f"serializedValue={'null' if value is None else f'{len(value)} chars'}, "
            f"isTransient={str(transient).lower()}]'.",
            type="RestException",
        )
    kept = {"objectTypeName": type_name, "serializationDataFormat": format_}
    if value is not None and format_ == JSON_FORMAT:
        try:
            parsed = read_json(value.encode())
        except (Answered, UnicodeEncodeError):
            parsed = None  # opaque: Camunda, too, notices only when somebody reads it
        if isinstance(parsed, dict | list):
            return TypedValue(name, parsed, kept, transient)
        return TypedValue(name, ObjectValue(value, type_name, format_, parsed), kept, transient)
    return TypedValue(name, None if value is None else ObjectValue(value, type_name, format_), kept, transient)


def _serialised(make: Callable[[str], Any]) -> Callable[[str, Any, Mapping[str, Any], bool], TypedValue]:
    def read(name: str, value: Any, info: Mapping[str, Any], transient: bool) -> TypedValue:
        if value is not None and not isinstance(value, str):
            raise invalid_request(f"Must provide 'null' or String value for value of SerializableValue type '{name}'.")
        return TypedValue(name, None if value is None else make(value), {}, transient)

    return read


_READERS: dict[str, Callable[[str, Any, Mapping[str, Any], bool], TypedValue]] = {
    "Integer": _whole,
    "Short": _whole,
    "Long": _whole,
    "Double": _double,
    "Boolean": _boolean,
    "String": _string,
    "Null": _null,
    "Date": _date,
    "Bytes": _bytes,
    "File": _file,
    "Object": _object,
    "Json": _serialised(JsonValue),
    "Xml": _serialised(XmlValue),
}

# ---------------------------------------------------------------- writing


def typed(
    value: Any,
    type: str | None = None,
    info: Mapping[str, Any] | None = None,
    *,
    deserialize: bool = True,
    binary: bool = True,
    name: str = "",
) -> dict[str, Any]:
    """A value as Camunda 7 writes it: `type`, `value`, `valueInfo`.

    `deserialize` False gives Object, Json and Xml as their serialised text. `binary` False leaves the content of
    Bytes out, as lists do. A File's content is never here; it has an endpoint of its own. Raises 500 where an
    Object's text is no JSON.
    """
    if isinstance(value, TypedValue):
        value, type, info = value.value, value.type, value.info
    type = type or _wire_type(value)
    shown, details = _written(value, type, dict(info or {}), deserialize, binary, name)
    return {"type": type, "value": shown, "valueInfo": details}


def _wire_type(value: Any) -> str:
    if isinstance(value, date | time | timedelta) and not isinstance(value, datetime):
        return "String"
    return type_of(value)


def _written(
    value: Any, type: str, info: dict[str, Any], deserialize: bool, binary: bool, name: str
) -> tuple[Any, dict[str, Any]]:
    match value:
        case None:
            return None, info if type == "Object" else {}
        case bool() | str():
            return value, {}
        case int():
            return int(value), {}
        case float():
            return _number(value), {}
        case Decimal():
            return _number(float(value)), {}
        case datetime():
            return format_date(value), {}
        case bytes():
            return (base64.b64encode(value).decode() if binary else None), {}
        case FileValue():
            named = {"filename": value.filename, "mimeType": value.mimetype, "encoding": value.encoding}
            return None, {key: text for key, text in named.items() if text is not None}
        case JsonValue():
            return (_json_node(value.text, name) if deserialize else value.text), {}
        case XmlValue():
            return ({"dataFormatName": "application/xml"} if deserialize else value.text), {}
        case ObjectValue():
            return _opaque(value, info, deserialize, name)
        case list() | dict() | tuple():
            return _structure(value, info, deserialize)
        case date() | time():
            return value.isoformat(), {}
        case _:
            return str(value), {}


def _number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _structure(value: Any, info: dict[str, Any], deserialize: bool) -> tuple[Any, dict[str, Any]]:
    plain = plain_json(value)
    java = "java.util.LinkedHashMap" if isinstance(value, dict) else "java.util.ArrayList"
    details = {
        "objectTypeName": info.get("objectTypeName") or java,
        "serializationDataFormat": info.get("serializationDataFormat") or JAVA_SERIALIZATION,
    }
    if deserialize:
        if details["serializationDataFormat"] == JSON_FORMAT:
            details["objectTypeName"] = _GENERIC.get(details["objectTypeName"], details["objectTypeName"])
        return plain, details
    # where Camunda would show Java's serialisation in base64, which nobody without a JVM can read, we show JSON
    details["serializationDataFormat"] = JSON_FORMAT
    return msgspec.json.encode(plain).decode(), details


def _opaque(value: ObjectValue, info: dict[str, Any], deserialize: bool, name: str) -> tuple[Any, dict[str, Any]]:
    details = {"objectTypeName": value.type_name, "serializationDataFormat": value.format, **info}
    if not deserialize or value.format != JSON_FORMAT or value.text is None:
        return value.text, details
    return _parsed(value.text, name), details


def _parsed(text: str, name: str) -> Any:
    try:
        return read_json(text.encode())
    except (Answered, UnicodeEncodeError):
        cause = "SPIN/JACKSON-JSON-01001 Unable to parse input into json node"
        raise engine_error(f"Cannot deserialize object in variable '{name}': {cause}") from None


def _json_node(text: str, name: str) -> dict[str, Any]:
    """What Camunda shows of a deserialised Json value:

    its node's properties. Clients read the text with `deserialize` False.
    """
    value = _parsed(text, name)
    match value:
        case dict():
            kind = "OBJECT"
        case list():
            kind = "ARRAY"
        case str():
            kind = "STRING"
        case bool():
            kind = "BOOLEAN"
        case None:
            kind = "NULL"
        case _:
            kind = "NUMBER"
    return {
        "array": kind == "ARRAY",
        "null": kind == "NULL",
        "nodeType": kind,
        "dataFormatName": JSON_FORMAT,
        "boolean": kind == "BOOLEAN",
        "number": kind == "NUMBER",
        "object": kind == "OBJECT",
        "string": kind == "STRING",
        "value": kind not in ("OBJECT", "ARRAY"),
    }


def untyped(value: Any) -> dict[str, Any]:
    """A value for which a model declares no type, as the REST layer of Camunda 7 writes it: FEEL's dates in ISO 8601,
    its durations in seconds.
    """
    match value:
        case None:
            return typed(None)
        case datetime():
            shown: Any = value.replace(tzinfo=None).isoformat()
        case timedelta():
            shown = value.total_seconds()
        case _:
            shown = plain_json(value)
    return {"type": None, "value": shown, "valueInfo": None}


def plain_json(value: Any, depth: int = 0) -> Any:
    """Any value of a process as plain JSON, for what has no type of its own on the wire (items of a list)."""
    if depth > MAX_DEPTH:
        raise engine_error(f"A value is nested deeper than {MAX_DEPTH} levels")
    match value:
        case None | bool() | str():
            return value
        case int():
            return int(value)
        case float() | Decimal():
            return _number(float(value))
        case datetime():
            return format_date(value)
        case dict():
            return {str(key): plain_json(item, depth + 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain_json(item, depth + 1) for item in value]
        case bytes():
            return base64.b64encode(value).decode()
        case TypedValue():
            return plain_json(value.value, depth)
        case JsonValue() | XmlValue() | ObjectValue():
            return value.text
        case FileValue():
            return None
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
