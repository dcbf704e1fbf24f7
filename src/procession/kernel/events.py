"""What has happened: one frozen dataclass per kind of event, past tense. This file is the room's table of contents for change.

Behaviours emit these; `applying.py` alone turns them into state; `storage.history` alone turns them into history. An event
carries all that either needs. The time and the actor of an event are those of its command (`Stamp`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from procession.kernel.records import (
    Batch,
    Element,
    External,
    Frozen,
    IdentityLink,
    Incident,
    Instance,
    Job,
    Life,
    Phase,
    Record,
    Subscription,
    Task,
    Variable,
)


class Stamp(Frozen, frozen=True):
    """When and by whom: the envelope of the command whose events follow."""

    time: datetime
    user: str | None = None
    tenant: str | None = None
    source: str | None = None
    operation: str | None = None  # id that groups what one request did


# ---------------------------------------------------------------- instances


class InstanceStarted(Frozen, frozen=True):
    instance: Instance
    start_node: str | None
    restarted: int | None = None  # the ended instance that it takes up again


class InstanceEnded(Frozen, frozen=True):
    """`state` is COMPLETED, INTERNALLY_TERMINATED or EXTERNALLY_TERMINATED; `node` is the end event, if one ended it."""

    instance: int
    state: str
    reason: str | None = None
    node: str | None = None


class InstanceSuspensionChanged(Frozen, frozen=True):
    instance: int
    suspended: bool


class InstanceModified(Frozen, frozen=True):
    """Somebody started or cancelled inside of the instance; what came of it are events of their own."""

    instance: int
    annotation: str | None = None


class BusinessKeyChanged(Frozen, frozen=True):
    instance: int
    business_key: str | None


# ---------------------------------------------------------------- elements


class ElementCreated(Struct, frozen=True):
    """A token reached a node: the element exists, nothing of it has run (history begins with ElementEntered)."""

    element: Element
    definition: int


class ElementEntered(Frozen, frozen=True):
    """The element begins its life; `type` is Camunda's activity type, `name` the node's name.

    It is `active` where it does at once what it does: no mapping and no listener comes before.
    """

    element: int
    type: str
    name: str | None
    active: bool = False


class ElementMoved(Frozen, frozen=True):
    """The durable position changed; `life` where the life goes on with it."""

    element: int
    phase: Phase
    index: int = 0
    life: Life | None = None


class ElementNoted(Struct, frozen=True):
    """The behaviour remembers something between commands."""

    element: int
    note: Mapping[str, Any]


class ElementCompleted(Frozen, frozen=True):
    """The element ended well, whether it was completing already or active; `scope_completed` where it was the end event
    that completed its scope. It is `removed` with that where nothing of it has to stay."""

    element: int
    scope_completed: bool = False
    removed: bool = False
    type: str | None = None


class ElementTerminated(Frozen, frozen=True):
    """The element was cancelled."""

    element: int


class ElementSetAside(Frozen, frozen=True):
    """What is kept of a completed scope for compensation leaves its scope's count, or is recalled; `parent` where it moves."""

    element: int
    aside: bool
    parent: int | None = None


class ElementRemoved(Frozen, frozen=True):
    """Nothing is left of the element in the running state."""

    element: int


class TokenArrived(Frozen, frozen=True):
    """One more token (or fewer, with a negative number) waits at a join in a scope."""

    scope: int
    node: str
    count: int


class FlowTaken(Frozen, frozen=True):
    instance: int
    flow: str


class CalledInstanceLinked(Frozen, frozen=True):
    """A call activity started an instance (history shows it at the activity)."""

    element: int
    called: int


class InstanceMigrated(Frozen, frozen=True):
    """The instance belongs to another definition now; what is in it follows with events of its own."""

    instance: Instance


class ElementMigrated(Struct, frozen=True):
    """The element is at another node now, and may be in another scope; `type` and `name` are the node's, None for a process."""

    element: Element
    type: str | None
    name: str | None
    definition: int
    process_id: str


class RecordsMigrated(Struct, frozen=True):
    """What belongs to a migrated element follows it. Variables are as they were; their history follows."""

    records: tuple[Record, ...]
    definition: int
    process_id: str


# ---------------------------------------------------------------- variables


class VariableSet(Struct, frozen=True):
    """Created (`created`) or changed. `activity` is the element whose work did it (for history details)."""

    variable: Variable
    created: bool
    activity: int | None = None
    initial: bool = False
    place: int | None = None  # the element at which history shows it, if not its scope


class VariablesCarried(Frozen, frozen=True):
    """Local variables go on with their token: from the element `source` to `target`. They stay what they are."""

    source: int
    target: int
    variables: tuple[int, ...]


class VariableRemoved(Frozen, frozen=True):
    """Deleted on request."""

    variable: int
    scope: int
    name: str
    activity: int | None = None


