"""What can be asked of running processes: instances, executions, variables, incidents, subscriptions, external tasks, jobs.

An execution of Camunda is an element here; so is an activity instance: both bear the element's key.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, case, literal, or_

from procession.storage import schema
from procession.storage.queries.definitions import with_definition, with_incidents
from procession.storage.queries.language import (
    Asking,
    Col,
    Complaint,
    Condition,
    Filter,
    Kind,
    QueryTable,
    activities,
    after,
    as_keys,
    at_least,
    at_most,
    before,
    flag,
    key,
    keys,
    like,
    moments,
    no_texts,
    nothing,
    some,
    tenants,
    text,
    texts,
    through,
)
from procession.storage.queries.variables import SWITCHES, by_variables, own_values

_p = schema.process_definition.c
_i = schema.instance.c
_e = schema.element.c
_v = schema.variable.c
_inc = schema.incident.c
_sub = schema.event_subscription.c
_x = schema.external_task.c
_j = schema.job.c

_called = schema.instance.alias("called")

PROCESS_INSTANCE = QueryTable(
    "process instance",
    with_definition(schema.instance),
    _i.key,
    {
        "key": _i.key,
        "definition_id": _p.id,
        "process_id": _i.process_id,
        "business_key": _i.business_key,
        "suspended": _i.suspended,
        "tenant": _i.tenant,
    },
    {
        "processInstanceIds": keys(_i.key),
        "businessKey": text(_i.business_key),
        "businessKeyLike": like(_i.business_key),
        "caseInstanceId": nothing(),
        "processDefinitionId": text(_p.id),
        "processDefinitionKey": text(_i.process_id),
        "processDefinitionKeyIn": texts(_i.process_id),
        "processDefinitionKeyNotIn": no_texts(_i.process_id),
        "deploymentId": key(_p.deployment),
        "superProcessInstance": key(_i.caller_instance),
        "subProcessInstance": through(
            Kind.TEXT,
            lambda value, asking: some(
                _called, _called.c.caller_instance == _i.key, asking.among(_called.c.key, as_keys([value]))
            ),
        ),
        "superCaseInstance": nothing(),
        "subCaseInstance": nothing(),
        "active": flag(~_i.suspended),
        "suspended": flag(_i.suspended),
        "withIncident": flag(some(schema.incident, _inc.instance == _i.key)),
        **with_incidents(_inc.instance == _i.key),
        **tenants(_i.tenant),
        "processDefinitionWithoutTenantId": flag(_p.tenant.is_(None)),
        "activityIdIn": through(
            Kind.TEXTS,
            lambda value, asking: some(schema.element, _e.instance == _i.key, asking.among(_e.node, value)),
        ),
        "rootProcessInstances": flag(_i.caller_instance.is_(None)),
        "rootProcessInstanceId": key(_i.root),
        "leafProcessInstances": flag(~some(_called, _called.c.caller_instance == _i.key)),
        "variables": by_variables(schema.variable, _v.scope == _i.key),
        **SWITCHES,
    },
    {
        "instanceId": _i.key,
        "definitionKey": _i.process_id,
        "definitionId": _p.id,
        "tenantId": _i.tenant,
        "businessKey": _i.business_key,
    },
)


def _subscribed(kind: str) -> Filter:
    def build(value: str, asking: Asking) -> Condition:
        kinds: Col = _sub.kind
        names: Col = _sub.name
        if asking.dialect == "sqlite":
            # which takes few to wait for a name, and would look through all of them for each execution
            kinds, names = kinds + "", names + ""
        inside = (_sub.instance == _e.instance, _sub.element == _e.key)
        return some(schema.event_subscription, *inside, kinds == kind, names == value)

    return through(Kind.TEXT, build)


EXECUTION = QueryTable(
    "execution",
    schema.element.join(schema.instance, _i.key == _e.instance).outerjoin(
        schema.process_definition, _p.key == _i.definition
    ),
    _e.key,
    {"key": _e.key, "instance": _e.instance, "tenant": _i.tenant, "node": _e.node, "parent": _e.parent},
    {
        "businessKey": text(_i.business_key),
        "processDefinitionId": text(_p.id),
        "processDefinitionKey": text(_i.process_id),
        "processInstanceId": key(_e.instance),
        "activityId": text(_e.node),
        "signalEventSubscriptionName": _subscribed("signal"),
        "messageEventSubscriptionName": _subscribed("message"),
        "active": flag(~_i.suspended),
        "suspended": flag(_i.suspended),
        **with_incidents(_inc.element == _e.key),
        "tenantIdIn": texts(_i.tenant),
        "variables": by_variables(schema.variable, _v.scope == _e.key),
        "processVariables": by_variables(schema.variable, _v.scope == _e.instance),
        **SWITCHES,
    },
    {
        "instanceId": _e.instance,
        "definitionKey": _i.process_id,
        "definitionId": _p.id,
        "tenantId": _i.tenant,
    },
)

_in_execution = _v.task.is_(None)


def _in_scope(found: Filter) -> Filter:
    return Filter(found.kind, lambda value, asking: and_(_in_execution, found.build(value, asking)))


VARIABLE = QueryTable(
    "variable instance",
    with_definition(schema.variable).outerjoin(schema.element, _e.key == _v.scope),
    _v.key,
    {
        "key": _v.key,
        "name": _v.name,
        "definition_id": _p.id,
        "instance": _v.instance,
        "scope": _v.scope,
        "node": _e.node,
        "phase": _e.phase,
        "parent": _e.parent,
        "loop_counter": _e.loop_counter,
        "note": _e.note,
        "definition": _v.definition,
        "task": _v.task,
        "tenant": _v.tenant,
        "type": _v.type,
        "form": _v.form,
        "text_value": _v.text_value,
        "long_value": _v.long_value,
        "double_value": _v.double_value,
        "bytes_value": _v.bytes_value,
        "big": _v.big,
        "info": _v.info,
    },
    {
        "variableName": text(_v.name),
        "variableNameLike": like(_v.name),
        "processInstanceIdIn": keys(_v.instance),
        "executionIdIn": _in_scope(keys(_v.scope)),
        "caseInstanceIdIn": nothing(Kind.TEXTS),
        "caseExecutionIdIn": nothing(Kind.TEXTS),
        "taskIdIn": keys(_v.task),
        "batchIdIn": nothing(Kind.TEXTS),
        "activityInstanceIdIn": _in_scope(activities(_v.scope)),
        "tenantIdIn": texts(_v.tenant),
        "variableValues": own_values(schema.variable),
        "variableScopeIdIn": keys(_v.scope),
        **SWITCHES,
    },
    {"variableName": _v.name, "variableType": _v.type, "activityInstanceId": _v.scope, "tenantId": _v.tenant},
    options={"deserializeValues": "says how values are shown"},
)

INCIDENT = QueryTable(
    "incident",
    with_definition(schema.incident),
    _inc.key,
    {**{column.name: column for column in schema.incident.c}, "definition_id": _p.id},
    {
        "incidentId": key(_inc.key),
        "incidentType": text(_inc.kind),
        "incidentMessage": text(_inc.message),
        "incidentMessageLike": like(_inc.message),
        "processDefinitionId": text(_p.id),
        "processDefinitionKeyIn": texts(_p.process_id),
        "processInstanceId": key(_inc.instance),
        "executionId": key(_inc.element),
        "incidentTimestampBefore": before(_inc.created),
        "incidentTimestampAfter": after(_inc.created),
        "activityId": text(_inc.node),
        "failedActivityId": text(_inc.failed_node),
        "causeIncidentId": key(_inc.cause),
        "rootCauseIncidentId": key(_inc.root_cause),
        "configuration": text(_inc.configuration),
        "tenantIdIn": texts(_inc.tenant),
        "jobDefinitionIdIn": keys(_inc.job_definition),
    },
    {
        "incidentId": _inc.key,
        "incidentMessage": _inc.message,
        "incidentTimestamp": _inc.created,
        "incidentType": _inc.kind,
        "executionId": _inc.element,
        "activityId": _inc.node,
        "processInstanceId": _inc.instance,
        "processDefinitionId": _p.id,
        "causeIncidentId": _inc.cause,
        "rootCauseIncidentId": _inc.root_cause,
        "configuration": _inc.configuration,
        "tenantId": _inc.tenant,
    },
)

EVENT_SUBSCRIPTION = QueryTable(
    "event subscription",
    schema.event_subscription,
    _sub.key,
    {column.name: column for column in schema.event_subscription.c},
    {
        "eventSubscriptionId": key(_sub.key),
        "eventName": text(_sub.name),
        "eventType": text(_sub.kind),
        "executionId": key(_sub.element),
        "processInstanceId": key(_sub.instance),
        "activityId": text(_sub.node),
        **tenants(_sub.tenant, "includeEventSubscriptionsWithoutTenantId"),
    },
    {"created": _sub.created, "tenantId": _sub.tenant},
)


def _locked(asking: Asking) -> Condition:
    return and_(_x.worker.is_not(None), _x.locked_until > asking.now)


EXTERNAL_TASK = QueryTable(
    "external task",
    with_definition(schema.external_task),
    _x.key,
    {
        **{column.name: column for column in schema.external_task.c if column.name not in ("error_details", "headers")},
        "definition_id": _p.id,
        "version_tag": _p.version_tag,
    },
    {
        "externalTaskId": key(_x.key),
        "externalTaskIdIn": keys(_x.key),
        "topicName": text(_x.topic),
        "workerId": text(_x.worker),
        "locked": flag(_locked),
        "notLocked": flag(lambda asking: or_(_x.locked_until.is_(None), _x.locked_until <= asking.now)),
        "withRetriesLeft": flag(or_(_x.retries.is_(None), _x.retries > 0)),
        "noRetriesLeft": flag(_x.retries == literal(0, literal_execute=True)),
        "lockExpirationAfter": after(_x.locked_until),
        "lockExpirationBefore": before(_x.locked_until),
        "activityId": text(_x.node),
        "activityIdIn": texts(_x.node),
        "executionId": key(_x.element),
        "processInstanceId": key(_x.instance),
        "processInstanceIdIn": keys(_x.instance),
        "processDefinitionId": text(_p.id),
        "processDefinitionKey": text(_x.process_id),
        "processDefinitionKeyIn": texts(_x.process_id),
        "processDefinitionName": text(_p.name),
        "processDefinitionNameLike": like(_p.name),
        "tenantIdIn": texts(_x.tenant),
        "active": flag(~_x.suspended),
        "suspended": flag(_x.suspended),
        "priorityHigherThanOrEquals": at_least(_x.priority),
        "priorityLowerThanOrEquals": at_most(_x.priority),
        "processVariables": by_variables(schema.variable, _v.instance == _x.instance, _in_execution),
        **SWITCHES,
    },
    {
        "id": _x.key,
        "lockExpirationTime": _x.locked_until,
        "processInstanceId": _x.instance,
        "processDefinitionId": _p.id,
        "processDefinitionKey": _x.process_id,
        "taskPriority": _x.priority,
        "createTime": _x.created,
        "tenantId": _x.tenant,
    },
)


def _timers_or_messages(filters: Any, switches: frozenset[str]) -> Complaint | None:
    if "timers" in filters and "messages" in filters:
        message = "Parameter timers cannot be used together with parameter messages."
        return Complaint(message, "InvalidRequestException", 400)
    return None


_around = schema.element.alias("around")
_TRANSITION = ("before", "after")

# suspensions to come are timers in Camunda too
_TIMED = or_(_j.kind.like("timer%"), _j.kind.like("suspend-%"), _j.kind.like("activate-%"))

JOB = QueryTable(
    "job",
    with_definition(schema.job)
    .outerjoin(schema.element, _e.key == _j.element)
    .outerjoin(_around, _around.c.key == _e.parent),
    _j.key,
    {
        **{column.name: column for column in schema.job.c if column.name not in ("stacktrace", "payload", "element")},
        # a token that waits alone in its scope has the scope's own execution in Camunda
        "element": case((and_(_e.phase.in_(_TRANSITION), _around.c.children == 1), _around.c.key), else_=_j.element),
        "definition_id": _p.id,
        "batch": case((_j.node.is_(None), _j.configuration)),
    },
    {
        "jobId": key(_j.key),
        "jobIds": keys(_j.key),
        "jobDefinitionId": key(_j.job_definition),
        "processInstanceId": key(_j.instance),
        "processInstanceIds": keys(_j.instance),
        "executionId": key(_j.element),
        "processDefinitionId": text(_p.id),
        "processDefinitionKey": text(_j.process_id),
        "activityId": text(_j.node),
        "withRetriesLeft": flag(_j.retries > 0),
        "executable": flag(
            lambda asking: and_(_j.retries > 0, ~_j.suspended, or_(_j.due.is_(None), _j.due <= asking.now))
        ),
        "timers": flag(_TIMED),
        "messages": flag(~_TIMED),
        "dueDates": moments(_j.due),
        "createTimes": moments(_j.created),
        "withException": flag(or_(_j.error_message.is_not(None), _j.stacktrace.is_not(None))),
        "exceptionMessage": text(_j.error_message),
        "failedActivityId": text(_j.failed_node),
        "noRetriesLeft": flag(_j.retries == literal(0, literal_execute=True)),
        "active": flag(~_j.suspended),
        "suspended": flag(_j.suspended),
        "priorityLowerThanOrEquals": at_most(_j.priority),
        "priorityHigherThanOrEquals": at_least(_j.priority),
        **tenants(_j.tenant, "includeJobsWithoutTenantId"),
        "acquired": flag(lambda asking: and_(_j.lock_owner.is_not(None), _j.locked_until > asking.now)),
    },
    {
        "jobId": _j.key,
        "executionId": _j.element,
        "processInstanceId": _j.instance,
        "processDefinitionId": _p.id,
        "processDefinitionKey": _j.process_id,
        "jobPriority": _j.priority,
        "jobRetries": _j.retries,
        "jobDueDate": _j.due,
        "tenantId": _j.tenant,
    },
    rules=(_timers_or_messages,),
)
