"""`/batch-operations`, and what begins them: one change of many instances, done by jobs of the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from procession.camunda8.api.modifications import read_instructions, read_migration
from procession.camunda8.entities.batches import BATCHES, ITEMS
from procession.camunda8.entities.definitions import EVALUATIONS
from procession.camunda8.entities.instances import INSTANCES
from procession.camunda8.entities.work import JOBS
from procession.camunda8.exchange import NOTHING, Answer, Call, number_member, object_member, route
from procession.camunda8.problems import command_rejected, invalid
from procession.camunda8.searching import Condition, Entity, asking_of, conditions_of, get, reading, search
from procession.engine import batch_work
from procession.engine import commands as ec
from procession.errors import Missing
from procession.storage import schema

_QUIET = {"skip_listeners": True, "skip_mappings": True}
_history = schema.history_instance


def _chosen(call: Call, *also: Condition) -> list[tuple[int, int]]:
    """Key and definition of the instances that the request's filter means."""
    filters = object_member(call.body, "filter")
    with reading(call) as connection:
        asking = asking_of(call, connection)
        conditions = [*also, *conditions_of(INSTANCES, filters, asking)]
        statement = select(_history.c.key, _history.c.definition).select_from(INSTANCES.source).where(*conditions)
        return [(key, definition) for key, definition in connection.execute(statement.order_by(_history.c.key))]


def _begin(call: Call, kind: str, shown: str, items: Sequence[int], work: Mapping[str, Any]) -> Answer:
    if not call.body.get("filter"):
        raise invalid("No filter provided.")
    batch = call.submit(ec.CreateBatch(kind, tuple(items), work))
    return Answer({"batchOperationKey": str(batch.key), "batchOperationType": shown})


@route("POST", "/process-instances/cancellation")
def cancel(call: Call) -> Answer:
    """Cancels the running instances that meet a filter."""
    items = [key for key, _ in _chosen(call, _history.c.ended.is_(None))]
    return _begin(
        call, batch_work.DELETION, "CANCEL_PROCESS_INSTANCE", items, {"reason": None, **_QUIET, "skip_listeners": False}
    )


@route("POST", "/process-instances/deletion")
def delete(call: Call) -> Answer:
    """Deletes the history of ended instances that meet a filter."""
    items = [key for key, _ in _chosen(call, _history.c.ended.isnot(None))]
    return _begin(call, batch_work.HISTORY_DELETION, "DELETE_PROCESS_INSTANCE", items, {})


@route("POST", "/process-instances/incident-resolution")
def resolve(call: Call) -> Answer:
    """Resolves the incidents of the instances that meet a filter."""
    instances = [key for key, _ in _chosen(call, _history.c.ended.is_(None))]
    return _begin(call, batch_work.RESOLUTION, "RESOLVE_INCIDENT", _incidents(call, instances), {})


@route("POST", "/process-instances/{processInstanceKey}/incident-resolution")
def resolve_of_instance(call: Call) -> Answer:
    """Resolves the incidents of an instance."""
    key = call.key("processInstanceKey")
    get(call, INSTANCES, key)
    batch = call.submit(ec.CreateBatch(batch_work.RESOLUTION, tuple(_incidents(call, [key])), {}))
    return Answer({"batchOperationKey": str(batch.key), "batchOperationType": "RESOLVE_INCIDENT"})


def _incidents(call: Call, instances: Sequence[int]) -> list[int]:
    with call.engine.storage.view() as transaction:
        rows = transaction.driver.rows(
            "SELECT key FROM incident WHERE instance IN ?? AND cause = key ORDER BY key", [list(instances)]
        )
    return [key for (key,) in rows]


@route("POST", "/process-instances/migration")
def migrate(call: Call) -> Answer:
    """Migrates the running instances that meet a filter; all of one process definition."""
    target, moves = read_migration(object_member(call.body, "migrationPlan"))
    chosen = _chosen(call, _history.c.ended.is_(None))
    sources = {definition for _, definition in chosen}
    if len(sources) > 1:
        raise invalid("The filter must select instances of one process definition: add processDefinitionKey to it.")
    work = {
        "source": next(iter(sources), target),
        "target": target,
        "moves": [[move.source, move.target, False] for move in moves],
        "variables": {},
        **_QUIET,
    }
    items = [key for key, _ in chosen]
    return _begin(call, batch_work.MIGRATION, "MIGRATE_PROCESS_INSTANCE", items, work)


