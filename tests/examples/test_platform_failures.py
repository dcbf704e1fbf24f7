"""What the platform's text says happens when a model is broken or a worker fails."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.examples.rest import Server, eventually, fresh, process

NO_PATH = """
<bpmn:startEvent id="start" />
<bpmn:sequenceFlow id="one" sourceRef="start" targetRef="choice" />
<bpmn:exclusiveGateway id="choice" {border} />
<bpmn:sequenceFlow id="two" sourceRef="choice" targetRef="end">
  <bpmn:conditionExpression>${{false}}</bpmn:conditionExpression>
</bpmn:sequenceFlow>
<bpmn:sequenceFlow id="three" sourceRef="choice" targetRef="end">
  <bpmn:conditionExpression>${{false}}</bpmn:conditionExpression>
</bpmn:sequenceFlow>
<bpmn:endEvent id="end" />"""

EXTERNAL = """
<bpmn:startEvent id="start" />
<bpmn:sequenceFlow id="one" sourceRef="start" targetRef="work" />
<bpmn:serviceTask id="work" camunda:type="external" camunda:topic="{topic}" />
<bpmn:sequenceFlow id="two" sourceRef="work" targetRef="end" />
<bpmn:endEvent id="end" />"""


def _external(server: Server) -> tuple[str, str]:
    """(instance, topic) of a process that waits at an external task."""
    key, topic = fresh("external"), fresh("topic")
    server.deploy_text(f"{key}.bpmn", process(key, EXTERNAL.format(topic=topic)))
    return server.start(key)["id"], topic


@pytest.mark.seed(4, 1046)
def test_a_file_with_a_syntax_error_is_refused_and_changes_nothing(insurance: Server) -> None:
    before = insurance.ask("GET", "/process-definition/key/insurance_process")
    answer = httpx.post(
        f"{insurance.rest}/deployment/create",
        data={"deployment-name": "broken"},
        files={"insurance_process.bpmn": ("insurance_process.bpmn", b"<bpmn:definitions>")},
        timeout=30,
    )
    assert answer.is_error
    assert answer.json()["message"]
    assert insurance.ask("GET", "/process-definition/key/insurance_process") == before


@pytest.mark.seed(4, 1054)
def test_a_gateway_without_any_outgoing_flow_is_refused_at_deployment(server: Server) -> None:
    """The platform's text lets it be deployed; Camunda does not."""
    key = fresh("no_way_out")
    body = """<bpmn:startEvent id="start" /><bpmn:sequenceFlow id="one" sourceRef="start" targetRef="choice" />
<bpmn:exclusiveGateway id="choice" />"""
    answer = server.deploy_text(f"{key}.bpmn", process(key, body), status=400)
    assert answer["type"] == "ParseException"
    assert "choice" in answer["message"]


def test_a_gateway_without_a_path_fails_the_call_that_reaches_it(server: Server) -> None:
    """The platform's text says that an incident is created: without an asynchronous border there is nowhere to keep
    one. The start fails, and leaves no instance behind."""
    key = fresh("no_path")
    server.deploy_text(f"{key}.bpmn", process(key, NO_PATH.format(border="")))
    answer = server.start(key, status=500)
    assert "No outgoing sequence flow" in answer["message"]
    assert server.ask("GET", "/process-instance/count", params={"processDefinitionKey": key}) == {"count": 0}


@pytest.mark.seed(4, 1054)
def test_a_gateway_without_a_path_makes_an_incident_behind_an_asynchronous_border(server: Server) -> None:
    key = fresh("no_path")
    server.deploy_text(f"{key}.bpmn", process(key, NO_PATH.format(border='camunda:asyncBefore="true"')))
    instance = server.start(key)["id"]

    def incidents() -> list[dict[str, str]]:
        for job in server.ask("GET", "/job", params={"processInstanceId": instance, "withRetriesLeft": "true"}):
            httpx.post(f"{server.rest}/job/{job['id']}/execute", json={}, timeout=30)
        found: list[dict[str, str]] = server.ask("GET", "/incident", params={"processInstanceId": instance})
        return found

    (incident,) = eventually(incidents)
    assert (incident["incidentType"], incident["activityId"]) == ("failedJob", "choice")
    server.ask("DELETE", f"/process-instance/{instance}", 204)


