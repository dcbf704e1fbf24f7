"""The four functions: an event comes in, an engine does what it asks for, an outcome goes back. They never raise.

`open_workflows` gives the engine; it is called after everything that can be refused without one has been refused.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from camunda_client.errors import SettingsError
from camunda_client.serverless.events import BadEvent, Caller, Incoming, answer, read_event
from camunda_client.serverless.json_text import BadJson
from camunda_client.serverless.workflows import Done, Execution, Once, Start, WorkflowError, Workflows

MAX_NAME = 255
"""What a name, a business key and a definition's id may have, in characters."""

Open = Callable[[], Workflows]


class Refusal(Exception):
    """An answer other than success, found on the way."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


@dataclass(frozen=True, slots=True)
class Outcome:
    """The function's result, and what to tell about it: a message of the log with its fields."""

    answer: dict[str, Any]
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    level: int = logging.INFO

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.answer["statusCode"])


def guarded(name: str, event: Any, work: Callable[[Incoming], Outcome]) -> Outcome:
    """Does a function's work; whatever goes wrong becomes an answer with `error`."""
    incoming = Incoming(Caller.DIRECT)
    failure: BaseException | None = None
    try:
        incoming = read_event(event)
        return work(incoming)
    except (BadEvent, BadJson) as error:
        status, text, reason = 400, str(error), str(error)
    except Refusal as error:
        status, text, reason = error.status, error.error, str(error.__cause__ or error.error)
    except WorkflowError as error:
        status, text, reason = error.status, str(error), str(error)
        failure = error if status >= 500 else None
    except SettingsError as error:
        # whoever calls is no reader of our settings
        status, text, reason, failure = 500, "The function is not configured", str(error), error
    except Exception as error:
        status, text, failure = 500, "The workflow engine failed; try again later", error
        reason = f"{type(error).__name__}: {error}"
    fields: dict[str, Any] = {"error": redacted(reason), "status_code": status}
    if failure is not None:
        fields["stack_trace"] = [redacted(line) for line in traceback.format_exception(failure)][-20:]
    level = logging.ERROR if status >= 500 else logging.WARNING
    return Outcome(answer(incoming, status, {"error": redacted(text)}), f"{name}_failed", fields, level)


def redacted(text: str) -> str:
    """A text for the log or an answer: no credentials of an address, no line breaks, no more than 1,000 characters."""
    text = re.sub(r"://[^/\s@]*@", "://***@", text)
    return "".join(mark if mark.isprintable() else " " for mark in text)[:1000]


# ---------------------------------------------------------------- trigger


def trigger(event: Any, open_workflows: Open) -> Outcome:
    """Starts a workflow: `definition_id`, `input_data`, `name`, `initiated_by`, `business_key`, `idempotency_key`.

    The key of repetition is the header `Idempotency-Key`, else `idempotency_key` or `execution_id` of the body; an event
    of EventBridge has its id.
    """

    def work(incoming: Incoming) -> Outcome:
        given = incoming.input()
        start = Start(
            _text(given, "definition_id", required=True) or "",
            _input_data(given),
            _text(given, "name"),
            _text(given, "initiated_by") or incoming.identity,
            _text(given, "business_key"),
        )
        done = open_workflows().run([start], _trigger_once(incoming, given))
        message = "workflow_trigger_repeated" if done.repeated else "workflow_triggered"
        return _started(incoming, done, message, start.definition_id)

    return guarded("workflow_trigger", event, work)


def _trigger_once(incoming: Incoming, given: Mapping[str, Any]) -> Once | None:
    key = incoming.header("Idempotency-Key")
    key = key or _text(given, "idempotency_key") or _text(given, "execution_id")
    if key:
        if len(key) > MAX_NAME:
            raise Refusal(400, f"The idempotency key has more than {MAX_NAME} characters")
        return Once.of(f"trigger:{key}", content=canonical(given))
    if incoming.caller is Caller.EVENT_BRIDGE and incoming.event_id:
        return Once.of(f"event:{incoming.event_id}")
    return _schedule_once(given)


# ---------------------------------------------------------------- schedule


