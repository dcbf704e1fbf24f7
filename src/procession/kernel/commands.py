"""What the kernel can be asked to do to one instance: imperative, frozen. This file is the room's table of contents for requests.

Requests that first have to find their instance (correlation, broadcast, calls) are `engine.routing`'s, which turns them into
these. Keys name records; a command on a record that is gone raises Missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from procession.kernel.records import Frozen
from procession.values import TypedValue

Values = Mapping[str, TypedValue]
NO_VALUES: Values = {}


class StartAt(Struct, frozen=True):
    """Starts inside of an instance: `before` a node, `after` it (by its only outgoing flow), or on a `flow` (then `node` is
    the flow's id). A loop's body is `<id>#multiInstanceBody`.

    `ancestor` is the element to start in, or above, with the name that it was asked by; needed where several would do.
    `label` is what the instruction is called in errors.
    """

    node: str
    where: str = "before"
    ancestor: tuple[int, str] | None = None
    variables: Values = field(default_factory=dict)
    local_variables: Values = field(default_factory=dict)
    label: str = ""


class CancelAt(Frozen, frozen=True):
    """Cancels one element of an instance, everything at a `node`, or one `transition` (what rests between activities).

    `name` is how the element or transition was asked for, `label` what the instruction is called in errors.
    """

    node: str | None = None
    element: int | None = None
    transition: int | None = None
    name: str = ""
    label: str = ""


class ModifyInstance(Struct, frozen=True):
    """Starts and cancels inside of an instance, one after the other. It ends where nothing is left in it: completed where
    what was last in it came to its end, else cancelled, from outside unless `inside`."""

    instance: int
    instructions: tuple[StartAt | CancelAt, ...]
    reason: str | None = None
    skip_listeners: bool = False
    skip_mappings: bool = False
    inside: bool = False
    annotation: str | None = None


class MoveNode(Frozen, frozen=True):
    """Elements at `source` go on at `target` (loop's bodies by their own names); `update`: what it waits for is made anew."""

    source: str
    target: str
    update: bool = False


class MigrateInstance(Struct, frozen=True):
    """Moves an instance from definition `source` to `target`; see `handling.migration`."""

    instance: int
    source: int
    target: int
    instructions: tuple[MoveNode, ...]
    variables: Values = field(default_factory=dict)
    skip_listeners: bool = False
    skip_mappings: bool = False


class StartInstance(Struct, frozen=True):
    """Starts an instance. `node` is the start event (None: the process' own initial one). The key is `world.new_key()`'s.

    With `instructions` it starts there instead. `restarted` is the ended instance that it takes up again.
    """

    definition: int
    variables: Values = field(default_factory=dict)
    business_key: str | None = None
    tenant: str | None = None
    node: str | None = None
    caller: int | None = None
    caller_instance: int | None = None
    root: int | None = None
    correlation_key: str | None = None
    tags: tuple[str, ...] = ()
    instructions: tuple[StartAt | CancelAt, ...] = ()
    skip_listeners: bool = False
    skip_mappings: bool = False
    restarted: int | None = None


class CancelInstance(Frozen, frozen=True):
    """Ends an instance from outside, with everything in it and called by it."""

    instance: int
    reason: str | None = None
    skip_listeners: bool = False
    skip_mappings: bool = False
    inside: bool = False  # its call activity was cancelled by the model itself
    called: bool = False  # it was called by what is cancelled: nobody has to be told
    skip_called: bool = False  # what it has called goes on


class CancelElement(Frozen, frozen=True):
    """Cancels one element; its scope, if nothing else is in it, goes too."""

    element: int
    reason: str | None = None


class SuspendInstance(Frozen, frozen=True):
    instance: int
    suspended: bool


class SetVariables(Struct, frozen=True):
    """Sets variables from a scope outwards (or only there, with `local`). `scope` is an element or a task."""

    scope: int
    variables: Values
    local: bool = False
    remove: tuple[str, ...] = ()


class CreateTask(Struct, frozen=True):
    """A task without a process. `attributes` are fields of `records.Task`."""

    attributes: Mapping[str, Any]
    key: str | None = None


class ChangeTask(Struct, frozen=True):
    """Changes attributes. `operation` is Camunda's name: Claim, Assign, SetOwner, Delegate, Resolve, Update, SetPriority."""

    task: int
    attributes: Mapping[str, Any]
    operation: str
    variables: Values = field(default_factory=dict)
    asks: str | None = None  # the event whose listeners are asked first, where they are jobs: assignment or update
    action: str = ""  # what the change is called before them


class ClaimTask(Frozen, frozen=True):
    """Assigns the task to a user, who must be its assignee already if it has one; None gives it back."""

    task: int
    user: str | None


class DelegateTask(Frozen, frozen=True):
    task: int
    user: str | None


class ResolveTask(Struct, frozen=True):
    task: int
    variables: Values = field(default_factory=dict)


class CompleteTask(Struct, frozen=True):
    task: int
    variables: Values = field(default_factory=dict)
    local_variables: Values = field(default_factory=dict)
    action: str = ""


class DeleteTask(Frozen, frozen=True):
    """Deletes a task without a process; one that belongs to a process cannot be deleted."""

    task: int


class LinkIdentity(Frozen, frozen=True):
    """Adds (or with `remove` takes away) a link between a task and a user or group."""

    task: int
    type: str
    user: str | None = None
    group: str | None = None
    remove: bool = False


class AdHocResult(Struct, frozen=True):
    """What the job of an ad-hoc sub-process decides: elements to begin, each with variables of its own; or that its
    completion condition is `fulfilled`. `cancels` what is still active."""

    elements: tuple[tuple[str, Values], ...] = ()
    fulfilled: bool = False
    cancels: bool = False


class ActivateAdHoc(Struct, frozen=True):
    """Begins elements of an ad-hoc sub-process from outside; `cancels` what is active in it."""

    element: int
    elements: tuple[tuple[str, Values], ...]
    cancels: bool = False


class CompleteExternal(Struct, frozen=True):
    """`worker` must hold the lock, None is whoever asks. `denied` is a listener's refusal: the element goes back to waiting."""

    external: int
    worker: str | None
    variables: Values = field(default_factory=dict)
    local_variables: Values = field(default_factory=dict)
    denied: bool = False
    denied_reason: str | None = None
    corrections: Mapping[str, Any] = field(default_factory=dict)  # of the task that a listener was asked about
    ad_hoc: AdHocResult | None = None  # what the job of an ad-hoc sub-process decides


class FailExternal(Struct, frozen=True):
    """`worker` must hold the lock, None is whoever asks. `retry_timeout` is in milliseconds."""

    external: int
    worker: str | None
    message: str | None
    details: str | None
    retries: int
    retry_timeout: int
    variables: Values = field(default_factory=dict)
    local_variables: Values = field(default_factory=dict)


class ChangeExternal(Frozen, frozen=True):
    """Sets what is not None. `lock` is (worker, until) or (None, None) to unlock; `holder` must hold the lock if it is given."""

    external: int
    retries: int | None = None
    priority: int | None = None
    lock: tuple[str | None, datetime | None] | None = None
    holder: str | None = None
    free_only: bool = False


class ThrowError(Struct, frozen=True):
    """A BPMN error from a worker (then `worker` must hold the lock) or at a user task. One of the keys is given."""

    code: str
    message: str | None = None
    variables: Values = field(default_factory=dict)
    external: int | None = None
    worker: str | None = None
    task: int | None = None


class ThrowEscalation(Struct, frozen=True):
    task: int
    code: str
    variables: Values = field(default_factory=dict)


class TriggerSubscription(Struct, frozen=True):
    """A message (signal, condition) reaches what waits for it. With `optional` it is no error that nothing does any more.

    With `later` a catch event takes it in a transaction of its own, without the variables: a job does it.
    """

    subscription: int
    variables: Values = field(default_factory=dict)
    local_variables: Values = field(default_factory=dict)
    optional: bool = False
    later: bool = False


class SignalElement(Struct, frozen=True):
    """Lets a receive task without a message go on."""

    element: int
    variables: Values = field(default_factory=dict)


class RunJob(Frozen, frozen=True):
    """Runs a job, whoever holds its lock. A failure rolls back; `FailJob` then records it."""

    job: int


class FailJob(Frozen, frozen=True):
    """Records that a job's execution failed: retries, next try, incident."""

    job: int
    message: str | None
    stacktrace: str | None
    failed_node: str | None = None


class ChangeJob(Frozen, frozen=True):
    """Sets what is given; `due` only with `set_due`."""

    job: int
    retries: int | None = None
    priority: int | None = None
    suspended: bool | None = None
    set_due: bool = False
    due: datetime | None = None


class RecalculateJob(Frozen, frozen=True):
    """Evaluates a timer anew, as of now or of when its job was made (`from_creation`)."""

    job: int
    from_creation: bool = False


class DeleteJob(Frozen, frozen=True):
    job: int


class RaiseIncident(Frozen, frozen=True):
    """An incident at an element; with `cause` it mirrors one in a called instance."""

    element: int
    kind: str
    message: str | None = None
    configuration: str | None = None
    cause: int | None = None
    root_cause: int | None = None


class ResolveIncident(Frozen, frozen=True):
    """Resolves an incident of the user's own; one of a job or external task goes by setting retries."""

    incident: int


class EndMirrored(Frozen, frozen=True):
    """The incident `cause` in a called instance has ended: so do its mirrors at the call activity."""

    element: int
    cause: int
    resolved: bool


class AnnotateIncident(Frozen, frozen=True):
    incident: int
    annotation: str | None


class FinishCall(Struct, frozen=True):
    """The instance that a call activity called has ended with these variables."""

    element: int
    called: int
    variables: Values


class RaiseFromCall(Struct, frozen=True):
    """An error left the called instance, whose variables are `results`. Where nobody here catches it, `Answer.caught` is
    False, and `Answer.value` is the caller's caller with the variables that it sees, if there is one."""

    element: int
    code: str
    message: str | None = None
    results: Values = field(default_factory=dict)


class EscalateFromCall(Struct, frozen=True):
    """An escalation left the called instance, whose variables are `results`. `demand`: see `EscalationLeft`.

    `thrower` is what threw it there and waits until all callers have been asked.
    """

    element: int
    code: str
    results: Values = field(default_factory=dict)
    demand: str | None = None
    thrower: int | None = None


class EndUncaught(Frozen, frozen=True):
    """Nobody catches the error that this element threw: its execution ends, or stops as an incident."""

    element: int
    code: str
    message: str | None = None


class StopElement(Frozen, frozen=True):
    """What the element asked of other instances cannot be done: it stops as an incident."""

    element: int
    kind: str
    message: str


class GoOn(Frozen, frozen=True):
    """What a throwing element asked of other instances is done: it completes, if it is still there."""

    element: int


Command = (
    StartInstance
    | CancelInstance
    | CancelElement
    | ModifyInstance
    | MigrateInstance
    | SuspendInstance
    | SetVariables
    | CreateTask
    | ChangeTask
    | ClaimTask
    | DelegateTask
    | ResolveTask
    | CompleteTask
    | DeleteTask
    | LinkIdentity
    | ActivateAdHoc
    | CompleteExternal
    | FailExternal
    | ChangeExternal
    | ThrowError
    | ThrowEscalation
    | TriggerSubscription
    | SignalElement
    | RunJob
    | FailJob
    | ChangeJob
    | RecalculateJob
    | DeleteJob
    | RaiseIncident
    | ResolveIncident
    | EndMirrored
    | AnnotateIncident
    | FinishCall
    | RaiseFromCall
    | EscalateFromCall
    | EndUncaught
    | StopElement
    | GoOn
)
