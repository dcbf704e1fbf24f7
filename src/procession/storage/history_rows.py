"""History rows in memory: added, changed, merged, then written in batches. Knows columns, not what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Table

from procession.storage import schema
from procession.storage.drivers import Driver
from procession.storage.encoding import encode_value, mapping_to_json
from procession.storage.rows import VALUE

if TYPE_CHECKING:
    from procession.storage.transaction import BigValues

_ORIGIN = ("instance", "root", "definition", "process_id", "tenant")
_COLUMNS: dict[Table, tuple[str, ...]] = {
    table: tuple(column.name for column in table.columns) for table in schema.HISTORY
}
_DEFAULTS: dict[Table, dict[str, Any]] = {
    table: {
        column.name: False if isinstance(column.type, Boolean) else int(str(column.server_default.arg))  # type: ignore[attr-defined]
        for column in table.columns
        if column.server_default is not None
    }
    for table in schema.HISTORY
}
_DURATION = {"duration": "new.ended - old.started"}
_DURATION_OF_INCIDENT = {"duration": "new.ended - old.created"}

Values = dict[str, Any]


class HistoryRows:
    """The rows of one batch. A typed value is given as `value` (with `type` and `info`) and taken apart by `encode`."""

    def __init__(self) -> None:
        self._rows: dict[Table, dict[int, tuple[bool, Values]]] = {}
        self._journal: list[tuple[dict[int, Any], int, Any]] = []

    def add(self, table: Table, key: int, origin: Sequence[Any], **values: Any) -> None:
        """A new row."""
        row = dict(zip(_ORIGIN, origin, strict=True))
        row.update(values)
        row["key"] = key
        self._put(self._rows.setdefault(table, {}), key, (True, row))

    def change(self, table: Table, key: int, **values: Any) -> None:
        """New values in a row that is here or stored; nothing where there is no such row."""
        rows = self._rows.setdefault(table, {})
        is_new, old = rows.get(key, (False, {"key": key}))
        row = {**old, **values}
        started = row.get("started", row.get("created"))
        if is_new and "ended" in values and started is not None:
            row["duration"] = row["ended"] - started
        self._put(rows, key, (is_new, row))

    def is_empty(self) -> bool:
        """True where there is nothing to write."""
        return not any(self._rows.values())

    def row(self, table: Table, key: int) -> Values | None:
        """The values of a row of this batch, None where the batch has none."""
        found = self._rows.get(table, {}).get(key)
        return None if found is None else found[1]

    def _put(self, rows: dict[int, Any], key: int, row: Any) -> None:
        self._journal.append((rows, key, rows.get(key)))
        rows[key] = row

    def mark(self) -> int:
        """A point to go back to with `undo`."""
        return len(self._journal)

    def undo(self, mark: int) -> None:
        """Takes back everything since `mark`."""
        while len(self._journal) > mark:
            rows, key, old = self._journal.pop()
            if old is None:
                del rows[key]
            else:
                rows[key] = old

    # ------------------------------------------------------------ writing

    def encode(self, big: BigValues) -> None:
        """Takes every typed value apart into its columns."""
        for table, rows in self._rows.items():
            if "form" not in _COLUMNS[table]:
                continue
            for key, (is_new, row) in rows.items():
                if "value" in row:
                    rows[key] = (is_new, _encoded(row, big))

    def write(self, driver: Driver) -> None:
        """Writes every row."""
        for table, rows in self._rows.items():
            added = [row for is_new, row in rows.values() if is_new]
            if added:
                columns, defaults = _COLUMNS[table], _DEFAULTS[table]
                driver.insert(table, columns, [[row.get(c, defaults.get(c)) for c in columns] for row in added])
            shapes: dict[tuple[str, ...], list[list[Any]]] = {}
            for is_new, row in rows.values():
                if not is_new:
                    shape = ("key", *sorted(row.keys() - {"key"}))
                    shapes.setdefault(shape, []).append([row[name] for name in shape])
            for shape, changed in shapes.items():
                driver.update(table, shape, changed, _computed(table, shape))


def _computed(table: Table, shape: tuple[str, ...]) -> Mapping[str, str] | None:
    if "ended" not in shape or "duration" in shape or "duration" not in _COLUMNS[table]:
        return None
    return _DURATION_OF_INCIDENT if table is schema.history_incident else _DURATION


def _encoded(row: Values, big: BigValues) -> Values:
    row = dict(row)
    value = row.pop("value")
    owner: int = row.get("variable") or row["key"]
    encoded = encode_value(value)
    key = big.key_for(owner, value, encoded, row.get("instance"))
    row.update(zip(VALUE, (*encoded[:5], key), strict=True))
    row["info"] = mapping_to_json(row.get("info") or {})
    return row
