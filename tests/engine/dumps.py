"""The whole content of a database in a form that does not depend on keys: two engines that did the same look the same."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from procession.engine.engine import Engine
from procession.storage.columns import metadata
from tests.engine.looking import RUNTIME

UNLIKE = {"node", "metric", "property", "resource"}  # what differs between processes, and what was given
_KEY = re.compile(r"\d{17,19}")
SMALLEST_KEY = 10**16

Dump = dict[str, list[tuple[Any, ...]]]


def runtime(engine: Engine) -> Dump:
    """The tables of what runs."""
    return _dump(engine, [table for table in metadata.sorted_tables if table.name in RUNTIME])


def everything(engine: Engine) -> Dump:
    """Every table, history and what was deployed too."""
    return _dump(engine, [table for table in metadata.sorted_tables if table.name not in UNLIKE])


def _dump(engine: Engine, tables: Iterable[Any]) -> Dump:
    found: Dump = {}
    with engine.storage.transaction() as transaction:
        for table in tables:
            columns = [column.name for column in table.columns]
            listed = ", ".join(f'"{name}"' for name in columns)
            found[table.name] = transaction.driver.rows(f'SELECT {listed} FROM "{table.name}"')
    keys = sorted({key for rows in found.values() for row in rows for value in row for key in _keys(value)})
    places = {key: place for place, key in enumerate(keys)}
    return {
        name: sorted((tuple(_placed(value, places) for value in row) for row in rows), key=repr)
        for name, rows in found.items()
        if rows
    }


def _keys(value: Any) -> Iterable[int]:
    if isinstance(value, str):
        return map(int, _KEY.findall(value))
    return (value,) if isinstance(value, int) and value > SMALLEST_KEY else ()


def _placed(value: Any, places: dict[int, int]) -> Any:
    match value:
        case str():
            return _KEY.sub(lambda found: f"#{places[int(found[0])]}", value)
        case bool():
            return int(value)  # SQLite has no other
        case memoryview():
            return bytes(value)
        case int() if value in places:
            return f"#{places[value]}"
    return value
