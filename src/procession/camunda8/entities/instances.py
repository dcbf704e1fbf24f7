"""Process instances and element instances, running and ended. They are read from history."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, and_, case, exists, func, literal, or_, select, true

from procession.camunda8.exchange import DEFAULT_TENANT, objects_member, shown, shown_tenant
from procession.camunda8.problems import unreadable
from procession.camunda8.searching import (
    Build,
    Column,
    Condition,
    Entity,
    Field,
    Looking,
    Row,
    compared,
    flag,
    key,
    met_by,
    number,
    shown_time,
    states,
    text,
    time,
)
from procession.camunda8.variable_filters import has_value
from procession.storage import schema
from procession.storage.history import HistoryLevel
from procession.storage.queries.language import Asking

_h, _d = schema.history_instance, schema.process_definition
_a, _i, _v = schema.history_activity, schema.history_incident, schema.history_variable
_item = schema.history_batch_item


def tenant_shown(column: Column) -> Column:
    """The tenant as the API names it."""
    return func.coalesce(column, literal(DEFAULT_TENANT))


def _state(running: Column, completed: Column) -> Column:
    return case((running, "ACTIVE"), (completed, "COMPLETED"), else_="TERMINATED")


_instance_state = _state(_h.c.ended.is_(None), _h.c.state == "COMPLETED")
OPEN_INCIDENT = exists(select(literal(1)).where(_i.c.instance == _h.c.key, _i.c.state == "open").correlate(_h))


def with_variables(where: Condition, outer: Table) -> Build:
    """A filter on variables, of which each must be `where` the row of `outer` looks for it."""

    def build(value: Any, asking: Asking) -> Condition:
        conditions = []
        for one in objects_member({"variables": value}, "variables"):
            name = one.get("name")
            if not isinstance(name, str) or "value" not in one:
                raise unreadable()
            met = has_value(_v, one["value"], asking)
            conditions.append(exists(select(literal(1)).where(where, _v.c.name == name, met).correlate(outer)))
        return and_(true(), *conditions)

    return build


def with_tags(value: Any, asking: Asking) -> Condition:
    if not isinstance(value, list) or not all(isinstance(tag, str) for tag in value):
        raise unreadable()
    wanted = [
        func.coalesce(_h.c.tags, "").contains(json.dumps(tag, ensure_ascii=False), autoescape=True) for tag in value
    ]
    return and_(true(), *wanted)


def _inside(found: Field) -> Any:
    """A filter that some element of the instance must meet."""

    def build(value: Any, asking: Asking) -> Condition:
        met = compared(found, value, "element", asking)
        return exists(select(literal(1)).where(_a.c.instance == _h.c.key, met).correlate(_h))

    return build


def _by_error(value: Any, asking: Asking) -> Condition:
    met = compared(text(_i.c.message), value, "errorMessage", asking)
    return exists(select(literal(1)).where(_i.c.instance == _h.c.key, _i.c.state == "open", met).correlate(_h))


def hash_code(text: str) -> int:
    """The number that the API knows an error message by: Java's hash of the text."""
    found = 0
    data = text.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(data), 2):
        found = (31 * found + int.from_bytes(data[at : at + 2], "big")) & 0xFFFFFFFF
    return found - (1 << 32) if found >= 1 << 31 else found


def messages_of(connection: Connection, wanted: Callable[[int], bool]) -> list[str]:
    """The messages of open incidents whose number is wanted."""
    statement = select(_i.c.message).where(_i.c.state == "open", _i.c.message.isnot(None)).distinct()
    return [message for (message,) in connection.execute(statement) if wanted(hash_code(message))]


def _by_hash(value: Any, asking: Asking) -> Condition:
    wanted = met_by(value, "incidentErrorHashCode")
    connection = asking.connection if isinstance(asking, Looking) else None
    assert connection is not None, "a filter is read where something is looked for"
    named = asking.among(_i.c.message, messages_of(connection, wanted))
    return exists(select(literal(1)).where(_i.c.instance == _h.c.key, _i.c.state == "open", named).correlate(_h))


def _in_batch(value: Any, asking: Asking) -> Condition:
    met = compared(key(_item.c.batch), value, "batchOperationKey", asking)
    ours = or_(_item.c.item == _h.c.key, _item.c.item.in_(select(_i.c.key).where(_i.c.instance == _h.c.key)))
    return exists(select(literal(1)).where(ours, met).correlate(_h))


_element_state = _state(_a.c.ended.is_(None), ~_a.c.canceled)
_ELEMENT_STATES = states(
    {
        "ACTIVE": _a.c.ended.is_(None),
        "COMPLETED": and_(_a.c.ended.isnot(None), ~_a.c.canceled),
        "TERMINATED": and_(_a.c.ended.isnot(None), _a.c.canceled),
    }
)
_retrying = exists(
    select(literal(1))
    .where(
        schema.external_task.c.instance == _h.c.key,
        schema.external_task.c.error_message.isnot(None),
        schema.external_task.c.retries > 0,
    )
    .correlate(_h)
)


