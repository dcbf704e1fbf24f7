"""Forms that lie in deployments: the resource that a form key or a form reference names, and what to call its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from procession.camunda7.problems import invalid_request
from procession.storage import schema

_PREFIXES = ("embedded:deployment:", "camunda-forms:deployment:", "deployment:")
JSON, MARKUP = "application/json", "application/xhtml+xml"


class DeployedForm(NamedTuple):
    """The content of a form and its media type."""

    content: bytes
    media_type: str


def deployed_form(connection: Connection, definition: int, shown: Mapping[str, Any]) -> DeployedForm:
    """The form that `shown`, which is what an endpoint tells of it, refers to; seen from a process definition's deployment.

    Raises 400 where no deployed form is named, 404 where it is missing.
    """
    p = schema.process_definition.c
    where = select(p.deployment, p.tenant).where(p.key == definition)
    deployment, tenant = connection.execute(where).one()
    key, reference = shown["key"], shown["camundaFormRef"]
    if key is not None and not key.startswith("embedded:engine:"):
        name = next((key[len(prefix) :] for prefix in _PREFIXES if key.startswith(prefix)), None)
        if name is None:
            raise invalid_request(f"The form key '{key}' does not reference a deployed form.")
    elif reference is not None:
        found = _referenced(connection, reference, deployment, tenant)
        if found is None:
            told = f"key={reference['key']}, binding={reference['binding']}, version={reference['version']}"
            message = f"No Camunda Form Definition was found for Camunda Form Ref: CamundaFormRefImpl [{told}]"
            raise invalid_request(message, 404)
        deployment, name = found
    else:
        message = "One of the attributes 'formKey' and 'camunda:formRef' must be supplied but none were set."
        raise invalid_request(message)
    r = schema.resource.c
    content = connection.execute(select(r.content).where(r.deployment == deployment, r.name == name)).scalar()
    if content is None:
        message = f"The form with the resource name '{name}' cannot be found in deployment with id {deployment}"
        raise invalid_request(message, 404)
    return DeployedForm(bytes(content), JSON if name.endswith(".form") else MARKUP)


def _referenced(
    connection: Connection, reference: Mapping[str, Any], deployment: int, tenant: str | None
) -> tuple[int, str] | None:
    """Deployment and resource of a form by its id, as the reference binds it."""
    f = schema.form_definition.c
    of_tenant = f.tenant.is_(None) if tenant is None else f.tenant == tenant
    statement = (
        select(f.deployment, f.resource_name).where(f.form_id == reference["key"]).order_by(f.version.desc()).limit(1)
    )
    match reference["binding"]:
        case "deployment":
            statement = statement.where(f.deployment == deployment)
        case "version":
            statement = statement.where(f.version == reference["version"], of_tenant)
        case _:
            statement = statement.where(of_tenant)
    row = connection.execute(statement).first()
    return None if row is None else (row.deployment, row.resource_name)
