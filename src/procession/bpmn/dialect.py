"""What the reader of the standard asks a dialect: everything that extension attributes and elements say.

Each dialect (`camunda7`, `camunda8`) implements `Dialect`. Questions come with the element and the document, to which the
answerer reports problems. Answers are parts of the model; compiled expressions included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from lxml import etree

from procession.bpmn.model import (
    Copy,
    DelegateWork,
    Error,
    ExternalWork,
    Form,
    Listener,
    Loop,
    Policies,
    Reference,
    Script,
    Signal,
    Timer,
    Traits,
    Work,
)
from procession.expressions import Expression

if TYPE_CHECKING:
    from procession.bpmn.document import Document


@dataclass(frozen=True, slots=True)
class ProcessExtras:
    """What a dialect says about a process; the fields are those of `Process`."""

    version_tag: str | None = None
    history_time_to_live: int | None = None
    candidate_users: tuple[str, ...] = ()
    candidate_groups: tuple[str, ...] = ()
    startable_in_tasklist: bool = True
    job_priority: Expression | None = None
    task_priority: Expression | None = None
    listeners: tuple[Listener, ...] = ()
    properties: Mapping[str, str | None] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UserTaskExtras:
    """What a dialect says about a user task; the fields are those of `UserTask`."""

    assignee: Expression | None = None
    candidate_users: tuple[Expression, ...] = ()
    candidate_groups: tuple[Expression, ...] = ()
    due: Expression | None = None
    follow_up: Expression | None = None
    priority: Expression | None = None
    form: Form | None = None
    work: Work | None = None  # where external workers do it, not people


@dataclass(frozen=True, slots=True)
class CallExtras:
    """What a dialect says about a call activity; the fields are those of `CallActivity`."""

    called: Reference
    business_key: Expression | None = None
    copies_in: tuple[Copy, ...] = ()
    copies_out: tuple[Copy, ...] = ()
    mapping: DelegateWork | None = None


@dataclass(frozen=True, slots=True)
class AdHocExtras:
    """What a dialect says about an ad-hoc sub-process; the fields are those of `AdHocSubProcess`."""

    active: Expression | None = None
    output_collection: str | None = None
    output_element: Expression | None = None
    output_variable: str | None = None
    work: ExternalWork | None = None


class Dialect(Protocol):
    """The extensions of one product."""

    @property
    def policies(self) -> Policies:
        """How the kernel shall treat what dialects do differently."""

    @property
    def refused(self) -> Mapping[str, str]:
        """Constructs that are understood and not executed: name (see `unsupported`) to remedy."""

    def expression(self, text: str) -> Expression:
        """A compiled expression or a literal. Raises ExpressionFailed."""

    def script(self, language: str, text: str) -> Script:
        """A script, compiled where the language is one of ours. Raises ExpressionFailed."""

    def executable(self, process: etree._Element) -> bool:
        """Whether a process is meant to be deployed."""

    def process(self, process: etree._Element, document: Document) -> ProcessExtras:
        """The extensions of a process."""

    def traits(self, element: etree._Element, document: Document) -> Traits:
        """Continuation, mappings, listeners of a flow node; `loop` is the reader's."""

    def loop(self, element: etree._Element, characteristics: etree._Element, loop: Loop, document: Document) -> Loop:
        """A multi-instance loop with what the dialect adds to what the standard said."""

    def flow_listeners(self, flow: etree._Element, document: Document) -> tuple[Listener, ...]:
        """The listeners of a sequence flow."""

    def resource(self, place: str) -> str | None:
        """The text of a script that lies outside of the document; None where it is not to be found."""

    def script_resource(self, element: etree._Element) -> str | None:
        """Where the text of a script or condition is to be found outside of the document."""

    def initiator(self, start: etree._Element) -> str | None:
        """The variable that gets the starting user."""

    def start_form(self, start: etree._Element, document: Document) -> Form | None:
        """The form of a start event."""

    def user_task(self, task: etree._Element, document: Document) -> UserTaskExtras:
        """Assignment, dates and form of a user task."""

    def work(self, element: etree._Element, carrier: etree._Element, document: Document) -> Work | None:
        """What a service, send, script or business rule task does, or a throwing message event by its `carrier`.

        None where a throwing event says nothing; a task that says nothing is a problem.
        """

    def call(self, call: etree._Element, document: Document) -> CallExtras:
        """What a call activity calls and which variables go in and out."""

    def ad_hoc(self, sub_process: etree._Element, document: Document) -> AdHocExtras | None:
        """What begins in an ad-hoc sub-process and what becomes of it; None where the product passes over them."""

    def told(self, element: etree._Element) -> Mapping[str, Any]:
        """What workers are told of an element that can be begun in an ad-hoc sub-process."""

    def correlation_key(self, message: etree._Element, document: Document) -> Expression | None:
        """Of a `message` root element: what tells apart those who wait for the same name."""

    def timer(self, definition: etree._Element, timer: Timer) -> Timer:
        """A timer with the dialect's additions."""

    def error_message(self, error: etree._Element, document: Document) -> Expression | None:
        """The message of an `error` root element."""

    def caught_error(self, definition: etree._Element, error: Error) -> Error:
        """A catching error event with the variables that get code and message."""

    def escalation_variable(self, definition: etree._Element) -> str | None:
        """The variable that gets the code of a caught escalation."""

    def thrown_signal(self, definition: etree._Element, signal: Signal, document: Document) -> Signal:
        """A signal that is thrown, with what it brings along and whether receivers run as jobs."""

    def variable_filter(self, definition: etree._Element) -> tuple[str | None, frozenset[str]]:
        """Of a conditional event: the variable and the kinds of change that wake it."""