class VariablesDropped(Frozen, frozen=True):
    """Gone with their scope; history keeps their last values."""

    scope: int
    variables: tuple[int, ...]


# ---------------------------------------------------------------- human tasks


class TaskCreated(Frozen, frozen=True):
    task: Task


class TaskChanged(Struct, frozen=True):
    """Attributes changed (assignee, owner, due …); `operation` is Camunda's name (Claim, Assign, Delegate, Update …)."""

    task: Task
    operation: str
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


class TaskEnded(Frozen, frozen=True):
    """`reason` is `completed`, `deleted` or the deletion's own reason."""

    task: int
    reason: str


class LinkAdded(Frozen, frozen=True):
    link: IdentityLink


class LinkRemoved(Frozen, frozen=True):
    """`logged` is False where the link goes with its task: history then says nothing."""

    link: IdentityLink
    logged: bool = True


# ---------------------------------------------------------------- external tasks, jobs, subscriptions


class ExternalCreated(Frozen, frozen=True):
    external: External


class ExternalChanged(Frozen, frozen=True):
    """Retries, priority, lease or suspension changed; `failed` where a worker reported a failure (one log entry)."""

    external: External
    failed: bool = False


class ExternalEnded(Frozen, frozen=True):
    """`outcome` is `successful` or `deleted`."""

    external: External
    outcome: str


class JobCreated(Struct, frozen=True):
    job: Job


class JobChanged(Struct, frozen=True):
    """Retries, due date, priority, suspension or lease changed; `failed` where an execution failed (one log entry)."""

    job: Job
    failed: bool = False
    retries_before: int | None = None


class JobEnded(Struct, frozen=True):
    """`outcome` is `successful` or `deleted`."""

    job: Job
    outcome: str


class SubscriptionOpened(Frozen, frozen=True):
    subscription: Subscription


class SubscriptionClosed(Frozen, frozen=True):
    subscription: int


# ---------------------------------------------------------------- incidents and decisions


class IncidentRaised(Frozen, frozen=True):
    incident: Incident


class IncidentEnded(Frozen, frozen=True):
    """Resolved, or deleted with its instance."""

    incident: int
    resolved: bool


class IncidentAnnotated(Frozen, frozen=True):
    incident: int
    annotation: str | None


class DecisionInput(Struct, frozen=True):
    """One input clause's value of an evaluated table."""

    clause_id: str | None
    clause_name: str | None
    type: str
    value: Any


class DecisionOutput(Struct, frozen=True):
    """One output of a matched rule; `rule_order` counts from 1."""

    clause_id: str | None
    clause_name: str | None
    rule_id: str | None
    rule_order: int | None
    variable_name: str | None
    type: str
    value: Any


class DecisionEvaluated(Struct, frozen=True):
    """A decision was evaluated; required decisions come as events of their own with `root` set to the asked one's key."""

    key: int
    decision: int  # key of the decision definition
    decision_id: str
    decision_name: str | None
    requirements: int | None
    requirements_id: str | None
    root: int | None
    inputs: tuple[DecisionInput, ...]
    outputs: tuple[DecisionOutput, ...]
    collected: float | None = None
    instance: int | None = None
    element: int | None = None
    node: str | None = None
    definition: int | None = None
    process_id: str | None = None
    tenant: str | None = None


# ---------------------------------------------------------------- batches


class BatchStarted(Struct, frozen=True):
    batch: Batch


class BatchChanged(Struct, frozen=True):
    """More of its jobs were made, the first of them ran, or it was suspended or woken."""

    batch: Batch


class BatchEnded(Struct, frozen=True):
    """All of its jobs are gone, or it was deleted."""

    batch: Batch


Event = (
    InstanceStarted
    | InstanceEnded
    | InstanceSuspensionChanged
    | InstanceModified
    | BusinessKeyChanged
    | ElementCreated
    | ElementEntered
    | ElementMoved
    | ElementNoted
    | ElementCompleted
    | ElementTerminated
    | ElementSetAside
    | ElementRemoved
    | TokenArrived
    | FlowTaken
    | CalledInstanceLinked
    | InstanceMigrated
    | ElementMigrated
    | RecordsMigrated
    | VariableSet
    | VariablesCarried
    | VariableRemoved
    | VariablesDropped
    | TaskCreated
    | TaskChanged
    | TaskEnded
    | LinkAdded
    | LinkRemoved
    | ExternalCreated
    | ExternalChanged
    | ExternalEnded
    | JobCreated
    | JobChanged
    | JobEnded
    | SubscriptionOpened
    | SubscriptionClosed
    | IncidentRaised
    | IncidentEnded
    | IncidentAnnotated
    | DecisionEvaluated
    | BatchStarted
    | BatchChanged
    | BatchEnded
)
