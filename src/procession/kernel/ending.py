"""How elements and instances end other than by completing: termination of whole subtrees, the end of an instance.

Where workers listen to the cancellation of a user task, it stays until they have answered, and every scope around it that
ends with it; what was to follow waits in the note of the scope in which it all happens (`AFTERWARDS`). `cancelling` goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from procession.kernel import events as e
from procession.kernel.changing import CHANGING, ask, asks_workers
from procession.kernel.records import ASIDE, Element, Life, Phase, Task, Wait
from procession.kernel.stepping import BODY, Step
from procession.kernel.variables import visible
from procession.kernel.waiting import close_attached
from procession.kernel.world import CallEnded, CancelCaller, CorrelationEnded
from procession.values import TypedValue

JOINED = "joined"  # in an element's note: it waits at a join and is counted there


AFTERWARDS = "afterwards"
"""In a scope's note: what follows when elements in it are gone, a list. Each says which it waits for (`gone`, keys), and
what then happens: `event` with what it `brings`, an element that `goesOn`, the scope that `completes` or
looks whether it `ends`, or, at a root, how the
instance is `cancelled`."""


def terminate(
    step: Step,
    key: int,
    reason: str = "deleted",
    task_reason: str | None = None,
    *,
    listeners: bool = True,
    mappings: bool = True,
    tasks_first: bool = False,
) -> bool:
    """Cancels an element and everything inside it, innermost first. False where it stays until listeners have answered.

    Its output mappings are carried out, as Camunda 7 does. `reason` is what called instances are told, `task_reason`
    what history says of its tasks. With `tasks_first` the tasks hear of it before any element ends.
    """
    if step.process.policies.breadth_first:
        return not _terminate_in_breadth(step, [key], reason, task_reason or reason, listeners)
    order = _inside(step, key)
    if tasks_first and listeners:
        _tell_tasks(step, order, task_reason or reason)
    staying: set[int] = set()
    for current in reversed(order):
        element = step.view.need(Element, current)
        if current in staying or (listeners and _asks(step, element)):
            _stay(step, element, reason, task_reason or reason)
            staying.add(current)
            if element.parent is not None:
                staying.add(element.parent)
        else:
            _terminate_one(step, element, reason, task_reason or reason, listeners, mappings)
    return key not in staying


def _terminate_in_breadth(step: Step, keys: Sequence[int], reason: str, task_reason: str, listeners: bool) -> list[int]:
    """Cancels elements in turns, outer ones first; each is gone when all inside it are. Gives those that stay."""
    waiting, outermost = deque(keys), frozenset(keys)
    while waiting:
        element = step.view.get(Element, waiting.popleft())
        if element is None:
            continue
        inside = sorted(step.view.children(element.key), key=lambda child: not child.note.get(ASIDE))
        if element.children or (listeners and _asks(step, element)):
            _stay(step, element, reason, task_reason)
            waiting.extend(child.key for child in inside)
            continue
        for kept in inside:  # what could have been compensated
            terminate_one(step, kept)
        _terminate_one(step, element, reason, task_reason, listeners, False)
        while element.key not in outermost and element.parent is not None:
            element = step.view.need(Element, element.parent)
            if element.children:
                break
            for kept in step.view.children(element.key):
                terminate_one(step, kept)
            terminate_one(step, element)
    return [key for key in keys if step.view.get(Element, key) is not None]


def _inside(step: Step, key: int) -> list[int]:
    """An element and everything inside of it, outer before inner."""
    order, stack = [], [key]
    while stack:
        current = stack.pop()
        order.append(current)
        stack.extend(child.key for child in step.view.children(current))
    return order


def _tell_tasks(step: Step, elements: Iterable[int], reason: str | None) -> None:
    """Tasks hear that they are deleted, in the order in which they were created."""
    from procession.kernel.work import run_task_listeners

    if not step.process.policies.ends_when_cancelled:
        return
    found = [
        (task, x) for key in elements for x in [step.view.need(Element, key)] for task in step.attached(x, Wait.TASK)
    ]
    for task, element in sorted(found, key=itemgetter(0)):
        run_task_listeners(step, element, task, "delete", reason=reason)
        step.told.add(task)


def _asks(step: Step, element: Element) -> bool:
    """True where an element stays until listeners have answered, those of its own cancellation or of others'."""
    if is_terminating(element):
        return True
    waits = bool(element.attached) and element.parent is not None and step.listens
    return waits and bool(step.attached(element, Wait.TASK)) and asks_workers(step, element, "delete")


def is_terminating(element: Element) -> bool:
    """True for what is cancelled and not gone yet."""
    event = element.note.get(CHANGING, {}).get("event")
    return element.life is Life.TERMINATING or (element.life is Life.FAILED and event == "delete")


def _stay(step: Step, element: Element, reason: str, task_reason: str) -> None:
    """An element is cancelled and stays; it waits for nothing any more but its listeners."""
    if is_terminating(element):
        return
    tasks = step.attached(element, Wait.TASK)
    close_attached(step, element, reason, task_reason, but=Wait.TASK)
    element = step.view.need(Element, element.key)
    note = {name: value for name, value in element.note.items() if name != AFTERWARDS}
    if len(note) < len(element.note):
        step.emit(e.ElementNoted(element.key, note))
    step.rest(element.key, element.phase, element.index, Life.TERMINATING)
    for task in tasks:
        ask(step, step.view.need(Element, element.key), step.view.need(Task, task), "delete", {"attributes": {}})


def leave_after(step: Step, scope: int, gone: Sequence[int], follows: Mapping[str, Any]) -> None:
    """Notes at a scope what follows when elements in it are gone; nothing where none has to go."""
    if not gone:
        return
    host = step.view.need(Element, scope)
    waiting = [*host.note.get(AFTERWARDS, ()), {"gone": list(gone), **follows}]
    step.emit(e.ElementNoted(scope, {**host.note, AFTERWARDS: waiting}))


