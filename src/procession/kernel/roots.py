"""How an instance as a whole begins and ends where workers listen: its root rests at START or END until they have answered.

Listeners that are no jobs run at once (`work.run_process_listeners`). This file knows no node of the model but the start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from procession.bpmn.model import ExternalWork, Listener
from procession.kernel import events as e
from procession.kernel.catching import event_starts
from procession.kernel.commands import StartAt, Values
from procession.kernel.ending import end_instance
from procession.kernel.records import Element, Job, Life, Phase, Wait
from procession.kernel.stepping import Continue, Step
from procession.kernel.variables import set_variables
from procession.kernel.waiting import SCOPE_TIMER, open_waits
from procession.kernel.work import run_listener, run_process_listeners

BEGINS = "begins"
"""In a root's note: what is to begin when the start listeners have answered. `node`, `variables` of that node's own, and
`instructions` where it does not begin at its start event."""


def listeners_of(step: Step, event: str) -> list[Listener]:
    """The listeners of the process for an event that are jobs of workers."""
    listeners = step.process.listeners
    return [x for x in listeners if x.event == event and isinstance(x.work, ExternalWork)] if listeners else []


def beginning(node: str, variables: Values, instructions: Sequence[StartAt]) -> dict[str, Any]:
    """The note of a root that waits for its start listeners."""
    told = [{"node": x.node, "where": x.where, "label": x.label} for x in instructions]
    return {BEGINS: {"node": node, "variables": dict(variables), "instructions": told}}


def begin(step: Step, root: Element, node: str, variables: Values, instructions: Sequence[StartAt]) -> None:
    """An instance begins: it waits for what its event sub-processes wait for, and a token stands at its start."""
    open_waits(step, root, event_starts(step, root), SCOPE_TIMER)
    run_process_listeners(step, root, "start")
    if instructions:
        from procession.kernel.handling.modification import start_at

        start_at(step, root.key, instructions)
        return
    (begun,) = step.create([(node, None)], root.key)
    set_variables(step, begun, variables, local=True)


def advance_root(step: Step, root: Element, item: Continue) -> None:
    """Goes on with the listeners of the process, and with what comes after the last of them."""
    event = "start" if item.phase is Phase.START else "end"
    listeners = listeners_of(step, event)
    if item.index < len(listeners):
        if run_listener(step, root, listeners[item.index]):
            step.push(Continue(root.key, item.phase, item.index + 1))
        else:
            step.rest(root.key, item.phase, item.index)
    elif item.phase is Phase.END:
        end_instance(step, root, "COMPLETED")
    else:
        begins: Mapping[str, Any] = root.note[BEGINS]
        step.emit(e.ElementNoted(root.key, {name: value for name, value in root.note.items() if name != BEGINS}))
        step.rest(root.key, Phase.EXECUTE, 0, Life.ACTIVE)
        instructions = [StartAt(**told) for told in begins["instructions"]]
        begin(step, step.view.need(Element, root.key), begins["node"], begins["variables"], instructions)


def finish(step: Step, root: Element, *, listeners: bool = True) -> None:
    """Nothing is left in an instance: it ends, or its end listeners are asked first. Nothing can happen to it meanwhile."""
    if not (listeners and step.listens and listeners_of(step, "end")):
        end_instance(step, root, "COMPLETED", listeners=listeners)
        return
    for kind, key in root.attached:
        if kind is Wait.JOB:
            step.emit(e.JobEnded(step.view.need(Job, key), "deleted"))
        elif kind is Wait.SUBSCRIPTION:
            step.emit(e.SubscriptionClosed(key))
    step.rest(root.key, Phase.END, 0, Life.COMPLETING)
    step.push(Continue(root.key, Phase.END))
