"""The state of running processes: frozen records, one table each. This file is the room's table of contents for state.

Saving is by identity: an apply function replaces a record, and what is not the same object as was loaded is written.
Every record has an integer `key` (63 bits, time-ordered, never reused). Times are datetimes in UTC.
Records are msgspec structs, frozen: made and copied in a tenth of the time that frozen dataclasses take, which is what
a step does most. What knows how these rows are stored is `storage`; who may change them is `applying.py` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field


class Frozen(Struct, frozen=True, gc=False):
    """What never changes once it is made and holds texts, numbers, moments and others of its kind alone. No cycle runs through
    that: the garbage collector passes it by. What holds a value of a process, which may know the whole step that made it, is
    no such thing."""


class Life(StrEnum):
    """Where an element is in its life; the legal moves are a table in `lifecycle.py`."""

    ACTIVATING = "activating"
    ACTIVE = "active"
    COMPLETING = "completing"
    COMPLETED = "completed"
    TERMINATING = "terminating"
    TERMINATED = "terminated"
    FAILED = "failed"


class Phase(StrEnum):
    """The durable position inside an element; with an index into that phase's list (mappings, listeners)."""

    BEFORE = "before"  # waits for its async-before job, or has not begun
    ATTACH = "attach"  # subscriptions and timers of boundary events
    INPUT = "input"  # input mappings, one work item each
    START = "start"  # start listeners, one work item each
    EXECUTE = "execute"  # the behaviour; a wait state rests here
    CONFIRM = "confirm"  # listeners on a user task's completion; one may deny it
    END = "end"  # end listeners
    OUTPUT = "output"  # output mappings
    LEAVE = "leave"  # scope closed, history ended
    AFTER = "after"  # waits for its async-after job
    OUT = "out"  # outgoing flows


class Instance(Frozen, frozen=True):
    """A process instance. Its root element has the same key."""

    key: int
    definition: int
    process_id: str
    root: int  # key of the topmost calling instance, or its own
    business_key: str | None = None
    tenant: str | None = None
    caller: int | None = None  # element (call activity) that called it
    caller_instance: int | None = None
    suspended: bool = False
    started: datetime | None = None
    start_user: str | None = None
    correlation_key: str | None = None  # of the message that started it: one instance of the process at a time
    tags: tuple[str, ...] = ()


class Wait(StrEnum):
    """What is attached to an element and goes when the element goes."""

    TASK = "task"
    EXTERNAL = "external"
    JOB = "job"
    SUBSCRIPTION = "subscription"
    INCIDENT = "incident"
    CALLED = "called"  # key of a called instance


class Element(Struct, frozen=True):
    """An element instance: what Camunda 7 shows as an activity instance and as its execution.

    `children` counts live elements directly inside; `arrived` counts tokens waiting at joins in this scope by node id.
    `attached` lists what waits for it. `node` is the process id for the root and `<id>#multiInstanceBody` for a loop's body.
    """

    key: int
    instance: int
    parent: int | None
    node: str
    life: Life = Life.ACTIVATING
    phase: Phase = Phase.BEFORE
    index: int = 0
    flow: str | None = None
    loop_counter: int | None = None
    children: int = 0
    arrived: Mapping[str, int] = field(default_factory=dict)
    attached: tuple[tuple[Wait, int], ...] = ()
    variables: int = 0  # how many local variables it has
    note: Mapping[str, Any] = field(default_factory=dict)  # what its behaviour must remember between commands


ASIDE = "aside"
"""In an element's note: a completed sub-process, kept with its variables for compensation; its scope does not count it."""


class Variable(Struct, frozen=True):
    """A variable in a scope: an element, or a task (then `task` is set). `value` is as in `procession.values`.

    A `transient` one is there until its command has ended; neither it nor its history is written.
    """

    key: int
    instance: int | None
    scope: int
    name: str
    type: str
    value: Any
    info: Mapping[str, Any] = field(default_factory=dict)
    task: int | None = None
    definition: int | None = None
    tenant: str | None = None
    revision: int = 0
    transient: bool = False


