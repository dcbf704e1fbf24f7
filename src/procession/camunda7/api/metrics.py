"""Metrics: sums over what has been counted. `GET /metrics/{name}/sum`, and the alias that monitoring scripts ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, func, select

from procession.camunda7.dates import format_date, parse_date
from procession.camunda7.exchange import Request, Response, answer
from procession.camunda7.lookups import reading
from procession.camunda7.problems import invalid_request
from procession.camunda7.routes import route
from procession.storage import schema
from procession.storage.encoding import millis, moment

_NAMES = {
    "flow-node-instances": "activity-instance-start",
    "process-instances": "root-process-instance-start",
    "decision-instances": "executed-decision-instances",
    "task-users": "unique-task-workers",
}
"""Names that Camunda 7 shows for what it stores under another one."""

_h, _a, _d = schema.history_instance.c, schema.history_activity.c, schema.history_decision.c
_j, _t = schema.history_job_log.c, schema.history_task.c
_COUNTED: dict[str, tuple[Table, Any, tuple[Any, ...]]] = {
    "activity-instance-start": (schema.history_activity, _a.started, ()),
    "activity-instance-end": (schema.history_activity, _a.ended, ()),
    "root-process-instance-start": (schema.history_instance, _h.started, (_h.caller_instance.is_(None),)),
    "executed-decision-instances": (schema.history_decision, _d.time, ()),
    "job-successful": (schema.history_job_log, _j.time, (_j.state == "successful",)),
    "job-failed": (schema.history_job_log, _j.time, (_j.state == "failed",)),
}
"""What history tells of itself: table, column of time, conditions."""


def metric_sum(connection: Connection, name: str, start: datetime | None, end: datetime | None) -> int:
    """The sum of a metric between two moments (the end excluded); 0 for a name that nobody counts."""
    stored = _NAMES.get(name, name)
    if stored == "unique-task-workers":
        statement = select(func.count(_t.assignee.distinct()))
        time: Any = _t.started
    elif stored in _COUNTED:
        table, time, conditions = _COUNTED[stored]
        statement = select(func.count()).select_from(table).where(time.is_not(None), *conditions)
    else:
        m = schema.metric.c
        statement, time = select(func.coalesce(func.sum(m.value), 0)).where(m.name == stored), m.time
    if start is not None:
        statement = statement.where(time >= millis(start))
    if end is not None:
        statement = statement.where(time < millis(end))
    return int(connection.execute(statement).scalar_one())


def _moment(request: Request, name: str) -> datetime | None:
    value = request.param(name)
    if not value:
        return None
    try:
        return parse_date(value)
    except ValueError as error:
        raise invalid_request(str(error)) from None


@route("GET", "/metrics/{name}/sum")
def get_sum(request: Request, engine: Any) -> Response:
    """The sum of a metric, from `startDate` to `endDate`."""
    start, end = _moment(request, "startDate"), _moment(request, "endDate")
    with reading(engine) as connection:
        return answer({"result": metric_sum(connection, request["name"], start, end)})


@route("GET", "/metrics/process-engine-process-instances")
def get_process_instances(request: Request, engine: Any) -> Response:
    """The number of process instances that were started: an alias of `/metrics/process-instances/sum`."""
    with reading(engine) as connection:
        return answer({"result": metric_sum(connection, "process-instances", None, None)})


@route("GET", "/metrics")
def get_intervals(request: Request, engine: Any) -> Response:
    """Sums by interval of `interval` seconds (900), newest first, 200 at most."""
    start, end = _moment(request, "startDate"), _moment(request, "endDate")
    seconds = min(max(request.whole("interval") or 900, 900), 31_536_000)
    name = request.param("name")
    most = min(request.whole("maxResults") or 200, 200)
    skipped = max(request.whole("firstResult") or 0, 0)
    found: list[dict[str, Any]] = []
    with reading(engine) as connection:
        for metric in [_NAMES.get(name, name)] if name else [*_COUNTED]:
            if metric in _COUNTED:
                found += _intervals(connection, metric, seconds * 1000, start, end, skipped + most)
    found.sort(key=lambda entry: (entry["timestamp"], entry["name"]), reverse=True)
    return answer(found[skipped : skipped + most])


def _intervals(
    connection: Connection, name: str, width: int, start: datetime | None, end: datetime | None, most: int
) -> list[dict[str, Any]]:
    table, time, conditions = _COUNTED[name]
    slot = (time - time % width).label("slot")
    statement = select(slot, func.count()).select_from(table).where(time.is_not(None), *conditions)
    if start is not None:
        statement = statement.where(time >= millis(start))
    if end is not None:
        statement = statement.where(time < millis(end))
    grouped = statement.group_by(slot).order_by(slot.desc()).limit(most)
    return [
        {"timestamp": format_date(moment(int(at))), "name": name, "reporter": None, "value": number}
        for at, number in connection.execute(grouped)
    ]
