"""Reading what came over the wire: JSON within limits, multipart forms within limits.

Whoever sends nonsense gets a 400 that says so, and costs us neither stack nor memory: nothing here recurses over the
input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from procession.camunda7.problems import invalid_request, rest_error

MAX_DEPTH = 200
MAX_NUMBER_DIGITS = 400
MAX_PARTS = 500
MAX_PART_HEADERS = 16
MAX_NAME = 4096


def read_json(body: bytes) -> Any:
    """The JSON value of a body; an empty body is None. Raises 400 `InvalidRequestException` for anything else.

    Refused: nesting beyond MAX_DEPTH, numbers out of range, `NaN`, lone surrogates, the character NUL (no database
    text may hold it). Of duplicate keys the last wins, as everywhere.
    """
    if not body.strip():
        return None
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise invalid_request(f"The JSON is nested deeper than {MAX_DEPTH} levels") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise invalid_request(f"Cannot read the JSON of the request: {error}") from None
    may_hold_nul = body.find(b"\\u0000") >= 0
    if may_hold_nul or body.count(b"{") + body.count(b"[") >= MAX_DEPTH:
        _check(value, may_hold_nul)
    return value


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; an empty body is an empty object."""
    value = read_json(body)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid_request("Cannot read the JSON of the request: an object is expected")
    return value


def _check(value: Any, may_hold_nul: bool) -> None:
    """Depth and NUL, level by level instead of by recursion."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
                if may_hold_nul:
                    below.extend(item)
            elif isinstance(item, list):
                below.extend(item)
            elif may_hold_nul and isinstance(item, str) and "\0" in item:
                raise invalid_request("The JSON holds a text with the character NUL")
        if not below:
            return
        level = below
    raise invalid_request(f"The JSON is nested deeper than {MAX_DEPTH} levels")


@dataclass(slots=True)
class Part:
    """One part of a multipart form."""

    name: str
    filename: str | None
    content_type: str | None
    content: bytes = b""

    @property
    def text(self) -> str:
        """The content as UTF-8 text. Raises 400 where it is none."""
        try:
            text = self.content.decode()
        except UnicodeDecodeError:
            raise invalid_request(f"The part '{self.name}' of the form is not UTF-8 text") from None
        if "\0" in text:
            raise invalid_request(f"The part '{self.name}' of the form holds the character NUL")
        return text


@dataclass(slots=True)
class _Gathering:
    parts: list[Part] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    content: bytearray = field(default_factory=bytearray)
    ended: bool = False

    def begin(self) -> None:
        if len(self.parts) >= MAX_PARTS:
            raise invalid_request(f"The form has more than {MAX_PARTS} parts")
        self.headers, self.content = {}, bytearray()

    def add_name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def add_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]
        if len(self.value) + len(self.name) > MAX_NAME:
            raise invalid_request("A header of the form is too long")

    def end_header(self) -> None:
        self.headers[self.name.decode("latin-1").lower()] = self.value.decode("utf-8", "replace")
        self.name, self.value = bytearray(), bytearray()
        if len(self.headers) > MAX_PART_HEADERS:
            raise invalid_request("A part of the form has too many headers")

    def add_content(self, data: bytes, start: int, end: int) -> None:
        self.content += data[start:end]

    def end_part(self) -> None:
        options = _options(self.headers.get("content-disposition", ""))
        name, filename = options.get("name"), options.get("filename")
        if not name:
            raise rest_error("multipart/form-data cannot be processed", 400)
        for text in (name, filename or ""):
            if any(ord(character) < 32 for character in text):
                raise invalid_request("A name in the form holds control characters")
        self.parts.append(Part(name, filename, self.headers.get("content-type"), bytes(self.content)))
        self.content = bytearray()

    def end(self) -> None:
        self.ended = True


def _options(header: str) -> dict[str, str]:
    _, options = parse_options_header(header.encode("utf-8"))
    return {key.decode("latin-1"): value.decode("utf-8", "replace") for key, value in options.items()}


def read_form(content_type: str, body: bytes) -> tuple[Part, ...]:
    """The parts of a `multipart/form-data` body, in order.

    Raises 400 where it has no boundary, is cut off, or exceeds the limits.
    """
    options = _options(content_type)
    boundary = options.get("boundary", "")
    if not content_type.lower().startswith("multipart/form-data") or not 0 < len(boundary) <= 200:
        raise rest_error("multipart/form-data cannot be processed", 400)
    gathering = _Gathering()
    parser = MultipartParser(
        boundary.encode("latin-1", "replace"),
        {
            "on_part_begin": gathering.begin,
            "on_header_field": gathering.add_name,
            "on_header_value": gathering.add_value,
            "on_header_end": gathering.end_header,
            "on_part_data": gathering.add_content,
            "on_part_end": gathering.end_part,
            "on_end": gathering.end,
        },
    )
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise rest_error("multipart/form-data cannot be processed", 400) from None
    if not gathering.ended and (gathering.parts or gathering.headers):
        raise rest_error("multipart/form-data cannot be processed", 400)
    return tuple(gathering.parts)


def first_part(parts: tuple[Part, ...], name: str) -> Part | None:
    """The first part of that name."""
    return next((part for part in parts if part.name == name), None)


def optional_object(container: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A member that is an object, or missing or null (then empty). Raises 400 for anything else."""
    value = container.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid_request(f"Cannot read the JSON of the request: '{name}' must be an object")
    return value
