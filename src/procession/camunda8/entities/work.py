"""User tasks, jobs and message subscriptions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Text, case, cast, exists, false, func, literal, null, select

from procession.camunda8.entities.instances import tenant_shown, with_tags, with_variables
from procession.camunda8.exchange import shown, shown_tenant
from procession.camunda8.jobs import DEFAULT_RETRIES, job_kind, listener_event
from procession.camunda8.searching import Condition, Entity, Row, compared, flag, key, number, shown_time, text, time
from procession.kernel.work import AD_HOC
from procession.storage import schema
from procession.storage.history import HistoryLevel
from procession.storage.queries.language import Asking

_t, _r, _d, _h = schema.history_task, schema.task, schema.process_definition, schema.history_instance
_link, _v = schema.history_link, schema.history_variable

_STATES = {
    "Creating": "CREATING",
    "Assigning": "ASSIGNING",
    "Canceling": "CANCELING",
    "Updating": "UPDATING",
    "Completing": "COMPLETING",
    "Completed": "COMPLETED",
    "Deleted": "CANCELED",
}
_state = case(*((_t.c.state == name, shown_as) for name, shown_as in _STATES.items()), else_="CREATED")
_completed = case((_t.c.state == "Completed", _t.c.ended), else_=null())


def _candidate(column: Any) -> Any:
    """A filter on candidates: those who are now, or were when the task ended."""

    def build(value: Any, asking: Asking) -> Condition:
        met = compared(text(column), value, "candidate", asking)
        linked = _link.c.task == _t.c.key, _link.c.type == "candidate", _link.c.operation == "add"
        return exists(select(literal(1)).where(*linked, met).correlate(_t))

    return build


def _links(connection: Connection, rows: Sequence[Row]) -> Sequence[Row]:
    """Rows with their candidates: what was added and not taken away."""
    wanted = [row["key"] for row in rows]
    statement = (
        select(_link.c.task, _link.c.user_id, _link.c.group_id, _link.c.operation)
        .where(_link.c.task.in_(wanted), _link.c.type == "candidate")
        .order_by(_link.c.key)
    )
    found: dict[int, dict[tuple[str | None, str | None], None]] = {}
    for task, user, group, operation in connection.execute(statement):
        candidates = found.setdefault(task, {})
        if operation == "add":
            candidates[user, group] = None
        else:
            candidates.pop((user, group), None)
    return [
        {
            **row,
            "users": [user for user, _ in found.get(row["key"], ()) if user is not None],
            "groups": [group for _, group in found.get(row["key"], ()) if group is not None],
        }
        for row in rows
    ]


def _show_task(row: Row) -> dict[str, Any]:
    return {
        "name": row["name"],
        "state": row["state"],
        "assignee": row["assignee"],
        "elementId": row["node"],
        "candidateGroups": list(row["groups"]),
        "candidateUsers": list(row["users"]),
        "processDefinitionId": row["process_id"],
        "creationDate": shown_time(row["started"]),
        "completionDate": shown_time(row["completed"]),
        "followUpDate": shown_time(row["follow_up"]),
        "dueDate": shown_time(row["due"]),
        "tenantId": shown_tenant(row["tenant"]),
        "externalFormReference": row["form_key"],
        "processDefinitionVersion": row["version"] or 0,
        "customHeaders": {},
        "priority": row["priority"],
        "userTaskKey": str(row["key"]),
        "elementInstanceKey": shown(row["element"]),
        "processName": row["process_name"],
        "processDefinitionKey": shown(row["definition"]),
        "processInstanceKey": shown(row["instance"]),
        "rootProcessInstanceKey": shown(row["root"]),
        "formKey": shown(row.get("form")),
        "tags": json.loads(row["tags"]) if row["tags"] else [],
        "businessId": row["business_key"],
    }


USER_TASKS = Entity(
    name="User Task",
    source=_t.outerjoin(_r, _r.c.key == _t.c.key)
    .outerjoin(_d, _d.c.key == _t.c.definition)
    .outerjoin(_h, _h.c.key == _t.c.instance),
    key=_t.c.key,
    columns={
        **{
            name: _t.c[name]
            for name in ("key", "name", "assignee", "node", "process_id", "started", "due", "follow_up")
        },
        **{name: _t.c[name] for name in ("tenant", "priority", "element", "definition", "instance", "root")},
        "state": _state,
        "completed": _completed,
        "form_key": _r.c.form_key,
        "form_ref": _r.c.form_ref,
        "form_binding": _r.c.form_binding,
        "version": _d.c.version,
        "process_name": _d.c.name,
        "tags": _h.c.tags,
        "business_key": _h.c.business_key,
    },
    filters={
        "state": text(_state),
        "assignee": text(_t.c.assignee),
        "priority": number(_t.c.priority),
        "elementId": text(_t.c.node),
        "name": text(_t.c.name),
        "candidateGroup": _candidate(_link.c.group_id),
        "candidateUser": _candidate(_link.c.user_id),
        "tenantId": text(tenant_shown(_t.c.tenant)),
        "processDefinitionId": text(_t.c.process_id),
        "creationDate": time(_t.c.started),
        "completionDate": time(_completed),
        "followUpDate": time(_t.c.follow_up),
        "dueDate": time(_t.c.due),
        "userTaskKey": key(_t.c.key),
        "processDefinitionKey": key(_t.c.definition),
        "processInstanceKey": key(_t.c.instance),
        "elementInstanceKey": key(_t.c.element),
        "processInstanceVariables": with_variables(_v.c.scope == _t.c.instance, _t),
        "localVariables": with_variables(_v.c.scope == _t.c.element, _t),
        "tags": with_tags,
    },
    sorts={
        "creationDate": _t.c.started,
        "completionDate": _completed,
        "followUpDate": _t.c.follow_up,
        "dueDate": _t.c.due,
        "priority": _t.c.priority,
        "name": _t.c.name,
    },
    show=_show_task,
    always=_t.c.element.isnot(None),
    extend=_links,
    level=HistoryLevel.ACTIVITY,
    needs=dict.fromkeys(
        ("candidateUser", "candidateGroup", "processInstanceVariables", "localVariables"), HistoryLevel.FULL
    ),
)

# ---------------------------------------------------------------- jobs

_l, _x = schema.history_external_log, schema.external_task
_later = schema.history_external_log.alias("later")


def _last(column: Any) -> Any:
    """What the newest entry about the job says."""
    return (
        select(column)
        .where(_later.c.external == _l.c.external)
        .order_by(_later.c.key.desc())
        .limit(1)
        .correlate(_l)
        .scalar_subquery()
    )


_outcome = _last(_later.c.state)
_job_state = case(
    (_x.c.error_code.isnot(None), "ERROR_THROWN"),
    (_x.c.error_message.isnot(None), "FAILED"),
    (_x.c.key.isnot(None), "CREATED"),
    (_outcome == "successful", "COMPLETED"),
    else_="CANCELED",
)
_retries = func.coalesce(_x.c.retries, _last(_later.c.retries), DEFAULT_RETRIES)
_message = func.coalesce(_x.c.error_message, _last(_later.c.error_message))
_worker = func.coalesce(_x.c.worker, _last(_later.c.worker), "")
_retrying = func.coalesce((_x.c.error_message.isnot(None)) & (_x.c.retries > 0), False)
_job_end = case((_x.c.key.is_(None), _last(_later.c.time)), else_=null())
_job_node = func.replace(_l.c.node, "#multiInstanceBody", "")
_kind = case(
    (_l.c.listener.is_(None), "BPMN_ELEMENT"),
    (_l.c.listener == AD_HOC, "AD_HOC_SUB_PROCESS"),
    (_l.c.listener.in_(["create", "assignment", "update", "complete", "delete"]), "TASK_LISTENER"),
    else_="EXECUTION_LISTENER",
)
_event = case(
    ((_l.c.listener.is_(None)) | (_l.c.listener == AD_HOC), "UNSPECIFIED"),
    *(
        (_l.c.listener == name, listener_event(name))
        for name in ("create", "assignment", "update", "complete", "delete")
    ),
    else_=func.upper(_l.c.listener),
)
_job_changed = func.coalesce(_last(_later.c.time), _l.c.time)


def _show_job(row: Row) -> dict[str, Any]:
    return {
        "customHeaders": json.loads(row["headers"]) if row["headers"] else {},
        "deadline": shown_time(row["locked_until"]),
        "deniedReason": None,
        "elementId": row["node"],
        "elementInstanceKey": shown(row["element"]),
        "endTime": shown_time(row["ended"]),
        "errorCode": row["error_code"],
        "errorMessage": row["message"],
        "hasFailedWithRetriesLeft": bool(row["retrying"]),
        "isDenied": False,
        "jobKey": str(row["job"]),
        "kind": job_kind(row["listener"]),
        "listenerEventType": listener_event(row["listener"]),
        "processDefinitionId": row["process_id"],
        "processDefinitionKey": shown(row["definition"]),
        "processInstanceKey": shown(row["instance"]),
        "rootProcessInstanceKey": shown(row["root"]),
        "businessId": row["business_key"],
        "retries": row["retries"],
        "state": row["state"],
        "tenantId": shown_tenant(row["tenant"]),
        "type": row["topic"],
        "worker": row["worker"],
        "creationTime": shown_time(row["time"]),
        "lastUpdateTime": shown_time(row["changed"]),
        "priority": row["priority"],
    }


JOBS = Entity(
    name="Job",
    source=_l.outerjoin(_x, _x.c.key == _l.c.external).outerjoin(_h, _h.c.key == _l.c.instance),
    key=_l.c.external,
    columns={
        **{name: _l.c[name] for name in ("element", "process_id", "definition", "instance", "root", "tenant", "topic")},
        **{name: _l.c[name] for name in ("time", "listener", "priority")},
        "node": _job_node,
        "job": _l.c.external,
        "headers": _x.c.headers,
        "locked_until": _x.c.locked_until,
        "error_code": _x.c.error_code,
        "state": _job_state,
        "retries": _retries,
        "message": _message,
        "worker": _worker,
        "retrying": _retrying,
        "ended": _job_end,
        "changed": _last(_later.c.time),
        "business_key": _h.c.business_key,
    },
    filters={
        "deadline": time(_x.c.locked_until),
        "deniedReason": text(null()),
        "elementId": text(_job_node),
        "elementInstanceKey": key(_l.c.element),
        "endTime": time(_job_end),
        "errorCode": text(_x.c.error_code),
        "errorMessage": text(_message),
        "hasFailedWithRetriesLeft": flag(_retrying),
        "jobKey": key(_l.c.external),
        "kind": text(_kind),
        "listenerEventType": text(_event),
        "isDenied": flag(false()),
        "lastUpdateTime": time(_job_changed),
        "processDefinitionId": text(_l.c.process_id),
        "processDefinitionKey": key(_l.c.definition),
        "processInstanceKey": key(_l.c.instance),
        "retries": number(_retries),
        "state": text(_job_state),
        "tenantId": text(tenant_shown(_l.c.tenant)),
        "type": text(_l.c.topic),
        "worker": text(_worker),
        "creationTime": time(_l.c.time),
    },
    sorts={
        "deadline": _x.c.locked_until,
        "elementId": _job_node,
        "elementInstanceKey": _l.c.element,
        "endTime": _job_end,
        "errorCode": _x.c.error_code,
        "errorMessage": _message,
        "jobKey": _l.c.external,
        "kind": _kind,
        "listenerEventType": _event,
        "deniedReason": cast(null(), Text),
        "isDenied": literal(0),
        "hasFailedWithRetriesLeft": case((_retrying, 1), else_=0),
        "lastUpdateTime": _job_changed,
        "processDefinitionId": _l.c.process_id,
        "processDefinitionKey": _l.c.definition,
        "processInstanceKey": _l.c.instance,
        "retries": _retries,
        "state": _job_state,
        "tenantId": tenant_shown(_l.c.tenant),
        "type": _l.c.topic,
        "worker": _worker,
        "creationTime": _l.c.time,
    },
    show=_show_job,
    always=_l.c.state == "created",
    level=HistoryLevel.FULL,
)

# ---------------------------------------------------------------- message subscriptions

_s, _i = schema.event_subscription, schema.instance


def _show_subscription(row: Row) -> dict[str, Any]:
    return {
        "messageSubscriptionKey": str(row["key"]),
        "messageSubscriptionType": "START_EVENT" if row["instance"] is None else "PROCESS_EVENT",
        "processDefinitionId": row["process_id"],
        "processDefinitionKey": str(row["definition"]),
        "processDefinitionName": row["definition_name"],
        "processDefinitionVersion": row["version"],
        "processInstanceKey": shown(row["instance"]),
        "rootProcessInstanceKey": shown(row["root"]),
        "elementId": row["node"],
        "elementInstanceKey": shown(row["element"]),
        "messageSubscriptionState": "CREATED",
        "lastUpdatedDate": shown_time(row["created"]),
        "messageName": row["name"],
        "correlationKey": row["correlation_key"],
        "businessId": row["business_key"],
        "toolProperties": {},
        "toolName": None,
        "inboundConnectorType": None,
        "tenantId": shown_tenant(row["tenant"]),
    }


MESSAGE_SUBSCRIPTIONS = Entity(
    name="Message Subscription",
    source=_s.outerjoin(_i, _i.c.key == _s.c.instance).outerjoin(_d, _d.c.key == _s.c.definition),
    key=_s.c.key,
    columns={
        **{name: _s.c[name] for name in ("key", "process_id", "definition", "instance", "node", "element", "created")},
        **{name: _s.c[name] for name in ("name", "correlation_key", "tenant")},
        "root": _i.c.root,
        "business_key": _i.c.business_key,
        "definition_name": _d.c.name,
        "version": _d.c.version,
    },
    filters={
        "messageSubscriptionKey": key(_s.c.key),
        "processDefinitionId": text(_s.c.process_id),
        "processDefinitionKey": key(_s.c.definition),
        "processInstanceKey": key(_s.c.instance),
        "elementId": text(_s.c.node),
        "elementInstanceKey": key(_s.c.element),
        "messageSubscriptionState": text(literal("CREATED")),
        "messageSubscriptionType": text(case((_s.c.instance.is_(None), "START_EVENT"), else_="PROCESS_EVENT")),
        "lastUpdatedDate": time(_s.c.created),
        "messageName": text(_s.c.name),
        "correlationKey": text(_s.c.correlation_key),
        "tenantId": text(tenant_shown(_s.c.tenant)),
    },
    sorts={
        "messageSubscriptionKey": _s.c.key,
        "processDefinitionId": _s.c.process_id,
        "processInstanceKey": _s.c.instance,
        "elementId": _s.c.node,
        "elementInstanceKey": _s.c.element,
        "messageSubscriptionState": literal("CREATED"),
        "lastUpdatedDate": _s.c.created,
        "messageName": _s.c.name,
        "correlationKey": _s.c.correlation_key,
        "tenantId": tenant_shown(_s.c.tenant),
    },
    show=_show_subscription,
    always=_s.c.kind == "message",
)
