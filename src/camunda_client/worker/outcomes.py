"""How a piece of work can end. Handlers raise or return; the core reports. This file knows no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


class BpmnError(Exception):
    """A business error for the process to deal with: raised by a handler, caught by an error boundary event.

    `variables` travel to the place where it is caught.
    """

    def __init__(self, code: str, message: str = "", variables: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.variables = variables or {}


class TaskFailure(Exception):
    """A technical failure with a say in what comes next.

    `retries` is how many attempts are left (0: an incident at once), `retry_after` the pause before the next one
    (timedelta or seconds); None leaves either to the worker's policy. Any other exception is a failure by that policy.
    `variables` are written to the task's own scope, where the next attempt finds them.
    """

    def __init__(
        self,
        message: str,
        *,
        details: str = "",
        retries: int | None = None,
        retry_after: timedelta | float | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.retries = retries
        self.variables = variables
        self.retry_after = timedelta(seconds=retry_after) if isinstance(retry_after, int | float) else retry_after


@dataclass(frozen=True, slots=True)
class Complete:
    """The work is done. `variables` go to the process, `local_variables` stay in the task's own scope (Camunda 7).

    `result` is what a listener's or an ad-hoc sub-process's job answers beside variables (Camunda 8: `JobResult`).
    """

    variables: Any = None
    local_variables: Any = None
    result: Any = None


@dataclass(frozen=True, slots=True)
class ThrowError:
    """The work ends in a BPMN error."""

    code: str
    message: str = ""
    variables: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Fail:
    """The work failed; `retries` attempts are left, the next one after `retry_after`."""

    message: str
    details: str = ""
    retries: int = 0
    retry_after: timedelta = timedelta(0)
    variables: Mapping[str, Any] | None = None


Outcome = Complete | ThrowError | Fail
