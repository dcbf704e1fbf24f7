"""Submitting generated forms: what was entered is checked and converted as the form's fields say, in Camunda's order.

Per field: its constraints see the value as it came; then a value is converted to the field's type, and one that is missing is
the field's default, if it has one. What belongs to no field passes as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from procession.bpmn.model import Form, FormField, StartEvent, UserTask
from procession.camunda7.dates import DATE_PATTERN, format_date, strftime_pattern
from procession.camunda7.lookups import reading, scope_values, task_scope
from procession.engine.registry import Registry
from procession.errors import ExecutionFailed, NoNumber
from procession.expressions import MappingScope, Scope
from procession.juel import compile_expression, is_expression
from procession.storage.queries.language import first
from procession.storage.queries.tasks import TASK
from procession.values import LONG_MAX, LONG_MIN, Long, TypedValue

Values = Mapping[str, TypedValue]


def submitted_at_start(engine: Any, definition: int, values: Values) -> dict[str, TypedValue]:
    """What a start form makes of the values. Raises ExecutionFailed for a value that its field refuses."""
    with engine.storage.view() as transaction:
        process = engine.definitions.process(definition, transaction)
    node = None if process.initial is None else process.nodes.get(process.initial)
    form = node.form if isinstance(node, StartEvent) else None
    return submitted(form, values, engine.clock(), registry=engine.registry)


def submitted_at_task(engine: Any, task: int, values: Values) -> dict[str, TypedValue]:
    """What a task's form makes of the values; a task that is not there has none."""
    with reading(engine) as connection:
        row = first(connection, TASK, task, engine.clock())
        if row is None or row["definition"] is None:
            return dict(values)
        known = scope_values(connection, task_scope(connection, engine, str(task), local=False))
    with engine.storage.view() as transaction:
        process = engine.definitions.process(row["definition"], transaction)
    node = process.nodes.get(row["node"])
    form = node.form if isinstance(node, UserTask) else None
    return submitted(form, values, engine.clock(), known, engine.registry)


def submitted(
    form: Form | None,
    values: Values,
    now: datetime,
    known: Mapping[str, Any] = MappingProxyType({}),
    registry: Registry | None = None,
) -> dict[str, TypedValue]:
    """The variables that submitting these values sets.

    `known` are variables that exist: no default replaces them, and expressions see them, as they see the fields before.
    `registry` has the validators that fields name.
    """
    if form is None or not (form.fields or form.unshown):
        return dict(values)
    found = dict(values)
    beans = {} if registry is None else registry.beans
    seen = {**beans, **known}
    scope = MappingScope(seen, now)
    for field in form.fields:
        given = found.pop(field.id, None)
        value = None if given is None else given.value
        for name, config in field.constraints:
            check = _CHECKS.get(name)
            if name == "validator":
                passes = _validator(config or "", scope, registry)(value)
            else:
                passes = check is None or _passes(check, value, config)
            if not passes:
                shown = name if config is None else f"{name}({config})"
                raise ExecutionFailed(
                    f"Invalid value submitted for form field '{field.id}': validation of {shown} failed."
                )
        if given is not None:
            found[field.id] = _converted(field, given.value)
        elif field.default is not None and field.id not in known:
            found[field.id] = _converted(field, field.default.evaluate(scope))
        if field.id in found:
            seen[field.id] = found[field.id].value
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


def _validator(config: str, scope: Scope, registry: Registry | None) -> Callable[[Any], Any]:
    """What a field's validator is: a registered callable, by class name or by an expression that gives one.

    It gets the value that was submitted. Raises ExecutionFailed where there is none.
    """
    if is_expression(config):
        found = compile_expression(config).evaluate(scope)
        if callable(found):
            validate: Callable[[Any], Any] = found
            return validate
        raise ExecutionFailed(f"The expression '{config}' of a form field's validator gives no validator")
    validator = None if registry is None else registry.delegates.get(config)
    if validator is None:
        raise ExecutionFailed(
            f"ENGINE-09008 Exception while instantiating class '{config}': ENGINE-09017 Cannot load class '{config}': {config}"
        )
    return validator


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
    if value is None:
        return TypedValue("Long", None)
    text = _as_text(value) or ""
    try:
        number = int(text) if text.isascii() and "_" not in text and text == text.strip() else None
    except ValueError:
        number = None
    if number is None or not LONG_MIN <= number <= LONG_MAX:
        raise NoNumber(f"""For input string: "{text}\"""")
    return TypedValue("Long", Long(number))


def _boolean(field: FormField, value: Any) -> TypedValue:
    match value:
        case None | bool():
            return TypedValue("Boolean", value)
        case str():
            return TypedValue("Boolean", value.lower() == "true")
        case _:
            raise ExecutionFailed(f"Value '{_as_text(value)}' is not of type Boolean.")


def _date(field: FormField, value: Any) -> TypedValue:
    if value is None or value == "" or isinstance(value, datetime):
        return TypedValue("Date", value or None)
    complaint = f"Could not parse value '{value}' as date using date format '{field.date_pattern or DATE_PATTERN}'."
    if not isinstance(value, str):
        raise ExecutionFailed(complaint)
    try:
        pattern = strftime_pattern(field.date_pattern or DATE_PATTERN)
        return TypedValue("Date", datetime.strptime(value, pattern).replace(tzinfo=UTC))
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
