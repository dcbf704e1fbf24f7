"""The history of what goes on at another definition: rows of what is alive follow it, rows of what has ended stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procession.kernel import events as e
from procession.kernel.events import Stamp
from procession.kernel.records import Incident, Task, Variable
from procession.storage import schema

if TYPE_CHECKING:
    from procession.storage.history import HistoryBatch


def instance_migrated(batch: HistoryBatch, stamp: Stamp, event: e.InstanceMigrated) -> None:
    """The row of an instance."""
    instance = batch.instances[event.instance.key] = event.instance
    batch.origins.pop(instance.key, None)
    batch.rows.change(
        schema.history_instance, instance.key, definition=instance.definition, process_id=instance.process_id
    )


def element_migrated(batch: HistoryBatch, stamp: Stamp, event: e.ElementMigrated) -> None:
    """The row of one element."""
    element = batch.elements[event.element.key] = event.element
    if element.parent is not None:
        batch.rows.change(
            schema.history_activity,
            element.key,
            definition=event.definition,
            process_id=event.process_id,
            parent=element.parent,
            node=element.node,
            type=event.type,
            name=event.name,
        )


def records_migrated(batch: HistoryBatch, stamp: Stamp, event: e.RecordsMigrated) -> None:
    """The rows of what belongs to an element."""
    for record in event.records:
        _record(batch, record, event.definition, event.process_id)


def _record(batch: HistoryBatch, record: object, definition: int, process_id: str) -> None:
    match record:
        case Task():
            batch.rows.change(
                schema.history_task, record.key, definition=definition, process_id=process_id, node=record.node
            )
        case Variable() if batch.keeps_variables:
            batch.rows.change(schema.history_variable, record.key, definition=definition, process_id=process_id)
        case Incident() if batch.keeps_details:
            batch.rows.change(
                schema.history_incident,
                record.key,
                definition=definition,
                process_id=process_id,
                node=record.node,
            )
