"""Camunda 7's way to read BPMN: the dialect that answers for `camunda:` extensions, and `read_bpmn`.

Which processes of a file are deployed, how lives and starters are written, and what is refused is decided here; attributes
and elements of flow nodes are read in `extensions` and `forms`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from procession import feel, juel
from procession.bpmn.dialect import AdHocExtras, CallExtras, ProcessExtras, UserTaskExtras
from procession.bpmn.document import Document, child, children, is_true, text_of
from procession.bpmn.model import (
    Error,
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
from procession.bpmn.reader import Reading, read_definitions
from procession.bpmn.unsupported import NOT_EXECUTED
from procession.camunda7 import extensions as ext
from procession.camunda7.forms import read_form
from procession.expressions import Expression, Literal

_DAYS = re.compile(r"P(\d{1,9})D\Z")
_STARTER = re.compile(r"(user|group)\((.*)\)\Z")
_NEVER = Literal("", "")
_DEPLOYED = "deployment://"


def read_bpmn(
    data: bytes,
    resource: str = "",
    *,
    enforce_time_to_live: bool = False,
    resources: Callable[[str], bytes | None] = lambda name: None,
) -> Reading:
    """The executable processes (`isExecutable="true"`) of a BPMN file, and warnings.

    With `enforce_time_to_live` each must have a `camunda:historyTimeToLive`. `resources` gives the other files of its
    deployment, which scripts may be in. Raises ParseFailed with every problem (elements, line, column), as
    `bpmn.reader.read_definitions` does.
    """
    return read_definitions(data, Camunda7(enforce_time_to_live=enforce_time_to_live, resources=resources), resource)


@dataclass(frozen=True, slots=True)
class Camunda7:
    """The dialect. `refused` names what is not executed yet, with remedies."""

    policies: Policies = field(default_factory=Policies)
    refused: Mapping[str, str] = field(default_factory=lambda: NOT_EXECUTED)
    enforce_time_to_live: bool = False
    resources: Callable[[str], bytes | None] = lambda name: None

    def expression(self, text: str) -> Expression:
        return Literal(text, text) if ext.is_text(text) else juel.compile_expression(text)

    def script(self, language: str, text: str) -> Script:
        """JUEL and FEEL are compiled; other languages are kept as text and fail when they are run."""
        match language.lower():
            case "juel":
                return Script(language, self.expression(text.strip()), text)
            case "feel":
                return Script(language, feel.compile_expression(text.strip()), text)
            case _:
                return Script(language, None, text)

    def ad_hoc(self, sub_process: etree._Element, document: Document) -> AdHocExtras | None:
        return None

    def told(self, element: etree._Element) -> Mapping[str, Any]:
        return {}

    def resource(self, place: str) -> str | None:
        data = self.resources(place.removeprefix(_DEPLOYED)) if place.startswith(_DEPLOYED) else None
        return None if data is None else data.decode("utf-8", "replace")

    def script_resource(self, element: etree._Element) -> str | None:
        return ext.attribute(element, "resource")

    def executable(self, process: etree._Element) -> bool:
        return is_true(process.get("isExecutable"))

    def process(self, process: etree._Element, document: Document) -> ProcessExtras:
        users, groups = _starters(process)
        startable = ext.attribute(process, "isStartableInTasklist")
        return ProcessExtras(
            version_tag=ext.attribute(process, "versionTag"),
            history_time_to_live=_time_to_live(process, document, self.enforce_time_to_live),
            candidate_users=users,
            candidate_groups=groups,
            startable_in_tasklist=is_true(startable, True),
            job_priority=ext.number(process, "jobPriority", document),
            task_priority=ext.number(process, "taskPriority", document),
            listeners=ext.execution_listeners(process, document),
            properties=ext.properties(process),
        )

    def traits(self, element: etree._Element, document: Document) -> Traits:
        return ext.read_traits(element, document)

    def loop(self, element: etree._Element, characteristics: etree._Element, loop: Loop, document: Document) -> Loop:
        before, after, exclusive = ext.continuation(characteristics)
        collection = ext.attribute(characteristics, "collection")
        if collection is None and loop.collection is not None:
            collection = loop.collection.source
        compiled: Expression | None = None
        if collection is not None:
            if collection and "{" not in collection:  # the name of a variable
                collection = "${" + collection + "}"
            compiled = document.expression(collection, characteristics, element.get("id"))
        return replace(
            loop,
            collection=compiled,
            element_variable=loop.element_variable or ext.attribute(characteristics, "elementVariable"),
            async_before=before,
            async_after=after,
            exclusive=exclusive,
            retry=ext.retry(characteristics, document),
        )

    def flow_listeners(self, flow: etree._Element, document: Document) -> tuple[Listener, ...]:
        return ext.execution_listeners(flow, document, "take")

    def initiator(self, start: etree._Element) -> str | None:
        return ext.attribute(start, "initiator")

    def start_form(self, start: etree._Element, document: Document) -> Form | None:
        return read_form(start, document)

    def user_task(self, task: etree._Element, document: Document) -> UserTaskExtras:
        problems = document.problems
        assignee = ext.attribute(task, "assignee")
        performers = children(task, "humanPerformer")
        if len(performers) > 1:
            problems.error("Invalid task definition: multiple 'humanPerformer' sub elements defined", task)
        for performer in performers[:1]:
            if assignee is not None:
                problems.error("Invalid task definition: duplicate assignee declaration", task)
            assignee = _assigned(performer)
        users = list(_listed(ext.attribute(task, "candidateUsers")))
        groups = list(_listed(ext.attribute(task, "candidateGroups")))
        for owner in children(task, "potentialOwner"):
            for part in ext.comma_list(_assigned(owner) or ""):
                _starter(part, users, groups)
        return UserTaskExtras(
            assignee=document.optional(assignee, task),
            candidate_users=tuple(document.expression(user, task) for user in users),
            candidate_groups=tuple(document.expression(group, task) for group in groups),
            due=document.optional(ext.attribute(task, "dueDate"), task),
            follow_up=document.optional(ext.attribute(task, "followUpDate"), task),
            priority=document.optional(ext.attribute(task, "priority"), task),
            form=read_form(task, document),
        )

    def work(self, element: etree._Element, carrier: etree._Element, document: Document) -> Work | None:
        return ext.read_work(element, carrier, document)

    def call(self, call: etree._Element, document: Document) -> CallExtras:
        called, case = call.get("calledElement"), ext.attribute(call, "caseRef")
        if called is None and case is None:
            document.problems.error("Missing attribute 'calledElement' or 'caseRef'", call)
        if called is not None and case is not None:
            document.problems.error(
                "The attributes 'calledElement' or 'caseRef' cannot be used together: Use either 'calledElement' or"
                " 'caseRef'",
                call,
            )
        if case is not None:
            document.refuse("case call", call)
        reference = Reference(_NEVER)
        if called is not None:
            versions = ("calledElementVersion", "calledElementVersionTag")
            reference = ext.reference(call, "calledElement", document, versions, called)
        return CallExtras(
            called=reference,
            business_key=ext.business_key(call, document),
            copies_in=ext.copies(call, "in", document),
            copies_out=ext.copies(call, "out", document),
            mapping=ext.variable_mapping(call, document),
        )

    def correlation_key(self, message: etree._Element, document: Document) -> Expression | None:
        return None

    def timer(self, definition: etree._Element, timer: Timer) -> Timer:
        return replace(timer, exclusive=is_true(ext.attribute(definition, "exclusive"), True))

    def error_message(self, error: etree._Element, document: Document) -> Expression | None:
        return document.optional(ext.attribute(error, "errorMessage"), error)

    def caught_error(self, definition: etree._Element, error: Error) -> Error:
        return replace(
            error,
            code_variable=ext.attribute(definition, "errorCodeVariable"),
            message_variable=ext.attribute(definition, "errorMessageVariable"),
        )

    def escalation_variable(self, definition: etree._Element) -> str | None:
        return ext.attribute(definition, "escalationCodeVariable")

    def thrown_signal(self, definition: etree._Element, signal: Signal, document: Document) -> Signal:
        return replace(
            signal,
            copies=ext.copies(definition, "in", document),
            asynchronous=ext.attribute(definition, "async") == "true",
            business_key=ext.business_key(definition, document),
        )

    def variable_filter(self, definition: etree._Element) -> tuple[str | None, frozenset[str]]:
        events = ext.attribute(definition, "variableEvents") or ""
        names = frozenset(event.strip() for event in events.split(",") if event.strip())
        return ext.attribute(definition, "variableName"), names


def _time_to_live(process: etree._Element, document: Document, enforce: bool) -> int | None:
    """Days: an integer or `P<n>D`."""
    text = ext.attribute(process, "historyTimeToLive")
    if not text:
        if enforce:
            document.problems.error(
                "ENGINE-12018 History Time To Live (TTL) cannot be null. TTL is necessary for the History Cleanup to work. Give"
                f" the process '{process.get('id')}' a camunda:historyTimeToLive, or do not enforce it",
                process,
            )
        return None
    found = _DAYS.match(text)
    try:
        days = int(found[1]) if found else int(text)
    except ValueError:
        document.problems.error(
            f"Cannot parse historyTimeToLive: '{text}' is neither a number of days nor P<n>D", process
        )
        return None
    if days < 0:
        document.problems.error("Cannot parse historyTimeToLive: negative value is not allowed", process)
    return days


def _listed(value: str | None) -> Iterator[str]:
    return iter(()) if value is None else (part for part in ext.comma_list(value) if part)


def _assigned(role: etree._Element) -> str | None:
    """The text of the `formalExpression` of a resource role."""
    assignment = child(role, "resourceAssignmentExpression")
    formal = None if assignment is None else child(assignment, "formalExpression")
    return None if formal is None else text_of(formal).strip()


def _starter(part: str, users: list[str], groups: list[str]) -> None:
    """Adds `user(x)`, `group(y)` or a bare name, which is a group."""
    found = _STARTER.match(part)
    if found:
        (users if found[1] == "user" else groups).append(found[2].strip())
    elif part:
        groups.append(part)


def _starters(process: etree._Element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    users = list(_listed(ext.attribute(process, "candidateStarterUsers")))
    groups = list(_listed(ext.attribute(process, "candidateStarterGroups")))
    for starter in ext.extensions(process, "potentialStarter"):
        for part in ext.comma_list(_assigned(starter) or ""):
            _starter(part, users, groups)
    return tuple(users), tuple(groups)
