"""What is encoded and decoded is the same again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from procession.storage.columns import BIG_VALUE
from procession.storage.encoding import decode_value, encode_value, from_json, millis, moment, to_json
from procession.values import FileValue, Long
from tests.storage.records import MOMENTS, VALUES


def again(value: Any) -> Any:
    return decode_value(*encode_value(value))


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    found = again(value)
    assert found == value
    assert type(found) is type(value)


@given(VALUES)
def test_tagged_json_comes_back_as_it_was(value: Any) -> None:
    assert from_json(to_json(value)) == value


@given(MOMENTS)
def test_times_are_whole_milliseconds(value: datetime) -> None:
    assert moment(millis(value)) == value


def test_a_time_in_another_zone_is_compared_by_its_instant() -> None:
    value = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    encoded = encode_value(value)
    assert encoded.long == millis(datetime(2024, 5, 1, 10, tzinfo=UTC))
    assert decode_value(*encoded).utcoffset() == timedelta(hours=2)


@pytest.mark.parametrize(
    ("value", "column", "stored"),
    [
        (5, "long", 5),
        (Long(6), "long", 6),
        (True, "long", 1),
        (1.5, "double", 1.5),
        (Decimal("1.5"), "double", 1.5),
        ("a", "text", "a"),
        (b"a", "data", b"a"),
    ],
)
def test_what_queries_compare_lies_in_its_column(value: Any, column: str, stored: Any) -> None:
    assert getattr(encode_value(value), column) == stored


@pytest.mark.parametrize(
    "value", ["x" * (BIG_VALUE + 1), b"x" * (BIG_VALUE + 1), ["x" * BIG_VALUE], FileValue(b"x" * 5000, "f")]
)
def test_what_is_big_lies_apart(value: Any) -> None:
    encoded = encode_value(value)
    assert encoded.content is not None
    assert encoded.data is None
    assert len(encoded.text or "") < 100


def test_not_a_number_is_kept() -> None:
    assert repr(again(float("nan"))) == "nan"


def test_what_no_process_has_cannot_be_stored() -> None:
    with pytest.raises(TypeError, match="type object cannot be stored"):
        encode_value(object())


def test_a_stored_text_never_chooses_code() -> None:
    with pytest.raises(KeyError):
        from_json('{"$": "os.system", "v": ["true"]}')
