"""Records that hypothesis makes up: every field of every record, as far as processes can fill it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_type_hints

from hypothesis import strategies as st

from procession.feel import values as feel
from procession.kernel.records import Life, Phase, Wait
from procession.kernel.state import TABLES
from procession.values import FileValue, JsonValue, Long, ObjectValue, Short, XmlValue

INT32 = st.integers(-(2**31), 2**31 - 1)
KEYS = st.integers(1, 2**63 - 1)
TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
LONG_TEXT = st.sampled_from("xä\ud800").map(lambda character: character * 5000)
ANY_TEXT = st.text(max_size=20) | st.sampled_from(["", "\x00", "a\x00b", "\ud800", "$"])
MOMENTS = st.integers(-(2**40), 2**42).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))

PLAIN = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | ANY_TEXT
    | st.binary(max_size=20)
    | st.just(5000).map(bytes)
    | LONG_TEXT
    | MOMENTS
    | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.integers(-(2**63), 2**63 - 1).map(Long)
    | st.integers(-(2**15), 2**15 - 1).map(Short)
    | st.builds(FileValue, st.binary(max_size=9), TEXT, st.none() | TEXT, st.none() | TEXT)
    | st.just(9000).map(lambda size: FileValue(bytes(size), "big.bin", "application/pdf", None))
    | st.builds(JsonValue, ANY_TEXT)
    | st.builds(XmlValue, ANY_TEXT)
    | st.builds(ObjectValue, st.none() | TEXT, st.none() | TEXT, st.none() | TEXT)
    | st.builds(feel.Date, st.integers(-999, 9999), st.integers(1, 12), st.integers(1, 28))
    | st.builds(feel.YearsMonths, st.integers(-999, 999))
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3) | st.tuples(inner),
    max_leaves=6,
)
TYPES = ["Null", "Boolean", "Integer", "Long", "Double", "String", "Date", "Bytes", "File", "Json", "Object"]


def _of_type(hint: Any) -> st.SearchStrategy[Any]:
    known: dict[Any, st.SearchStrategy[Any]] = {
        int: INT32,
        int | None: st.none() | INT32,
        str: TEXT,
        str | None: st.none() | TEXT,
        bool: st.booleans(),
        datetime: MOMENTS,
        datetime | None: st.none() | MOMENTS,
        Life: st.sampled_from(Life),
        Phase: st.sampled_from(Phase),
        Any: VALUES,
        tuple[str, ...]: st.lists(TEXT, max_size=3).map(tuple),
        Mapping[str, int]: st.dictionaries(TEXT, INT32, max_size=3),
        Mapping[str, str]: st.dictionaries(TEXT, ANY_TEXT, max_size=3),
        Mapping[str, Any]: st.dictionaries(ANY_TEXT, VALUES, max_size=3),
        tuple[tuple[Wait, int], ...]: st.lists(st.tuples(st.sampled_from(Wait), KEYS), max_size=3).map(tuple),
    }
    return known[hint]


def _record(table: type[Any]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(table)
    # what is transient is never stored
    made = {name: _of_type(hints[name]) for name in table.__struct_fields__ if name != "transient"}
    return st.builds(table, **(made | {"key": KEYS}))


RECORDS = {table: _record(table) for table in TABLES}
