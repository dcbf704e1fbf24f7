"""String functions (DMN 10.3.4.3). Lengths and positions count characters, not code units."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from procession.feel.builtins.registry import builtin
from procession.feel.evaluation import Evaluation, Null, check_items, check_text
from procession.feel.regex import compile_pattern, found, replacement
from procession.feel.values import number

_PLAIN = re.compile(r"[\w ,;:/@=<>!%&#'\"-]+")
"""Delimiters that are patterns of nothing but themselves."""


@builtin("substring(string: string, start position: number, length?: number)")
def substring(text: str, start: Decimal, length: Decimal | None = None) -> str | None:
    place = int(start) if abs(start) <= len(text) else 0
    if not place:
        raise Null(f"substring: there is no position {start} in a string of {len(text)}")
    first = place - 1 if place > 0 else len(text) + place
    if length is None:
        return text[first:]
    if length < 1:
        raise Null("substring: the length must be at least 1")
    return text[first : first + int(min(length, Decimal(len(text))))]


@builtin("string length(string: string)")
def string_length(text: str) -> Decimal:
    return number(len(text))


@builtin("upper case(string: string)")
def upper_case(text: str) -> str:
    return text.upper()


@builtin("lower case(string: string)")
def lower_case(text: str) -> str:
    return text.lower()


@builtin("substring before(string: string, match: string)")
def substring_before(text: str, match: str) -> str:
    before, found, _ = text.partition(match) if match else ("", "", "")
    return before if found else ""


@builtin("substring after(string: string, match: string)")
def substring_after(text: str, match: str) -> str:
    if not match:
        return text
    return text.partition(match)[2]


@builtin("contains(string: string, match: string)")
def contains(text: str, match: str) -> bool:
    return match in text


@builtin("starts with(string: string, match: string)")
def starts_with(text: str, match: str) -> bool:
    return text.startswith(match)


@builtin("ends with(string: string, match: string)")
def ends_with(text: str, match: str) -> bool:
    return text.endswith(match)


@builtin("matches(input: string, pattern: string, flags?: string?)", needs_evaluation=True)
def matches(evaluation: Evaluation, text: str, pattern: str, flags: str | None = None) -> bool:
    return next(found(evaluation, compile_pattern(pattern, flags or ""), text), None) is not None


@builtin(
    "replace(input: string, pattern: string, replacement: string, flags?: string?)",
    needs_evaluation=True,
)
def replace(evaluation: Evaluation, text: str, pattern: str, new: str, flags: str | None = None) -> str:
    compiled = compile_pattern(pattern, flags or "")
    parts = replacement(new, compiled.groups) if "q" not in (flags or "") else [new]
    pieces: list[str] = []
    place = size = 0
    for match in found(evaluation, compiled, text):
        start, end = match.span()
        piece = text[place:start] + "".join(
            part if isinstance(part, str) else (match.group(part) or "") for part in parts
        )
        pieces.append(piece)
        size += len(piece)
        check_text(size)
        place = end
    return "".join(pieces) + text[place:]


@builtin("split(string: string, delimiter: string)", needs_evaluation=True)
def split(evaluation: Evaluation, text: str, delimiter: str) -> list[Any]:
    parts: list[Any]
    if _PLAIN.fullmatch(delimiter):
        parts = text.split(delimiter)
        evaluation.spend(8 * len(parts))
        check_items(len(parts))
        return parts
    parts, place = [], 0
    for match in found(evaluation, compile_pattern(delimiter, ""), text):
        start, end = match.span()
        if start == end:
            continue
        parts.append(text[place:start])
        check_items(len(parts))
        place = end
    return [*parts, text[place:]]
