"""What `Engine.submit` takes besides the kernel's commands: requests that first have to find what they mean.

This file is the room's table of contents for requests. Keys are integers; process and decision *ids* are the API's texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from procession.kernel.commands import CancelAt, Command, StartAt, Values
from procession.storage import Transaction
from procession.storage.drivers import Asked, Later


class StartProcess(Struct, frozen=True):
    """Starts an instance of a definition: by `id`, by `definition` (its key), or the latest version of `process_id`.

    `tenant` applies to `process_id`: None means the definition without a tenant. Gives `Started`.
    """

    process_id: str | None = None
    id: str | None = None
    definition: int | None = None
    tenant: str | None = None
    variables: Values = field(default_factory=dict)
    business_key: str | None = None
    node: str | None = None
    tags: tuple[str, ...] = ()
    instructions: tuple[StartAt | CancelAt, ...] = ()
    skip_listeners: bool = False
    skip_mappings: bool = False
    restarted: int | None = None


class Started(Struct, frozen=True):
    """An instance that was started; it may have ended already."""

    instance: int
    definition: int
    definition_id: str
    process_id: str
    business_key: str | None
    tenant: str | None
    ended: bool
    version: int = 0


class CorrelateMessage(Struct, frozen=True):
    """Gives a message to what waits for it: exactly one receiver, or with `all` every one.

    `correlation_keys` must equal variables of the process instance, `local_keys` of the waiting execution. `tenant` None
    with `without_tenant` False means any tenant. Gives a tuple of `Correlated`. Raises Conflict where none or several match.
    """

    name: str | None
    business_key: str | None = None
    correlation_keys: Values = field(default_factory=dict)
    local_keys: Values = field(default_factory=dict)
    variables: Values = field(default_factory=dict)
    local_variables: Values = field(default_factory=dict)
    instance: int | None = None
    execution: int | None = None
    tenant: str | None = None
    without_tenant: bool = False
    all: bool = False
    start_only: bool = False
    result: bool = False  # whether it is asked what became of each receiver


class Correlated(Struct, frozen=True):
    """Where a message went: to an execution that waited, or to a new instance (`started`)."""

    instance: int
    element: int | None = None
    started: Started | None = None
    ended: bool = False  # its token came to its end; only looked at with `CorrelateMessage.result`


class PublishMessage(Struct, frozen=True):
    """Gives a message to whoever waits for its name and correlation key, one receiver a process, and to what it starts.

    With a `time_to_live` in milliseconds it is kept that long for what will wait. `correlate` wants a receiver now: Missing
    where there is none. Raises Conflict for a message id that is alive already. Gives `Published`.
    """

    name: str
    correlation_key: str = ""
    variables: Values = field(default_factory=dict)
    tenant: str | None = None
    time_to_live: int = 0
    message_id: str | None = None
    correlate: bool = False


class Published(Struct, frozen=True):
    """A message's key, and the instances that got it, the first one first."""

    message: int
    instances: tuple[int, ...] = ()


class SendSignal(Struct, frozen=True):
    """Sends a signal to everything that waits for it and to what it starts, or to one execution only.

    `tenant` None means every tenant, or with `without_tenant` only what belongs to none.
    """

    name: str
    variables: Values = field(default_factory=dict)
    execution: int | None = None
    tenant: str | None = None
    without_tenant: bool = False


class EvaluateConditions(Struct, frozen=True):
    """Starts every process whose conditional start event is true for these variables. Gives a tuple of `Started`.

    `definition` limits it to one definition; tenants as in `SendSignal`.
    """

    variables: Values
    business_key: str | None = None
    definition: int | None = None
    tenant: str | None = None
    without_tenant: bool = False


class Deploy(Struct, frozen=True):
    """Deploys resources (name, content). Gives `Deployed`. Raises ParseFailed with every problem of every resource.

    `dialect` names how they are read, None is the engine's own way. With `reuse`, resources of which none has changed
    since their newest version make no new versions: the answer names those that exist.
    """

    resources: tuple[tuple[str, bytes], ...]
    name: str | None = None
    source: str | None = None
    tenant: str | None = None
    filter_duplicates: bool = False
    changed_only: bool = False
    time: datetime | None = None
    dialect: str | None = None
    reuse: bool = False


