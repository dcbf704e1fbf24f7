"""Batch operations: the engine's batches as Camunda 8 shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, case, exists, func, literal, null, select

from procession.camunda8.exchange import shown
from procession.camunda8.searching import Entity, Row, key, shown_time, states, text
from procession.storage import schema
from procession.storage.history import HistoryLevel

_h, _b, _j = schema.history_batch, schema.batch, schema.job

_TYPES = {
    "instance-deletion": "CANCEL_PROCESS_INSTANCE",
    "historic-instance-deletion": "DELETE_PROCESS_INSTANCE",
    "incident-resolution": "RESOLVE_INCIDENT",
    "instance-migration": "MIGRATE_PROCESS_INSTANCE",
    "instance-modification": "MODIFY_PROCESS_INSTANCE",
    "instance-update-suspension-state": "SUSPEND_PROCESS_INSTANCE",
    "instance-resumption": "RESUME_PROCESS_INSTANCE",
    "historic-decision-instance-deletion": "DELETE_DECISION_INSTANCE",
    "set-job-retries": "UPDATE_JOB",
    "set-external-task-retries": "UPDATE_JOB",
}
_type = case(*((_h.c.kind == kind, shown) for kind, shown in _TYPES.items()), else_="UPDATE_VARIABLE")


def _jobs(*conditions: Any) -> Any:
    return (
        select(func.count())
        .select_from(_j)
        .where(_j.c.job_definition == _h.c.job_definition, *conditions)
        .correlate(_h)
        .scalar_subquery()
    )


_left = _jobs()
_failed = _jobs(_j.c.retries <= 0)
_unmade = case((_b.c.key.is_(None), 0), else_=_h.c.total - func.coalesce(_b.c.made, 0))
_done = _h.c.total - _unmade - _left
_over = (_h.c.ended.isnot(None)) | ((_unmade == 0) & (_left == 0))
_state = case(
    (_over, "COMPLETED"),
    (func.coalesce(_b.c.suspended, False), "SUSPENDED"),
    (func.coalesce(_b.c.made, 0) == 0, "CREATED"),
    else_="ACTIVE",
)


def _show(row: Row) -> dict[str, Any]:
    return {
        "batchOperationKey": str(row["key"]),
        "state": row["state"],
        "batchOperationType": row["type"],
        "startDate": shown_time(row["started"]),
        "endDate": shown_time(row["ended"] or row["executed"]),
        "actorType": None if row["user_id"] is None else "USER",
        "actorId": row["user_id"],
        "operationsTotalCount": row["total"],
        "operationsFailedCount": row["failed"],
        "operationsCompletedCount": row["done"],
        "errors": [],
    }


BATCHES = Entity(
    name="Batch Operation",
    source=_h.outerjoin(_b, _b.c.key == _h.c.key),
    key=_h.c.key,
    columns={
        **{name: _h.c[name] for name in ("key", "started", "ended", "executed", "user_id", "total")},
        "state": _state,
        "type": _type,
        "failed": _failed,
        "done": _done,
    },
    filters={
        "batchOperationKey": key(_h.c.key),
        "operationType": text(_type),
        "state": text(_state),
        "actorType": text(case((_h.c.user_id.isnot(None), literal("USER")), else_=null())),
        "actorId": text(_h.c.user_id),
    },
    sorts={
        "batchOperationKey": _h.c.key,
        "operationType": _type,
        "state": _state,
        "startDate": _h.c.started,
        "endDate": _h.c.ended,
        "actorType": case((_h.c.user_id.isnot(None), literal("USER")), else_=null()),
        "actorId": _h.c.user_id,
    },
    show=_show,
    level=HistoryLevel.FULL,
)

# ---------------------------------------------------------------- items

_t, _log, _i, _p = schema.history_batch_item, schema.history_job_log, schema.history_incident, schema.history_instance
_about = case(
    (_h.c.kind == "incident-resolution", _i.c.instance),
    (_h.c.kind.in_(["historic-decision-instance-deletion", "set-job-retries", "set-external-task-retries"]), null()),
    else_=_t.c.item,
)
_processed = (
    select(func.max(_log.c.time))
    .where(_log.c.job == _t.c.job, _log.c.state.in_(["successful", "deleted"]))
    .correlate(_t)
    .scalar_subquery()
)
_is_done = exists(select(literal(1)).where(_log.c.job == _t.c.job, _log.c.state == "successful").correlate(_t))
_ITEM_STATES = {
    "ACTIVE": and_(_j.c.key.isnot(None), _j.c.retries > 0),
    "FAILED": and_(_j.c.key.isnot(None), _j.c.retries <= 0),
    "COMPLETED": and_(_j.c.key.is_(None), _is_done),
    "CANCELED": and_(_j.c.key.is_(None), ~_is_done),
}
_item_state = case(*((met, name) for name, met in _ITEM_STATES.items()), else_="ACTIVE")


def _show_item(row: Row) -> dict[str, Any]:
    return {
        "operationType": row["type"],
        "batchOperationKey": str(row["batch"]),
        "itemKey": str(row["item"]),
        "processInstanceKey": shown(row["about"]),
        "rootProcessInstanceKey": shown(row["root"]),
        "state": row["state"],
        "processedDate": shown_time(row["processed"]),
        "errorMessage": row["error_message"],
    }


ITEMS = Entity(
    name="Batch Operation Item",
    source=_t.join(_h, _h.c.key == _t.c.batch)
    .outerjoin(_j, _j.c.key == _t.c.job)
    .outerjoin(_i, and_(_h.c.kind == "incident-resolution", _i.c.key == _t.c.item))
    .outerjoin(_p, _p.c.key == _about),
    key=_t.c.key,
    columns={
        "key": _t.c.key,
        "batch": _t.c.batch,
        "item": _t.c.item,
        "about": _about,
        "root": _p.c.root,
        "type": _type,
        "state": _item_state,
        "processed": _processed,
        "error_message": _j.c.error_message,
    },
    filters={
        "batchOperationKey": key(_t.c.batch),
        "itemKey": key(_t.c.item),
        "processInstanceKey": key(_about),
        "state": states(_ITEM_STATES),
        "operationType": text(_type),
    },
    sorts={
        "batchOperationKey": _t.c.batch,
        "itemKey": _t.c.item,
        "processedDate": _processed,
        "processInstanceKey": _about,
        "state": _item_state,
    },
    show=_show_item,
    level=HistoryLevel.FULL,
)
"""What each job of a batch is for: kept at history level full, from the moment that its job is made."""
