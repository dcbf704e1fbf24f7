"""What can be asked of what has happened: instances, activities, tasks, variables and their updates.

Limits of time are inclusive here, where they are exclusive among running things: so Camunda has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, or_

from procession.storage import schema
from procession.storage.queries.definitions import with_definition
from procession.storage.queries.former import columns_of, id_of, named
from procession.storage.queries.language import (
    NO_VALUE,
    Asking,
    Col,
    Comparison,
    Complaint,
    Condition,
    Filter,
    Kind,
    QueryTable,
    activities,
    activity,
    after,
    as_keys,
    at,
    before,
    flag,
    key,
    keys,
    like,
    no_keys,
    no_texts,
    nothing,
    number,
    some,
    switch,
    tenants,
    text,
    texts,
    through,
)
from procession.storage.queries.variables import SWITCHES, by_variables, compared

_p = schema.process_definition.c
_h = schema.history_instance.c
_a = schema.history_activity.c
_t = schema.history_task.c
_v = schema.history_variable.c
_d = schema.history_detail.c
_inc = schema.history_incident.c
_log = schema.history_job_log.c
_link = schema.history_link.c
_job = schema.job.c
_e = schema.element.c
_sub = schema.history_instance.alias("sub")
_around = schema.history_activity.alias("around")


def since(column: Col) -> Filter:
    """Then or later."""
    return after(column, inclusive=True)


def until(column: Col) -> Filter:
    """Then or earlier."""
    return before(column, inclusive=True)


def _activity(*more: Condition) -> Condition:
    return some(schema.history_activity, _a.instance == _h.key, *more)


def _incident(*more: Condition) -> Condition:
    return some(schema.history_incident, _inc.instance == _h.key, *more)


def _by(build: Any, filter_: Filter) -> Filter:
    """A filter on rows of another table, which `build` links."""
    return Filter(filter_.kind, lambda value, asking: build(filter_.build(value, asking)))


def _active_activity(value: Sequence[str], asking: Asking) -> Condition:
    return _activity(_a.ended.is_(None), asking.among(_a.node, value))


def _ended_activity(value: Sequence[str], asking: Asking) -> Condition:
    return _activity(_a.ended.is_not(None), asking.among(_a.node, value))


def _incident_status(value: str, asking: Asking) -> Condition:
    # Camunda takes anything but these two for "any incident"
    return _incident(_inc.state == value) if value in ("open", "resolved") else _incident()


def _stands_at(value: Sequence[str], asking: Asking) -> Condition:
    """Runs there now, or waits there for an asynchronous continuation: what history has not begun to tell of."""
    return some(schema.element, _e.instance == _h.key, _e.children == 0, asking.among(_e.node, value))


def _executed_job(filter_: Filter) -> Filter:
    def build(value: Any, asking: Asking) -> Condition:
        done = and_(_log.instance == _h.key, _log.state == "successful")
        return some(schema.history_job_log, done, filter_.build(value, asking))

    return Filter(filter_.kind, build)


_STATES = {
    "active": "ACTIVE",
    "suspended": "SUSPENDED",
    "completed": "COMPLETED",
    "externallyTerminated": "EXTERNALLY_TERMINATED",
    "internallyTerminated": "INTERNALLY_TERMINATED",
}


def _one_state(filters: Mapping[str, Any], switches: frozenset[str]) -> Complaint | None:
    asked = [_STATES[name] for name in _STATES if name in filters]
    if len(asked) > 1:
        message = f"Already querying for historic process instance with another state: {asked[0]} is not empty"
        return Complaint(message, "BadUserRequestException", 400)
    return None


HISTORY_INSTANCE = QueryTable(
    "historic process instance",
    with_definition(schema.history_instance),
    _h.key,
    {
        **columns_of(schema.history_instance),
        "definition_id": id_of(schema.process_definition, _h.definition),
        "definition_name": _p.name,
        "version": _p.version,
    },
    {
        "processInstanceId": key(_h.key),
        "processInstanceIds": keys(_h.key),
        "processInstanceIdNotIn": no_keys(_h.key),
        "processDefinitionId": named(schema.process_definition, _h.definition),
        "processDefinitionKey": text(_h.process_id),
        "processDefinitionKeyIn": texts(_h.process_id),
        "processDefinitionKeyNotIn": no_texts(_h.process_id),
        "processDefinitionName": text(_p.name),
        "processDefinitionNameLike": like(_p.name),
        "processInstanceBusinessKey": text(_h.business_key),
        "processInstanceBusinessKeyIn": texts(_h.business_key),
        "processInstanceBusinessKeyLike": like(_h.business_key),
        "rootProcessInstances": flag(_h.caller_instance.is_(None)),
        "rootProcessInstanceId": key(_h.root),
        "finished": flag(_h.ended.is_not(None)),
        # not by `ended`, whose index would be gone through and sorted: one by `started` holds what has no duration
        "unfinished": flag(_h.duration.is_(None)),
        "withJobsRetrying": flag(
            some(schema.job, _job.instance == _h.key, _job.error_message.is_not(None), _job.retries > 0)
        ),
        "withIncidents": flag(_incident()),
        "withRootIncidents": flag(_incident(_inc.cause == _inc.key)),
        "incidentIdIn": _by(_incident, keys(_inc.key)),
        "incidentType": _by(_incident, text(_inc.kind)),
        "incidentStatus": through(Kind.TEXT, _incident_status),
        "incidentMessage": _by(_incident, text(_inc.message)),
        "incidentMessageLike": _by(_incident, like(_inc.message)),
        "startedBefore": until(_h.started),
        "startedAfter": since(_h.started),
        "finishedBefore": until(_h.ended),
        "finishedAfter": since(_h.ended),
        "executedActivityAfter": _by(_activity, since(_a.started)),
        "executedActivityBefore": _by(_activity, until(_a.started)),
        "executedJobAfter": _executed_job(since(_log.time)),
        "executedJobBefore": _executed_job(until(_log.time)),
        "startedBy": text(_h.start_user),
        "superProcessInstanceId": key(_h.caller_instance),
        "subProcessInstanceId": through(
            Kind.TEXT,
            lambda value, asking: some(
                _sub, _sub.c.caller_instance == _h.key, asking.among(_sub.c.key, as_keys([value]))
            ),
        ),
        "superCaseInstanceId": nothing(),
        "subCaseInstanceId": nothing(),
        "caseInstanceId": nothing(),
        **tenants(_h.tenant),
        "activityIdIn": through(Kind.TEXTS, _stands_at),
        "executedActivityIdIn": through(Kind.TEXTS, _ended_activity),
        "activeActivityIdIn": through(Kind.TEXTS, _active_activity),
        **{name: flag(_h.state == state) for name, state in _STATES.items()},
        "variables": by_variables(schema.history_variable, _v.instance == _h.key),
        **SWITCHES,
    },
    {
        "instanceId": _h.key,
        "definitionId": id_of(schema.process_definition, _h.definition),
        "definitionKey": _h.process_id,
        "definitionName": _p.name,
        "definitionVersion": _p.version,
        "businessKey": _h.business_key,
        "startTime": _h.started,
        "endTime": _h.ended,
        "duration": _h.duration,
        "tenantId": _h.tenant,
    },
    rules=(_one_state,),
)

HISTORY_ACTIVITY = QueryTable(
    "historic activity instance",
    with_definition(schema.history_activity).outerjoin(_around, _around.c.key == _a.parent),
    _a.key,
    {
        **columns_of(schema.history_activity),
        "definition_id": id_of(schema.process_definition, _a.definition),
        "parent_node": _around.c.node,
    },
    {
        "activityInstanceId": activity(_a.key),
        "processInstanceId": key(_a.instance),
        "processDefinitionId": named(schema.process_definition, _a.definition),
        "executionId": key(_a.key),
        "activityId": text(_a.node),
        "activityName": text(_a.name),
        "activityNameLike": like(_a.name),
        "activityType": text(_a.type),
        "taskAssignee": text(_a.assignee),
        "finished": flag(_a.ended.is_not(None)),
        "unfinished": flag(_a.ended.is_(None)),
        "canceled": flag(_a.canceled),
        "completeScope": flag(_a.scope_completed),
        "startedBefore": until(_a.started),
        "startedAfter": since(_a.started),
        "finishedBefore": until(_a.ended),
        "finishedAfter": since(_a.ended),
        **tenants(_a.tenant),
    },
    {
        "activityInstanceId": _a.key,
        "instanceId": _a.instance,
        "executionId": _a.key,
        "activityId": _a.node,
        "activityName": _a.name,
        "activityType": _a.type,
        "startTime": _a.started,
        "endTime": _a.ended,
        "duration": _a.duration,
        "definitionId": id_of(schema.process_definition, _a.definition),
        "occurrence": _a.key,
        "tenantId": _a.tenant,
    },
)


def _of_instance(filter_: Filter) -> Filter:
    """A filter on the historic instance that a task belongs to."""

    def build(value: Any, asking: Asking) -> Condition:
        return some(schema.history_instance, _h.key == _t.instance, filter_.build(value, asking))

    return Filter(filter_.kind, build)


def _ever_linked(*more: Condition) -> Condition:
    return some(schema.history_link, _link.task == _t.key, *more)


def _candidate(column: Col) -> Filter:
    return through(Kind.TEXT, lambda value, asking: _ever_linked(_link.type == "candidate", column == value))


def _involved_user(value: str, asking: Asking) -> Condition:
    return or_(_t.assignee == value, _t.owner == value, _ever_linked(_link.user_id == value))


_any_candidate_group = _ever_linked(_link.type == "candidate", _link.group_id.is_not(None))

HISTORY_TASK = QueryTable(
    "historic task instance",
    with_definition(schema.history_task),
    _t.key,
    {
        **columns_of(schema.history_task),
        "definition_id": id_of(schema.process_definition, _t.definition),
    },
    {
        "taskId": key(_t.key),
        "taskParentTaskId": key(_t.parent_task),
        "processInstanceId": key(_t.instance),
        "rootProcessInstanceId": key(_t.root),
        "processInstanceBusinessKey": _of_instance(text(_h.business_key)),
        "processInstanceBusinessKeyIn": _of_instance(texts(_h.business_key)),
        "processInstanceBusinessKeyLike": _of_instance(like(_h.business_key)),
        "executionId": key(_t.element),
        "processDefinitionId": named(schema.process_definition, _t.definition),
        "processDefinitionKey": text(_t.process_id),
        "processDefinitionName": text(_p.name),
        "caseInstanceId": nothing(),
        "caseExecutionId": nothing(),
        "caseDefinitionId": nothing(),
        "caseDefinitionKey": nothing(),
        "caseDefinitionName": nothing(),
        "activityInstanceIdIn": activities(_t.element),
        "taskName": text(_t.name, ignore_case=True),
        "taskNameLike": like(_t.name, ignore_case=True),
        "taskDescription": text(_t.description, ignore_case=True),
        "taskDescriptionLike": like(_t.description, ignore_case=True),
        "taskDefinitionKey": text(_t.node),
        "taskDefinitionKeyIn": texts(_t.node),
        "taskDeleteReason": text(_t.delete_reason),
        "taskDeleteReasonLike": like(_t.delete_reason),
        "taskAssignee": text(_t.assignee),
        "taskAssigneeLike": like(_t.assignee),
        "taskOwner": text(_t.owner),
        "taskOwnerLike": like(_t.owner),
        "taskPriority": number(_t.priority),
        "assigned": flag(_t.assignee.is_not(None)),
        "unassigned": flag(_t.assignee.is_(None)),
        "finished": flag(_t.ended.is_not(None)),
        "unfinished": flag(_t.ended.is_(None)),
        "processFinished": _of_instance(flag(_h.ended.is_not(None))),
        "processUnfinished": _of_instance(flag(_h.ended.is_(None))),
        "taskDueDate": at(_t.due),
        "taskDueDateBefore": before(_t.due),
        "taskDueDateAfter": after(_t.due),
        "withoutTaskDueDate": flag(_t.due.is_(None)),
        "taskFollowUpDate": at(_t.follow_up),
        "taskFollowUpDateBefore": before(_t.follow_up),
        "taskFollowUpDateAfter": after(_t.follow_up),
        "startedBefore": until(_t.started),
        "startedAfter": since(_t.started),
        "finishedBefore": until(_t.ended),
        "finishedAfter": since(_t.ended),
        **tenants(_t.tenant),
        "taskVariables": by_variables(schema.history_variable, _v.task == _t.key),
        "processVariables": by_variables(schema.history_variable, _v.instance == _t.instance),
        **SWITCHES,
        "taskInvolvedUser": through(Kind.TEXT, _involved_user),
        "taskInvolvedGroup": through(Kind.TEXT, lambda value, asking: _ever_linked(_link.group_id == value)),
        "taskHadCandidateUser": _candidate(_link.user_id),
        "taskHadCandidateGroup": _candidate(_link.group_id),
        "withCandidateGroups": flag(_any_candidate_group),
        "withoutCandidateGroups": flag(~_any_candidate_group),
    },
    {
        "taskId": _t.key,
        "activityInstanceId": _t.element,
        "processDefinitionId": id_of(schema.process_definition, _t.definition),
        "processInstanceId": _t.instance,
        "executionId": _t.element,
        "duration": _t.duration,
        "endTime": _t.ended,
        "startTime": _t.started,
        "taskName": _t.name,
        "taskDescription": _t.description,
        "assignee": _t.assignee,
        "owner": _t.owner,
        "dueDate": _t.due,
        "followUpDate": _t.follow_up,
        "deleteReason": _t.delete_reason,
        "taskDefinitionKey": _t.node,
        "priority": _t.priority,
        "caseDefinitionId": NO_VALUE,
        "caseInstanceId": NO_VALUE,
        "caseExecutionId": NO_VALUE,
        "tenantId": _t.tenant,
    },
)


def _value_rule(filters: Mapping[str, Any], switches: frozenset[str]) -> Complaint | None:
    if "variableValue" in filters and "variableName" not in filters:
        message = "Only a single variable value parameter specified: variable name and value are required to be able "
        return Complaint(message + "to query after a specific variable value.", "InvalidRequestException", 400)
    return None


def _has_value(value: Any, asking: Asking) -> Condition:
    """The row's value is that one; which row, `variableName` says."""
    return compared(schema.history_variable, Comparison("", "eq", value), asking, named=False)


