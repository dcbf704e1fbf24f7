"""JSON from strangers: bounded in size and depth, strict where Python's own reader is lenient.

Refused: NaN and Infinity, duplicate keys, lone surrogates, numbers too long or beyond a double, nesting deeper than
`MAX_DEPTH`. What is accepted can be stored and written again as it was read.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

MAX_BYTES = 6 * 1024 * 1024
"""What a Lambda function may be called with."""
MAX_DEPTH = 100
MAX_DIGITS = 400

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


class BadJson(ValueError):
    """The text is no JSON that anybody should send; the message says why."""


def read_json(text: bytes | str, limit: int = MAX_BYTES) -> Any:
    """The value of a JSON text; bytes are UTF-8. `limit` is in bytes (characters of a str). Raises BadJson."""
    if len(text) > limit:
        raise BadJson(f"The body has more than {limit} bytes")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BadJson("The body is not UTF-8") from None
    _check_depth(text)
    try:
        return json.loads(
            text, object_pairs_hook=_members, parse_constant=_constant, parse_int=_integer, parse_float=_number
        )
    except BadJson:
        raise
    except ValueError as error:
        raise BadJson(f"The body is not JSON: {error}") from None


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for mark in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        if depth > MAX_DEPTH:
            raise BadJson(f"The body is nested deeper than {MAX_DEPTH}")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadJson(f"The member {name[:100]!r} is there twice")
        _check_text(name)
        _check_value(value)
        found[name] = value
    return found


def _check_value(value: Any) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list):
        for item in value:
            _check_value(item)  # members of objects inside were checked when those were built


def _check_text(text: str) -> None:
    if not text.isascii() and _SURROGATE.search(text):
        raise BadJson("The body has a lone surrogate")


def _constant(name: str) -> NoReturn:
    raise BadJson(f"{name} is not JSON")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise BadJson(f"A number has more than {MAX_DIGITS} digits")
    return int(text)


def _number(text: str) -> float:
    if len(text) > MAX_DIGITS:
        raise BadJson(f"A number has more than {MAX_DIGITS} digits")
    value = float(text)
    if not math.isfinite(value):
        raise BadJson("A number is beyond what a double can hold")
    return value
