"""What generated forms make of what was entered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from procession.bpmn.model import Form, FormField
from procession.camunda7.submitting import submitted
from procession.errors import ExecutionFailed
from procession.expressions import Literal
from procession.values import Long, TypedValue, type_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def made(field: FormField, *values: Any, known: frozenset[str] = frozenset()) -> Any:
    """The field's variable after submitting one value, or none."""
    given = {"f": TypedValue(type_of(values[0]), values[0])} if values else {}
    found = submitted(Form(fields=(field,)), given, NOW, known)
    return found[field.id].value if field.id in found else "nothing"


def field(type_: str, *constraints: tuple[str, str | None], **options: Any) -> FormField:
    return FormField("f", None, type_, constraints=constraints, **options)


@pytest.mark.parametrize(
    ("form_field", "value", "expected"),
    [
        (field("long"), 7, Long(7)),
        (field("long"), "7", Long(7)),
        (field("long"), None, None),
        (field("boolean"), "true", True),
        (field("string"), 5, "5"),
        (field("string"), True, "true"),
        (field("date"), "31/12/2020", datetime(2020, 12, 31, tzinfo=UTC)),
        (field("date", date_pattern="yyyy-MM-dd"), "2020-12-31", datetime(2020, 12, 31, tzinfo=UTC)),
        (field("date"), NOW, NOW),
        (field("enum", values=(("a", "A"),)), "a", "a"),
        (field("long", ("min", "1"), ("max", "9")), 9, Long(9)),
        (field("string", ("maxlength", "2")), "ab", "ab"),
        (field("long", ("max", "x")), None, None),
    ],
)
def test_values_become_the_type_of_their_field(form_field: FormField, value: Any, expected: Any) -> None:
    assert made(form_field, value) == expected


@pytest.mark.parametrize(
    ("form_field", "values"),
    [
        (field("long"), ["seven"]),
        (field("long"), [2**63]),
        (field("boolean"), [5]),
        (field("date"), ["2020-12-31"]),
        (field("date"), [5]),
        (field("enum", values=(("a", "A"),)), ["b"]),
        (field("string", ("required", None)), []),
        (field("string", ("required", None)), [""]),
        (field("string", ("readonly", None)), ["x"]),
        (field("long", ("max", "9")), [10]),
        (field("long", ("max", "9")), ["8"]),
        (field("long", ("min", "9")), [8]),
        (field("string", ("minlength", "2")), ["a"]),
        (field("string", ("maxlength", "2")), ["abc"]),
        (field("long", ("max", "x")), [1]),
    ],
)
def test_a_field_refuses(form_field: FormField, values: list[Any]) -> None:
    with pytest.raises(ExecutionFailed):
        made(form_field, *values)


def test_a_missing_value_is_the_default() -> None:
    assert made(field("long", default=Literal("5"))) == 5


def test_no_default_replaces_what_is_known() -> None:
    assert made(field("long", default=Literal("5")), known=frozenset({"f"})) == "nothing"


def test_what_belongs_to_no_field_passes() -> None:
    assert submitted(Form(fields=(field("long"),)), {"x": TypedValue("String", "y")}, NOW)["x"].value == "y"
