"""For a project's tests: tasks without an engine, and handlers run as the worker runs them.

def test_reserve(self):                                # in any TestCase
    result = reserve(fake_task("reserve-stock", sku="A1"))
    outcome = run_task(fake_task("reserve-stock", sku="A1"))      # with transaction and inbox
"""

from __future__ import annotations

import itertools
from typing import Any

from camunda_client.c7 import ExternalTask
from camunda_client.c7.values import encode_variables
from camunda_client.django.conf import DjangoSettings
from camunda_client.django.executing import execute
from camunda_client.django.registry import handlers
from camunda_client.worker.outcomes import Outcome

_numbers = itertools.count(1)


def fake_task(
    topic: str = "test", /, *, task_id: str | None = None, business_key: str | None = None, **variables: Any
) -> ExternalTask:
    """A fetched task with these variables, which travel through the engine's types as real ones do."""
    number = next(_numbers)
    return ExternalTask.read(
        {
            "id": task_id or f"task-{number}",
            "topicName": topic,
            "workerId": "test-worker",
            "processInstanceId": f"instance-{number}",
            "executionId": f"execution-{number}",
            "processDefinitionId": "test:1:1",
            "processDefinitionKey": "test",
            "activityId": topic,
            "businessKey": business_key,
            "variables": encode_variables(variables),
        }
    )


def run_task(task: ExternalTask) -> Outcome:
    """Runs the registered handler of the task's topic in its transaction, with the inbox; what the engine would be told.

    Raises KeyError where nobody serves the topic, and what the handler raises."""
    return execute(handlers[task.topic], task, DjangoSettings.load().client_database)
