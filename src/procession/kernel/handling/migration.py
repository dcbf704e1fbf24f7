"""Moving a running instance to another version of its process, or to another process.

Elements keep their keys: a token goes on at the node that its own node is mapped to. Scopes that the target has around it and
the source has not are opened; scopes that nothing maps are cancelled when what was in them has moved out. What waits for an
element moves with it where its event is mapped (made anew where the plan says so), goes where it is not, and events that only
the target has begin to wait.

Whether the plan fits the two models is the dialect's to judge; here is only asked whether it fits the instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from procession.bpmn.activity_types import activity_type
from procession.bpmn.model import CatchEvent, EventGateway, Node, Process, ReceiveTask
from procession.errors import ExecutionFailed, Invalid
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.catching import event_starts
from procession.kernel.ending import JOINED, terminate
from procession.kernel.placing import RESTING, open_scopes, scope_around
from procession.kernel.records import (
    ASIDE,
    Element,
    External,
    Incident,
    Instance,
    Job,
    Phase,
    Record,
    Subscription,
    Task,
    Wait,
)
from procession.kernel.stepping import BODY, Step
from procession.kernel.variables import set_variables
from procession.kernel.waiting import (
    BOUNDARY_TIMER,
    CATCH_TIMER,
    CONTINUATION,
    SCOPE_TIMER,
    message_subscription,
    wait_for,
)

UNMAPPED = "There is no migration instruction for this instance's activity"


class Unmigratable(Invalid):
    """The plan does not fit the instance: `details` has its key and `faults`.

    A fault is the node, the key that the API shows, the element's key, whether it rests between activities, and the failure.
    """


def migrate(step: Step, command: c.MigrateInstance) -> None:
    """Moves an instance. Raises Unmigratable where something in it has no place in the target; then nothing has moved."""
    instance = step.view.get(Instance, command.instance)
    if instance is None:
        raise ExecutionFailed(
            f"ENGINE-23003 Process instance '{command.instance}' cannot be migrated. The process instance does not exist"
        )
    if instance.definition != command.source:
        own, wanted = step.world.definition_id(instance.definition), step.world.definition_id(command.source)
        raise ExecutionFailed(
            f"ENGINE-23002 Process instance '{instance.key}' cannot be migrated. Its process definition '{own}' does not "
            f"match the source process definition of the migration plan '{wanted}'"
        )
    step.listens, step.maps = not command.skip_listeners, not command.skip_mappings
    moving = _Moving(step, command)
    moving.check(instance.key)
    root = step.view.need(Element, instance.key)
    target = step.world.process(command.target)
    step.emit(e.InstanceMigrated(replace(instance, definition=command.target, process_id=target.id)))
    moving.move_root(root)
    set_variables(step, instance.key, command.variables)


class _Moving:
    """One migration at work."""

    def __init__(self, step: Step, command: c.MigrateInstance) -> None:
        self._step = step
        self._source = command.source
        self._target = command.target
        self._model: Process = step.world.process(command.target)
        self._plan = {x.source: x for x in command.instructions}
        self._opened: dict[tuple[int, str], int] = {}

    def _aim(self, node: str | None) -> str | None:
        found = None if node is None else self._plan.get(node)
        return None if found is None else found.target

    # ------------------------------------------------------------ asking

    def check(self, root: int) -> None:
        """Everything that has nothing in it must have a place in the target."""
        step = self._step
        faults: list[tuple[str, int, int, bool, str]] = []
        waiting = [step.view.need(Element, root)]
        while waiting:
            element = waiting.pop()
            children = [x for x in step.view.children(element.key) if not x.note.get(ASIDE)]
            waiting.extend(children)
            if element.parent is None or (children and element.phase not in RESTING):
                continue
            failure = self._failure(element)
            if failure is not None:
                # a token that is alone in its scope is shown as its scope's execution
                alone = step.view.need(Element, element.parent).children == 1
                resting = element.phase in RESTING
                shown = element.parent if alone and resting else element.key
                faults.append((element.node, shown, element.key, resting, failure))
        if faults:
            faults.sort(key=lambda fault: fault[2])
            raise Unmigratable(f"Process instance '{root}' cannot be migrated", instance=root, faults=faults)

    def _failure(self, element: Element) -> str | None:
        target = self._aim(element.node)
        if target is None:
            # the ended turns of a parallel loop move with it
            return None if element.phase is Phase.OUT else UNMAPPED
        traits = self._model.nodes[target.removesuffix(BODY)].traits
        inner = traits.loop is not None and not target.endswith(BODY)
        kind = traits.loop if inner and traits.loop is not None else traits
        if element.phase is Phase.BEFORE and not kind.async_before:
            return "Target activity is not asyncBefore"
        if element.phase is Phase.AFTER and not kind.async_after:
            return "Target activity is not asyncAfter"
        return None

    # ------------------------------------------------------------ moving

    def move_root(self, root: Element) -> None:
        """Moves the process itself, then all that is in it."""
        children = self._step.view.children(root.key)
        self._step.turn_to(self._target)
        self._move_waits(root, root.node, self._model.id)
        self._rename(root, self._model.id, None)
        self._move_inside(children, {self._model.id: root.key})

    def _move_inside(self, children: Iterable[Element], branch: Mapping[str, int]) -> None:
        """`branch` has the elements of the target's scopes around, by scope."""
        for child in children:
            target = self._aim(child.node)
            if target is None:
                self._dissolve(child, branch)
            else:
                self._move(child, target, branch)

    def _move(self, element: Element, target: str, branch: Mapping[str, int]) -> None:
        step = self._step
        inside = step.view.children(element.key)
        around, missing = scope_around(self._model, target), []
        while around not in branch:
            missing.append(around)
            around = scope_around(self._model, around)
        host, path = branch[around], dict(branch)
        for scope in reversed(missing):
            key = self._opened.get((host, scope))
            if key is None:
                key = self._opened[host, scope] = open_scopes(step, step.view.need(Element, host), [scope]).key
            host = path[scope] = key
        if element.note.get(JOINED) and element.parent is not None:
            step.emit(e.TokenArrived(element.parent, element.node, -1))
        self._move_waits(element, element.node, target)
        self._rename(element, target, host)
        if element.note.get(JOINED):
            step.emit(e.TokenArrived(host, target, 1))
        path[target] = element.key
        self._move_inside(inside, path)

    def _dissolve(self, element: Element, branch: Mapping[str, int]) -> None:
        """Nothing in the target takes its place: what is in it moves out, then it is cancelled."""
        step = self._step
        self._move_inside(step.view.children(element.key), branch)
        step.turn_to(self._source)
        terminate(step, element.key, listeners=step.listens, mappings=step.maps)
        step.turn_to(self._target)

    def _rename(self, element: Element, target: str, parent: int | None) -> None:
        step = self._step
        element = step.view.need(Element, element.key)
        body = None if parent is None else step.view.need(Element, parent).node.endswith(BODY)
        moved = replace(
            element, node=target, parent=parent, flow=None, loop_counter=element.loop_counter if body else None
        )  # fmt: skip
        node = None if parent is None else self._model.nodes[target.removesuffix(BODY)]
        kind = None if node is None else activity_type(node, target.endswith(BODY))
        step.emit(e.ElementMigrated(moved, kind, None if node is None else node.name, self._target, self._model.id))
        found: tuple[Record, ...] = tuple(step.view.variables(element.key).values())
        if found:
            self._follow(found)

    def _follow(self, records: Iterable[Record]) -> None:
        self._step.emit(e.RecordsMigrated(tuple(records), self._target, self._model.id))

    # ------------------------------------------------------------ what waits

    def _move_waits(self, element: Element, source: str, target: str) -> None:
        """What is attached to an element follows it, or goes; what only the target waits for is opened."""
        step = self._step
        covered: set[str] = set()
        moved: list[Record] = []
        for kind, key in step.view.need(Element, element.key).attached:
            match kind:
                case Wait.TASK:
                    task = step.view.need(Task, key)
                    moved.append(replace(task, node=target, definition=self._target))
                    moved += step.view.variables(task.key).values()
                case Wait.EXTERNAL:
                    external = step.view.need(External, key)
                    moved.append(replace(external, node=target, definition=self._target, process_id=self._model.id))
                case Wait.INCIDENT:
                    incident = step.view.need(Incident, key)
                    moved.append(replace(incident, node=target, definition=self._target))
                case Wait.JOB:
                    moved += self._job(step.view.need(Job, key), source, target, covered)
                case Wait.SUBSCRIPTION:
                    moved += self._subscription(step.view.need(Subscription, key), source, target, covered)
        if moved:
            self._follow(moved)
        if element.phase is Phase.EXECUTE and not element.note.get(ASIDE):
            self._open_new(element, source, target, covered)

    def _job(self, job: Job, source: str, target: str, covered: set[str]) -> list[Record]:
        if job.kind == CONTINUATION:
            return [self._job_at(job, target)]
        aim = self._event(job.node, source, target)
        if aim is None:
            self._step.emit(e.JobEnded(job, "deleted"))
            return []
        covered.add(aim)
        return [self._job_at(job, aim)]

    def _job_at(self, job: Job, node: str) -> Job:
        configuration = job.configuration if job.kind == CONTINUATION else None
        found = self._step.world.job_definition(self._target, node, job.kind, configuration)
        return replace(
            job, node=node, definition=self._target, process_id=self._model.id,
            job_definition=None if found is None else found[0],
        )  # fmt: skip

    def _subscription(self, subscription: Subscription, source: str, target: str, covered: set[str]) -> list[Record]:
        aim: str | None
        if subscription.kind == "compensate":
            aim = self._aim(subscription.node) or subscription.node
            aim = aim if aim in self._model.nodes else None
        else:
            aim = self._event(subscription.node, source, target)
        if aim is None:
            self._step.emit(e.SubscriptionClosed(subscription.key))
            return []
        covered.add(aim)
        return [replace(subscription, node=aim, definition=self._target, process_id=self._model.id)]

    def _event(self, node: str | None, source: str, target: str) -> str | None:
        """The target's event for one that waits, None where it goes: unmapped, or made anew."""
        found = self._plan.get(node or "")
        if found is not None:
            return None if found.update else found.target
        return target if node == source.removesuffix(BODY) else None

    def _open_new(self, element: Element, source: str, target: str, covered: set[str]) -> None:
        step = self._step
        events: list[e.Event] = []
        # what waits is opened for the element as it will be
        future = replace(step.view.need(Element, element.key), node=target)
        node = None if element.parent is None else self._model.nodes[target.removesuffix(BODY)]
        for kind, found in self._waiting_at(future, node, target):
            if found.id not in covered:
                events += wait_for(step, future, found, kind)
        waits = isinstance(node, ReceiveTask) and node.id not in covered and self._plan[source].update
        if waits and isinstance(node, ReceiveTask) and node.message is not None:
            events.append(e.SubscriptionOpened(message_subscription(step, future, node.id, node.message)))
        for event in events:
            step.emit(event)

    def _waiting_at(self, element: Element, node: Node | None, target: str) -> list[tuple[str, Node]]:
        found: list[tuple[str, Node]] = [(SCOPE_TIMER, x) for x in event_starts(self._step, element)]
        if node is None:
            return found
        if node.traits.loop is None or target.endswith(BODY):
            boundaries = self._model.boundaries.get(node.id, ())
            found += [(BOUNDARY_TIMER, self._model.nodes[x]) for x in boundaries]
        if isinstance(node, CatchEvent):
            found.append((CATCH_TIMER, node))
        if isinstance(node, EventGateway):
            behind = (self._model.nodes[self._model.flows[flow].target] for flow in node.outgoing)
            found += [(CATCH_TIMER, x) for x in behind if isinstance(x, CatchEvent)]
        return found
