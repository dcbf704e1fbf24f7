"""Instances that have ended, as history kept them: what is needed to take one up again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from procession.storage.drivers import Driver
from procession.storage.encoding import decode_value, mapping_from_json
from procession.values import TypedValue


class Former(NamedTuple):
    """An instance in history; `ended` is None while it runs."""

    key: int
    definition: int
    business_key: str | None
    tenant: str | None
    ended: int | None


def former_instance(driver: Driver, key: int) -> Former | None:
    """The instance with that key, running or ended."""
    rows = driver.rows("SELECT key, definition, business_key, tenant, ended FROM history_instance WHERE key = ?", [key])
    return Former(*rows[0]) if rows else None


def former_variables(driver: Driver, instance: int, *, initial: bool = False) -> Mapping[str, TypedValue]:
    """The variables of the instance itself as they were last, or those that it was started with."""
    value = "v.name, v.type, v.form, v.text_value, v.long_value, v.double_value, v.bytes_value, v.info, b.content"
    if initial:
        table, where = "history_detail", "v.instance = ? AND v.element = ? AND v.initial"
    else:
        # history shows what goes into a sub-process at the scope around it: its details know better
        inside = "SELECT 1 FROM history_detail d WHERE d.variable = v.key AND d.element <> v.instance"
        where = f"v.instance = ? AND v.scope = ? AND v.state <> 'DELETED' AND NOT EXISTS ({inside})"
        table = "history_variable"
    rows = driver.rows(
        f"SELECT {value} FROM {table} v LEFT JOIN big_value b ON b.key = v.big WHERE {where} ORDER BY v.key",
        [instance, instance],
    )
    return {
        name: TypedValue(type_, decode_value(form, text, long, double, data, content), mapping_from_json(info))
        for name, type_, form, text, long, double, data, info, content in rows
    }
