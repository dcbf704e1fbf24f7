"""Changes of a user task that workers are asked about first: its creation, assignment, update, completion, cancellation.

What is asked for waits in the element's note while the listeners' jobs are done one after the other (phase CONFIRM). A job
may correct the task or, but for its creation and cancellation, deny the change: then the task is as it was. Listeners that
are no jobs run at once, in `work`; this file knows nothing of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from procession.bpmn.model import ExternalWork
from procession.errors import Conflict
from procession.kernel import events as e
from procession.kernel.records import Element, IdentityLink, Phase, Task, Wait
from procession.kernel.results import take_results
from procession.kernel.stepping import Continue, Step
from procession.kernel.variables import set_variables

CHANGING = "changing"
"""In a task element's note: what is asked for. `event`, `attributes` (fields of the task, candidates), `names` of those that
listeners corrected, `variables` of a completion, `own` variables of the task's element that are to be `set`, `action` and
`operation` as they were asked by."""
DENIED = "denied"
"""In a task element's note: the `event` that was denied last, and the `reason`."""
CANDIDATES = {"candidate_users": "user", "candidate_groups": "group"}
_STATES = {
    "create": "Creating",
    "assignment": "Assigning",
    "update": "Updating",
    "complete": "Completing",
    "delete": "Canceling",
}
TASK_EVENTS = frozenset(_STATES)
"""The events of a user task that workers may be asked about."""
DENIABLE = frozenset({"assignment", "update", "complete"})
"""The events whose change a listener may deny."""


def asks_workers(step: Step, element: Element, event: str) -> bool:
    """True where a listener for the event is a job."""
    listeners = step.node_of(element).traits.listeners
    return bool(listeners) and any(x.event == event and isinstance(x.work, ExternalWork) for x in listeners)


def ask(step: Step, element: Element, task: Task, event: str, change: Mapping[str, Any]) -> None:
    """Begins to ask the listeners about a change."""
    note = {name: value for name, value in element.note.items() if name != DENIED}
    step.emit(e.ElementNoted(element.key, {**note, CHANGING: {"event": event, **change}}))
    if task.state != _STATES[event]:
        step.emit(e.TaskChanged(replace(task, state=_STATES[event]), "Update", {}))
    step.push(Continue(element.key, Phase.CONFIRM))


def require_calm(step: Step, task: Task) -> None:
    """Raises Conflict where a change of the task is being asked about."""
    element = None if task.element is None else step.view.get(Element, task.element)
    if element is not None and element.phase is Phase.CONFIRM:
        raise Conflict(
            f"Task '{task.key}' is being changed already: its listeners have not all answered", task=task.key
        )


def correct(step: Step, element: Element, corrections: Mapping[str, Any]) -> None:
    """A listener corrects the task that it was asked about."""
    change = element.note.get(CHANGING)
    if not corrections or change is None:
        return
    attributes = {**change.get("attributes", {}), **corrections}
    names = list(dict.fromkeys([*change.get("names", ()), *corrections]))
    step.emit(
        e.ElementNoted(element.key, {**element.note, CHANGING: {**change, "attributes": attributes, "names": names}})
    )


def deny(step: Step, element: Element, reason: str | None) -> None:
    """A listener denies the change: the task waits as it was."""
    change = element.note.get(CHANGING, {})
    note = {name: value for name, value in element.note.items() if name != CHANGING}
    event = change.get("event", "complete")
    step.emit(e.ElementNoted(element.key, {**note, DENIED: {"event": event, "reason": reason}}))
    for key in step.attached(element, Wait.TASK):
        task = step.view.need(Task, key)
        if task.state in _STATES.values():
            step.emit(e.TaskChanged(replace(task, state="Updated"), "Update", {}))
    step.rest(element.key, Phase.EXECUTE)


def agreed(step: Step, element: Element) -> str:
    """All listeners have agreed: what was asked for happens. Gives the event; after a creation the assignment is asked about."""
    change = element.note.get(CHANGING)
    if change is None:
        return "complete"
    event: str = change["event"]
    note = {name: value for name, value in element.note.items() if name != CHANGING}
    step.emit(e.ElementNoted(element.key, note))
    keys = step.attached(element, Wait.TASK)
    for key in keys:
        apply_change(step, step.view.need(Task, key), change.get("operation", "Update"), change.get("attributes", {}))
    if event == "complete":
        take_results(step, element.key, change.get("variables", {}))
    if event in ("complete", "delete"):
        return event
    if "own" in change:
        set_variables(step, element.key, change["own"]["set"], local=change["own"]["local"])
    step.rest(element.key, Phase.EXECUTE)
    assignee = change.get("assignee")
    if event == "create" and assignee is not None and keys:
        assign(step, step.view.need(Element, element.key), step.view.need(Task, keys[0]), assignee)
    return event


def assign(step: Step, element: Element, task: Task, assignee: str) -> None:
    """The assignment that a new task begins with."""
    attributes = {"assignee": assignee}
    if asks_workers(step, element, "assignment"):
        ask(step, element, task, "assignment", {"attributes": attributes, "operation": "Assign"})
    else:
        apply_change(step, task, "Assign", attributes)


def apply_change(step: Step, task: Task, operation: str, attributes: Mapping[str, Any]) -> None:
    """Changes fields and candidates of a task."""
    fields = {name: value for name, value in attributes.items() if name not in CANDIDATES}
    changes = {name: (getattr(task, name), value) for name, value in fields.items() if getattr(task, name) != value}
    changed = replace(task, **fields, updated=step.world.now, state="Updated")
    step.emit(e.TaskChanged(changed, operation, changes))
    for name, kind in CANDIDATES.items():
        if name in attributes:
            _set_candidates(step, task, kind, attributes[name])


def _set_candidates(step: Step, task: Task, kind: str, wanted: Sequence[str]) -> None:
    held: dict[str, IdentityLink] = {}
    for link in step.view.links(task.key):
        name = link.user if kind == "user" else link.group
        if link.type == "candidate" and name is not None:
            held[name] = link
    for name, link in held.items():
        if name not in wanted:
            step.emit(e.LinkRemoved(link))
    for name in wanted:
        if name not in held:
            user, group = (name, None) if kind == "user" else (None, name)
            step.emit(e.LinkAdded(IdentityLink(step.world.new_key(), task.key, "candidate", user, group, task.tenant)))
