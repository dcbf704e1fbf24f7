"""Batch operations: the engine's batches as Camunda 8 shows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, func, literal, null, select

from procession.camunda8.searching import Entity, Row, key, shown_time, text
from procession.storage import schema

_h, _b, _j = schema.history_batch, schema.batch, schema.job

_TYPES = {
    "instance-deletion": "CANCEL_PROCESS_INSTANCE",
    "historic-instance-deletion": "DELETE_PROCESS_INSTANCE",
    "incident-resolution": "RESOLVE_INCIDENT",
    "instance-migration": "MIGRATE_PROCESS_INSTANCE",
    "instance-modification": "MODIFY_PROCESS_INSTANCE",
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
)
