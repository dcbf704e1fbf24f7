"""History outlives what it is the history of: ids of deleted definitions are shown and found, as in Camunda 7."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from procession.camunda7.dialect import Camunda7Dialect
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.storage import open_storage
from tests.camunda7.dialogues.player import MODELS
from tests.server.calling import Caller

LISTS = ["process-instance", "activity-instance", "task", "variable-instance", "detail", "incident", "job-log"]
LISTS += ["external-task-log"]


@pytest.fixture
def client(database_url: str) -> Iterator[Caller]:
    with Engine(open_storage(database_url), Camunda7Dialect()) as engine:
        yield Caller(create_app(engine))


def deploy(client: Caller, name: str) -> str:
    files = {name: (name, (MODELS / name).read_bytes())}
    return str(client.call("POST", "/engine-rest/deployment/create", files=files).json()["id"])


def ended(client: Caller) -> tuple[str, str]:
    """An instance that has been through everything, and its deployment."""
    deployment = deploy(client, "acc_waits.bpmn")
    id_ = client.post("/process-definition/key/acc_waits/start", {"variables": {"a": {"value": 1}}})["id"]
    worker = client.get(f"/execution?processInstanceId={id_}&activityId=work")[0]["id"]
    client.call("POST", f"/engine-rest/execution/{worker}/create-incident", json={"incidentType": "custom"})
    for activity in ("work", "arrive", "pause", "outside", "receive", "chosen", "innerWork", "later"):
        if activity == "chosen":
            client.call("POST", "/engine-rest/message", json={"messageName": "acc_message"})
        elif activity == "innerWork":
            task = client.get("/task")[0]["id"]
            client.call("POST", f"/engine-rest/task/{task}/complete", json={})
        elif activity == "later":
            job = client.get("/job")[0]["id"]
            client.call("POST", f"/engine-rest/job/{job}/execute")
        else:
            execution = client.get(f"/execution?processInstanceId={id_}&activityId={activity}")[0]["id"]
            client.call("POST", f"/engine-rest/execution/{execution}/signal", json={})
    assert client.get(f"/history/process-instance/{id_}")["state"] == "COMPLETED"
    return id_, deployment


def test_ids_of_deleted_processes(client: Caller) -> None:
    instance, deployment = ended(client)
    definition = client.get("/process-definition")[0]["id"]
    before = {name: client.get(f"/history/{name}?processInstanceId={instance}") for name in LISTS}
    assert all(before.values()), [name for name, rows in before.items() if not rows]
    assert client.call("DELETE", f"/engine-rest/deployment/{deployment}").status_code == 204
    for name, rows in before.items():
        assert {row["processDefinitionId"] for row in rows} == {definition}
        shown = client.get(f"/history/{name}?processInstanceId={instance}")
        assert [row["processDefinitionId"] for row in shown] == [row["processDefinitionId"] for row in rows]
        if name != "detail":
            assert client.get(f"/history/{name}/count?processDefinitionId={definition}") == {"count": len(rows)}
    assert client.get(f"/history/process-instance/{instance}")["processDefinitionName"] is None


def test_ids_of_deleted_decisions(client: Caller) -> None:
    deployment = deploy(client, "acc_untyped.dmn")
    definition = client.get("/decision-definition")[0]["id"]
    client.post("/decision-definition/key/acc_untyped/evaluate", {"variables": {"n": {"value": 1}}})
    client.call("DELETE", f"/engine-rest/deployment/{deployment}")
    (found,) = client.get(f"/history/decision-instance?decisionDefinitionId={definition}")
    assert found["decisionDefinitionId"] == definition
    assert client.get(f"/history/decision-instance/count?decisionDefinitionIdIn={definition}") == {"count": 1}


def test_nothing_is_left_to_name_after_a_cascade(client: Caller) -> None:
    instance, deployment = ended(client)
    client.call("DELETE", f"/engine-rest/deployment/{deployment}?cascade=true")
    assert client.get(f"/history/activity-instance?processInstanceId={instance}") == []


def test_job_logs_name_the_host(client: Caller) -> None:
    instance, _ = ended(client)
    assert all(row["hostname"] for row in client.get(f"/history/job-log?processInstanceId={instance}"))
