"""Deploying by a multipart form, deploying again, and deleting deployments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, select

from procession.camunda7 import shapes
from procession.camunda7.commanding import key_of, replying, submit
from procession.camunda7.dates import format_date
from procession.camunda7.exchange import NO_CONTENT, Request, Response, answer, text_member, texts_member
from procession.camunda7.listing import Shape
from procession.camunda7.lookups import reading
from procession.camunda7.problems import invalid_request
from procession.camunda7.reading import Part, first_part
from procession.camunda7.routes import route
from procession.engine.commands import DeleteDeployment, Deploy, Deployed
from procession.errors import Missing
from procession.storage import schema
from procession.storage.queries.definitions import DEPLOYMENT
from procession.storage.queries.language import as_key, first

FIELDS = frozenset(
    {
        "deployment-name",
        "enable-duplicate-filtering",
        "deploy-changed-only",
        "deployment-source",
        "tenant-id",
        "deployment-activation-time",
    }
)
"""Parts of the form that are no resources."""


@route("POST", "/deployment/create", form=True)
def create(request: Request, engine: Any) -> Response:
    """Deploys every part of the form that is a file."""
    parts = request.form()
    resources = tuple((part.filename or part.name, part.content) for part in parts if part.name not in FIELDS)
    if not resources:
        raise invalid_request("No deployment resources contained in the form upload.")
    if _text(parts, "deployment-activation-time"):
        raise invalid_request(
            "'deployment-activation-time' is not supported by this version: suspend the definitions and wake them then"
        )
    changed_only = _flag(parts, "deploy-changed-only")
    command = Deploy(
        resources,
        _text(parts, "deployment-name"),
        _text(parts, "deployment-source"),
        _text(parts, "tenant-id"),
        filter_duplicates=_flag(parts, "enable-duplicate-filtering") or changed_only,
        changed_only=changed_only,
    )
    return answer(_document(submit(engine, request, command), request.base_url))


def _text(parts: tuple[Part, ...], name: str) -> str | None:
    part = first_part(parts, name)
    return None if part is None else part.text.strip() or None


def _flag(parts: tuple[Part, ...], name: str) -> bool:
    return (_text(parts, name) or "").lower() == "true"


def _document(deployed: Deployed, base_url: str) -> dict[str, Any]:
    graphs = {row["key"]: row["id"] for row in deployed.requirements}
    decisions = [{**row, "requirements_definition": graphs.get(row["requirements"])} for row in deployed.decisions]
    return {
        "links": [{"method": "GET", "href": f"{base_url}/deployment/{deployed.key}", "rel": "self"}],
        "id": str(deployed.key),
        "name": deployed.name,
        "source": deployed.source,
        "deploymentTime": format_date(deployed.time),
        "tenantId": deployed.tenant,
        "deployedProcessDefinitions": _by_id(deployed.processes, shapes.PROCESS_DEFINITION),
        "deployedCaseDefinitions": None,
        "deployedDecisionDefinitions": _by_id(decisions, shapes.DECISION_DEFINITION),
        "deployedDecisionRequirementsDefinitions": _by_id(deployed.requirements, shapes.DECISION_REQUIREMENTS),
    }


def _by_id(rows: Sequence[Mapping[str, Any]], shape: Shape) -> dict[str, Any] | None:
    return {row["id"]: shape.write(row) for row in rows} or None


@route("POST", "/deployment/{id}/redeploy")
def redeploy(request: Request, engine: Any) -> Response:
    """Deploys the resources of a deployment again, all or those named by `resourceIds` and `resourceNames`."""
    id_, body = request["id"], request.json_object()
    ids, names = texts_member(body, "resourceIds") or [], texts_member(body, "resourceNames") or []
    with reading(engine) as connection:
        before = first(connection, DEPLOYMENT, as_key(id_), engine.clock())
        if before is None:
            raise invalid_request(f"Deployment with id '{id_}' does not exist", 404)
        r = schema.resource.c
        statement = select(r.key, r.name, r.content).where(r.deployment == before["key"]).order_by(r.key)
        found = connection.execute(statement).mappings().all()
    _refuse_strangers(id_, ids, {str(row["key"]) for row in found}, "id")
    _refuse_strangers(id_, names, {row["name"] for row in found}, "name")
    chosen = [row for row in found if not (ids or names) or str(row["key"]) in ids or row["name"] in names]
    return _deploy_again(request, engine, before, chosen, text_member(body, "source"))


def _refuse_strangers(deployment: str, wanted: Sequence[str], there: set[str], what: str) -> None:
    strangers = [name for name in wanted if name not in there]
    if strangers:
        raise invalid_request(
            f"Cannot redeploy deployment '{deployment}': The deployment with id '{deployment}' does not contain the "
            f"following resources with {what}: {', '.join(strangers)}",
            404,
            0,
        )


def _deploy_again(
    request: Request, engine: Any, before: RowMapping, chosen: Sequence[RowMapping], source: str | None
) -> Response:
    resources = tuple((row["name"], bytes(row["content"])) for row in chosen)
    command = Deploy(resources, before["name"], source, before["tenant"])
    with replying(f"Cannot redeploy deployment '{before['key']}': "):
        deployed = submit(engine, request, command)
    return answer(_document(deployed, request.base_url))


@route("DELETE", "/deployment/{id}")
def delete(request: Request, engine: Any) -> Response:
    """Deletes a deployment with its definitions; with `cascade` what runs on them and its history goes too."""
    command = DeleteDeployment(
        key_of(request["id"]),
        request.flag("cascade"),
        request.flag("skipCustomListeners"),
        request.flag("skipIoMappings"),
    )
    missing = invalid_request(f"Deployment with id '{request['id']}' do not exist", 404)
    with replying(replies={Missing: missing}):
        submit(engine, request, command)
    return NO_CONTENT
