"""History rows in memory: added, changed, merged, then written in batches. Knows columns, not what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sys import intern
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Table

from procession.storage import schema
from procession.storage.drivers import Driver
from procession.storage.encoding import mapping_to_json

if TYPE_CHECKING:
    from procession.storage.transaction import BigValues

_EMPTY: dict[Table, dict[str, Any]] = {
    table: {
        intern(str(column.name)): None
        if column.server_default is None
        else False
        if isinstance(column.type, Boolean)
        else int(str(column.server_default.arg))  # type: ignore[attr-defined]
        for column in table.columns
    }
    for table in schema.HISTORY
}
"""Every column with its default, in the order in which they are written. Their names are plain texts: SQLAlchemy's are of a
class of its own, which a dictionary compares letter by letter."""
_COLUMNS = {table: tuple(row) for table, row in _EMPTY.items()}
_DURATION = {"duration": "new.ended - old.started"}
_DURATION_OF_INCIDENT = {"duration": "new.ended - old.created"}

Values = dict[str, Any]


class HistoryRows:
    """The rows of one batch. A typed value is given as `value` (with `type` and `info`) and taken apart by `encode`."""

    def __init__(self) -> None:
        self._added: dict[Table, dict[int, Values]] = {}
        self._changed: dict[Table, dict[int, Values]] = {}

    # only by position: the names of other parameters are not compared with those of the values

    def add(self, table: Table, key: int, origin: Sequence[Any], /, **values: Any) -> None:
        """A new row."""
        row = _EMPTY[table].copy()
        row["key"] = key
        row["instance"], row["root"], row["definition"], row["process_id"], row["tenant"] = origin
        row.update(values)
        self._added.setdefault(table, {})[key] = row

    def change(self, table: Table, key: int, /, **values: Any) -> None:
        """New values in a row that is here or stored; nothing where there is no such row."""
        added = self._added.get(table)
        row = None if added is None else added.get(key)
        if row is None:
            self._changed.setdefault(table, {}).setdefault(key, {"key": key}).update(values)
            return
        row.update(values)
        if "ended" in values and "duration" in row:
            row["duration"] = row["ended"] - row["created" if table is schema.history_incident else "started"]

    # ------------------------------------------------------------ writing

    def encode(self, big: BigValues) -> None:
        """Takes every typed value apart into its columns."""
        for rows_of in (self._added, self._changed):
            for table, rows in rows_of.items():
                if "form" in _EMPTY[table]:
                    for row in rows.values():
                        if "value" in row:
                            _encode(row, big)

    def write(self, driver: Driver) -> None:
        """Writes every row."""
        for table, rows in self._added.items():
            driver.insert(table, _COLUMNS[table], [list(row.values()) for row in rows.values()])
        for table, rows in self._changed.items():
            shapes: dict[tuple[str, ...], list[list[Any]]] = {}
            for row in rows.values():
                shapes.setdefault(tuple(row), []).append(list(row.values()))
            for shape, changed in shapes.items():
                driver.update(table, shape, changed, _computed(table, shape))


def _computed(table: Table, shape: tuple[str, ...]) -> Mapping[str, str] | None:
    if "ended" not in shape or "duration" in shape or "duration" not in _EMPTY[table]:
        return None
    return _DURATION_OF_INCIDENT if table is schema.history_incident else _DURATION


def _encode(row: Values, big: BigValues) -> None:
    value = row.pop("value")
    encoded = big.encode(value)
    row["form"], row["text_value"], row["long_value"], row["double_value"], row["bytes_value"], _ = encoded
    row["big"] = big.key_for(row.get("variable") or row["key"], value, encoded, row.get("instance"))
    row["info"] = mapping_to_json(row.get("info") or {})