@pytest.mark.seed(4, 1066)
def test_a_topic_nobody_serves_waits(server: Server) -> None:
    instance, topic = _external(server)
    (task,) = server.ask("GET", "/external-task", params={"topicName": topic})
    assert task["processInstanceId"] == instance
    assert task["lockExpirationTime"] is None
    server.ask("DELETE", f"/process-instance/{instance}", 204)


@pytest.mark.seed(4, 763, 1077)
def test_a_crashed_worker_s_task_is_free_when_the_lock_ends(server: Server) -> None:
    instance, topic = _external(server)
    (held,) = server.fetch(topic, instance, "crashed")
    assert server.fetch(topic, instance, "other") == []
    body = {"workerId": "crashed", "newDuration": 200}
    server.ask("POST", f"/external-task/{held['id']}/extendLock", 204, json=body)
    (task,) = eventually(lambda: server.fetch(topic, instance, "other"))
    body = {"workerId": "crashed"}
    server.ask("POST", f"/external-task/{task['id']}/complete", 400, json=body)
    server.ask("POST", f"/external-task/{task['id']}/complete", 204, json={"workerId": "other"})
    assert server.ask("GET", f"/history/process-instance/{instance}")["state"] == "COMPLETED"


@pytest.mark.seed(4, 763, 1085)
def test_a_task_that_always_fails_becomes_an_incident_and_retry_resolves_it(server: Server) -> None:
    instance, topic = _external(server)
    for left in (2, 1, 0):
        (task,) = server.fetch(topic, instance)
        body = {"workerId": "test", "errorMessage": "bug", "errorDetails": "trace", "retries": left, "retryTimeout": 0}
        server.ask("POST", f"/external-task/{task['id']}/failure", 204, json=body)
        incidents = server.ask("GET", "/incident", params={"processInstanceId": instance})
        assert len(incidents) == (left == 0)
    assert incidents[0]["incidentType"] == "failedExternalTask"
    assert incidents[0]["incidentMessage"] == "bug"
    assert server.fetch(topic, instance) == []
    # What Cockpit's "Retry" does.
    server.ask("PUT", f"/external-task/{task['id']}/retries", 204, json={"retries": 1})
    assert server.ask("GET", "/incident", params={"processInstanceId": instance}) == []
    (task,) = server.fetch(topic, instance)
    server.ask("POST", f"/external-task/{task['id']}/complete", 204, json={"workerId": "test"})
    assert server.ask("GET", f"/history/process-instance/{instance}")["state"] == "COMPLETED"


@pytest.mark.seed(4, 1113)
def test_a_corrected_version_is_used_by_new_instances_alone(server: Server) -> None:
    key, old, new = fresh("fixed"), fresh("topic"), fresh("topic")
    server.deploy_text(f"{key}.bpmn", process(key, EXTERNAL.format(topic=old)))
    first = server.start(key)["id"]
    server.deploy_text(f"{key}.bpmn", process(key, EXTERNAL.format(topic=new)))
    second = server.start(key)["id"]
    assert [len(server.fetch(old, one)) for one in (first, second)] == [1, 0]
    assert [len(server.fetch(new, one)) for one in (first, second)] == [0, 1]
    for instance in (first, second):
        server.ask("DELETE", f"/process-instance/{instance}", 204)


@pytest.mark.seed(4, 1097)
def test_work_is_shared_among_workers_of_one_topic(server: Server) -> None:
    key, topic = fresh("shared"), fresh("topic")
    server.deploy_text(f"{key}.bpmn", process(key, EXTERNAL.format(topic=topic)))
    instances = {server.start(key)["id"] for _ in range(4)}
    body = {"maxTasks": 2, "topics": [{"topicName": topic, "lockDuration": 60_000}]}
    shares = [
        {
            task["processInstanceId"]
            for task in server.ask("POST", "/external-task/fetchAndLock", json=body | {"workerId": name})
        }
        for name in ("one", "two", "three")
    ]
    assert [len(share) for share in shares] == [2, 2, 0]
    assert shares[0] | shares[1] == instances


def test_a_poll_waits_for_work(server: Server) -> None:
    body = {
        "workerId": "patient",
        "maxTasks": 1,
        "asyncResponseTimeout": 500,
        "topics": [{"topicName": fresh("topic"), "lockDuration": 1000}],
    }
    began = time.monotonic()
    assert server.ask("POST", "/external-task/fetchAndLock", json=body) == []
    assert time.monotonic() - began > 0.4
