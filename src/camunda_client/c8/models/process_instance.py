"""Process instances: started, changed, cancelled, found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from camunda_client.c8.models.keys import Key
from camunda_client.json_model import JsonBaseModel


class ProcessInstanceStartInstructions(JsonBaseModel):
    """Start at this element instead of the start event."""

    element_id: str


class RuntimeInstruction(JsonBaseModel):
    """Something to do while the instance runs: `TERMINATE_PROCESS_INSTANCE` after an element."""

    type: str
    after_element_id: str | None = None


class CreateProcessInstanceRequest(JsonBaseModel):
    """What to start: `process_definition_id` (latest version, or `process_definition_version`) or a definition's key.

    With `await_completion` the answer comes when the instance has ended, within `request_timeout` milliseconds.
    """

    process_definition_id: str | None = None
    process_definition_version: int | None = None
    process_definition_key: Key | None = None
    variables: Any = None
    tenant_id: str | None = None
    operation_reference: int | None = None
    start_instructions: list[ProcessInstanceStartInstructions] | None = None
    runtime_instructions: list[RuntimeInstruction] | None = None
    await_completion: bool = False
    fetch_variables: list[str] | None = None
    request_timeout: int | None = None
    tags: list[str] | None = None
    business_id: str | None = None


class CreateProcessInstanceResponse(JsonBaseModel):
    """A started instance; `variables` are filled in where its completion was awaited."""

    process_instance_key: Key
    process_definition_key: Key
    process_definition_id: str
    process_definition_version: int
    tenant_id: str = "<default>"
    variables: dict[str, Any] = Field(default_factory=dict)
    tags: list[str] | None = None
    business_id: str | None = None


class MappingInstructions(JsonBaseModel):
    """What stands at one element goes on at another."""

    source_element_id: str
    target_element_id: str


class MigrateProcessInstanceRequest(JsonBaseModel):
    """Where an instance moves to, element by element."""

    target_process_definition_key: Key
    mapping_instructions: list[MappingInstructions]
    operation_reference: int | None = None


class VariableInstruction(JsonBaseModel):
    """Variables to set before an element starts; in the scope of the element `scope_id`, else of the process."""

    variables: dict[str, Any]
    scope_id: str = ""


class ActivateInstructions(JsonBaseModel):
    """An element to start; -1: wherever its scope is."""

    element_id: str
    variable_instructions: list[VariableInstruction] = Field(default_factory=list)
    ancestor_element_instance_key: Key | None = "-1"


class TerminateInstructions(JsonBaseModel):
    """What to end: one element instance, or all of an element."""

    element_instance_key: Key | None = None
    element_id: str | None = None


class SourceElement(JsonBaseModel):
    """What is moved: all instances of an element, or one of them."""

    source_type: str = "byId"
    source_element_id: str | None = None
    source_element_instance_key: Key | None = None


class MoveInstructions(JsonBaseModel):
    """What stands at one element is ended there and started at another."""

    source_element_instruction: SourceElement
    target_element_id: str
    ancestor_scope_instruction: dict[str, Any] | None = None
    variable_instructions: list[VariableInstruction] | None = None


class ModifyProcessInstanceRequest(JsonBaseModel):
    """Elements to start and to end inside a running instance."""

    operation_reference: int | None = None
    activate_instructions: list[ActivateInstructions] = Field(default_factory=list)
    terminate_instructions: list[TerminateInstructions] = Field(default_factory=list)
    move_instructions: list[MoveInstructions] | None = None


class ProcessInstance(JsonBaseModel):
    """A process instance, running or over. `state` is ACTIVE, COMPLETED or TERMINATED."""

    process_instance_key: Key
    process_definition_key: Key = ""
    process_definition_id: str = ""
    process_definition_name: str | None = None
    process_definition_version: int = -1
    process_definition_version_tag: str | None = None
    state: str = ""
    has_incident: bool = False
    start_date: datetime | None = None
    end_date: datetime | None = None
    parent_process_instance_key: Key | None = None
    parent_element_instance_key: Key | None = None
    root_process_instance_key: Key | None = None
    tenant_id: str | None = None
    tags: list[str] | None = None
    business_id: str | None = None


class ElementInstance(JsonBaseModel):
    """One visit of an element. `state` is ACTIVE, COMPLETED or TERMINATED."""

    element_instance_key: Key
    element_id: str = ""
    element_name: str | None = None
    type: str = ""
    state: str = ""
    has_incident: bool = False
    incident_key: Key | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    process_instance_key: Key = ""
    process_definition_key: Key = ""
    process_definition_id: str = ""
    tenant_id: str | None = None


class SequenceFlow(JsonBaseModel):
    """A flow that an instance has taken."""

    element_id: str
    sequence_flow_id: str | None = None
    process_instance_key: Key | None = None
    process_definition_key: Key | None = None


class CalledInstance(JsonBaseModel):
    """One step on the way from the root instance down."""

    process_instance_key: Key
    process_definition_key: Key | None = None
    process_definition_name: str | None = None


class BatchOperationCreated(JsonBaseModel):
    """A batch operation has begun: its progress is found under its key."""

    batch_operation_key: Key
    batch_operation_type: str
