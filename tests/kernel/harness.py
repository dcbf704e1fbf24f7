"""Drives the kernel alone, in memory: `given(diagram).start(n=1).complete("a")`, then `waits`, `path`, `variables`, `events`.

Every command meets a fresh state over stored rows, as after a restart; what it changed is saved, its events are replayed
on an empty state, and both must agree. A command that fails must leave nothing. Nodes are named, not keys.

With the environment name `CAMUNDA_ORACLE` set to the address of a real Camunda 7, the same tests ask it instead (`oracle.py`).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from procession.bpmn.model import DelegateWork, Process, Reference, Signal
from procession.camunda7.bpmn import read_bpmn
from procession.errors import ExecutionFailed, Missing, ProcessionError
from procession.expressions import Bean, Scope
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel import world as w
from procession.kernel.applying import apply
from procession.kernel.handling import step
from procession.kernel.records import (
    Element,
    External,
    IdentityLink,
    Incident,
    Instance,
    Job,
    Record,
    Subscription,
    Task,
    Variable,
)
from procession.kernel.state import GROUPED_BY, TABLES, TOLD_APART_BY, Changes, State
from procession.kernel.stepping import Answer, Step
from procession.kernel.variables import typed
from procession.kernel.world import Decided
from tests.kernel.diagram import Diagram

R = TypeVar("R", bound=Record)
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
WORKER = "w"
MANY = 200  # rows of a table that are compared whole after every command


class Store:
    """Rows kept in memory; counts what is fetched."""

    def __init__(self) -> None:
        self.rows: dict[type[Any], dict[int, Any]] = {table: {} for table in TABLES}
        self._groups: dict[tuple[type[Any], int], dict[int, None]] = {}
        self.fetched = 0

    def fetch(self, table: type[R], keys: Iterable[int]) -> list[R]:
        found = [self.rows[table][key] for key in keys if key in self.rows[table]]
        self.fetched += len(found)
        return found

    def fetch_group(self, table: type[R], group: int, only: str | None = None) -> list[R]:
        found = [self.rows[table][key] for key in self._groups.get((table, group), ())]
        if only is not None:
            found = [row for row in found if getattr(row, TOLD_APART_BY[table]) == only]
        self.fetched += len(found)
        return found

    def save(self, changes: Mapping[type[Any], Changes]) -> None:
        for table, changed in changes.items():
            for key in changed.deleted:
                self._group(table, self.rows[table].pop(key)).pop(key, None)
            for row in (*changed.inserted, *changed.updated):
                self.rows[table][row.key] = row
                self._group(table, row)[row.key] = None

    def all(self, table: type[R]) -> list[R]:
        return list(self.rows[table].values())

    def _group(self, table: type[Any], row: Any) -> dict[int, None]:
        column = GROUPED_BY.get(table)
        group = None if column is None else getattr(row, column)
        return {} if group is None else self._groups.setdefault((table, group), {})


@dataclass
class MemoryWorld:
    """A world of fixed time, counted keys and registered user code."""

    models: list[Process]
    now: datetime = NOW
    user: str | None = "demo"
    beans: Mapping[str, Any] = field(default_factory=dict)
    delegates: Mapping[str, Callable[[Bean], Any]] = field(default_factory=dict)
    decisions: Mapping[str, Callable[[Mapping[str, Any]], list[dict[str, Any]]]] = field(default_factory=dict)
    job_definitions: Mapping[str, tuple[int, int | None, bool]] = field(default_factory=dict)
    last_key: int = 1000

    def new_key(self) -> int:
        self.last_key += 1
        return self.last_key

    def process(self, definition: int) -> Process:
        return self.models[definition - 1]

    def definition_id(self, definition: int) -> str:
        return f"{self.models[definition - 1].id}:1:{definition}"

    def job_definition(
        self, definition: int, node: str, kind: str, configuration: str | None
    ) -> tuple[int, int | None, bool] | None:
        return self.job_definitions.get(node)

    def default_retries(self) -> int:
        return 3

    def shared(self, name: str) -> Any:
        raise KeyError(name)

    def bean(self, name: str) -> Any:
        return self.beans[name]

    def call(self, work: DelegateWork, bean: Any, execution: Bean) -> Any:
        if work.class_name is None:
            return bean(execution)
        if work.class_name not in self.delegates:
            raise ExecutionFailed(f"no delegate {work.class_name}")
        return self.delegates[work.class_name](execution)

    def connect(self, connector: str, given: Mapping[str, Any], execution: Bean) -> Mapping[str, Any]:
        if f"connector:{connector}" not in self.delegates:
            raise ExecutionFailed(f"No connector found for connector id '{connector}'")
        found: Mapping[str, Any] = self.delegates[f"connector:{connector}"](execution)
        return found

    def script(self, language: str, text: str, scope: Scope) -> Any:
        raise ExecutionFailed(f"Can't find scripting engine for '{language}'")

    def decide(self, decision: Reference, definition: int, scope: Scope, variables: Mapping[str, Any]) -> Decided:
        rows = self.decisions[str(decision.key.evaluate(scope))](variables)
        return Decided(tuple(rows))


class KernelPlay:
    """One test's processes on the kernel."""

    on_kernel = True

    def __init__(self, diagrams: tuple[Diagram | str, ...], **world: Any) -> None:
        texts = [d if isinstance(d, str) else d.xml() for d in diagrams]
        models = [process for text in texts for process in read_bpmn(text.encode()).processes]
        self._begin(models, world)

    @classmethod
    def of(cls, *models: Process, **world: Any) -> KernelPlay:
        """A play of models that were not read from a diagram."""
        play = cls.__new__(cls)
        play._begin(list(models), world)
        return play

    def _begin(self, models: list[Process], world: dict[str, Any]) -> None:
        self.world = MemoryWorld(models, **world)
        self.store = Store()
        self.events: list[e.Event] = []
        self.log: list[e.Event] = []
        self.replayed = State()
        self.instance = 0
        self.touched = 0
        self._signals = any(
            isinstance(getattr(n, "definition", None), Signal) for m in models for n in m.nodes.values()
        )
        self._nodes: dict[int, str] = {}
        self._path: dict[int, list[Any]] = {}
        self._variables: dict[tuple[int, str], Any] = {}
        self._named: dict[int, str] = {}

    # ------------------------------------------------------------ commands

    def when(self, command: c.Command) -> Any:
        """Carries out a command with all that follows in other instances; gives its value. Checks the laws."""
        state = State(self.store)
        if self._signals:
            state.preload(Subscription, list(self.store.rows[Subscription]))
        self.store.fetched = 0
        done: list[e.Event] = []
        key = self.world.last_key
        try:
            value = self._carry_out(state, command, done)
        except BaseException:
            state.undo(0)
            assert not state.changes(), "a failed command leaves something"
            self.world.last_key = key
            raise
        changes = state.changes()
        self.touched = self.store.fetched + sum(
            len(x.inserted) + len(x.updated) + len(x.deleted) for x in changes.values()
        )
        self.store.save(changes)
        self.events = done
        for event in done:
            apply(self.replayed, event)
            self._observe(event)
        self.log += done
        self._check_replay(changes)
        return value

    def _check_replay(self, changes: Mapping[type[Any], Changes]) -> None:
        """Replaying all events on an empty state gives the stored rows; where there are many, those that changed."""
        for table in TABLES:
            rows = self.store.rows[table]
            if len(rows) < MANY:
                assert {row.key: row for row in self.replayed.all(table)} == rows
        for table, changed in changes.items():
            for row in (*changed.inserted, *changed.updated):
                assert self.replayed.get(table, row.key) == row
            assert not any(self.replayed.get(table, key) for key in changed.deleted)

    def _carry_out(self, state: State, command: c.Command, done: list[e.Event]) -> Any:
        waiting: deque[Any] = deque()

        def take(one: c.Command | Step) -> Answer:
            answer = one.go_on() if isinstance(one, Step) else step(state, one, self.world)
            done.extend(answer.events)
            waiting.extendleft(reversed([*answer.requests, *([] if answer.rest is None else [answer.rest])]))
            return answer

        first = take(command)
        while waiting:
            following: c.Command | None = None
            match waiting.popleft():
                case Step() as rest:
                    take(rest)
                case w.CallProcess() as request:
                    definition = next(n for n, p in enumerate(self.world.models, 1) if p.id == request.key)
                    following = c.StartInstance(
                        definition, request.variables, request.business_key, request.tenant, caller=request.element,
                        caller_instance=request.instance, root=request.root,
                    )  # fmt: skip
                case w.CallEnded() as request:
                    following = c.FinishCall(request.caller, request.called, request.variables)
                case w.ErrorLeft() as request:
                    following = c.EndUncaught(request.element, request.code, request.message)
                    caller: int | None = request.caller
                    results = request.results
                    while caller is not None:
                        answer = take(c.RaiseFromCall(caller, request.code, request.message, results))
                        if answer.caught:
                            following = None
                            break
                        caller, results = answer.value or (None, {})
                case w.EscalationLeft() as request:
                    if request.element is not None:
                        waiting.appendleft(c.GoOn(request.element))
                    following = c.EscalateFromCall(
                        request.caller, request.code, request.results, request.demand, request.element
                    )
                case w.ThrowerGoesOn() as request:
                    following = c.GoOn(request.element)
                case w.BroadcastSignal() as request:
                    for found in [x for x in state.all(Subscription) if (x.kind, x.name) == ("signal", request.name)]:
                        if state.get(Subscription, found.key) is not None:
                            waiting.append(c.TriggerSubscription(found.key, request.variables, optional=True))
                    waiting.append(c.GoOn(request.element))
                case w.CancelCalled() as request:
                    alive = state.get(Instance, request.called) is not None
                    outside = request.outside
                    cancel = c.CancelInstance(request.called, request.reason, inside=not outside, called=outside)
                    following = cancel if alive else None
                case w.CancelCaller() as request:
                    following = c.CancelElement(request.caller, request.reason)
                case w.MirrorIncident() as request:
                    following = c.RaiseIncident(
                        request.caller,
                        request.kind,
                        request.message,
                        cause=request.cause,
                        root_cause=request.root_cause,
                    )
                case w.UnmirrorIncident() as request:
                    following = c.EndMirrored(request.caller, request.cause, request.resolved)
                case w.StartByTimer() as request:
                    following = c.StartInstance(request.definition, tenant=request.tenant, node=request.node)
                case other:
                    following = other
            if following is not None:
                take(following)
        return first.value

    def start(self, business_key: str | None = None, /, **variables: Any) -> KernelPlay:
        """Starts the first process."""
        values = {name: typed(value) for name, value in variables.items()}
        self.instance = self.when(c.StartInstance(1, values, business_key))
        return self

    def complete(self, node: str, **variables: Any) -> KernelPlay:
        """Completes the oldest user task at a node."""
        self.when(c.CompleteTask(self.task(node).key, _typed(variables)))
        return self

    def work(self, node: str, local: Mapping[str, Any] | None = None, **variables: Any) -> KernelPlay:
        """A worker takes and completes the external task at a node."""
        self.when(c.CompleteExternal(self._lock(node), WORKER, _typed(variables), _typed(local or {})))
        return self

    def fail(self, node: str, retries: int, message: str = "no") -> KernelPlay:
        """A worker reports a failure."""
        self.when(c.FailExternal(self._lock(node), WORKER, message, None, retries, 0))
        return self

    def throw(self, node: str, code: str, message: str | None = None, **variables: Any) -> KernelPlay:
        """A worker, or a user at a task, throws a BPMN error."""
        if self._find(External, node):
            self.when(c.ThrowError(code, message, _typed(variables), external=self._lock(node), worker=WORKER))
        else:
            self.when(c.ThrowError(code, message, _typed(variables), task=self.task(node).key))
        return self

    def run(self, node: str) -> KernelPlay:
        """Executes the oldest job at a node, due or not; a failure is recorded as the job executor does."""
        job = self.job(node)
        try:
            self.when(c.RunJob(job.key))
        except ProcessionError as fault:
            self.when(c.FailJob(job.key, fault.message, "trace"))
        return self

    def send(self, name: str, **variables: Any) -> KernelPlay:
        """A message reaches the first instance of the test."""
        found = [x for x in self.store.all(Subscription) if x.name == name]
        if not found:
            raise Missing(f"nobody waits for {name}")
        self.when(c.TriggerSubscription(found[0].key, _typed(variables)))
        return self

    def message_at(self, node: str) -> str:
        """The name of the message that a node waits for."""
        return _only_first(self._find(Subscription, node), node).name or ""

    def signal(self, node: str, **variables: Any) -> KernelPlay:
        """Lets a receive task without a message go on."""
        self.when(c.SignalElement(self.element(node).key, _typed(variables)))
        return self

    def modify(self, *instructions: str) -> KernelPlay:
        """Starts and cancels inside of the instance: `before a`, `after a`, `flow a_b`, `cancel a`."""
        self.when(c.ModifyInstance(self.instance, tuple(map(_instruction, instructions))))
        return self

    def migrate(self, *moves: str) -> KernelPlay:
        """Moves the instance from the first file's process to the second's: `a b` maps nodes, `a b!` makes events anew."""
        found = tuple(c.MoveNode(*move.rstrip("!").split(), move.endswith("!")) for move in moves)
        self.when(c.MigrateInstance(self.instance, 1, 2, found))
        return self

    def start_at(self, *instructions: str) -> KernelPlay:
        """Starts the first process at these places; see `modify`."""
        self.instance = self.when(c.StartInstance(1, instructions=tuple(map(_instruction, instructions))))
        return self

    def cancel(self) -> KernelPlay:
        self.when(c.CancelInstance(self.instance, "over"))
        return self

    def suspend(self, suspended: bool = True) -> KernelPlay:
        self.when(c.SuspendInstance(self.instance, suspended))
        return self

    def set(self, node: str | None = None, **variables: Any) -> KernelPlay:
        """Sets variables of the instance, or from a node outwards."""
        scope = self.instance if node is None else self.element(node).key
        self.when(c.SetVariables(scope, _typed(variables)))
        return self

    def retry(self, node: str, retries: int = 1) -> KernelPlay:
        """Sets the retries of the job or external task at a node."""
        if self._find(External, node):
            self.when(c.ChangeExternal(self._find(External, node)[0].key, retries=retries))
        else:
            self.when(c.ChangeJob(self.job(node).key, retries=retries))
        return self

    def _lock(self, node: str) -> int:
        found = self._find(External, node)
        if not found:
            raise Missing(f"no external task at {node}")
        self.when(c.ChangeExternal(found[0].key, lock=(WORKER, None)))
        return found[0].key

    # ------------------------------------------------------------ records

    def task(self, node: str) -> Task:
        return _only_first(self._find(Task, node), node)

    def job(self, node: str) -> Job:
        return _only_first(self._find(Job, node), node)

    def external(self, node: str) -> External:
        return _only_first(self._find(External, node), node)

    def element(self, node: str) -> Element:
        return _only_first(self._find(Element, node), node)

    def links(self, node: str) -> list[tuple[str, str | None, str | None]]:
        """Type, user and group of the links of a task."""
        key = self.task(node).key
        return [(x.type, x.user, x.group) for x in self.store.all(IdentityLink) if x.task == key]

    def _find(self, table: type[R], node: str) -> list[R]:
        return [row for row in self.store.all(table) if getattr(row, "node", None) == node]

    # ------------------------------------------------------------ what can be seen

    @property
    def waits(self) -> list[str]:
        """The nodes of all that waits for somebody: tasks, external tasks, jobs, messages, receive tasks, sorted."""
        found = [x.node or "" for x in self.store.all(Task)] + [x.node for x in self.store.all(External)]
        found += [x.node or "" for x in self.store.all(Job)]
        found += [x.node for x in self.store.all(Subscription)]
        for element in self.store.all(Element):
            if not element.attached and not element.children and self._signalled(element):
                found.append(element.node)
        return sorted(found)

    def _signalled(self, element: Element) -> bool:
        definition = self.store.rows[Instance][element.instance].definition
        node = self.world.process(definition).nodes.get(element.node)
        return node is not None and node.kind == "receiveTask"

    @property
    def ended(self) -> bool:
        return not self.store.rows[Instance]

    @property
    def empty(self) -> bool:
        """True where no row is left."""
        return not any(self.store.rows.values())

    @property
    def path(self) -> list[str]:
        """The nodes that history shows, sorted; `a!` was cancelled, `a?` goes on still."""
        return sorted(node + mark for node, mark in self._path.values())

    @property
    def order(self) -> list[str]:
        """As `path`, in the order of entering."""
        return [node + mark for node, mark in self._path.values()]

    @property
    def variables(self) -> dict[str, Any]:
        """The variables of the instances, alive or ended, by name; those of an element by `node.name`."""
        return {name: value for (_, name), value in self._variables.items()}

    @property
    def incidents(self) -> list[str]:
        """`kind node` of all incidents, sorted."""
        return sorted(f"{x.kind} {x.node}" for x in self.store.all(Incident))

    @property
    def states(self) -> list[str]:
        """The states in which instances ended, in order."""
        return [event.state for event in self.log if isinstance(event, e.InstanceEnded)]

    def retries(self, node: str) -> int | None:
        found = self._find(External, node)
        return found[0].retries if found else self.job(node).retries

    def _shown(self, scope: int, name: str) -> str:
        node = self._nodes.get(scope, "")
        return f"{node}.{name}" if node else name

    def _observe(self, event: e.Event) -> None:
        match event:
            case e.ElementCreated(element=element):
                self._nodes[element.key] = "" if element.parent is None else element.node
            case e.ElementEntered():
                self._path[event.element] = [self._nodes[event.element], "?"]
            case e.ElementMigrated(element=element) if element.key in self._path:
                self._nodes[element.key] = self._path[element.key][0] = element.node
            case e.ElementCompleted() if event.element in self._path:
                self._path[event.element][1] = ""
            case e.ElementTerminated() if event.element in self._path:
                self._path[event.element][1] = "!"
            case e.TaskCreated(task=task):
                self._nodes[task.key] = task.node or ""
            case e.VariableSet(variable=v):
                self._named[v.key] = v.name
                self._variables[v.scope, self._shown(v.scope, v.name)] = v.value
            case e.VariablesCarried(source=source, target=target):
                for key in event.variables:
                    value = self._variables.pop((source, self._shown(source, self._named[key])))
                    self._variables[target, self._shown(target, self._named[key])] = value
            case e.VariableRemoved():
                del self._variables[event.scope, self._shown(event.scope, event.name)]
            case _:
                pass


def _instruction(text: str) -> c.StartAt | c.CancelAt:
    where, node = text.split()
    return c.CancelAt(node) if where == "cancel" else c.StartAt(node, where)


def _typed(values: Mapping[str, Any]) -> c.Values:
    return {name: typed(value) for name, value in values.items()}


def _only_first(found: list[R], node: str) -> R:
    if not found:
        raise Missing(f"nothing of that kind at {node}")
    return found[0]


def given(*diagrams: Diagram | str, **world: Any) -> Any:
    """A play of these files, whose first process is the one to start; on the kernel, or on a real Camunda 7 if one is named."""
    address = os.environ.get("CAMUNDA_ORACLE")
    if address:
        from tests.kernel.oracle import CamundaPlay

        return CamundaPlay(address, diagrams)
    return KernelPlay(diagrams, **world)


def on_kernel(*diagrams: Diagram | str, **world: Any) -> KernelPlay:
    """A play on the kernel whatever is named: for what only it can show."""
    return KernelPlay(diagrams, **world)


__all__ = ["NOW", "WORKER", "KernelPlay", "MemoryWorld", "Store", "Variable", "given", "on_kernel"]
