"""BPMN as Procession executes it: one frozen dataclass per element kind. This file is the room's table of contents.

Elements name each other by id, never by pointer. A dialect's reader (`camunda7`, `camunda8`) fills these classes from the
standard's XML and its own extensions; nothing here says which dialect it was: where dialects differ in behaviour the model
carries a policy (`Policies`). Expressions are compiled already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from procession.expressions import Expression

# ---------------------------------------------------------------- values and mappings


@dataclass(frozen=True, slots=True)
class Script:
    """Source text in a script language; `expression` is compiled where the language is FEEL or JUEL.

    One that could not be found has its `place` instead of a text.
    """

    language: str
    expression: Expression | None
    text: str = ""
    place: str | None = None


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of values given item by item."""

    items: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map of values given entry by entry."""

    entries: tuple[tuple[Expression, Source], ...]


Source = Expression | Script | ListOf | MapOf


class Reach(StrEnum):
    """Which scope a mapping writes to."""

    LOCAL = "local"  # the element itself
    PARENT = "parent"  # outwards from the element's parent: the scope that has the variable, else the root


@dataclass(frozen=True, slots=True)
class Assignment:
    """One input or output parameter: `target` gets the value of `source`.

    Camunda 8's targets may be paths (`a.b`); `path` then holds what follows the variable's name.
    """

    target: str
    source: Source
    reach: Reach
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Copy:
    """One `camunda:in` / `camunda:out` of a call activity: a variable, an expression or all variables."""

    source: str | None = None
    expression: Expression | None = None
    target: str | None = None
    all: bool = False
    local: bool = False


@dataclass(frozen=True, slots=True)
class Listener:
    """Code to run at a moment of an element's life.

    `event` is start, end or take; for user tasks create, assignment, complete, update, delete or timeout.
    """

    event: str
    work: Work
    id: str | None = None
    timer: Timer | None = None  # of a `timeout` listener


# ---------------------------------------------------------------- work: what a task does


@dataclass(frozen=True, slots=True)
class ExternalWork:
    """Done by an external worker that fetches by topic (Camunda 7) or job type (Camunda 8)."""

    topic: Expression
    priority: Expression | None = None
    retries: Expression | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    evaluated_headers: tuple[tuple[str, Expression], ...] = ()
    error_definitions: tuple[tuple[Expression, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ExpressionWork:
    """An expression whose value goes to `result_variable`, if that is named."""

    expression: Expression
    result_variable: str | None = None


@dataclass(frozen=True, slots=True)
class ScriptWork:
    """A script whose value goes to `result_variable`, if that is named."""

    script: Script
    result_variable: str | None = None


@dataclass(frozen=True, slots=True)
class DelegateWork:
    """A registered Python callable, by class name or by an expression that gives the bean."""

    class_name: str | None = None
    expression: Expression | None = None
    result_variable: str | None = None
    fields: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectorWork:
    """A call to another system by a connector: what goes in and what comes out are mapped for it alone."""

    connector: str
    inputs: tuple[Assignment, ...] = ()
    outputs: tuple[Assignment, ...] = ()


class Binding(StrEnum):
    """Which version of a called process, decision or form is meant."""

    LATEST = "latest"
    DEPLOYMENT = "deployment"
    VERSION = "version"
    VERSION_TAG = "versionTag"


@dataclass(frozen=True, slots=True)
class Reference:
    """A process, decision or form in another definition: key and binding."""

    key: Expression
    binding: Binding = Binding.LATEST
    version: Expression | None = None
    tenant: Expression | None = None


@dataclass(frozen=True, slots=True)
class DecisionWork:
    """A decision; `mapping` is singleEntry, singleResult, collectEntries or resultList (Camunda 7), or `feel` (Camunda 8)."""

    decision: Reference
    mapping: str = "resultList"
    result_variable: str | None = None


Work = ExternalWork | ExpressionWork | ScriptWork | DelegateWork | ConnectorWork | DecisionWork

# ---------------------------------------------------------------- event definitions


class TimerKind(StrEnum):
    DATE = "timeDate"
    DURATION = "timeDuration"
    CYCLE = "timeCycle"


@dataclass(frozen=True, slots=True)
class Timer:
    """`exclusive`: whether its job may not run beside other exclusive jobs of the instance."""

    kind: TimerKind
    value: Expression
    exclusive: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """A message definition; `correlation_key` is Camunda 8's, `work` what a throw event does."""

    name: Expression
    correlation_key: Expression | None = None
    work: Work | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    name: Expression
    copies: tuple[Copy, ...] = ()
    asynchronous: bool = False
    business_key: Expression | None = None


