"""What can be asked of human tasks. `TaskQuery` is the largest of Camunda's queries: some hundred parameters.

Filters on candidates look at unassigned tasks alone, unless the switch `includeAssignedTasks` is on. Names and descriptions are
compared without regard to case, everything else with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select

from procession.storage import schema
from procession.storage.encoding import millis
from procession.storage.queries.definitions import with_definition
from procession.storage.queries.language import (
    NO_VALUE,
    Asking,
    Build,
    Complaint,
    Condition,
    Filter,
    Kind,
    QueryTable,
    activities,
    after,
    at,
    at_least,
    at_most,
    before,
    flag,
    key,
    keys,
    like,
    no_texts,
    not_like,
    nothing,
    number,
    some,
    switch,
    tenants,
    text,
    texts,
    through,
    unlike_text,
)
from procession.storage.queries.variables import SWITCHES, WITH_NOT_LIKE, by_variables, sorted_by_variable

_t = schema.task.c
_p = schema.process_definition.c
_i = schema.instance.c
_l = schema.identity_link.c
_m = schema.identity_membership.c
_v = schema.variable.c

INCLUDE_ASSIGNED = "includeAssignedTasks"
_CANDIDATES = _l.type == "candidate"


def _of_instance(filter_: Filter) -> Filter:
    """A filter on the task's process instance."""

    def build(value: Any, asking: Asking) -> Condition:
        # not EXISTS: SQLite would look at every task
        return _t.instance.in_(select(_i.key).where(filter_.build(value, asking)))

    return Filter(filter_.kind, build)


def _open_to(kind: Kind, condition: Build) -> Filter:
    """A filter on candidates: the task is unassigned, unless assigned tasks are asked for."""

    def build(value: Any, asking: Asking) -> Condition:
        found = condition(value, asking)
        return found if INCLUDE_ASSIGNED in asking.switches else and_(found, _t.assignee.is_(None))

    return Filter(kind, build)


def _linked(*more: Condition) -> Condition:
    return some(schema.identity_link, _l.task == _t.key, _CANDIDATES, *more)


def _groups_of(user: str) -> Any:
    return select(_m.group_id).where(_m.user_id == user)


def _candidate_user(value: str, asking: Asking) -> Condition:
    return _linked(or_(_l.user_id == value, _l.group_id.in_(_groups_of(value))))


def _involved(value: str, asking: Asking) -> Condition:
    linked = some(schema.identity_link, _l.task == _t.key, _l.user_id == value)
    return or_(_t.assignee == value, _t.owner == value, linked)


_CANDIDATE_FILTERS: Mapping[str, Filter] = {
    "candidateUser": _open_to(Kind.TEXT, _candidate_user),
    "candidateGroup": _open_to(Kind.TEXT, lambda value, asking: _linked(_l.group_id == value)),
    "candidateGroupLike": _open_to(Kind.TEXT, lambda value, asking: _linked(asking.like(_l.group_id, value))),
    "candidateGroups": _open_to(Kind.TEXTS, lambda value, asking: _linked(asking.among(_l.group_id, value))),
    "withCandidateGroups": _open_to(Kind.FLAG, lambda value, asking: _linked(_l.group_id.is_not(None))),
    "withoutCandidateGroups": _open_to(Kind.FLAG, lambda value, asking: ~_linked(_l.group_id.is_not(None))),
    "withCandidateUsers": _open_to(Kind.FLAG, lambda value, asking: _linked(_l.user_id.is_not(None))),
    "withoutCandidateUsers": _open_to(Kind.FLAG, lambda value, asking: ~_linked(_l.user_id.is_not(None))),
}


def _candidate_rule(filters: Mapping[str, Any], switches: frozenset[str]) -> Complaint | None:
    usage = "Invalid query usage: "
    for group, named in (("candidateGroup", "candidateGroup"), ("candidateGroups", "candidateGroupIn")):
        if "candidateUser" in filters and group in filters:
            return Complaint(f"{usage}cannot set both candidateUser and {named}")
    if INCLUDE_ASSIGNED in switches and not filters.keys() & _CANDIDATE_FILTERS.keys():
        names = "candidateUser, candidateGroup, candidateGroupLike, candidateGroupIn, withCandidateGroups, "
        names += "withoutCandidateGroups, withCandidateUsers, withoutCandidateUsers"
        return Complaint(f"{usage}{names} has to be called before 'includeAssignedTasks'.")
    return None


def _dates_rule(filters: Mapping[str, Any], switches: frozenset[str]) -> Complaint | None:
    if "withoutDueDate" in filters and filters.keys() & {"dueDate", "dueBefore", "dueAfter"}:
        dates = "due date (equal to, before, or after)"
        return Complaint(f"Invalid query usage: cannot set both {dates} and withoutDueDate filters.")
    return None


_FORBIDDEN = (
    "Expressions are forbidden in adhoc queries. This behavior can be toggled in the process engine configuration"
)
_EXPRESSIONS: Sequence[str] = (
    "processInstanceBusinessKeyExpression",
    "processInstanceBusinessKeyLikeExpression",
    "assigneeExpression",
    "assigneeLikeExpression",
    "ownerExpression",
    "candidateGroupExpression",
    "candidateGroupsExpression",
    "candidateUserExpression",
    "involvedUserExpression",
    "dueDateExpression",
    "dueAfterExpression",
    "dueBeforeExpression",
    "followUpDateExpression",
    "followUpAfterExpression",
    "followUpBeforeExpression",
    "followUpBeforeOrNotExistentExpression",
    "createdOnExpression",
    "createdAfterExpression",
    "createdBeforeExpression",
    "updatedAfterExpression",
    "assigneeInExpression",
    "assigneeNotInExpression",
)
_updated = func.coalesce(_t.updated, _t.created)
_in_instance = (_v.instance == _t.instance, _v.task.is_(None))
_in_task = (_v.task == _t.key,)

