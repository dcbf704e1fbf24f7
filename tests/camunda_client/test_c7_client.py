from __future__ import annotations

import asyncio
import inspect
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from camunda_client.c7 import (
    AsyncCamunda7Client,
    BadRequest,
    Camunda7Client,
    CamundaError,
    EngineFailed,
    EngineUnavailable,
    FileValue,
    NotAuthenticated,
    NotFound,
)
from camunda_client.c7.client import Operations
from camunda_client.protocol import Operation, Request, checked
from tests.camunda_client.fake_camunda import FakeCamunda
from tests.camunda_client.models import decision_model, external_task_model, fresh, user_task_model


def test_version(client: Camunda7Client) -> None:
    assert client.version().startswith("7.")


def test_deploy_start_look_complete(client: Camunda7Client) -> None:
    key, person = fresh("approval"), fresh("ann")
    deployed = client.deploy({f"{key}.bpmn": user_task_model(key, person)}, name=key, source="tests")
    assert deployed.deployed_process_definitions is not None
    assert [definition.key for definition in deployed.deployed_process_definitions.values()] == [key]
    instance = client.start_process(key, {"amount": 12.5}, business_key="b-1", with_variables=True)
    assert (instance.business_key, instance.definition_key, instance.variables) == ("b-1", key, {"amount": 12.5})
    (task,) = client.tasks(assignee=person)
    assert (task.name, task.task_definition_key, task.process_instance_id) == ("Approve", "approve", instance.id)
    assert task.created is not None
    assert task.created.tzinfo is not None
    client.complete_task(task.id, {"approved": True})
    with pytest.raises(NotFound):
        client.process_instance(instance.id)


def test_definition_and_its_xml(client: Camunda7Client) -> None:
    key = fresh("approval")
    model = user_task_model(key, "ann")
    client.deploy({f"{key}.bpmn": model}, name=key)
    definition = client.process_definition(key)
    assert definition.version == 1
    assert client.process_xml(definition.id) == model.decode()
    assert client.count_process_instances(process_definition_key=key) == 0


def test_evaluate_decision(client: Camunda7Client) -> None:
    key = fresh("risk")
    client.deploy({f"{key}.dmn": decision_model(key)}, name=key)
    assert client.evaluate_decision(key, {"age": 17}) == [{"risk": "red"}]
    assert client.evaluate_decision(key, {"age": 18}) == [{"risk": "green"}]


def test_variables_survive_the_round_trip(client: Camunda7Client) -> None:
    key = fresh("approval")
    client.deploy({f"{key}.bpmn": user_task_model(key, "ann")}, name=key)
    moment = datetime(2026, 1, 31, 12, 0, 0, 123000, UTC)
    sent: dict[str, Any] = {
        "none": None,
        "yes": True,
        "small": -7,
        "big": 2**40,
        "float": 0.1,
        "text": "Grüße ✓",
        "moment": moment,
        "bytes": b"\x00\xff",
        "nested": {"a": [1, {"b": None}], "c": "ä"},
        "list": [1, "two"],
    }
    instance = client.start_process(key, sent)
    assert client.process_variables(instance.id) == sent


def test_files(client: Camunda7Client) -> None:
    key = fresh("approval")
    client.deploy({f"{key}.bpmn": user_task_model(key, "ann")}, name=key)
    instance = client.start_process(key, {"scan": FileValue(b"%PDF", "scan.pdf", "application/pdf")})
    assert client.process_variable_content(instance.id, "scan") == b"%PDF"


def test_what_does_not_exist(client: Camunda7Client) -> None:
    with pytest.raises(NotFound) as caught:
        client.start_process("no-such-process")
    error = caught.value
    assert error.status == 404
    assert error.type == "RestException"
    assert "no-such-process" in error.message
    assert error.code == 0
    assert error.request == "POST /process-definition/key/no-such-process/start"


def test_a_refused_model_keeps_the_engines_report(client: Camunda7Client) -> None:
    key = fresh("bad")
    model = external_task_model(key, "t").replace(b'<endEvent id="end"/>', b'<broken id="broken"/>')
    with pytest.raises(BadRequest) as caught:
        client.deploy({f"{key}.bpmn": model}, name=key)
    assert caught.value.type == "ParseException"
    assert caught.value.body["details"][f"{key}.bpmn"]["errors"]


def test_both_clients_have_the_same_operations(url: str) -> None:
    async def ask() -> str:
        async with AsyncCamunda7Client(url) as client:
            return await client.version()

    assert asyncio.run(ask()).startswith("7.")
    with pytest.raises(NotFound):
        asyncio.run(_missing(url))


async def _missing(url: str) -> None:
    async with AsyncCamunda7Client(url) as client:
        await client.process_definition("no-such-process")


def test_every_operation_says_what_it_does() -> None:
    operations = {name: value for name, value in inspect.getmembers(Operations) if isinstance(value, Operation)}
    assert len(operations) > 40
    assert [name for name, value in operations.items() if not value.__doc__] == []


def test_nobody_there() -> None:
    with pytest.raises(EngineUnavailable) as caught, Camunda7Client("http://127.0.0.1:9") as client:
        client.version()
    assert caught.value.status == 0
    assert "GET /version" in str(caught.value)


def test_an_engine_that_is_starting(fake: tuple[str, FakeCamunda]) -> None:
    fake[1].down = True
    with pytest.raises(EngineUnavailable, match="503"), Camunda7Client(fake[0]) as client:
        client.version()


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (200, b"<html>", EngineUnavailable),
        (302, b"", BadRequest),
        (500, b"<html>", EngineFailed),
        (418, b'{"title": "teapot", "detail": "short and stout"}', BadRequest),
    ],
)
def test_answers_that_are_no_engines(status: int, content: bytes, kind: type[CamundaError]) -> None:
    with pytest.raises(kind):
        checked(Request("GET", "/x"), status, content, "").json()


def test_basic_authentication(fake: tuple[str, FakeCamunda], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url, engine = fake
    engine.user = ("demo", "s3cret-word")
    with pytest.raises(NotAuthenticated), Camunda7Client(url) as client:
        client.version()
    with pytest.raises(NotAuthenticated) as caught, Camunda7Client(url, user="demo", password="other-word") as client:
        client.version()
    assert "other-word" not in repr(caught.value) + str(caught.value)
    with Camunda7Client(url.replace("//", "//demo:s3cret-word@")) as client:
        assert client.version() == "7.24.0"
    assert "s3cret-word" not in caplog.text
    assert "other-word" not in caplog.text


def test_either_key_or_id(client: Camunda7Client) -> None:
    with pytest.raises(TypeError, match="either key or definition_id"):
        client.start_process()
