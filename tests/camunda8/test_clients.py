"""The real clients, unmodified, each in its own environment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx

from procession.camunda8.api.refused import REFUSED

HERE = Path(__file__).parent
MODELS = HERE / "models"


def said(python: Path, script: str, *arguments: str) -> str:
    """What a script says that comes to its end."""
    command = [str(python), str(HERE / "clients" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout.strip()


def run(python: Path, script: str, *arguments: str) -> None:
    """Runs a script to its end, which says that it is done."""
    found = said(python, script, *arguments)
    assert found.endswith("done"), found


def test_c8_client(address: str, environment: Callable[[str], Path]) -> None:
    python = environment("c8-client==8.7.2")
    files = [("resources", (name, (MODELS / name).read_bytes())) for name in ("order.bpmn", "pay.bpmn")]
    httpx.post(f"{address}/v2/deployments", files=files).raise_for_status()
    run(python, "with_c8_client.py", address)


def test_camunda_orchestration_sdk(address: str, environment: Callable[[str], Path]) -> None:
    run(environment("camunda-orchestration-sdk==10.0.1"), "with_orchestration_sdk.py", address, str(MODELS))


ELSEWISE = {
    "activate_ad_hoc_sub_process_activities": 404,  # there is no such sub-process
    "complete_job": 404,  # its instance was cancelled
    "correlate_message": 404,  # nobody waits
    "delete_process_instance": 409,  # it runs
    "fail_job": 404,
    "get_audit_log": 404,  # nobody is named, so nothing is logged
    "get_start_process_form": "AssertionError: ",  # no form is 204, which the client does not expect
    "migrate_process_instance": 404,
    "modify_process_instance": 400,
    "resolve_incident": 404,  # its job has no retries
    "throw_job_error": 404,
}
"""What the client's methods get that cannot succeed as they are called."""


def test_every_method_of_the_sdk_is_answered(address: str, environment: Callable[[str], Path]) -> None:
    python = environment("camunda-orchestration-sdk==10.0.1")
    answers = json.loads(said(python, "with_every_method.py", address, str(MODELS)))
    refused = [name for name, answer in answers.items() if answer == 501]
    assert len(refused) == sum(map(len, REFUSED.values()))
    assert {name: answer for name, answer in answers.items() if answer not in ("ok", 501)} == ELSEWISE
    assert len(answers) > 240
