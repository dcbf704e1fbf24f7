"""Starting and cancelling inside of an instance: one instruction after the other, each until everything waits."""

from __future__ import annotations

from collections.abc import Sequence

from procession.errors import ExecutionFailed, Suspended
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.ending import cancel_instance
from procession.kernel.placing import RESTING, Misplaced, displace, instances_at, place, target_of, transition_at
from procession.kernel.records import ASIDE, Element, Instance
from procession.kernel.roots import finish
from procession.kernel.stepping import Step
from procession.kernel.world import CallProcess

REASON = "Cancellation due to process instance modifcation"  # Camunda 7 writes it so


def modify(step: Step, command: c.ModifyInstance) -> None:
    """Carries out instructions in a running instance."""
    root = step.view.get(Element, command.instance)
    if root is None or root.parent is not None:
        raise ExecutionFailed(
            f"ENGINE-13036 Process instance '{command.instance}' cannot be modified. The process instance does not exist"
        )
    step.listens, step.maps = not command.skip_listeners, not command.skip_mappings
    carry_out(step, root.key, command.instructions)
    root = step.view.need(Element, root.key)
    if not root.children:
        if step.came_to_end:
            finish(step, root, listeners=step.listens)
        else:
            cancel_instance(
                step, root, command.reason, listeners=step.listens, mappings=step.maps, inside=command.inside
            )  # fmt: skip
    _refuse_suspended(step, command.instance)
    step.emit(e.InstanceModified(command.instance, command.annotation))


def _refuse_suspended(step: Step, key: int) -> None:
    """In a suspended instance nothing begins but what waits for its job first."""
    begun = next((x.element for x in step.answer.events if isinstance(x, e.ElementEntered)), None)
    instance = step.view.get(Instance, key)
    if begun is not None and instance is not None and instance.suspended:
        raise Suspended(f"Execution with id '{begun}' is suspended.", entity="Execution", id=str(begun))


def first_node(step: Step, instructions: Sequence[c.StartAt | c.CancelAt]) -> str | None:
    """Where an instance begins that is started with instructions; None without any. Raises as `placing.place` does."""
    if not instructions:
        return None
    started = [x for x in instructions if isinstance(x, c.StartAt)]
    return target_of(step, started[0])[0] if started else None


def start_at(step: Step, root: int, instructions: Sequence[c.StartAt | c.CancelAt]) -> None:
    """Begins a new instance at the places that the instructions name."""
    carry_out(step, root, [x for x in instructions if isinstance(x, c.StartAt)])
    if not step.view.need(Element, root).children:
        finish(step, step.view.need(Element, root), listeners=step.listens)


def carry_out(step: Step, root: int, instructions: Sequence[c.StartAt | c.CancelAt], reason: str = REASON) -> None:
    """Carries out instructions; the root stays, however empty it becomes in between."""
    step.run()
    step.open = root
    for instruction in instructions:
        if isinstance(instruction, c.StartAt):
            place(step, root, instruction)
        else:
            _cancel(step, root, instruction, reason)
    step.open = None
    # what was started and cancelled again calls nobody
    step.answer.requests[:] = [
        x
        for x in step.answer.requests
        if not isinstance(x, CallProcess) or step.view.get(Element, x.element) is not None
    ]


def _cancel(step: Step, root: int, instruction: c.CancelAt, reason: str) -> None:
    for key in _named(step, root, instruction):
        step.outside = (reason,)
        if key == root:
            for child in step.view.children(root):
                if not child.note.get(ASIDE) and step.view.get(Element, child.key) is not None:
                    displace(step, child.key, reason)
        elif step.view.get(Element, key) is not None:
            displace(step, key, reason)
        step.outside = None
        step.came_to_end = False
        step.run()


def _named(step: Step, root: int, instruction: c.CancelAt) -> list[int]:
    if instruction.node is not None:
        return instances_at(step, root, instruction.node)
    if instruction.transition is not None:
        found = transition_at(step, root, instruction.transition)
        if found is None:
            missing = f"Transition instance '{instruction.name}' does not exist: transitionInstance is null"
            raise Misplaced(f"{instruction.label}; {missing}")
        return [found]
    element = None if instruction.element is None else step.view.get(Element, instruction.element)
    if element is None or element.instance != root or element.phase in RESTING:
        missing = f"Activity instance '{instruction.name}' does not exist: activityInstance is null"
        raise Misplaced(f"{instruction.label}; {missing}")
    return [element.key]
