"""Typed values on the wire. What is refused, and how, was recorded from Camunda 7.24."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.camunda7.problems import Answered
from procession.camunda7.values import plain_json, read_value, read_variables, typed
from procession.values import FileValue, JsonValue, Long, ObjectValue, Short, TypedValue, XmlValue

JSON = {"objectTypeName": "java.util.HashMap", "serializationDataFormat": "application/json"}
MOMENT = datetime(2013, 1, 23, 12, 42, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("document", "type_", "value"),
    [
        ({"value": "x"}, "String", "x"),
        ({"value": 5}, "Integer", 5),
        ({"value": 5_000_000_000}, "Long", Long(5_000_000_000)),
        ({"value": 1.5}, "Double", 1.5),
        ({"value": True}, "Boolean", True),
        ({"value": None}, "Null", None),
        ({}, "Null", None),
        ({"value": [1, {"a": 2}]}, "Object", [1, {"a": 2}]),
        ({"type": "Integer", "value": "5"}, "Integer", 5),
        ({"type": "String", "value": 5}, "String", "5"),
        ({"type": "string", "value": "x"}, "String", "x"),
        ({"type": "String"}, "String", None),
        ({"type": "Integer", "value": None}, "Integer", None),
        ({"type": "Short", "value": 7}, "Short", Short(7)),
        ({"type": "Long", "value": 7}, "Long", Long(7)),
        ({"type": "Double", "value": 1}, "Double", 1.0),
        ({"type": "Boolean", "value": "true"}, "Boolean", True),
        ({"type": "Date", "value": "2013-01-23T14:42:45.000+0200"}, "Date", MOMENT),
        ({"type": "Bytes", "value": "aGVsbG8="}, "Bytes", b"hello"),
        ({"type": "Json", "value": '{"a":1}'}, "Json", JsonValue('{"a":1}')),
        ({"type": "Xml", "value": "<a/>"}, "Xml", XmlValue("<a/>")),
        ({"type": "Object", "value": '{"a":1}', "valueInfo": JSON}, "Object", {"a": 1}),
        ({"type": "Object", "value": "no json", "valueInfo": JSON}, "Object", "opaque"),
        ({"type": "Object", "value": None, "valueInfo": JSON}, "Object", None),
        (
            {"type": "File", "value": "eA==", "valueInfo": {"filename": "a.txt", "mimetype": "text/plain"}},
            "File",
            FileValue(b"x", "a.txt", "text/plain"),
        ),
    ],
)
def test_reading(document: dict[str, Any], type_: str, value: Any) -> None:
    found = read_value(document)
    assert found.type == type_
    if value == "opaque":
        assert isinstance(found.value, ObjectValue)
        return
    assert found.value == value
    assert type(found.value) is type(value)


def test_a_transient_value_says_so() -> None:
    assert read_value({"value": 1, "valueInfo": {"transient": True}}).transient
    assert not read_value({"value": 1}).transient


@pytest.mark.parametrize(
    ("document", "status", "message"),
    [
        ({"type": "Foo", "value": "x"}, 400, "Unsupported value type 'Foo'"),
        (
            {"type": "Integer", "value": "x"},
            400,
            "Cannot convert value 'x' of type 'Integer' to java type java.lang.Integer",
        ),
        (
            {"type": "Integer", "value": 5.5},
            400,
            "Cannot convert value '5.5' of type 'Integer' to java type java.lang.Integer",
        ),
        (
            {"type": "Short", "value": 99999},
            400,
            "Cannot convert value '99999' of type 'Short' to java type java.lang.Short",
        ),
        (
            {"type": "Boolean", "value": 1},
            400,
            "Cannot convert value '1' of type 'Boolean' to java type java.lang.Boolean",
        ),
        ({"type": "Date", "value": 5}, 400, "Cannot convert value '5' of type 'Date' to java type java.util.Date"),
        (
            {"type": "Date", "value": "2013-01-23"},
            400,
            "Cannot convert value '2013-01-23' of type 'Date' to java type java.util.Date",
        ),
        ({"type": "Bytes", "value": "x"}, 400, "Cannot convert value 'x' of type 'Bytes' to java type [B"),
        (
            {"type": "Null", "value": "x"},
            400,
            "Cannot convert value 'x' of type 'Null' to java type javax.lang.model.type.NullType",
        ),
        (
            {"type": "Object", "value": {"a": 1}},
            400,
            "Must provide 'null' or String value for value of SerializableValue type 'Object'.",
        ),
    ],
)
def test_refusing(document: dict[str, Any], status: int, message: str) -> None:
    with pytest.raises(Answered) as caught:
        read_value(document, "Cannot put task variable a: ")
    assert (caught.value.status, caught.value.type) == (status, "InvalidRequestException")
    assert caught.value.message == f"Cannot put task variable a: {message}"


def test_java_serialisation_is_refused() -> None:
    info = {"objectTypeName": "a.B", "serializationDataFormat": "application/x-java-serialized-object"}
    with pytest.raises(Answered, match="Java serialization format is prohibited"):
        read_value({"type": "Object", "value": "rO0AB", "valueInfo": info})


@pytest.mark.parametrize(
    "container", [[], "x", {"a": 1}, {"a": {"value": 1, "type": 5}}, {"a": {"valueInfo": []}, "b": 1}]
)
def test_what_is_no_object_is_refused(container: Any) -> None:
    with pytest.raises(Answered):
        read_variables(container)


@pytest.mark.parametrize(
    ("value", "type_", "shown"),
    [
        ("x", "String", "x"),
        (5, "Integer", 5),
        (Long(5), "Long", 5),
        (1.0, "Double", 1.0),
        (None, "Null", None),
        (MOMENT, "Date", "2013-01-23T12:42:45.000+0000"),
        (b"hello", "Bytes", "aGVsbG8="),
        (FileValue(b"x", "a.txt", None, "UTF-8"), "File", None),
        (float("nan"), "Double", "NaN"),
    ],
)
def test_writing(value: Any, type_: str, shown: Any) -> None:
    assert (typed(value)["type"], typed(value)["value"]) == (type_, shown)


def test_a_list_has_the_type_that_java_gives_it() -> None:
    java = "application/x-java-serialized-object"
    info = {"objectTypeName": "java.util.ArrayList", "serializationDataFormat": java}
    assert typed([1, 2]) == {"type": "Object", "value": [1, 2], "valueInfo": info}


def test_an_object_shows_its_text_where_nobody_wants_it_read() -> None:
    found = read_value({"type": "Object", "value": '{"a":1}', "valueInfo": JSON})
    assert typed(found)["value"] == {"a": 1}
    assert typed(found, deserialize=False) == {"type": "Object", "value": '{"a":1}', "valueInfo": JSON}


def test_an_object_that_is_no_json_fails_when_it_is_read() -> None:
    found = read_value({"type": "Object", "value": "no json", "valueInfo": JSON})
    assert typed(found, deserialize=False)["value"] == "no json"
    with pytest.raises(Answered, match="Cannot deserialize object in variable 'ar'") as caught:
        typed(found, name="ar")
    assert (caught.value.status, caught.value.code) == (500, 0)


def test_a_json_value_shows_its_node() -> None:
    assert typed(JsonValue('{"a":1}'), deserialize=False)["value"] == '{"a":1}'
    assert typed(JsonValue('{"a":1}'))["value"]["nodeType"] == "OBJECT"


SIMPLE = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
) | st.text(st.characters(exclude_categories=["Cs"]))


@given(SIMPLE | st.lists(SIMPLE, max_size=3) | st.dictionaries(st.text(max_size=5), SIMPLE, max_size=3))
def test_what_is_written_reads_back(value: Any) -> None:
    written = typed(read_value({"value": value}))
    again = read_value({"value": written["value"]}) if written["type"] == "Object" else read_value(written)
    assert again.value == value


def test_plain_json_of_what_has_no_type() -> None:
    found = plain_json({"a": [MOMENT, TypedValue("Long", Long(1)), JsonValue("{}")]})
    assert found == {"a": ["2013-01-23T12:42:45.000+0000", 1, "{}"]}
