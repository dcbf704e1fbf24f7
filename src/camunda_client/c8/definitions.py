"""Deployments and what they bring: processes, decisions, forms and other resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from camunda_client.c8.models.deployment import (
    DecisionDefinition,
    DecisionRequirements,
    Deployment,
    Form,
    ProcessDefinition,
    Resource,
    ResourceDeleted,
)
from camunda_client.c8.models.topology import Evaluation
from camunda_client.c8.models.work import DecisionInstance, DecisionResult
from camunda_client.c8.requests import body, get, path, post, read, search
from camunda_client.protocol import FilePart, Flow, Request, operation

Files = str | PathLike[str] | Sequence[str | PathLike[str]] | Mapping[str, bytes | str]
"""Paths of files, or names with contents."""


def file_parts(files: Files) -> list[FilePart]:
    """The parts of a deployment. Two files of one name are refused: the second would hide the first."""
    parts: list[FilePart] = []
    if isinstance(files, Mapping):
        contents = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    else:
        paths = [Path(files)] if isinstance(files, str | PathLike) else [Path(item) for item in files]
        contents = {}
        for item in paths:
            if item.name in contents:
                raise ValueError(f"two files are called {item.name!r}: deploy them under names of their own")
            contents[item.name] = item.read_bytes()
    if not contents:
        raise ValueError("a deployment needs at least one file")
    for name, content in contents.items():
        parts.append(("resources", (name, content, "application/octet-stream")))
    return parts


class Definitions:
    """Operations on deployments and definitions."""

    @operation
    def deploy_resources(self, files: Files, tenant_id: str | None = None) -> Flow[Deployment]:
        """Deploys files, all or none. Raises BadRequest with the faults of every model."""
        form = {"tenantId": tenant_id} if tenant_id else {}
        answer = yield Request("POST", "/deployments", form=form, files=file_parts(files), timeout=120.0)
        return read(Deployment, answer)

    get_resource = get(Resource, "resources", "One version of a deployed resource, by the key of what it defines.")
    search_resources = search(Resource, "/resources/search", "Versions of deployed resources that match.")
    get_form = get(Form, "forms", "One version of a form, with its schema.")

    @operation
    def get_resource_content(self, resource_key: str) -> Flow[bytes]:
        """A resource's content. Raises NotFound."""
        answer = yield Request("GET", path("resources", resource_key, "content"), timeout=120.0)
        return answer.content

    @operation
    def delete_resource(
        self, resource_key: str, *, delete_history: bool | None = None, operation_reference: int | None = None
    ) -> Flow[ResourceDeleted]:
        """Deletes a process, decision requirements diagram, form or other resource by its key. Raises NotFound."""
        request = body(delete_history=delete_history, operation_reference=operation_reference)
        answer = yield post("resources", resource_key, "deletion", body=request)
        return read(ResourceDeleted, answer) if answer.content else ResourceDeleted(resource_key=resource_key)

    get_process_definition = get(ProcessDefinition, "process-definitions", "One version of a process.")
    search_process_definitions = search(
        ProcessDefinition, "/process-definitions/search", "Versions of processes that match."
    )

    @operation
    def get_process_definition_xml(self, process_definition_key: str) -> Flow[str]:
        """The BPMN file's text. Raises NotFound."""
        answer = yield Request("GET", path("process-definitions", process_definition_key, "xml"))
        return answer.content.decode("utf-8")

    @operation
    def get_start_form(self, process_definition_key: str) -> Flow[Form | None]:
        """The form at a process's start, None where it has none."""
        answer = yield Request("GET", path("process-definitions", process_definition_key, "form"))
        return read(Form, answer) if answer.content else None

    @operation
    def evaluate_decision(
        self,
        decision_definition_id: str | None = None,
        variables: Any = None,
        *,
        decision_definition_key: str | None = None,
        tenant_id: str | None = None,
    ) -> Flow[DecisionResult]:
        """Evaluates a decision, by id (latest version) or by key. A failed evaluation is an answer with a `failure_message`."""
        if (decision_definition_id is None) == (decision_definition_key is None):
            raise TypeError("give either decision_definition_id or decision_definition_key")
        request = body(
            decision_definition_id=decision_definition_id,
            decision_definition_key=decision_definition_key,
            variables=variables or {},
            tenant_id=tenant_id,
        )
        answer = yield post("decision-definitions", "evaluation", body=request)
        return read(DecisionResult, answer)

    get_decision_definition = get(DecisionDefinition, "decision-definitions", "One version of a decision.")
    search_decision_definitions = search(
        DecisionDefinition, "/decision-definitions/search", "Versions of decisions that match."
    )

    @operation
    def get_decision_definition_xml(self, decision_definition_key: str) -> Flow[str]:
        """The DMN file's text. Raises NotFound."""
        answer = yield Request("GET", path("decision-definitions", decision_definition_key, "xml"))
        return answer.content.decode("utf-8")

    get_decision_requirements = get(
        DecisionRequirements, "decision-requirements", "One version of a decision requirements diagram."
    )
    search_decision_requirements = search(
        DecisionRequirements, "/decision-requirements/search", "Decision requirements diagrams that match."
    )

    @operation
    def get_decision_requirements_xml(self, decision_requirements_key: str) -> Flow[str]:
        """The DMN file's text. Raises NotFound."""
        answer = yield Request("GET", path("decision-requirements", decision_requirements_key, "xml"))
        return answer.content.decode("utf-8")

    get_decision_instance = get(DecisionInstance, "decision-instances", "One decision that was taken, with its rules.")
    search_decision_instances = search(DecisionInstance, "/decision-instances/search", "Decisions taken that match.")

    @operation
    def evaluate_expression(
        self, expression: str, variables: Any = None, tenant_id: str | None = None
    ) -> Flow[Evaluation]:
        """What a FEEL expression (`= a + 1`) comes to."""
        request = body(expression=expression, variables=variables, tenant_id=tenant_id)
        answer = yield post("expression", "evaluation", body=request)
        return read(Evaluation, answer)
