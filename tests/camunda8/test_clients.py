"""The real clients, unmodified, each in its own environment."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx

HERE = Path(__file__).parent
MODELS = HERE / "models"


def run(python: Path, script: str, *arguments: str) -> None:
    """Runs a script to its end, which says that it is done."""
    command = [str(python), str(HERE / "clients" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    said = done.stdout[-3000:] + done.stderr[-6000:]
    assert done.returncode == 0, said
    assert done.stdout.strip().endswith("done"), said


def test_c8_client(address: str, environment: Callable[[str], Path]) -> None:
    python = environment("c8-client==8.7.2")
    files = [("resources", (name, (MODELS / name).read_bytes())) for name in ("order.bpmn", "pay.bpmn")]
    httpx.post(f"{address}/v2/deployments", files=files).raise_for_status()
    run(python, "with_c8_client.py", address)


def test_camunda_orchestration_sdk(address: str, environment: Callable[[str], Path]) -> None:
    run(environment("camunda-orchestration-sdk==10.0.1"), "with_orchestration_sdk.py", address, str(MODELS))
