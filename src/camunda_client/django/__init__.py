"""Camunda workers inside a Django project: settings, handlers by app, transactions, a management command.

    INSTALLED_APPS = [..., "camunda_client.django"]

    # shop/camunda_workers.py, found in every installed app
    from camunda_client.django import BpmnError, external_task

    @external_task("reserve-stock")
    def reserve(task):
        Stock.objects.filter(sku=task.variables["sku"]).update(reserved=True)
        return {"reserved": True}

    python manage.py start_camunda_workers

Each task runs in one transaction of the database that also holds the inbox (`ProcessedTask`). The engine hears of the
outcome after the commit; a task that comes a second time, because the worker died in between, is answered from the inbox.
"""

from __future__ import annotations

from camunda_client.c7 import BpmnError, Camunda7Client, ExternalTask, TaskFailure
from camunda_client.django.conf import DjangoSettings, client
from camunda_client.django.registry import external_task
from camunda_client.django.signals import task_committed, task_failed

__all__ = [
    "BpmnError",
    "Camunda7Client",
    "DjangoSettings",
    "ExternalTask",
    "TaskFailure",
    "client",
    "external_task",
    "task_committed",
    "task_failed",
]
