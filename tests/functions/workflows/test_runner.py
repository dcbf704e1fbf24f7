"""Functions without AWS: the command line, the template, and Azure's way to call them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from functions import workflow_trigger
from procession.cli.app import app
from procession.errors import Invalid, Missing
from procession.serverless import home
from procession.serverless.embedded import EmbeddedWorkflows
from procession.serverless.runner import Runner
from procession.serverless.template import Route, read_functions
from tests.functions.workflows.models import instances, straight

FUNCTIONS = Path(workflow_trigger.__file__).parent
TEMPLATE = FUNCTIONS / "template.yaml"
HANDLERS = ["workflow_trigger", "webhook_receiver", "scheduled_workflow", "job_tick", "agent_worker"]
TRIGGER = {"body": json.dumps({"definition_id": "wf-def-123"})}


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The runner and Azure import handlers as modules at the top and set their template's variables; nothing of that stays."""
    path, modules, variables = list(sys.path), set(sys.modules), dict(os.environ)
    yield
    sys.path[:] = path
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    for name in set(sys.modules) - modules:
        if name in HANDLERS:
            del sys.modules[name]


@pytest.mark.seed(3, 79)
def test_the_template_is_clean() -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), TEMPLATE], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")


@pytest.mark.seed(3, 79)
def test_the_templates_functions() -> None:
    found = read_functions(TEMPLATE)
    assert sorted(function.handler for function in found.values()) == sorted(f"{name}.handler" for name in HANDLERS)
    assert found["WorkflowTriggerFunction"].routes == (Route("POST", "/workflows/trigger"),)
    assert Route("POST", "/webhooks") in found["WebhookReceiverFunction"].routes
    assert found["WebhookReceiverFunction"].variables["VERIFY_WEBHOOK_SIGNATURE"] == "true"
    assert "UAEF_DB_URL" not in found["WorkflowTriggerFunction"].variables, "made in the cloud"


@pytest.mark.parametrize("name", ["WorkflowTriggerFunction", "workflow_trigger.handler"])
@pytest.mark.seed(3, 264)
def test_sam_local_invoke(deployed: EmbeddedWorkflows, tmp_path: Path, name: str) -> None:
    event = tmp_path / "test_event.json"
    event.write_text(json.dumps(TRIGGER))
    found = CliRunner().invoke(app, ["lambda", "invoke", name, "-e", str(event), "-t", str(TEMPLATE)])
    assert found.exit_code == 0
    assert json.loads(found.stdout[found.stdout.index("{\n") :])["statusCode"] == 202
    home.close()


@pytest.mark.seed(3, 267)
def test_sam_local_start_api(deployed: EmbeddedWorkflows) -> None:
    client = TestClient(Runner(TEMPLATE).application())
    answer = client.post("/workflows/trigger", json={"definition_id": "test", "input_data": {}})
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert answer.headers["content-type"] == "application/json"
    assert client.get("/workflows/trigger").status_code == 405
    assert client.post("/webhooks/github", content=b"\xff").status_code == 401
    assert instances(deployed) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nobody", "-t", str(TEMPLATE)], 1),
        (["x", "-t", "no/such/template.yaml"], 1),
        (["x", "-e", "no/such/event.json", "-t", str(TEMPLATE)], 2),
        (["workflow_trigger.handler", "-e", str(TEMPLATE), "-t", str(TEMPLATE)], 2),
    ],
    ids=["function", "template", "event", "json"],
)
def test_wrong_commands(arguments: list[str], code: int) -> None:
    assert CliRunner().invoke(app, ["lambda", "invoke", *arguments]).exit_code == code


def test_a_failing_function_fails_the_command(settings: pytest.MonkeyPatch) -> None:
    settings.setattr(sys, "stdin", sys.stdin)
    arguments = ["lambda", "invoke", "workflow_trigger.handler", "-e", "-", "-t", str(TEMPLATE)]
    assert CliRunner().invoke(app, arguments, input='{"definition_id": "x"}').exit_code == 1


def test_templates_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("Resources: {}")
    with pytest.raises(Invalid, match="no function"):
        Runner(path)
    path.write_text("Resources: {F: {Type: 'AWS::Serverless::Function', Properties: {Handler: nothing_here.handler}}}")
    runner = Runner(path)
    with pytest.raises(Missing, match="cannot be imported"):
        runner.invoke(runner.find("F"), {})
    with pytest.raises(Invalid, match="path"):
        runner.application()
    path.write_text("!!python/object:os.system {}")
    with pytest.raises(Invalid):
        read_functions(path)


def test_models_are_deployed_when_a_container_starts(
    settings: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "mine.bpmn").write_bytes(straight("mine"))
    settings.setenv("UAEF_DB_URL", sqlite_url)
    settings.setenv("UAEF_MODELS", str(folder))
    for _ in range(2):
        assert workflow_trigger.handler({"definition_id": "mine"}, None)["statusCode"] == 202
        home.close()
    settings.setenv("UAEF_MODELS", str(tmp_path / "none"))
    assert workflow_trigger.handler({"definition_id": "mine"}, None)["statusCode"] == 500


@pytest.mark.parametrize("given", ["", "postgresql+asyncpg://u:p@h/d", "postgres://u:p@h/d", "sqlite://"])
def test_database_urls(given: str) -> None:
    expected = {"": None, "sqlite://": "sqlite://"}.get(given, "postgresql://u:p@h/d")
    assert home.database_url({"UAEF_DB_URL": given}) == expected


# ---------------------------------------------------------------- Azure


def azure(name: str) -> Any:
    sys.path.insert(0, str(FUNCTIONS))
    return import_module(f"functions.azure_{name}")


@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.seed(3, 172)
def test_every_handler_has_its_azure_function(name: str) -> None:
    folder = FUNCTIONS / f"azure_{name}"
    about = json.loads((folder / "function.json").read_text())
    assert (folder / about["scriptFile"]).is_file()
    assert callable(azure(name).main)
    assert json.loads((FUNCTIONS / "host.json").read_text())["version"] == "2.0"


def test_azure_request(deployed: EmbeddedWorkflows) -> None:
    request = func.HttpRequest(
        method="POST",
        url="https://x.azurewebsites.net/workflows/trigger",
        headers={"Idempotency-Key": "k"},
        params={},
        route_params={},
        body=b'{"definition_id": "wf-def-123"}',
    )
    for _ in range(2):
        answer = azure("workflow_trigger").main(request)
        assert (answer.status_code, json.loads(answer.get_body())["status"]) == (202, "completed")
    assert instances(deployed) == 1


def test_azure_timers(deployed: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="DAILY_REPORT_WORKFLOW_ID"):
        azure("scheduled_workflow").main(None)
    settings.setenv("DAILY_REPORT_WORKFLOW_ID", "wf-def-123")
    azure("scheduled_workflow").main(None)
    azure("job_tick").main(None)
    assert instances(deployed) == 1
