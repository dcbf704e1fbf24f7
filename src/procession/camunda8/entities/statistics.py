"""What statistics are made of: counts of running instances, incidents and jobs, grouped. Read from history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import case, distinct, func, literal, literal_column, null, select

from procession.camunda8.entities.instances import OPEN_INCIDENT, hash_code, tenant_shown
from procession.camunda8.entities.work import MESSAGE_SUBSCRIPTIONS
from procession.camunda8.exchange import shown_tenant
from procession.camunda8.searching import Column, Condition, Entity, Row, shown_time, text
from procession.storage import schema
from procession.storage.history import HistoryLevel

_h, _d, _i = schema.history_instance, schema.process_definition, schema.history_incident
_l, _v = schema.history_external_log, schema.history_variable


def _entity(
    title: str,
    found: Any,
    key: str,
    sorts: Mapping[str, str],
    show: Any,
    level: HistoryLevel = HistoryLevel.FULL,
    **filters: str,
) -> Entity:
    """An entity over a grouped statement."""
    rows = found.subquery(title.lower().replace(" ", "_"))
    return Entity(
        name=title,
        source=rows,
        key=rows.c[key],
        columns={column.name: column for column in rows.columns},
        filters={member: text(rows.c[column]) for member, column in filters.items()},
        sorts={member: rows.c[column] for member, column in sorts.items()},
        show=show,
        level=level,
    )


# ---------------------------------------------------------------- incidents


def _show_by_error(row: Row) -> dict[str, Any]:
    return {
        "errorHashCode": hash_code(row["message"]),
        "errorMessage": row["message"],
        "activeInstancesWithErrorCount": row["count"],
    }


_NO_TEXT: Column = literal_column("''")  # not a parameter: PostgreSQL must see that what is grouped by is what is shown
_message = func.coalesce(_i.c.message, _NO_TEXT)

INCIDENTS_BY_ERROR = _entity(
    "Incidents by error",
    select(
        func.min(_i.c.key).label("key"),
        _message.label("message"),
        func.count(distinct(_i.c.instance)).label("count"),
    )
    .where(_i.c.state == "open")
    .group_by(_message),
    "key",
    {"errorMessage": "message", "activeInstancesWithErrorCount": "count"},
    _show_by_error,
)


def _show_by_definition(row: Row) -> dict[str, Any]:
    return {
        "processDefinitionId": row["process_id"],
        "processDefinitionKey": str(row["definition"]),
        "processDefinitionName": row["name"] or row["process_id"],
        "processDefinitionVersion": row["version"],
        "tenantId": shown_tenant(row["tenant"]),
        "activeInstancesWithErrorCount": row["count"],
    }


def incidents_by_definition(met: Condition) -> Entity:
    """Process definitions whose instances have open incidents that meet a condition."""
    return _entity(
        "Incidents by definition",
        select(
            _i.c.definition.label("definition"),
            _d.c.process_id,
            _d.c.name,
            _d.c.version,
            _d.c.tenant,
            func.count(distinct(_i.c.instance)).label("count"),
        )
        .select_from(_i.join(_d, _d.c.key == _i.c.definition))
        .where(_i.c.state == "open", met)
        .group_by(_i.c.definition, _d.c.process_id, _d.c.name, _d.c.version, _d.c.tenant),
        "definition",
        {"processDefinitionKey": "definition", "tenantId": "tenant", "activeInstancesWithErrorCount": "count"},
        _show_by_definition,
    )


# ---------------------------------------------------------------- running instances

_with = func.sum(case((OPEN_INCIDENT, 1), else_=0))
_without = func.sum(case((OPEN_INCIDENT, 0), else_=1))
_other = _d.alias("other")


def _show_process(row: Row) -> dict[str, Any]:
    return {
        "processDefinitionId": row["process_id"],
        "tenantId": shown_tenant(row["tenant"]),
        "latestProcessDefinitionName": row["latest_name"],
        "hasMultipleVersions": row["versions"] > 1,
        "activeInstancesWithoutIncidentCount": row["without"],
        "activeInstancesWithIncidentCount": row["having"],
    }


_running = (
    select(
        func.min(_h.c.key).label("key"),
        _h.c.process_id.label("process_id"),
        _h.c.tenant.label("tenant"),
        _with.label("having"),
        _without.label("without"),
    )
    .where(_h.c.ended.is_(None))
    .group_by(_h.c.process_id, _h.c.tenant)
    .subquery("running")
)
_those = (_other.c.process_id == _running.c.process_id, _other.c.tenant.is_not_distinct_from(_running.c.tenant))

PROCESSES_RUNNING = _entity(
    "Processes running",
    select(
        *_running.columns,
        select(_other.c.name)
        .where(*_those)
        .order_by(_other.c.version.desc())
        .limit(1)
        .scalar_subquery()
        .label("latest_name"),
        select(func.count()).select_from(_other).where(*_those).scalar_subquery().label("versions"),
    ),
    "key",
    {
        "processDefinitionId": "process_id",
        "activeInstancesWithIncidentCount": "having",
        "activeInstancesWithoutIncidentCount": "without",
    },
    _show_process,
)


def _show_version(row: Row) -> dict[str, Any]:
    return {
        "processDefinitionId": row["process_id"],
        "processDefinitionKey": str(row["key"]),
        "processDefinitionName": row["name"],
        "tenantId": row["tenant"],
        "processDefinitionVersion": row["version"],
        "activeInstancesWithIncidentCount": row["having"],
        "activeInstancesWithoutIncidentCount": row["without"],
    }


VERSIONS_RUNNING = _entity(
    "Versions running",
    select(
        _d.c.key.label("key"),
        _d.c.process_id.label("process_id"),
        _d.c.name.label("name"),
        _d.c.version.label("version"),
        tenant_shown(_d.c.tenant).label("tenant"),
        _with.label("having"),
        _without.label("without"),
    )
    .select_from(_h.join(_d, _d.c.key == _h.c.definition))
    .where(_h.c.ended.is_(None))
    .group_by(_d.c.key, _d.c.process_id, _d.c.name, _d.c.version, _d.c.tenant),
    "key",
    {
        "processDefinitionId": "process_id",
        "processDefinitionKey": "key",
        "processDefinitionName": "name",
        "processDefinitionVersion": "version",
        "activeInstancesWithIncidentCount": "having",
        "activeInstancesWithoutIncidentCount": "without",
    },
    _show_version,
    processDefinitionId="process_id",
    tenantId="tenant",
)


# ---------------------------------------------------------------- message subscriptions, variables


def _show_subscriptions(row: Row) -> dict[str, Any]:
    return {
        "processDefinitionId": row["process_id"],
        "tenantId": shown_tenant(row["tenant"]),
        "processDefinitionKey": str(row["definition"]),
        "processInstancesWithActiveSubscriptions": row["instances"],
        "activeSubscriptions": row["count"],
    }


def subscriptions_by_definition(conditions: Sequence[Condition]) -> Entity:
    """Process definitions with open message subscriptions that meet conditions."""
    s = schema.event_subscription
    grouped = (s.c.definition, s.c.process_id, s.c.tenant)
    return _entity(
        "Message subscriptions by definition",
        select(
            s.c.definition.label("definition"),
            s.c.process_id.label("process_id"),
            s.c.tenant.label("tenant"),
            func.count(distinct(s.c.instance)).label("instances"),
            func.count().label("count"),
        )
        .select_from(MESSAGE_SUBSCRIPTIONS.source)
        .where(*conditions)
        .group_by(*grouped),
        "definition",
        {},
        _show_subscriptions,
        HistoryLevel.NONE,
    )


def variable_names(definition: int) -> Entity:
    """The names of variables that instances of a process definition have or had."""
    return _entity(
        "Variable names",
        select(_v.c.name.label("name")).where(_v.c.definition == definition).distinct(),
        "name",
        {"name": "name"},
        lambda row: {"name": row["name"]},
        HistoryLevel.AUDIT,
        name="name",
    )


# ---------------------------------------------------------------- jobs


def _counted(state: str) -> tuple[Any, Any]:
    met = _l.c.state == state
    return (
        func.sum(case((met, 1), else_=0)).label(state),
        func.max(case((met, _l.c.time), else_=null())).label(f"{state}_at"),
    )


COUNTS = tuple(column for state in ("created", "successful", "failed") for column in _counted(state))
"""How many jobs were created, completed and failed, and when the last of each."""


def show_counts(row: Row) -> dict[str, Any]:
    """`COUNTS` as the API shows them."""
    names = {"created": "created", "successful": "completed", "failed": "failed"}
    return {
        shown_as: {"count": row[state] or 0, "lastUpdatedAt": shown_time(row[f"{state}_at"])}
        for state, shown_as in names.items()
    }


def jobs_by_type(met: Sequence[Condition]) -> Entity:
    """Counts of jobs by type, from log entries that meet conditions."""
    return _entity(
        "Job types",
        select(_l.c.topic.label("topic"), *COUNTS, func.count(distinct(_l.c.worker)).label("workers"))
        .where(*met)
        .group_by(_l.c.topic),
        "topic",
        {},
        lambda row: {"jobType": row["topic"], **show_counts(row), "workers": row["workers"]},
        jobType="topic",
    )


def jobs_by_worker(met: Sequence[Condition]) -> Entity:
    """Counts of jobs by worker; what nobody has taken yet is no worker's."""
    return _entity(
        "Job workers",
        select(_l.c.worker.label("worker"), *COUNTS).where(*met, _l.c.worker.isnot(None)).group_by(_l.c.worker),
        "worker",
        {},
        lambda row: {"worker": row["worker"], **show_counts(row)},
    )


def jobs_by_error(met: Sequence[Condition]) -> Entity:
    """Messages of failed jobs, and how many workers told them. A failure has no error code."""
    message = func.coalesce(_l.c.error_message, _NO_TEXT)
    return _entity(
        "Job errors",
        select(
            message.label("message"),
            literal("").label("code"),
            func.count(distinct(_l.c.worker)).label("workers"),
        )
        .where(*met, _l.c.state == "failed")
        .group_by(message),
        "message",
        {},
        lambda row: {"errorCode": row["code"], "errorMessage": row["message"], "workers": row["workers"]},
        errorMessage="message",
        errorCode="code",
    )
