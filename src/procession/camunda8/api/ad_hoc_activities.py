"""`/element-instances/ad-hoc-activities`: elements of an ad-hoc sub-process begun from outside."""

from __future__ import annotations

from procession.camunda8.exchange import NOTHING, Call, Steps, flag_member, route
from procession.camunda8.jobs import elements_of
from procession.camunda8.problems import command_rejected, invalid
from procession.errors import Conflict, Invalid, Missing, Suspended
from procession.kernel import commands as c


@route("POST", "/element-instances/ad-hoc-activities/{adHocSubProcessInstanceKey}/activation")
def activate(call: Call) -> Steps:
    """Begins elements, each with variables of its own; what is active may be cancelled."""
    key = call.key("adHocSubProcessInstanceKey")
    elements = elements_of(call.body, "elements")
    if not elements:
        raise invalid("No elements provided.")
    try:
        yield c.ActivateAdHoc(key, elements, flag_member(call.body, "cancelRemainingInstances", False))
    except Missing as error:
        raise command_rejected("ACTIVATE", "NOT_FOUND", error.message) from None
    except (Conflict, Suspended) as error:
        raise command_rejected("ACTIVATE", "INVALID_STATE", error.message) from None
    except Invalid as error:
        raise command_rejected("ACTIVATE", "INVALID_ARGUMENT", error.message) from None
    return NOTHING