class Deployed(Struct, frozen=True):
    """A deployment and the definitions that it made; each is a row of its table as a mapping."""

    key: int
    name: str | None
    source: str | None
    time: datetime
    tenant: str | None
    processes: tuple[Mapping[str, Any], ...] = ()
    decisions: tuple[Mapping[str, Any], ...] = ()
    requirements: tuple[Mapping[str, Any], ...] = ()
    forms: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()


class DeleteDeployment(Struct, frozen=True):
    """Deletes a deployment; with `cascade` also its instances and their history, else running instances forbid it."""

    deployment: int
    cascade: bool = False
    skip_listeners: bool = False
    skip_mappings: bool = False


class DeleteDefinition(Struct, frozen=True):
    """Deletes one process definition; see `DeleteDeployment`."""

    definition: int
    cascade: bool = False


class DeleteResource(Struct, frozen=True):
    """Deletes a form, or a decision requirements graph with its decisions, by its key."""

    key: int


class SuspendDefinition(Struct, frozen=True):
    """Suspends or wakes a process definition, with `instances` also all of its instances; with `at` then, not now."""

    definition: int
    suspended: bool
    instances: bool = False
    at: datetime | None = None


class SetTimeToLive(Struct, frozen=True):
    """Sets how long the history of a process definition, or of a `decision`, is kept, in days; None for ever."""

    definition: int
    days: int | None
    decision: bool = False


class CleanHistory(Struct, frozen=True):
    """Lets the job of the clean-up run `immediately`, else when its window opens. Gives the job's key."""

    immediately: bool = True


class ChangeJobDefinition(Struct, frozen=True):
    """Sets what is given; `priority` only with `set_priority`, `due` (of the jobs whose retries are set) with `set_due`.

    `jobs` applies it to existing jobs too. With `at` it is suspended or woken then, not now.
    """

    job_definition: int
    suspended: bool | None = None
    set_priority: bool = False
    priority: int | None = None
    retries: int | None = None
    jobs: bool = False
    set_due: bool = False
    due: datetime | None = None
    at: datetime | None = None


class EvaluateDecision(Struct, frozen=True):
    """Evaluates a decision outside of any process: by id, or the latest version of `decision_id`. Gives `kernel.world.Decided`."""

    decision_id: str | None = None
    id: str | None = None
    tenant: str | None = None
    variables: Values = field(default_factory=dict)


class RestartInstance(Struct, frozen=True):
    """Starts a new instance in place of one that has ended, where `instructions` say, with its business key and its last
    variables (or with `initial_variables` those it was started with). Gives `Started`."""

    instance: int
    definition: int
    instructions: tuple[StartAt | CancelAt, ...]
    initial_variables: bool = False
    without_business_key: bool = False
    skip_listeners: bool = False
    skip_mappings: bool = False


class CreateBatch(Struct, frozen=True):
    """Begins a batch: `work` is done with each of `items` (keys) by jobs, `per_job` of them in one. Gives a `records.Batch`.

    `kind` is Camunda's type and one of `batch_work.WORK`.
    """

    kind: str
    items: tuple[int, ...]
    work: Mapping[str, Any] = field(default_factory=dict)
    per_job: int = 1
    tenant: str | None = None


class SuspendBatch(Struct, frozen=True):
    batch: int
    suspended: bool


class DeleteBatch(Struct, frozen=True):
    """Deletes a running batch; its history stays."""

    batch: int


class Together(Struct, frozen=True):
    """Several commands in one transaction: all or none. Gives a list of their values."""

    commands: tuple[Command | RestartInstance, ...]


class Lease(Struct, frozen=True):
    """Locks work for a worker, before anything of the batch is loaded. Gives what `take` gives for the open transaction, once
    that is committed; the locks of a batch are taken side by side."""

    take: Callable[[Transaction], Asked[Later[Any]]]


EngineCommand = (
    StartProcess
    | CorrelateMessage
    | PublishMessage
    | SendSignal
    | EvaluateConditions
    | Deploy
    | DeleteDeployment
    | DeleteDefinition
    | DeleteResource
    | SuspendDefinition
    | SetTimeToLive
    | CleanHistory
    | ChangeJobDefinition
    | EvaluateDecision
    | RestartInstance
    | CreateBatch
    | SuspendBatch
    | DeleteBatch
    | Together
    | Lease
)
AnyCommand = Command | EngineCommand
