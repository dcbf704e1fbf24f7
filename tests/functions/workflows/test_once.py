"""Once per key: on DynamoDB, beside a Camunda 7 server, and for 1,000 events in four processes on one PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from camunda_client.c7 import Camunda7Client
from camunda_client.serverless.once import LEASE, Database, read_done, write_done
from camunda_client.serverless.remote import RemoteWorkflows
from camunda_client.serverless.workflows import (
    Conflicting,
    Done,
    Execution,
    Message,
    Once,
    Start,
    UnknownWorkflow,
    WorkflowError,
)
from functions import workflow_trigger
from procession.serverless import home
from procession.serverless.embedded import EmbeddedWorkflows
from tests.camunda7.served import served
from tests.functions.workflows import containers
from tests.functions.workflows.models import MODELS, body, instances

# ---------------------------------------------------------------- the embedded engine


def test_the_key_and_the_start_are_one_transaction(
    deployed_postgres: EmbeddedWorkflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Once.of("k")

    def die(_: Done) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("procession.serverless.embedded.write_done", die)
        with pytest.raises(KeyboardInterrupt):
            deployed_postgres.run([Start("test-def")], once)
    assert instances(deployed_postgres) == 0
    first = deployed_postgres.run([Start("test-def")], once)
    second = deployed_postgres.run([Start("test-def")], once)
    assert (first.repeated, second.repeated, instances(deployed_postgres)) == (False, True, 1)
    assert first.executions == second.executions


def test_keys_are_forgotten(deployed: EmbeddedWorkflows, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed.run([Start("test-def")], Once.of("k"))
    assert deployed.forget() == 0
    real = __import__("time").time
    monkeypatch.setattr("procession.serverless.embedded.time.time", lambda: real() + 31 * 86400)
    assert deployed.forget() == 1


@pytest.mark.seed(3, 275, 279)
def test_events_through_four_processes_on_one_postgresql(deployed_postgres: EmbeddedWorkflows) -> None:
    """The benchmark sends 1,000 events; here each of four containers gets the same 25 keys."""
    home.close()
    url = os.environ["UAEF_DB_URL"]
    ran = containers.run(url, events=100, keys=25, warm=True)
    assert ran.statuses == [202] * 100
    assert 1 <= ran.most_connections <= 4
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM history_instance").fetchone() == (25,)


# ---------------------------------------------------------------- DynamoDB


@pytest.fixture
def table(settings: pytest.MonkeyPatch) -> Iterator[str]:
    """A table as the template makes it, on a DynamoDB of this process."""
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        settings.setenv(name, "testing")
    settings.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="keys",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield "keys"
    from camunda_client.serverless import once

    once._LAYERS.clear()


def test_dynamodb_answers_repetitions(deployed: EmbeddedWorkflows, settings: pytest.MonkeyPatch, table: str) -> None:
    settings.setenv("UAEF_IDEMPOTENCY_TABLE", table)
    event = {"definition_id": "test-def", "idempotency_key": "k"}
    first, second = (workflow_trigger.handler(event, None) for _ in range(2))
    assert (first["statusCode"], body(first)) == (202, body(second))
    assert instances(deployed) == 1
    assert workflow_trigger.handler({**event, "name": "other"}, None)["statusCode"] == 409
    assert (
        workflow_trigger.handler({**event, "definition_id": "unknown", "idempotency_key": "x"}, None)["statusCode"]
        == 404
    )


# ---------------------------------------------------------------- a Camunda 7 server


def test_guarding_with_a_store(postgres_url: str) -> None:
    now = 1000.0
    keys = Database(postgres_url, lambda: now)
    once, other = Once.of("k", content=b"1"), Once.of("k", content=b"2")
    assert keys.claim(once).again is False
    with pytest.raises(Conflicting):
        keys.claim(once)
    now += LEASE + 1
    assert keys.claim(once).again is True
    done = Done((Execution("1", "w"),))
    keys.finish(once, write_done(done))
    answer = keys.claim(once).answer
    assert answer is not None
    assert read_done(answer) == Done(done.executions, repeated=True)
    with pytest.raises(Conflicting):
        keys.claim(other)
    assert keys.claim(Once.of("k", "l")).answer
    assert keys.claim(Once.of("l")).answer is None, "the repetition above took no key"
    keys.release(Once.of("l"))
    now += 31 * 86400
    assert keys.forget() == 1
    keys.close()


@pytest.fixture
def remote(postgres_url: str) -> Iterator[tuple[RemoteWorkflows, Camunda7Client]]:
    """Workflows of a server that speaks Camunda 7's REST API, with keys in PostgreSQL."""
    with served("sqlite://") as (engine, address):
        engine.deploy(*MODELS.items())
        client = Camunda7Client(address)
        workflows = RemoteWorkflows(client, Database(postgres_url))
        yield workflows, client
        workflows.close()


