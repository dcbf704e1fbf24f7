"""`/resources`, `/forms`: what was deployed, by the key of what it defines."""

from __future__ import annotations

from typing import Any

from procession.camunda8.entities.definitions import RESOURCES
from procession.camunda8.exchange import Answer, Call, route, shown_tenant
from procession.camunda8.forms import show_form
from procession.camunda8.problems import command_rejected, not_found
from procession.camunda8.searching import search
from procession.engine import commands as ec
from procession.errors import ExecutionFailed
from procession.storage import repository
from procession.storage.repository import DecisionRequirements, FormDefinition, ProcessDefinition

_KINDS: tuple[tuple[type[Any], str], ...] = (
    (ProcessDefinition, "process_id"),
    (FormDefinition, "form_id"),
    (DecisionRequirements, "requirements_id"),
)


def _resource(call: Call) -> tuple[Any, str, bytes]:
    """The row of what a resource defines, its id, and the resource's content. Raises 404."""
    key = call.key("resourceKey")
    with call.engine.storage.view() as transaction:
        for kind, name in _KINDS:
            row = repository.get(transaction.driver, kind, key)
            if row is not None:
                data = repository.resource(transaction.driver, row.deployment, row.resource_name)
                return row, getattr(row, name), data or b""
    raise not_found("Resource", key)


@route("POST", "/resources/search")
def search_resources(call: Call) -> Answer:
    """What was deployed, that meets a filter: processes, forms, decision requirements."""
    return Answer(search(call, RESOURCES))


@route("GET", "/resources/{resourceKey}")
def get_resource(call: Call) -> Answer:
    """A deployed resource."""
    row, id_, _ = _resource(call)
    return Answer(
        {
            "resourceName": row.resource_name,
            "version": row.version,
            "versionTag": getattr(row, "version_tag", None),
            "resourceId": id_,
            "tenantId": shown_tenant(row.tenant),
            "resourceKey": str(row.key),
        }
    )


@route("GET", "/resources/{resourceKey}/content")
def get_content(call: Call) -> Answer:
    """Its content."""
    row, _, data = _resource(call)
    name = row.resource_name
    return Answer(
        data, media_type="application/json" if name.endswith((".form", ".json", ".rpa")) else "application/xml"
    )


@route("GET", "/resources/{resourceKey}/content/binary")
def get_binary(call: Call) -> Answer:
    """Its content, whatever it is."""
    _, _, data = _resource(call)
    return Answer(data, media_type="application/octet-stream")


@route("POST", "/resources/{resourceKey}/deletion")
def delete_resource(call: Call) -> Answer:
    """Deletes a process definition, a form or a decision requirements graph; not while instances need it."""
    row, _, _ = _resource(call)
    try:
        if isinstance(row, ProcessDefinition):
            call.submit(ec.DeleteDefinition(row.key))
        else:
            call.submit(ec.DeleteResource(row.key))
    except ExecutionFailed as error:
        raise command_rejected("DELETE", "INVALID_STATE", error.message) from None
    return Answer({"resourceKey": str(row.key), "batchOperation": None})


@route("GET", "/forms/{formKey}")
def get_form(call: Call) -> Answer:
    """A form with its schema."""
    key = call.key("formKey")
    with call.engine.storage.view() as transaction:
        form = repository.get(transaction.driver, FormDefinition, key)
        if form is None:
            raise not_found("Form", key)
        return Answer(show_form(transaction, form))
