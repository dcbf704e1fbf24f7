"""External tasks of the embedded engine for a function: taken one after the other, finished by commands.

Handlers see the task as workers of Camunda 7 do, so that one function serves both homes.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from camunda_client.c7.task import ExternalTask
from camunda_client.c7.values import encode_variables
from camunda_client.serverless.handling import outcome
from camunda_client.serverless.workflows import WorkflowError
from camunda_client.worker.outcomes import Complete, Fail, ThrowError
from procession.camunda7.fetching import Fetch, Topic, fetch
from procession.camunda7.values import read_variables
from procession.engine.engine import Engine
from procession.errors import Invalid, Missing, ProcessionError
from procession.kernel import commands as c
from procession.storage.drivers import at_once
from procession.storage.leases import TopicRequest

SOURCE = "serverless"


def serve(engine: Engine, topic: str, handle: Callable[[ExternalTask], Any], limit: int, lock: timedelta) -> int:
    """Gives up to `limit` tasks of a topic to a handler while `lock`, the time of one task's lock, is not over; how many."""
    worker = f"{SOURCE}-{socket.gethostname()}"
    request = TopicRequest(topic, int(lock.total_seconds() * 1000))
    end, served = time.monotonic() + lock.total_seconds(), 0
    while served < limit and time.monotonic() < end:
        with engine.storage.transaction() as transaction:
            told = at_once(fetch(engine, transaction, Fetch(worker, 1, (Topic(request),), use_priority=True)))
        rows = told()
        if not rows:
            break
        _finish(engine, rows[0], worker, outcome(handle, ExternalTask.read(rows[0])))
        served += 1
    return served


def _finish(engine: Engine, row: dict[str, Any], worker: str, result: Complete | ThrowError | Fail) -> None:
    key = int(row["id"])
    command: c.Command
    match result:
        case Complete():
            command = c.CompleteExternal(key, worker, _wired(result.variables), _wired(result.local_variables))
        case ThrowError():
            command = c.ThrowError(result.code, result.message, _wired(result.variables), external=key, worker=worker)
        case Fail():
            pause = int(result.retry_after.total_seconds() * 1000)
            command = c.FailExternal(key, worker, result.message, result.details, result.retries, pause)
    try:
        engine.submit(command, source=SOURCE)
    except (Missing, Invalid):
        return  # the instance was cancelled, or the lock ran out and another worker has the task
    except ProcessionError as error:
        raise WorkflowError(error.message) from error


def _wired(variables: Any) -> dict[str, Any]:
    return dict(read_variables(encode_variables(variables)))
