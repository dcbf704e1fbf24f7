"""The audit log: the engine's log of what users did, one entry an operation. Read from history, which tells it at level full."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, exists, func, literal, null, select

from procession.camunda8.entities.instances import tenant_shown
from procession.camunda8.exchange import shown, shown_tenant
from procession.camunda8.searching import Column, Entity, Row, key, shown_time, text, time
from procession.storage import schema
from procession.storage.history import HistoryLevel

_o = schema.operation_log
_earlier = _o.alias("earlier")

_ENTITIES = {
    "Task": "USER_TASK",
    "ProcessInstance": "PROCESS_INSTANCE",
    "Job": "JOB",
    "ExternalTask": "JOB",
    "DecisionInstance": "DECISION",
}
_OPERATIONS = {
    "Create": "CREATE",
    "Complete": "COMPLETE",
    "Assign": "ASSIGN",
    "Claim": "ASSIGN",
    "Delete": "CANCEL",
    "DeleteHistory": "DELETE",
    "Suspend": "SUSPEND",
    "Activate": "RESUME",
    "Migrate": "MIGRATE",
    "ModifyProcessInstance": "MODIFY",
    "Update": "UPDATE",
    "SetVariables": "UPDATE",
    "SetJobRetries": "UPDATE",
    "SetExternalTaskRetries": "UPDATE",
}
_entity = case(*((_o.c.entity_type == name, shown_as) for name, shown_as in _ENTITIES.items()), else_="RESOURCE")
_taken = (_o.c.operation_type == "Assign") & (_o.c.property == "assignee") & _o.c.new_value.is_(None)
_operation = case(
    (_taken, "UNASSIGN"),
    *((_o.c.operation_type == name, shown_as) for name, shown_as in _OPERATIONS.items()),
    else_="UNKNOWN",
)
_category = case((_o.c.entity_type == "Task", "USER_TASKS"), else_="DEPLOYED_RESOURCES")
_about = func.coalesce(_o.c.task, _o.c.job, _o.c.external, _o.c.instance, _o.c.deployment, _o.c.key)
_job = func.coalesce(_o.c.job, _o.c.external)
_first: Column = ~exists(
    select(literal(1))
    .where(
        _earlier.c.operation == _o.c.operation,
        _earlier.c.key < _o.c.key,
        _earlier.c.entity_type == _o.c.entity_type,
        _earlier.c.operation_type == _o.c.operation_type,
        func.coalesce(_earlier.c.task, 0) == func.coalesce(_o.c.task, 0),
        func.coalesce(_earlier.c.instance, 0) == func.coalesce(_o.c.instance, 0),
    )
    .correlate(_o)
)
"""An operation that changes several things has an entry for each: the first one stands for all."""

_NOTHING = (
    "batchOperationKey",
    "batchOperationType",
    "agentElementId",
    "decisionRequirementsId",
    "decisionRequirementsKey",
    "decisionDefinitionId",
    "decisionDefinitionKey",
    "decisionEvaluationKey",
    "formKey",
    "resourceKey",
    "relatedEntityKey",
    "relatedEntityType",
    "inboundChannelType",
    "inboundChannelToolName",
)
"""Members that the engine's log has nothing for."""


def _show(row: Row) -> dict[str, Any]:
    return {
        **dict.fromkeys(_NOTHING),
        "auditLogKey": str(row["key"]),
        "entityKey": str(row["about"]),
        "entityType": row["entity"],
        "operationType": row["operation_shown"],
        "timestamp": shown_time(row["time"]),
        "actorId": row["user_id"],
        "actorType": "USER",
        "tenantId": shown_tenant(row["tenant"]),
        "result": "SUCCESS",
        "category": row["category_shown"],
        "processDefinitionId": row["process_id"],
        "processDefinitionKey": shown(row["definition"]),
        "processInstanceKey": shown(row["instance"]),
        "rootProcessInstanceKey": shown(row["root"]),
        "elementInstanceKey": shown(row["element"]),
        "jobKey": shown(row["job_shown"]),
        "userTaskKey": shown(row["task"]),
        "deploymentKey": shown(row["deployment"]),
        "entityDescription": row["annotation"],
    }


_KEYS = {
    "auditLogKey": _o.c.key,
    "processDefinitionKey": _o.c.definition,
    "processInstanceKey": _o.c.instance,
    "elementInstanceKey": _o.c.element,
    "jobKey": _job,
    "userTaskKey": _o.c.task,
    "entityKey": _about,
}
_TEXTS: dict[str, Column] = {
    "operationType": _operation,
    "entityType": _entity,
    "category": _category,
    "actorId": _o.c.user_id,
    "actorType": literal("USER"),
    "result": literal("SUCCESS"),
    "tenantId": tenant_shown(_o.c.tenant),
    "processDefinitionId": _o.c.process_id,
}

AUDIT_LOG = Entity(
    name="Audit Log",
    source=_o,
    key=_o.c.key,
    columns={
        **{name: _o.c[name] for name in ("key", "time", "user_id", "tenant", "process_id", "definition", "instance")},
        **{name: _o.c[name] for name in ("root", "element", "task", "deployment", "annotation")},
        "about": _about,
        "entity": _entity,
        "operation_shown": _operation,
        "category_shown": _category,
        "job_shown": _job,
    },
    filters={
        **{name: key(column) for name, column in _KEYS.items()},
        **{name: text(column) for name, column in _TEXTS.items()},
        **{name: text(null()) for name in _NOTHING},
        "deploymentKey": key(_o.c.deployment),
        "entityDescription": text(_o.c.annotation),
        "timestamp": time(_o.c.time),
    },
    sorts={**_KEYS, **_TEXTS, "timestamp": _o.c.time},
    show=_show,
    always=_first,
    level=HistoryLevel.FULL,
)
