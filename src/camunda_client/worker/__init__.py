"""The one worker core: many topics, bounded concurrency, lock renewal, back-off, graceful stop; for every engine API.

`camunda_client.c7.Worker` and `camunda_client.c8.Worker` are this core with the adapter of one API. What a
handler needs of it is here: `BpmnError`, `TaskFailure`, `Complete`, `Variable`.
"""

from __future__ import annotations

from camunda_client.worker.handlers import HandlerSignatureError, Variable
from camunda_client.worker.outcomes import BpmnError, Complete, Fail, TaskFailure, ThrowError
from camunda_client.worker.policies import Backoff, RetryPolicy
from camunda_client.worker.registry import Handlers
from camunda_client.worker.runner import JobWorker, WorkerStatus
from camunda_client.worker.source import Job, Lane, Source

__all__ = [
    "Backoff",
    "BpmnError",
    "Complete",
    "Fail",
    "HandlerSignatureError",
    "Handlers",
    "Job",
    "JobWorker",
    "Lane",
    "RetryPolicy",
    "Source",
    "TaskFailure",
    "ThrowError",
    "Variable",
    "WorkerStatus",
]
