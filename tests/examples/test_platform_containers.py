"""The platform's container, as its compose file and its text describe it: variables, database, credentials, script."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.examples.rest import INSURANCE, Server, eventually
from tests.examples.test_platform_commands import DEPLOY_BY_CURL, DEPLOY_BY_PYTHON, START, addressed, needs_curl

PASSWORD = "secret"
SCRIPT = """\
#!/bin/bash
# deploy-process.sh - Validates and deploys BPMN with confirmation

CAMUNDA_URL="${CAMUNDA_URL:-http://localhost:8080}"
DEPLOYMENT_NAME="${1:-manual-deployment}"
BPMN_FILE="${2:-camunda/insurance_process.bpmn}"

# Validate BPMN exists
if [ ! -f "$BPMN_FILE" ]; then
    echo "ERROR: BPMN file not found: $BPMN_FILE"
    exit 1
fi

# Check Camunda is reachable
if ! curl -sf "$CAMUNDA_URL/engine-rest/engine" > /dev/null; then
    echo "ERROR: Camunda is not reachable at $CAMUNDA_URL"
    exit 1
fi

# Show deployment preview
echo "========================================="
echo "DEPLOYMENT PREVIEW"
echo "========================================="
echo "Target:     $CAMUNDA_URL"
echo "Name:       $DEPLOYMENT_NAME"
echo "File:       $BPMN_FILE"
echo "========================================="

read -p "Proceed with deployment? (yes/no): " CONFIRM
if [ "$CONFIRM" != "yes" ]; then
    echo "Deployment cancelled."
    exit 0
fi

# Execute deployment
curl -X POST \\
    "$CAMUNDA_URL/engine-rest/deployment/create" \\
    -u admin:$CAMUNDA_ADMIN_PASSWORD \\
    -F "deployment-name=$DEPLOYMENT_NAME" \\
    -F "enable-duplicate-filtering=true" \\
    -F "$(basename $BPMN_FILE)=@$BPMN_FILE"

echo ""
echo "Deployment complete. Verify in Cockpit."
"""


@pytest.fixture
def container(postgres_url: str, tmp_path: Path) -> Iterator[Server]:
    """A server that knows nothing but what the compose file tells the container."""
    at = urlsplit(postgres_url)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "SPRING_DATASOURCE_URL": f"jdbc:postgresql://{at.hostname}:{at.port}{at.path}",
        "SPRING_DATASOURCE_USERNAME": at.username or "",
        "SPRING_DATASOURCE_PASSWORD": at.password or "",
        "SPRING_DATASOURCE_DRIVER_CLASS_NAME": "org.postgresql.Driver",
        "CAMUNDA_BPM_RUN_AUTH_ENABLED": "true",
        "CAMUNDA_BPM_ADMIN_USER_ID": "admin",
        "CAMUNDA_BPM_ADMIN_USER_PASSWORD": PASSWORD,
        "LOGGING_LEVEL_ORG_CAMUNDA": "DEBUG",
    }
    log = tmp_path / "server.log"
    program = Path(sys.executable).with_name("procession")
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(program), "serve", "--port", "0"], env=environment, cwd=tmp_path, stdout=output, stderr=output
        )
    try:
        until = time.monotonic() + 60
        while "answers at " not in (said := log.read_text(encoding="utf-8")):
            gone = child.poll() is not None or time.monotonic() > until
            assert not gone, said
            time.sleep(0.1)
        yield Server(said.split("answers at ")[1].split("/engine-rest")[0].replace("localhost", "127.0.0.1"))
        assert PASSWORD not in log.read_text(encoding="utf-8")
    finally:
        child.terminate()
        child.wait(30)


@needs_curl
@pytest.mark.seed(4, 386, 447, 510, 988)
def test_the_container_s_variables_make_a_server_that_asks_for_credentials(container: Server) -> None:
    """Health check and list of engines are open, everything else asks; curl, Python and the workers get in."""
    healthy = ["curl", "-f", "-s", "-o", "/dev/null", f"{container.root}/camunda/app/welcome/"]
    assert subprocess.run(healthy, check=False).returncode == 0
    assert container.ask("GET", "/engine", 200) == [{"name": "default"}]
    assert httpx.get(f"{container.rest}/process-definition/count").status_code == 401
    assert httpx.get(f"{container.rest}/process-definition/count", auth=("stranger", PASSWORD)).status_code == 401

    by_curl = addressed(DEPLOY_BY_CURL, container).replace("curl ", "curl -sS ", 1)
    deployed = subprocess.run(["bash", "-c", by_curl], cwd=INSURANCE, capture_output=True, text=True, check=True)
    made = json.loads(deployed.stdout)
    assert [one["key"] for one in made["deployedProcessDefinitions"].values()] == ["insurance_process"]
    by_python = [sys.executable, "-c", addressed(DEPLOY_BY_PYTHON, container)]
    again = subprocess.run(by_python, cwd=INSURANCE, capture_output=True, text=True, check=True)
    assert "'deployedProcessDefinitions': None" in again.stdout  # nothing has changed: duplicates are filtered
    count = httpx.get(f"{container.rest}/process-definition/count", auth=("admin", PASSWORD))
    assert count.json() == {"count": 1}

    worker = [sys.executable, str(INSURANCE / "python-workers" / "worker_risk.py")]
    login = {"CAMUNDA_URL": container.rest, "CAMUNDA_USER": "admin", "CAMUNDA_PASSWORD": PASSWORD}
    child = subprocess.Popen(worker, env=os.environ | login, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        start = ["bash", "-c", addressed(START, container).replace("curl ", f"curl -sS -u admin:{PASSWORD} ", 1)]
        instance = json.loads(subprocess.run(start, capture_output=True, check=True).stdout)["id"]
        (review,) = eventually(lambda: _tasks(container, instance))
        assert review["name"] == "Review Application"
    finally:
        child.terminate()
        child.wait(30)


def _tasks(server: Server, instance: str) -> list[dict[str, Any]]:
    found = httpx.get(f"{server.rest}/task", params={"processInstanceId": instance}, auth=("admin", PASSWORD))
    return list(found.json())


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="bash or curl is missing")
@pytest.mark.parametrize(("answer", "said"), [("yes", "Deployment complete."), ("no", "Deployment cancelled.")])
@pytest.mark.seed(4, 641)
def test_the_deployment_script_of_the_text_as_it_is_written(
    server: Server, tmp_path: Path, answer: str, said: str
) -> None:
    """Ours does more (see `test_deploy_script.py`); this one goes on working."""
    script = tmp_path / "deploy-process.sh"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "CAMUNDA_URL": server.root, "CAMUNDA_ADMIN_PASSWORD": PASSWORD}
    done = subprocess.run(
        ["bash", str(script)],
        cwd=INSURANCE,
        env=environment,
        input=answer + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "DEPLOYMENT PREVIEW" in done.stdout
    assert said in done.stdout