@route("POST", "/process-instances/modification")
def modify(call: Call) -> Answer:
    """Moves elements of the running instances that meet a filter."""
    moves = [
        {
            "sourceElementInstruction": {"sourceElementId": one.get("sourceElementId")},
            "targetElementId": one.get("targetElementId"),
        }
        for one in call.body.get("moveInstructions") or ()
        if isinstance(one, dict)
    ]
    if not moves:
        raise invalid("No moveInstructions provided.")
    instructions = batch_work.write_instructions(read_instructions({"moveInstructions": moves}))
    items = [key for key, _ in _chosen(call, _history.c.ended.is_(None))]
    work = {"instructions": instructions, "skip_listeners": False, "skip_mappings": False}
    return _begin(call, batch_work.MODIFICATION, "MODIFY_PROCESS_INSTANCE", items, work)


@route("POST", "/process-instances/suspension")
def suspend(call: Call) -> Answer:
    """Suspends the running instances that meet a filter."""
    items = [key for key, _ in _chosen(call, _history.c.ended.is_(None))]
    return _begin(call, batch_work.SUSPENSION, "SUSPEND_PROCESS_INSTANCE", items, {"suspended": True})


@route("POST", "/process-instances/resumption")
def resume(call: Call) -> Answer:
    """Lets the running instances that meet a filter go on."""
    items = [key for key, _ in _chosen(call, _history.c.ended.is_(None))]
    return _begin(call, batch_work.RESUMPTION, "RESUME_PROCESS_INSTANCE", items, {"suspended": False})


@route("POST", "/decision-instances/deletion")
def delete_decisions(call: Call) -> Answer:
    """Deletes the evaluated decisions that meet a filter, with those that they required."""
    items = _found(call, EVALUATIONS)
    return _begin(call, batch_work.DECISION_DELETION, "DELETE_DECISION_INSTANCE", items, {})


@route("POST", "/jobs/batch-update")
def update_jobs(call: Call) -> Answer:
    """Sets the retries of the open jobs that meet a filter."""
    changes = object_member(call.body, "changeset")
    retries = number_member(changes, "retries")
    if retries is None or retries < 1 or any(value is not None for name, value in changes.items() if name != "retries"):
        raise invalid("The changeset of many jobs is [retries], which must be greater than 0.")
    items = _found(call, JOBS, schema.external_task.c.key.isnot(None))
    return _begin(call, batch_work.EXTERNAL_RETRIES, "UPDATE_JOB", items, {"retries": retries})


def _found(call: Call, entity: Entity, *also: Condition) -> list[int]:
    """The keys of what the request's filter means."""
    with reading(call) as connection:
        asking = asking_of(call, connection)
        conditions = [*also, *conditions_of(entity, object_member(call.body, "filter"), asking)]
        statement = select(entity.key).select_from(entity.source).where(*conditions).order_by(entity.key)
        return list(connection.execute(statement).scalars())


# ---------------------------------------------------------------- looking after them


@route("POST", "/batch-operation-items/search")
def search_items(call: Call) -> Answer:
    """What batch operations are for, one by one, and what became of it."""
    return Answer(search(call, ITEMS))


@route("POST", "/batch-operations/search")
def search_batches(call: Call) -> Answer:
    """Batch operations that meet a filter."""
    return Answer(search(call, BATCHES))


@route("GET", "/batch-operations/{batchOperationKey}")
def get_batch(call: Call) -> Answer:
    """One batch operation."""
    return Answer(get(call, BATCHES, call.key("batchOperationKey")))


@route("POST", "/batch-operations/{batchOperationKey}/cancellation")
def cancel_batch(call: Call) -> Answer:
    """Ends a batch operation; what it has done stays."""
    key = call.key("batchOperationKey")
    return _changed(call, key, "CANCEL", ec.DeleteBatch(key))


@route("POST", "/batch-operations/{batchOperationKey}/suspension")
def suspend_batch(call: Call) -> Answer:
    """Lets a batch operation rest."""
    key = call.key("batchOperationKey")
    return _changed(call, key, "SUSPEND", ec.SuspendBatch(key, True))


@route("POST", "/batch-operations/{batchOperationKey}/resumption")
def resume_batch(call: Call) -> Answer:
    """Lets a batch operation go on."""
    key = call.key("batchOperationKey")
    return _changed(call, key, "RESUME", ec.SuspendBatch(key, False))


def _changed(call: Call, key: int, intent: str, command: Any) -> Answer:
    try:
        call.submit(command)
    except Missing:
        reason = (
            f"Expected to {intent.lower()} a batch operation with key '{key}', but no such batch operation was found"
        )
        raise command_rejected(intent, "NOT_FOUND", reason) from None
    return NOTHING
