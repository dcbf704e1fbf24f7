"""Camunda 8's way to read BPMN: the dialect that answers for `zeebe:` extensions, and `read_bpmn`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from procession.bpmn.dialect import AdHocExtras, CallExtras, ProcessExtras, UserTaskExtras
from procession.bpmn.document import Document, standard_name
from procession.bpmn.model import (
    Copy,
    DecisionWork,
    Error,
    ExpressionWork,
    ExternalWork,
    Failure,
    Form,
    Listener,
    Loop,
    Policies,
    Reach,
    Reference,
    Script,
    Signal,
    Timer,
    Traits,
    Work,
)
from procession.bpmn.reader import Reading, read_definitions
from procession.camunda8 import extensions as ext
from procession.camunda8.ad_hoc import read_ad_hoc, told_of
from procession.camunda8.expressions import compile_text
from procession.camunda8.rules import check
from procession.expressions import Expression, Literal

POLICIES = Policies(
    failure=Failure.INCIDENT,
    uncaught_error_ends=False,
    inputs_from_outside=False,
    results_outwards=False,
    engine_objects=False,
    ends_when_cancelled=False,
    counts_from_zero=False,
    interrupted_is_deaf=False,
    single_starts=False,
    conditions_differ=False,
    breadth_first=True,
    last_flow_first=True,
    outputs_last=False,
)
_NEVER = Literal("", "")


def read_bpmn(data: bytes, resource: str = "") -> Reading:
    """The executable processes of a BPMN file, and warnings. Raises ParseFailed with every problem."""
    return read_definitions(data, Camunda8(), resource)


def _listed(expression: Expression | None) -> Expression | None:
    """Names separated by commas as a list of them."""
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        return Literal([part.strip() for part in expression.value.split(",")], expression.source)
    return expression


@dataclass(frozen=True, slots=True)
class Camunda8:
    """The dialect: FEEL behind `=`, plain text otherwise; failures are incidents."""

    policies: Policies = POLICIES
    refused: Mapping[str, str] = field(default_factory=dict)

    def expression(self, text: str) -> Expression:
        return compile_text(text)

    def script(self, language: str, text: str) -> Script:
        return Script(language, compile_text(text), text)

    def ad_hoc(self, sub_process: etree._Element, document: Document) -> AdHocExtras | None:
        return read_ad_hoc(sub_process, document)

    def told(self, element: etree._Element) -> Mapping[str, Any]:
        return told_of(element)

    def resource(self, place: str) -> str | None:
        return None

    def script_resource(self, element: etree._Element) -> str | None:
        return None

    def executable(self, process: etree._Element) -> bool:
        return (process.get("isExecutable") or "").strip() in ("true", "1")

    def process(self, process: etree._Element, document: Document) -> ProcessExtras:
        tag = ext.extension(process, "versionTag")
        check(process, document)
        return ProcessExtras(
            version_tag=None if tag is None else tag.get("value"),
            properties=ext.properties(process),
            listeners=ext.execution_listeners(process, document),
        )

    def traits(self, element: etree._Element, document: Document) -> Traits:
        return Traits(
            inputs=ext.mappings(element, "input", Reach.LOCAL, document),
            outputs=ext.mappings(element, "output", Reach.PARENT, document),
            listeners=(*ext.execution_listeners(element, document), *ext.task_listeners(element, document)),
            properties=ext.properties(element),
        )

    def loop(self, element: etree._Element, characteristics: etree._Element, loop: Loop, document: Document) -> Loop:
        found = ext.extension(characteristics, "loopCharacteristics")
        if found is None:
            place = f"{element.get('id')} > multiInstanceLoopCharacteristics"
            text = "Must have exactly one 'zeebe:loopCharacteristics' extension element"
            document.problems.error(text, characteristics, place)
            return replace(loop, collection=_NEVER)
        output = found.get("outputElement")
        return replace(
            loop,
            collection=document.expression(found.get("inputCollection") or "", found),
            element_variable=found.get("inputElement"),
            output_collection=found.get("outputCollection"),
            output_element=None if output is None else document.expression(output, found),
            output_variable=ext.variable_of(output),
        )

    def flow_listeners(self, flow: etree._Element, document: Document) -> tuple[Listener, ...]:
        return ()

    def initiator(self, start: etree._Element) -> str | None:
        return None

    def start_form(self, start: etree._Element, document: Document) -> Form | None:
        return ext.form(start, document)

    def user_task(self, task: etree._Element, document: Document) -> UserTaskExtras:
        assigned, schedule = ext.extension(task, "assignmentDefinition"), ext.extension(task, "taskSchedule")
        priority = ext.extension(task, "priorityDefinition")

        def given(found: etree._Element | None, name: str) -> Expression | None:
            text = None if found is None else found.get(name)
            return None if not text else document.expression(text, found if found is not None else task)

        assignee = given(assigned, "assignee")
        users, groups = given(assigned, "candidateUsers"), given(assigned, "candidateGroups")
        due, follow_up = given(schedule, "dueDate"), given(schedule, "followUpDate")
        form = ext.form(task, document)
        if ext.extension(task, "userTask") is not None:
            return UserTaskExtras(
                assignee=assignee,
                candidate_users=() if users is None else (users,),
                candidate_groups=() if groups is None else (groups,),
                due=due,
                follow_up=follow_up,
                priority=given(priority, "priority"),
                form=form,
            )
        named = {"assignee": assignee, "candidateUsers": _listed(users), "candidateGroups": _listed(groups)}
        named["dueDate"] = due
        named |= {"followUpDate": follow_up, "formKey": None if form is None else form.key}
        evaluated = tuple((f"io.camunda.zeebe:{name}", value) for name, value in named.items() if value is not None)
        topic = Literal(ext.USER_TASK_JOB, ext.USER_TASK_JOB)
        return UserTaskExtras(
            work=ExternalWork(topic, retries=Literal("1", "1"), headers=ext.headers(task), evaluated_headers=evaluated)
        )

    def work(self, element: etree._Element, carrier: etree._Element, document: Document) -> Work | None:
        job = ext.job(element, document)
        if job is not None:
            return job
        script = ext.extension(element, "script")
        if script is not None:
            return ExpressionWork(
                document.expression(script.get("expression") or "", script), script.get("resultVariable")
            )
        called = ext.extension(element, "calledDecision")
        if called is not None:
            return DecisionWork(ext.reference(called, "decisionId", document), "feel", called.get("resultVariable"))
        if standard_name(element) not in ("scriptTask", "businessRuleTask"):  # of these `rules` says what they need
            document.problems.error("Must have exactly one 'zeebe:taskDefinition' extension element", element)
        return None

    def call(self, call: etree._Element, document: Document) -> CallExtras:
        found = ext.extension(call, "calledElement")
        if found is None or not found.get("processId"):
            document.problems.error("Must have exactly one 'zeebe:calledElement' extension element", call)
            return CallExtras(Reference(_NEVER))
        whole_in = found.get("propagateAllParentVariables") != "false"
        mapped = next(ext.extensions(call, "ioMapping", "output"), None) is not None
        taken = found.get("propagateAllChildVariables") != "false" or mapped
        return CallExtras(
            called=ext.reference(found, "processId", document),
            copies_in=(Copy(all=True, local=not whole_in),),
            copies_out=(Copy(all=True),) if taken else (),
        )

    def correlation_key(self, message: etree._Element, document: Document) -> Expression | None:
        found = ext.extension(message, "subscription")
        return None if found is None else document.optional(found.get("correlationKey"), found)

    def timer(self, definition: etree._Element, timer: Timer) -> Timer:
        return timer

    def error_message(self, error: etree._Element, document: Document) -> Expression | None:
        return None

    def caught_error(self, definition: etree._Element, error: Error) -> Error:
        return error

    def escalation_variable(self, definition: etree._Element) -> str | None:
        return None

    def thrown_signal(self, definition: etree._Element, signal: Signal, document: Document) -> Signal:
        return signal

    def variable_filter(self, definition: etree._Element) -> tuple[str | None, frozenset[str]]:
        found = ext.extension(definition, "conditionalFilter")
        if found is None:
            return None, frozenset()
        names = (found.get("variableNames") or "").split(",")
        events = frozenset(part.strip() for part in (found.get("variableEvents") or "").split(",") if part.strip())
        return (names[0].strip() or None) if len(names) == 1 else None, events