def show_instance(row: Row) -> dict[str, Any]:
    """A process instance."""
    return {
        "processDefinitionId": row["process_id"],
        "processDefinitionName": row["definition_name"],
        "processDefinitionVersion": row["version"] or 0,
        "processDefinitionVersionTag": row["version_tag"],
        "startDate": shown_time(row["started"]),
        "endDate": shown_time(row["ended"]),
        "suspendedDate": None,
        "state": row["state"],
        "hasIncident": bool(row["has_incident"]),
        "tenantId": shown_tenant(row["tenant"]),
        "processInstanceKey": str(row["key"]),
        "processDefinitionKey": str(row["definition"]),
        "parentProcessInstanceKey": shown(row["caller_instance"]),
        "parentElementInstanceKey": shown(row["caller"]),
        "rootProcessInstanceKey": shown(row["root"]),
        "tags": json.loads(row["tags"]) if row["tags"] else [],
        "businessId": row["business_key"],
    }


_OF_INCIDENTS = (
    "hasIncident",
    "errorMessage",
    "incidentErrorHashCode",
    "hasElementInstanceIncident",
    "batchOperationKey",
)

INSTANCES = Entity(
    name="Process Instance",
    source=_h.outerjoin(_d, _d.c.key == _h.c.definition),
    key=_h.c.key,
    columns={
        **{name: _h.c[name] for name in ("key", "process_id", "started", "ended", "tenant", "definition", "caller")},
        **{name: _h.c[name] for name in ("caller_instance", "root", "tags", "business_key")},
        "definition_name": _d.c.name,
        "version": _d.c.version,
        "version_tag": _d.c.version_tag,
        "state": _instance_state,
        "has_incident": OPEN_INCIDENT,
    },
    filters={
        "startDate": time(_h.c.started),
        "endDate": time(_h.c.ended),
        "state": states(
            {
                "ACTIVE": _h.c.ended.is_(None),
                "COMPLETED": and_(_h.c.ended.isnot(None), _h.c.state == "COMPLETED"),
                "TERMINATED": and_(_h.c.ended.isnot(None), _h.c.state != "COMPLETED"),
            }
        ),
        "hasIncident": flag(OPEN_INCIDENT),
        "tenantId": text(tenant_shown(_h.c.tenant)),
        "variables": with_variables(_v.c.instance == _h.c.key, _h),
        "tags": with_tags,
        "processInstanceKey": key(_h.c.key),
        "parentProcessInstanceKey": key(_h.c.caller_instance),
        "parentElementInstanceKey": key(_h.c.caller),
        "batchOperationKey": _in_batch,
        "errorMessage": _by_error,
        "incidentErrorHashCode": _by_hash,
        "hasRetriesLeft": flag(_retrying),
        "elementInstanceState": _inside(text(_element_state)),
        "elementId": _inside(text(_a.c.node)),
        "hasElementInstanceIncident": flag(OPEN_INCIDENT),
        "businessId": text(_h.c.business_key),
        "processDefinitionId": text(_h.c.process_id),
        "processDefinitionName": text(_d.c.name),
        "processDefinitionVersion": number(_d.c.version),
        "processDefinitionVersionTag": text(_d.c.version_tag),
        "processDefinitionKey": key(_h.c.definition),
    },
    sorts={
        "processInstanceKey": _h.c.key,
        "processDefinitionId": _h.c.process_id,
        "processDefinitionName": _d.c.name,
        "processDefinitionVersion": _d.c.version,
        "processDefinitionVersionTag": _d.c.version_tag,
        "processDefinitionKey": _h.c.definition,
        "parentProcessInstanceKey": _h.c.caller_instance,
        "parentElementInstanceKey": _h.c.caller,
        "startDate": _h.c.started,
        "endDate": _h.c.ended,
        "state": _instance_state,
        "hasIncident": case((OPEN_INCIDENT, 1), else_=0),
        "tenantId": tenant_shown(_h.c.tenant),
        "businessId": _h.c.business_key,
    },
    show=show_instance,
    level=HistoryLevel.ACTIVITY,
    needs=dict.fromkeys(_OF_INCIDENTS, HistoryLevel.FULL) | {"variables": HistoryLevel.AUDIT},
)

# ---------------------------------------------------------------- element instances

