"""How long history is kept: times to live, times of removal, the job that cleans up, and what it would find."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection, Table, and_, func, select

from procession.camunda7 import shapes
from procession.camunda7.api.definitions import DECISION, PROCESS, paths
from procession.camunda7.batching import asked, begin
from procession.camunda7.commanding import date_member, key_of, submit
from procession.camunda7.dates import format_date
from procession.camunda7.exchange import (
    NO_CONTENT,
    Request,
    Response,
    answer,
    answer_count,
    flag_member,
    number_member,
    texts_member,
)
from procession.camunda7.lookups import definition, reading
from procession.camunda7.problems import Answered, engine_error, invalid_request, rest_error
from procession.camunda7.routes import route
from procession.engine import batch_work, cleanup_jobs
from procession.engine.commands import CleanHistory, SetTimeToLive
from procession.storage import schema
from procession.storage.encoding import millis
from procession.storage.queries.batches import HISTORY_BATCH
from procession.storage.queries.history import HISTORY_INSTANCE
from procession.storage.queries.language import QueryTable, first
from procession.storage.queries.logs import HISTORY_DECISION
from procession.storage.queries.runtime import JOB

# ---------------------------------------------------------------- times to live


def _time_to_live(root: str, kind: str) -> None:
    @route("PUT", *paths(root, "/history-time-to-live"))
    def set_time_to_live(request: Request, engine: Any) -> Response:
        """How many days the history of a definition is kept; null for ever."""
        days = number_member(request.json_object(), "historyTimeToLive")
        with reading(engine) as connection:
            try:
                row = definition(connection, engine, kind, request.params)
            except Answered as problem:
                if "id" not in request.params:
                    raise
                entity = f"{kind}DefinitionEntity"
                package = "persistence" if kind == "process" else "dmn"
                java = f"org.camunda.bpm.engine.impl.{package}.entity"
                java += "" if kind == "process" else ".repository"
                what = f'{java}.{entity[0].upper()}{entity[1:]}.getHistoryTimeToLive()" because "{entity}" is null'
                raise Answered(500, "NullPointerException", f'Cannot invoke "{what}') from problem
        if days is not None and days < 0:
            raise _bad("historyTimeToLive is not greater than or equal to 0")
        submit(engine, request, SetTimeToLive(row["key"], days, kind == "decision"))
        return NO_CONTENT


_time_to_live(PROCESS, "process")
_time_to_live(DECISION, "decision")


def _bad(message: str) -> Answered:
    return engine_error(message, "BadUserRequestException", 400)


# ---------------------------------------------------------------- times of removal

_REMOVALS: Mapping[str, tuple[str, QueryTable, Table, str]] = {
    "process-instance": (
        "historicProcessInstance",
        HISTORY_INSTANCE,
        schema.history_instance,
        batch_work.INSTANCE_REMOVAL,
    ),
    "decision-instance": (
        "historicDecisionInstance",
        HISTORY_DECISION,
        schema.history_decision,
        batch_work.DECISION_REMOVAL,
    ),
    "batch": ("historicBatch", HISTORY_BATCH, schema.history_batch, batch_work.BATCH_REMOVAL),
}


def _removal_time(path: str, noun: str, query: QueryTable, table: Table, kind: str) -> None:
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"

    @route("POST", f"/history/{path}/set-removal-time")
    def set_removal_time(request: Request, engine: Any) -> Response:
        """Sets when history is removed: at a time, never, or as the time to live says. A batch does it."""
        body = request.json_object()
        absolute = date_member(body, "absoluteRemovalTime")
        calculated = flag_member(body, "calculatedRemovalTime")
        modes = (absolute is not None) + flag_member(body, "clearedRemovalTime") + calculated
        if modes > 1:
            raise _bad("The removal time modes are mutually exclusive: mode is not null")
        ids, document = texts_member(body, f"{noun}Ids"), body.get(f"{noun}Query")
        if ids is None and not isinstance(document, dict):
            raise _bad("Neither query nor ids provided.")
        if modes == 0:
            raise _bad("removalTime is null")
        with reading(engine) as connection:
            named = [key_of(id_) for id_ in ids or ()]
            found = [key for key in named if first(connection, query, key, engine.clock()) is not None]
            found += asked(request, engine, connection, body, {f"{noun}Query": query})
        if not found:
            raise _bad(f"{plural} is empty")
        work = {"time": None if absolute is None else millis(absolute), "calculated": calculated}
        if kind != batch_work.BATCH_REMOVAL:
            work["hierarchical"] = flag_member(body, "hierarchical")
        return begin(request, engine, kind, found, work)


for _path, _parts in _REMOVALS.items():
    _removal_time(_path, *_parts)


# ---------------------------------------------------------------- the clean-up


@route("POST", "/history/cleanup")
def clean_up(request: Request, engine: Any) -> Response:
    """Lets the clean-up run now, or with `immediatelyDue=false` when its window opens. Its job is answered."""
    key = submit(engine, request, CleanHistory(request.flag("immediatelyDue", True)))
    with reading(engine) as connection:
        row = first(connection, JOB, key, engine.clock())
    return answer(None if row is None else shapes.JOB.write(row))


def _cleanup_jobs(engine: Any) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        j = schema.job.c
        keys = (
            connection.execute(select(j.key).where(j.instance.is_(None), j.kind == cleanup_jobs.KIND)).scalars().all()
        )
        found = [first(connection, JOB, key, engine.clock()) for key in keys]
    return [shapes.JOB.write(row) for row in found if row is not None]


@route("GET", "/history/cleanup/job")
def get_cleanup_job(request: Request, engine: Any) -> Response:
    """The job of the clean-up."""
    found = _cleanup_jobs(engine)
    if not found:
        raise rest_error("History cleanup job does not exist", 404)
    return answer(found[0])


@route("GET", "/history/cleanup/jobs")
def get_cleanup_jobs(request: Request, engine: Any) -> Response:
    """The jobs of the clean-up."""
    found = _cleanup_jobs(engine)
    if not found:
        raise rest_error("History cleanup jobs are empty", 404)
    return answer(found)


@route("GET", "/history/cleanup/configuration")
def get_cleanup_configuration(request: Request, engine: Any) -> Response:
    """The window in which history is cleaned up by itself, the present or the next one."""
    window = engine.cleaner.window
    begins, ends = (None, None) if window is None else map(format_date, window.around(engine.clock()))
    return answer({"batchWindowStartTime": begins, "batchWindowEndTime": ends, "enabled": True})


# ---------------------------------------------------------------- what it would find


def _report(request: Request, connection: Connection, kind: str, now: int) -> list[dict[str, Any]]:
    """Per definition how much history has ended, and how much of it is due."""
    process = kind == "process"
    d = (schema.process_definition if process else schema.decision_definition).c
    h = (schema.history_instance if process else schema.history_decision).c
    same = (h.definition if process else h.decision) == d.key
    finished = and_(same, h.ended.is_not(None)) if process else same
    name = d.process_id if process else d.decision_id
    statement = select(
        d.id,
        name.label("name_"),
        d.name,
        d.version,
        d.history_ttl,
        d.tenant,
        select(func.count()).where(finished).scalar_subquery().label("finished"),
        select(func.count()).where(same, h.removal_time <= now).scalar_subquery().label("cleanable"),
    )
    for parameter, column in (("DefinitionIdIn", d.id), ("DefinitionKeyIn", name)):
        wanted = request.param(kind + parameter)
        if wanted is not None:
            statement = statement.where(column.in_(wanted.split(",")))
    tenants = request.param("tenantIdIn")
    if tenants is not None:
        statement = statement.where(d.tenant.in_(tenants.split(",")))
    if request.flag("withoutTenantId"):
        statement = statement.where(d.tenant.is_(None))
    noun = f"{kind}Definition"
    instances = "ProcessInstance" if process else "DecisionInstance"
    return [
        {
            f"{noun}Id": row.id,
            f"{noun}Key": row.name_,
            f"{noun}Name": row.name,
            f"{noun}Version": row.version,
            "historyTimeToLive": row.history_ttl,
            f"finished{instances}Count": row.finished,
            f"cleanable{instances}Count": row.cleanable,
            "tenantId": row.tenant,
        }
        for row in connection.execute(statement.order_by(name, d.version))
        if row.finished or not request.flag("compact")
    ]


def _batch_report(request: Request, connection: Connection, now: int) -> list[dict[str, Any]]:
    h = schema.history_batch.c
    ended = func.count(h.ended)
    due = func.count().filter(h.ended.is_not(None), h.removal_time <= now)
    statement = select(h.kind, ended, due).group_by(h.kind).order_by(h.kind)
    return [
        {
            "batchType": kind,
            "historyTimeToLive": None,
            "finishedBatchesCount": finished,
            "cleanableBatchesCount": cleanable,
        }
        for kind, finished, cleanable in connection.execute(statement)
    ]


def _reported(path: str, build: Any, finished: str) -> None:
    def found(request: Request, engine: Any) -> list[dict[str, Any]]:
        by, order = request.param("sortBy"), request.param("sortOrder")
        if by is not None and by != "finished":
            raise invalid_request(f"Cannot set query parameter 'sortBy' to value '{by}'")
        if (by is None) != (order is None):
            raise invalid_request("Only a single sorting parameter specified. sortBy and sortOrder required")
        with reading(engine) as connection:
            rows: list[dict[str, Any]] = build(request, connection, now=millis(engine.clock()))
        return rows if by is None else sorted(rows, key=lambda row: int(row[finished]), reverse=order == "desc")

    @route("GET", path)
    def get_report(request: Request, engine: Any) -> Response:
        """What has ended, and what of it is due for removal."""
        rows, start = found(request, engine), request.whole("firstResult") or 0
        most = request.whole("maxResults")
        return answer(rows[start : None if most is None else start + most])

    @route("GET", f"{path}/count")
    def count_report(request: Request, engine: Any) -> Response:
        """How many rows the report has."""
        return answer_count(len(found(request, engine)))


_reported(
    "/history/process-definition/cleanable-process-instance-report",
    partial(_report, kind="process"),
    "finishedProcessInstanceCount",
)
_reported(
    "/history/decision-definition/cleanable-decision-instance-report",
    partial(_report, kind="decision"),
    "finishedDecisionInstanceCount",
)
_reported("/history/batch/cleanable-batch-report", _batch_report, "finishedBatchesCount")
