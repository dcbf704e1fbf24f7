"""What people look at: user tasks, incidents, variables, decisions taken, batch operations, documents."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pydantic import Field

from camunda_client.c8.models.keys import Key
from camunda_client.json_model import JsonBaseModel


class UserTask(JsonBaseModel):
    """A user task."""

    user_task_key: Key
    name: str | None = None
    state: str = ""
    assignee: str | None = None
    candidate_groups: list[str] = Field(default_factory=list)
    candidate_users: list[str] = Field(default_factory=list)
    priority: int | None = None
    due_date: datetime | None = None
    follow_up_date: datetime | None = None
    creation_date: datetime | None = None
    completion_date: datetime | None = None
    element_id: str = ""
    element_instance_key: Key | None = None
    process_instance_key: Key = ""
    process_definition_key: Key = ""
    process_definition_id: str = ""
    process_definition_version: int | None = None
    process_name: str | None = None
    form_key: Key | None = None
    external_form_reference: str | None = None
    custom_headers: dict[str, Any] | None = None
    tags: list[str] | None = None
    tenant_id: str | None = None


class Incident(JsonBaseModel):
    """Something that stands still until somebody resolves it."""

    incident_key: Key
    error_type: str = ""
    error_message: str = ""
    state: str = ""
    creation_time: datetime | None = None
    element_id: str | None = None
    element_instance_key: Key | None = None
    job_key: Key | None = None
    process_instance_key: Key | None = None
    process_definition_key: Key | None = None
    process_definition_id: str | None = None
    tenant_id: str | None = None


class Variable(JsonBaseModel):
    """A variable. `value` is JSON text, perhaps cut short in a search."""

    variable_key: Key
    name: str
    value: str | None = None
    is_truncated: bool = False
    scope_key: Key | None = None
    process_instance_key: Key | None = None
    tenant_id: str | None = None

    @property
    def decoded(self) -> Any:
        """The Python value. Raises ValueError where it was cut short: ask for the variable itself, or for whole values."""
        if self.is_truncated:
            raise ValueError(f"The value of {self.name!r} was cut short: use get_variable, or truncate_values=False")
        return None if self.value is None else json.loads(self.value)


class EvaluatedDecision(JsonBaseModel):
    """One decision among those that an evaluation needed."""

    decision_definition_id: str = ""
    decision_definition_name: str | None = None
    decision_definition_version: int | None = None
    decision_definition_type: str | None = None
    output: str | None = None
    matched_rules: list[dict[str, Any]] = Field(default_factory=list)
    evaluated_inputs: list[dict[str, Any]] = Field(default_factory=list)


class DecisionResult(JsonBaseModel):
    """What a decision says. A failed evaluation has a `failure_message` and the output null."""

    decision_definition_id: str = ""
    decision_definition_key: Key | None = None
    decision_definition_name: str | None = None
    decision_definition_version: int | None = None
    decision_evaluation_key: Key | None = None
    decision_instance_key: Key | None = None
    decision_requirements_id: str | None = None
    decision_requirements_key: Key | None = None
    evaluated_decisions: list[EvaluatedDecision] = Field(default_factory=list)
    failed_decision_definition_id: str | None = None
    failure_message: str | None = None
    output: str | None = None
    tenant_id: str | None = None

    @property
    def decoded(self) -> Any:
        """The output as a Python value."""
        return None if self.output is None else json.loads(self.output)


class DecisionInstance(JsonBaseModel):
    """A decision that was taken."""

    decision_evaluation_instance_key: str
    decision_evaluation_key: Key | None = None
    decision_definition_id: str = ""
    decision_definition_key: Key | None = None
    decision_definition_name: str | None = None
    decision_definition_version: int | None = None
    decision_definition_type: str | None = None
    state: str = ""
    result: str | None = None
    evaluation_date: datetime | None = None
    evaluation_failure: str | None = None
    evaluated_inputs: list[dict[str, Any]] | None = None
    matched_rules: list[dict[str, Any]] | None = None
    element_instance_key: Key | None = None
    process_instance_key: Key | None = None
    process_definition_key: Key | None = None
    tenant_id: str | None = None


class BatchOperation(JsonBaseModel):
    """A change of many instances, and how far it has come."""

    batch_operation_key: Key
    batch_operation_type: str = ""
    state: str = ""
    start_date: datetime | None = None
    end_date: datetime | None = None
    operations_total_count: int = 0
    operations_failed_count: int = 0
    operations_completed_count: int = 0
    errors: list[dict[str, Any]] | None = None
    actor_id: str | None = None
    actor_type: str | None = None


class BatchOperationItem(JsonBaseModel):
    """One thing that a batch operation changes, and what became of it."""

    batch_operation_key: Key
    operation_type: str = ""
    item_key: Key | None = None
    process_instance_key: Key | None = None
    root_process_instance_key: Key | None = None
    state: str = ""
    processed_date: datetime | None = None
    error_message: str | None = None


class Document(JsonBaseModel):
    """A file kept beside the cluster."""

    document_id: str
    store_id: str | None = None
    content_hash: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
