"""JSON as engines want it: what Python programs put into variables, written as text; no engine's types."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID


def encode(value: Any) -> bytes:
    """JSON text. Beyond JSON's own types: pydantic models (by alias), dataclasses, mappings, sets, enums, dates and times
    (ISO 8601), durations (ISO 8601), decimals (numbers), UUIDs, bytes (base64).

    Raises TypeError for anything else and ValueError for NaN and infinity, which JSON does not have.
    """
    return json.dumps(value, default=plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def plain(value: Any) -> Any:
    """One step from a Python object towards JSON. Raises TypeError for what has no such form."""
    match value:
        case Enum():
            return value.value
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return _duration(value)
        case Decimal():
            if not value.is_finite():
                raise ValueError(f"{value} is no number of JSON")
            return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
        case UUID():
            return str(value)
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode("ascii")
        case Mapping():
            return dict(value)
        case set() | frozenset() | tuple():
            return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    model = type(value)
    if hasattr(model, "__pydantic_validator__"):
        return value.model_dump(by_alias=True)
    raise TypeError(f"a value of type {model.__qualname__} cannot be written as JSON")


def _duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}PT{seconds:g}S" if seconds < 1e6 else f"{sign}P{int(seconds // 86400)}DT{seconds % 86400:g}S"
