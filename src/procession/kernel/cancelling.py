"""What goes on when something is gone that stayed after its cancellation: the scopes around it go, then what was to follow.

This file does not know why anything was cancelled; `ending` noted what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from procession.bpmn.model import BoundaryEvent, StartEvent
from procession.kernel import events as e
from procession.kernel.catching import happen
from procession.kernel.ending import AFTERWARDS, cancel_instance, end_instance, is_terminating, terminate_one
from procession.kernel.records import Element, Life
from procession.kernel.stepping import ChildEnded, Continue, Step


def gone(step: Step, element: Element) -> None:
    """An element that stayed goes, and with it every scope around it that stayed for nothing but it."""
    while element.parent is not None:
        terminate_one(step, element)
        scope = step.view.need(Element, element.parent)
        noted: list[Mapping[str, Any]] = scope.note.get(AFTERWARDS, [])
        left = [{**entry, "gone": [key for key in entry["gone"] if key != element.key]} for entry in noted]
        waiting = [entry for entry in left if entry["gone"]]
        if noted:
            note = {name: value for name, value in scope.note.items() if name != AFTERWARDS}
            step.emit(e.ElementNoted(scope.key, {**note, AFTERWARDS: waiting} if waiting else note))
        for entry in left:
            if not entry["gone"]:
                _follow(step, scope.key, entry)
        if noted or scope.children:
            return
        if not is_terminating(scope) and scope.parent is None:
            cancel_instance(step, scope, None)
            return
        element = scope


def _follow(step: Step, scope: int, entry: Mapping[str, Any]) -> None:
    found = step.view.need(Element, scope)
    if "event" in entry:
        catcher = step.process.nodes[entry["event"]]
        assert isinstance(catcher, BoundaryEvent | StartEvent)
        happen(step, scope, catcher, entry["brings"])
    elif "goesOn" in entry:
        waits = step.view.get(Element, entry["goesOn"])
        if waits is not None:
            step.push(Continue(waits.key, waits.phase, waits.index))
    elif "ends" in entry:
        step.push(ChildEnded(scope))
    elif "completes" in entry:
        if found.life is Life.ACTIVE:
            step.complete(scope)
    else:
        ended = entry["cancelled"]
        end_instance(step, found, ended["state"], ended["reason"])
