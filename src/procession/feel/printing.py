"""FEEL values as text: what `string(…)` gives, and how values look inside lists and contexts."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from procession.errors import ExpressionFailed
from procession.feel.evaluation import check_text
from procession.feel.limits import LIMITS
from procession.feel.temporal import write_date, write_date_time, write_duration, write_time
from procession.feel.values import Date, DateTime, DaysTime, Function, Range, Time, YearsMonths

_PLAIN_KEY = re.compile(r"[^\W\d]\w*( \w+)*")


def write_number(value: Decimal) -> str:
    """Plain digits, no exponent, as many decimal places as the number has: `1.50`, `100`, `0.000001`."""
    return format(value or abs(value), "f")


def quoted(text: str) -> str:
    """A string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def to_text(value: Any) -> str:
    """A value as `string(…)` writes it: strings as they are, everything else as a literal."""
    return value if isinstance(value, str) else to_literal(value)


def to_literal(value: Any, depth: int = 0) -> str:
    """A value as FEEL source, as far as there is one. Raises ExpressionFailed for one too long or nested too deep."""
    if depth > LIMITS.nesting:
        raise ExpressionFailed(f"the value is nested deeper than {LIMITS.nesting}")
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return write_number(value)
        case str():
            return quoted(value)
        case Date():
            return write_date(value)
        case Time():
            return write_time(value)
        case DateTime():
            return write_date_time(value)
        case DaysTime() | YearsMonths():
            return write_duration(value)
        case list():
            return _joined("[", [to_literal(item, depth + 1) for item in value], "]")
        case dict():
            return _joined("{", [f"{_key(key)}: {to_literal(item, depth + 1)}" for key, item in value.items()], "}")
        case Range():
            return _range(value)
        case Function():
            return f"function({', '.join(value.parameters)})"
        case _:
            return "<opaque>"


def _joined(start: str, parts: list[str], end: str) -> str:
    check_text(sum(map(len, parts)) + 2 * len(parts))
    return start + ", ".join(parts) + end


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else quoted(key)


def _range(value: Range) -> str:
    if value.start is None and not value.broken:
        return f"<{'=' if value.end_closed else ''} {to_literal(value.end)}"
    if value.end is None and not value.broken:
        return f">{'=' if value.start_closed else ''} {to_literal(value.start)}"
    start, end = "[" if value.start_closed else "(", "]" if value.end_closed else ")"
    return f"{start}{to_literal(value.start)}..{to_literal(value.end)}{end}"
