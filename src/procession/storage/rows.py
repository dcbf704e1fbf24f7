"""Records to rows and back: one codec per record, derived from the record's fields and the table's columns.

A row is a tuple in the order of the codec's `columns`. This file does not know about databases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

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
    mapping_from_json,
    mapping_to_json,
    millis,
    moment,
)

R = TypeVar("R", bound=Struct)
Convert = Callable[[Any], Any]

RENAMED = {"user": "user_id", "group": "group_id"}
_TIMES = {"time", "created", "started", "due", "follow_up", "updated", "locked_until", "executed"}
_MAPPINGS = {"arrived", "note", "headers", "payload", "info"}
_LIVES = {life.value: life for life in Life}
_PHASES = {phase.value: phase for phase in Phase}
_WAITS = {wait.value: wait for wait in Wait}
_TEXTS = {member: member.value for member in (*Life, *Phase, *Wait)}


def _attached_to_json(attached: Iterable[tuple[Wait, int]]) -> str | None:
    pairs = [(_TEXTS[wait], key) for wait, key in attached]
    return msgspec.json.encode(pairs).decode() if pairs else None


def _attached_from_json(text: str | None) -> tuple[tuple[Wait, int], ...]:
    return tuple((_WAITS[wait], key) for wait, key in msgspec.json.decode(text)) if text else ()


def _tags_to_json(tags: Iterable[str]) -> str | None:
    return msgspec.json.encode(tuple(tags)).decode() if tags else None


def _tags_from_json(text: str | None) -> tuple[str, ...]:
    return tuple(msgspec.json.decode(text)) if text else ()


def _maybe(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _conversions(table: Table, name: str) -> tuple[Convert | None, Convert | None]:
    """How a field is written and read, None where it is stored as it is."""
    if name in _TIMES:
        return _maybe(millis), _maybe(moment)
    if name in _MAPPINGS:
        return mapping_to_json, mapping_from_json
    if name == "tags":
        return _tags_to_json, _tags_from_json
    if name == "attached":
        return _attached_to_json, _attached_from_json
    if name == "life":
        return _TEXTS.__getitem__, _LIVES.__getitem__
    if name == "phase":
        return _TEXTS.__getitem__, _PHASES.__getitem__
    if isinstance(table.c[RENAMED.get(name, name)].type, Boolean):
        return bool, bool  # SQLite answers 0 and 1
    return None, None


class Codec(Generic[R]):
    """Writes and reads one kind of record. `columns` has the key first."""

    def __init__(self, record: type[R], table: Table) -> None:
        self.record = record
        self.table = table
        names = list(record.__struct_fields__)
        self.columns: tuple[str, ...] = tuple(RENAMED.get(name, name) for name in names)
        pairs = [(place, *_conversions(table, name)) for place, name in enumerate(names)]
        self._writers = [(place, write) for place, write, _ in pairs if write is not None]
        self._readers = [(place, read) for place, _, read in pairs if read is not None]

    def row(self, record: R) -> list[Any]:
        """The record as a row."""
        row = list(astuple(record))
        for place, write in self._writers:
            row[place] = write(row[place])
        return row

    def record_of(self, row: Iterable[Any]) -> R:
        """The row as a record."""
        values = list(row)
        for place, read in self._readers:
            values[place] = read(values[place])
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