def typed(column: Col) -> Filter:
    """The value's type is one of these, whatever the case of their letters."""
    return through(Kind.TEXTS, lambda value, asking: asking.among(func.lower(column), [name.lower() for name in value]))


HISTORY_VARIABLE = QueryTable(
    "historic variable instance",
    with_definition(schema.history_variable).outerjoin(_around, _around.c.key == _v.scope),
    _v.key,
    {
        **columns_of(schema.history_variable),
        "definition_id": id_of(schema.process_definition, _v.definition),
        "node": _around.c.node,
    },
    {
        "variableName": text(_v.name),
        "variableNameLike": like(_v.name),
        "variableNameIn": texts(_v.name),
        "variableValue": through(Kind.VALUE, _has_value),
        **SWITCHES,
        "variableTypeIn": typed(_v.type),
        "includeDeleted": switch(),
        "processInstanceId": key(_v.instance),
        "processInstanceIdIn": keys(_v.instance),
        "processDefinitionId": named(schema.process_definition, _v.definition),
        "processDefinitionKey": text(_v.process_id),
        "executionIdIn": through(
            Kind.TEXTS, lambda value, asking: and_(_v.task.is_(None), asking.among(_v.scope, as_keys(value)))
        ),
        "caseInstanceId": nothing(),
        "caseExecutionIdIn": nothing(Kind.TEXTS),
        "caseActivityIdIn": nothing(Kind.TEXTS),
        "taskIdIn": keys(_v.task),
        "activityInstanceIdIn": activities(_v.scope),
        **tenants(_v.tenant),
    },
    {"instanceId": _v.instance, "variableName": _v.name, "tenantId": _v.tenant},
    options={"deserializeValues": "says how values are shown"},
    rules=(_value_rule,),
    always=lambda asking: None if "includeDeleted" in asking.switches else _v.state != "DELETED",
)

