"""Generated forms as HTML: what a model says in them stays text."""

from __future__ import annotations

from procession.bpmn.model import Form, FormField
from procession.camunda7.rendered_forms import rendered
from procession.expressions import Literal, MappingScope

EVIL = '"><script>alert(1)</script>'


def html(field: FormField, value: object = None, business_key: str | None = None) -> str:
    form = Form(fields=(field,), business_key=business_key)
    return rendered(form, {field.id: value}, MappingScope({}))


def test_nothing_of_a_model_becomes_markup() -> None:
    for type_ in ("string", "long", "boolean", "date", "enum"):
        field = FormField(
            EVIL, Literal(EVIL), type_, values=((EVIL, EVIL),), constraints=(("max", EVIL),), date_pattern=EVIL
        )
        assert "<script>alert" not in html(field, EVIL)


def test_the_business_key_is_no_variable() -> None:
    assert "cam-business-key type" in html(FormField("k", None, "string"), business_key="k")


def test_a_date_opens_a_calendar_unless_it_is_read_only() -> None:
    assert 'uib-datepicker-popup="yyyy"' in html(FormField("d", None, "date", date_pattern="yyyy"))
    assert "datepicker" not in html(FormField("d", None, "date", constraints=(("readonly", None),)))


def test_limits_and_values_are_attributes() -> None:
    text = html(FormField("n", None, "long", constraints=(("required", None), ("min", "2"))), 4)
    assert 'required min="2" type="text" value="4"' in text
