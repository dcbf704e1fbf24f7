"""Every operation on Camunda 7, against Procession's own `/engine-rest`, and the server that `CAMUNDA_TEST_URL` names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from camunda_client.c7 import Camunda7Client, CamundaError, FileValue, NotFound
from camunda_client.c7.client import Operations
from camunda_client.c7.task import ExternalTask
from camunda_client.protocol import Operation
from procession import open_engine
from tests.camunda8.sockets import serving
from tests.camunda_client.conftest import REAL
from tests.camunda_client.models import decision_model, external_task_model, fresh, user_task_model

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' targetNamespace="tests">'
)


def model(key: str, name: str) -> bytes:
    """Starts with the message or signal `name`; or waits for the message: `waits`; or goes on by a job: `later`."""
    kinds = {
        "signalled": '<startEvent id="s"><signalEventDefinition signalRef="g"/></startEvent><userTask id="n"/>',
        "waits": '<startEvent id="s"/><receiveTask id="n" messageRef="m"/>',
        "later": '<startEvent id="s"/><serviceTask id="n" camunda:asyncBefore="true" camunda:expression="${missing}"/>',
    }
    kind = key.partition("_")[0]
    return (
        f'{HEAD}<message id="m" name="{name}"/><signal id="g" name="{name}"/>'
        f'<process id="{key}" isExecutable="true" camunda:historyTimeToLive="P1D">{kinds[kind]}<endEvent id="e"/>'
        '<sequenceFlow id="a" sourceRef="s" targetRef="n"/><sequenceFlow id="b" sourceRef="n" targetRef="e"/>'
        "</process></definitions>"
    ).encode()


@pytest.fixture(scope="module", params=["procession", *(["real"] if REAL else [])])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "real":
        assert REAL is not None
        yield REAL
        return
    with open_engine("sqlite://") as engine, serving(engine) as found:
        yield found


@pytest.fixture
def client(address: str) -> Iterator[Camunda7Client]:
    with Camunda7Client(address) as connected:
        yield connected


def begun(client: Camunda7Client, key: str, content: bytes, variables: Any = None) -> str:
    """The id of an instance of a new model."""
    client.deploy({f"{key}.bpmn": content}, name=key)
    return client.start_process(key, variables).id


def test_deployments_and_definitions(client: Camunda7Client) -> None:
    assert client.version().startswith("7.")
    process, decision = fresh("approval"), fresh("risk")
    files = {"a.bpmn": user_task_model(process, "ann"), "b.dmn": decision_model(decision)}
    deployed = client.deploy(files, name=process, source="tests")
    again = client.deploy(
        files, name=process, source="tests", enable_duplicate_filtering=True, deploy_changed_only=True
    )
    assert not again.deployed_process_definitions
    (found,) = client.deployments(name=process, sort_by="deploymentTime", sort_order="desc", max_results=1)
    assert (found.id, found.source) == (deployed.id, "tests")
    contents = {row.name: client.resource_content(found.id, row.id) for row in client.deployment_resources(found.id)}
    assert contents == files
    definition = client.process_definition(process)
    assert [row.id for row in client.process_definitions(key=process, latest_version=True)] == [definition.id]
    assert client.process_xml(definition.id) == files["a.bpmn"].decode()
    table = client.decision_definition(decision)
    assert [row.id for row in client.decision_definitions(key=decision)] == [table.id]
    assert client.decision_xml(table.id) == files["b.dmn"].decode()
    assert client.evaluate_decision(definition_id=table.id, variables={"age": 20}) == [{"risk": "green"}]
    client.delete_deployment(found.id, cascade=True)
    with pytest.raises(NotFound):
        client.process_definition(process)


def test_instances_and_their_variables(client: Camunda7Client) -> None:
    key = fresh("approval")
    id_ = begun(client, key, user_task_model(key, "ann"), {"n": 1, "gone": True})
    assert client.process_instance(id_).definition_key == key
    assert [row.id for row in client.process_instances(process_definition_key=key)] == [id_]
    assert client.count_process_instances(process_definition_key=key) == 1
    client.set_process_variable(id_, "text", "hello")
    client.set_process_variables(id_, {"n": 2, "file": FileValue(b"content", "a.txt", "text/plain")}, delete=["gone"])
    assert client.process_variable(id_, "n") == 2
    assert client.process_variable_content(id_, "file") == b"content"
    assert client.execution_variable_content(id_, "file") == b"content"
    assert set(client.process_variables(id_)) == {"n", "text", "file"}
    assert [child.activity_id for child in client.activity_instances(id_).child_activity_instances] == ["approve"]
    client.delete_process_instance(id_, skip_custom_listeners=True)
    past = client.historic_process_instance(id_)
    assert past.state == "EXTERNALLY_TERMINATED"
    assert [row.id for row in client.historic_process_instances(process_definition_key=key)] == [id_]


def test_user_tasks(client: Camunda7Client) -> None:
    key, person = fresh("approval"), fresh("ann")
    id_ = begun(client, key, user_task_model(key, person), {"amount": 3})
    (task,) = client.tasks(process_instance_id=id_)
    assert client.task(task.id).assignee == person
    assert client.count_tasks(assignee=person) == 1
    assert client.task_variables(task.id) == {"amount": 3}
    client.unclaim_task(task.id)
    client.claim_task(task.id, "bob")
    with pytest.raises(CamundaError):
        client.claim_task(task.id, "cecil")
    client.assign_task(task.id, None)
    assert client.task(task.id).assignee is None
    client.complete_task(task.id, {"approved": True})
    assert client.historic_process_instance(id_).state == "COMPLETED"


def fetched(client: Camunda7Client, topic: str, worker: str = "me") -> list[ExternalTask]:
    """What a worker gets, once."""
    body = {"topicName": topic, "lockDuration": 60_000}
    return client.fetch_and_lock(worker, [body], max_tasks=9, sorting=[{"sortBy": "createTime", "sortOrder": "asc"}])


def test_external_tasks(client: Camunda7Client) -> None:
    key, topic = fresh("work"), fresh("topic")
    client.deploy({"w.bpmn": external_task_model(key, topic)}, name=key)
    ids = [client.start_process(key).id for _ in range(3)]
    first, second, third = fetched(client, topic)
    assert [row.worker_id for row in client.external_tasks(topic_name=topic, locked=True)] == ["me"] * 3
    client.extend_external_task_lock(first.id, "me", timedelta(minutes=2))
    client.complete_external_task(first.id, "me", {"done": True}, {"local": 1})
    client.throw_external_task_error(second.id, "me", "OOPS", "as planned", {"n": 1})
    assert [task.task_definition_key for task in client.tasks(process_instance_id=second.process_instance_id)] == [
        "repair"
    ]
    client.fail_external_task(third.id, "me", "no", details="why", retries=0, variables={"tried": 1})
    (incident,) = client.incidents(process_instance_id=third.process_instance_id)
    assert incident.incident_type == "failedExternalTask"
    client.set_external_task_retries(third.id, 2)
    (again,) = fetched(client, topic, "another")
    assert (again.id, again.retries, again.error_message) == (third.id, 2, "no")
    client.unlock_external_task(third.id)
    (last,) = fetched(client, topic)
    assert last.worker_id == "me"
    assert client.historic_process_instance(ids[0]).state == "COMPLETED"


def test_messages_and_signals(client: Camunda7Client) -> None:
    key, name = fresh("waits"), fresh("paid")
    id_ = begun(client, key, model(key, name))
    (result,) = client.correlate_message(name, process_instance_id=id_, variables={"n": 1})
    assert result.result_type == "Execution"
    assert client.historic_process_instance(id_).state == "COMPLETED"
    key, name = fresh("signalled"), fresh("alarm")
    client.deploy({"s.bpmn": model(key, name)}, name=key)
    client.throw_signal(name, {"n": 1})
    assert client.count_process_instances(process_definition_key=key) == 1


def test_jobs(client: Camunda7Client) -> None:
    key = fresh("later")
    id_ = begun(client, key, model(key, fresh("no")))
    (job,) = client.jobs(process_instance_id=id_)
    with pytest.raises(CamundaError, match="missing"):
        client.execute_job(job.id)
    client.set_job_retries(job.id, 5)
    assert [row.retries for row in client.jobs(process_instance_id=id_)] == [5]
    client.set_process_variable(id_, "missing", 1)
    client.execute_job(job.id)
    assert client.historic_process_instance(id_).state == "COMPLETED"


def test_no_operation_is_without_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    names = [name for room in Operations.__mro__ for name, item in vars(room).items() if isinstance(item, Operation)]
    assert [name for name in names if f"client.{name}(" not in text] == []