@dataclass(frozen=True, slots=True)
class Error:
    """`code` None catches every error."""

    code: str | None
    message: Expression | None = None
    code_variable: str | None = None
    message_variable: str | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    code: str | None
    code_variable: str | None = None


@dataclass(frozen=True, slots=True)
class Conditional:
    condition: Source
    variable_name: str | None = None
    variable_events: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Terminate:
    pass


@dataclass(frozen=True, slots=True)
class Compensation:
    activity: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    pass


@dataclass(frozen=True, slots=True)
class Link:
    """A catching link. Throwing ones do not exist in the model: flows into them lead to the catching link instead."""

    name: str


EventDefinition = Timer | Message | Signal | Error | Escalation | Conditional | Terminate | Compensation | Cancel | Link

# ---------------------------------------------------------------- what every element may carry


@dataclass(frozen=True, slots=True)
class Loop:
    """Multi-instance: over `collection` (items into `element_variable`) or `cardinality` times."""

    sequential: bool
    cardinality: Expression | None = None
    collection: Expression | None = None
    element_variable: str | None = None
    completion: Expression | None = None
    output_collection: str | None = None
    output_element: Expression | None = None
    output_variable: str | None = None  # a variable that each turn begins with as null, for its output element
    async_before: bool = False
    async_after: bool = False
    exclusive: bool = True
    retry: Expression | None = None


@dataclass(frozen=True, slots=True)
class Traits:
    """What any flow node may carry: continuation, retries, mappings, listeners, loop, properties."""

    async_before: bool = False
    async_after: bool = False
    exclusive: bool = True
    retry: Expression | None = None
    job_priority: Expression | None = None
    inputs: tuple[Assignment, ...] = ()
    outputs: tuple[Assignment, ...] = ()
    listeners: tuple[Listener, ...] = ()
    loop: Loop | None = None
    properties: Mapping[str, str | None] = field(default_factory=dict)
    documentation: str | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow. `condition` is an expression or a script; `line` counts from 1."""

    id: str
    source: str
    target: str
    condition: Source | None = None
    name: str | None = None
    listeners: tuple[Listener, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A flow node: what a token can be at. `scope` is the id of the sub-process or process around it."""

    id: str
    scope: str
    name: str | None = None
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str | None = None
    traits: Traits = Traits()
    kind: str = ""  # the element's name in the standard's XML, as `userTask`
    for_compensation: bool = False
    line: int = 0


# ---------------------------------------------------------------- events


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEvent(Node):
    """A start of a process or (event) sub-process. `initiator` names the variable that gets the starting user."""

    definition: EventDefinition | None = None
    interrupting: bool = True
    initiator: str | None = None
    form: Form | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchEvent(Node):
    """An intermediate catch event."""

    definition: EventDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrowEvent(Node):
    """An intermediate throw event; without a definition it passes through."""

    definition: EventDefinition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEvent(Node):
    definition: EventDefinition | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryEvent(Node):
    definition: EventDefinition
    attached_to: str
    interrupting: bool = True


# ---------------------------------------------------------------- tasks


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a generated form. `constraints` are (name, config) pairs as `("required", "")`."""

    id: str
    label: Expression | None
    type: str
    default: Expression | None = None
    values: tuple[tuple[str, str], ...] = ()
    constraints: tuple[tuple[str, str | None], ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    date_pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """A form by key, by reference, or generated from fields. `business_key` names the field that is the business key.

    `unshown` are what values are checked by and converted after when they come, although no form shows them.
    """

    key: Expression | None = None
    reference: Reference | None = None
    fields: tuple[FormField, ...] = ()
    business_key: str | None = None
    unshown: tuple[FormField, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTask(Node):
    title: Expression | None = None
    description: Expression | None = None
    assignee: Expression | None = None
    candidate_users: tuple[Expression, ...] = ()
    candidate_groups: tuple[Expression, ...] = ()
    due: Expression | None = None
    follow_up: Expression | None = None
    priority: Expression | None = None
    form: Form | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkTask(Node):
    """A service, send, script or business rule task: `kind` tells which, `work` what it does."""

    work: Work


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveTask(Node):
    """Waits for a message, or for a signal to its execution where `message` is None."""

    message: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassTask(Node):
    """A plain or manual task: passes through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallActivity(Node):
    called: Reference
    business_key: Expression | None = None
    copies_in: tuple[Copy, ...] = ()
    copies_out: tuple[Copy, ...] = ()
    mapping: DelegateWork | None = None  # gives more variables to hand over


