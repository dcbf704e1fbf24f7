"""Forms as the API shows them: keys and references, and the fields of generated forms with their default values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from procession.bpmn.model import Form, FormField, Process, StartEvent, UserTask
from procession.camunda7.dates import DATE_PATTERN, strftime_pattern
from procession.camunda7.rendered_forms import rendered
from procession.camunda7.values import typed
from procession.errors import NoNumber
from procession.expressions import Expression, MappingScope, Scope
from procession.values import Long

_TYPES = {"long": "Long", "boolean": "Boolean", "string": "String", "enum": "String", "date": "Date"}


def process_model(engine: Any, definition: int) -> Process:
    """The model of a process definition."""
    with engine.storage.view() as transaction:
        model: Process = engine.definitions.process(definition, transaction)
    return model


def _start_form(model: Process) -> Form | None:
    start = None if model.initial is None else model.nodes.get(model.initial)
    return start.form if isinstance(start, StartEvent) else None


def _shown(form: Form | None, generated: str) -> dict[str, Any]:
    key = reference = None
    if form is not None and form.key is not None:
        key = _source(form.key)
    elif form is not None and form.reference is not None:
        binding = form.reference.binding.value
        version = form.reference.version
        number = None if version is None else _source(version)
        named = int(number) if number is not None and number.isdigit() else None
        reference = {"key": _source(form.reference.key), "binding": binding, "version": named}
    elif form is not None and form.fields:
        key = f"embedded:engine://engine/:engine/{generated}/rendered-form"
    return {"key": key, "camundaFormRef": reference, "contextPath": None}


def _source(expression: Expression) -> str:
    return str(expression.evaluate(MappingScope({}))) if expression.constant else expression.source


def start_form(engine: Any, definition: int, id_: str) -> dict[str, Any]:
    """Key or reference of a process definition's start form."""
    return _shown(_start_form(process_model(engine, definition)), f"process-definition/{id_}")


def task_form(engine: Any, task: Any) -> dict[str, Any]:
    """Key or reference of a task's form: what the task got when it was created, else a generated form's address."""
    if task["form_key"] is not None:
        return {"key": task["form_key"], "camundaFormRef": None, "contextPath": None}
    if task["form_ref"] is not None:
        reference = {"key": task["form_ref"], "binding": task["form_binding"], "version": task["form_version"]}
        return {"key": None, "camundaFormRef": reference, "contextPath": None}
    return _shown(_task_form(engine, task), f"task/{task['key']}")


def _task_form(engine: Any, task: Any) -> Form | None:
    if task["definition"] is None or task["node"] is None:
        return None
    node = process_model(engine, task["definition"]).nodes.get(task["node"])
    return node.form if isinstance(node, UserTask) else None


def form_values(engine: Any, definition: int, names: Collection[str] | None) -> dict[str, Any]:
    """The fields of a start form with their default values, as typed values by name."""
    return _values(_start_form(process_model(engine, definition)), names, MappingScope({}, engine.clock()))


def task_form_values(engine: Any, task: Any, names: Collection[str] | None, known: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a task's form with their default values, which see the variables that are `known`."""
    return _values(_task_form(engine, task), names, MappingScope({**engine.registry.beans, **known}, engine.clock()))


def rendered_start_form(engine: Any, definition: int) -> str | None:
    """The HTML of a generated start form; None where there is none."""
    return _rendered(_start_form(process_model(engine, definition)), MappingScope({}, engine.clock()))


def rendered_task_form(engine: Any, task: Any, known: Mapping[str, Any]) -> str | None:
    """The HTML of a task's generated form; None where there is none."""
    scope = MappingScope({**engine.registry.beans, **known}, engine.clock())
    return _rendered(_task_form(engine, task), scope)


def _rendered(form: Form | None, scope: Scope) -> str | None:
    if form is None or not form.fields:
        return None
    return rendered(form, {name: value["value"] for name, value in _values(form, None, scope).items()}, scope)


def _values(form: Form | None, names: Collection[str] | None, scope: Scope) -> dict[str, Any]:
    fields = () if form is None else form.fields
    return {field.id: _value(field, scope) for field in fields if names is None or field.id in names}


def _whole(text: str) -> Long:
    try:
        return Long(int(text))
    except ValueError:
        raise NoNumber(f'For input string: "{text}"') from None


def _value(field: FormField, scope: Scope) -> dict[str, Any]:
    type_ = _TYPES.get(field.type, "String")
    value = None if field.default is None else field.default.evaluate(scope)
    if value is None or (value == "" and type_ == "Date"):
        return typed("", "String") if type_ == "Date" else typed(None, type_)
    match type_:
        case "Long":
            return typed(_whole(str(value)), "Long")
        case "Boolean":
            return typed(value if isinstance(value, bool) else str(value).lower() == "true", "Boolean")
        case "Date":
            # a date is shown as a text in the field's own pattern, also where there is none
            pattern = strftime_pattern(field.date_pattern or DATE_PATTERN)
            return typed(value.strftime(pattern) if isinstance(value, datetime) else str(value), "String")
        case _:
            return typed(str(value), "String")
