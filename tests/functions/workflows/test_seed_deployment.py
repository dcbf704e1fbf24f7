"""The seed's deployment part: the SAM template's settings, network, permissions, and what a container loads when it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cloudformation import mappings, read_template

FUNCTIONS = Path(__file__).parent.parent.parent.parent / "functions"
HANDLERS = sorted(path.stem for path in FUNCTIONS.glob("*.py"))
TEMPLATE = read_template(FUNCTIONS / "template.yaml")
SHARED: dict[str, Any] = TEMPLATE["Globals"]["Function"]


def functions() -> dict[str, dict[str, Any]]:
    """The properties of each function by its handler."""
    found = [one["Properties"] for one in TEMPLATE["Resources"].values() if one["Type"] == "AWS::Serverless::Function"]
    return {one["Handler"]: one for one in found}


@pytest.mark.seed(3, 79)
def test_globals_are_the_seed_s() -> None:
    assert (SHARED["Timeout"], SHARED["MemorySize"], SHARED["Runtime"]) == (300, 512, "python3.11")
    variables = SHARED["Environment"]["Variables"]
    assert (variables["POWERTOOLS_SERVICE_NAME"], variables["LOG_LEVEL"]) == ("uaef", "INFO")
    assert variables["UAEF_DB_URL"] == {"Fn::Sub": "secretsmanager:${DatabaseSecretName}"}
    assert TEMPLATE["Parameters"]["DatabaseSecretName"]["Default"] == "uaef-db-url"
    assert TEMPLATE["Parameters"]["AgentSecretName"]["Default"] == "anthropic-api-key"


@pytest.mark.seed(3, 235)
def test_tracing_is_on() -> None:
    assert SHARED["Tracing"] == "Active"
    for name in HANDLERS:
        assert "@tracer.capture_lambda_handler" in (FUNCTIONS / f"{name}.py").read_text(encoding="utf-8")


@pytest.mark.seed(3, 189)
def test_functions_live_in_the_database_s_network() -> None:
    assert SHARED["VpcConfig"] == {"SecurityGroupIds": {"Ref": "SecurityGroupIds"}, "SubnetIds": {"Ref": "SubnetIds"}}
    assert not any("VpcConfig" in function for function in functions().values())


@pytest.mark.seed(3, 202)
def test_functions_may_do_what_they_need_and_no_more() -> None:
    allowed = {"secretsmanager:GetSecretValue"} | {
        f"dynamodb:{verb}Item" for verb in ("Get", "Put", "Update", "Delete")
    }
    for handler, function in functions().items():
        # This managed policy holds the seed's: network interfaces and log lines.
        assert "AWSLambdaVPCAccessExecutionRole" in function["Policies"], handler
        for statement in mappings(function["Policies"]):
            actions = statement.get("Action", [])
            assert set([actions] if isinstance(actions, str) else actions) <= allowed, handler
            assert statement.get("Resource") != "*", handler


@pytest.mark.seed(3, 226)
@pytest.mark.parametrize(
    ("handler", "metric"),
    [
        ("workflow_trigger", "WorkflowTriggerCount"),
        ("webhook_receiver", "WebhookReceiptCount"),
        ("scheduled_workflow", "ScheduledExecutionCount"),
    ],
)
def test_each_handler_counts_what_the_seed_counts(handler: str, metric: str) -> None:
    """Errors and durations are counted beside each of them, by `telemetry.count`."""
    assert f'count(metrics, "{metric}", ' in (FUNCTIONS / f"{handler}.py").read_text(encoding="utf-8")


@pytest.mark.seed(3, 276)
@pytest.mark.parametrize("handler", HANDLERS)
def test_a_cold_start_loads_neither_the_engine_nor_a_provider_s_client(handler: str) -> None:
    program = f"import sys, {handler}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=FUNCTIONS, capture_output=True, text=True, check=True
    ).stdout.split()
    assert [
        name for name in ("anthropic", "sqlalchemy", "psycopg", "lxml", "procession.engine") if name in loaded
    ] == []
