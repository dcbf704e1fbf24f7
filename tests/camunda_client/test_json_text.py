"""Python values as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from camunda_client.json_text import encode


class Colour(Enum):
    RED = "red"


@dataclass(slots=True)
class Point:
    x: int
    colour: Colour


class Line(BaseModel):
    start: Point
    line_end: Point = Field(serialization_alias="lineEnd")


POINT = Point(1, Colour.RED)
AS_JSON = {"x": 1, "colour": "red"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, "ä", None, True]}, {"a": [1, "ä", None, True]}),
        (POINT, AS_JSON),
        ({"deep": [POINT]}, {"deep": [AS_JSON]}),
        (Line(start=POINT, line_end=POINT), {"start": AS_JSON, "lineEnd": AS_JSON}),
        (Decimal("12.50"), 12.5),
        (Decimal(7), 7),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02T03:04:00+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (timedelta(minutes=90), "PT5400S"),
        (timedelta(days=100), "P100DT0S"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"abc", "YWJj"),
        ({1}, [1]),
        (MappingProxyType({"a": 1}), {"a": 1}),
    ],
)
def test_values(value: Any, text: Any) -> None:
    assert json.loads(encode(value)) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_json_has_not(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|compliant"):
        encode(value)


def test_what_has_no_form() -> None:
    with pytest.raises(TypeError, match="type object cannot be written as JSON"):
        encode({"a": object()})
