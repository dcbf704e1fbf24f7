"""History: the projection of events to rows, for every event there is. This file decides nothing about processes.

`HistoryBatch.project` takes the events of a batch in their order, after they were applied; what begins and ends in one
batch becomes one row, written once. `Transaction.save` writes the rows in the transaction of the change they tell of.
Levels as in Camunda 7: none; activity (instances, activities, tasks); audit (and variables); full (and everything else).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, NamedTuple, Protocol, TypeVar, assert_never

import msgspec

from procession.kernel import events as e
from procession.kernel.catching import START
from procession.kernel.compensation import KEPT
from procession.kernel.events import Event, Stamp
from procession.kernel.records import Element, External, Instance, Record, Task, Variable
from procession.storage import history_migration, history_tasks, history_variables, history_work, schema
from procession.storage.drivers import Driver
from procession.storage.encoding import millis
from procession.storage.history_rows import HistoryRows
from procession.storage.transaction import BigValues

R = TypeVar("R", bound=Record)
DAY = 86_400_000


class HistoryLevel(IntEnum):
    """How much is told; each level has all of those before it."""

    NONE = 0
    ACTIVITY = 1
    AUDIT = 2
    FULL = 3


class DefinitionFacts(NamedTuple):
    """What history needs to know of a process definition: days until removal after the end, and its deployment."""

    time_to_live: int | None = None
    deployment: int | None = None


class Lookup(Protocol):
    """Knows the records of a batch, those that it removed too."""

    def last(self, table: type[R], key: int) -> R | None: ...
    def stored(self, table: type[R], key: int) -> R | None: ...


class Origin(NamedTuple):
    """Where a row comes from; the columns that all history tables have."""

    instance: int | None
    root: int | None
    definition: int | None
    process_id: str | None
    tenant: str | None


_POSITIONS: Final = (
    e.ElementMoved,
    e.ElementCreated,
    e.ElementRemoved,
    e.FlowTaken,
    e.TokenArrived,
    e.ElementNoted,
    e.ElementSetAside,
    e.SubscriptionOpened,
    e.SubscriptionClosed,
)
NOWHERE = Origin(None, None, None, None, None)


class HistoryBatch:
    """The history rows of one batch.

    `facts` gives what history needs to know of a definition; `hostname` goes into the job log. `mark` and `undo` take
    back the rows of a command that failed.
    """

    def __init__(
        self,
        level: HistoryLevel,
        new_key: Callable[[], int],
        facts: Callable[[int], DefinitionFacts] = lambda definition: DefinitionFacts(),
        hostname: str | None = None,
    ) -> None:
        self.level = level
        self.new_key = new_key
        self.rows = HistoryRows()
        self.facts = facts
        self.hostname = hostname
        self._lookup: Lookup | None = None
        self._instances: dict[int, Instance] = {}
        self._elements: dict[int, Element] = {}
        self._tasks: dict[int, Task] = {}
        self._variables: dict[int, Variable] = {}
        self._externals: dict[int, External] = {}
        self._last_node: dict[int, str] = {}
        self.failures: dict[int, int] = {}  # job or external task -> the log entry of its last failure

    @property
    def keeps_variables(self) -> bool:
        """True where history refers to the last value of each variable."""
        return self.level >= HistoryLevel.AUDIT

    @property
    def keeps_details(self) -> bool:
        """True where history refers to every value of each variable."""
        return self.level >= HistoryLevel.FULL

    def mark(self) -> int:
        """A point to go back to with `undo`."""
        return self.rows.mark()

    def undo(self, mark: int) -> None:
        """Takes back every row since `mark`."""
        self.rows.undo(mark)

    # ------------------------------------------------------------ what rows say of their origin

    def instance(self, key: int) -> Instance | None:
        """The instance as it was stored or started; good for what never changes about it."""
        return self._known(self._instances, Instance, key)

    def element(self, key: int) -> Element | None:
        """The element as it was stored or created; good for what never changes about it."""
        return self._known(self._elements, Element, key)

    def task(self, key: int) -> Task | None:
        """The task as it was last seen."""
        return self._known(self._tasks, Task, key)

    def _known(self, cache: dict[int, R], table: type[R], key: int) -> R | None:
        found = cache.get(key)
        if found is None:
            found = None if self._lookup is None else self._lookup.last(table, key)
            if found is not None:
                cache[key] = found
        return found

    def variable(self, key: int) -> Variable | None:
        """The variable with its last value, even after it was removed."""
        return self._known(self._variables, Variable, key)

    def external_before(self, key: int) -> External | None:
        """The external task as it was before the event that is told now."""
        return self._externals.get(key) or (self._lookup.stored(External, key) if self._lookup else None)

    def origin(self, instance: int | None, definition: int | None = None, tenant: str | None = None) -> Origin:
        """The origin of what belongs to an instance, or to none but a definition."""
        found = None if instance is None else self.instance(instance)
        if found is None:
            return Origin(instance, instance, definition, None, tenant)
        return Origin(found.key, found.root, found.definition, found.process_id, found.tenant)

    # ------------------------------------------------------------ the projection

    def project(self, stamp: Stamp, event: Event, lookup: Lookup) -> None:
        """Tells one event. Events of a batch come in their order; `lookup` knows what they name (`kernel.state.State`)."""
        self._lookup = lookup
        if isinstance(event, _POSITIONS):
            # positions of the running state, which history does not tell: more than half of all events, so they go first
            if isinstance(event, e.ElementCreated):
                self._elements[event.element.key] = event.element
            return
        match event:
            case e.InstanceStarted():
                self._instances[event.instance.key] = event.instance
            case e.InstanceMigrated():
                self._instances[event.instance.key] = event.instance
            case e.ElementMigrated():
                self._elements[event.element.key] = event.element
            case e.TaskCreated() | e.TaskChanged():
                self._tasks[event.task.key] = event.task
            case _:
                pass
        if self.level == HistoryLevel.NONE:
            return
        match event:
            case e.InstanceStarted():
                self._instance_started(stamp, event)
            case e.InstanceEnded():
                self._instance_ended(stamp, event)
            case e.InstanceSuspensionChanged():
                self._suspension_changed(stamp, event)
            case e.InstanceModified():
                pass  # whoever asked for it is told with the command
            case e.BusinessKeyChanged():
                self.rows.change(schema.history_instance, event.instance, business_key=event.business_key)
            case e.InstanceMigrated() | e.ElementMigrated() | e.RecordsMigrated():
                history_migration.migrated(self, event)
            case e.ElementEntered():
                self._entered(stamp, event)
            case e.ElementCompleted():
                self._completed(stamp, event)
            case e.ElementTerminated():
                self._left(stamp, event.element, canceled=True)
            case e.CalledInstanceLinked():
                self.rows.change(schema.history_activity, event.element, called_instance=event.called)
            case e.VariableSet():
                history_variables.variable_set(self, stamp, event)
                self._variables[event.variable.key] = event.variable
            case e.VariablesCarried():
                history_variables.variables_carried(self, event)
            case e.VariableRemoved():
                history_variables.variable_removed(self, stamp, event)
            case e.TaskCreated():
                history_tasks.task_created(self, stamp, event)
            case e.TaskChanged():
                history_tasks.task_changed(self, stamp, event)
            case e.TaskEnded():
                history_tasks.task_ended(self, stamp, event)
            case e.LinkAdded():
                history_tasks.link_logged(self, stamp, event.link, "add")
            case e.LinkRemoved():
                if event.logged:
                    history_tasks.link_logged(self, stamp, event.link, "delete")
            case e.ExternalCreated() | e.ExternalChanged() | e.ExternalEnded():
                history_work.external_logged(self, stamp, event)
                self._externals[event.external.key] = event.external
            case e.JobCreated() | e.JobChanged() | e.JobEnded():
                history_work.job_logged(self, stamp, event)
            case e.IncidentRaised():
                history_work.incident_raised(self, stamp, event.incident)
            case e.IncidentEnded():
                history_work.incident_ended(self, stamp, event)
            case e.IncidentAnnotated():
                history_work.incident_annotated(self, event)
            case e.BatchStarted() | e.BatchChanged() | e.BatchEnded():
                history_work.batch_told(self, stamp, event)
            case e.DecisionEvaluated():
                history_variables.decision_evaluated(self, stamp, event)
            case _:
                assert_never(event)

    # ------------------------------------------------------------ instances and activities

    def _instance_started(self, stamp: Stamp, event: e.InstanceStarted) -> None:
        i = event.instance
        self.rows.add(
            schema.history_instance,
            i.key,
            Origin(i.key, i.root, i.definition, i.process_id, i.tenant),
            business_key=i.business_key,
            started=millis(i.started or stamp.time),
            start_user=i.start_user or stamp.user,
            start_node=event.start_node,
            restarted_from=event.restarted,
            state="SUSPENDED" if i.suspended else "ACTIVE",
            caller=i.caller,
            caller_instance=i.caller_instance,
            tags=msgspec.json.encode(i.tags).decode() if i.tags else None,
        )

    def _instance_ended(self, stamp: Stamp, event: e.InstanceEnded) -> None:
        ended = millis(stamp.time)
        instance = self.instance(event.instance)
        removal = {}
        if instance is not None and instance.root == instance.key:
            # only here: the rows of all that belongs to it are removed with it (see `queries.former.removal_time`)
            days = self.facts(instance.definition).time_to_live
            removal = {} if days is None else {"removal_time": ended + days * DAY}
        node = event.node or self._last_node.get(event.instance) if event.state == "COMPLETED" else event.node
        self.rows.change(
            schema.history_instance,
            event.instance,
            ended=ended,
            state=event.state,
            delete_reason=event.reason,
            end_node=node,
            **removal,
        )

    def _suspension_changed(self, stamp: Stamp, event: e.InstanceSuspensionChanged) -> None:
        state = "SUSPENDED" if event.suspended else "ACTIVE"
        self.rows.change(schema.history_instance, event.instance, state=state)

    def _entered(self, stamp: Stamp, event: e.ElementEntered) -> None:
        element = self.element(event.element)
        if element is None or element.parent is None or event.type == "intermediateLinkCatch":
            return  # the process itself is told by its instance; of links Camunda 7 tells nothing
        self.rows.add(
            schema.history_activity,
            element.key,
            self.origin(element.instance),
            parent=self._parent(element),
            node=element.node,
            name=event.name,
            type=event.type,
            started=millis(stamp.time),
        )

    def _parent(self, element: Element) -> int | None:
        """What history shows around an element: of what has ended before its handler began, Camunda 7 shows nothing.

        An event sub-process that compensates is shown around itself.
        """
        parent = None if element.parent is None else self.element(element.parent)
        if parent is None or KEPT not in parent.note:
            return element.parent
        return element.key if START in element.note else None

    def _completed(self, stamp: Stamp, event: e.ElementCompleted) -> None:
        element = self.element(event.element)
        if element is not None and event.scope_completed and element.parent == element.instance:
            self._last_node[element.instance] = element.node
        self._left(stamp, event.element, scope_completed=event.scope_completed)

    def _left(self, stamp: Stamp, key: int, **flags: bool) -> None:
        element = self.element(key)
        if element is not None and element.parent is None:
            return
        told = {name: True for name, value in flags.items() if value}
        self.rows.change(schema.history_activity, key, ended=millis(stamp.time), **told)

    # ------------------------------------------------------------ what users did

    def log_operation(
        self,
        stamp: Stamp,
        operation_type: str,
        entity_type: str,
        changes: dict[str, tuple[Any, Any]],
        origin: Origin = NOWHERE,
        *,
        category: str = "Operator",
        **columns: Any,
    ) -> None:
        """Adds one entry per changed property to the user operation log, for users who said who they are.

        `columns` are those of `schema.operation_log` that name what was changed (task, job, deployment …).
        """
        if self.level < HistoryLevel.FULL or stamp.user is None:
            return
        if origin.definition is not None:
            columns.setdefault("deployment", self.facts(origin.definition).deployment)
        for name, (old, new) in (changes or {"": (None, None)}).items():
            self.rows.add(
                schema.operation_log,
                self.new_key(),
                origin,
                time=millis(stamp.time),
                user_id=stamp.user,
                operation=stamp.operation,
                operation_type=operation_type,
                entity_type=entity_type,
                category=category,
                property=name or None,
                old_value=_shown(old),
                new_value=_shown(new),
                **columns,
            )

    # ------------------------------------------------------------ writing

    def encode(self, big: BigValues) -> None:
        """Takes values apart; what is too big goes to `big`."""
        self.rows.encode(big)

    def write(self, driver: Driver) -> None:
        """Writes every row: one statement per table and kind of change."""
        self.rows.write(driver)


def _shown(value: Any) -> str | None:
    """A property's value as the log shows it: booleans as Java writes them, times in milliseconds."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(millis(value)) if hasattr(value, "tzinfo") else str(value)
