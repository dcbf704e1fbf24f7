"""A request and its answer as the endpoints see them: plain data, so that any shell can carry them.

This file does not know about sockets, threads or Starlette.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct, field

from procession.camunda7.problems import Answered, invalid_request
from procession.camunda7.reading import Part, read_form, read_json, read_object

JSON = "application/json"
_encode = msgspec.json.Encoder().encode


class Response(Struct, frozen=True):
    """An answer: status, body and its media type, further headers."""

    status: int
    body: bytes = b""
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


NO_CONTENT = Response(204)


def answer(value: Any, status: int = 200) -> Response:
    """A value as JSON. Lone surrogates, which no JSON text may hold, become `?`."""
    try:
        body = _encode(value)
    except UnicodeEncodeError:
        body = _encode(_without_surrogates(value))
    return Response(status, body, JSON)


def answer_text(text: str, media_type: str = "text/plain") -> Response:
    """Plain text in UTF-8."""
    return Response(200, text.encode("utf-8", "replace"), media_type)


def answer_bytes(content: bytes, media_type: str, filename: str) -> Response:
    """A file to save: never shown by a browser, whatever its type says."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in filename)
    named = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"
    safe = "".join(c for c in media_type if c.isascii() and c.isprintable()) or "application/octet-stream"
    return Response(200, content, safe, {"Content-Disposition": named})


def answer_form(content: bytes, media_type: str) -> Response:
    """A form's own markup or JSON. Opened by itself it may do nothing in a browser: no scripts, no origin."""
    return Response(200, content, media_type, {"Content-Security-Policy": "sandbox; default-src 'none'"})


def answer_count(number: int) -> Response:
    """`{"count": …}`."""
    return answer({"count": number})


_HINTS = {401: {"WWW-Authenticate": 'Basic realm="default"'}, 503: {"Retry-After": "1"}}


def answer_error(error: Answered) -> Response:
    """The body and status of an error."""
    headers = _HINTS.get(error.status, {})
    return Response(error.status, answer(error.body()).body, JSON, headers)


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
        case list() | tuple():
            return [_without_surrogates(item) for item in value]
        case _:
            return value


class Request(Struct, frozen=True):
    """What an endpoint gets. `params` come from the path, `query` from the URL (in order, decoded)."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    content_type: str = ""
    user: str | None = None
    base_url: str = ""
    accept: str = ""

    def __getitem__(self, name: str) -> str:
        """A parameter of the path."""
        return self.params[name]

    def param(self, name: str, default: str | None = None) -> str | None:
        """A query parameter; of several the first, as Camunda does."""
        for given, value in self.query:
            if given == name:
                return value
        return default

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean query parameter outside of a query table: only `true` is true."""
        value = self.param(name)
        return default if value is None else value.lower() == "true"

    def whole(self, name: str) -> int | None:
        """A number for paging. Camunda answers 404 for what is none: its framework takes such a URL for another one."""
        value = self.param(name)
        if not value:
            return None
        try:
            number = int(value) if value.removeprefix("-").isascii() and value.removeprefix("-").isdigit() else None
        except ValueError:
            number = None
        if number is None or not -(2**31) <= number < 2**31:
            raise Answered(404, "QueryParamException", "HTTP 404 Not Found")
        return number

    def json(self) -> Any:
        """The body as JSON; None where it is empty."""
        return read_json(self.body)

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is empty."""
        return read_object(self.body)

    def form(self) -> tuple[Part, ...]:
        """The parts of a multipart body."""
        return read_form(self.content_type, self.body)


def text_member(body: Mapping[str, Any], name: str) -> str | None:
    """A text in a JSON object; numbers and booleans become text as Camunda's reader does."""
    value = body.get(name)
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            raise invalid_request(f"Cannot read the JSON of the request: '{name}' must be a text")


def flag_member(body: Mapping[str, Any], name: str, default: bool = False) -> bool:
    """A boolean in a JSON object; the texts `true` and `false` and numbers are taken as Camunda's reader does."""
    value = body.get(name)
    match value:
        case None:
            return default
        case bool():
            return value
        case "true":
            return True
        case "false":
            return False
        case int():
            return bool(value)
        case _:
            raise invalid_request(f"Cannot read the JSON of the request: '{name}' must be a boolean")


def number_member(body: Mapping[str, Any], name: str, bits: int = 32) -> int | None:
    """A whole number in a JSON object, within so many bits; a text of digits counts, a fraction is cut."""
    value = body.get(name)
    if value is None or value == "":
        return None
    try:
        number = int(value) if isinstance(value, int | float) else int(str(value)[:40])
    except (ValueError, OverflowError):
        raise invalid_request(f"Cannot read the JSON of the request: '{name}' must be a whole number") from None
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise invalid_request(f"Cannot read the JSON of the request: '{name}' is out of range")
    return number


def texts_member(body: Mapping[str, Any], name: str) -> list[str] | None:
    """A list of texts in a JSON object, or None."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or any(isinstance(item, dict | list) for item in value):
        raise invalid_request(f"Cannot read the JSON of the request: '{name}' must be a list of texts")
    return [item if isinstance(item, str) else str(item) for item in value]
