"""What surrounds a step: the world as a parameter, and what a step asks of other instances. Nothing here has effects.

The engine implements `World`. `Request`s are what a step wants done elsewhere in the same transaction; `engine.routing` does them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct, field

from procession.bpmn.model import DelegateWork, Process, Reference
from procession.expressions import Bean, Scope
from procession.kernel.commands import Values
from procession.kernel.events import DecisionEvaluated
from procession.kernel.records import Frozen, Job


class Decided(Struct, frozen=True):
    """A decision's result: one mapping per matched rule (a literal expression gives one), and what happened for history.

    `types` has beside each row the declared type of every output, None for one without; it is empty where the dialect
    declares none.
    """

    rows: tuple[Mapping[str, Any], ...]
    evaluations: tuple[DecisionEvaluated, ...] = ()
    types: tuple[Mapping[str, str | None], ...] = ()
    value: Any = None  # the result as FEEL has it, where the dialect gives that instead of rows


class World(Protocol):
    """Clock, keys, definitions, user code. The only way for the kernel to learn anything that is not state."""

    @property
    def now(self) -> datetime:
        """The time of the running command, UTC."""

    @property
    def user(self) -> str | None:
        """Who sent the command."""

    def new_key(self) -> int:
        """A key that was never used."""

    def process(self, definition: int) -> Process:
        """The model of a process definition."""

    def definition_id(self, definition: int) -> str:
        """Its id in the API."""

    def job_definition(
        self, definition: int, node: str, kind: str, configuration: str | None
    ) -> tuple[int, int | None, bool] | None:
        """Key, overriding priority and suspension of a job definition; timers are found without a configuration."""

    def default_retries(self) -> int:
        """How often a job is tried where the model does not say."""

    def bean(self, name: str) -> Any:
        """A registered bean. Raises KeyError where there is none."""

    def shared(self, name: str) -> Any:
        """What expressions that see no beans see besides variables. Raises KeyError where there is nothing."""

    def call(self, work: DelegateWork, bean: Any, execution: Bean) -> Any:
        """Runs a registered delegate: by class name, or `bean`, which its expression gave."""

    def connect(self, connector: str, given: Mapping[str, Any], execution: Bean) -> Mapping[str, Any]:
        """Calls another system by the connector of that id; gives what its outputs may map."""

    def script(self, language: str, text: str, scope: Scope) -> Any:
        """Runs a script of a language other than FEEL and JUEL. Raises Unsupported where there is none."""

    def decide(self, decision: Reference, definition: int, scope: Scope, variables: Mapping[str, Any]) -> Decided:
        """Evaluates the decision that a reference names from a process definition."""


# ---------------------------------------------------------------- requests to other instances


class CallProcess(Struct, frozen=True):
    """Start the process that a call activity names; its variables are ready."""

    element: int
    instance: int
    root: int
    definition: int
    key: str
    called: Reference
    version: str | None
    tenant: str | None
    business_key: str | None
    variables: Values


class CallEnded(Struct, frozen=True):
    """A called instance has ended; its caller goes on."""

    caller: int
    called: int
    variables: Values


class ErrorLeft(Struct, frozen=True):
    """An error found no catcher inside; `element` waits until the caller has been asked."""

    caller: int
    element: int
    code: str
    message: str | None
    results: Values = field(default_factory=dict)


class EscalationLeft(Struct, frozen=True):
    """An escalation found no catcher inside; when the caller has been asked, `element` goes on if it is still there.

    What it begins at a caller may wait until it has gone on (`ThrowerGoesOn`).

    `demand` is how the command fails where no caller catches it either; without it that is no failure.
    """

    caller: int
    element: int | None
    code: str
    results: Values = field(default_factory=dict)
    demand: str | None = None


class ThrowerGoesOn(Frozen, frozen=True):
    """A caller catches the escalation that this element of a called instance threw: the element goes on first."""

    element: int


class BroadcastSignal(Struct, frozen=True):
    """A signal for everything that waits for it, in any instance, and for what it starts; then `element` goes on.

    An `asynchronous` one reaches catch events and starts in transactions of their own, by jobs.
    """

    element: int
    name: str
    tenant: str | None
    variables: Values = field(default_factory=dict)
    business_key: str | None = None
    asynchronous: bool = False


class AwaitMessage(Frozen, frozen=True):
    """A subscription with a correlation key has been opened: give it what is kept for it."""

    subscription: int


class CorrelationEnded(Frozen, frozen=True):
    """An instance that a message with a correlation key had started is over: the next one may start."""

    process_id: str
    correlation_key: str
    tenant: str | None


class CancelCalled(Frozen, frozen=True):
    """Cancel a called instance: its call activity was cancelled, by the model or with its whole instance from `outside`."""

    called: int
    reason: str | None
    outside: bool = False
    skip_listeners: bool = False
    skip_mappings: bool = False


class CancelCaller(Frozen, frozen=True):
    """A called instance was cancelled: so is the call activity that waits for it."""

    caller: int
    reason: str | None


class MirrorIncident(Frozen, frozen=True):
    """An incident in a called instance shows at its caller too."""

    caller: int
    kind: str
    message: str | None
    cause: int
    root_cause: int


class UnmirrorIncident(Frozen, frozen=True):
    caller: int
    cause: int
    resolved: bool


class StartByTimer(Frozen, frozen=True):
    """A start timer is due."""

    definition: int
    node: str
    tenant: str | None


class DoJob(Struct, frozen=True):
    """A job of the engine's own is due, which belongs to no instance."""

    job: Job


Request = (
    CallProcess
    | CallEnded
    | ErrorLeft
    | EscalationLeft
    | ThrowerGoesOn
    | BroadcastSignal
    | AwaitMessage
    | CorrelationEnded
    | CancelCalled
    | CancelCaller
    | MirrorIncident
    | UnmirrorIncident
    | StartByTimer
    | DoJob
)
