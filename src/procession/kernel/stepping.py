"""Theory of the kernel.

A *step* takes one command and the state and gives events. It works off an explicit agenda of small work items, never by
recursion: one mapping, one listener, one behaviour. A token is an `Element` record; its durable position is (phase, index),
so that any phase can rest (as a wait, a job, a listener's job or an incident) and go on later.

    BEFORE ─ ATTACH ─ INPUT* ─ START* ─ EXECUTE ┄ wait ┄ CONFIRM* ─ END* ─ OUTPUT* ─ LEAVE ─ AFTER ─ OUT

Every item evaluates what it needs before it emits. The last item pushed runs first, so a path runs to its wait states before
its sibling begins, in the order of the flows; where a process goes in breadth (Camunda 8), what begins or completes next
waits for its turn behind what is waiting already. A failing item either fails the command (Camunda 7: everything since the last
wait state is undone by the caller) or stops its element as an incident (Camunda 8), as the process' policy says.

This file does not know what any element does (`behaviours`), nor what a command asks for (`handling`), nor about time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from msgspec import Struct, field
from msgspec.structs import replace

from procession.bpmn.activity_types import waits_as_scope
from procession.bpmn.model import (
    Assignment,
    Failure,
    Flow,
    ListOf,
    MapOf,
    Node,
    Process,
    Reach,
    Script,
    Source,
    SubProcess,
)
from procession.errors import ExecutionFailed, ExpressionFailed, ProcessionError
from procession.expressions import Expression
from procession.kernel import events as e
from procession.kernel.applying import APPLY
from procession.kernel.places import BODY as BODY
from procession.kernel.places import Place, place_at
from procession.kernel.records import Element, Frozen, Instance, Life, Phase, Subscription, Task, Wait
from procession.kernel.state import State, View
from procession.kernel.variables import Sight, find_variable, placed, set_variable, typed
from procession.kernel.world import BroadcastSignal, Request, World

HELD = "held"  # in a scope's note: it was opened for what is put into it, and does nothing by itself
MAX_ITEMS = 50_000
HARD_LIMIT = 2
ITEMS_PER_TURN = 50
MAX_ITEMS_OF_LOOPS = 1_000_000
# on its class a member is looked up as slowly as a function is called
_BEFORE: Final = Phase.BEFORE
_LEAVE: Final = Phase.LEAVE
_ROLL_BACK: Final = Failure.ROLL_BACK


class Continue(Frozen, frozen=True):
    """Go on with an element at a position."""

    element: int
    phase: Phase
    index: int = 0


class Turns(Frozen, frozen=True):
    """The turns of a loop, of which so many have begun or are about to."""

    turns: tuple[Continue, ...]
    begun: int


class ChildEnded(Frozen, frozen=True):
    """Something inside a scope has ended: is the scope done? `child` is what ended, where it can still be looked at.

    `shared` where Camunda 7 has no execution of its own for what ended: the scope's execution did it.
    """

    scope: int
    child: int = 0
    shared: bool = False


class Complete(Frozen, frozen=True):
    """An element completes, now that conditions have been looked at."""

    element: int
    flows: tuple[str, ...] | None = None


class Check(Frozen, frozen=True):
    """Look whether conditions have become true: at a scope and inside it, after a variable changed; or at one `host`.

    `left` are those at the host that have not been looked at yet. What happens begins at once, or, `within` something else that
    is going on, when everything has been looked at and that has come to where it waits; of several the last begins first.
    """

    scope: int
    variable: str | None = None
    change: str | None = None  # create, update, delete
    host: int | None = None
    left: tuple[Subscription, ...] | None = None
    within: bool = False


Item = Continue | Complete | ChildEnded | Check
Undone = TypeVar("Undone", Continue, ChildEnded)


class Answer(Struct):
    """What a command gave: for its caller (`value`), for other instances (`requests`), and whether an error was caught.

    `rest` goes on when the requests have been done: what an instance asks of another happens before its next path runs.
    """

    events: list[e.Event] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    value: Any = None
    caught: bool = True
    rest: Step | None = None


class StepBudgetExceeded(ExecutionFailed):
    """The step goes on and on without reaching a wait state."""


class _NoProcess:
    """What a step on something that belongs to no process sees in the place of its model."""

    def __getattr__(self, name: str) -> Any:
        raise ExecutionFailed("This belongs to no process")


_NO_PROCESS = cast("Process", _NoProcess())


class Step:
    """One command at work on one instance."""

    __slots__ = (
        "_agenda", "_checks", "_chosen", "_in_breadth", "_is_straight", "_items", "_later", "_moves", "_state",
        "_turns", "_work_on", "answer", "came_to_end", "changed", "cut_off", "definition", "deletion", "ending",
        "leaves_called", "listening", "listens", "maps", "open", "outside", "process", "put_off", "rolls_back",
        "told", "view", "watches", "world",
    )  # fmt: skip

    def __init__(
        self, state: State, world: World, definition: int | None, work_on: Callable[[Step, Item], None]
    ) -> None:
        self._state = state
        self._work_on = work_on
        self.view: View = state
        self.world = world
        self.definition = definition
        self.process = _NO_PROCESS
        """The model of this step's instance."""
        self.put_off = 0  # how often what this step does was put off already, without waiting in between
        self.cut_off: set[int] = set()  # elements whose path an error ends that nobody catches
        self.ending: int | None = None  # the scope that ends together with the execution of what was last in it
        self.answer = Answer()
        self._agenda: list[Item] = []
        self._later: deque[Item | Turns] = deque()
        self._checks: deque[Item] = deque()
        self.watches = self._is_straight = False
        self.rolls_back = self._in_breadth = False
        self.changed: list[Check] = []  # what variables changed, until conditions are looked at
        self._moves = False  # a token has begun to move in this step
        self._chosen: dict[int, tuple[str, ...]] = {}
        self._items = 0
        self._turns: dict[tuple[int | None, str], int] = {}
        self.listens = True  # listeners run
        self.listening: str | None = None  # the event that the listener at work hears of
        self.deletion: str | None = None  # why the task goes whose listener hears of it
        self.maps = True  # input and output mappings are carried out
        self.open: int | None = None  # a root that stays although nothing is left in it
        self.came_to_end = False  # what was last in it ended by itself
        self.outside: tuple[str | None] | None = None  # the reason, while somebody outside cancels
        self.told: set[int] = set()  # tasks that have heard already that they are deleted
        self.leaves_called = False  # called instances go on although their call activity is cancelled
        if definition is not None:
            self.turn_to(definition)

    def emit(self, event: e.Event) -> None:
        """The only way to change anything."""
        APPLY[type(event)](self._state, event)
        self.answer.events.append(event)
        if self.watches:
            self._watch(event)

    def _watch(self, event: e.Event) -> None:
        """Takes down what conditions have to be looked at for, at the next moment that there is for it."""
        match event:
            case e.ElementCreated():
                self._moves = True
            case e.VariableSet(variable=variable, created=created):
                self.changed.append(Check(variable.scope, variable.name, "create" if created else "update"))
            case e.VariableRemoved(scope=scope, name=name):
                self.changed.append(Check(scope, name, "delete"))
            case e.SubscriptionOpened(subscription=subscription) if subscription.kind == "conditional":
                host = self.view.need(Element, subscription.element or 0)
                if host.phase is Phase.EXECUTE:
                    self._checks.append(Check(host.key, host=host.key, left=(subscription,), within=True))

    def look_at_conditions(self, then: Item | None = None, *, within: bool = False) -> bool:
        """Looks at conditions for what was changed since the last moment, and goes on with `then`; False without any.

        `within` something that is going on they are looked at before anything else happens, as where a token moves already.
        As in Camunda 7 such moments are: when an element's start listeners are done, when it has done what it does and is
        about to leave, when a token takes a flow; and after variables were set from outside.
        """
        if not self.changed:
            return False
        following = [] if then is None else [then]
        if self._moves or within:
            self.look_further(*(replace(x, within=True) for x in self.changed), *following)
        else:
            self.push_all(*self.changed, *following)
        self.changed.clear()
        return True

    def look_further(self, *items: Item) -> None:
        """Adds what comes before all that is waiting."""
        self._checks.extendleft(reversed(items))

    def request(self, request: Request) -> None:
        """Asks for something in another instance, done after this step in the same transaction."""
        self.answer.requests.append(request)

    def turn_to(self, definition: int) -> None:
        """Another definition's model is the one to go by from now on: the instance migrates."""
        self.definition = definition
        process = self.process = self.world.process(definition)
        self.watches = process.has_conditions
        policies = process.policies
        self.rolls_back, self._in_breadth = policies.failure is _ROLL_BACK, policies.breadth_first
        # nothing can stop, or come in, between two phases of an element
        self._is_straight = self.rolls_back and not self._in_breadth and not self.watches

    def goes_straight(self) -> bool:
        """True where an element may go through several phases in one item: nothing comes in between."""
        return self._is_straight and not self.answer.requests

    # ------------------------------------------------------------ agenda

    def push(self, item: Item) -> None:
        """Adds work, which runs before all that is waiting already."""
        self._agenda.append(item)

    def push_all(self, *items: Item) -> None:
        """Adds work; the first of these runs first, before all that is waiting already."""
        self._agenda.extend(reversed(items))

    def push_turns(self, turns: Sequence[Continue]) -> None:
        """Adds the turns of a loop; in breadth each begins after what the one before it has begun."""
        if self._in_breadth and len(turns) > 1:
            self._later.extend((turns[0], Turns(tuple(turns), 1)))
        else:
            self.push_next(turns)

    def push_next(self, items: Sequence[Item]) -> None:
        """Adds what begins or ends next: after all that waits for its turn already, where the process goes in breadth."""
        if self._in_breadth:
            self._later.extend(items)
        else:
            self._agenda.extend(reversed(items))

    def go_on(self) -> Answer:
        """Works on until something is asked of another instance, or nothing is left to do."""
        self.answer = Answer()
        return self.run(True)

    def run(self, pausing: bool = False) -> Answer:
        """Works the agenda off; `pausing` stops it, with `rest` in its answer, where something was asked of another instance."""
        agenda, later, checks, work_on = self._agenda, self._later, self._checks, self._work_on
        requests = self.answer.requests
        while agenda or later or checks:
            if requests and pausing and not checks and self._asks():
                self.answer.rest = self
                break
            # conditions are looked at before anything else goes on
            item = checks.popleft() if checks else agenda.pop() if agenda else self._take()
            self._items += 1
            # over its budget, what begins next is put off (`phases`); what does not even begin anything fails
            if self._items > MAX_ITEMS and self._items > HARD_LIMIT * self._budget():
                raise StepBudgetExceeded(
                    f"The process '{self.process.id}' ran {self._items - 1} steps without reaching a wait state: "
                    "it loops for ever; put an asynchronous continuation or a wait state into the loop"
                )
            try:
                work_on(self, item)
            except ProcessionError as error:
                if isinstance(item, Continue):
                    error.details.setdefault("failed_node", self._node_id(item.element))
                raise
        return self.answer

    def _asks(self) -> bool:
        """Whether what was asked of another instance has to be done before what comes next; a signal need not in breadth."""
        if not self._in_breadth:
            return True
        return any(not isinstance(request, BroadcastSignal) for request in self.answer.requests)

    def _take(self) -> Item:
        """What waits for its turn."""
        item = self._later.popleft()
        while isinstance(item, Turns):
            # the next turn of a loop comes after what the one before it has begun
            self._later.append(item.turns[item.begun])
            if item.begun + 1 < len(item.turns):
                self._later.append(Turns(item.turns, item.begun + 1))
            item = self._later.popleft()
        return item

    def expect(self, body: Element, turns: int) -> None:
        """A loop will have so many turns: what is large is not without end. Running the same loop again grants nothing more."""
        self._turns[body.parent, body.node] = max(turns, self._turns.get((body.parent, body.node), 0))

    def is_exhausted(self) -> bool:
        """True where the step has done so much that the rest had better be done in a transaction of its own."""
        return self._items > MAX_ITEMS and self._items > self._budget()

    def _budget(self) -> int:
        return min(MAX_ITEMS + ITEMS_PER_TURN * sum(self._turns.values()), MAX_ITEMS_OF_LOOPS)

    def attempt(self, item: Undone, advance: Callable[[Step, Undone], None]) -> ProcessionError | None:
        """Carries out one item; where it fails nothing of it is left. Gives the failure."""
        mark, length, requests = self._state.mark(), len(self.answer.events), len(self.answer.requests)
        agenda, later = len(self._agenda), len(self._later)
        try:
            advance(self, item)
        except (ExpressionFailed, ExecutionFailed) as error:
            self._state.undo(mark)
            del self.answer.events[length:], self.answer.requests[requests:], self._agenda[agenda:]
            while len(self._later) > later:
                self._later.pop()
            return error
        return None

    def _node_id(self, element: int) -> str | None:
        found = self.view.get(Element, element)
        return None if found is None else found.node

    # ------------------------------------------------------------ positions

    def place_of(self, element: Element) -> Place:
        """What the model says of where an element is."""
        try:
            place: Place = self.process.places[element.node]
        except KeyError:
            place = place_at(self.process, element.node)
        return place

    def node_of(self, element: Element) -> Node:
        """The model of what an element is at; a loop's body has its activity's node."""
        return self.place_of(element).node

    def is_root(self, element: Element) -> bool:
        return element.parent is None

    def create(
        self, nodes: Sequence[tuple[str, str | None]], scope: int, note: Mapping[str, Any] | None = None
    ) -> list[int]:
        """Puts tokens at nodes (id, flow taken) of a scope, all of them before the first goes on; gives their keys."""
        keys: list[int] = []
        begun: list[Continue] = []
        instance = self.view.need(Element, scope).instance
        for node_id, flow in nodes:
            node = self.process.nodes[node_id]
            at = node_id + BODY if node.traits.loop is not None else node_id
            key = self.world.new_key()
            element = Element(key, instance, scope, at, flow=flow, note=note or {})
            self.emit(e.ElementCreated(element, self.definition or 0))
            if flow is not None:
                self.emit(e.FlowTaken(instance, flow))
            keys.append(key)
            begun.append(Continue(key, _BEFORE))
        self.push_next(begun)
        return keys

    def take(self, flows: Sequence[str], scope: int) -> list[int]:
        """Puts tokens behind flows of a scope; gives their keys."""
        known = self.process.flows
        return self.create([(known[flow].target, flow) for flow in flows], scope)

    def rest(self, element: int, phase: Phase, index: int = 0, life: Life | None = None) -> None:
        """Leaves the element at a durable position; something else pushes it on."""
        self.emit(e.ElementMoved(element, phase, index, life))

    def complete(self, element: int, flows: Sequence[str] | None = None, looks: bool = True) -> None:
        """The behaviour is done. `flows` are the outgoing flows it chose; None leaves the choice to the conditions.

        Conditional events come before that, where it `looks` at them.
        """
        if (
            looks
            and self.changed
            and self.look_at_conditions(Complete(element, None if flows is None else tuple(flows)))
        ):
            return
        self.ending = None
        found = self.view.need(Element, element)
        place = self.place_of(found)
        if flows is not None:
            self._chosen[element] = tuple(flows)
        elif self.rolls_back and not place.is_body:
            self._chosen[element] = self._choose(found)
        if self._is_straight and place.ends_plainly:
            self.push(Continue(element, _LEAVE))
            return
        mapped = place.node.traits.outputs and not place.is_body and not self.process.policies.outputs_last
        first = Phase.OUTPUT if mapped else Phase.END
        if not self._in_breadth:
            self.emit(e.ElementMoved(element, first, 0, Life.COMPLETING))
        self.push_next([Continue(element, first)])

    # ------------------------------------------------------------ mappings

    def map(self, element: Element, assignment: Assignment) -> None:
        """Carries out one input or output mapping of an element."""
        if not self.maps:
            return
        # a turn of a loop sees its own loop variables, which live in the same scope as its inputs
        outside = (
            assignment.reach is Reach.LOCAL
            and element.loop_counter is None
            and self.process.policies.inputs_from_outside
        )
        source = element.parent if outside and element.parent is not None else element.key
        value = self.value_of(source, assignment.source)
        scope = element.key
        outwards = assignment.reach is Reach.PARENT or (element.loop_counter is not None and self._shares_body(element))
        if outwards and element.parent is not None:
            scope = element.parent
        if assignment.path:
            found = (
                self.view.variable(scope, assignment.target)
                if assignment.reach is Reach.LOCAL
                else find_variable(self.view, scope, assignment.target)
            )
            value = placed(None if found is None else found.value, assignment.path, value)
        # Camunda 7's history shows what goes into a sub-process at the scope around it
        outer = self.process.policies.inputs_from_outside and isinstance(self.node_of(element), SubProcess)
        place = element.parent if outer else None
        local = assignment.reach is Reach.LOCAL
        set_variable(self, scope, assignment.target, typed(value), local=local, place=place if local else None)

    def _shares_body(self, element: Element) -> bool:
        """The simple turns of a sequential loop put what is local to them into the loop's body, as in Camunda 7."""
        node = self.node_of(element)
        loop = node.traits.loop
        sequential = loop is not None and loop.sequential and self.process.policies.inputs_from_outside
        return sequential and not isinstance(node, SubProcess) and not waits_as_scope(node)

    def value_of(self, scope: int, source: Source, extras: Mapping[str, Any] | None = None) -> Any:
        """The value of a parameter's source at a scope; `extras` are seen before what is there."""
        match source:
            case Script():
                if source.expression is not None:
                    return self.evaluate(scope, source.expression, extras)
                if source.place is not None:
                    raise ExecutionFailed(
                        f"Unable to find the script '{source.place}' among the resources of its deployment"
                    )
                sight = Sight(self, scope, extras)
                value = self.world.script(source.language, source.text, sight)
                sight.flush()
                return value
            case ListOf():
                return [self.value_of(scope, item, extras) for item in source.items]
            case MapOf():
                return {self.text(scope, key): self.value_of(scope, item, extras) for key, item in source.entries}
            case _:
                return self.evaluate(scope, source, extras)

    # ------------------------------------------------------------ flows

    def has_flows(self, element: Element) -> bool:
        """Whether an element that completes leaves by flows, as far as its behaviour has chosen them."""
        return bool(self._chosen.get(element.key, True))

    def chosen_flows(self, element: Element) -> tuple[str, ...]:
        """The outgoing flows that the behaviour chose; else all whose conditions hold now."""
        flows = self._chosen.pop(element.key, None)
        return self._choose(element) if flows is None else flows

    def _choose(self, element: Element) -> tuple[str, ...]:
        """The outgoing flows of an activity or event: all without a condition or whose condition holds; else the default."""
        place = self.place_of(element)
        node = place.node
        if place.leaves_freely:
            return node.outgoing
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
        if flow.condition is None:
            return True
        value = self.value_of(scope, flow.condition)
        if not isinstance(value, bool):
            source = getattr(flow.condition, "source", "script")
            raise ExpressionFailed(
                f"condition expression returns non-Boolean: result of {source} is {value!r}", str(source)
            )
        return value

    # ------------------------------------------------------------ scopes

    def drop_variables(self, scope: int, but: Sequence[str | None] = ()) -> None:
        """The variables of a scope go with it, all or `but` some."""
        owner = self.view.get(Element, scope) or self.view.get(Task, scope)
        if owner is None or not owner.variables:
            return
        gone = tuple(x.key for x in self.view.variables(scope).values() if x.name not in but)
        if gone:
            self.emit(e.VariablesDropped(scope, gone))

    # ------------------------------------------------------------ expressions

    def evaluate(self, scope: int, expression: Expression, extras: Mapping[str, Any] | None = None) -> Any:
        """The value of an expression at a scope; what it sets is emitted at once afterwards."""
        if expression.constant:
            return expression.evaluate(_NOTHING)
        sight = Sight(self, scope, extras, objects=self.process.policies.engine_objects)
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


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


Handler = Callable[[Step, Any], Any]