TASK = QueryTable(
    "task",
    with_definition(schema.task),
    _t.key,
    {**{column.name: column for column in schema.task.c}, "definition_id": _p.id},
    {
        "taskId": key(_t.key),
        "taskIdIn": keys(_t.key),
        "processInstanceId": key(_t.instance),
        "processInstanceIdIn": keys(_t.instance),
        "processInstanceBusinessKey": _of_instance(text(_i.business_key)),
        "processInstanceBusinessKeyIn": _of_instance(texts(_i.business_key)),
        "processInstanceBusinessKeyLike": _of_instance(like(_i.business_key)),
        "processDefinitionId": text(_p.id),
        "processDefinitionKey": text(_p.process_id),
        "processDefinitionKeyIn": texts(_p.process_id),
        "processDefinitionName": text(_p.name),
        "processDefinitionNameLike": like(_p.name),
        "executionId": key(_t.element),
        "activityInstanceIdIn": activities(_t.element),
        "caseInstanceId": nothing(),
        "caseInstanceBusinessKey": nothing(),
        "caseInstanceBusinessKeyLike": nothing(),
        "caseDefinitionId": nothing(),
        "caseDefinitionKey": nothing(),
        "caseDefinitionName": nothing(),
        "caseDefinitionNameLike": nothing(),
        "caseExecutionId": nothing(),
        "caseInstanceVariables": nothing(Kind.VALUES),
        **tenants(_t.tenant),
        "assignee": text(_t.assignee),
        "assigneeLike": like(_t.assignee),
        "assigneeIn": texts(_t.assignee),
        "assigneeNotIn": no_texts(_t.assignee),
        "owner": text(_t.owner),
        **_CANDIDATE_FILTERS,
        INCLUDE_ASSIGNED: switch(),
        "involvedUser": through(Kind.TEXT, _involved),
        "assigned": flag(_t.assignee.is_not(None)),
        "unassigned": flag(_t.assignee.is_(None)),
        "taskDefinitionKey": text(_t.node),
        "taskDefinitionKeyIn": texts(_t.node),
        "taskDefinitionKeyNotIn": no_texts(_t.node),
        "taskDefinitionKeyLike": like(_t.node),
        "name": text(_t.name, ignore_case=True),
        "nameNotEqual": unlike_text(_t.name, ignore_case=True),
        "nameLike": like(_t.name, ignore_case=True),
        "nameNotLike": not_like(_t.name, ignore_case=True),
        "description": text(_t.description, ignore_case=True),
        "descriptionLike": like(_t.description, ignore_case=True),
        "priority": number(_t.priority),
        "maxPriority": at_most(_t.priority, Kind.NUMBER),
        "minPriority": at_least(_t.priority, Kind.NUMBER),
        "dueDate": at(_t.due),
        "dueAfter": after(_t.due),
        "dueBefore": before(_t.due),
        "withoutDueDate": flag(_t.due.is_(None)),
        "followUpDate": at(_t.follow_up),
        "followUpAfter": after(_t.follow_up),
        "followUpBefore": before(_t.follow_up),
        "followUpBeforeOrNotExistent": through(
            Kind.MOMENT, lambda value, asking: or_(_t.follow_up.is_(None), _t.follow_up < millis(value))
        ),
        "createdOn": at(_t.created),
        "createdAfter": after(_t.created),
        "createdBefore": before(_t.created),
        "updatedAfter": after(_updated),
        "delegationState": through(
            Kind.TEXT, lambda value, asking: _t.delegation == value, choices=("PENDING", "RESOLVED")
        ),
        "active": flag(~_t.suspended),
        "suspended": flag(_t.suspended),
        "taskVariables": by_variables(schema.variable, *_in_task),
        "processVariables": by_variables(schema.variable, *_in_instance, operators=WITH_NOT_LIKE),
        **SWITCHES,
        "parentTaskId": key(_t.parent_task),
    },
    {
        "instanceId": _t.instance,
        "caseInstanceId": NO_VALUE,
        "dueDate": _t.due,
        "followUpDate": _t.follow_up,
        "executionId": _t.element,
        "caseExecutionId": NO_VALUE,
        "assignee": _t.assignee,
        "created": _t.created,
        "lastUpdated": _updated,
        "description": _t.description,
        "id": _t.key,
        "name": _t.name,
        "nameCaseInsensitive": func.lower(_t.name),
        "priority": _t.priority,
    },
    variable_sorts={
        "processVariable": sorted_by_variable(schema.variable, _v.scope == _t.instance),
        "executionVariable": sorted_by_variable(schema.variable, _v.scope == _t.element),
        "taskVariable": sorted_by_variable(schema.variable, *_in_task),
        "caseExecutionVariable": lambda name, type_: NO_VALUE,
        "caseInstanceVariable": lambda name, type_: NO_VALUE,
    },
    options={
        "withCommentAttachmentInfo": "says what is shown",
        "withTaskVariablesInReturn": "says what is shown",
        "withTaskLocalVariablesInReturn": "says what is shown",
    },
    refused=dict.fromkeys(_EXPRESSIONS, _FORBIDDEN),
    rules=(_candidate_rule, _dates_rule),
)
