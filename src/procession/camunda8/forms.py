"""Which form a user task or a start event shows, and what is told of it."""

from __future__ import annotations

from typing import Any

from procession.bpmn.model import Binding, Form, StartEvent, UserTask
from procession.camunda8.exchange import shown_tenant
from procession.engine.engine import Engine
from procession.expressions import MappingScope
from procession.storage import repository
from procession.storage.repository import FormDefinition, ProcessDefinition
from procession.storage.transaction import Transaction


def start_form(engine: Engine, transaction: Transaction, definition: ProcessDefinition) -> FormDefinition | None:
    """The form that a process is started by."""
    process = engine.definitions.process(definition.key, transaction)
    node = None if process.initial is None else process.nodes[process.initial]
    form = node.form if isinstance(node, StartEvent) else None
    return _bound(transaction, definition, form, None)


def task_form(
    engine: Engine, transaction: Transaction, definition: int, node: str, id_: str | None
) -> FormDefinition | None:
    """The form of a user task; `id_` is the form's id as it was evaluated."""
    row = engine.definitions.definition(definition, transaction)
    found = engine.definitions.process(definition, transaction).nodes.get(node)
    return _bound(transaction, row, found.form if isinstance(found, UserTask) else None, id_)


def _bound(
    transaction: Transaction, definition: ProcessDefinition, form: Form | None, id_: str | None
) -> FormDefinition | None:
    if form is None or form.reference is None:
        return None
    reference, driver = form.reference, transaction.driver
    name = id_ or str(reference.key.evaluate(MappingScope({})))
    match reference.binding:
        case Binding.DEPLOYMENT:
            rows = repository.in_deployment(driver, FormDefinition, definition.deployment)
            return next((row for row in rows if row.form_id == name), None)
        case Binding.VERSION_TAG:
            tag = "" if reference.version is None else str(reference.version.evaluate(MappingScope({})))
            tagged = repository.tagged(driver, FormDefinition, name, tag, definition.tenant)
            return max(tagged, key=lambda row: row.version, default=None)
        case _:
            return repository.latest(driver, FormDefinition, name, definition.tenant)


def show_form(transaction: Transaction, form: FormDefinition) -> dict[str, Any]:
    """A form with its schema."""
    data = repository.resource(transaction.driver, form.deployment, form.resource_name) or b""
    return {
        "tenantId": shown_tenant(form.tenant),
        "formId": form.form_id,
        "schema": data.decode("utf-8", "replace"),
        "version": form.version,
        "formKey": str(form.key),
    }
