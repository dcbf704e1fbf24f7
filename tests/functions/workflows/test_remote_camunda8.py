"""Functions on a Camunda 8 cluster: the engine's own REST API below `/v2`, reached through a socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from camunda_client.c7.task import ExternalTask
from camunda_client.c8.client import Camunda8Client
from camunda_client.serverless.once import Database
from camunda_client.serverless.remote_camunda8 import Camunda8Workflows
from camunda_client.serverless.workflows import (
    Conflicting,
    Message,
    Once,
    Start,
    Unacceptable,
    UnknownWorkflow,
    WorkflowError,
)
from camunda_client.worker.outcomes import BpmnError, TaskFailure
from functions import workflow_trigger
from procession.serverless import home
from tests.camunda8.sockets import listening

NAMESPACES = 'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
NAMESPACES += ' targetNamespace="t"'
AGENT = f"""<definitions {NAMESPACES}><process id="ask" isExecutable="true"><startEvent id="s"/>
<sequenceFlow id="f" sourceRef="s" targetRef="a"/><serviceTask id="a"><extensionElements>
<zeebe:taskDefinition type="agent" retries="3"/></extensionElements></serviceTask>
<sequenceFlow id="g" sourceRef="a" targetRef="e"/><endEvent id="e"/></process></definitions>"""
ORDER = f"""<definitions {NAMESPACES}><message id="m" name="paid"><extensionElements>
<zeebe:subscription correlationKey="=orderId"/></extensionElements></message>
<process id="order" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="w"/>
<intermediateCatchEvent id="w"><messageEventDefinition id="d" messageRef="m"/></intermediateCatchEvent>
<sequenceFlow id="g" sourceRef="w" targetRef="e"/><endEvent id="e"/></process></definitions>"""


@pytest.fixture
def address() -> Iterator[str]:
    """The address of a server with the test's models."""
    with listening() as found:
        with Camunda8Client(found) as client:
            client.deploy_resources({"ask.bpmn": AGENT, "order.bpmn": ORDER})
        yield found


@pytest.fixture
def remote(address: str, postgres_url: str) -> Iterator[tuple[Camunda8Workflows, Camunda8Client]]:
    client = Camunda8Client(address)
    workflows = Camunda8Workflows(client, Database(postgres_url))
    yield workflows, client
    workflows.close()


Both = tuple[Camunda8Workflows, Camunda8Client]


def test_a_workflow_is_started_once(remote: Both) -> None:
    workflows, client = remote
    start, once = Start("ask", {"a": {"b": [1]}}, "Mine", "jane"), Once.of("k")
    first, second = workflows.run([start], once), workflows.run([start], once)
    assert (first.repeated, second.repeated, first.executions) == (False, True, second.executions)
    assert len(client.search_process_instances(process_definition_id="ask").items) == 1
    found = client.search_variables(process_instance_key=first.executions[0].execution_id, truncate_values=False)
    values = {one.name: json.loads(str(one.value)) for one in found.items}
    assert {name: values[name] for name in ("name", "initiated_by", "businessKey")} == {
        "name": "Mine",
        "initiated_by": "jane",
        "businessKey": "Mine",
    }
    by_key = workflows.run([Start(first.executions[0].definition_id)]).executions[0]
    assert by_key.definition_id == first.executions[0].definition_id


def test_a_function_that_died_after_the_start_does_not_start_again(
    remote: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflows, client = remote

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Database, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            workflows.run([Start("ask")], Once.of("k"))
    monkeypatch.setattr("camunda_client.serverless.once.LEASE", 0.0)
    assert workflows.run([Start("ask")], Once.of("k")).executions[0].status == "running"
    assert len(client.search_process_instances(process_definition_id="ask").items) == 1


def test_messages(remote: Both) -> None:
    workflows, _ = remote
    order = workflows.run([Start("order", {"orderId": "1"})]).executions[0].execution_id
    reached = workflows.run([Message("paid", {"amount": 5}, correlation_keys={"orderId": "1"})]).executions
    assert [found.execution_id for found in reached] == [order]
    with pytest.raises(Unacceptable, match="one key"):
        workflows.run([Message("paid", correlation_keys={"a": 1, "b": 2})])


def test_refusals(remote: Both) -> None:
    workflows, _ = remote
    for action, kind in ((Start("nope"), UnknownWorkflow), (Message("nobody", business_key="x"), Conflicting)):
        for _try in range(2):  # a refusal leaves no claim
            with pytest.raises(kind):
                workflows.run([action], Once.of("r"))
    with pytest.raises(WorkflowError, match="engine failed"):
        Camunda8Workflows(Camunda8Client("http://127.0.0.1:1")).run([Start("x")])


def test_jobs_of_a_type_are_served(remote: Both) -> None:
    """A handler's result, a failure that costs an attempt, an error that nobody catches."""
    workflows, client = remote
    ended = workflows.run([Start("ask", {"prompt": "one"})]).executions[0]
    workflows.run([Start("ask", {"prompt": "two"}), Start("ask", {"prompt": "three"})])

    def handle(task: ExternalTask) -> dict[str, Any]:
        if task.variables["prompt"] == "two":
            raise TaskFailure("later", retries=0)
        if task.variables["prompt"] == "three":
            raise BpmnError("NOT_CAUGHT", "nobody")
        return {"answer": task.variables["prompt"].upper()}

    assert workflows.serve("agent", handle, 10, timedelta(seconds=30)) == 3
    assert workflows.as_now(ended).status == "completed"
    states = [found.has_incident for found in client.search_process_instances(process_definition_id="ask").items]
    assert sorted(states) == [False, True, True]
    assert workflows.run_due(10, 1.0) == 0


def test_the_handler_on_a_cluster(settings: pytest.MonkeyPatch, address: str) -> None:
    settings.setenv("UAEF_ENGINE", "camunda8")
    settings.setenv("CAMUNDA_REST_ADDRESS", address)
    answer = workflow_trigger.handler({"body": json.dumps({"definition_id": "ask", "name": "Mine"})}, None)
    assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (202, "running")
    assert workflow_trigger.handler({"definition_id": "nope"}, None)["statusCode"] == 404
    home.close()
