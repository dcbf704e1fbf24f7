"""How much of everything there is, for the pages and the gauges; and whether the database answers at all."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from procession.storage import schema
from procession.storage.encoding import millis
from procession.storage.migrations import needs_upgrade

log = logging.getLogger("procession.server")

_COUNTED = {
    "Deployments": schema.deployment,
    "Process definitions": schema.process_definition,
    "Decision definitions": schema.decision_definition,
    "Process instances": schema.instance,
    "Tasks": schema.task,
    "External tasks": schema.external_task,
    "Jobs": schema.job,
    "Incidents": schema.incident,
}
_STATEMENT = select(
    *(select(func.count()).select_from(table).scalar_subquery().label(name) for name, table in _COUNTED.items())
)


def overview(engine: Any) -> Mapping[str, int]:
    """The number of rows by name, in one statement. Raises Unavailable where the database does not answer."""
    with engine.storage.read() as connection:
        return dict(connection.execute(_STATEMENT).mappings().one())


UP, DOWN = "UP", "DOWN"
MAX_LATE = 60.0
"""Seconds after which a due job that nobody has taken says that this node's executor does not do its work."""


def readiness(engine: Any) -> dict[str, Any]:
    """Whether a node can do its work, part by part: database, schema, job executor. Asked every few seconds, so it is cheap."""
    parts: dict[str, Any] = {"database": {"status": DOWN}}
    try:
        with engine.storage.read() as connection:
            behind = needs_upgrade(connection)
            parts["database"] = {"status": UP}
            parts["migrations"] = {"status": DOWN if behind else UP}
            if engine.jobs.running:
                late = _late(connection, engine.clock())
                parts["jobExecutor"] = {"status": UP if late <= MAX_LATE else DOWN, "secondsLate": round(late, 3)}
    except Exception:
        log.warning("The database does not answer", exc_info=True)
    status = UP if all(part["status"] == UP for part in parts.values()) else DOWN
    return {"status": status, "components": parts}


def _late(connection: Connection, now: datetime) -> float:
    """Seconds for which the longest due job has waited that nobody works on."""
    j = schema.job.c
    free = j.lock_owner.is_(None) | (j.locked_until <= millis(now))
    waiting = select(func.min(j.due)).where(j.retries > 0, ~j.suspended, free, j.due <= millis(now))
    due = connection.execute(waiting).scalar_one()
    return 0.0 if due is None else (millis(now) - due) / 1000


def inner_state(engine: Any) -> Mapping[str, float]:
    """Numbers of this process for gauges, read without asking the database."""
    committer, jobs = engine.committer, engine.jobs
    return {
        "commands_total": committer.commands,
        "batches_total": committer.batches,
        "commands_waiting": committer.waiting,
        "jobs_done_total": jobs.done,
        "jobs_held": jobs.held,
        "job_late_seconds": jobs.late,
        "pool_connections_in_use": engine.storage.connections_in_use,
        "history_removed_total": engine.cleaner.removed,
        "neighbours": len(engine.neighbours.others),
    }