@dataclass(frozen=True, slots=True, kw_only=True)
class SubProcess(Node):
    """An embedded sub-process, event sub-process (`triggered`) or transaction; its contents are nodes with this scope."""

    triggered: bool = False
    transaction: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHocSubProcess(SubProcess):
    """A sub-process whose elements are begun by name: by `active`, a list of them, by the job `work`, or from outside.

    What is begun lies in a scope of its own, the node `inner`. `startable` are the elements that can be begun, with what is
    told of them. `completion` is asked whenever such a scope has ended; `cancels` what is still active is cancelled then.
    """

    inner: str
    startable: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    active: Expression | None = None
    completion: Expression | None = None
    cancels: bool = True
    output_collection: str | None = None
    output_element: Expression | None = None
    output_variable: str | None = None  # a variable that each inner scope begins with as null, for its output element
    work: ExternalWork | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdHocInner(SubProcess):
    """The scope around one element that was begun in an ad-hoc sub-process, and around what follows it."""


# ---------------------------------------------------------------- gateways


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusiveGateway(Node):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusiveGateway(Node):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelGateway(Node):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class EventGateway(Node):
    pass


# ---------------------------------------------------------------- process


class Failure(StrEnum):
    """What a failing work item does to its command."""

    ROLL_BACK = "rollBack"  # Camunda 7: the transaction is undone up to the last wait state
    INCIDENT = "incident"  # Camunda 8: the element stops as an incident at this very item


@dataclass(frozen=True, slots=True)
class Policies:
    """The closed list of what dialects do differently in the kernel."""

    failure: Failure = Failure.ROLL_BACK
    uncaught_error_ends: bool = True  # Camunda 7: the execution ends, with a log; Camunda 8: an incident
    inputs_from_outside: bool = True  # Camunda 7: an input does not see the ones before it; Camunda 8: it does
    # where results of work, messages and calls go. Camunda 7: outwards; Camunda 8: into the element where it has output
    # mappings, which then say what leaves it, else outwards; what an event brings is first the event's own
    results_outwards: bool = True
    engine_objects: bool = True  # Camunda 7: expressions see `execution`, `task` and beans; Camunda 8: variables alone
    ends_when_cancelled: bool = True  # Camunda 7: output mappings and end listeners run for what is cancelled too
    counts_from_zero: bool = (
        True  # Camunda 7: `loopCounter` from 0, the counts are variables; Camunda 8: from 1, they are not
    )
    outputs_last: bool = True  # Camunda 7: end listeners run before output mappings; Camunda 8: after them
    interrupted_is_deaf: bool = True  # Camunda 7: no boundary event happens to a scope that was interrupted from inside
    breadth_first: bool = False  # Camunda 7: a path runs to its wait states before the next begins; Camunda 8: in turns
    last_flow_first: bool = False  # Camunda 8 looks at outgoing flows, and takes them, from the end of the document
    conditions_differ: bool = (
        True  # Camunda 7 refuses exclusive gateways whose flows their conditions do not tell apart
    )
    single_starts: bool = True  # Camunda 7: one none or timer start a process, one process a message start


@dataclass(frozen=True, slots=True)
class Process:
    """One executable process.

    `nodes` and `flows` hold everything at any depth by id. `starts` lists, per scope id (the process' own id for the
    top), its start events; `boundaries` per activity id its boundary events; `event_subprocesses` per scope id.
    """

    id: str
    name: str | None
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]
    starts: Mapping[str, tuple[str, ...]]
    boundaries: Mapping[str, tuple[str, ...]]
    event_subprocesses: Mapping[str, tuple[str, ...]]
    initial: str | None = None  # the start event of a start without a trigger
    has_conditions: bool = False  # some event waits for a condition
    has_compensation: bool = False  # something in it can be compensated
    policies: Policies = Policies()
    category: str | None = None
    version_tag: str | None = None
    history_time_to_live: int | None = None
    candidate_users: tuple[str, ...] = ()
    candidate_groups: tuple[str, ...] = ()
    startable_in_tasklist: bool = True
    job_priority: Expression | None = None
    task_priority: Expression | None = None
    listeners: tuple[Listener, ...] = ()
    documentation: str | None = None
    properties: Mapping[str, str | None] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)
    places: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What the kernel has worked out of it, place by place."""

    def scope_of(self, node_id: str) -> str:
        """The id of the scope around a node."""
        return self.nodes[node_id].scope
