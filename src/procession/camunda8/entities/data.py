"""Variables and incidents, of what runs and what has ended. They are read from history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, case, func, null, select, union_all

from procession.camunda8.entities.instances import tenant_shown
from procession.camunda8.exchange import shown, shown_tenant
from procession.camunda8.searching import Condition, Entity, Row, compared, flag, key, shown_time, text, time
from procession.camunda8.values import as_text
from procession.camunda8.variable_filters import has_value
from procession.storage import schema
from procession.storage.encoding import decode_value
from procession.storage.history import HistoryLevel
from procession.storage.queries.language import Asking

_v, _b, _i = schema.history_variable, schema.big_value, schema.history_incident

TRUNCATED = 8191
"""Characters of a variable's value that a search shows."""


def _compared(value: Any, asking: Asking) -> Condition:
    return has_value(_v, value, asking)


def _in_scope(value: Any, asking: Asking) -> Condition:
    """A scope is an instance, an element or a task: of which instance it is leads to its variables by an index."""
    met = compared(key(_v.c.scope), value, "scopeKey", asking)
    if isinstance(value, dict) and set(value) - {"$eq", "$in"}:
        return met
    around = [
        select(column.label("instance")).where(compared(key(scope), value, "scopeKey", asking))
        for scope, column in (
            (schema.history_instance.c.key, schema.history_instance.c.key),
            (schema.history_activity.c.key, schema.history_activity.c.instance),
            (schema.history_task.c.key, schema.history_task.c.instance),
        )
    ]
    return and_(met, _v.c.instance.in_(union_all(*around)))


def variable_value(row: Row) -> str:
    """The value as JSON text, whole."""
    stored = (row[name] for name in ("form", "text_value", "long_value", "double_value", "bytes_value", "content"))
    return as_text(decode_value(*stored))


def show_variable(row: Row, *, whole: bool = False) -> dict[str, Any]:
    """A variable; its value is cut where a search shows it."""
    value = variable_value(row)
    found: dict[str, Any] = {
        "value": value if whole else value[:TRUNCATED],
        "name": row["name"],
        "tenantId": shown_tenant(row["tenant"]),
        "variableKey": str(row["key"]),
        "scopeKey": str(row["scope"]),
        "processInstanceKey": shown(row["instance"]),
        "rootProcessInstanceKey": shown(row["root"]),
    }
    return found | {"isTruncated": not whole and len(value) > TRUNCATED}


_VALUE = ("form", "text_value", "long_value", "double_value", "bytes_value")

VARIABLES = Entity(
    name="Variable",
    source=_v.outerjoin(_b, _b.c.key == _v.c.big),
    key=_v.c.key,
    columns={
        **{name: _v.c[name] for name in ("key", "name", "tenant", "scope", "instance", "root", *_VALUE)},
        "content": _b.c.content,
    },
    filters={
        "name": text(_v.c.name),
        "value": _compared,
        "tenantId": text(tenant_shown(_v.c.tenant)),
        "isTruncated": flag(func.coalesce(func.length(_b.c.content), 0) > TRUNCATED),
        "variableKey": key(_v.c.key),
        "scopeKey": _in_scope,
        "processInstanceKey": key(_v.c.instance),
    },
    sorts={
        "value": func.coalesce(_v.c.text_value, ""),
        "name": _v.c.name,
        "tenantId": tenant_shown(_v.c.tenant),
        "variableKey": _v.c.key,
        "scopeKey": _v.c.scope,
        "processInstanceKey": _v.c.instance,
    },
    show=show_variable,
    level=HistoryLevel.AUDIT,
)

# ---------------------------------------------------------------- incidents

_TYPES: Mapping[str, str] = {
    "failedExternalTask": "JOB_NO_RETRIES",
    "failedJob": "JOB_NO_RETRIES",
    "unhandledErrorEvent": "UNHANDLED_ERROR_EVENT",
    "ioMappingError": "IO_MAPPING_ERROR",
    "extractValueError": "EXTRACT_VALUE_ERROR",
    "conditionError": "CONDITION_ERROR",
    "calledElementError": "CALLED_ELEMENT_ERROR",
    "calledDecisionError": "CALLED_DECISION_ERROR",
    "decisionEvaluationError": "DECISION_EVALUATION_ERROR",
    "adHocSubProcessNoRetries": "AD_HOC_SUB_PROCESS_NO_RETRIES",
    "executionListenerNoRetries": "EXECUTION_LISTENER_NO_RETRIES",
    "taskListenerNoRetries": "TASK_LISTENER_NO_RETRIES",
    "formNotFound": "FORM_NOT_FOUND",
}
_type = case(*((_i.c.kind == name, shown_as) for name, shown_as in _TYPES.items()), else_="UNKNOWN")
_state = case((_i.c.state == "open", "ACTIVE"), else_="RESOLVED")
_job = case(
    (
        _i.c.kind.in_(
            [name for name in _TYPES if name.endswith("Retries")] + ["failedExternalTask", "unhandledErrorEvent"]
        ),
        _i.c.configuration,
    ),
    else_=null(),
)
_node = func.replace(_i.c.node, "#multiInstanceBody", "")


def _show_incident(row: Row) -> dict[str, Any]:
    return {
        "processDefinitionId": row["process_id"],
        "errorType": row["type"],
        "errorMessage": row["message"] or "",
        "elementId": row["node"],
        "creationTime": shown_time(row["created"]),
        "state": row["state"],
        "tenantId": shown_tenant(row["tenant"]),
        "incidentKey": str(row["key"]),
        "processDefinitionKey": shown(row["definition"]),
        "processInstanceKey": shown(row["instance"]),
        "rootProcessInstanceKey": shown(row["root"]),
        "elementInstanceKey": shown(row["element"]),
        "jobKey": row["job"],
    }


INCIDENTS = Entity(
    name="Incident",
    source=_i,
    key=_i.c.key,
    columns={
        **{
            name: _i.c[name] for name in ("key", "process_id", "message", "created", "tenant", "definition", "instance")
        },
        **{name: _i.c[name] for name in ("root", "element")},
        "node": _node,
        "type": _type,
        "state": _state,
        "job": _job,
    },
    filters={
        "processDefinitionId": text(_i.c.process_id),
        "errorType": text(_type),
        "errorMessage": text(_i.c.message),
        "elementId": text(_node),
        "creationTime": time(_i.c.created),
        "state": text(_state),
        "tenantId": text(tenant_shown(_i.c.tenant)),
        "incidentKey": key(_i.c.key),
        "processDefinitionKey": key(_i.c.definition),
        "processInstanceKey": key(_i.c.instance),
        "elementInstanceKey": key(_i.c.element),
        "jobKey": text(_job),
    },
    sorts={
        "incidentKey": _i.c.key,
        "processDefinitionKey": _i.c.definition,
        "processDefinitionId": _i.c.process_id,
        "processInstanceKey": _i.c.instance,
        "errorType": _type,
        "errorMessage": _i.c.message,
        "elementId": _node,
        "elementInstanceKey": _i.c.element,
        "creationTime": _i.c.created,
        "state": _state,
        "jobKey": _job,
        "tenantId": tenant_shown(_i.c.tenant),
    },
    show=_show_incident,
    # what a caller shows of an incident in what it called is not its own
    always=_i.c.cause == _i.c.key,
    level=HistoryLevel.FULL,
)
