"""A handler's end as the outcome of its task, for functions that serve external tasks one after the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from camunda_client.c7.task import ExternalTask
from camunda_client.worker.handlers import outcome_of
from camunda_client.worker.outcomes import BpmnError, Complete, Fail, TaskFailure, ThrowError

ATTEMPTS = 3
PAUSE = timedelta(seconds=30)


def outcome(handle: Callable[[ExternalTask], Any], task: ExternalTask) -> Complete | ThrowError | Fail:
    """How a handler ended: what it raises becomes an error or a failure, `ATTEMPTS` in all."""
    try:
        return outcome_of(handle(task))
    except BpmnError as error:
        return ThrowError(error.code, error.message, error.variables)
    except TaskFailure as error:
        left = error.retries if error.retries is not None else _left(task)
        return Fail(error.message, error.details, left, error.retry_after or PAUSE)
    except Exception as error:
        return Fail(f"{type(error).__name__}: {error}", "", _left(task), PAUSE)


def _left(task: ExternalTask) -> int:
    return ATTEMPTS - 1 if task.retries is None else max(task.retries - 1, 0)
