"""`camunda-external-task-client-python3`, unmodified, serves a topic on our server."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import requests

from tests.camunda7.dialogues.player import MODELS
from tests.camunda7.served import served

with warnings.catch_warnings():
    # how the client is written is its own affair
    warnings.simplefilter("ignore")
    from camunda.external_task.external_task import ExternalTask, TaskResult
    from camunda.external_task.external_task_worker import ExternalTaskWorker

CONFIG = {"maxTasks": 1, "lockDuration": 10_000, "asyncResponseTimeout": 5_000, "retries": 1, "retryTimeout": 0}


def deploy(base: str) -> None:
    files = {"cmd_external.bpmn": ("cmd_external.bpmn", (MODELS / "cmd_external.bpmn").read_bytes())}
    requests.post(f"{base}/deployment/create", data={"deployment-name": "client"}, files=files).raise_for_status()


def started(base: str) -> str:
    body = {"businessKey": "order-1", "variables": {"amount": {"value": 5}, "who": {"value": "me"}}}
    answer = requests.post(f"{base}/process-definition/key/cmd_external/start", json=body)
    answer.raise_for_status()
    return str(answer.json()["id"])


def task_of(base: str, instance: str) -> Any:
    return [task["name"] for task in requests.get(f"{base}/task", params={"processInstanceId": instance}).json()]


def served_with(base: str, handle: Callable[[ExternalTask], TaskResult]) -> None:
    """One round of the client's worker."""
    ExternalTaskWorker("python", base, CONFIG).fetch_and_execute("cmd_charge", handle, variables=["amount"])


def test_the_client_completes_fails_and_throws(database_url: str) -> None:
    with served(database_url) as (_, base):
        deploy(base)

        def complete(task: ExternalTask) -> TaskResult:
            assert (task.get_variable("amount"), task.get_business_key()) == (5, "order-1")
            assert task.get_extension_properties() == {"colour": "green"}
            return task.complete({"total": 10}, {"inside": 1})

        instance = started(base)
        served_with(base, complete)
        assert task_of(base, instance) == ["After"]
        assert requests.get(f"{base}/process-instance/{instance}/variables/total").json()["value"] == 10

        instance = started(base)
        served_with(base, lambda task: task.failure("Bad", "Very bad", 0, 0))
        incidents = requests.get(f"{base}/incident", params={"processInstanceId": instance}).json()
        assert [(one["incidentType"], one["incidentMessage"]) for one in incidents] == [("failedExternalTask", "Bad")]

        instance = started(base)
        served_with(base, lambda task: task.bpmn_error("oops", "It went wrong", {"reason": "x"}))
        assert task_of(base, instance) == ["Repair"]
