"""`/incidents`: searched, resolved."""

from __future__ import annotations

from sqlalchemy import literal, select, union_all

from procession.camunda8.entities.data import INCIDENTS
from procession.camunda8.exchange import NOTHING, Answer, Call, Steps, route
from procession.camunda8.problems import command_rejected
from procession.camunda8.searching import get, search
from procession.errors import Conflict, Missing
from procession.kernel import commands as c
from procession.storage import schema


@route("POST", "/incidents/search")
def search_incidents(call: Call) -> Answer:
    """Incidents that meet a filter."""
    return Answer(search(call, INCIDENTS))


@route("GET", "/incidents/{incidentKey}")
def get_incident(call: Call) -> Answer:
    """One incident."""
    return Answer(get(call, INCIDENTS, call.key("incidentKey")))


@route("POST", "/process-instances/{processInstanceKey}/incidents/search")
def of_instance(call: Call) -> Answer:
    """The incidents of an instance and of what it called."""
    key = call.key("processInstanceKey")
    history = schema.history_instance
    called = union_all(select(literal(key)), select(history.c.key).where(history.c.root == key))
    return Answer(search(call, INCIDENTS, schema.history_incident.c.instance.in_(called)))


@route("POST", "/element-instances/{elementInstanceKey}/incidents/search")
def of_element(call: Call) -> Answer:
    """The incidents of an element instance."""
    return Answer(search(call, INCIDENTS, schema.history_incident.c.element == call.key("elementInstanceKey")))


@route("POST", "/incidents/{incidentKey}/resolution")
def resolve(call: Call) -> Steps:
    """What stopped goes on; where it stops again there is a new incident."""
    key = call.key("incidentKey")
    try:
        yield c.ResolveIncident(key)
    except Missing:
        raise command_rejected(
            "RESOLVE", "NOT_FOUND", f"Expected to resolve incident with key '{key}', but no such incident was found"
        ) from None
    except Conflict as error:
        # a job without retries: Camunda 8 says that there is none to go on with
        raise command_rejected(
            "RESOLVE", "NOT_FOUND", f"Expected to resolve incident with key '{key}', but {error.message}"
        ) from None
    return NOTHING
