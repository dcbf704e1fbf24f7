"""Theory of the kernel.

A *step* takes one command and the state and gives events. It works off an explicit agenda of small work items, never by
recursion: one mapping, one listener, one behaviour. A token is an `Element` record; its durable position is (phase, index),
so that any phase can rest (as a wait, a job, a listener's job or an incident) and go on later.

    BEFORE ─ ATTACH ─ INPUT* ─ START* ─ EXECUTE ┄ wait ┄ CONFIRM* ─ END* ─ OUTPUT* ─ LEAVE ─ AFTER ─ OUT

Every item evaluates what it needs before it emits. The last item pushed runs first, so a path runs to its wait states before
its sibling begins, in the order of the flows. A failing item either fails the command (Camunda 7: everything since the last
wait state is undone by the caller) or stops its element as an incident (Camunda 8), as the process' policy says.

This file does not know what any element does (`behaviours`), nor what a command asks for (`handling`), nor about time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from procession.bpmn.model import Assignment, Failure, Flow, Listener, Node, Process, Reach, SubProcess
from procession.errors import ExecutionFailed, ExpressionFailed, ProcessionError
from procession.expressions import Expression
from procession.kernel import events as e
from procession.kernel.applying import apply
from procession.kernel.records import Element, Instance, Life, Phase, Wait
from procession.kernel.state import State, View
from procession.kernel.variables import Sight, set_variable, typed
from procession.kernel.world import Request, World

BODY = "#multiInstanceBody"
MAX_ITEMS = 100_000


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on with an element at a position."""

    element: int
    phase: Phase
    index: int = 0


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """Something inside a scope has ended: is the scope done? `child` is what ended, where it can still be looked at."""

    scope: int
    child: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """Look whether conditions have become true: at a scope and inside it, after a variable changed; or one subscription."""

    scope: int
    variable: str | None = None
    change: str | None = None  # create, update, delete
    subscription: int | None = None


