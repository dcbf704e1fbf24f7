"""Jobs: what workers activate, complete, fail and throw errors at. Times in milliseconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import AliasChoices, Field, PrivateAttr

from camunda_client.c8.models.keys import Key
from camunda_client.json_model import JsonBaseModel


class ActivateJobRequest(JsonBaseModel):
    """Which jobs to activate: up to `max_jobs_to_activate` of one type, ours for `timeout`."""

    job_type: str = Field(validation_alias=AliasChoices("type", "job_type"), serialization_alias="type")
    worker: str | None = None
    timeout: int
    max_jobs_to_activate: int
    request_timeout: int | None = None
    fetch_variables: list[str] | None = Field(
        default=None,
        validation_alias=AliasChoices("fetchVariable", "fetch_variables"),
        serialization_alias="fetchVariable",
    )
    tenant_ids: list[str] | None = None


class UserTaskProperties(JsonBaseModel):
    """The user task that a task listener's job is about."""

    action: str | None = None
    assignee: str | None = None
    candidate_groups: list[str] | None = None
    candidate_users: list[str] | None = None
    changed_attributes: list[str] | None = None
    due_date: datetime | None = None
    follow_up_date: datetime | None = None
    form_key: Key | None = None
    priority: int | None = None
    user_task_key: Key | None = None


class ActivatedJob(JsonBaseModel):
    """A job that is ours until `deadline` (milliseconds since 1970). `variables` are Python values.

    `retries` is how many attempts are left, this one included.
    """

    job_key: Key = Field(validation_alias=AliasChoices("jobKey", "key", "job_key"), serialization_alias="jobKey")
    job_type: str = Field(validation_alias=AliasChoices("type", "job_type"), serialization_alias="type")
    process_instance_key: Key = ""
    process_definition_key: Key = ""
    process_definition_id: str = ""
    process_definition_version: int = -1
    element_id: str = ""
    element_instance_key: Key = ""
    custom_headers: dict[str, Any] = Field(default_factory=dict)
    worker: str = ""
    retries: int = 1
    deadline: int = 0
    variables: dict[str, Any] = Field(default_factory=dict)
    tenant_id: str = "<default>"
    kind: str | None = None
    listener_event_type: str | None = None
    user_task: UserTaskProperties | None = None
    tags: list[str] | None = None
    root_process_instance_key: Key | None = None

    _lost: bool = PrivateAttr(False)

    @property
    def id(self) -> str:
        """The job's key."""
        return self.job_key

    @property
    def topic(self) -> str:
        """The job's type."""
        return self.job_type

    @property
    def lost(self) -> bool:
        """True once the job is no longer ours (timed out, cancelled): what the handler does is in vain.

        A handler in a process of its own does not learn of it."""
        return self._lost

    def mark_lost(self) -> None:
        """Called by the worker."""
        self._lost = True

    def get_variable(self, name: str, default: Any = None) -> Any:
        """One variable, or `default`."""
        return self.variables.get(name, default)


class ActivatedJobResponse(JsonBaseModel):
    """The jobs that were activated."""

    jobs: list[ActivatedJob] = Field(default_factory=list)


class Corrections(JsonBaseModel):
    """What a task listener changes at its user task."""

    assignee: str | None = None
    due_date: datetime | None = None
    follow_up_date: datetime | None = None
    candidate_users: list[str] | None = None
    candidate_groups: list[str] | None = None
    priority: int | None = None


class ActivateElement(JsonBaseModel):
    """An element that an ad-hoc sub-process's job starts."""

    element_id: str
    variables: dict[str, Any] | None = None


class JobResult(JsonBaseModel):
    """The result of a listener's job or of an ad-hoc sub-process's job, beside its variables."""

    type: str | None = None
    denied: bool | None = None
    denied_reason: str | None = None
    corrections: Corrections | None = None
    activate_elements: list[ActivateElement] | None = None
    is_completion_condition_fulfilled: bool | None = None
    is_cancel_remaining_instances: bool | None = None


class JobFailedRequest(JsonBaseModel):
    """A failure: `retries` attempts are left, the next one after `retry_back_off`."""

    retries: int = 0
    error_message: str | None = None
    retry_back_off: int = 0
    variables: Any = None


class ThrowErrorForJobRequest(JsonBaseModel):
    """A BPMN error."""

    error_code: str
    error_message: str | None = None
    variables: Any = None


class JobInfo(JsonBaseModel):
    """A job as a search finds it."""

    job_key: Key
    type: str = ""
    state: str = ""
    kind: str | None = None
    listener_event_type: str | None = None
    retries: int = 0
    worker: str | None = None
    deadline: datetime | None = None
    error_code: str | None = None
    error_message: str | None = None
    has_failed_with_retries_left: bool | None = None
    element_id: str | None = None
    element_instance_key: Key | None = None
    process_definition_id: str | None = None
    process_definition_key: Key | None = None
    process_instance_key: Key | None = None
    custom_headers: dict[str, Any] | None = None
    end_time: datetime | None = None
    tenant_id: str | None = None
