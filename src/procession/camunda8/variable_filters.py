"""Comparing stored variables with the JSON texts that filters name."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Table, and_, false, not_, or_, true

from procession.camunda8.problems import unreadable
from procession.camunda8.searching import Condition, like_pattern, unasked
from procession.storage.queries.language import Asking

_NUMBERS = ("int", "long", "short")


def has_value(table: Table, wanted: Any, asking: Asking) -> Condition:
    """The value of a variable's row is that of a JSON text, or meets an object of operators on such texts."""
    if not isinstance(wanted, dict):
        return _equals(table, wanted)
    conditions: list[Condition] = []
    for operator, operand in wanted.items():
        if unasked(operand):
            continue
        match operator:
            case "$eq":
                conditions.append(_equals(table, operand))
            case "$neq":
                conditions.append(not_(_equals(table, operand)))
            case "$exists" if isinstance(operand, bool):
                conditions.append(true() if operand else false())
            case "$in" | "$notIn" if isinstance(operand, list):
                any_of = or_(false(), *(_equals(table, one) for one in operand))
                conditions.append(any_of if operator == "$in" else not_(any_of))
            case "$like" if isinstance(operand, str):
                text = operand.removeprefix('"').removesuffix('"')
                conditions.append(and_(table.c.form == "str", asking.like(table.c.text_value, like_pattern(text))))
            case _:
                raise unreadable()
    return and_(true(), *conditions)


def _equals(table: Table, wanted: Any) -> Condition:
    if not isinstance(wanted, str):
        raise unreadable()
    try:
        value = json.loads(wanted)
    except (ValueError, RecursionError):
        value = wanted  # a bare text is taken as it stands
    columns = table.c
    match value:
        case None:
            return columns.form == "null"
        case bool():
            return and_(columns.form == "bool", columns.long_value == int(value))
        case int():
            if abs(value) >= 2**63:
                return false()
            whole = and_(columns.form.in_(_NUMBERS), columns.long_value == value)
            return or_(whole, and_(columns.form == "float", columns.double_value == float(value)))
        case float():
            return and_(columns.form == "float", columns.double_value == value)
        case str():
            return and_(columns.form == "str", columns.text_value == value)
        case _:
            compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
            return and_(columns.form == "data", columns.text_value == compact)
