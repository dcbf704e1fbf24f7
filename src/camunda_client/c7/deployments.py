"""Deployments and definitions: what the engine can run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from camunda_client.c7.models import Definition, Deployment, Resource
from camunda_client.c7.queries import parameters, records
from camunda_client.protocol import Flow, Request, operation

Resources = Mapping[str, bytes | str] | Iterable[Path | str]
"""File name -> content, or paths of files to read."""

UPLOAD_TIMEOUT = 300.0


def _contents(resources: Resources) -> list[tuple[str, bytes]]:
    if isinstance(resources, Mapping):
        return [(name, text.encode() if isinstance(text, str) else text) for name, text in resources.items()]
    return [(Path(path).name, Path(path).read_bytes()) for path in resources]


class Deployments:
    """Operations on deployments and definitions."""

    @operation
    def version(self) -> Flow[str]:
        """The engine's version, such as `7.24.0`."""
        answer = yield Request("GET", "/version")
        return str(answer.json()["version"])

    @operation
    def deploy(
        self,
        resources: Resources,
        *,
        name: str,
        source: str | None = None,
        tenant_id: str | None = None,
        enable_duplicate_filtering: bool = False,
        deploy_changed_only: bool = False,
    ) -> Flow[Deployment]:
        """Deploys files in one transaction: all or none.

        Duplicate filtering compares with the last deployment of the same name. Raises BadRequest with the engine's
        parse report in `body["details"]` where a model is wrong.
        """
        form = {"deployment-name": name}
        optional = {"deployment-source": source, "tenant-id": tenant_id}
        form |= {key: text for key, text in optional.items() if text}
        if enable_duplicate_filtering or deploy_changed_only:
            form["enable-duplicate-filtering"] = "true"
        if deploy_changed_only:
            form["deploy-changed-only"] = "true"
        files = [(file, (file, content, "application/octet-stream")) for file, content in _contents(resources)]
        answer = yield Request("POST", "/deployment/create", form=form, files=files, timeout=UPLOAD_TIMEOUT)
        return Deployment.model_validate(answer.json())

    @operation
    def deployments(self, /, **filters: object) -> Flow[list[Deployment]]:
        """Deployments that match, such as `name=…, sort_by="deploymentTime", sort_order="desc", max_results=1`."""
        answer = yield Request("GET", "/deployment", parameters(filters))
        return records(Deployment, answer)

    @operation
    def delete_deployment(self, deployment_id: str, *, cascade: bool = False) -> Flow[None]:
        """Deletes a deployment; `cascade` takes its instances and their history along."""
        yield Request("DELETE", f"/deployment/{quote(deployment_id, '')}", parameters({"cascade": cascade}))

    @operation
    def deployment_resources(self, deployment_id: str) -> Flow[list[Resource]]:
        """The files of a deployment."""
        answer = yield Request("GET", f"/deployment/{quote(deployment_id, '')}/resources")
        return records(Resource, answer)

    @operation
    def resource_content(self, deployment_id: str, resource_id: str) -> Flow[bytes]:
        """One file of a deployment, as it was deployed."""
        path = f"/deployment/{quote(deployment_id, '')}/resources/{quote(resource_id, '')}/data"
        answer = yield Request("GET", path)
        return answer.content

    @operation
    def process_definitions(self, /, **filters: object) -> Flow[list[Definition]]:
        """Process definitions that match, such as `key="invoice", latest_version=True`."""
        answer = yield Request("GET", "/process-definition", parameters(filters))
        return records(Definition, answer)

    @operation
    def process_definition(self, key: str, *, tenant_id: str | None = None) -> Flow[Definition]:
        """The latest version of a process. Raises NotFound."""
        answer = yield Request("GET", _by_key("process-definition", key, tenant_id))
        return Definition.model_validate(answer.json())

    @operation
    def process_xml(self, definition_id: str) -> Flow[str]:
        """The BPMN of a process definition."""
        answer = yield Request("GET", f"/process-definition/{quote(definition_id, '')}/xml")
        return str(answer.json()["bpmn20Xml"])

    @operation
    def decision_definitions(self, /, **filters: object) -> Flow[list[Definition]]:
        """Decision definitions that match."""
        answer = yield Request("GET", "/decision-definition", parameters(filters))
        return records(Definition, answer)

    @operation
    def decision_definition(self, key: str, *, tenant_id: str | None = None) -> Flow[Definition]:
        """The latest version of a decision. Raises NotFound."""
        answer = yield Request("GET", _by_key("decision-definition", key, tenant_id))
        return Definition.model_validate(answer.json())

    @operation
    def decision_xml(self, definition_id: str) -> Flow[str]:
        """The DMN of a decision definition."""
        answer = yield Request("GET", f"/decision-definition/{quote(definition_id, '')}/xml")
        return str(answer.json()["dmnXml"])


def _by_key(kind: str, key: str, tenant_id: str | None) -> str:
    tenant = f"/tenant-id/{quote(tenant_id, '')}" if tenant_id else ""
    return f"/{kind}/key/{quote(key, '')}{tenant}"
