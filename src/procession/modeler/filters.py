"""Searching: filters, order and pages of both APIs, over rows as the API shows them.

v1 compares for equality, letters of any case for `type`; a date may say how exact it is (`2026-11-21T00:00:00Z||/d`)
and start with a comparison (`>=`). Hub's filters are values or objects of operators such as `{"$like": "%order%"}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from procession.errors import Invalid
from procession.modeler.store import Row

V1_PAGE, V1_LARGEST, HUB_PAGE, HUB_LARGEST = 10, 50, 100, 1000
"""Default and largest page sizes."""

_DATES = ("created", "updated")
_DATE = re.compile(r"(>=|<=|>|<|)\s*([0-9T:.Z+-]+)(?:\|\|/([yMdhms]))?")
_CUTS = {"y": 4, "M": 7, "d": 10, "h": 13, "m": 16, "s": 19}
_LONGEST_PATTERN = 256


def search_v1(rows: Sequence[Row], body: Mapping[str, Any]) -> Row:
    """`{filter, sort: [{field, direction}], page, size}` to `{items, total}`."""
    wanted = _filter(body)
    found = [row for row in rows if all(_equal_v1(name, row.get(name), value) for name, value in wanted.items())]
    found = _sorted(found, body, "direction")
    page = _number(body, "page", 0)
    size = _number(body, "size", V1_PAGE, V1_LARGEST)
    return {"items": found[page * size : (page + 1) * size], "total": len(found)}


def search_hub(rows: Sequence[Row], body: Mapping[str, Any]) -> Row:
    """`{filter, sort: [{field, order}], page: {from, limit}}` to `{items, page}`."""
    wanted = _filter(body)
    found = _sorted([row for row in rows if _matches(row, wanted)], body, "order")
    page = body.get("page")
    page = {} if page is None else page
    if not isinstance(page, dict):
        raise Invalid("page must be an object")
    start, limit = _number(page, "from", 0), _number(page, "limit", HUB_PAGE, HUB_LARGEST)
    return {"items": found[start : start + limit], "page": {"totalItems": len(found), "hasMoreTotalItems": False}}


def _filter(body: Mapping[str, Any]) -> Row:
    wanted = body.get("filter")
    if wanted is None:
        return {}
    if not isinstance(wanted, dict):
        raise Invalid("filter must be an object")
    return wanted


def _number(body: Mapping[str, Any], name: str, default: int, largest: int = 2**31 - 1) -> int:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
        raise Invalid(f"{name} must be a whole number from 0 to {largest}")
    return value


def _sorted(rows: list[Row], body: Mapping[str, Any], direction: str) -> list[Row]:
    orders = body.get("sort") or []
    if isinstance(orders, dict):
        orders = [orders]
    if not isinstance(orders, list) or not all(isinstance(order, dict) for order in orders):
        raise Invalid("sort must be a list of fields")
    for order in reversed(orders):
        name, way = order.get("field"), str(order.get(direction) or "ASC").upper()
        if not isinstance(name, str) or way not in ("ASC", "DESC"):
            raise Invalid(f"sort needs a field, and {direction} ASC or DESC")
        rows = sorted(rows, key=lambda row: str(row.get(name) or ""), reverse=way == "DESC")
    return rows


def _equal_v1(name: str, value: Any, wanted: Any) -> bool:
    if name in _DATES and isinstance(wanted, str):
        return _date_matches(str(value), wanted)
    if name == "type" and isinstance(wanted, str):
        return str(value).lower() == wanted.lower()
    if isinstance(wanted, dict) and isinstance(value, dict):
        return all(value.get(key) == part for key, part in wanted.items())
    return bool(value == wanted)


def _date_matches(value: str, wanted: str) -> bool:
    parts = _DATE.fullmatch(wanted.strip())
    if parts is None:
        raise Invalid(f"{wanted!r} is not a date")
    comparison, text, unit = parts.groups()
    instant, limit = _instant(value), _instant(text)
    if unit is None:
        return _COMPARE[comparison or "="](instant, limit)
    cut = _CUTS[unit]
    left, right = instant.isoformat()[:cut], limit.isoformat()[:cut]
    return _COMPARE[comparison or "="](left, right)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text!r} is not a date") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _matches(row: Row, wanted: Mapping[str, Any]) -> bool:
    for name, condition in wanted.items():
        if name == "$or":
            if not isinstance(condition, list) or not all(isinstance(part, dict) for part in condition):
                raise Invalid("$or must be a list of filters")
            if not any(_matches(row, part) for part in condition):
                return False
            continue
        value = row.get(name)
        if name in ("createdBy", "updatedBy") and isinstance(value, dict):
            value = value.get("email")
        operators = condition if isinstance(condition, dict) else {"$eq": condition}
        if not all(_holds(name, value, operator, operand) for operator, operand in operators.items()):
            return False
    return True


def _holds(name: str, value: Any, operator: str, operand: Any) -> bool:
    if operator == "$exists":
        return (value is not None) is (operand is True)
    if operator in ("$in", "$notIn"):
        if not isinstance(operand, list):
            raise Invalid(f"{operator} needs a list")
        return (value in operand) is (operator == "$in")
    if operator == "$like":
        return _like(str(value or ""), operand)
    if operator in ("$eq", "$neq"):
        same = value == operand
        if name in _DATES and isinstance(value, str) and isinstance(operand, str):
            same = _instant(value) == _instant(operand)
        return same is (operator == "$eq")
    if operator in ("$gt", "$gte", "$lt", "$lte") and isinstance(operand, str) and name in _DATES:
        comparison = operator.replace("$gt", ">").replace("$lt", "<").replace("e", "=")
        return _COMPARE[comparison](_instant(str(value)), _instant(operand))
    raise Invalid(f"{name} cannot be compared with {operator}")


def _like(text: str, pattern: Any) -> bool:
    """SQL's LIKE: `%` is any text, `_` any letter. Takes time in proportion to text times pattern, whatever they are."""
    if not isinstance(pattern, str) or len(pattern) > _LONGEST_PATTERN:
        raise Invalid(f"$like needs a text of at most {_LONGEST_PATTERN} characters")
    # For every prefix of the pattern, whether it matches the text read so far.
    matched = [True] + [False] * len(pattern)
    for number, sign in enumerate(pattern, 1):
        matched[number] = matched[number - 1] and sign == "%"
    for letter in text:
        before, matched = matched, [False] * len(matched)
        for number, sign in enumerate(pattern, 1):
            if sign == "%":
                matched[number] = matched[number - 1] or before[number]
            else:
                matched[number] = before[number - 1] and sign in ("_", letter)
    return matched[-1]