_TYPES = {
    "serviceTask": "SERVICE_TASK",
    "sendTask": "SEND_TASK",
    "userTask": "USER_TASK",
    "receiveTask": "RECEIVE_TASK",
    "scriptTask": "SCRIPT_TASK",
    "businessRuleTask": "BUSINESS_RULE_TASK",
    "manualTask": "MANUAL_TASK",
    "task": "TASK",
    "callActivity": "CALL_ACTIVITY",
    "subProcess": "SUB_PROCESS",
    "transaction": "SUB_PROCESS",
    "adHocSubProcess": "AD_HOC_SUB_PROCESS",
    "adHocSubProcess#innerInstance": "AD_HOC_SUB_PROCESS_INNER_INSTANCE",
    "multiInstanceBody": "MULTI_INSTANCE_BODY",
    "exclusiveGateway": "EXCLUSIVE_GATEWAY",
    "inclusiveGateway": "INCLUSIVE_GATEWAY",
    "parallelGateway": "PARALLEL_GATEWAY",
    "eventBasedGateway": "EVENT_BASED_GATEWAY",
}
_type = case(
    *((_a.c.type == name, shown_as) for name, shown_as in _TYPES.items()),
    (or_(_a.c.type.like("boundary%"), _a.c.type.like("%BoundaryCatch")), "BOUNDARY_EVENT"),
    (or_(_a.c.type.like("%tartEvent"), _a.c.type == "startTimerEvent"), "START_EVENT"),
    (_a.c.type.like("%ndEvent"), "END_EVENT"),
    (_a.c.type.like("intermediate%hrow%"), "INTERMEDIATE_THROW_EVENT"),
    (_a.c.type.like("intermediate%"), "INTERMEDIATE_CATCH_EVENT"),
    else_="UNSPECIFIED",
)
_node = func.replace(_a.c.node, "#multiInstanceBody", "")
_incident_key = (
    select(func.min(_i.c.key)).where(_i.c.element == _a.c.key, _i.c.state == "open").correlate(_a).scalar_subquery()
)
_scope = func.coalesce(_a.c.parent, _a.c.instance)


def _show_element(row: Row) -> dict[str, Any]:
    return {
        "processDefinitionId": row["process_id"],
        "startDate": shown_time(row["started"]),
        "endDate": shown_time(row["ended"]),
        "elementId": row["node"],
        "elementName": row["name"] or row["node"],
        "type": row["type"],
        "state": row["state"],
        "hasIncident": row["incident"] is not None,
        "tenantId": shown_tenant(row["tenant"]),
        "elementInstanceKey": str(row["key"]),
        "processInstanceKey": str(row["instance"]),
        "rootProcessInstanceKey": shown(row["root"]),
        "processDefinitionKey": str(row["definition"]),
        "incidentKey": shown(row["incident"]),
    }


ELEMENTS = Entity(
    name="Element Instance",
    source=_a,
    key=_a.c.key,
    columns={
        **{name: _a.c[name] for name in ("key", "process_id", "started", "ended", "tenant", "definition", "instance")},
        **{name: _a.c[name] for name in ("root", "name")},
        "node": _node,
        "type": _type,
        "state": _element_state,
        "incident": _incident_key,
    },
    filters={
        "processDefinitionId": text(_a.c.process_id),
        "state": _ELEMENT_STATES,
        "type": text(_type),
        "elementId": text(_node),
        "elementName": text(func.coalesce(_a.c.name, _node)),
        "hasIncident": flag(_incident_key.isnot(None)),
        "tenantId": text(tenant_shown(_a.c.tenant)),
        "elementInstanceKey": key(_a.c.key),
        "processInstanceKey": key(_a.c.instance),
        "processDefinitionKey": key(_a.c.definition),
        "incidentKey": key(_incident_key),
        "startDate": time(_a.c.started),
        "endDate": time(_a.c.ended),
        "elementInstanceScopeKey": key(_scope),
    },
    sorts={
        "elementInstanceKey": _a.c.key,
        "processInstanceKey": _a.c.instance,
        "processDefinitionKey": _a.c.definition,
        "processDefinitionId": _a.c.process_id,
        "startDate": _a.c.started,
        "endDate": _a.c.ended,
        "elementId": _node,
        "elementName": func.coalesce(_a.c.name, _node),
        "type": _type,
        "state": _element_state,
        "incidentKey": _incident_key,
        "tenantId": tenant_shown(_a.c.tenant),
    },
    show=_show_element,
    level=HistoryLevel.ACTIVITY,
    needs=dict.fromkeys(("hasIncident", "incidentKey"), HistoryLevel.FULL),
)


def element_statistics(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Counts by element, from rows of (node, state, incidents, count)."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        entry = found.setdefault(
            row["node"], {"elementId": row["node"], "active": 0, "canceled": 0, "incidents": 0, "completed": 0}
        )
        name = {"ACTIVE": "active", "COMPLETED": "completed", "TERMINATED": "canceled"}[row["state"]]
        entry[name] += row["count"]
        entry["incidents"] += row["incidents"] or 0
    return list(found.values())
