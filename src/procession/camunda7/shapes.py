"""What every listed entity looks like on the wire: names of Camunda 7, the column each comes from, what is null always.

Parameters of cases (CMMN), batches and removed features stay in the shapes as null, because clients read them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from procession.camunda7.listing import Shape, date, flag, key, shape

_CASE_OF_TASK = ("caseDefinitionKey", "caseDefinitionId", "caseInstanceId", "caseExecutionId")


def _is(state: str) -> tuple[str, Any]:
    return "state", lambda value: value == state


DEPLOYMENT: Shape = shape(
    "name", "source", id=key("key"), deploymentTime=date("time"), tenantId="tenant", constants={"links": []}
)

PROCESS_DEFINITION = shape(
    "id",
    "category",
    "name",
    "version",
    "description",
    key="process_id",
    resource="resource_name",
    deploymentId=key("deployment"),
    diagram="diagram_resource",
    suspended=flag("suspended"),
    tenantId="tenant",
    versionTag="version_tag",
    historyTimeToLive="history_ttl",
    startableInTasklist=flag("startable"),
)

DECISION_DEFINITION = shape(
    "id",
    "category",
    "name",
    "version",
    key="decision_id",
    resource="resource_name",
    deploymentId=key("deployment"),
    tenantId="tenant",
    decisionRequirementsDefinitionId="requirements_definition",
    decisionRequirementsDefinitionKey="requirements_id",
    historyTimeToLive="history_ttl",
    versionTag="version_tag",
)

DECISION_REQUIREMENTS = shape(
    "id",
    "category",
    "name",
    "version",
    key="requirements_id",
    resource="resource_name",
    deploymentId=key("deployment"),
    tenantId="tenant",
)

JOB_DEFINITION = shape(
    id=key("key"),
    processDefinitionId="definition_id",
    processDefinitionKey="process_id",
    jobType="type",
    jobConfiguration="configuration",
    activityId="node",
    suspended=flag("suspended"),
    overridingJobPriority="priority",
    tenantId="tenant",
    constants=("deploymentId",),  # Camunda documents it and gives null
)

PROCESS_INSTANCE = shape(
    id=key("key"),
    definitionId="definition_id",
    definitionKey="process_id",
    businessKey="business_key",
    suspended=flag("suspended"),
    tenantId="tenant",
    constants={"links": [], "caseInstanceId": None, "ended": False},
)

EXECUTION = shape(id=key("key"), processInstanceId=key("instance"), tenantId="tenant", constants={"ended": False})

INCIDENT = shape(
    "configuration",
    "annotation",
    id=key("key"),
    processDefinitionId="definition_id",
    processInstanceId=key("instance"),
    executionId=key("element"),
    incidentTimestamp=date("created"),
    incidentType="kind",
    activityId="node",
    failedActivityId="failed_node",
    causeIncidentId=key("cause"),
    rootCauseIncidentId=key("root_cause"),
    incidentMessage="message",
    tenantId="tenant",
    jobDefinitionId=key("job_definition"),
)

EVENT_SUBSCRIPTION = shape(
    id=key("key"),
    eventType="kind",
    eventName="name",
    executionId=key("element"),
    processInstanceId=key("instance"),
    activityId="node",
    createdDate=date("created"),
    tenantId="tenant",
)

EXTERNAL_TASK = shape(
    "retries",
    "priority",
    id=key("key"),
    activityId="node",
    errorMessage="error_message",
    executionId=key("element"),
    lockExpirationTime=date("locked_until"),
    createTime=date("created"),
    processDefinitionId="definition_id",
    processDefinitionKey="process_id",
    processDefinitionVersionTag="version_tag",
    processInstanceId=key("instance"),
    suspended=flag("suspended"),
    workerId="worker",
    topicName="topic",
    tenantId="tenant",
    businessKey="business_key",
    activities={"activityInstanceId": ("element", "node")},
)

JOB = shape(
    "retries",
    "priority",
    id=key("key"),
    jobDefinitionId=key("job_definition"),
    processInstanceId=key("instance"),
    processDefinitionId="definition_id",
    processDefinitionKey="process_id",
    executionId=key("element"),
    exceptionMessage="error_message",
    failedActivityId="failed_node",
    dueDate=date("due"),
    suspended=flag("suspended"),
    tenantId="tenant",
    createTime=date("created"),
    batchId="batch",
)

_BATCH: dict[str, Any] = {
    "id": key("key"),
    "type": "kind",
    "totalJobs": "total",
    "jobsCreated": "made",
    "batchJobsPerSeed": "per_seed",
    "invocationsPerBatchJob": "per_job",
    "seedJobDefinitionId": key("seed_definition"),
    "monitorJobDefinitionId": key("monitor_definition"),
    "batchJobDefinitionId": key("job_definition"),
    "suspended": flag("suspended"),
    "tenantId": "tenant",
    "createUserId": "user_id",
    "startTime": date("started"),
    "executionStartTime": date("executed"),
}
BATCH = shape(**_BATCH)
BATCH_STATISTICS = shape(**_BATCH, remainingJobs="left", completedJobs="done", failedJobs="failed")
_PAST = {name: column for name, column in _BATCH.items() if name not in ("jobsCreated", "suspended")}
HISTORY_BATCH = shape(**_PAST, endTime=date("ended"), removalTime=date("removal_time"))

TASK = shape(
    "name",
    "assignee",
    "description",
    "owner",
    "priority",
    id=key("key"),
    created=date("created"),
    due=date("due"),
    followUp=date("follow_up"),
    lastUpdated=date("updated"),
    delegationState="delegation",
    executionId=key("element"),
    parentTaskId=key("parent_task"),
    processDefinitionId="definition_id",
    processInstanceId=key("instance"),
    taskDefinitionKey="node",
    suspended=flag("suspended"),
    formKey="form_key",
    tenantId="tenant",
    taskState="state",
    constants=("caseExecutionId", "caseInstanceId", "caseDefinitionId"),
)

HISTORY_INSTANCE = shape(
    "state",
    id=key("key"),
    businessKey="business_key",
    processDefinitionId="definition_id",
    processDefinitionKey="process_id",
    processDefinitionName="definition_name",
    processDefinitionVersion="version",
    startTime=date("started"),
    endTime=date("ended"),
    removalTime=date("removal_time"),
    durationInMillis="duration",
    startUserId="start_user",
    startActivityId="start_node",
    deleteReason="delete_reason",
    rootProcessInstanceId=key("root"),
    superProcessInstanceId=key("caller_instance"),
    tenantId="tenant",
    restartedProcessInstanceId=key("restarted_from"),
    constants=("superCaseInstanceId", "caseInstanceId"),
)

HISTORY_ACTIVITY = shape(
    "assignee",
    activityId="node",
    activityName="name",
    activityType="type",
    processDefinitionKey="process_id",
    processDefinitionId="definition_id",
    processInstanceId=key("instance"),
    executionId=key("key"),
    taskId=key("task"),
    calledProcessInstanceId=key("called_instance"),
    startTime=date("started"),
    endTime=date("ended"),
    durationInMillis="duration",
    canceled=flag("canceled"),
    completeScope=flag("scope_completed"),
    tenantId="tenant",
    removalTime=date("removal_time"),
    rootProcessInstanceId=key("root"),
    constants=("calledCaseInstanceId",),
    activities={"id": ("key", "node"), "parentActivityInstanceId": ("parent", "parent_node")},
)

HISTORY_TASK = shape(
    "name",
    "description",
    "owner",
    "assignee",
    "duration",
    "priority",
    id=key("key"),
    processDefinitionKey="process_id",
    processDefinitionId="definition_id",
    processInstanceId=key("instance"),
    executionId=key("element"),
    deleteReason="delete_reason",
    startTime=date("started"),
    endTime=date("ended"),
    taskDefinitionKey="node",
    due=date("due"),
    followUp=date("follow_up"),
    parentTaskId=key("parent_task"),
    tenantId="tenant",
    removalTime=date("removal_time"),
    rootProcessInstanceId=key("root"),
    taskState="state",
    constants=_CASE_OF_TASK,
    activities={"activityInstanceId": ("element", "node")},
)

HISTORY_INCIDENT = shape(
    "configuration",
    "annotation",
    id=key("key"),
    processDefinitionKey="process_id",
    processDefinitionId="definition_id",
    processInstanceId=key("instance"),
    executionId=key("element"),
    rootProcessInstanceId=key("root"),
    createTime=date("created"),
    endTime=date("ended"),
    removalTime=date("removal_time"),
    incidentType="kind",
    activityId="node",
    failedActivityId="failed_node",
    causeIncidentId=key("cause"),
    rootCauseIncidentId=key("root_cause"),
    historyConfiguration="history_configuration",
    incidentMessage="message",
    tenantId="tenant",
    jobDefinitionId=key("job_definition"),
    open=_is("open"),
    deleted=_is("deleted"),
    resolved=_is("resolved"),
)

HISTORY_DECISION = shape(
    id=key("key"),
    decisionDefinitionId="decision_definition_id",
    decisionDefinitionKey="decision_id",
    decisionDefinitionName="decision_name",
    evaluationTime=date("time"),
    removalTime=date("removal_time"),
    processDefinitionId="definition_id",
    processDefinitionKey="process_id",
    processInstanceId=key("instance"),
    rootProcessInstanceId=key("root"),
    activityId="node",
    userId="user_id",
    collectResultValue="collected",
    rootDecisionInstanceId=key("root_decision"),
    decisionRequirementsDefinitionId="requirements_definition_id",
    decisionRequirementsDefinitionKey="requirements_id",
    tenantId="tenant",
    constants=("caseDefinitionId", "caseDefinitionKey", "caseInstanceId"),
    activities={"activityInstanceId": ("element", "node")},
)

_LOG_STATES = {
    "creationLog": _is("created"),
    "failureLog": _is("failed"),
    "successLog": _is("successful"),
    "deletionLog": _is("deleted"),
}


def _with_states(log: Shape) -> Shape:
    return replace(log, fields={**log.fields, **_LOG_STATES})


HISTORY_JOB_LOG = _with_states(
    shape(
        "hostname",
        id=key("key"),
        timestamp=date("time"),
        removalTime=date("removal_time"),
        jobId=key("job"),
        jobDueDate=date("due"),
        jobRetries="retries",
        jobPriority="priority",
        jobExceptionMessage="error_message",
        failedActivityId="failed_node",
        jobDefinitionId=key("job_definition"),
        jobDefinitionType="type",
        jobDefinitionConfiguration="configuration",
        activityId="node",
        executionId=key("element"),
        processInstanceId=key("instance"),
        processDefinitionId="definition_id",
        processDefinitionKey="process_id",
        deploymentId=key("deployment"),
        rootProcessInstanceId=key("root"),
        tenantId="tenant",
        batchId="batch",
    )
)

HISTORY_EXTERNAL_LOG = _with_states(
    shape(
        "retries",
        "priority",
        id=key("key"),
        timestamp=date("time"),
        removalTime=date("removal_time"),
        externalTaskId=key("external"),
        topicName="topic",
        workerId="worker",
        errorMessage="error_message",
        activityId="node",
        executionId=key("element"),
        processInstanceId=key("instance"),
        processDefinitionId="definition_id",
        processDefinitionKey="process_id",
        tenantId="tenant",
        rootProcessInstanceId=key("root"),
        activities={"activityInstanceId": ("element", "node")},
    )
)

HISTORY_LINK = shape(
    "type",
    id=key("key"),
    time=date("time"),
    userId="user_id",
    groupId="group_id",
    taskId=key("task"),
    processDefinitionId="definition_id",
    processDefinitionKey="process_id",
    operationType="operation",
    assignerId="assigner",
    tenantId="tenant",
    removalTime=date("removal_time"),
    rootProcessInstanceId=key("root"),
)

OPERATION_LOG = shape(
    "category",
    "annotation",
    "property",
    id=key("key"),
    deploymentId=key("deployment"),
    processDefinitionId="definition_id",
    processDefinitionKey="process_id",
    processInstanceId=key("instance"),
    executionId=key("element"),
    taskId=key("task"),
    externalTaskId=key("external"),
    jobId=key("job"),
    jobDefinitionId=key("job_definition"),
    userId="user_id",
    timestamp=date("time"),
    operationId="operation",
    operationType="operation_type",
    entityType="entity_type",
    orgValue="old_value",
    newValue="new_value",
    removalTime=date("removal_time"),
    rootProcessInstanceId=key("root"),
    constants=("caseDefinitionId", "caseInstanceId", "caseExecutionId", "batchId"),
)
