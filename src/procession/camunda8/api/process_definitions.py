"""`/process-definitions`: searched, read, their XML, start form and statistics."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from procession.camunda8.entities.definitions import PROCESSES
from procession.camunda8.entities.instances import ELEMENTS, INSTANCES, element_statistics
from procession.camunda8.exchange import NOTHING, Answer, Call, object_member, route
from procession.camunda8.forms import show_form, start_form
from procession.camunda8.searching import Condition, asking_of, conditions_of, find, get, reading, search
from procession.storage import repository, schema


@route("POST", "/process-definitions/search")
def search_definitions(call: Call) -> Answer:
    """Process definitions that meet a filter."""
    return Answer(search(call, PROCESSES))


@route("GET", "/process-definitions/{processDefinitionKey}")
def get_definition(call: Call) -> Answer:
    """One process definition."""
    return Answer(get(call, PROCESSES, call.key("processDefinitionKey")))


@route("GET", "/process-definitions/{processDefinitionKey}/xml")
def get_xml(call: Call) -> Answer:
    """Its BPMN."""
    row = find(call, PROCESSES, call.key("processDefinitionKey"))
    with call.engine.storage.view() as transaction:
        data = repository.resource(transaction.driver, row["deployment"], row["resource_name"])
    return NOTHING if data is None else Answer(data, media_type="text/xml")


@route("GET", "/process-definitions/{processDefinitionKey}/form")
def get_form(call: Call) -> Answer:
    """The form that it is started by; nothing where it has none."""
    key = call.key("processDefinitionKey")
    find(call, PROCESSES, key)
    with call.engine.storage.view() as transaction:
        row = call.engine.definitions.definition(key, transaction)
        form = start_form(call.engine, transaction, row)
        return NOTHING if form is None else Answer(show_form(transaction, form))


@route("POST", "/process-definitions/{processDefinitionKey}/statistics/element-instances")
def definition_statistics(call: Call) -> Answer:
    """How many element instances there are at each element, over the instances that meet a filter."""
    key = call.key("processDefinitionKey")
    history = schema.history_instance
    with reading(call) as connection:
        asking = asking_of(call, connection)
        met = [history.c.definition == key, *conditions_of(INSTANCES, object_member(call.body, "filter"), asking)]
        chosen = select(history.c.key).select_from(INSTANCES.source).where(*met)
        return Answer({"items": _counted(connection, schema.history_activity.c.instance.in_(chosen))})


@route("GET", "/process-instances/{processInstanceKey}/statistics/element-instances")
def instance_statistics(call: Call) -> Answer:
    """How many element instances an instance has at each element."""
    key = call.key("processInstanceKey")
    get(call, INSTANCES, key)
    with reading(call) as connection:
        return Answer({"items": _counted(connection, schema.history_activity.c.instance == key)})


def _counted(connection: Any, met: Condition) -> list[dict[str, Any]]:
    node, state, incident = (ELEMENTS.columns[name] for name in ("node", "state", "incident"))
    inner = select(node.label("node"), state.label("state"), incident.label("incident")).where(met).subquery()
    statement = select(
        inner.c.node, inner.c.state, func.count(inner.c.incident).label("incidents"), func.count().label("count")
    ).group_by(inner.c.node, inner.c.state)
    return element_statistics([dict(row) for row in connection.execute(statement).mappings()])
