"""What generated forms make of what was entered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from procession.bpmn.model import Form, FormField
from procession.camunda7.submitting import submitted
from procession.engine.registry import Registry
from procession.errors import ExecutionFailed
from procession.expressions import Literal
from procession.juel import compile_expression
from procession.values import Long, TypedValue, type_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING: Mapping[str, Any] = MappingProxyType({})


def made(field: FormField, *values: Any, known: Mapping[str, Any] = NOTHING, registry: Registry | None = None) -> Any:
    """The field's variable after submitting one value, or none."""
    given = {"f": TypedValue(type_of(values[0]), values[0])} if values else {}
    found = submitted(Form(fields=(field,)), given, NOW, known, registry)
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
    assert made(field("long", default=Literal("5")), known={"f": 1}) == "nothing"


def test_what_belongs_to_no_field_passes() -> None:
    assert submitted(Form(fields=(field("long"),)), {"x": TypedValue("String", "y")}, NOW)["x"].value == "y"


@pytest.mark.checklist(22, 4)
@pytest.mark.parametrize("validator", ["org.example.Even", "${even}"])
def test_a_validator_is_a_registered_callable(validator: str) -> None:
    registry = Registry()
    registry.delegates["org.example.Even"] = registry.beans["even"] = lambda value: value % 2 == 0  # type: ignore[operator]
    even = field("long", ("validator", validator))
    assert made(even, 4, registry=registry) == 4
    with pytest.raises(ExecutionFailed, match="validation of validator"):
        made(even, 3, registry=registry)


def test_an_expression_that_gives_no_validator_is_an_error() -> None:
    with pytest.raises(ExecutionFailed, match="gives no validator"):
        made(field("long", ("validator", "${1}")), 3)


def test_defaults_see_variables_and_the_fields_before() -> None:
    first, second = field("long"), replace(field("string", default=compile_expression("${f}-${v}")), id="g")
    found = submitted(Form(fields=(first, second)), {"f": TypedValue("Integer", 1)}, NOW, {"v": "w"})
    assert found["g"].value == "1-w"
