"""Instructions to start and cancel inside of instances, read from a request: of a modification, a start or a restart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from procession.camunda7.exchange import flag_member, text_member
from procession.camunda7.problems import Answered, invalid_request
from procession.camunda7.values import read_variables
from procession.kernel.commands import CancelAt, StartAt, Values
from procession.storage.queries.language import as_key
from procession.values import TypedValue

Instruction = StartAt | CancelAt
CANNOT = "Cannot perform instruction: "
NOBODY = 0
# type -> where it starts, the member that names it, and how Camunda calls it
_STARTS = {
    "startBeforeActivity": ("before", "activityId", "Start before activity"),
    "startAfterActivity": ("after", "activityId", "Start after activity"),
    "startTransition": ("flow", "transitionId", "Start transition"),
}
_ONE_OF_THREE = (
    "For instruction type 'cancel': exactly one, 'activityId', 'activityInstanceId', or 'transitionInstanceId', is "
    "required"
)


def read_instructions(
    document: Any, prefix: str = "", *, starts_only: bool = False, many: bool = False
) -> tuple[Instruction, ...]:
    """The instructions of a list; None is none. `prefix` comes before what is wrong with one of them.

    With `starts_only` those that cancel are left out, as Camunda does where there is nothing to cancel yet. With `many`
    they are for several instances, and name nothing that one of them alone has.
    """
    if document is None:
        return ()
    if not isinstance(document, list):
        raise invalid_request("Cannot read the JSON of the request: the instructions must be a list")
    found: list[Instruction] = []
    for item in document:
        kind = text_member(item, "type") if isinstance(item, dict) else None
        if kind == "cancel":
            if not starts_only:
                if many and text_member(item, "activityId") is None:
                    raise invalid_request(f"{prefix}For instruction type 'cancel': 'activityId' must be set")
                found.append(_cancel(item, prefix))
        elif kind in _STARTS:
            found.append(_start(item, kind, prefix))
        else:
            raise invalid_request("Cannot read the JSON of the request: an instruction has no 'type' that is known")
    return tuple(found)


def _start(item: Mapping[str, Any], kind: str, prefix: str) -> StartAt:
    where, member, called = _STARTS[kind]
    node = text_member(item, member)
    if node is None:
        raise invalid_request(f"{prefix}For instruction type '{kind}': '{member}' must be set")
    ancestor = text_member(item, "ancestorActivityInstanceId")
    label = f"{CANNOT}{called} '{node}'"
    if ancestor is not None:
        label += f" with ancestor activity instance '{ancestor}'"
    outer, local = _variables(item.get("variables"), prefix)
    key = None if ancestor is None else (instance_key(ancestor), ancestor)
    return StartAt(node, where, key, outer, local, label)


def _variables(document: Any, prefix: str) -> tuple[Values, Values]:
    values = read_variables(document, prefix)
    locals_ = {
        name for name in values if isinstance(document[name], dict) and flag_member(document[name], "local")
    }  # fmt: skip
    outer: dict[str, TypedValue] = {name: value for name, value in values.items() if name not in locals_}
    return outer, {name: value for name, value in values.items() if name in locals_}


def _cancel(item: Mapping[str, Any], prefix: str) -> CancelAt:
    node, instance = text_member(item, "activityId"), text_member(item, "activityInstanceId")
    transition = text_member(item, "transitionInstanceId")
    if sum(x is not None for x in (node, instance, transition)) != 1:
        raise invalid_request(prefix + _ONE_OF_THREE)
    if instance is not None:
        label = f"{CANNOT}Cancel activity instance '{instance}'"
        return CancelAt(element=instance_key(instance), name=instance, label=label)
    if transition is not None:
        label = f"{CANNOT}Cancel transition instance '{transition}'"
        return CancelAt(transition=instance_key(transition), name=transition, label=label)
    return CancelAt(node)


def instance_key(id_: str) -> int:
    """The key in the id of an activity or transition instance: what is behind the last colon."""
    return as_key(id_.rpartition(":")[2]) or NOBODY


def not_valid(error: Exception) -> Answered:
    """How Camunda refuses an instruction that does not fit the instance."""
    return Answered(400, "NotValidException", str(error), 0)
