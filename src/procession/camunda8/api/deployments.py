"""`/deployments`: resources come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from procession.camunda8.dialect import NAME
from procession.camunda8.exchange import Answer, Call, route, shown, shown_tenant, tenant_of
from procession.camunda8.problems import invalid
from procession.engine import commands as ec

_NAMES = ("processDefinition", "decisionDefinition", "decisionRequirements", "form", "resource")


@route("POST", "/deployments", form=True)
def deploy(call: Call) -> Answer:
    """Deploys every file; resources of which none has changed make no new version."""
    if not call.files:
        raise invalid("Required part 'resources' is not present.")
    tenant = tenant_of(call.form.get("tenantId"))
    resources = tuple((file.name, file.content) for file in call.files)
    deployed: ec.Deployed = call.submit(
        ec.Deploy(resources, "", source="rest", tenant=tenant, dialect=NAME, reuse=True)
    )
    items = [
        *_items("processDefinition", (process_shape(row) for row in deployed.processes)),
        *_items("decisionDefinition", (_decision(row, deployed.requirements) for row in deployed.decisions)),
        *_items("decisionRequirements", (requirements_shape(row) for row in deployed.requirements)),
        *_items("form", (form_shape(row) for row in deployed.forms)),
    ]
    return Answer({"deploymentKey": str(deployed.key), "tenantId": shown_tenant(deployed.tenant), "deployments": items})


def _items(name: str, shapes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**dict.fromkeys(_NAMES), name: shape} for shape in shapes]


def process_shape(row: Mapping[str, Any]) -> dict[str, Any]:
    """A process definition as a deployment shows it."""
    return {
        "processDefinitionId": row["process_id"],
        "processDefinitionVersion": row["version"],
        "resourceName": row["resource_name"],
        "tenantId": shown_tenant(row["tenant"]),
        "processDefinitionKey": str(row["key"]),
    }


def _decision(row: Mapping[str, Any], graphs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    graph = next((one for one in graphs if one["key"] == row["requirements"]), None)
    return {
        "decisionDefinitionId": row["decision_id"],
        "version": row["version"],
        "name": row["name"],
        "tenantId": shown_tenant(row["tenant"]),
        "decisionRequirementsId": None if graph is None else graph["requirements_id"],
        "decisionDefinitionKey": str(row["key"]),
        "decisionRequirementsKey": shown(row["requirements"]),
    }


def requirements_shape(row: Mapping[str, Any]) -> dict[str, Any]:
    """A decision requirements graph as a deployment shows it."""
    return {
        "decisionRequirementsId": row["requirements_id"],
        "version": row["version"],
        "decisionRequirementsName": row["name"],
        "tenantId": shown_tenant(row["tenant"]),
        "resourceName": row["resource_name"],
        "decisionRequirementsKey": str(row["key"]),
    }


def form_shape(row: Mapping[str, Any]) -> dict[str, Any]:
    """A form as a deployment shows it."""
    return {
        "formId": row["form_id"],
        "version": row["version"],
        "resourceName": row["resource_name"],
        "tenantId": shown_tenant(row["tenant"]),
        "formKey": str(row["key"]),
    }