def test_a_remote_workflow_is_started_once(remote: tuple[RemoteWorkflows, Camunda7Client]) -> None:
    workflows, client = remote
    start, once = Start("test-def", {"a": {"b": [1]}}, "Mine", "jane"), Once.of("k")
    first, second = workflows.run([start], once), workflows.run([start], once)
    assert (first.repeated, second.repeated, first.executions) == (False, True, second.executions)
    assert client.count_process_instances() == 1
    found = client.process_instance(first.executions[0].execution_id)
    assert found.business_key == "Mine"
    values = client.process_variables(found.id)
    assert {name: values[name] for name in ("a", "name", "initiated_by")} == {
        "a": {"b": [1]},
        "name": "Mine",
        "initiated_by": "jane",
    }
    assert workflows.run([Start(found.definition_id)]).executions[0].definition_id == found.definition_id


def test_a_function_that_died_after_the_start_does_not_start_again(
    remote: tuple[RemoteWorkflows, Camunda7Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    workflows, client = remote
    once = Once.of("k")

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Database, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            workflows.run([Start("test-def")], once)
    with pytest.raises(Conflicting):
        workflows.run([Start("test-def")], once)
    monkeypatch.setattr("camunda_client.serverless.once.LEASE", 0.0)
    assert workflows.run([Start("test-def")], once).executions[0].status == "running"
    assert client.count_process_instances() == 1


def test_remote_refusals(remote: tuple[RemoteWorkflows, Camunda7Client]) -> None:
    workflows, _ = remote
    for action, kind in (
        (Start("nope"), UnknownWorkflow),
        (Start("nope:1:2"), UnknownWorkflow),
        (Message("nobody"), Conflicting),
    ):
        for _try in range(2):  # a refusal leaves no claim
            with pytest.raises(kind):
                workflows.run([action], Once.of("r"))
    with pytest.raises(WorkflowError, match="No store of keys"):
        RemoteWorkflows(Camunda7Client("http://127.0.0.1:1")).run([Start("x")], Once.of("k"))
    with pytest.raises(WorkflowError, match="engine failed"):
        RemoteWorkflows(Camunda7Client("http://127.0.0.1:1")).run([Start("x")])


def test_a_remote_message(remote: tuple[RemoteWorkflows, Camunda7Client]) -> None:
    workflows, client = remote
    order = workflows.run([Start("order", {"orderId": "1"})]).executions[0].execution_id
    reached = workflows.run([Message("payment-received", {"paid": 5}, correlation_keys={"orderId": "1"})]).executions
    assert [found.execution_id for found in reached] == [order]
    assert client.process_variables(order)["paid"] == 5


def test_the_handler_on_a_remote_engine(settings: pytest.MonkeyPatch) -> None:
    with served("sqlite://") as (engine, address):
        engine.deploy(*MODELS.items())
        settings.setenv("UAEF_ENGINE", "camunda7")
        settings.setenv("CAMUNDA_URL", address)
        assert body(workflow_trigger.handler({"definition_id": "wf-def-123"}, None))["status"] == "completed"
        assert workflow_trigger.handler({"definition_id": "nope"}, None)["statusCode"] == 404
        home.close()
