"""Generated forms as HTML, in the shape that Camunda 7's own task list and scripts around it expect.

Unlike there, labels and names are escaped: what a model calls its fields must not run in a browser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from procession.bpmn.model import Form, FormField
from procession.camunda7.dates import DATE_PATTERN
from procession.expressions import Scope

_FORM = "this.generatedForm"
_TYPES = {"long": "Long", "boolean": "Boolean"}
_LIMITS = ("minlength", "maxlength", "min", "max")
Lines = Iterator[tuple[int, str]]
"""Lines with their depth."""


def rendered(form: Form, values: Mapping[str, Any], scope: Scope) -> str:
    """The form's HTML. `values` are the fields' default values, `scope` is what labels see."""
    lines = [(0, '<form name="generatedForm" role="form">')]
    for field in form.fields:
        lines += [(1, '<div class="form-group">'), *_field(field, form, values.get(field.id), scope), (1, "</div>")]
    lines.append((0, "</form>"))
    return "".join(f"{'  ' * depth}{line}\n" for depth, line in lines)


def _field(field: FormField, form: Form, value: Any, scope: Scope) -> Lines:
    label = None if field.label is None else field.label.evaluate(scope)
    id_ = escape(field.id)
    if label not in (None, ""):
        yield from [(2, f'<label for="{id_}">'), (3, escape(str(label), quote=False)), (2, "</label>")]
    constraints = dict(field.constraints)
    bound = ["cam-business-key"]
    if field.id != form.business_key:
        bound = [f'cam-variable-type="{_TYPES.get(field.type, "String")}"', f'cam-variable-name="{id_}"']
    common = ['class="form-control"', f'name="{id_}"', *bound]
    common += ["required"] if "required" in constraints else []
    common += ["disabled"] if "readonly" in constraints else []
    match field.type:
        case "enum":
            yield from _choice(field, common)
        case "date":
            yield from _calendar(field, common, open_for_input="readonly" not in constraints)
        case kind:
            common += [f'{name}="{escape(constraints[name] or "")}"' for name in _LIMITS if name in constraints]
            shown = [] if value in (None, "") else [f'value="{escape(_text(value))}"']
            type_ = "checkbox" if kind == "boolean" else "text"
            yield 2, _input([*common, f'type="{type_}"', *shown])
    yield from _complaints(field)


def _input(attributes: Sequence[str]) -> str:
    return f"<input {' '.join(attributes)} />"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choice(field: FormField, attributes: Sequence[str]) -> Lines:
    yield 2, f"<select {' '.join(attributes)}>"
    for id_, name in field.values:
        yield from [(3, f'<option value="{escape(id_)}">'), (4, escape(name, quote=False)), (3, "</option>")]
    yield 2, "</select>"


def _calendar(field: FormField, attributes: Sequence[str], *, open_for_input: bool) -> Lines:
    id_ = escape(field.id)
    yield 2, '<div class="input-group">'
    if not open_for_input:
        yield 3, _input([*attributes, 'type="text"'])
    else:
        pattern = escape(field.date_pattern or DATE_PATTERN)
        popup = [f'uib-datepicker-popup="{pattern}"', f'is-open="dateFieldOpened{id_}"']
        yield from [
            (3, _input([*attributes, 'type="text"', *popup])),
            (3, '<div class="input-group-btn">'),
            (4, f'<button type="button" class="btn btn-default" ng-click="open{id_}($event)">'),
            (5, '<i class="glyphicon glyphicon-calendar">'),
            (5, "</i>"),
            (4, "</button>"),
            (3, "</div>"),
        ]
        if field.id.isidentifier():  # it becomes a name in a script
            body = f"$event.preventDefault(); $event.stopPropagation(); $scope.dateFieldOpened{id_} = true;"
            yield 3, '<script cam-script type="text/form-script">'
            yield 4, f"$scope.open{id_} = function ($event) {{ {body} }};"
            yield 3, "</script>"
    yield 2, "</div>"


def _complaints(field: FormField) -> Lines:
    id_ = escape(field.id)
    at = f"{_FORM}.{id_}"
    yield 2, f'<div ng-if="{at}.$invalid && {at}.$dirty" class="has-error">'
    if field.type == "date":
        pattern = escape(field.date_pattern or DATE_PATTERN)
        told = f"Invalid date format: the date should have the pattern '{pattern}'"
        cases = [(f"{at}.$error.required && !{at}.$error.date", "Required field"), (f"{at}.$error.date", told)]
    else:
        kind = _TYPES.get(field.type, "String").lower()
        told = f"Only a {kind} value is allowed"
        cases = [(f"{at}.$error.required", "Required field"), (f"{at}.$error.camVariableType", told)]
    for condition, text in cases:
        yield from [(3, f'<div ng-show="{condition}" class="help-block">'), (4, text), (3, "</div>")]
    yield 2, "</div>"
