"""The unit of work: one database transaction in which commands run, each undone alone if it fails.

What a command touches beyond its own instance is locked when it is met. This file does not know who sends commands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from procession.engine.commands import StartProcess, Together
from procession.engine.worlds import EngineWorld
from procession.errors import Conflict
from procession.expressions import MappingScope, Scope
from procession.kernel import handling
from procession.kernel.applying import apply
from procession.kernel.commands import Command
from procession.kernel.events import Event, Stamp, VariablesDropped, VariableSet
from procession.kernel.records import Frozen, Instance, Variable
from procession.kernel.state import Changes, State
from procession.kernel.stepping import Answer, Step
from procession.storage.drivers import Asked, at_once

if TYPE_CHECKING:
    from procession.engine.engine import Engine
    from procession.engine.operations import Entry
    from procession.storage import Transaction


class Busy(Conflict):
    """An instance that the command met is locked by another node: try the command again."""


class Envelope(Frozen, frozen=True):
    """Who sends a command, for whom and from where; stored with what it does."""

    user: str | None = None
    tenant: str | None = None
    source: str | None = None
    groups: tuple[str, ...] = ()


def _each(commands: Iterable[Any]) -> Iterator[Any]:
    """Commands, and those that are several in one."""
    for command in commands:
        if isinstance(command, Together):
            yield from _each(command.commands)
        else:
            yield command


class Unit:
    """A transaction's state and what belongs to it. `alone` allows user code."""

    def __init__(self, engine: Engine, transaction: Transaction, *, alone: bool) -> None:
        from procession.engine.routing import carry_out

        self._carry_out = carry_out
        self.engine = engine
        self.transaction = transaction
        self.alone = alone
        self.state = State(transaction)
        self.now: datetime = engine.clock()
        self.calls = 0
        self._locked: set[int] = set()
        self._events: list[Event] = []
        self.changes: dict[type[Any], Changes] = {}
        self.done: list[tuple[Stamp, list[Event]]] = []
        self.operations: list[tuple[Stamp, Entry]] = []  # what users asked for
        self._depth = 0
        self._operation: str | None = None
        self.forgets = False  # definitions that others hold in memory are changed or deleted

    # ------------------------------------------------------------ loading

    def prepare(self, commands: Iterable[Any]) -> None:
        """Locks and loads what commands name, in a handful of statements for all of them."""
        at_once(self.preparing(commands))

    def preparing(self, commands: Iterable[Any]) -> Asked[None]:
        """`prepare`, side by side with what others ask."""
        named: dict[type[Any], set[int]] = {}
        started: dict[tuple[Any, ...], None] = {}
        for command in _each(commands):
            if isinstance(command, StartProcess) and command.definition is None:
                by_id = command.id is not None
                started[("id", command.id) if by_id else ("latest", command.process_id or "", command.tenant)] = None
            for table, name in handling.TARGETS.get(type(command), ()):
                key = getattr(command, name)
                if key is not None:
                    named.setdefault(table, set()).add(key)
        self.engine.definitions.expect(started, self.transaction)
        if named:
            self._locked |= yield from self.transaction.loading(self.state, named)

    def lock(self, instances: Iterable[int], *, wait: bool = True) -> None:
        """Locks instances in the order of their keys. Raises Busy where one is taken and `wait` is False."""
        wanted = [key for key in instances if key not in self._locked and not self.state.is_held(Instance, key)]
        if not wanted:
            return
        locked = self.transaction.lock_instances(wanted, wait=wait)
        if not wait and self.transaction.driver.name == "postgresql":
            for key in wanted:
                if key not in locked and self.transaction.exists(Instance, key):
                    raise Busy(f"Process instance {key} is being worked on; try again")
        self._locked |= set(wanted)

    # ------------------------------------------------------------ running

    def step(self, command: Command, envelope: Envelope) -> Answer:
        """Carries out a kernel command here and now; its requests are the caller's to see to."""
        answer = handling.step(self.state, command, EngineWorld(self, envelope))
        self._events.extend(answer.events)
        return answer

    def go_on(self, step: Step) -> Answer:
        """Goes on with a step whose requests have been seen to."""
        answer = step.go_on()
        self._events.extend(answer.events)
        return answer

    def record(self, event: Event) -> None:
        """Takes down an event that did not come from a step (a decision evaluated outside of a process)."""
        self._events.append(event)

    def apply(self, event: Event) -> None:
        """Makes an event happen that no instance's step emits: starts that open and close with a deployment."""
        apply(self.state, event)
        self._events.append(event)

    def forget_definitions(self) -> None:
        """What is held of definitions is out of date: here, and once this is durable on other nodes too."""
        self.forgets = True
        self.engine.definitions.forget()

    def scope(self) -> Scope:
        """What expressions see that belong to no instance."""
        return MappingScope({}, self.now)

    def run(self, command: Any, envelope: Envelope) -> Any:
        """Carries out a command with all that follows from it in other instances. On an error nothing of it is left."""
        return self.told(command, envelope, Unit._run)

    def told(self, command: Any, envelope: Envelope, work: Callable[[Unit, Any, Envelope], Any]) -> Any:
        """Does the work of a command; what a user asks for, and not what that brings with it, goes to the operation log."""
        if envelope.user is None or self._depth:
            return work(self, command, envelope)
        from procession.engine import operations

        entries = operations.before(self, command)
        self._depth += 1
        self._operation = str(self.transaction.new_key())
        try:
            value = work(self, command, envelope)
            stamp = self._stamp(envelope)
        finally:
            self._depth -= 1
            self._operation = None
        self.operations += [(stamp, x) for x in (*entries, *operations.after(self, command, value))]
        return value

    def _stamp(self, envelope: Envelope) -> Stamp:
        return Stamp(self.now, envelope.user, envelope.tenant, envelope.source, self._operation)

    def _run(self, command: Any, envelope: Envelope) -> Any:
        mark, events, self._events = self.state.mark(), self._events, []
        try:
            value = self._carry_out(self, command, envelope)
        except BaseException:
            self.state.undo(mark)
            self._events = events
            raise
        if events:  # a command inside another one
            self._events = events + self._events
        else:
            self._drop_transient()
            self.done.append((self._stamp(envelope), self._events))
            self._events = []
        return value

    def _drop_transient(self) -> None:
        """Transient variables end with the command that made them."""
        if VariableSet not in map(type, self._events):
            return
        for event in self._events:
            if type(event) is VariableSet and event.variable.transient:
                v = event.variable
                if self.state.get(Variable, v.key) is not None:
                    apply(self.state, VariablesDropped(v.scope, (v.key,)))

    def save(self) -> None:
        """Writes everything: records and history."""
        history = self.engine.history(self.transaction)
        for stamp, events in self.done:
            history.project(stamp, events, self.state)
        for stamp, entry in self.operations:
            history.log_operation(
                stamp,
                entry.operation,
                entry.entity,
                entry.changes,
                entry.origin,
                category=entry.category,
                **entry.columns,
            )
        self.changes = self.state.changes()
        with self.transaction.together():
            self.transaction.save(self.changes, history)
            self.engine.tell(self)
