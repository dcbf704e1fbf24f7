"""Commands on whole instances and on their variables."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from procession.bpmn.model import StartEvent
from procession.errors import Invalid, Missing, Suspended
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.changing import ask, asks_workers, require_calm
from procession.kernel.ending import cancel_instance, is_terminating, terminate
from procession.kernel.handling.modification import first_node
from procession.kernel.records import Element, External, Instance, Job, Life, Phase, Task, Wait
from procession.kernel.roots import begin, beginning, listeners_of
from procession.kernel.stepping import BODY, ChildEnded, Continue, Step
from procession.kernel.variables import remove_variables, set_variable, set_variables, typed
from procession.kernel.work import run_task_listeners

_ACTIVE: Final = Life.ACTIVE
_EXECUTE: Final = Phase.EXECUTE


def start(step: Step, command: c.StartInstance) -> int:
    """Gives the instance's key."""
    process = step.process
    node_id = first_node(step, command.instructions) or command.node or process.initial
    node = None if node_id is None else process.nodes.get(node_id.removesuffix(BODY))
    if node_id is None or node is None or not (command.instructions or isinstance(node, StartEvent)):
        raise Invalid(
            f"The process '{process.id}' has no start event to begin with; it starts by message or signal only"
        )
    key = step.world.new_key()
    instance = Instance(
        key=key,
        definition=command.definition,
        process_id=process.id,
        root=command.root or key,
        business_key=command.business_key,
        tenant=command.tenant,
        caller=command.caller,
        caller_instance=command.caller_instance,
        started=step.world.now,
        start_user=step.world.user,
        correlation_key=command.correlation_key,
        tags=command.tags,
    )
    # what the start event's output mappings are to take is the event's own
    started = [x for x in command.instructions if isinstance(x, c.StartAt)] if command.instructions else []
    mapped = bool(node.traits.outputs) and not process.policies.results_outwards and not command.instructions
    own = command.variables if mapped else {}
    asks = bool(listeners_of(step, "start")) and not command.skip_listeners
    root = Element(key, key, None, process.id, _ACTIVE, _EXECUTE)
    if asks:
        root = replace(root, life=Life.ACTIVATING, phase=Phase.START, note=beginning(node_id, own, started))
    step.emit(e.InstanceStarted(instance, node_id, command.restarted))
    step.emit(e.ElementCreated(root, command.definition))
    if command.caller is not None:
        step.emit(e.CalledInstanceLinked(command.caller, key))
    if isinstance(node, StartEvent) and node.initiator:
        set_variable(step, key, node.initiator, typed(step.world.user), local=True, initial=True)
    for name, value in command.variables.items() if not mapped else ():
        set_variable(step, key, name, value, local=True, initial=True)
    step.listens, step.maps = not command.skip_listeners, not command.skip_mappings
    if asks:
        step.push(Continue(key, Phase.START))
    else:
        begin(step, root, node.id, own, started)
    return key


def cancel(step: Step, command: c.CancelInstance) -> None:
    root = _root(step, command.instance)
    if is_terminating(root):
        raise Missing(f"No process instance found for id '{command.instance}': it is being cancelled already")
    step.listens, step.maps = not command.skip_listeners, not command.skip_mappings
    step.leaves_called = command.skip_called
    cancel_instance(
        step,
        root,
        command.reason,
        listeners=not command.skip_listeners,
        mappings=not command.skip_mappings,
        tell_caller=not (command.inside or command.called),
        inside=command.inside,
    )


def cancel_element(step: Step, command: c.CancelElement) -> None:
    """Cancels an element; a scope in which nothing is left goes too, up to the instance."""
    element = step.view.get(Element, command.element)
    if element is None:
        return
    while element.parent is not None and step.view.need(Element, element.parent).children == 1:
        element = step.view.need(Element, element.parent)
    if element.parent is None:
        cancel_instance(step, element, command.reason)
        return
    parent = element.parent
    terminate(step, element.key, command.reason or "deleted")
    step.push(ChildEnded(parent))


def suspend(step: Step, command: c.SuspendInstance) -> None:
    """Suspends or wakes an instance with its tasks, jobs and external tasks."""
    root = _root(step, command.instance)
    instance = step.instance_of(root)
    if instance.suspended == command.suspended:
        return
    step.emit(e.InstanceSuspensionChanged(instance.key, command.suspended))
    stack = [root]
    while stack:
        element = stack.pop()
        stack.extend(step.view.children(element.key))
        for kind, key in element.attached:
            _suspend_wait(step, kind, key, command.suspended)


def _suspend_wait(step: Step, kind: Wait, key: int, suspended: bool) -> None:
    match kind:
        case Wait.TASK:
            task = step.view.need(Task, key)
            step.emit(e.TaskChanged(replace(task, suspended=suspended), "Suspend" if suspended else "Activate"))
        case Wait.EXTERNAL:
            step.emit(e.ExternalChanged(replace(step.view.need(External, key), suspended=suspended)))
        case Wait.JOB:
            step.emit(e.JobChanged(replace(step.view.need(Job, key), suspended=suspended)))


def set_scope_variables(step: Step, command: c.SetVariables) -> int | None:
    """Sets and removes variables of an execution or a task. Gives the key of a user task whose workers are asked first."""
    if step.view.get(Task, command.scope) is None and step.view.get(Element, command.scope) is None:
        raise Missing(f"execution {command.scope} doesn't exist")
    element = step.view.get(Element, command.scope)
    if element is not None and element.parent is not None and asks_workers(step, element, "update"):
        for key in step.attached(element, Wait.TASK):
            found = step.view.need(Task, key)
            require_calm(step, found)
            own = {"set": dict(command.variables), "local": command.local}
            ask(step, element, found, "update", {"attributes": {}, "own": own, "operation": "Update"})
            return key
    set_variables(step, command.scope, command.variables, local=command.local)
    remove_variables(step, command.scope, command.remove, local=command.local)
    task = step.view.get(Task, command.scope)
    if task is not None and task.element is not None:
        run_task_listeners(step, step.view.need(Element, task.element), task.key, "update")
    step.look_at_conditions()
    return None


def require_active(step: Step, instance: int | None, what: str) -> None:
    """Raises Conflict where the instance is suspended."""
    found = None if instance is None else step.view.get(Instance, instance)
    if found is not None and found.suspended:
        raise Suspended(f"{what} cannot be done: process instance {found.key} is suspended")


def _root(step: Step, key: int) -> Element:
    root = step.view.get(Element, key)
    if root is None or root.parent is not None:
        raise Missing(f"No process instance found for id '{key}'")
    return root