HISTORY_DETAIL = QueryTable(
    "historic detail",
    with_definition(schema.history_detail).outerjoin(_around, _around.c.key == _d.activity),
    _d.key,
    {
        **columns_of(schema.history_detail),
        "definition_id": id_of(schema.process_definition, _d.definition),
        "node": _around.c.node,
    },
    {
        "processInstanceId": key(_d.instance),
        "processInstanceIdIn": keys(_d.instance),
        "executionId": key(_d.element),
        "taskId": key(_d.task),
        "activityInstanceId": activity(_d.activity),
        "caseInstanceId": nothing(),
        "caseExecutionId": nothing(),
        "variableInstanceId": key(_d.variable),
        "variableTypeIn": typed(_d.type),
        "variableNameLike": like(_d.name),
        **tenants(_d.tenant),
        "userOperationId": text(_d.operation),
        "formFields": flag(_d.kind == "formField"),
        "variableUpdates": flag(_d.kind == "variableUpdate"),
        "excludeTaskDetails": flag(_d.task.is_(None)),
        "initial": flag(_d.initial),
        "occurredBefore": until(_d.time),
        "occurredAfter": since(_d.time),
    },
    {
        "processInstanceId": _d.instance,
        "variableName": _d.name,
        "variableType": _d.type,
        "variableRevision": _d.revision,
        "formPropertyId": _d.name,
        "time": _d.time,
        "occurrence": _d.key,
        "tenantId": _d.tenant,
    },
    options={"deserializeValues": "says how values are shown"},
)
