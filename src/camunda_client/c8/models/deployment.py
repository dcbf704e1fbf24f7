"""Deployments and what they bring: processes, decisions, forms, other resources."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from camunda_client.c8.models.keys import Key
from camunda_client.json_model import JsonBaseModel


class ProcessDefinition(JsonBaseModel):
    """One version of a process."""

    process_definition_key: Key
    process_definition_id: str = ""
    process_definition_version: int | None = None
    version: int | None = None
    version_tag: str | None = None
    name: str | None = None
    resource_name: str | None = None
    has_start_form: bool | None = None
    tenant_id: str | None = None


class DecisionDefinition(JsonBaseModel):
    """One version of a decision."""

    decision_definition_key: Key
    decision_definition_id: str = ""
    name: str | None = None
    version: int = -1
    decision_requirements_id: str | None = None
    decision_requirements_key: Key | None = None
    decision_requirements_name: str | None = None
    decision_requirements_version: int | None = None
    tenant_id: str | None = None


class DecisionRequirements(JsonBaseModel):
    """One version of a decision requirements diagram."""

    decision_requirements_key: Key
    decision_requirements_id: str = ""
    decision_requirements_name: str | None = None
    version: int = -1
    resource_name: str | None = None
    tenant_id: str | None = None


class Form(JsonBaseModel):
    """One version of a form; `form_schema` is its JSON as text where the form itself was asked for."""

    form_key: Key
    form_id: str = ""
    version: int = -1
    form_schema: Any = Field(default=None, validation_alias="schema", serialization_alias="schema")
    resource_name: str | None = None
    tenant_id: str | None = None


class Resource(JsonBaseModel):
    """One version of a deployed resource."""

    resource_key: Key
    resource_id: str = ""
    resource_name: str = ""
    version: int = -1
    version_tag: str | None = None
    tenant_id: str | None = None


class Deployed(JsonBaseModel):
    """One thing that a deployment brought: exactly one field is set."""

    process_definition: ProcessDefinition | None = None
    decision_definition: DecisionDefinition | None = None
    decision_requirements: DecisionRequirements | None = None
    form: Form | None = None
    resource: Resource | None = None


class Deployment(JsonBaseModel):
    """A deployment."""

    deployment_key: Key
    tenant_id: str = "<default>"
    deployments: list[Deployed] = Field(default_factory=list)

    @property
    def processes(self) -> list[ProcessDefinition]:
        """The processes among it."""
        return [item.process_definition for item in self.deployments if item.process_definition is not None]

    @property
    def decisions(self) -> list[DecisionDefinition]:
        """The decisions among it."""
        return [item.decision_definition for item in self.deployments if item.decision_definition is not None]

    @property
    def forms(self) -> list[Form]:
        """The forms among it."""
        return [item.form for item in self.deployments if item.form is not None]


class ResourceDeleted(JsonBaseModel):
    """A resource that was deleted; `batch_operation` where its history goes as well."""

    resource_key: Key | None = None
    batch_operation: dict[str, Any] | None = None
