"""Commands on jobs: running one, recording a failure, changing one."""

from __future__ import annotations

from msgspec.structs import replace

from procession.bpmn.model import BoundaryEvent, StartEvent, Timer
from procession.errors import ExecutionFailed, Invalid, Missing
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.catching import fire
from procession.kernel.handling.instances import require_active
from procession.kernel.handling.messages import reach
from procession.kernel.incidents import end_incident, incidents_of, raise_incident
from procession.kernel.records import Element, Job, Phase, Subscription, Wait
from procession.kernel.stepping import BODY, Continue, Step
from procession.kernel.waiting import (
    BOUNDARY_TIMER,
    CATCH_TIMER,
    CONTINUATION,
    EVENT,
    PUT_OFF,
    SCOPE_TIMER,
    START_TIMER,
    SUBSCRIPTION,
    TASK_TIMER,
    due_of,
    repeat_job,
    retry_cycle,
)
from procession.kernel.work import run_task_listeners
from procession.kernel.world import DoJob, StartByTimer
from procession.temporal.durations import add
from procession.temporal.retries import RetryCycle

MESSAGE_LENGTH = 666


def run(step: Step, command: c.RunJob) -> None:
    job = _job(step, command.job)
    require_active(step, job.instance, f"Job '{job.key}'")
    following = repeat_job(step, job)
    for incident in incidents_of(step, job.element, str(job.key)):
        end_incident(step, incident, resolved=True)
    step.emit(e.JobEnded(job, "successful"))
    if job.kind == START_TIMER:
        if following is not None:
            step.emit(e.JobCreated(following))
        step.request(StartByTimer(job.definition or 0, job.node or "", job.tenant))
        return
    if job.element is None:
        step.request(DoJob(job))
        return
    element = step.view.need(Element, job.element)
    node = step.process.nodes[(job.node or "").removesuffix(BODY)]
    if job.kind == CONTINUATION:
        step.put_off = int(job.payload.get(PUT_OFF, 0))
        after = element.phase is Phase.AFTER
        step.push(Continue(element.key, Phase.AFTER if after else Phase.ATTACH))
    elif job.kind == CATCH_TIMER:
        place = step.place_of(element)
        place.behaviour.triggered(step, element, place.node, node)
    elif job.kind == EVENT:
        subscription = step.view.get(Subscription, job.payload[SUBSCRIPTION])
        if subscription is not None:
            reach(step, subscription)
    elif job.kind == TASK_TIMER:
        if following is not None:
            step.emit(e.JobCreated(following))
        for task in step.attached(element, Wait.TASK):
            run_task_listeners(step, element, task, "timeout", job.configuration)
    elif job.kind in (BOUNDARY_TIMER, SCOPE_TIMER) and isinstance(node, BoundaryEvent | StartEvent):
        if following is not None and not node.interrupting:
            step.emit(e.JobCreated(following))
        fire(step, element, node)


def fail(step: Step, command: c.FailJob) -> None:
    """One try less; at none an incident. The model's retry cycle sets how many tries there are, and when the next is."""
    job = _job(step, command.job)
    retries, due = max(job.retries - 1, 0), job.due
    cycle = _retry_cycle(step, job)
    if cycle is not None and retries and cycle.intervals:
        at = min(max(len(cycle.intervals) - retries, 0), len(cycle.intervals) - 1)
        due = add(step.world.now, cycle.intervals[at])
    message = command.message or ""
    changed = replace(
        job, retries=retries, due=due, lock_owner=None, locked_until=None, error_message=message[:MESSAGE_LENGTH],
        stacktrace=command.stacktrace, failed_node=command.failed_node or (job.node or "").removesuffix(BODY) or None,
    )  # fmt: skip
    step.emit(e.JobChanged(changed, failed=True, retries_before=job.retries))
    if retries == 0 and job.retries > 0:
        _raise(step, changed)


def change(step: Step, command: c.ChangeJob) -> None:
    job = _job(step, command.job)
    changed = job
    if command.retries is not None:
        if command.retries < 0:
            raise Invalid(
                f"The number of job retries must be a non-negative Integer, but '{command.retries}' has been provided."
            )
        changed = replace(changed, retries=command.retries)
    if command.priority is not None:
        changed = replace(changed, priority=command.priority)
    if command.suspended is not None:
        changed = replace(changed, suspended=command.suspended)
    if command.set_due:
        changed = replace(changed, due=command.due)
    if changed is job:
        return
    step.emit(e.JobChanged(changed))
    if job.retries <= 0 < changed.retries:
        for incident in incidents_of(step, job.element, str(job.key)):
            end_incident(step, incident, resolved=True)
    elif changed.retries == 0 < job.retries:
        _raise(step, changed)


def recalculate(step: Step, command: c.RecalculateJob) -> None:
    """A timer is due as its model says, seen from now or from its creation. Raises ExecutionFailed for another job."""
    job = _job(step, command.job)
    timer = _timer(step, job)
    if timer is None:
        raise ExecutionFailed(
            f"Only timer jobs can be recalculated, but the job with id '{job.key}' is of type '{job.kind}'."
        )
    due, repeat = due_of(step, job.element, timer, job.created if command.from_creation else step.world.now)
    step.emit(e.JobChanged(replace(job, due=due, repeat=repeat if job.repeat is None else job.repeat)))


def _timer(step: Step, job: Job) -> Timer | None:
    if job.definition is None or job.node is None:
        return None
    node = step.world.process(job.definition).nodes.get(job.node.removesuffix(BODY))
    if job.kind == TASK_TIMER and node is not None:
        return next((x.timer for x in node.traits.listeners if x.id == job.configuration), None)
    timer = getattr(node, "definition", None)
    return timer if isinstance(timer, Timer) and job.kind in _TIMERS else None


_TIMERS = (START_TIMER, SCOPE_TIMER, CATCH_TIMER, BOUNDARY_TIMER)


def delete(step: Step, command: c.DeleteJob) -> None:
    job = _job(step, command.job)
    for incident in incidents_of(step, job.element, str(job.key)):
        end_incident(step, incident, resolved=False)
    step.emit(e.JobEnded(job, "deleted"))


def _raise(step: Step, job: Job) -> None:
    if job.element is not None:
        raise_incident(
            step, job.element, "failedJob", job.error_message, configuration=str(job.key), failed_node=job.failed_node,
            job_definition=job.job_definition,
        )  # fmt: skip


def _retry_cycle(step: Step, job: Job) -> RetryCycle | None:
    if job.element is None or job.node is None or step.definition is None:
        return None
    node = step.process.nodes.get(job.node.removesuffix(BODY))
    return None if node is None else retry_cycle(step, job.element, node, job.node)


def _job(step: Step, key: int) -> Job:
    job = step.view.get(Job, key)
    if job is None:
        raise Missing(f"No job found with id '{key}'", job=key)
    return job
