"""Clients and workers for Camunda 7 and Camunda 8, and for Procession, which speaks both.

    from camunda_client import Camunda7Client, Camunda8Client, Handlers, BpmnError
    from camunda_client.c8 import Worker  # jobs; `camunda_client.c7` has the one for external tasks

The top level is lazy: importing it loads no HTTP, database or web library; the first use of a name does.
This package never imports `procession`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camunda_client.c7 import AsyncCamunda7Client, Camunda7Client, Worker
    from camunda_client.c8.client import AsyncCamunda8Client, Camunda8Client
    from camunda_client.errors import CamundaError, EngineUnavailable
    from camunda_client.modeler import CamundaClient, create_camunda_client
    from camunda_client.worker import BpmnError, Handlers, TaskFailure

__all__ = [
    "AsyncCamunda7Client",
    "AsyncCamunda8Client",
    "BpmnError",
    "Camunda7Client",
    "Camunda8Client",
    "CamundaClient",
    "CamundaError",
    "EngineUnavailable",
    "Handlers",
    "TaskFailure",
    "Worker",
    "create_camunda_client",
]

_HOMES = {
    "AsyncCamunda7Client": "camunda_client.c7",
    "AsyncCamunda8Client": "camunda_client.c8.client",
    "Camunda7Client": "camunda_client.c7",
    "Camunda8Client": "camunda_client.c8.client",
    "Worker": "camunda_client.c7",
    "CamundaClient": "camunda_client.modeler",
    "create_camunda_client": "camunda_client.modeler",
    "CamundaError": "camunda_client.errors",
    "EngineUnavailable": "camunda_client.errors",
    "BpmnError": "camunda_client.worker",
    "Handlers": "camunda_client.worker",
    "TaskFailure": "camunda_client.worker",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = vars(import_module(_HOMES[name]))[name]
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
