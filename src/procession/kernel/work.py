"""What tasks, throw events and listeners do: expressions, scripts, delegates, decisions at once; external work later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from procession.bpmn.model import (
    ConnectorWork,
    DecisionWork,
    DelegateWork,
    ExpressionWork,
    ExternalWork,
    Listener,
    Node,
    ScriptWork,
    Work,
)
from procession.errors import ExecutionFailed, ExpressionFailed
from procession.expressions import Expression
from procession.kernel import events as e
from procession.kernel.raw_results import raw_result
from procession.kernel.records import Element, External, Wait
from procession.kernel.stepping import BODY, Step
from procession.kernel.throwing import BpmnError, throw_error
from procession.kernel.variables import ConnectorBean, DelegateBean, Sight, set_variable, typed, visible
from procession.kernel.waiting import priority_of
from procession.kernel.world import Decided
from procession.values import TypedValue

AD_HOC = "adHoc"
"""What stands in a job in the place of a listener's moment where it is an ad-hoc sub-process' own."""


def run_work(step: Step, element: Element, node: Node, work: Work) -> bool:
    """Does the work of a task or event. True where it is done; False where it waits or an error took the element away."""
    try:
        return _do(step, element, node, work)
    except BpmnError as error:
        throw_error(step, element.key, error.code, error.message, error.variables)
        return False


def _do(step: Step, element: Element, node: Node, work: Work) -> bool:
    match work:
        case ExternalWork():
            create_external(step, element, work)
            return False
        case ExpressionWork():
            _result(step, element, work.result_variable, step.evaluate(element.key, work.expression))
        case ScriptWork():
            _result(step, element, work.result_variable, step.value_of(element.key, work.script))
        case DelegateWork():
            _result(step, element, work.result_variable, call_delegate(step, element, work))
        case ConnectorWork():
            _connect(step, element, work)
        case DecisionWork():
            _decide(step, element, work)
    return True


def _result(step: Step, element: Element, name: str | None, value: Any) -> None:
    if name:
        set_variable(step, element.key, name, typed(value))


def call_delegate(step: Step, element: Element, work: DelegateWork) -> Any:
    """Calls a registered callable with the execution; gives what it returns."""
    bean = None if work.expression is None else step.evaluate(element.key, work.expression)
    fields = {name: step.evaluate(element.key, value) for name, value in work.fields}
    sight = Sight(step, element.key)
    value = step.world.call(work, bean, DelegateBean(sight, fields))
    sight.flush()
    return value


def _connect(step: Step, element: Element, work: ConnectorWork) -> None:
    """Inputs are evaluated at the element; outputs see what came back, and are set from the element outwards."""
    given = {one.target: step.value_of(element.key, one.source) for one in work.inputs}
    sight = Sight(step, element.key)
    found = step.world.connect(work.connector, given, ConnectorBean(sight, given))
    sight.flush()
    for one in work.outputs:
        bean = ConnectorBean(Sight(step, element.key), found)
        value = step.value_of(element.key, one.source, {**found, "connector": bean})
        set_variable(step, element.key, one.target, typed(value))


def create_external(step: Step, element: Element, work: ExternalWork, listener: str | None = None) -> None:
    """Publishes work for external workers, a listener's where its moment is given; the element waits."""
    instance = step.instance_of(element)
    topic = step.text(element.key, work.topic)
    if not topic:
        raise ExpressionFailed(f"The topic of '{element.node.removesuffix(BODY)}' is null", work.topic.source)
    priority = priority_of(step, element.key, work.priority or step.process.task_priority)
    retries = None if work.retries is None else _retries(step, element, work.retries)
    headers = dict(work.headers)
    for name, expression in work.evaluated_headers:
        value = step.evaluate(element.key, expression)
        if value is not None:
            headers[name] = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    external = External(
        key=step.world.new_key(),
        instance=instance.key,
        element=element.key,
        definition=instance.definition,
        process_id=instance.process_id,
        node=element.node,
        topic=topic,
        created=step.world.now,
        priority=priority,
        retries=retries,
        business_key=instance.business_key,
        suspended=instance.suspended,
        tenant=instance.tenant,
        headers=headers,
        listener=listener,
    )
    step.emit(e.ExternalCreated(external))


def _retries(step: Step, element: Element, expression: Expression) -> int:
    value = step.evaluate(element.key, expression)
    try:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError
        return int(value)
    except ValueError:
        raise ExpressionFailed(
            f"The retries of '{element.node}' must be a number, but '{expression.source}' gives {value!r}"
        ) from None


