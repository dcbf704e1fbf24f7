"""What history adds up to: statistics of activities and decisions, reports on how long instances and tasks took."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, RowMapping, case, distinct, func, select

from procession.bpmn.model import CallActivity
from procession.camunda7 import shapes
from procession.camunda7.api.definitions import PROCESS
from procession.camunda7.dates import parse_date
from procession.camunda7.exchange import Request, Response, answer
from procession.camunda7.lookups import NO_PROCESS, definition, reading
from procession.camunda7.problems import Answered, invalid_request
from procession.camunda7.routes import route
from procession.errors import ProcessionError
from procession.storage import schema
from procession.storage.encoding import millis, moment
from procession.storage.queries.definitions import PROCESS_DEFINITION
from procession.storage.queries.language import as_key, first

_MONTHS = {"month": 1, "quarter": 3}


def _moment(request: Request, name: str) -> int | None:
    text = request.param(name)
    if text is None:
        return None
    try:
        return millis(parse_date(text))
    except ValueError:
        why = f'Cannot convert value "{text}" to java type java.util.Date'
        raise invalid_request(f"Cannot set query parameter '{name}' to value '{text}': {why}") from None


def _between(request: Request, name: str, column: Any) -> list[Any]:
    """The conditions of `{name}After` and `{name}Before`."""
    after, before = _moment(request, f"{name}After"), _moment(request, f"{name}Before")
    found = [] if after is None else [column >= after]
    return found if before is None else [*found, column <= before]


# ---------------------------------------------------------------- activities

_COUNTS = ("canceled", "finished", "completeScope", "openIncidents", "resolvedIncidents", "deletedIncidents")


@route("GET", f"/history{PROCESS}/{{id}}/statistics")
def get_activity_statistics(request: Request, engine: Any) -> Response:
    """Per activity of a definition how many instances run and, where asked for, have ended, and how; and incidents."""
    sort, order = request.param("sortBy"), request.param("sortOrder")
    if sort not in (None, "activityId"):
        raise invalid_request(f"Cannot set query parameter 'sortBy' to value '{sort}'")
    a, h, i = schema.history_activity.c, schema.history_instance.c, schema.history_incident.c
    conditions = [*_between(request, "started", h.started), *_between(request, "finished", h.ended)]
    wanted = request.param("processInstanceIdIn")
    if wanted is not None:
        conditions.append(h.key.in_([as_key(id_) for id_ in wanted.split(",")]))
    counts: dict[str, dict[str, int]] = {}
    with reading(engine) as connection:
        try:
            row = definition(connection, engine, "process", request.params)
        except Answered:
            return answer([])
        instances = select(h.key).where(h.definition == row["key"], *conditions)
        statement = select(
            a.node,
            func.count(case((a.ended.is_(None), 1))),
            func.count(case((a.canceled, 1))),
            func.count(a.ended),
            func.count(case((a.scope_completed, 1))),
        ).where(a.definition == row["key"], a.instance.in_(instances))
        for node, running, canceled, finished, scopes in connection.execute(statement.group_by(a.node)):
            kinds = (("canceled", canceled), ("finished", finished), ("completeScope", scopes))
            counts[node] = {"instances": running, **{name: n for name, n in kinds if request.flag(name)}}
        if request.flag("incidents"):
            of_nodes = select(i.node, i.state, func.count()).where(
                i.definition == row["key"], i.instance.in_(instances), i.node.is_not(None)
            )
            for node, state, number in connection.execute(of_nodes.group_by(i.node, i.state)):
                counts.setdefault(node, {})[f"{state}Incidents"] = number
    shown = [node for node, found in counts.items() if any(found.values())]
    return answer(
        [
            {"id": node, "instances": 0, **dict.fromkeys(_COUNTS, 0), **counts[node]}
            for node in sorted(shown, reverse=order == "desc")
        ]
    )


# ---------------------------------------------------------------- reports


def _period_unit(request: Request, code: int | None = None) -> str:
    unit = request.param("periodUnit")
    if unit is None:
        raise invalid_request("periodUnit is null", 400, code)
    if unit not in _MONTHS:
        why = f"Cannot convert value {unit} to java enum type org.camunda.bpm.engine.query.PeriodUnit"
        raise invalid_request(f"Cannot set query parameter 'periodUnit' to value '{unit}': {why}")
    return unit


def _durations(found: Iterable[tuple[int, int | None]], unit: str) -> list[dict[str, Any]]:
    """Of starts and durations: the shortest, the longest and the mean, by the part of the year of the start."""
    periods: dict[int, list[int]] = {}
    for started, duration in found:
        if duration is not None:
            periods.setdefault((moment(started).month - 1) // _MONTHS[unit] + 1, []).append(duration)
    return [
        {
            "period": period,
            "periodUnit": unit.upper(),
            "minimum": min(all_),
            "maximum": max(all_),
            "average": sum(all_) // len(all_),
        }
        for period, all_ in sorted(periods.items())
    ]


@route("GET", "/history/process-instance/report")
def get_instance_report(request: Request, engine: Any) -> Response:
    """How long instances took that have ended, by month or quarter of their start."""
    kind = request.param("reportType")
    if kind is None:
        raise invalid_request("Unknown report type null")
    if kind != "duration":
        raise invalid_request(f"Cannot set query parameter 'reportType' to value '{kind}'")
    unit, h = _period_unit(request, 0), schema.history_instance.c
    statement = select(h.started, h.duration).where(h.ended.is_not(None), *_between(request, "started", h.started))
    keys = request.param("processDefinitionKeyIn")
    if keys is not None:
        statement = statement.where(h.process_id.in_(keys.split(",")))
    ids = request.param("processDefinitionIdIn")
    if ids is not None:
        d = schema.process_definition.c
        statement = statement.where(h.definition.in_(select(d.key).where(d.id.in_(ids.split(",")))))
    with reading(engine) as connection:
        found = [(started, duration) for started, duration in connection.execute(statement)]
    return answer(_durations(found, unit))


@route("GET", "/history/task/report")
def get_task_report(request: Request, engine: Any) -> Response:
    """How many tasks were completed, by name or definition; or how long they took, by month or quarter of their start."""
    kind = request.param("reportType")
    if kind is None:
        raise invalid_request("Parameter reportType is not set.")
    if kind not in ("count", "duration"):
        raise invalid_request(f"Cannot set query parameter 'reportType' to value '{kind}'")
    t, d = schema.history_task.c, schema.process_definition.c
    conditions = [t.ended.is_not(None), *_between(request, "completed", t.ended)]
    if kind == "duration":
        unit = _period_unit(request)
        with reading(engine) as connection:
            found = connection.execute(select(t.started, t.duration).where(*conditions))
            return answer(_durations([(started, duration) for started, duration in found], unit))
    group = request.param("groupBy")
    if group not in ("taskName", "processDefinition"):
        raise invalid_request(f"groupBy parameter has invalid value: {'null' if group is None else group}")
    columns = [t.process_id, d.id, d.name, t.tenant, *([t.name.label("task")] if group == "taskName" else [])]
    joined = schema.history_task.join(schema.process_definition, d.key == t.definition)
    statement = select(func.count().label("number"), *columns).select_from(joined).where(*conditions)
    with reading(engine) as connection:
        rows = connection.execute(statement.group_by(*columns).order_by(*columns)).mappings().all()
    return answer([_counted(row) for row in rows])


def _counted(row: RowMapping) -> dict[str, Any]:
    return {
        "count": row["number"],
        "processDefinitionKey": row["process_id"],
        "processDefinitionId": row["id"],
        "processDefinitionName": row["name"],
        "taskName": row.get("task"),
        "tenantId": row["tenant"],
    }


@route("GET", "/task/report/candidate-group-count")
def get_candidate_groups(request: Request, engine: Any) -> Response:
    """How many tasks each group may claim; null are those that no group may."""
    t, x = schema.task.c, schema.identity_link.c
    candidates = select(x.task, x.group_id).where(x.type == "candidate", x.group_id.is_not(None)).subquery()
    joined = schema.task.outerjoin(candidates, candidates.c.task == t.key)
    name = candidates.c.group_id
    statement = select(name, func.count(distinct(t.key))).select_from(joined).group_by(name)
    with reading(engine) as connection:
        found = sorted(connection.execute(statement), key=lambda row: (row[0] is not None, row[0] or ""))
    return answer([{"groupName": group, "taskCount": number} for group, number in found])


# ---------------------------------------------------------------- definitions


@route("GET", f"{PROCESS}/{{id}}/static-called-process-definitions")
def get_called_definitions(request: Request, engine: Any) -> Response:
    """The definitions that call activities name without an expression, as they would be called now."""
    with reading(engine) as connection:
        row = definition(
            connection, engine, "process", request.params, lambda id_: invalid_request(NO_PROCESS.format(id_), 404)
        )
        called = _called(engine, row)
        return answer([_shown(connection, engine, key, nodes, row["id"]) for key, nodes in called.items()])


def _called(engine: Any, row: RowMapping) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    with engine.storage.view() as transaction:
        for node in engine.definitions.process(row["key"], transaction).nodes.values():
            if not isinstance(node, CallActivity) or not node.called.key.constant:
                continue
            version, tenant = node.called.version, node.called.tenant
            if any(part is not None and not part.constant for part in (version, tenant)):
                continue
            try:
                target = engine.definitions.resolve_process(
                    str(node.called.key.source),
                    node.called.binding,
                    None if version is None else version.source,
                    row["tenant"] if tenant is None else tenant.source,
                    row["key"],
                    transaction,
                )
            except ProcessionError:
                continue  # what is not deployed would not be called
            found.setdefault(target.key, []).append(node.id)
    return found


def _shown(connection: Connection, engine: Any, key: int, nodes: list[str], caller: str) -> dict[str, Any]:
    row = first(connection, PROCESS_DEFINITION, key, engine.clock())
    assert row is not None
    return {
        **shapes.PROCESS_DEFINITION.write(row),
        "calledFromActivityIds": nodes,
        "callingProcessDefinitionId": caller,
    }


@route("GET", "/history/decision-requirements-definition/{id}/statistics")
def get_decision_statistics(request: Request, engine: Any) -> Response:
    """How often each decision of a graph was evaluated; with `decisionInstanceId` in one evaluation."""
    with reading(engine) as connection:
        try:
            row = definition(connection, engine, "decision requirements", request.params)
        except Answered:
            return answer([])
        h = schema.history_decision.c
        statement = select(h.decision_id, func.count()).where(h.requirements == row["key"])
        instance = request.param("decisionInstanceId")
        if instance is not None:
            key = as_key(instance)
            statement = statement.where((h.key == key) | (h.root_decision == key))
        found = connection.execute(statement.group_by(h.decision_id).order_by(h.decision_id)).all()
    return answer([{"decisionDefinitionKey": name, "evaluations": number} for name, number in found])
