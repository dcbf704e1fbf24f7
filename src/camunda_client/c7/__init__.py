"""Camunda 7's REST API: clients (`Camunda7Client`, `AsyncCamunda7Client`) and the external-task `Worker`.

from camunda_client.c7 import Worker, BpmnError

worker = Worker("http://localhost:8080")

@worker.task("determine-riskgroup")
def determine(task):
    if task.variables["age"] < 18:
        raise BpmnError("TOO_YOUNG", "Applicants must be of age")
    return {"riskGroup": "green"}

worker.run()
"""

from __future__ import annotations

from camunda_client.c7.client import AsyncCamunda7Client, Camunda7Client
from camunda_client.c7.settings import Camunda7Settings
from camunda_client.c7.task import ExternalTask
from camunda_client.c7.values import FileValue, JsonValue, ObjectValue, TypedValue, XmlValue
from camunda_client.c7.worker import Worker
from camunda_client.errors import (
    BadRequest,
    CamundaError,
    Conflict,
    EngineFailed,
    EngineUnavailable,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    SettingsError,
)
from camunda_client.worker import BpmnError, Complete, TaskFailure

__all__ = [
    "AsyncCamunda7Client",
    "BadRequest",
    "BpmnError",
    "Camunda7Client",
    "Camunda7Settings",
    "CamundaError",
    "Complete",
    "Conflict",
    "EngineFailed",
    "EngineUnavailable",
    "ExternalTask",
    "FileValue",
    "JsonValue",
    "NotAllowed",
    "NotAuthenticated",
    "NotFound",
    "ObjectValue",
    "SettingsError",
    "TaskFailure",
    "TypedValue",
    "Worker",
    "XmlValue",
]