@dataclass(slots=True)
class Answer:
    """What a command gave: for its caller (`value`), for other instances (`requests`), and whether an error was caught."""

    events: list[e.Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    value: Any = None
    caught: bool = True


class StepBudgetExceeded(ExecutionFailed):
    """The step goes on and on without reaching a wait state."""


class Step:
    """One command at work on one instance."""

    def __init__(self, state: State, world: World, definition: int | None) -> None:
        self._state = state
        self.world = world
        self.definition = definition
        self.answer = Answer()
        self._agenda: list[Continue | ChildEnded] = []
        self._checks: deque[Check] = deque()
        self._chosen: dict[int, tuple[str, ...]] = {}
        self._items = 0
        self._conditions = definition is not None and world.process(definition).has_conditions

    @property
    def view(self) -> View:
        return self._state

    @property
    def process(self) -> Process:
        """The model of this step's instance."""
        if self.definition is None:
            raise ExecutionFailed("This belongs to no process")
        return self.world.process(self.definition)

    def emit(self, event: e.Event) -> None:
        """The only way to change anything."""
        apply(self._state, event)
        self.answer.events.append(event)
        if self._conditions:
            self._watch(event)

    def _watch(self, event: e.Event) -> None:
        """Conditions are looked at when their scope begins and when a variable that they see changes."""
        match event:
            case e.VariableSet(variable=variable, created=created):
                self._checks.append(Check(variable.scope, variable.name, "create" if created else "update"))
            case e.VariableRemoved(scope=scope, name=name, deleted=True):
                self._checks.append(Check(scope, name, "delete"))
            case e.SubscriptionOpened(subscription=subscription) if subscription.kind == "conditional":
                self._checks.append(Check(subscription.element or 0, subscription=subscription.key))

    def request(self, request: Request) -> None:
        """Asks for something in another instance, done after this step in the same transaction."""
        self.answer.requests.append(request)

    # ------------------------------------------------------------ agenda

    def push(self, *items: Continue | ChildEnded) -> None:
        """Adds work; the first of these runs first, before all that is waiting already."""
        self._agenda.extend(reversed(items))

    def run(self) -> Answer:
        """Works the agenda off."""
        while self._agenda or self._checks:
            # conditions are looked at before anything else goes on
            item = self._checks.popleft() if self._checks else self._agenda.pop()
            self._items += 1
            if self._items > MAX_ITEMS:
                raise StepBudgetExceeded(
                    f"The process '{self.process.id}' ran {MAX_ITEMS} steps without reaching a wait state: "
                    "it loops for ever; put an asynchronous continuation or a wait state into the loop"
                )
            try:
                self._work_on(item)
            except ProcessionError as error:
                if isinstance(item, Continue):
                    error.details.setdefault("failed_node", self._node_id(item.element))
                raise
        return self.answer

    def _work_on(self, item: Continue | ChildEnded | Check) -> None:
        match item:
            case ChildEnded():
                self._child_ended(item.scope, item.child)
            case Check():
                from procession.kernel.conditions import check

                check(self, item)
            case Continue():
                self._guarded(item)

    def _node_id(self, element: int) -> str | None:
        found = self.view.get(Element, element)
        return None if found is None else found.node

    def _guarded(self, item: Continue) -> None:
        if self.process.policies.failure is Failure.ROLL_BACK:
            self._advance(item)
            return
        mark, length, requests = self._state.mark(), len(self.answer.events), len(self.answer.requests)
        agenda = len(self._agenda)
        try:
            self._advance(item)
        except ExpressionFailed as error:
            self._state.undo(mark)
            del self.answer.events[length:], self.answer.requests[requests:], self._agenda[agenda:]
            self._stop(item, error)

    def _stop(self, item: Continue, error: ProcessionError) -> None:
        from procession.kernel.incidents import raise_incident

        self.emit(e.ElementMoved(item.element, item.phase, item.index, Life.FAILED))
        raise_incident(self, item.element, "ioMappingError", error.message, configuration=None)

    # ------------------------------------------------------------ positions

    def node_of(self, element: Element) -> Node:
        """The model of what an element is at; a loop's body has its activity's node."""
        return self.process.nodes[element.node.removesuffix(BODY)]

    def is_root(self, element: Element) -> bool:
        return element.parent is None

    def create(
        self, nodes: Sequence[tuple[str, str | None]], scope: int, note: Mapping[str, Any] | None = None
    ) -> None:
        """Puts tokens at nodes (id, flow taken) of a scope, all of them before the first goes on."""
        created: list[Continue] = []
        parent = self.view.need(Element, scope)
        for node_id, flow in nodes:
            node = self.process.nodes[node_id]
            at = node_id + BODY if node.traits.loop is not None else node_id
            key = self.world.new_key()
            element = Element(key, parent.instance, scope, at, flow=flow, note=note or {})
            self.emit(e.ElementCreated(element, self.definition or 0))
            if flow is not None:
                self.emit(e.FlowTaken(parent.instance, flow))
            created.append(Continue(key, Phase.BEFORE))
        self.push(*created)

    def rest(self, element: int, phase: Phase, index: int = 0, life: Life | None = None) -> None:
        """Leaves the element at a durable position; something else pushes it on."""
        self.emit(e.ElementMoved(element, phase, index, life))

    def complete(self, element: int, flows: Sequence[str] | None = None) -> None:
        """The behaviour is done. `flows` are the outgoing flows it chose; None leaves the choice to the conditions."""
        found = self.view.need(Element, element)
        if flows is not None:
            self._chosen[element] = tuple(flows)
        elif self.process.policies.failure is Failure.ROLL_BACK and not found.node.endswith(BODY):
            self._chosen[element] = self._choose(found)
        self.emit(e.ElementMoved(element, Phase.END, 0, Life.COMPLETING))
        self.push(Continue(element, Phase.END))

    # ------------------------------------------------------------ phases

    def _advance(self, item: Continue) -> None:
        from procession.kernel.behaviours import behaviour_of
        from procession.kernel.catching import event_starts
        from procession.kernel.waiting import (
            SCOPE_TIMER,
            attach_boundaries,
            close_attached,
            create_continuation,
            open_waits,
        )

        element = self.view.get(Element, item.element)
        if element is None:
            return
        key, index, node = element.key, item.index, self.node_of(element)
        traits = node.traits
        body = element.node.endswith(BODY)
        inner = traits.loop is not None and not body
        match item.phase:
            case Phase.BEFORE:
                flow = None if element.flow is None else self.process.flows[element.flow]
                listeners = flow.listeners if flow is not None else ()
                if index < len(listeners):
                    self._listen(element, Phase.BEFORE, index, listeners)
                    return
                waits = traits.loop.async_before if inner and traits.loop else traits.async_before
                if waits:
                    create_continuation(self, element, node, "async-before")
                    self.rest(key, Phase.BEFORE, len(listeners))
                else:
                    self.push(Continue(key, Phase.ATTACH))
            case Phase.ATTACH:
                self.emit(e.ElementEntered(key, behaviour_of(self, element).type_name(node, body), node.name))
                if not inner:
                    attach_boundaries(self, element, node)
                open_waits(self, element, event_starts(self, element), SCOPE_TIMER)
                self.push(Continue(key, Phase.EXECUTE) if body else Continue(key, Phase.INPUT))
            case Phase.INPUT:
                if index < len(traits.inputs):
                    self.map(element, traits.inputs[index])
                    self.push(Continue(key, Phase.INPUT, index + 1))
                else:
                    self.push(Continue(key, Phase.START))
            case Phase.START:
                if not self._listen(element, Phase.START, index, _of(traits.listeners, "start")):
                    self.push(Continue(key, Phase.EXECUTE))
            case Phase.EXECUTE:
                if element.life is not Life.ACTIVE or element.phase is not Phase.EXECUTE:
                    self.emit(e.ElementMoved(key, Phase.EXECUTE, 0, Life.ACTIVE))
                behaviour_of(self, element).execute(self, self.view.need(Element, key), node)
            case Phase.CONFIRM:
                if not self._listen(element, Phase.CONFIRM, index, _of(traits.listeners, "complete")):
                    behaviour_of(self, element).confirmed(self, element, node)
            case Phase.END:
                ended = () if body else _of(traits.listeners, "end")
                if not self._listen(element, Phase.END, index, ended):
                    self.push(Continue(key, Phase.OUTPUT))
            case Phase.OUTPUT:
                if not body and index < len(traits.outputs):
                    self.map(element, traits.outputs[index])
                    self.push(Continue(key, Phase.OUTPUT, index + 1))
                else:
                    self.push(Continue(key, Phase.LEAVE))
            case Phase.LEAVE:
                flows = () if inner else self._chosen.get(key)
                if flows is None:
                    flows = self._choose(element)
                close_attached(self, element)
                behaviour_of(self, element).leaving(self, element, node)
                if not inner:
                    self.drop_variables(key)
                self.emit(e.ElementCompleted(key, scope_completed=inner or not flows))
                self._chosen[key] = flows
                waits = traits.loop.async_after if inner and traits.loop else traits.async_after
                if waits:
                    self._wait_after(element, node, flows)
                else:
                    self.push(Continue(key, Phase.OUT))
            case Phase.AFTER:
                self._chosen[key] = tuple(element.note.get("flows", ()))
                self.push(Continue(key, Phase.OUT))
            case Phase.OUT:
                flows = self._chosen.pop(key, ())
                scope = element.parent
                assert scope is not None
                if flows:
                    self.create([(self.process.flows[flow].target, flow) for flow in flows], scope)
                if inner and traits.loop is not None and not traits.loop.sequential:
                    # Camunda 7 shows the ended turns of a parallel loop until the loop ends
                    self.rest(key, Phase.OUT)
                else:
                    self.drop_variables(key)
                    self.emit(e.ElementRemoved(key))
                if not flows:
                    self.push(ChildEnded(scope, key))

    def _wait_after(self, element: Element, node: Node, flows: Sequence[str]) -> None:
        """Leaving waits for a job: one for each flow, each with a token of its own."""
        from procession.kernel.waiting import create_continuation

        for index, part in enumerate([[flow] for flow in flows] or [[]]):
            key = element.key
            if index:
                key = self.world.new_key()
                twin = Element(key, element.instance, element.parent, element.node, life=Life.COMPLETED)
                self.emit(e.ElementCreated(twin, self.definition or 0))
            self.emit(e.ElementNoted(key, {"flows": part}))
            create_continuation(self, self.view.need(Element, key), node, "async-after")
            self.rest(key, Phase.AFTER)

    def _listen(self, element: Element, phase: Phase, index: int, listeners: Sequence[Listener]) -> bool:
        """Runs the listener at an index and goes on to the next; False where there is none left."""
        if index >= len(listeners):
            return False
        from procession.kernel.work import run_listener

        if run_listener(self, element, listeners[index]):
            self.push(Continue(element.key, phase, index + 1))
        else:
            self.rest(element.key, phase, index)
        return True

    def map(self, element: Element, assignment: Assignment) -> None:
        """Carries out one input or output mapping of an element."""
        from procession.kernel.work import value_of

        # a turn of a loop sees its own loop variables, which live in the same scope as its inputs
        outside = (
            assignment.reach is Reach.LOCAL
            and element.loop_counter is None
            and self.process.policies.inputs_from_outside
        )
        source = element.parent if outside and element.parent is not None else element.key
        value = value_of(self, source, assignment.source)
        scope = element.key
        if assignment.reach is Reach.PARENT and element.parent is not None:
            scope = element.parent
        # Camunda 7's history shows what goes into a sub-process at the scope around it
        place = element.parent if isinstance(self.node_of(element), SubProcess) else None
        local = assignment.reach is Reach.LOCAL
        set_variable(self, scope, assignment.target, typed(value), local=local, place=place if local else None)

    # ------------------------------------------------------------ flows

    def _choose(self, element: Element) -> tuple[str, ...]:
        """The outgoing flows of an activity or event: all without a condition or whose condition holds; else the default."""
        node = self.node_of(element)
        if not node.outgoing:
            return ()
        chosen = [
            flow
            for flow in node.outgoing
            if flow != node.default and self.condition_holds(element.key, self.process.flows[flow])
        ]
        if chosen:
            return tuple(chosen)
        if node.default is not None:
            return (node.default,)
        raise ExecutionFailed(
            f"No outgoing sequence flow of the element with id '{node.id}' could be selected for continuing the process"
        )

    def condition_holds(self, scope: int, flow: Flow) -> bool:
        """True where a flow has no condition or it is true. Raises ExpressionFailed where it is no boolean."""
        from procession.kernel.work import value_of

        if flow.condition is None:
            return True
        value = value_of(self, scope, flow.condition)
        if not isinstance(value, bool):
            source = getattr(flow.condition, "source", "script")
            raise ExpressionFailed(
                f"condition expression returns non-Boolean: result of {source} is {value!r}", str(source)
            )
        return value

    # ------------------------------------------------------------ scopes

    def _child_ended(self, scope: int, child: int) -> None:
        from procession.kernel.behaviours import behaviour_of
        from procession.kernel.ending import end_instance

        element = self.view.get(Element, scope)
        if element is None:
            return
        if element.parent is None:
            if not element.children:
                end_instance(self, element, "COMPLETED")
            return
        behaviour_of(self, element).child_ended(self, element, self.node_of(element), child)

    def drop_variables(self, scope: int) -> None:
        """The variables of a scope go with it."""
        for variable in self.view.variables(scope).values():
            self.emit(e.VariableRemoved(variable.key, scope, variable.name, deleted=False))

    # ------------------------------------------------------------ expressions

    def evaluate(self, scope: int, expression: Expression, extras: Mapping[str, Any] | None = None) -> Any:
        """The value of an expression at a scope; what it sets is emitted at once afterwards."""
        if expression.constant:
            return expression.evaluate(_NOTHING)
        sight = Sight(self, scope, extras)
        value = expression.evaluate(sight)
        sight.flush()
        return value

    def text(self, scope: int, expression: Expression | None) -> str | None:
        """The value of an expression as text; None for none or null."""
        value = None if expression is None else self.evaluate(scope, expression)
        return None if value is None else value if isinstance(value, str) else _text(value)

    def instance_of(self, element: Element) -> Instance:
        return self.view.need(Instance, element.instance)

    def attached(self, element: Element, kind: Wait) -> list[int]:
        """The keys of what is attached to an element."""
        return [key for found, key in element.attached if found is kind]


class _Nothing:
    def resolve(self, name: str) -> Any:
        raise KeyError(name)

    def now(self) -> Any:
        raise KeyError("now")


_NOTHING = _Nothing()


def _of(listeners: Sequence[Listener], event: str) -> Sequence[Listener]:
    return [x for x in listeners if x.event == event] if listeners else ()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


Handler = Callable[[Step, Any], Any]
