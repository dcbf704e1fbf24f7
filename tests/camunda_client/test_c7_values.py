from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from camunda_client.c7.values import (
    FileValue,
    JsonValue,
    ObjectValue,
    TypedValue,
    XmlValue,
    decode,
    encode,
    encode_variables,
    format_date,
    parse_date,
)


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Car:
    make: str
    price: Decimal


class Order(BaseModel):
    order_id: int = Field(alias="orderId")
    at: date


@pytest.mark.parametrize(
    ("value", "kind", "wire"),
    [
        (None, "Null", None),
        (True, "Boolean", True),
        (5, "Integer", 5),
        (-(2**31), "Integer", -(2**31)),
        (2**31, "Long", 2**31),
        (1.5, "Double", 1.5),
        (Decimal("1.5"), "Double", 1.5),
        ("x", "String", "x"),
        (Colour.RED, "String", "red"),
        (Level.HIGH, "Integer", 3),
        (b"\x00\x01", "Bytes", "AAE="),
        (datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=1))), "Date", "2026-01-31T12:00:00.000+0100"),
        (date(2026, 1, 31), "String", "2026-01-31"),
        (timedelta(hours=1), "String", "PT1H"),
        (UUID(int=1), "String", "00000000-0000-0000-0000-000000000001"),
        ([1, "ä"], "Json", '[1,"ä"]'),
        ((1, Decimal("2.5")), "Json", "[1,2.5]"),
        ({"at": date(2026, 1, 31), 1: Colour.RED}, "Json", '{"at":"2026-01-31","1":"red"}'),
        (Car("VW", Decimal("9.5")), "Json", '{"make":"VW","price":9.5}'),
        (Order(orderId=1, at=date(2026, 1, 31)), "Json", '{"orderId":1,"at":"2026-01-31"}'),
        (JsonValue('{ "a" : 1 }'), "Json", '{ "a" : 1 }'),
        (XmlValue("<a/>"), "Xml", "<a/>"),
        (TypedValue("Long", 5), "Long", 5),
        (TypedValue("short", 5), "Short", 5),
        (TypedValue("Json", {"a": 1}), "Json", '{"a":1}'),
        (TypedValue("Date", datetime(2026, 1, 31, tzinfo=UTC)), "Date", "2026-01-31T00:00:00.000+0000"),
        (TypedValue("Object", [1]), "Object", "[1]"),
    ],
)
def test_encode(value: Any, kind: str, wire: Any) -> None:
    typed = encode(value)
    assert (typed["type"], typed["value"]) == (kind, wire)


def test_encode_what_carries_more() -> None:
    assert encode(FileValue(b"x", "a.txt", "text/plain")) == {
        "type": "File", "value": "eA==", "valueInfo": {"filename": "a.txt", "mimeType": "text/plain"},
    }  # fmt: skip
    assert encode(TypedValue("Object", {"a": 1}))["valueInfo"] == {
        "objectTypeName": "java.util.LinkedHashMap", "serializationDataFormat": "application/json",
    }  # fmt: skip
    assert encode(TypedValue("String", "x", transient=True))["valueInfo"] == {"transient": True}
    assert (
        encode(ObjectValue("{}", "org.acme.Order", "application/json"))["valueInfo"]["objectTypeName"]
        == "org.acme.Order"
    )


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (2**63, "64 bits"),
        (float("nan"), "no such number"),
        ({"a": float("inf")}, "not JSON compliant"),
        (object(), "cannot be a process variable"),
        (print, "cannot be a process variable"),
        (int, "cannot be a process variable"),
    ],
)
def test_what_cannot_be_sent_names_the_variable(value: Any, fault: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"variable 'v': .*{fault}"):
        encode_variables({"v": value})


def test_variables_may_be_a_record() -> None:
    assert encode_variables(Car("VW", Decimal(1)))["make"] == {"type": "String", "value": "VW"}
    assert list(encode_variables(Order(orderId=1, at=date(2026, 1, 31)))) == ["orderId", "at"]
    assert encode_variables(None) == {}
    with pytest.raises(TypeError, match="must be a dict"):
        encode_variables([1])


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ({"type": "Long", "value": 5}, 5),
        ({"type": "Double", "value": 5}, 5.0),
        ({"type": "Null", "value": None}, None),
        ({"type": "Date", "value": "2026-01-01T08:00:00.000+0000"}, datetime(2026, 1, 1, 8, tzinfo=UTC)),
        ({"type": "Json", "value": '{"a":[1]}'}, {"a": [1]}),
        ({"type": "Xml", "value": "<a/>"}, XmlValue("<a/>")),
        ({"type": "Bytes", "value": "AAE="}, b"\x00\x01"),
        ({"type": "File", "value": None, "valueInfo": {"filename": "a"}}, FileValue(None, "a")),
        (
            {"type": "Object", "value": '{"a":1}', "valueInfo": {"serializationDataFormat": "application/json"}},
            {"a": 1},
        ),
        (
            {"type": "Object", "value": "rO0", "valueInfo": {"serializationDataFormat": "java", "objectTypeName": "X"}},
            ObjectValue("rO0", "X", "java"),
        ),
        ({"type": "Object", "value": {"a": 1}, "valueInfo": {}}, {"a": 1}),
        ({"type": "SomethingNew", "value": 1}, 1),
    ],
)
def test_decode(typed: dict[str, Any], value: Any) -> None:
    assert decode(typed) == value


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_what_is_sent_comes_back(value: Any) -> None:
    assert decode(json.loads(json.dumps(encode(value)))) == value


@given(st.datetimes(min_value=datetime(500, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.timezones()))
def test_dates_come_back_to_the_millisecond(moment: datetime) -> None:
    again = parse_date(format_date(moment))
    assert again == moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000+00"])
def test_other_notations(text: str) -> None:
    assert parse_date(text) == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01T00:00:00"])
def test_not_a_date(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a date|month must be"):
        parse_date(text)