def terminate_children(step: Step, scope: int, reason: str = "deleted", *, but: int | None = None) -> list[int]:
    """Cancels everything inside a scope, or all but one element. Gives the keys of what stays until listeners have answered."""
    stays = []
    children = [child for child in step.view.children(scope) if child.key != but and not child.note.get(ASIDE)]
    if step.process.policies.breadth_first:
        return _terminate_in_breadth(step, [child.key for child in children], reason, "deleted", True)
    for child in children:
        if step.view.get(Element, child.key) is not None:
            # Camunda 7 tells a task why it went only where its activity was alone and no scope of its own
            alone = len(children) == 1 and but is None and not child.children
            alone = alone and not has_scope(step, child)
            told = reason if alone and child.loop_counter is None else "deleted"
            if not terminate(step, child.key, reason, told, tasks_first=alone):
                stays.append(child.key)
    return stays


def has_scope(step: Step, element: Element) -> bool:
    """Whether an activity is a scope of its own in Camunda 7: what is attached to it or mapped for it needs one."""
    if element.node.endswith(BODY):
        return False
    traits = step.node_of(element).traits
    return bool(step.process.boundaries.get(element.node) or traits.inputs or traits.outputs)


def terminate_one(step: Step, element: Element) -> None:
    """What stayed until its listeners had answered goes."""
    _terminate_one(step, element, "deleted", "deleted", False, False)


def _terminate_one(
    step: Step, element: Element, reason: str, task_reason: str, listeners: bool, mappings: bool
) -> None:
    from procession.kernel.work import run_end_listeners

    ended = element.life is Life.COMPLETED  # a scope that is being compensated
    entered = element.phase not in (Phase.BEFORE, Phase.AFTER, Phase.OUT) and not ended
    runs = step.process.policies.ends_when_cancelled
    if entered and runs and not element.node.endswith(BODY) and not step.is_root(element):
        if listeners:
            run_end_listeners(step, element)
        if mappings:
            for assignment in step.node_of(element).traits.outputs:
                step.map(element, assignment)
    if element.loop_counter is not None and element.parent is not None:
        loop = step.node_of(element).traits.loop
        for called in step.attached(element, Wait.CALLED) if loop is not None and loop.sequential else []:
            step.emit(e.CalledInstanceLinked(element.parent, called))  # Camunda 7 has one execution for turn and body
    close_attached(step, step.view.need(Element, element.key), reason, task_reason, listeners=listeners)
    step.drop_variables(element.key)
    element = step.view.need(Element, element.key)
    if element.note.get(JOINED) and element.parent is not None:
        step.emit(e.TokenArrived(element.parent, element.node, -1))
    if entered:
        step.emit(e.ElementTerminated(element.key))
    step.emit(e.ElementRemoved(element.key))


def end_instance(step: Step, root: Element, state: str, reason: str | None = None, *, listeners: bool = True) -> None:
    """The instance is over: nothing is left inside it."""
    instance = step.instance_of(root)
    if listeners and step.process.listeners:
        from procession.kernel.work import run_process_listeners

        run_process_listeners(step, root, "end")
    variables = {
        name: TypedValue(v.type, v.value, v.info) for name, v in visible(step.view, root.key).items()
    } if instance.caller is not None else {}  # fmt: skip
    if step.process.has_compensation:
        for kept in step.view.children(root.key):
            terminate(step, kept.key, listeners=False, mappings=False)  # what could have been compensated
    close_attached(step, root, reason or "deleted")
    step.drop_variables(root.key)
    if state == "COMPLETED":
        step.emit(e.ElementCompleted(root.key, scope_completed=True, removed=True))
    else:
        step.emit(e.ElementTerminated(root.key))
        step.emit(e.ElementRemoved(root.key))
    step.emit(e.InstanceEnded(instance.key, state, reason))
    if instance.correlation_key is not None:
        step.request(CorrelationEnded(instance.process_id, instance.correlation_key, instance.tenant))
    if instance.caller is not None and state == "COMPLETED":
        step.request(CallEnded(instance.caller, instance.key, variables))


def cancel_instance(
    step: Step,
    root: Element,
    reason: str | None,
    *,
    listeners: bool = True,
    mappings: bool = True,
    tell_caller: bool = True,
    inside: bool = False,
) -> None:
    """Ends an instance from outside; `inside` where the model's own call activity did it."""
    instance = step.instance_of(root)
    step.outside = None if inside else (reason,)
    told = "deleted" if inside else reason  # what history says of its tasks
    if tell_caller and listeners:
        _tell_tasks(step, _inside(step, root.key), told)  # all of them before the first activity ends, as in Camunda 7
    if step.process.policies.breadth_first:
        _stay(step, root, reason or "deleted", told or "deleted")
        keys = [child.key for child in step.view.children(root.key)]
        _terminate_in_breadth(step, keys, reason or "deleted", told or "deleted", listeners)
    stay = [
        child.key
        for child in step.view.children(root.key)
        if not terminate(step, child.key, reason or "deleted", told, listeners=listeners, mappings=mappings)
    ]
    root = step.view.need(Element, root.key)
    state = "INTERNALLY_TERMINATED" if inside else "EXTERNALLY_TERMINATED"
    if stay:
        leave_after(step, root.key, stay, {"cancelled": {"state": state, "reason": reason}})
    else:
        end_instance(step, root, state, reason, listeners=listeners)
    if tell_caller and instance.caller is not None:
        step.request(CancelCaller(instance.caller, reason))
