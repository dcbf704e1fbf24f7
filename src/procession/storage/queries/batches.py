"""What can be asked of batches: those at work, how far they are, and those that have ended."""

from __future__ import annotations

from sqlalchemy import func, select, true

from procession.storage import schema
from procession.storage.queries.language import (
    Col,
    Condition,
    Filter,
    Kind,
    QueryTable,
    after,
    before,
    flag,
    key,
    tenants,
    text,
    through,
)

_b = schema.batch.c
_h = schema.history_batch.c
_j = schema.job.c


def _jobs(*conditions: Condition) -> Col:
    counted = select(func.count()).select_from(schema.job).where(_j.job_definition == _b.job_definition, *conditions)
    return counted.correlate(schema.batch).scalar_subquery()


_LEFT = _b.total - _b.made + _jobs()
_FAILED = _jobs(_j.retries == 0)
_SORTS = {"batchId": _b.key, "startTime": _b.started, "tenantId": _b.tenant}


def _either(holds: Condition) -> Filter:
    """True and false both filter, as in Camunda."""
    return through(Kind.TEXT, lambda value, asking: holds if value == "true" else ~holds, ("true", "false"))


_FILTERS: dict[str, Filter] = {
    "batchId": key(_b.key),
    "type": text(_b.kind),
    **tenants(_b.tenant),
    "suspended": _either(_b.suspended == true()),
    "createdBy": text(_b.user_id),
    "startedBefore": before(_b.started),
    "startedAfter": after(_b.started),
    "withFailures": flag(_FAILED > 0),
    "withoutFailures": flag(_FAILED == 0),
}

BATCH = QueryTable("batch", schema.batch, _b.key, {column.name: column for column in _b}, _FILTERS, _SORTS)

BATCH_STATISTICS = QueryTable(
    "batch statistics",
    schema.batch,
    _b.key,
    {**{column.name: column for column in _b}, "left": _LEFT, "done": _b.total - _LEFT, "failed": _FAILED},
    _FILTERS,
    _SORTS,
)

HISTORY_BATCH = QueryTable(
    "historic batch",
    schema.history_batch,
    _h.key,
    {column.name: column for column in _h},
    {"batchId": key(_h.key), "type": text(_h.kind), "completed": _either(_h.ended.is_not(None)), **tenants(_h.tenant)},
    {"batchId": _h.key, "startTime": _h.started, "endTime": _h.ended, "tenantId": _h.tenant},
)
