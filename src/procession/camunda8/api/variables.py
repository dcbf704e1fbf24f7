"""`/variables`: searched, read; `/element-instances/…/variables`: set."""

from __future__ import annotations

from procession.camunda8.api.user_tasks import agreed
from procession.camunda8.entities.data import VARIABLES, show_variable
from procession.camunda8.exchange import NOTHING, Answer, Call, Steps, flag_member, object_member, route
from procession.camunda8.problems import command_rejected
from procession.camunda8.searching import find, search
from procession.camunda8.values import read_variables
from procession.errors import Conflict, Missing
from procession.kernel import commands as c


@route("POST", "/variables/search")
def search_variables(call: Call) -> Answer:
    """Variables that meet a filter."""
    return Answer(search(call, VARIABLES))


@route("GET", "/variables/{variableKey}")
def get_variable(call: Call) -> Answer:
    """One variable, its value whole."""
    return Answer(show_variable(find(call, VARIABLES, call.key("variableKey")), whole=True))


@route("PUT", "/element-instances/{elementInstanceKey}/variables")
def set_variables(call: Call) -> Steps:
    """Sets variables from an element outwards, or with `local` in it alone."""
    key = call.key("elementInstanceKey")
    variables = read_variables(object_member(call.body, "variables"))
    try:
        task: int | None = yield c.SetVariables(key, variables, local=flag_member(call.body, "local"))
    except Conflict as error:
        told = f"Expected to update variables for element with key '{key}', but {error.message}"
        raise command_rejected("UPDATE", "INVALID_STATE", told) from None
    except Missing:
        raise command_rejected(
            "UPDATE",
            "NOT_FOUND",
            f"Expected to update variables for element with key '{key}', but no such element was found",
        ) from None
    return NOTHING if task is None else (yield from agreed(call, task, "UPDATE"))
