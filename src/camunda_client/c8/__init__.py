"""Camunda 8's REST API: functions (`api`; awaited: `aio`), clients, and the job `Worker`.

from camunda_client.c8 import Worker

worker = Worker("http://localhost:8080")

@worker.task("determine-riskgroup")
def determine(age: int) -> dict:
    return {"riskGroup": "green" if age > 30 else "yellow"}

worker.run()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camunda_client.c8.client import AsyncCamunda8Client, Camunda8Client, aio
    from camunda_client.c8.models import ActivatedJob, JobResult
    from camunda_client.c8.working import Worker
    from camunda_client.config import C8Config
    from camunda_client.errors import CamundaError
    from camunda_client.worker import BpmnError, Complete, TaskFailure

_HOMES = {
    "ActivatedJob": "camunda_client.c8.models",
    "AsyncCamunda8Client": "camunda_client.c8.client",
    "BpmnError": "camunda_client.worker",
    "C8Config": "camunda_client.config",
    "Camunda8Client": "camunda_client.c8.client",
    "CamundaError": "camunda_client.errors",
    "Complete": "camunda_client.worker",
    "JobResult": "camunda_client.c8.models",
    "TaskFailure": "camunda_client.worker",
    "Worker": "camunda_client.c8.working",
    "aio": "camunda_client.c8.client",
}

__all__ = [
    "ActivatedJob",
    "AsyncCamunda8Client",
    "BpmnError",
    "C8Config",
    "Camunda8Client",
    "CamundaError",
    "Complete",
    "JobResult",
    "TaskFailure",
    "Worker",
    "aio",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = vars(import_module(_HOMES[name]))[name]
    globals()[name] = value
    return value