# ---------------------------------------------------------------- decisions

RAW_RESULT = "decisionResult"


def _decide(step: Step, element: Element, work: DecisionWork) -> None:
    sight = Sight(step, element.key, objects=step.process.policies.engine_objects)
    variables = {name: v.value for name, v in visible(step.view, element.key).items()}
    decided = step.world.decide(work.decision, step.definition or 0, sight, variables)
    instance = step.instance_of(element)
    for evaluation in decided.evaluations:
        step.emit(_placed(evaluation, element, instance.definition, instance.process_id, instance.tenant))
    if work.result_variable == RAW_RESULT:
        raise ExecutionFailed(
            "The variable 'decisionResult' holds the unmapped result: choose another name for the result variable"
        )
    if step.process.policies.engine_objects:
        raw = TypedValue("Object", raw_result(decided), {}, transient=True)
        set_variable(step, element.key, RAW_RESULT, raw, local=True)
    if work.result_variable:
        set_variable(step, element.key, work.result_variable, typed(map_result(decided, work.mapping)))


def _placed(
    evaluation: e.DecisionEvaluated, element: Element, definition: int, process_id: str, tenant: str | None
) -> e.DecisionEvaluated:
    from msgspec.structs import replace

    return replace(
        evaluation, instance=element.instance, element=element.key, node=element.node, definition=definition,
        process_id=process_id, tenant=tenant,
    )  # fmt: skip


def map_result(decided: Decided, mapping: str) -> Any:
    """A decision's result as `mapDecisionResult` asks for it. Raises ExpressionFailed where it does not fit."""
    rows = decided.rows
    match mapping:
        case "feel":
            return decided.value
        case "singleEntry":
            row = _single(rows, mapping)
            if len(row) > 1:
                raise ExpressionFailed(_misfit(rows, mapping))
            return next(iter(row.values()), None)
        case "singleResult":
            row = _single(rows, mapping)
            return dict(row) if row else None
        case "collectEntries":
            if any(len(row) > 1 for row in rows):
                raise ExpressionFailed(_misfit(rows, mapping))
            return [next(iter(row.values()), None) for row in rows]
        case _:
            return [dict(row) for row in rows]


def _single(rows: Sequence[Mapping[str, Any]], mapping: str) -> Mapping[str, Any]:
    if len(rows) > 1:
        raise ExpressionFailed(_misfit(rows, mapping))
    return rows[0] if rows else {}


def _misfit(rows: Sequence[Mapping[str, Any]], mapping: str) -> str:
    shown = [dict(row) for row in rows]
    return f"ENGINE-22001 Failed to map the decision result with '{mapping}': it has {len(rows)} rows: {shown}"


# ---------------------------------------------------------------- listeners


def run_listener(step: Step, element: Element, listener: Listener) -> bool:
    """Runs a listener; False where an external worker has to do it first."""
    if not step.listens:
        return True
    if isinstance(listener.work, ExternalWork):
        create_external(step, element, listener.work, listener.event)
        return False
    task = step.attached(element, Wait.TASK) if listener.event == "complete" else []
    _run_inline(step, element, listener, task[0] if task else None)
    return True


def _run_inline(step: Step, element: Element, listener: Listener, scope: int | None = None) -> None:
    if not step.listens:
        return
    at = element.key if scope is None else scope
    around, step.listening = step.listening, listener.event
    try:
        match listener.work:
            case ExpressionWork(expression=expression):
                step.evaluate(at, expression)
            case ScriptWork(script=script):
                step.value_of(at, script)
            case DelegateWork():
                call_delegate(step, element, listener.work)
    finally:
        step.listening = around


def run_end_listeners(step: Step, element: Element) -> None:
    """The end listeners of an element that is cancelled; work for external workers is not done then."""
    for listener in step.node_of(element).traits.listeners:
        if listener.event == "end":
            _run_inline(step, element, listener)


def run_process_listeners(step: Step, root: Element, event: str) -> None:
    """The listeners of the process itself."""
    for listener in step.process.listeners:
        if listener.event == event:
            _run_inline(step, root, listener)


def run_task_listeners(
    step: Step, element: Element, task: int, event: str, id_: str | None = None, *, reason: str | None = None
) -> None:
    """The listeners of a user task for create, assignment, update, delete (for a `reason`) or timeout (the one named)."""
    step.deletion = reason
    for listener in step.node_of(element).traits.listeners:
        if listener.event == event and (id_ is None or listener.id == id_):
            _run_inline(step, element, listener, task)
