"""Submitting generated forms: what was entered is checked and converted as the form's fields say, in Camunda's order.

Per field: its constraints see the value as it came; then a value is converted to the field's type, and one that is missing is
the field's default, if it has one. What belongs to no field passes as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from procession.bpmn.model import Form, FormField, StartEvent, UserTask
from procession.camunda7.dates import format_date
from procession.camunda7.lookups import reading, scope_rows, task_scope
from procession.errors import ExecutionFailed
from procession.expressions import MappingScope, Scope
from procession.storage.queries.language import first
from procession.storage.queries.tasks import TASK
from procession.values import LONG_MAX, LONG_MIN, Long, TypedValue

Values = Mapping[str, TypedValue]
DATE_PATTERN = "dd/MM/yyyy"
_JAVA_LETTERS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def submitted_at_start(engine: Any, definition: int, values: Values) -> dict[str, TypedValue]:
    """What a start form makes of the values. Raises ExecutionFailed for a value that its field refuses."""
    with engine.storage.view() as transaction:
        process = engine.definitions.process(definition, transaction)
    node = None if process.initial is None else process.nodes.get(process.initial)
    return submitted(node.form if isinstance(node, StartEvent) else None, values, engine.clock())


def submitted_at_task(engine: Any, task: int, values: Values) -> dict[str, TypedValue]:
    """What a task's form makes of the values; a task that is not there has none."""
    with reading(engine) as connection:
        row = first(connection, TASK, task, engine.clock())
        if row is None or row["definition"] is None:
            return dict(values)
        known = scope_rows(connection, task_scope(connection, engine, str(task), local=False))
    with engine.storage.view() as transaction:
        process = engine.definitions.process(row["definition"], transaction)
    node = process.nodes.get(row["node"])
    return submitted(node.form if isinstance(node, UserTask) else None, values, engine.clock(), frozenset(known))


def submitted(
    form: Form | None, values: Values, now: datetime, known: frozenset[str] = frozenset()
) -> dict[str, TypedValue]:
    """The variables that submitting these values sets. `known` are variables that exist: no default replaces them."""
    if form is None or not (form.fields or form.unshown):
        return dict(values)
    found = dict(values)
    scope = MappingScope({name: value.value for name, value in values.items()}, now)
    for field in form.fields:
        given = found.pop(field.id, None)
        for name, config in field.constraints:
            check = _CHECKS.get(name)
            if check is not None and not _passes(check, None if given is None else given.value, config):
                shown = name if config is None else f"{name}({config})"
                raise ExecutionFailed(
                    f"Invalid value submitted for form field '{field.id}': validation of {shown} failed."
                )
        if given is not None:
            found[field.id] = _converted(field, given.value)
        elif field.default is not None and field.id not in known:
            found[field.id] = _converted(field, field.default.evaluate(scope))
    for field in form.unshown:
        found.update(_property(field, found.pop(field.id, None), scope))
    return found


def _property(field: FormField, given: TypedValue | None, scope: Scope) -> dict[str, TypedValue]:
    """What a form property makes of its value: a variable of its own name or another, or nothing."""
    constraints = {name for name, _ in field.constraints}
    if given is not None and "readonly" in constraints:
        raise ExecutionFailed(f"form property '{field.id}' is not writable")
    value = given
    if given is not None and field.type:
        value = _converted(field, given.value)
    elif given is None and field.default is not None:
        default = field.default.evaluate(scope)
        value = None if default is None else _converted(field, default)
    if given is None and value is None and "required" in constraints:
        raise ExecutionFailed(f"form property '{field.id}' is required")
    if value is None or value.value is None:
        return {}
    name, expression = field.properties.get("variable"), field.properties.get("expression")
    if name is None and expression is not None:
        raise ExecutionFailed(f"form property '{field.id}': the expression {expression} cannot be given a value")
    return {name or field.id: value}


# ---------------------------------------------------------------- constraints


def _passes(check: Callable[[Any, str | None], bool], value: Any, config: str | None) -> bool:
    try:
        return check(value, config)
    except (ValueError, ArithmeticError):
        raise ExecutionFailed(f"Cannot validate with the configuration '{config}': it is no number") from None


def _required(value: Any, config: str | None) -> bool:
    return value is not None and value != ""


def _readonly(value: Any, config: str | None) -> bool:
    return value is None


def _number(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[Any, str | None], bool]:
    def check(value: Any, config: str | None) -> bool:
        if value is None:
            return True
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return False
        return compare(Decimal(str(value)), Decimal(config or "0"))

    return check


def _length(compare: Callable[[int, int], bool]) -> Callable[[Any, str | None], bool]:
    def check(value: Any, config: str | None) -> bool:
        return value is None or (isinstance(value, str) and compare(len(value), int(config or "0")))

    return check


_CHECKS: Mapping[str, Callable[[Any, str | None], bool]] = {
    "required": _required,
    "readonly": _readonly,
    "min": _number(lambda value, limit: value >= limit),
    "max": _number(lambda value, limit: value <= limit),
    "minlength": _length(lambda value, limit: value >= limit),
    "maxlength": _length(lambda value, limit: value <= limit),
}

# ---------------------------------------------------------------- conversion


def _converted(field: FormField, value: Any) -> TypedValue:
    convert = _CONVERSIONS.get(field.type)
    return TypedValue("String", _as_text(value)) if convert is None else convert(field, value)


def _as_text(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            return format_date(value)
        case _:
            return str(value)


def _string(field: FormField, value: Any) -> TypedValue:
    return TypedValue("String", _as_text(value))


def _long(field: FormField, value: Any) -> TypedValue:
    if value is None or value == "":
        return TypedValue("Long", None)
    try:
        number = int(value) if isinstance(value, int | float | Decimal) else int(str(value))
    except (ValueError, OverflowError):
        raise ExecutionFailed(f"""For input string: "{value}\"""") from None
    if not LONG_MIN <= number <= LONG_MAX:
        raise ExecutionFailed(f"""For input string: "{value}\"""")
    return TypedValue("Long", Long(number))


def _boolean(field: FormField, value: Any) -> TypedValue:
    match value:
        case None | bool():
            return TypedValue("Boolean", value)
        case str():
            return TypedValue("Boolean", value.lower() == "true")
        case _:
            raise ExecutionFailed("Value must be a String or a Boolean")


def _date(field: FormField, value: Any) -> TypedValue:
    if value is None or value == "" or isinstance(value, datetime):
        return TypedValue("Date", value or None)
    pattern = field.date_pattern or DATE_PATTERN
    complaint = f"Could not parse value '{value}' as date using date format '{pattern}'."
    if not isinstance(value, str):
        raise ExecutionFailed(complaint)
    ours = pattern
    for letters, mark in _JAVA_LETTERS.items():
        ours = ours.replace(letters, mark)
    try:
        return TypedValue("Date", datetime.strptime(value, ours.replace("'", "")).replace(tzinfo=UTC))
    except ValueError:
        raise ExecutionFailed(complaint) from None


def _enum(field: FormField, value: Any) -> TypedValue:
    if value is not None and value not in {id_ for id_, _ in field.values}:
        raise ExecutionFailed(f"Invalid value for enum form property: {value}")
    return TypedValue("String", value)


_CONVERSIONS: Mapping[str, Callable[[FormField, Any], TypedValue]] = {
    "string": _string,
    "long": _long,
    "boolean": _boolean,
    "date": _date,
    "enum": _enum,
}
