"""Commands on human tasks. What ends one that belongs to a process goes on with its element."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from procession.errors import Conflict, ExecutionFailed, Invalid, Missing
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.changing import apply_change, ask, asks_workers, require_calm
from procession.kernel.handling.instances import require_active
from procession.kernel.records import Element, IdentityLink, Phase, Task
from procession.kernel.results import take_results
from procession.kernel.stepping import Continue, Step
from procession.kernel.throwing import throw_escalation
from procession.kernel.variables import set_variables
from procession.kernel.waiting import end_task
from procession.kernel.work import run_task_listeners

_CONFIRM: Final = Phase.CONFIRM


def create(step: Step, command: c.CreateTask) -> int:
    """Gives the key of the new task."""
    key = step.world.new_key()
    task = Task(key=key, instance=None, element=None, definition=None, node=None, created=step.world.now)
    step.emit(e.TaskCreated(replace(task, **command.attributes)))
    return key


def change(step: Step, command: c.ChangeTask) -> None:
    task = _task(step, command.task)
    element = None if task.element is None else step.view.get(Element, task.element)
    if command.asks is None or element is None:
        _change(step, task, command.operation, command.attributes)
        return
    require_active(step, task.instance, f"Task '{task.key}'")
    require_calm(step, task)
    if asks_workers(step, element, command.asks):
        change = {"attributes": dict(command.attributes), "operation": command.operation, "action": command.action}
        ask(step, element, task, command.asks, change)
    else:
        apply_change(step, task, command.operation, command.attributes)


def claim(step: Step, command: c.ClaimTask) -> None:
    task = _task(step, command.task)
    if command.user is None:
        _change(step, task, "Assign", {"assignee": None})
    elif task.assignee is not None and task.assignee != command.user:
        raise ExecutionFailed(f"Task '{task.key}' is already claimed by someone else.", task=task.key)
    elif task.assignee is None:
        _change(step, task, "Claim", {"assignee": command.user})


def delegate(step: Step, command: c.DelegateTask) -> None:
    task = _task(step, command.task)
    attributes: dict[str, Any] = {"delegation": "PENDING", "assignee": command.user}
    if task.owner is None:
        attributes["owner"] = task.assignee
    _change(step, task, "Delegate", attributes)


def resolve(step: Step, command: c.ResolveTask) -> None:
    task = _task(step, command.task)
    set_variables(step, task.key, command.variables)
    task = step.view.need(Task, task.key)
    _change(step, task, "Resolve", {"delegation": "RESOLVED", "assignee": task.owner})


def complete(step: Step, command: c.CompleteTask) -> None:
    task = _task(step, command.task)
    require_active(step, task.instance, f"Task '{task.key}'")
    element = None if task.element is None else step.view.need(Element, task.element)
    if element is not None and element.phase is _CONFIRM:
        raise Conflict(f"Task '{task.key}' is being completed already: its listeners have not all answered")
    if element is not None and asks_workers(step, element, "complete"):
        ask(step, element, task, "complete", {"variables": dict(command.variables), "action": command.action})
        return
    take_results(step, task.key, command.variables)
    set_variables(step, task.key, command.local_variables, local=True)
    if task.element is None:
        end_task(step, step.view.need(Task, task.key), "completed")
        return
    step.push(Continue(task.element, _CONFIRM))


def delete(step: Step, command: c.DeleteTask) -> None:
    task = _task(step, command.task)
    if task.element is not None:
        raise ExecutionFailed("The task cannot be deleted because is part of a running process")
    end_task(step, task, "deleted")


def link(step: Step, command: c.LinkIdentity) -> None:
    """Links with the types assignee and owner are the task's own attributes."""
    task = _task(step, command.task)
    if (command.user is None) == (command.group is None):
        raise Invalid("Identity Link requires userId or groupId, but not both.")
    require_active(step, task.instance, f"Task '{task.key}'")
    if command.type in ("assignee", "owner"):
        if command.group is not None:
            raise Invalid(f"Incompatible usage: cannot use type '{command.type}' together with a groupId")
        operation = "Assign" if command.type == "assignee" else "SetOwner"
        _change(step, task, operation, {command.type: None if command.remove else command.user})
        return
    found = [
        x for x in step.view.links(task.key) if (x.type, x.user, x.group) == (command.type, command.user, command.group)
    ]
    if command.remove:
        for existing in found:
            step.emit(e.LinkRemoved(existing))
    elif not found:
        new = IdentityLink(step.world.new_key(), task.key, command.type, command.user, command.group, task.tenant)
        step.emit(e.LinkAdded(new))


def escalate(step: Step, command: c.ThrowEscalation) -> None:
    """An escalation that nobody catches is an error of the caller's; the task stays unless its scope is interrupted."""
    task = _task(step, command.task)
    if task.element is None:
        raise Invalid(f"The task '{task.key}' belongs to no process: it cannot throw an escalation")
    require_active(step, task.instance, f"Task '{task.key}'")
    set_variables(step, task.key, command.variables)
    demand = (
        f"ENGINE-02043 Execution with id '{task.node}' throws an escalation event with escalationCode "
        f"'{command.code}', but no escalation handler was defined. "
    )
    throw_escalation(step, task.element, command.code, demand=demand)


def _task(step: Step, key: int) -> Task:
    task = step.view.get(Task, key)
    if task is None:
        raise Missing(f"Cannot find task with id {key}: task is null", task=key)
    return task


def _change(step: Step, task: Task, operation: str, attributes: Mapping[str, Any]) -> None:
    require_active(step, task.instance, f"Task '{task.key}'")
    changes = {name: (getattr(task, name), value) for name, value in attributes.items() if getattr(task, name) != value}
    changed = replace(task, **attributes, updated=step.world.now, state="Updated")
    step.emit(e.TaskChanged(changed, operation, changes))
    element = None if task.element is None else step.view.get(Element, task.element)
    if element is not None and changes:
        run_task_listeners(step, element, task.key, "update")
        if "assignee" in changes:
            run_task_listeners(step, element, task.key, "assignment")
