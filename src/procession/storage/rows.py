"""Records to rows and back: one codec per record, derived from the record's fields and the table's columns.

A row is a tuple in the order of the codec's `columns`. This file does not know about databases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import Boolean, Table

from procession.kernel.records import (
    Batch,
    Element,
    External,
    IdentityLink,
    Incident,
    Instance,
    Job,
    Life,
    Phase,
    Subscription,
    Task,
    Variable,
    Wait,
)
from procession.storage import schema
from procession.storage.encoding import (
    EncodedValue,
    decode_value,
    encode_value,
    from_json,
    mapping_from_json,
    mapping_to_json,
    millis,
    moment,
    to_json,
)

R = TypeVar("R", bound=Struct)
Convert = Callable[[Any], Any]

RENAMED = {"user": "user_id", "group": "group_id"}
_TIMES = {"time", "created", "started", "due", "follow_up", "updated", "locked_until", "executed"}
_MAPPINGS = {"arrived", "note", "headers", "payload", "info"}
_EMPTY: Mapping[str, Any] = {}
"""The mapping of every record that has none: nobody changes what a record holds."""
_LIVES = {life.value: life for life in Life}
_PHASES = {phase.value: phase for phase in Phase}
_TEXTS = {member: member.value for member in (*Life, *Phase)}
_attached_from_json = msgspec.json.Decoder(tuple[tuple[Wait, int], ...]).decode
_tags_from_json = msgspec.json.Decoder(tuple[str, ...]).decode


def _to_json(value: tuple[Any, ...]) -> str:
    return msgspec.json.encode(value).decode()


class _Conversion(NamedTuple):
    """How a field is written and read. What is empty is written as `stored`, and null is read as `nothing`."""

    write: Convert
    read: Convert
    nothing: Any = None
    stored: Any = None


def _conversion(table: Table, name: str) -> _Conversion | None:
    """None for a field that is stored as it is."""
    if name in _TIMES:
        return _Conversion(millis, moment)
    if name in _MAPPINGS:
        return _Conversion(to_json, from_json, _EMPTY)
    if name == "tags":
        return _Conversion(_to_json, _tags_from_json, ())
    if name == "attached":
        return _Conversion(_to_json, _attached_from_json, ())
    if name == "life":
        return _Conversion(_TEXTS.__getitem__, _LIVES.__getitem__)
    if name == "phase":
        return _Conversion(_TEXTS.__getitem__, _PHASES.__getitem__)
    if isinstance(table.c[RENAMED.get(name, name)].type, Boolean):
        return _Conversion(bool, bool, nothing=False, stored=False)  # SQLite answers 0 and 1
    return None


class Codec(Generic[R]):
    """Writes and reads one kind of record. `columns` has the key first."""

    def __init__(self, record: type[R], table: Table) -> None:
        self.record = record
        self.table = table
        names = list(record.__struct_fields__)
        self.columns: tuple[str, ...] = tuple(RENAMED.get(name, name) for name in names)
        pairs = [(place, found) for place, name in enumerate(names) if (found := _conversion(table, name)) is not None]
        self._writers = [(place, found.write, found.stored) for place, found in pairs]
        self._readers = [(place, found.read, found.nothing) for place, found in pairs]

    def row(self, record: R) -> list[Any]:
        """The record as a row."""
        row = list(astuple(record))
        for place, write, empty in self._writers:
            value = row[place]
            row[place] = write(value) if value else empty
        return row

    def record_of(self, row: Iterable[Any]) -> R:
        """The row as a record."""
        values = list(row)
        for place, read, nothing in self._readers:
            value = values[place]
            values[place] = nothing if value is None else read(value)
        return self.record(*values)


VALUE = ("form", "text_value", "long_value", "double_value", "bytes_value", "big")
"""The columns that `encode_value` fills, in its order; `type` and `info` beside them are not its concern."""

_VARIABLE = ("key", "instance", "scope", "name", "type", *VALUE, "info", "task", "definition", "tenant", "revision")


class VariableCodec:
    """Writes and reads variables: their value takes several columns, and its content may lie apart."""

    record = Variable
    table = schema.variable
    columns = _VARIABLE

    def row(self, variable: Variable, encoded: EncodedValue, big: int | None) -> list[Any]:
        """The row of a variable whose value has been encoded; `big` is the key of its content where it lies apart."""
        v = variable
        value = (*encoded[:5], big)
        info = mapping_to_json(v.info)
        return [
            v.key, v.instance, v.scope, v.name, v.type, *value, info, v.task, v.definition, v.tenant, v.revision,
        ]  # fmt: skip

    def record_of(self, row: Iterable[Any], content: bytes | None = None) -> Variable:
        """The row as a record."""
        (
            key,
            instance,
            scope,
            name,
            type_,
            form,
            text,
            long,
            double,
            data,
            _,
            info,
            task,
            definition,
            tenant,
            revision,
        ) = row
        value = decode_value(form, text, long, double, data, content)
        info_ = mapping_from_json(info)
        return Variable(key, instance, scope, name, type_, value, info_, task, definition, tenant, revision)


VARIABLES = VariableCodec()

CODECS: Mapping[type[Any], Codec[Any]] = {
    record: Codec(record, table)
    for record, table in (
        (Instance, schema.instance),
        (Element, schema.element),
        (Task, schema.task),
        (IdentityLink, schema.identity_link),
        (External, schema.external_task),
        (Job, schema.job),
        (Subscription, schema.event_subscription),
        (Incident, schema.incident),
        (Batch, schema.batch),
    )
}
"""Every record but the variable, which has a codec of its own."""

__all__ = ["CODECS", "RENAMED", "VALUE", "VARIABLES", "Codec", "VariableCodec", "encode_value"]
