"""Secrets wherever they lie, routes as data, and agent tasks of a Camunda 7 server."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from camunda_client.c7 import Camunda7Client
from camunda_client.errors import SettingsError
from camunda_client.serverless.providers import read_providers, secret_name
from camunda_client.serverless.remote import RemoteWorkflows
from camunda_client.serverless.routing import MISSING, find, read_routes
from camunda_client.serverless.secrets import read_secret, read_secrets
from camunda_client.serverless.workflows import Start
from camunda_client.worker import BpmnError
from tests.camunda7.served import served
from tests.functions.workflows.models import straight


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        ("text", (b"text",)),
        ('["new", "old"]', (b"new", b"old")),
        ("[not json", (b"[not json",)),
        ("whsec_x", (b"whsec_x",)),
        ("", ()),
    ],
)
def test_secrets_in_variables(value: str, secrets: tuple[bytes, ...]) -> None:
    assert read_secrets({"S": value}, "S") == secrets


def test_secrets_in_files(tmp_path: Path) -> None:
    (tmp_path / "s").write_text('["new","old"]\n')
    assert read_secrets({"S_FILE": str(tmp_path / "s")}, "S") == (b"new", b"old")
    with pytest.raises(SettingsError, match="S_FILE"):
        read_secret({"S_FILE": str(tmp_path / "none")}, "S")


@pytest.mark.parametrize("value", ["[]x", '["a", 5]', '["a", ""]'])
def test_lists_that_are_none(value: str) -> None:
    if value == "[]x":
        assert read_secrets({"S": value}, "S") == (b"[]x",)
        return
    with pytest.raises(SettingsError):
        read_secrets({"S": value}, "S")


@pytest.mark.seed(3, 184)
def test_secrets_in_aws(settings: pytest.MonkeyPatch) -> None:
    import boto3
    from aws_lambda_powertools.utilities import parameters
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        settings.setenv(name, "testing")
    settings.setenv("AWS_DEFAULT_REGION", "us-east-1")
    parameters.clear_caches()
    with mock_aws():
        arn = boto3.client("secretsmanager").create_secret(Name="uaef-db-url", SecretString="postgresql://u:p@h/d")[
            "ARN"
        ]
        boto3.client("ssm").put_parameter(Name="/uaef/hook", Value='["new","old"]', Type="SecureString")
        assert read_secret({"S": "secretsmanager:uaef-db-url"}, "S") == "postgresql://u:p@h/d"
        assert read_secret({"S": arn}, "S") == "postgresql://u:p@h/d"
        assert read_secrets({"S": "ssm:/uaef/hook"}, "S") == (b"new", b"old")
        with pytest.raises(SettingsError, match="S names a secret"):
            read_secret({"S": "secretsmanager:nobody"}, "S")
    parameters.clear_caches()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"x": 5}', '{"x": {"scheme": "rot13"}}', '{"x": {"encoding": "octal"}}', '{"x": {"unknown": 1}}'],
)
def test_providers_that_cannot_be(text: str) -> None:
    with pytest.raises(SettingsError):
        read_providers(text)


def test_the_name_of_a_sources_secret() -> None:
    assert secret_name("my-crm.v2") == "WEBHOOK_SECRET_MY_CRM_V2"


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", {"a": [{"b/c": 1, "~": 2}]}),
        ("/a/0/b~1c", 1),
        ("/a/0/~0", 2),
        ("/a/1", MISSING),
        ("/a/-1", MISSING),
        ("/a/x", MISSING),
        ("/__class__", MISSING),
        ("/a/0/b~1c/real", MISSING),
    ],
)
def test_pointers(pointer: str, value: Any) -> None:
    assert find({"a": [{"b/c": 1, "~": 2}]}, pointer) == value


def test_routes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "routes.json").write_text('[{"source": "github", "start": "x"}]')
    (route,) = read_routes(str(tmp_path / "routes.json"))
    assert (route.matches("github", "push", {}), route.matches("stripe", "push", {})) == (True, False)
    assert read_routes("") == ()


def test_conditions_compare_types_too() -> None:
    (route,) = read_routes('[{"when": {"/n": 1}, "start": "x"}]')
    assert [route.matches("s", "e", {"n": n}) for n in (1, True, 1.0, "1", None)] == [True, False, False, False, False]


def test_tasks_of_a_camunda_7_server() -> None:
    with served("sqlite://") as (engine, address):
        task = '<serviceTask id="m" camunda:type="external" camunda:topic="agent"/>'
        engine.deploy(("p.bpmn", straight("p", task)))
        client = Camunda7Client(address)
        workflows = RemoteWorkflows(client)
        for _ in range(3):
            workflows.run([Start("p", {"n": 1})])
        answers: list[Any] = [{"said": "yes"}, BpmnError("NO"), ValueError("broken")]

        def handle(task: Any) -> Any:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        assert workflows.serve("agent", handle, 5, timedelta(seconds=20)) == 3
        assert client.count_process_instances() == 1
        (left,) = client.external_tasks()
        assert left.retries == 2
        workflows.close()
