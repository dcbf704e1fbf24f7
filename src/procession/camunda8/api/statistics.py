"""Statistics: incidents by error and by definition, running instances, message subscriptions, jobs, and what was used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import distinct, func, select

from procession.camunda8.entities.definitions import PROCESSES
from procession.camunda8.entities.instances import messages_of, tenant_shown
from procession.camunda8.entities.statistics import (
    COUNTS,
    INCIDENTS_BY_ERROR,
    PROCESSES_RUNNING,
    VERSIONS_RUNNING,
    incidents_by_definition,
    jobs_by_error,
    jobs_by_type,
    jobs_by_worker,
    show_counts,
    subscriptions_by_definition,
    variable_names,
)
from procession.camunda8.entities.work import MESSAGE_SUBSCRIPTIONS
from procession.camunda8.exchange import Answer, Call, number_member, object_member, route, shown_tenant, text_member
from procession.camunda8.problems import invalid, unreadable
from procession.camunda8.searching import Condition, asking_of, conditions_of, find, reading, require_level, search
from procession.storage import schema
from procession.storage.encoding import millis
from procession.storage.history import HistoryLevel


@route("POST", "/incidents/statistics/process-instances-by-error")
def incidents_by_error(call: Call) -> Answer:
    """How many running instances stand still because of each error."""
    return Answer(search(call, INCIDENTS_BY_ERROR, filters={}))


@route("POST", "/incidents/statistics/process-instances-by-definition")
def incidents_of_error(call: Call) -> Answer:
    """Of which process definitions the instances are that stand still because of one error."""
    wanted = number_member(object_member(call.body, "filter"), "errorHashCode")
    if wanted is None:
        raise invalid("No filter.errorHashCode provided.")
    incident = schema.history_incident
    with reading(call) as connection:
        asking = asking_of(call, connection)
        met = asking.among(incident.c.message, messages_of(connection, lambda found: found == wanted))
    return Answer(search(call, incidents_by_definition(met), filters={}))


@route("POST", "/process-definitions/statistics/process-instances")
def processes_running(call: Call) -> Answer:
    """How many instances of each process run, with incidents and without."""
    return Answer(search(call, PROCESSES_RUNNING, filters={}))


@route("POST", "/process-definitions/statistics/process-instances-by-version")
def versions_running(call: Call) -> Answer:
    """How many instances of each version of a process run."""
    if not text_member(object_member(call.body, "filter"), "processDefinitionId"):
        raise invalid("No filter.processDefinitionId provided.")
    return Answer(search(call, VERSIONS_RUNNING))


@route("POST", "/process-definitions/statistics/message-subscriptions")
def message_subscriptions(call: Call) -> Answer:
    """How many messages the instances of each definition wait for."""
    with reading(call) as connection:
        asking = asking_of(call, connection)
        met = conditions_of(MESSAGE_SUBSCRIPTIONS, object_member(call.body, "filter"), asking)
    return Answer(search(call, subscriptions_by_definition(met), filters={}))


@route("POST", "/process-definitions/{processDefinitionKey}/variable-names/search")
def search_variable_names(call: Call) -> Answer:
    """The names of variables that instances of a definition have or had."""
    key = call.key("processDefinitionKey")
    find(call, PROCESSES, key)
    return Answer(search(call, variable_names(key)))


# ---------------------------------------------------------------- jobs

_log = schema.history_external_log


def _moment(values: Mapping[str, Any], name: str, *, required: bool = True) -> int | None:
    value = values.get(name)
    if value is None:
        if required:
            raise invalid(f"No {name} provided.")
        return None
    if not isinstance(value, str):
        raise unreadable()
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise invalid(
            f"The provided {name} '{value}' cannot be parsed as a date according to RFC 3339, section 5.6."
        ) from None
    return millis(found if found.tzinfo is not None else found.replace(tzinfo=UTC))


def _between(values: Mapping[str, Any], type_: str | None) -> list[Condition]:
    start, end = _moment(values, "from"), _moment(values, "to")
    met: list[Condition] = [_log.c.time >= start, _log.c.time < end]
    return met if type_ is None else [*met, _log.c.topic.is_not_distinct_from(type_)]


@route("GET", "/jobs/statistics/global")
def all_jobs(call: Call) -> Answer:
    """How many jobs were created, completed and failed between two moments."""
    require_level(call, HistoryLevel.FULL, "Job statistics")
    met = _between(call.query, call.query.get("jobType"))
    with reading(call) as connection:
        row = dict(connection.execute(select(*COUNTS).where(*met)).mappings().one())
    return Answer({**show_counts(row), "isIncomplete": False})


@route("POST", "/jobs/statistics/by-types")
def job_types(call: Call) -> Answer:
    """The same for each type of jobs."""
    filters = dict(object_member(call.body, "filter"))
    met = _between(filters, None)
    named: dict[str, Any] = {name: filters[name] for name in ("jobType",) if name in filters}
    return Answer(search(call, jobs_by_type(met), filters=named))


def _of_type(call: Call) -> tuple[dict[str, Any], list[Condition]]:
    filters = dict(object_member(call.body, "filter"))
    type_ = text_member(filters, "jobType")
    if not type_:
        raise invalid("No filter.jobType provided.")
    return filters, _between(filters, type_)


@route("POST", "/jobs/statistics/by-workers")
def job_workers(call: Call) -> Answer:
    """The same for each worker of a type."""
    _, met = _of_type(call)
    return Answer(search(call, jobs_by_worker(met), filters={}))


@route("POST", "/jobs/statistics/errors")
def job_errors(call: Call) -> Answer:
    """Why jobs of a type failed."""
    filters, met = _of_type(call)
    named: dict[str, Any] = {name: filters[name] for name in ("errorCode", "errorMessage") if name in filters}
    return Answer(search(call, jobs_by_error(met), filters=named))


# ---------------------------------------------------------------- what was used


@route("GET", "/system/usage-metrics")
def usage(call: Call) -> Answer:
    """How many instances were started, decisions evaluated and people assigned to tasks between two moments."""
    require_level(call, HistoryLevel.FULL, "Usage")
    start, end = _moment(call.query, "startTime"), _moment(call.query, "endTime")
    tenant = call.query.get("tenantId")
    h, d, t = schema.history_instance, schema.history_decision, schema.history_task
    counted = {
        "processInstances": (h, func.count(), h.c.started, h.c.caller_instance.is_(None)),
        "decisionInstances": (d, func.count(), d.c.time, d.c.root_decision.is_(None)),
        "assignees": (t, func.count(distinct(t.c.assignee)), t.c.started, t.c.assignee.isnot(None)),
    }
    by_tenant: dict[str, dict[str, int]] = {}
    total = dict.fromkeys(counted, 0)
    with reading(call) as connection:
        for name, (table, count, column, met) in counted.items():
            conditions = [column >= start, column < end, met]
            if tenant is not None:
                conditions.append(tenant_shown(table.c.tenant).is_not_distinct_from(tenant))
            total[name] = connection.execute(select(count).select_from(table).where(*conditions)).scalar_one()
            of = table.c.tenant
            rows = connection.execute(select(of, count).select_from(table).where(*conditions).group_by(of))
            for tenant_, number in rows:
                by_tenant.setdefault(shown_tenant(tenant_), dict.fromkeys(counted, 0))[name] = number
    tenants = by_tenant if call.query.get("withTenants") == "true" else {}
    return Answer({**total, "activeTenants": len(by_tenant), "tenants": tenants})


@route("GET", "/system/configuration")
def configuration(call: Call) -> Answer:
    """What a user interface wants to know of this server."""
    return Answer(
        {
            "jobMetrics": {
                "enabled": True,
                "exportInterval": "PT0S",
                "maxWorkerNameLength": 0,
                "maxJobTypeLength": 0,
                "maxTenantIdLength": 0,
                "maxUniqueKeys": 0,
            },
            "components": {"active": []},
            "deployment": {"isMultiTenancyEnabled": False, "maxRequestSize": call.max_upload},
            "authentication": {"canLogout": call.guarded, "isLoginDelegated": False},
            "cloud": {"stage": None},
        }
    )
