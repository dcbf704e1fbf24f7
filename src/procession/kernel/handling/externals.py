"""Commands of workers on external tasks, and BPMN errors from workers and users."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from procession.bpmn.model import ExternalWork, Failure
from procession.errors import Conflict, ExecutionFailed, ExpressionFailed, Invalid, Missing
from procession.expressions import BeanOf
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.behaviours.ad_hoc import answered
from procession.kernel.changing import CHANGING, DENIABLE, TASK_EVENTS, correct, deny
from procession.kernel.handling.instances import require_active
from procession.kernel.incidents import end_incident, incidents_of, raise_incident
from procession.kernel.records import Element, External, Phase, Task
from procession.kernel.results import take_results
from procession.kernel.stepping import Continue, Step
from procession.kernel.throwing import throw_error
from procession.kernel.variables import set_variables
from procession.kernel.work import AD_HOC

MESSAGE_LENGTH = 666


def complete(step: Step, command: c.CompleteExternal) -> None:
    external = _held(step, command.external, command.worker, "completed")
    if external.listener in TASK_EVENTS:
        _check_answer(step, external, command)
    if external.listener in (None, AD_HOC):
        take_results(step, external.element, command.variables)
    elif external.listener == "end":
        set_variables(step, external.element, command.variables)
    elif external.listener == "start":
        set_variables(step, external.element, command.variables, local=True)
    else:
        correct(step, step.view.need(Element, external.element), command.corrections)
    set_variables(step, external.element, command.local_variables, local=True)
    if _thrown_by_definition(step, external):
        return
    _forget_incidents(step, external, resolved=False)
    step.emit(e.ExternalEnded(external, "successful"))
    element = step.view.need(Element, external.element)
    if external.listener == AD_HOC:
        answered(step, element, command.ad_hoc or c.AdHocResult())
    elif element.phase is Phase.EXECUTE:
        step.complete(element.key)
    elif command.denied and element.phase is Phase.CONFIRM:
        deny(step, element, command.denied_reason)
    else:
        # the work of a listener: on to the next
        step.push(Continue(element.key, element.phase, element.index + 1))


def _check_answer(step: Step, external: External, command: c.CompleteExternal) -> None:
    """What a listener of a user task may not answer. Raises Invalid."""
    told = f"(job key '{external.key}', type '{external.topic}', processInstanceKey '{external.instance}')"
    if command.variables:
        raise Invalid(f"Task Listener job completion with variables payload provided is not yet supported {told}.")
    if command.denied and external.listener not in DENIABLE:
        raise Invalid(f"The creation and the cancellation of a user task cannot be denied by its Task Listener {told}.")
    asked = step.view.need(Element, external.element).note.get(CHANGING, {})
    if external.listener == "create" and asked.get("assignee") and command.corrections.get("assignee"):
        raise Invalid(
            f"The assignee that the process gives cannot be corrected when the user task is created, but when it is "
            f"assigned {told}."
        )


def fail(step: Step, command: c.FailExternal) -> None:
    external = _held(step, command.external, command.worker, "failed")
    if command.retries < 0:
        raise Invalid("The number of retries cannot be negative")
    if command.retry_timeout < 0:
        raise Invalid("Retry timeout cannot be negative")
    set_variables(step, external.element, command.variables)
    set_variables(step, external.element, command.local_variables, local=True)
    changed = replace(
        external,
        error_message=None if command.message is None else command.message[:MESSAGE_LENGTH],
        error_details=command.details,
        locked_until=step.world.now + timedelta(milliseconds=command.retry_timeout),
    )
    if _thrown_by_definition(step, changed, lenient=True):
        return
    _set_retries(step, external, replace(changed, retries=command.retries), failed=True)


def change(step: Step, command: c.ChangeExternal) -> None:
    external = _external(step, command.external)
    if command.holder is not None:
        external = _held(step, command.external, command.holder, "changed")
    changed = external
    if command.lock is not None:
        worker, until = command.lock
        taken = (
            external.worker is not None and external.locked_until is not None and external.locked_until > step.world.now
        )
        if command.free_only and taken and external.worker != worker:
            raise Invalid(
                f"External Task {external.key} cannot be locked by worker '{worker}'. It is locked by worker "
                f"'{external.worker}'.",
            )  # fmt: skip
        changed = replace(changed, worker=worker, locked_until=until)
    if command.priority is not None:
        changed = replace(changed, priority=command.priority)
    if command.retries is not None:
        if command.retries < 0:
            raise Invalid("The number of retries cannot be negative")
        _set_retries(step, external, replace(changed, retries=command.retries), failed=False)
    elif changed is not external:
        step.emit(e.ExternalChanged(changed))


def throw(step: Step, command: c.ThrowError) -> None:
    """A BPMN error at an external task or a user task."""
    if not command.code:
        raise Invalid("errorCode is empty")
    if command.external is not None:
        external = _held(step, command.external, command.worker, "ended with a BPMN error")
        if external.listener not in (None, AD_HOC):
            raise Conflict(f"the job is a listener's, which cannot throw a BPMN error: '{external.topic}'")
        if step.process.policies.uncaught_error_ends:
            _forget_incidents(step, external, resolved=False)
            set_variables(step, external.element, command.variables)
            step.emit(e.ExternalEnded(external, "deleted"))
            throw_error(step, external.element, command.code, command.message)
            return
        # the job goes with its element where somebody catches; else it stays with what was thrown
        message = command.message or ""
        changed = replace(external, error_code=command.code, error_message=message[:MESSAGE_LENGTH], suspended=True)
        step.emit(e.ExternalChanged(changed))
        throw_error(step, external.element, command.code, command.message, command.variables)
        return
    task = None if command.task is None else step.view.get(Task, command.task)
    if task is None:
        raise Missing(f"Cannot find task with id {command.task}: task is null", task=command.task)
    if task.element is None:
        raise Invalid(f"The task '{task.key}' belongs to no process: it cannot throw a BPMN error")
    require_active(step, task.instance, f"Task '{task.key}'")
    set_variables(step, task.key, command.variables)
    throw_error(step, task.element, command.code, command.message)


def _thrown_by_definition(step: Step, external: External, *, lenient: bool = False) -> bool:
    """Throws the error of the first error definition of the task whose expression is true; False where there is none."""
    if external.listener is not None:
        return False
    element = step.view.need(Element, external.element)
    node = step.node_of(element)
    work = getattr(node, "work", None) or getattr(getattr(node, "definition", None), "work", None)
    if not isinstance(work, ExternalWork):
        return False
    bean = BeanOf(
        {
            "id": str(external.key),
            "topicName": external.topic,
            "workerId": external.worker,
            "retries": external.retries,
            "errorMessage": external.error_message,
            "errorDetails": external.error_details,
            "priority": external.priority,
            "activityId": external.node,
            "businessKey": external.business_key,
        }
    )
    for expression, code in work.error_definitions:
        try:
            value = step.evaluate(element.key, expression, {"externalTask": bean})
        except ExpressionFailed:
            if not lenient:
                raise
            continue  # a failure is taken down whatever its definitions say
        if value is True:
            _forget_incidents(step, external, resolved=False)
            step.emit(e.ExternalEnded(external, "deleted"))
            throw_error(step, element.key, code, external.error_message)
            return True
    return False


def _external(step: Step, key: int) -> External:
    external = step.view.get(External, key)
    if external is None:
        raise Missing(f"Cannot find external task with id {key}: externalTask is null", external=key)
    return external


def _held(step: Step, key: int, worker: str | None, verb: str) -> External:
    external = _external(step, key)
    if worker is not None and external.worker != worker:
        raise Invalid(
            f"External Task {key} cannot be {verb} by worker '{worker}'. It is locked by worker '{external.worker}'.",
        )
    if external.error_code is not None:
        raise ExecutionFailed("it is in state 'ERROR_THROWN'")
    if worker is None and (external.suspended or (external.retries is not None and external.retries <= 0)):
        raise ExecutionFailed("it is in state 'FAILED'")
    if external.suspended:
        raise Invalid(f"ExternalTask with id '{key}' is suspended")
    return external


def _set_retries(step: Step, before: External, after: External, *, failed: bool) -> None:
    had, has = before.retries is None or before.retries > 0, after.retries is None or after.retries > 0
    stops = step.process.policies.failure is Failure.INCIDENT
    if stops and had and not has:
        # nobody gets it before its incident is resolved, whatever retries it is given
        after = replace(after, suspended=True)
    step.emit(e.ExternalChanged(after, failed=failed))
    if had and not has:
        kind = "failedExternalTask"
        if after.listener is not None:
            kind = "taskListenerNoRetries" if after.listener in TASK_EVENTS else "executionListenerNoRetries"
            if after.listener == AD_HOC:
                kind = "adHocSubProcessNoRetries"
        raise_incident(step, after.element, kind, after.error_message, configuration=str(after.key))
    elif has and not had and not stops:
        _forget_incidents(step, after, resolved=True)


def _forget_incidents(step: Step, external: External, *, resolved: bool) -> None:
    for incident in incidents_of(step, external.element, str(external.key)):
        end_incident(step, incident, resolved=resolved)
