"""`/jobs`: handed out to workers, with long polling; completed, failed, ended with an error, changed."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from procession.camunda8.api.user_tasks import attributes_of
from procession.camunda8.entities.work import JOBS
from procession.camunda8.exchange import (
    NOTHING,
    Answer,
    Call,
    Steps,
    flag_member,
    number_member,
    object_member,
    route,
    text_member,
)
from procession.camunda8.jobs import activate, elements_of, job_kind, read_activation
from procession.camunda8.problems import command_rejected, invalid
from procession.camunda8.searching import search
from procession.camunda8.values import read_variables
from procession.engine.polling import leased
from procession.errors import Conflict, ExecutionFailed, Invalid, Missing
from procession.kernel import commands as c
from procession.kernel.records import External
from procession.kernel.work import AD_HOC


@route("POST", "/jobs/activation")
async def activation(call: Call) -> Answer:
    """Locks jobs of a type for a worker; waits for some while there are none."""
    asked = read_activation(call.body)

    def free(jobs: Sequence[dict[str, Any]]) -> list[c.ChangeExternal]:
        return [c.ChangeExternal(int(job["jobKey"]), lock=(None, None), holder=asked.worker) for job in jobs]

    found = await leased(
        call.engine,
        lambda transaction: activate(call.engine, transaction, asked),
        asked.wait / 1000,
        free,
        asked.wanted,
    )
    return Answer({"jobs": found})


@route("POST", "/jobs/{jobKey}/completion")
def complete(call: Call) -> Steps:
    """The work is done; a user task listener may deny what is about to happen, or correct the task."""
    key = call.key("jobKey")
    result = object_member(call.body, "result")
    command = c.CompleteExternal(
        key,
        None,
        variables=read_variables(object_member(call.body, "variables")),
        denied=result.get("denied") is True,
        denied_reason=text_member(result, "deniedReason"),
        corrections=attributes_of(object_member(result, "corrections")),
        ad_hoc=_decided(result) if text_member(result, "type") == "adHocSubProcess" else None,
    )
    yield from _sent(key, "COMPLETE", "complete", command)
    return NOTHING


def _decided(result: Mapping[str, Any]) -> c.AdHocResult:
    return c.AdHocResult(
        elements_of(result, "activateElements"),
        fulfilled=flag_member(result, "isCompletionConditionFulfilled", False),
        cancels=flag_member(result, "isCancelRemainingInstances", False),
    )


@route("POST", "/jobs/{jobKey}/failure")
def fail(call: Call) -> Steps:
    """The work could not be done; with retries left it is handed out again after the back-off."""
    key = call.key("jobKey")
    command = c.FailExternal(
        key,
        None,
        message=text_member(call.body, "errorMessage"),
        details=None,
        retries=max(number_member(call.body, "retries") or 0, 0),
        retry_timeout=max(number_member(call.body, "retryBackOff") or 0, 0),
        local_variables=read_variables(object_member(call.body, "variables")),
    )
    yield from _sent(key, "FAIL", "fail", command)
    return NOTHING


@route("POST", "/jobs/{jobKey}/error")
def error(call: Call) -> Steps:
    """The work ended with a BPMN error."""
    key = call.key("jobKey")
    code = text_member(call.body, "errorCode")
    if not code:
        raise invalid("No errorCode provided.")
    command = c.ThrowError(
        code,
        text_member(call.body, "errorMessage"),
        variables=read_variables(object_member(call.body, "variables")),
        external=key,
    )
    job: External | None = yield partial(_job, call, key)
    if job is not None and job.listener not in (None, AD_HOC):
        told = f"with key '{key}', type '{job.topic}' and processInstanceKey '{job.instance}'"
        text = f"Cannot throw BPMN error from {job_kind(job.listener)} job {told}"
        raise command_rejected("THROW_ERROR", "INVALID_STATE", text)
    yield from _sent(key, "THROW_ERROR", "throw an error for", command)
    return NOTHING


@route("PATCH", "/jobs/{jobKey}")
def update(call: Call) -> Steps:
    """Sets retries, or the time until the job may be handed out again."""
    key = call.key("jobKey")
    changes = object_member(call.body, "changeset")
    retries, timeout = number_member(changes, "retries"), number_member(changes, "timeout")
    if retries is None and timeout is None:
        raise invalid("At least one of [retries, timeout] is required.")
    if retries is not None and retries < 1:
        raise command_rejected(
            "UPDATE",
            "INVALID_ARGUMENT",
            f"Expected to update retries for job with key '{key}' with a positive amount of retries, "
            f"but the amount given was '{retries}'",
        )
    try:
        if timeout is not None:
            yield from _prolong(call, key, timeout)
        if retries is not None:
            yield c.ChangeExternal(key, retries=retries)
    except Missing:
        raise command_rejected(
            "UPDATE", "NOT_FOUND", f"Expected to update job with key '{key}', but no such job was found"
        ) from None
    return NOTHING


def _prolong(call: Call, key: int, timeout: int) -> Generator[Any, Any, None]:
    job: External | None = yield partial(_job, call, key)
    if job is None:
        raise Missing("")
    if job.locked_until is None or job.locked_until <= call.engine.clock():
        raise command_rejected(
            "UPDATE",
            "INVALID_STATE",
            f"Expected to update the timeout of job with key '{key}', but it is not active",
        )
    until = call.engine.clock() + timedelta(milliseconds=timeout)
    yield c.ChangeExternal(key, lock=(job.worker, until))


def _job(call: Call, key: int) -> External | None:
    with call.engine.storage.view() as transaction:
        return next(iter(transaction.find(External, "key = ?", [key])), None)


def _sent(key: int, intent: str, verb: str, command: Any) -> Generator[Any, Any, None]:
    """Sends a command about a job, and tells as Camunda does why it is not carried out."""
    try:
        yield command
    except Missing:
        raise command_rejected(
            intent, "NOT_FOUND", f"Expected to {verb} job with key '{key}', but no such job was found"
        ) from None
    except (Conflict, ExecutionFailed) as refused:
        raise command_rejected(
            intent, "INVALID_STATE", f"Expected to {verb} job with key '{key}', but {refused.message}"
        ) from None
    except Invalid as refused:
        raise command_rejected(intent, "INVALID_ARGUMENT", refused.message) from None


@route("POST", "/jobs/search")
def search_jobs(call: Call) -> Answer:
    """Jobs that meet a filter."""
    return Answer(search(call, JOBS))
