"""Camunda 7's answers as frozen records: the fields most used are named and typed, all others are kept.

`instance.business_key` and, for a field that is not listed here, `instance.model_extra["rootProcessInstanceId"]`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Record(BaseModel):
    """One answer. Field names are snake_case here and camelCase in JSON."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True, defer_build=True
    )


class Definition(Record):
    """A process, decision or decision requirements definition."""

    id: str
    key: str
    name: str | None = None
    version: int
    version_tag: str | None = None
    resource: str | None = None
    deployment_id: str | None = None
    suspended: bool = False
    tenant_id: str | None = None


class Deployment(Record):
    """A deployment. The deployed definitions, by id, are filled in by `deploy` alone and None where nothing is new."""

    id: str
    name: str | None = None
    source: str | None = None
    tenant_id: str | None = None
    deployment_time: datetime | None = None
    deployed_process_definitions: dict[str, Definition] | None = None
    deployed_decision_definitions: dict[str, Definition] | None = None
    deployed_decision_requirements_definitions: dict[str, Definition] | None = None


class Resource(Record):
    """One file of a deployment."""

    id: str
    name: str
    deployment_id: str


class ProcessInstance(Record):
    """A running process instance. `variables` are Python values, filled in where they were asked for."""

    id: str
    definition_id: str
    definition_key: str | None = None
    business_key: str | None = None
    tenant_id: str | None = None
    ended: bool = False
    suspended: bool = False
    variables: dict[str, Any] | None = None


class HistoricProcessInstance(Record):
    """A process instance, running or over, as history knows it."""

    id: str
    process_definition_id: str
    process_definition_key: str | None = None
    business_key: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_in_millis: int | None = None
    state: str | None = None
    tenant_id: str | None = None


class UserTask(Record):
    """An open user task."""

    id: str
    name: str | None = None
    assignee: str | None = None
    owner: str | None = None
    created: datetime | None = None
    due: datetime | None = None
    follow_up: datetime | None = None
    description: str | None = None
    priority: int = 50
    process_instance_id: str | None = None
    process_definition_id: str | None = None
    task_definition_key: str | None = None
    form_key: str | None = None
    suspended: bool = False
    tenant_id: str | None = None


class ExternalTaskInfo(Record):
    """An external task as queries show it (a worker gets `ExternalTask`)."""

    id: str
    topic_name: str
    worker_id: str | None = None
    lock_expiration_time: datetime | None = None
    retries: int | None = None
    priority: int = 0
    error_message: str | None = None
    activity_id: str | None = None
    process_instance_id: str | None = None
    process_definition_key: str | None = None
    business_key: str | None = None
    suspended: bool = False
    tenant_id: str | None = None


class Job(Record):
    """A timer, message or asynchronous continuation that waits for the job executor."""

    id: str
    process_instance_id: str | None = None
    process_definition_key: str | None = None
    due_date: datetime | None = None
    retries: int = 0
    priority: int = 0
    exception_message: str | None = None
    failed_activity_id: str | None = None
    suspended: bool = False
    tenant_id: str | None = None


class Incident(Record):
    """Something that stands still until a person helps."""

    id: str
    incident_type: str
    incident_message: str | None = None
    incident_timestamp: datetime | None = None
    activity_id: str | None = None
    failed_activity_id: str | None = None
    process_instance_id: str | None = None
    process_definition_id: str | None = None
    configuration: str | None = None
    tenant_id: str | None = None


class ActivityInstance(Record):
    """A node of the tree that says where a process instance stands."""

    id: str
    activity_id: str
    activity_name: str | None = None
    activity_type: str | None = None
    child_activity_instances: tuple[ActivityInstance, ...] = ()


class MessageResult(Record):
    """Where a message went: `Execution` (a waiting one) or `ProcessDefinition` (it started an instance)."""

    result_type: str
    process_instance: ProcessInstance | None = None
    execution: dict[str, Any] | None = None
    variables: dict[str, Any] | None = None