def schedule(event: Any, open_workflows: Open, environment: Mapping[str, str] | None = None) -> Outcome:
    """Starts what a schedule names: `definition_id`, else the variable `<SCHEDULE_NAME>_WORKFLOW_ID`.

    `daily-report` reads `DAILY_REPORT_WORKFLOW_ID`. The key of repetition is the schedule and its time
    (`schedule_arn` and `scheduled_time` from the scheduler's context attributes), else the event's id.
    """
    variables = os.environ if environment is None else environment

    def work(incoming: Incoming) -> Outcome:
        given = incoming.input()
        name = _text(given, "schedule_name")
        definition = _text(given, "definition_id")
        if definition is None:
            if name is None:
                raise Refusal(400, "definition_id or schedule_name is missing")
            variable = workflow_variable(name)
            definition = variables.get(variable)
            if not definition:
                raise Refusal(404, f"No workflow is configured for the schedule: set {variable}")
        facts = {"schedule_name": name, "scheduled_time": _text(given, "scheduled_time")}
        start = Start(
            definition,
            {key: value for key, value in facts.items() if value is not None} | _input_data(given),
            _text(given, "name") or name,
            _text(given, "initiated_by") or "scheduler",
            _text(given, "business_key"),
        )
        once = _schedule_once(given)
        if once is None and incoming.event_id and incoming.caller is Caller.EVENT_BRIDGE:
            once = Once.of(f"event:{incoming.event_id}")
        done = open_workflows().run([start], once)
        message = "scheduled_workflow_repeated" if done.repeated else "scheduled_workflow_executed"
        return _started(incoming, done, message, start.definition_id, {"schedule_name": name})

    return guarded("scheduled_workflow", event, work)


def workflow_variable(schedule_name: str) -> str:
    """The variable that names a schedule's workflow."""
    return re.sub(r"[^A-Z0-9]+", "_", schedule_name.upper()).strip("_") + "_WORKFLOW_ID"


def _schedule_once(given: Mapping[str, Any]) -> Once | None:
    """An attempt of EventBridge Scheduler has a new execution id each time; schedule and time stay the same."""
    arn, moment = given.get("schedule_arn"), given.get("scheduled_time")
    return Once.of(f"schedule:{arn}@{moment}") if isinstance(arn, str) and isinstance(moment, str) else None


# ---------------------------------------------------------------- tick


def tick(event: Any, open_workflows: Open, *, limit: int = 1000, seconds: float = 45.0) -> Outcome:
    """Runs timers and asynchronous continuations that are due, and forgets old keys: a job executor by schedule."""

    def work(incoming: Incoming) -> Outcome:
        begun = time.monotonic()
        workflows = open_workflows()
        jobs, keys = workflows.run_due(limit, seconds), workflows.forget()
        fields = {"jobs": jobs, "keys_forgotten": keys, "duration_ms": int((time.monotonic() - begun) * 1000)}
        return Outcome(answer(incoming, 200, {"jobs": jobs}), "jobs_run", fields)

    return guarded("job_tick", event, work)


# ---------------------------------------------------------------- shared


def execution_body(execution: Execution) -> dict[str, str]:
    """What a caller is told about an execution."""
    return {
        "execution_id": execution.execution_id,
        "status": execution.status,
        "workflow_name": execution.workflow_name,
    }


def canonical(value: Any) -> bytes:
    """One text for equal JSON values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode("utf-8", "replace")


def _started(
    incoming: Incoming, done: Done, message: str, definition_id: str, more: Mapping[str, Any] | None = None
) -> Outcome:
    execution = done.executions[0]
    fields = {"execution_id": execution.execution_id, "definition_id": definition_id, "status": execution.status}
    level = logging.ERROR if execution.status == "failed" else logging.INFO
    return Outcome(answer(incoming, 202, execution_body(execution)), message, fields | dict(more or {}), level)


def _text(given: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    value = given.get(name)
    if value is None or value == "":
        if required:
            raise Refusal(400, f"{name} is missing")
        return None
    if not isinstance(value, str) or len(value) > MAX_NAME or not value.isprintable():
        raise Refusal(400, f"{name} must be a text of at most {MAX_NAME} characters on one line")
    return value


def _input_data(given: Mapping[str, Any]) -> dict[str, Any]:
    value = given.get("input_data")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refusal(400, "input_data must be a JSON object")
    for name in value:
        if not name or len(name) > MAX_NAME:
            raise Refusal(400, f"A name in input_data must have 1 to {MAX_NAME} characters")
    return value
