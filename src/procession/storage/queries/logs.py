"""What can be asked of the logs: incidents, decisions, jobs, external tasks, identity links, user operations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, case

from procession.storage import schema
from procession.storage.queries.definitions import with_definition
from procession.storage.queries.former import columns_of, id_of, named, named_among
from procession.storage.queries.history import since, until
from procession.storage.queries.language import (
    Complaint,
    Filter,
    Kind,
    QueryTable,
    activities,
    after,
    at_least,
    at_most,
    before,
    flag,
    key,
    keys,
    like,
    nothing,
    switch,
    tenants,
    text,
    texts,
)

_p = schema.process_definition.c
_i = schema.history_incident.c
_d = schema.history_decision.c
_dd = schema.decision_definition.c
_dr = schema.decision_requirements.c
_j = schema.history_job_log.c
_x = schema.history_external_log.c
_l = schema.history_link.c
_o = schema.operation_log.c


def _columns(table: Table, *left_out: str) -> dict[str, Any]:
    found = {name: column for name, column in columns_of(table).items() if name not in left_out}
    return {**found, "definition_id": id_of(schema.process_definition, table.c.definition)}


def _one_incident_state(filters: Any, switches: frozenset[str]) -> Complaint | None:
    asked = [state for state in ("open", "resolved", "deleted") if state in filters]
    if len(asked) > 1:
        return Complaint(f"Already querying for incident state <{asked[0]}>")
    return None


HISTORY_INCIDENT = QueryTable(
    "historic incident",
    with_definition(schema.history_incident),
    _i.key,
    _columns(schema.history_incident),
    {
        "incidentId": key(_i.key),
        "incidentType": text(_i.kind),
        "incidentMessage": text(_i.message),
        "incidentMessageLike": like(_i.message),
        "processDefinitionId": named(schema.process_definition, _i.definition),
        "processDefinitionKey": text(_i.process_id),
        "processDefinitionKeyIn": texts(_i.process_id),
        "processInstanceId": key(_i.instance),
        "executionId": key(_i.element),
        "createTimeBefore": before(_i.created),
        "createTimeAfter": after(_i.created),
        "endTimeBefore": before(_i.ended),
        "endTimeAfter": after(_i.ended),
        "activityId": text(_i.node),
        "failedActivityId": text(_i.failed_node),
        "causeIncidentId": key(_i.cause),
        "rootCauseIncidentId": key(_i.root_cause),
        "configuration": text(_i.configuration),
        "historyConfiguration": text(_i.history_configuration),
        "open": flag(_i.state == "open"),
        "resolved": flag(_i.state == "resolved"),
        "deleted": flag(_i.state == "deleted"),
        **tenants(_i.tenant),
        "jobDefinitionIdIn": keys(_i.job_definition),
    },
    {
        "incidentId": _i.key,
        "incidentMessage": _i.message,
        "createTime": _i.created,
        "endTime": _i.ended,
        "incidentType": _i.kind,
        "executionId": _i.element,
        "activityId": _i.node,
        "processInstanceId": _i.instance,
        "processDefinitionId": id_of(schema.process_definition, _i.definition),
        "processDefinitionKey": _i.process_id,
        "causeIncidentId": _i.cause,
        "rootCauseIncidentId": _i.root_cause,
        "configuration": _i.configuration,
        "historyConfiguration": _i.history_configuration,
        "tenantId": _i.tenant,
        "incidentState": _i.state,
    },
    rules=(_one_incident_state,),
)

HISTORY_DECISION = QueryTable(
    "historic decision instance",
    with_definition(schema.history_decision)
    .outerjoin(schema.decision_definition, _dd.key == _d.decision)
    .outerjoin(schema.decision_requirements, _dr.key == _d.requirements),
    _d.key,
    {
        **_columns(schema.history_decision),
        "decision_definition_id": id_of(schema.decision_definition, _d.decision),
        "requirements_definition_id": id_of(schema.decision_requirements, _d.requirements),
    },
    {
        "decisionInstanceId": key(_d.key),
        "decisionInstanceIdIn": keys(_d.key),
        "decisionDefinitionId": named(schema.decision_definition, _d.decision),
        "decisionDefinitionIdIn": named_among(schema.decision_definition, _d.decision),
        "decisionDefinitionKey": text(_d.decision_id),
        "decisionDefinitionKeyIn": texts(_d.decision_id),
        "decisionDefinitionName": text(_d.decision_name),
        "decisionDefinitionNameLike": like(_d.decision_name),
        "processDefinitionId": named(schema.process_definition, _d.definition),
        "processDefinitionKey": text(_d.process_id),
        "processInstanceId": key(_d.instance),
        "caseDefinitionId": nothing(),
        "caseDefinitionKey": nothing(),
        "caseInstanceId": nothing(),
        "activityIdIn": texts(_d.node),
        "activityInstanceIdIn": activities(_d.element),
        **tenants(_d.tenant),
        "evaluatedBefore": until(_d.time),
        "evaluatedAfter": since(_d.time),
        "userId": text(_d.user_id),
        "rootDecisionInstanceId": Filter(
            Kind.TEXT,
            lambda value, asking: key(_d.key).build(value, asking) | key(_d.root_decision).build(value, asking),
        ),
        "rootDecisionInstancesOnly": flag(_d.root_decision.is_(None)),
        "decisionRequirementsDefinitionId": named(schema.decision_requirements, _d.requirements),
        "decisionRequirementsDefinitionKey": text(_d.requirements_id),
        "includeInputs": switch(),
        "includeOutputs": switch(),
        "disableBinaryFetching": switch(),
        "disableCustomObjectDeserialization": switch(),
    },
    {"evaluationTime": _d.time, "tenantId": _d.tenant},
)


def _states(table: Table) -> dict[str, Filter]:
    names = {"creationLog": "created", "failureLog": "failed", "successLog": "successful", "deletionLog": "deleted"}
    return {name: flag(table.c.state == state) for name, state in names.items()}


HISTORY_JOB_LOG = QueryTable(
    "historic job log",
    with_definition(schema.history_job_log),
    _j.key,
    {**_columns(schema.history_job_log, "stacktrace"), "batch": case((_j.node.is_(None), _j.configuration))},
    {
        "logId": key(_j.key),
        "jobId": key(_j.job),
        "jobExceptionMessage": text(_j.error_message),
        "jobDefinitionId": key(_j.job_definition),
        "jobDefinitionType": text(_j.type),
        "jobDefinitionConfiguration": text(_j.configuration),
        "activityIdIn": texts(_j.node),
        "failedActivityIdIn": texts(_j.failed_node),
        "executionIdIn": keys(_j.element),
        "processInstanceId": key(_j.instance),
        "processDefinitionId": named(schema.process_definition, _j.definition),
        "processDefinitionKey": text(_j.process_id),
        "deploymentId": key(_j.deployment),
        **tenants(_j.tenant),
        "hostname": text(_j.hostname),
        "jobPriorityLowerThanOrEquals": at_most(_j.priority),
        "jobPriorityHigherThanOrEquals": at_least(_j.priority),
        **_states(schema.history_job_log),
    },
    {
        "timestamp": _j.time,
        "jobId": _j.job,
        "jobDefinitionId": _j.job_definition,
        "jobDueDate": _j.due,
        "jobRetries": _j.retries,
        "jobPriority": _j.priority,
        "activityId": _j.node,
        "executionId": _j.element,
        "processInstanceId": _j.instance,
        "processDefinitionId": id_of(schema.process_definition, _j.definition),
        "processDefinitionKey": _j.process_id,
        "deploymentId": _j.deployment,
        "hostname": _j.hostname,
        "occurrence": _j.key,
        "tenantId": _j.tenant,
    },
)

HISTORY_EXTERNAL_LOG = QueryTable(
    "historic external task log",
    with_definition(schema.history_external_log),
    _x.key,
    _columns(schema.history_external_log, "error_details"),
    {
        "logId": key(_x.key),
        "externalTaskId": key(_x.external),
        "topicName": text(_x.topic),
        "workerId": text(_x.worker),
        "errorMessage": text(_x.error_message),
        "activityIdIn": texts(_x.node),
        "activityInstanceIdIn": activities(_x.element),
        "executionIdIn": keys(_x.element),
        "processInstanceId": key(_x.instance),
        "processDefinitionId": named(schema.process_definition, _x.definition),
        "processDefinitionKey": text(_x.process_id),
        **tenants(_x.tenant),
        "priorityLowerThanOrEquals": at_most(_x.priority),
        "priorityHigherThanOrEquals": at_least(_x.priority),
        **_states(schema.history_external_log),
    },
    {
        "timestamp": _x.time,
        "externalTaskId": _x.external,
        "topicName": _x.topic,
        "workerId": _x.worker,
        "retries": _x.retries,
        "priority": _x.priority,
        "activityId": _x.node,
        "activityInstanceId": _x.element,
        "executionId": _x.element,
        "processInstanceId": _x.instance,
        "processDefinitionId": id_of(schema.process_definition, _x.definition),
        "processDefinitionKey": _x.process_id,
        "tenantId": _x.tenant,
    },
)

HISTORY_LINK = QueryTable(
    "historic identity link log",
    with_definition(schema.history_link),
    _l.key,
    _columns(schema.history_link),
    {
        "type": text(_l.type),
        "userId": text(_l.user_id),
        "groupId": text(_l.group_id),
        "dateBefore": until(_l.time),
        "dateAfter": since(_l.time),
        "taskId": key(_l.task),
        "processDefinitionId": named(schema.process_definition, _l.definition),
        "processDefinitionKey": text(_l.process_id),
        "operationType": text(_l.operation),
        "assignerId": text(_l.assigner),
        **tenants(_l.tenant),
    },
    {
        "time": _l.time,
        "type": _l.type,
        "userId": _l.user_id,
        "groupId": _l.group_id,
        "taskId": _l.task,
        "processDefinitionId": id_of(schema.process_definition, _l.definition),
        "processDefinitionKey": _l.process_id,
        "operationType": _l.operation,
        "assignerId": _l.assigner,
        "tenantId": _l.tenant,
    },
)

OPERATION_LOG = QueryTable(
    "user operation log entry",
    with_definition(schema.operation_log),
    _o.key,
    _columns(schema.operation_log),
    {
        "deploymentId": key(_o.deployment),
        "processDefinitionId": named(schema.process_definition, _o.definition),
        "processDefinitionKey": text(_o.process_id),
        "processInstanceId": key(_o.instance),
        "executionId": key(_o.element),
        "caseDefinitionId": nothing(),
        "caseInstanceId": nothing(),
        "caseExecutionId": nothing(),
        "taskId": key(_o.task),
        "externalTaskId": key(_o.external),
        "batchId": nothing(),
        "jobId": key(_o.job),
        "jobDefinitionId": key(_o.job_definition),
        "userId": text(_o.user_id),
        "operationId": text(_o.operation),
        "operationType": text(_o.operation_type),
        "entityType": text(_o.entity_type),
        "entityTypeIn": texts(_o.entity_type),
        "category": text(_o.category),
        "categoryIn": texts(_o.category),
        "property": text(_o.property),
        "afterTimestamp": since(_o.time),
        "beforeTimestamp": until(_o.time),
    },
    {"timestamp": _o.time},
)