class Task(Frozen, frozen=True):
    """A human task. `element` is None for one created through the API; `delegation` is None, PENDING or RESOLVED."""

    key: int
    instance: int | None
    element: int | None
    definition: int | None
    node: str | None
    created: datetime
    name: str | None = None
    description: str | None = None
    assignee: str | None = None
    owner: str | None = None
    delegation: str | None = None
    priority: int = 50
    due: datetime | None = None
    follow_up: datetime | None = None
    form_key: str | None = None
    form_ref: str | None = None
    form_binding: str | None = None
    form_version: int | None = None
    parent_task: int | None = None
    suspended: bool = False
    tenant: str | None = None
    updated: datetime | None = None
    state: str = "Created"
    variables: int = 0  # how many task-local variables it has


class IdentityLink(Frozen, frozen=True):
    """A user or a group linked to a task: `type` is candidate, assignee, owner or a name of the user's choice."""

    key: int
    task: int
    type: str
    user: str | None = None
    group: str | None = None
    tenant: str | None = None


class External(Frozen, frozen=True):
    """An external task (Camunda 7) or job (Camunda 8). `worker` and `locked_until` are the lease."""

    key: int
    instance: int
    element: int
    definition: int
    process_id: str
    node: str
    topic: str
    created: datetime
    priority: int = 0
    retries: int | None = None
    worker: str | None = None
    locked_until: datetime | None = None
    error_message: str | None = None
    error_details: str | None = None
    business_key: str | None = None
    suspended: bool = False
    tenant: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    listener: str | None = None  # the moment whose listener this is the work of; None for the element's own
    error_code: str | None = None  # of the BPMN error that its worker threw and nobody catches


class Job(Struct, frozen=True):
    """Work of the engine's own: a timer or a continuation.

    `kind` is Camunda's type (`async-continuation`, `timer-transition`, `timer-intermediate-transition`, `timer-start-event`,
    `timer-start-event-subprocess`, …), `configuration` as in its job definition. `repeat` is the cycle that is left.
    """

    key: int
    kind: str
    node: str | None
    definition: int | None
    job_definition: int | None
    created: datetime
    instance: int | None = None
    element: int | None = None
    process_id: str | None = None
    configuration: str | None = None
    due: datetime | None = None
    retries: int = 3
    priority: int = 0
    exclusive: bool = True
    suspended: bool = False
    repeat: str | None = None
    lock_owner: str | None = None
    locked_until: datetime | None = None
    error_message: str | None = None
    stacktrace: str | None = None
    failed_node: str | None = None
    tenant: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


class Subscription(Frozen, frozen=True):
    """Waits for a message, signal, condition or compensation. Start subscriptions have no instance."""

    key: int
    kind: str  # message, signal, conditional, compensate
    name: str | None
    node: str
    definition: int
    created: datetime
    instance: int | None = None
    element: int | None = None
    correlation_key: str | None = None
    tenant: str | None = None
    process_id: str | None = None


class Incident(Frozen, frozen=True):
    """A fault that waits for a person. `configuration` is the key of the job or external task; causes chain to callers."""

    key: int
    kind: str  # failedJob, failedExternalTask, or the user's own
    instance: int | None
    element: int | None
    definition: int | None
    node: str | None
    created: datetime
    message: str | None = None
    configuration: str | None = None
    cause: int = 0
    root_cause: int = 0
    failed_node: str | None = None
    job_definition: int | None = None
    annotation: str | None = None
    tenant: str | None = None


class Batch(Struct, frozen=True):
    """One change for many things, done by jobs: seed jobs make them, a monitor job ends the batch when none is left.

    `payload` has `items` (keys) and what is to be done with each; `made` counts the jobs that exist or existed.
    """

    key: int
    kind: str
    total: int
    seed_definition: int
    monitor_definition: int
    job_definition: int
    started: datetime
    made: int = 0
    per_seed: int = 100
    per_job: int = 1
    suspended: bool = False
    tenant: str | None = None
    user: str | None = None
    executed: datetime | None = None  # when its first job ran
    payload: Mapping[str, Any] = field(default_factory=dict)


Record = Instance | Element | Variable | Task | IdentityLink | External | Job | Subscription | Incident | Batch
