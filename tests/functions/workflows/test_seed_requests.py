"""Every request, event and snippet that the functions' documentation shows, run as it stands there."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functions import job_tick, scheduled_workflow, webhook_receiver, workflow_trigger
from procession.serverless.embedded import EmbeddedWorkflows
from tests.functions.workflows.models import body, instances, straight, variables

FUNCTIONS = Path(workflow_trigger.__file__).parent
handler = workflow_trigger.handler


def _history(workflows: EmbeddedWorkflows, instance: str) -> Any:
    with workflows.engine.storage.read() as connection:
        rows = connection.exec_driver_sql(
            f"SELECT business_key, start_user, process_id, state FROM history_instance WHERE key = {int(instance)}"
        )
        return rows.one()


@pytest.mark.seed(3, 16, 22)
def test_post_workflows_trigger(deployed: EmbeddedWorkflows) -> None:
    request = {
        "definition_id": "wf-def-123",
        "input_data": {"key": "value"},
        "name": "My Workflow",
        "initiated_by": "user-123",
    }
    event = {"httpMethod": "POST", "path": "/workflows/trigger", "headers": {}, "body": json.dumps(request)}
    answer = handler(event, None)
    assert answer["statusCode"] == 202
    assert body(answer) == {
        "execution_id": body(answer)["execution_id"],
        "status": "completed",
        "workflow_name": "My Workflow",
    }
    assert tuple(_history(deployed, body(answer)["execution_id"]))[:3] == ("My Workflow", "user-123", "wf-def-123")


@pytest.mark.seed(3, 30)
def test_event_bridge_event(deployed: EmbeddedWorkflows) -> None:
    answer = handler({"definition_id": "wf-def-123", "input_data": {"key": "value"}}, None)
    assert answer["statusCode"] == 202


def test_event_bridge_envelope(deployed: EmbeddedWorkflows) -> None:
    detail = {"definition_id": "wf-def-123", "input_data": {"key": "value"}}
    event = {"version": "0", "id": "e-1", "detail-type": "Order placed", "source": "shop", "detail": detail}
    first, second = handler(event, None), handler(event, None)
    assert first["statusCode"] == 202
    assert body(first) == body(second)
    assert instances(deployed) == 1


@pytest.mark.seed(3, 246)
def test_local_testing_snippet(deployed: EmbeddedWorkflows) -> None:
    event = {"body": json.dumps({"definition_id": "test-def", "input_data": {"test": True}})}
    response = handler(event, None)
    assert response["statusCode"] == 202
    assert body(response)["status"] == "running"
    assert body(response)["workflow_name"] == "Test workflow"
    assert variables(deployed, body(response)["execution_id"]) == {"test": True}


@pytest.mark.seed(3, 267)
def test_curl_snippet(deployed: EmbeddedWorkflows) -> None:
    event = {
        "httpMethod": "POST",
        "path": "/workflows/trigger",
        "headers": {"Content-Type": "application/json"},
        "body": '{"definition_id": "test", "input_data": {}}',
    }
    assert handler(event, None)["statusCode"] == 202


def test_definition_id_may_be_a_definitions_id(deployed: EmbeddedWorkflows) -> None:
    with deployed.engine.storage.read() as connection:
        id_ = connection.exec_driver_sql("SELECT id FROM process_definition WHERE process_id = 'test-def'").scalar()
    deployed.engine.deploy(("test-def.bpmn", _renamed()))
    by_id = handler({"definition_id": id_}, None)
    by_key = handler({"definition_id": "test-def"}, None)
    assert body(by_id)["workflow_name"] == "Test workflow"
    assert body(by_key)["workflow_name"] == "Second version"


def _renamed() -> bytes:
    return straight("test-def", '<userTask id="m"/>', name="Second version")


def test_name_becomes_the_name_variable(deployed: EmbeddedWorkflows) -> None:
    answer = handler({"definition_id": "test-def", "name": "Mine", "business_key": "K-1"}, None)
    assert variables(deployed, body(answer)["execution_id"]) == {"name": "Mine"}
    assert _history(deployed, body(answer)["execution_id"])[0] == "K-1"


def test_asynchronous_work_is_done_at_once(deployed: EmbeddedWorkflows) -> None:
    assert body(handler({"definition_id": "later"}, None))["status"] == "completed"


def test_a_workflow_that_fails_later_is_failed(deployed: EmbeddedWorkflows) -> None:
    answer = handler({"definition_id": "broken"}, None)
    assert (answer["statusCode"], body(answer)["status"]) == (202, "failed")


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"body": "not json"}, 400),
        ({"body": ""}, 400),
        ({"body": "[]"}, 400),
        ({"body": '{"input_data": {}}'}, 400),
        ({"body": '{"definition_id": 5}'}, 400),
        ({"body": '{"definition_id": "test-def", "input_data": []}'}, 400),
        ({"body": '{"definition_id": "test-def", "input_data": {"": 1}}'}, 400),
        ({"body": "&&&", "isBase64Encoded": True}, 400),
        ([], 400),
        ({"definition_id": "unknown"}, 404),
        ({"definition_id": "unknown:1:4711"}, 404),
    ],
)
@pytest.mark.seed(3, 278)
def test_what_cannot_be_started(deployed: EmbeddedWorkflows, event: Any, status: int) -> None:
    answer = handler(event, None)
    assert answer["statusCode"] == status
    assert list(body(answer)) == ["error"]
    assert instances(deployed) == 0


def test_an_engine_that_fails_is_a_500_and_starts_nothing(deployed: EmbeddedWorkflows) -> None:
    event = {"definition_id": "broken-now", "idempotency_key": "k"}
    assert handler(event, None)["statusCode"] in (400, 500)
    assert instances(deployed) == 0


@pytest.mark.seed(3, 16, 278, 280)
def test_without_a_database_it_is_a_500_that_tells_no_secret(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("UAEF_DB_URL", "postgresql://someone:hunter2@127.0.0.1:1/uaef?connect_timeout=1")
    answer = handler({"definition_id": "x"}, None)
    assert answer["statusCode"] == 500
    assert "hunter2" not in answer["body"]


@pytest.mark.seed(3, 279)
def test_execution_ids_prevent_duplicate_executions(deployed: EmbeddedWorkflows) -> None:
    event = {"definition_id": "test-def", "execution_id": "exec-1", "input_data": {"a": 1}}
    first, second = handler(event, None), handler(event, None)
    assert body(first) == body(second)
    assert instances(deployed) == 1
    other = handler({**event, "input_data": {"a": 2}}, None)
    assert (other["statusCode"], instances(deployed)) == (409, 1)


def test_idempotency_key_header(deployed: EmbeddedWorkflows) -> None:
    request = json.dumps({"definition_id": "test-def"})
    event = {"httpMethod": "POST", "headers": {"idempotency-key": "abc"}, "body": request}
    assert body(handler(event, None)) == body(handler(event, None))
    assert instances(deployed) == 1


@pytest.mark.seed(3, 211, 226, 235)
def test_the_log_reads_as_documented(deployed: EmbeddedWorkflows) -> None:
    # as Lambda does it: a new process, the handler a module at the top
    program = "import workflow_trigger; workflow_trigger.handler({'definition_id': 'wf-def-123'}, None)"
    found = subprocess.run([sys.executable, "-c", program], cwd=FUNCTIONS, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    log = next(line for line in lines if "level" in line)
    assert list(log)[:7] == ["level", "location", "message", "timestamp", "service", "execution_id", "definition_id"]
    assert (log["level"], log["message"], log["service"]) == ("INFO", "workflow_triggered", "workflow-trigger")
    assert log["location"].startswith("handler:")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", log["timestamp"])
    assert log["definition_id"] == "wf-def-123"
    metrics = next(line for line in lines if "_aws" in line)
    assert metrics["WorkflowTriggerCount"] == [1.0]
    assert metrics["ErrorCount"] == [0.0]
    assert metrics["ExecutionDuration"][0] > 0


# ---------------------------------------------------------------- scheduled_workflow


@pytest.mark.seed(3, 125)
def test_schedule_input(deployed: EmbeddedWorkflows) -> None:
    answer = scheduled_workflow.handler({"schedule_name": "daily-report", "definition_id": "wf-def-123"}, None)
    assert (answer["statusCode"], body(answer)["status"]) == (202, "completed")
    assert _history(deployed, body(answer)["execution_id"])[1] == "scheduler"


@pytest.mark.parametrize(
    ("schedule", "variable"),
    [
        ("daily-report", "DAILY_REPORT_WORKFLOW_ID"),
        ("cleanup", "CLEANUP_WORKFLOW_ID"),
        ("sync", "SYNC_WORKFLOW_ID"),
    ],
)
@pytest.mark.seed(3, 66)
def test_schedule_name_picks_the_workflow(
    deployed: EmbeddedWorkflows, settings: pytest.MonkeyPatch, schedule: str, variable: str
) -> None:
    assert scheduled_workflow.handler({"schedule_name": schedule}, None)["statusCode"] == 404
    settings.setenv(variable, "test-def")
    answer = scheduled_workflow.handler({"schedule_name": schedule}, None)
    assert answer["statusCode"] == 202
    assert variables(deployed, body(answer)["execution_id"])["schedule_name"] == schedule


def test_an_explicit_definition_id_wins(deployed: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("SYNC_WORKFLOW_ID", "test")
    answer = scheduled_workflow.handler({"schedule_name": "sync", "definition_id": "wf-def-123"}, None)
    assert _history(deployed, body(answer)["execution_id"])[2] == "wf-def-123"


@pytest.mark.parametrize("detail", [{}, "{}"])
@pytest.mark.seed(3, 61)
def test_scheduled_event_of_a_rule(deployed: EmbeddedWorkflows, settings: pytest.MonkeyPatch, detail: object) -> None:
    settings.setenv("CLEANUP_WORKFLOW_ID", "wf-def-123")
    event = {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "time": "2026-11-21T09:00:00Z",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/cleanup"],
        "detail": detail,
    }
    assert scheduled_workflow.handler(event, None)["statusCode"] == 202
    assert scheduled_workflow.handler(event, None)["statusCode"] == 202
    assert instances(deployed) == 1


def test_a_schedules_attempts_start_one_workflow(deployed: EmbeddedWorkflows) -> None:
    event = {
        "definition_id": "wf-def-123",
        "schedule_arn": "arn:aws:scheduler:us-east-1:123456789012:schedule/default/daily",
        "scheduled_time": "2026-11-21T09:00:00Z",
    }
    for attempt in ("1", "2"):
        scheduled_workflow.handler({**event, "execution_id": attempt, "attempt": attempt}, None)
    assert instances(deployed) == 1
    scheduled_workflow.handler({**event, "scheduled_time": "2026-11-22T09:00:00Z"}, None)
    assert instances(deployed) == 2


def test_a_schedule_without_a_name_or_definition(deployed: EmbeddedWorkflows) -> None:
    assert scheduled_workflow.handler({}, None)["statusCode"] == 400


def test_a_failure_that_nobody_waits_for_is_raised(settings: pytest.MonkeyPatch) -> None:
    settings.setenv("UAEF_RAISE_ON_FAILURE", "true")
    with pytest.raises(RuntimeError, match="not configured"):
        scheduled_workflow.handler({"definition_id": "x"}, None)
    request = {"httpMethod": "POST", "body": '{"definition_id": "x"}'}
    assert handler(request, None)["statusCode"] == 500, "an HTTP client waits"


# ---------------------------------------------------------------- job_tick


def test_job_tick_runs_what_is_due(deployed: EmbeddedWorkflows) -> None:
    handler({"definition_id": "waiting", "idempotency_key": "w"}, None)
    answer = job_tick.handler({}, None)
    assert answer["statusCode"] == 200
    state = body(handler({"definition_id": "waiting", "idempotency_key": "w"}, None))["status"]
    assert state == "completed"


# ---------------------------------------------------------------- webhook_receiver


@pytest.mark.seed(3, 49)
def test_post_webhooks_with_the_documented_headers(deployed: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("WEBHOOK_SECRET_GITHUB", "s3cret")
    settings.setenv("WEBHOOK_WORKFLOW_ID", "test-def")
    payload = json.dumps({"action": "opened"})
    signature = hmac.new(b"s3cret", payload.encode(), hashlib.sha256).hexdigest()
    headers = {"X-Webhook-Source": "github", "X-Webhook-Signature": f"sha256={signature}"}
    event = {"httpMethod": "POST", "path": "/webhooks", "headers": headers, "body": payload}
    answer = webhook_receiver.handler(event, None)
    assert (answer["statusCode"], body(answer)["status"]) == (202, "running")
    found = variables(deployed, body(answer)["execution_id"])
    assert found == {"webhook_source": "github", "webhook_event": "", "payload": {"action": "opened"}}
    headers["X-Webhook-Signature"] = "sha256=" + "0" * 64
    assert webhook_receiver.handler(event, None)["statusCode"] == 401


@pytest.mark.seed(3, 45)
def test_verification_can_be_switched_off(deployed: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("WEBHOOK_WORKFLOW_ID", "test-def")
    event = {"headers": {"X-Webhook-Source": "github"}, "body": "{}"}
    assert webhook_receiver.handler(event, None)["statusCode"] == 401
    settings.setenv("VERIFY_WEBHOOK_SIGNATURE", "false")
    assert webhook_receiver.handler(event, None)["statusCode"] == 202
