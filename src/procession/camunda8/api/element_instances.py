"""`/element-instances`: searched, read."""

from __future__ import annotations

from procession.camunda8.entities.instances import ELEMENTS
from procession.camunda8.exchange import Answer, Call, route
from procession.camunda8.searching import get, search


@route("POST", "/element-instances/search")
def search_elements(call: Call) -> Answer:
    """Element instances that meet a filter."""
    return Answer(search(call, ELEMENTS))


@route("GET", "/element-instances/{elementInstanceKey}")
def get_element(call: Call) -> Answer:
    """One element instance."""
    return Answer(get(call, ELEMENTS, call.key("elementInstanceKey")))
