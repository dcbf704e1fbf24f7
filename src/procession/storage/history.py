"""History: the projection of events to rows, for every event there is. This file decides nothing about processes.

`HistoryBatch.project` takes the events of a batch in their order, after they were applied; what begins and ends in one
batch becomes one row, written once. `Transaction.save` writes the rows in the transaction of the change they tell of.
Levels as in Camunda 7: none; activity (instances, activities, tasks); audit (and variables); full (and everything else).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple, Protocol, TypeVar

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


NOWHERE = Origin(None, None, None, None, None)


class HistoryBatch:
    """The history rows of one batch.

    `facts` gives what history needs to know of a definition; `hostname` goes into the job log.
    """

    def __init__(
        self,
        level: HistoryLevel,
        new_key: Callable[[], int],
        facts: Callable[[int], DefinitionFacts] = lambda definition: DefinitionFacts(),
        hostname: str | None = None,
    ) -> None:
        self.level = level
        self.keeps_variables = level >= HistoryLevel.AUDIT  # history refers to the last value of each variable
        self.keeps_details = level >= HistoryLevel.FULL  # history refers to every value of each variable
        self._is_told = level != HistoryLevel.NONE
        self.new_key = new_key
        self.rows = HistoryRows()
        self.facts = facts
        self.hostname = hostname
        self._lookup: Lookup | None = None
        self.time = 0
        """When what is told now has happened, in milliseconds."""
        # as they were last told
        self.instances: dict[int, Instance] = {}
        self.elements: dict[int, Element] = {}
        self.tasks: dict[int, Task] = {}
        self.variables: dict[int, Variable] = {}
        self.externals: dict[int, External] = {}
        self.origins: dict[int, Origin] = {}
        self._last_node: dict[int, str] = {}
        self.failures: dict[int, int] = {}  # job or external task -> the log entry of its last failure

    # ------------------------------------------------------------ what rows say of their origin

    def instance(self, key: int) -> Instance | None:
        """The instance as it was stored or started; good for what never changes about it."""
        return self.instances.get(key) or self._find(self.instances, Instance, key)

    def element(self, key: int) -> Element | None:
        """The element as it was stored or created; good for what never changes about it."""
        return self.elements.get(key) or self._find(self.elements, Element, key)

    def task(self, key: int) -> Task | None:
        """The task as it was last seen."""
        return self.tasks.get(key) or self._find(self.tasks, Task, key)

    def variable(self, key: int) -> Variable | None:
        """The variable with its last value, even after it was removed."""
        return self.variables.get(key) or self._find(self.variables, Variable, key)

    def _find(self, known: dict[int, R], table: type[R], key: int) -> R | None:
        found = None if self._lookup is None else self._lookup.last(table, key)
        if found is not None:
            known[key] = found
        return found

    def external_before(self, key: int) -> External | None:
        """The external task as it was before the event that is told now."""
        return self.externals.get(key) or (self._lookup.stored(External, key) if self._lookup else None)

    def origin(self, instance: int | None, definition: int | None = None, tenant: str | None = None) -> Origin:
        """The origin of what belongs to an instance, or to none but a definition."""
        if instance is None:
            return Origin(None, None, definition, None, tenant)
        known = self.origins.get(instance)
        if known is not None:
            return known
        i = self.instance(instance)
        if i is None:
            return Origin(instance, instance, definition, None, tenant)
        origin = self.origins[instance] = Origin(i.key, i.root, i.definition, i.process_id, i.tenant)
        return origin

    # ------------------------------------------------------------ the projection

    def project(self, stamp: Stamp, events: Iterable[Event], lookup: Lookup) -> None:
        """Tells the events of a command. Those of a batch come in their order; `lookup` knows what they name
        (`kernel.state.State`)."""
        if not self._is_told:
            return
        self._lookup = lookup
        self.time = millis(stamp.time)
        for event in events:
            tell = TELL[type(event)]
            if tell is not None:
                tell(self, stamp, event)

    # ------------------------------------------------------------ instances and activities

    def instance_started(self, stamp: Stamp, event: e.InstanceStarted) -> None:
        i = self.instances[event.instance.key] = event.instance
        self.rows.add(
            schema.history_instance,
            i.key,
            self.origin(i.key),
            business_key=i.business_key,
            started=self.time if i.started is None else millis(i.started),
            start_user=i.start_user or stamp.user,
            start_node=event.start_node,
            restarted_from=event.restarted,
            state="SUSPENDED" if i.suspended else "ACTIVE",
            caller=i.caller,
            caller_instance=i.caller_instance,
            tags=msgspec.json.encode(i.tags).decode() if i.tags else None,
        )

    def instance_ended(self, stamp: Stamp, event: e.InstanceEnded) -> None:
        ended = self.time
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

    def suspension_changed(self, stamp: Stamp, event: e.InstanceSuspensionChanged) -> None:
        state = "SUSPENDED" if event.suspended else "ACTIVE"
        self.rows.change(schema.history_instance, event.instance, state=state)

    def business_key_changed(self, stamp: Stamp, event: e.BusinessKeyChanged) -> None:
        self.rows.change(schema.history_instance, event.instance, business_key=event.business_key)

    def created(self, stamp: Stamp, event: e.ElementCreated) -> None:
        self.elements[event.element.key] = event.element

    def entered(self, stamp: Stamp, event: e.ElementEntered) -> None:
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
            started=self.time,
        )

    def _parent(self, element: Element) -> int | None:
        """What history shows around an element: of what has ended before its handler began, Camunda 7 shows nothing.

        An event sub-process that compensates is shown around itself.
        """
        parent = None if element.parent is None else self.element(element.parent)
        if parent is None or KEPT not in parent.note:
            return element.parent
        return element.key if START in element.note else None

    def completed(self, stamp: Stamp, event: e.ElementCompleted) -> None:
        if not event.scope_completed:
            self.rows.change(schema.history_activity, event.element, ended=self.time)
            return
        element = self.element(event.element)
        if element is not None:
            if element.parent is None:
                return
            if element.parent == element.instance:
                self._last_node[element.instance] = element.node
        self.rows.change(schema.history_activity, event.element, ended=self.time, scope_completed=True)

    def terminated(self, stamp: Stamp, event: e.ElementTerminated) -> None:
        element = self.element(event.element)
        if element is None or element.parent is not None:
            self.rows.change(schema.history_activity, event.element, ended=self.time, canceled=True)

    def called(self, stamp: Stamp, event: e.CalledInstanceLinked) -> None:
        self.rows.change(schema.history_activity, event.element, called_instance=event.called)

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
        if not self.keeps_details or stamp.user is None:
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


TELL: Final[Mapping[type[Event], Callable[[HistoryBatch, Stamp, Any], None] | None]] = {
    e.InstanceStarted: HistoryBatch.instance_started,
    e.InstanceEnded: HistoryBatch.instance_ended,
    e.InstanceSuspensionChanged: HistoryBatch.suspension_changed,
    e.InstanceModified: None,  # whoever asked for it is told with the command
    e.BusinessKeyChanged: HistoryBatch.business_key_changed,
    e.InstanceMigrated: history_migration.instance_migrated,
    e.ElementMigrated: history_migration.element_migrated,
    e.RecordsMigrated: history_migration.records_migrated,
    e.ElementCreated: HistoryBatch.created,
    e.ElementEntered: HistoryBatch.entered,
    e.ElementCompleted: HistoryBatch.completed,
    e.ElementTerminated: HistoryBatch.terminated,
    e.CalledInstanceLinked: HistoryBatch.called,
    e.VariableSet: history_variables.variable_set,
    e.VariablesCarried: history_variables.variables_carried,
    e.VariableRemoved: history_variables.variable_removed,
    e.VariablesDropped: None,  # history keeps their last values
    e.TaskCreated: history_tasks.task_created,
    e.TaskChanged: history_tasks.task_changed,
    e.TaskEnded: history_tasks.task_ended,
    e.LinkAdded: history_tasks.link_added,
    e.LinkRemoved: history_tasks.link_removed,
    e.ExternalCreated: history_work.external_logged,
    e.ExternalChanged: history_work.external_logged,
    e.ExternalEnded: history_work.external_logged,
    e.JobCreated: history_work.job_logged,
    e.JobChanged: history_work.job_logged,
    e.JobEnded: history_work.job_logged,
    e.IncidentRaised: history_work.incident_raised,
    e.IncidentEnded: history_work.incident_ended,
    e.IncidentAnnotated: history_work.incident_annotated,
    e.BatchStarted: history_work.batch_told,
    e.BatchChanged: history_work.batch_told,
    e.BatchEnded: history_work.batch_told,
    e.DecisionEvaluated: history_variables.decision_evaluated,
    # positions of the running state, which history does not tell
    e.ElementMoved: None,
    e.ElementRemoved: None,
    e.FlowTaken: None,
    e.TokenArrived: None,
    e.ElementNoted: None,
    e.ElementSetAside: None,
    e.SubscriptionOpened: None,
    e.SubscriptionClosed: None,
}
"""How each event there is is told; None where it is not."""
