"""What history says of others: ids of definitions, which may be deleted while what they did bears them; times of removal.

This file does not know what a definition is the definition of: processes, decisions and requirements have one space of keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Table, func, select, union_all

from procession.storage import schema
from procession.storage.queries.language import Asking, Col, Condition, Filter, Kind

_f = schema.former_definition.c
_root = schema.history_instance.alias("rootmost").c


def id_of(definition: Table, key: Col) -> Col:
    """The id of the definition whose key is in a column; `definition` is joined to it already."""
    former = select(_f.id).where(_f.key == key).scalar_subquery()
    return func.coalesce(definition.c.id, former)


def columns_of(history: Table) -> dict[str, Col]:
    """The columns of a table of history as queries show them: `removal_time` is that of the root instance where the row has
    none of its own, so that the end of an instance writes it once."""
    theirs = select(_root.removal_time).where(_root.key == history.c.root).scalar_subquery()
    found: dict[str, Col] = {column.name: column for column in history.c}
    return {**found, "removal_time": func.coalesce(history.c.removal_time, theirs)}


def named(definition: Table, key: Col) -> Filter:
    """The column holds the key of the definition with that id."""
    return Filter(Kind.TEXT, lambda value, asking: key.in_(_keys(definition, lambda column: column == value)))


def named_among(definition: Table, key: Col) -> Filter:
    """The column holds the key of a definition with one of these ids."""

    def build(value: Any, asking: Asking) -> Condition:
        return key.in_(_keys(definition, lambda column: asking.among(column, value)))

    return Filter(Kind.TEXTS, build)


def _keys(definition: Table, meant: Callable[[Col], Condition]) -> Any:
    """Found by index in both tables, which a condition on `id_of` would not be."""
    there = definition.alias("there").c
    return union_all(select(there.key).where(meant(there.id)), select(_f.key).where(meant(_f.id)))
