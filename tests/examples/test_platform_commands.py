"""Every curl command, Python snippet and address of the platform that the insurance example comes from, as it is
written there; only the address of the server is put in.

Where that text is wrong, the test says so and follows Camunda 7.24.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

import httpx
import pytest

from tests.examples.rest import INSURANCE, Server, eventually, fresh

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing")

DEPLOY_BY_CURL = """\
curl -X POST \\
  "http://<EC2-IP>:8080/engine-rest/deployment/create" \\
  -u admin:<password> \\
  -F "deployment-name=insurance-process-v1.2.0" \\
  -F "enable-duplicate-filtering=true" \\
  -F "deploy-changed-only=true" \\
  -F "insurance_process.bpmn=@camunda/insurance_process.bpmn" \\
  -F "risk_rating.dmn=@camunda/risk_rating.dmn"
"""

DEPLOY_BY_PYTHON = """\
import requests

url = "http://<EC2-IP>:8080/engine-rest/deployment/create"
auth = ("admin", "<password>")

files = {
    "deployment-name": (None, "insurance-process-v1.2.0"),
    "enable-duplicate-filtering": (None, "true"),
    "deploy-changed-only": (None, "true"),
    "insurance_process.bpmn": open("camunda/insurance_process.bpmn", "rb"),
    "risk_rating.dmn": open("camunda/risk_rating.dmn", "rb"),
}

response = requests.post(url, auth=auth, files=files)
print(response.json())
"""

START = """\
curl -X POST http://localhost:8080/engine-rest/process-definition/key/insurance_process/start \\
  -H "Content-Type: application/json" \\
  -d '{"variables": {"applicantName": {"value": "John Doe"}}}'
"""


def addressed(text: str, server: Server) -> str:
    for written in ("http://<EC2-IP>:8080", "http://<IP>:8080", "http://localhost:8080", "http://camunda:8080"):
        text = text.replace(written, server.root)
    return text.replace("<password>", "secret")


def shell(command: str, server: Server) -> Any:
    """What a command prints, decoded."""
    script = addressed(command, server).replace("curl ", "curl -sS ", 1)
    done = subprocess.run(["bash", "-c", script], cwd=INSURANCE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _assert_deployment(answer: dict[str, Any]) -> None:
    assert answer["name"] == "insurance-process-v1.2.0"
    assert {"id", "name", "source", "deploymentTime", "deployedProcessDefinitions"} <= answer.keys()


@needs_curl
@pytest.mark.seed(4, 606)
def test_deploy_by_curl(insurance: Server) -> None:
    _assert_deployment(shell(DEPLOY_BY_CURL, insurance))


@pytest.mark.seed(4, 615)
def test_deploy_by_python(insurance: Server) -> None:
    # -X: the snippet leaves two files open, which is a warning of the snippet's own.
    program = [sys.executable, "-c", addressed(DEPLOY_BY_PYTHON, insurance).replace("print(response.json())", _JSON)]
    done = subprocess.run(program, cwd=INSURANCE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _assert_deployment(json.loads(done.stdout))


_JSON = "import json; print(json.dumps(response.json()))"


@pytest.mark.seed(4, 687)
def test_a_new_version_is_described_as_the_reference_shows(insurance: Server) -> None:
    """The reference of the deployment endpoint, with two corrections.

    It says 201 Created: Camunda answers 200. Its keys are `insurance_process:3:def-id`, which is the definition's id.
    """
    key = fresh("insurance_process")
    model = (INSURANCE / "camunda" / "insurance_process.bpmn").read_text(encoding="utf-8")
    table = (INSURANCE / "camunda" / "risk_rating.dmn").read_text(encoding="utf-8")
    decision = fresh("risk_rating")
    answer = insurance.ask(
        "POST",
        "/deployment/create",
        200,
        data={"deployment-name": "insurance-process-v1.2.0", "deployment-source": "modeler"},
        files={
            "insurance_process.bpmn": ("a.bpmn", model.replace('"insurance_process"', f'"{key}"').encode()),
            "risk_rating.dmn": ("b.dmn", table.replace('"risk_rating"', f'"{decision}"').encode()),
        },
    )
    assert (answer["name"], answer["source"]) == ("insurance-process-v1.2.0", "modeler")
    ((name, process),) = answer["deployedProcessDefinitions"].items()
    assert name == process["id"]
    assert (process["key"], process["version"], process["name"]) == (key, 1, "InsuranceProcess")
    ((name, rating),) = answer["deployedDecisionDefinitions"].items()
    assert name == rating["id"]
    assert (rating["key"], rating["version"], rating["name"]) == (decision, 1, "Risk Rating")


@needs_curl
@pytest.mark.seed(4, 911)
def test_verify_that_camunda_responds(server: Server) -> None:
    assert shell("curl -s http://localhost:8080/engine-rest/engine", server) == [{"name": "default"}]


@needs_curl
@pytest.mark.seed(4, 926)
def test_count_of_process_definitions(insurance: Server) -> None:
    # The platform runs this inside its container, and has two processes; here others may be deployed too.
    assert shell("curl -s http://localhost:8080/engine-rest/process-definition/count", insurance)["count"] >= 2


@needs_curl
@pytest.mark.seed(4, 1301)
def test_check_status(server: Server) -> None:
    assert shell("curl http://localhost:8080/engine-rest/engine", server) == [{"name": "default"}]


@needs_curl
@pytest.mark.seed(4, 1301)
def test_list_process_definitions(insurance: Server) -> None:
    found = shell("curl http://localhost:8080/engine-rest/process-definition", insurance)
    assert ("insurance_process", "InsuranceProcess") in {(one["key"], one["name"]) for one in found}


@needs_curl
@pytest.mark.seed(4, 1301)
def test_start_with_a_name_alone_then_look_at_it(insurance: Server) -> None:
    started = shell(START, insurance)
    assert started["definitionId"].startswith("insurance_process:")
    instances = shell("curl http://localhost:8080/engine-rest/process-instance", insurance)
    assert started["id"] in {one["id"] for one in instances}
    tasks = shell("curl http://localhost:8080/engine-rest/external-task", insurance)
    assert (started["id"], "determine-riskgroup") in {(one["processInstanceId"], one["topicName"]) for one in tasks}
    assert isinstance(shell("curl http://localhost:8080/engine-rest/incident", insurance), list)


@needs_curl
@pytest.mark.seed(4, 1037)
def test_the_metric_for_connection_monitoring(insurance: Server) -> None:
    """The path does not exist in Camunda 7, where metrics are read at `/metrics/{name}/sum`. We answer both."""
    assert isinstance(insurance.ask("GET", "/metrics/process-instances/sum")["result"], int)
    answer = httpx.get(
        addressed("http://localhost:8080/engine-rest/metrics/process-engine-process-instances", insurance)
    )
    if is_procession(insurance):
        assert answer.status_code == 200
        assert isinstance(answer.json()["result"], int)
    else:
        assert answer.status_code == 404


def is_procession(server: Server) -> bool:
    """Whether this is our own server: the real Camunda's pages bear its name."""
    return "Procession" in httpx.get(f"{server.root}/camunda/app/welcome/", follow_redirects=True, timeout=30).text


@pytest.mark.parametrize("page", ["welcome", "cockpit", "tasklist", "admin"])
@pytest.mark.seed(4, 422, 936)
def test_pages_answer(server: Server, page: str) -> None:
    """`welcome` is the health check of the container: `curl -f http://localhost:8080/camunda/app/welcome/`."""
    answer = httpx.get(f"{server.root}/camunda/app/{page}/", follow_redirects=True, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.seed(4, 433)
def test_key_endpoints_of_the_rest_api(insurance: Server) -> None:
    """The table of nine endpoints, in the order in which an application meets them."""
    ask = insurance.ask
    assert "risk_rating" in {one["key"] for one in ask("GET", "/decision-definition", 200)}
    assert "insurance_process" in {one["key"] for one in ask("GET", "/process-definition", 200)}
    instance = insurance.start("insurance_process", {"applicantName": "John Doe"}, 200)["id"]
    (task,) = eventually(lambda: insurance.fetch("determine-riskgroup", instance))
    failure = {"workerId": "test", "errorMessage": "out of order", "retries": 1, "retryTimeout": 0}
    ask("POST", f"/external-task/{task['id']}/failure", 204, json=failure)
    (task,) = eventually(lambda: insurance.fetch("determine-riskgroup", instance))
    facts = {name: {"value": None} for name in ("age", "vehicleMake", "vehicleModel", "region")}
    ask("POST", f"/external-task/{task['id']}/complete", 204, json={"workerId": "test", "variables": facts})
    run_jobs(insurance, instance)
    (review,) = eventually(lambda: ask("GET", "/task", params={"processInstanceId": instance}))
    assert review["name"] == "Review Application"
    (link,) = ask("GET", f"/task/{review['id']}/identity-links")
    assert (link["groupId"], link["type"]) == ("underwriting", "candidate")
    body = {"variables": {"reviewDecision": {"value": "accept"}}}
    ask("POST", f"/task/{review['id']}/complete", 204, json=body)
    (policy,) = eventually(lambda: insurance.fetch("issue-policy", instance))
    assert policy["variables"]["premium"]["value"] == 1200.0
    assert policy["variables"]["approved"]["value"] is True


def run_jobs(server: Server, instance: str) -> None:
    """Runs the instance's asynchronous continuation where no job executor does."""
    for job in server.ask("GET", "/job", params={"processInstanceId": instance, "messages": "true"}):
        answer = httpx.post(f"{server.rest}/job/{job['id']}/execute", json={}, timeout=30)
        assert answer.status_code in (204, 404, 500), answer.text  # the job executor may have been faster


# What the table rates: age, make, model, region.
SENIOR = "senior-underwriting"


@pytest.mark.parametrize(
    ("facts", "group", "premium", "staff"),
    [
        ({}, "yellow", 1200.0, "underwriting"),
        ({"age": 41, "vehicleMake": "Toyota", "vehicleModel": "Corolla", "region": "Wales"}, "green", 520.0, "policy-service"),
        ({"age": 41, "vehicleMake": "Toyota", "vehicleModel": "Corolla", "region": "Midlands"}, "green", 610.0, "policy-service"),
        ({"age": 41, "vehicleMake": "Toyota", "vehicleModel": "Corolla", "region": "London"}, "yellow", 980.0, "underwriting"),
        ({"age": 24, "vehicleMake": "Ford", "vehicleModel": "Ka", "region": "Wales"}, "yellow", 1400.0, "underwriting"),
        ({"age": 25, "vehicleMake": "Ford", "vehicleModel": "Ka", "region": "Wales"}, "green", 520.0, "policy-service"),
        ({"age": 24, "vehicleMake": "Porsche", "vehicleModel": "911", "region": "Wales"}, "red", 4200.0, SENIOR),
        ({"age": 50, "vehicleMake": "Porsche", "vehicleModel": "911", "region": "Wales"}, "yellow", 2600.0, "underwriting"),
        ({"age": 50, "vehicleMake": "Ferrari", "vehicleModel": "Roma", "region": "London"}, "red", 3800.0, SENIOR),
        ({"age": 22, "vehicleMake": "Volkswagen", "vehicleModel": "Golf R", "region": "Wales"}, "red", 2900.0, SENIOR),
        ({"age": 22, "vehicleMake": "Volkswagen", "vehicleModel": "Polo", "region": "Wales"}, "yellow", 1400.0, "underwriting"),
        ({"age": 80, "vehicleMake": "Ford", "vehicleModel": "Ka", "region": "Wales"}, "red", 2400.0, SENIOR),
        ({"age": 41, "vehicleMake": "Lada", "vehicleModel": "Niva", "region": "Wales"}, "yellow", 1200.0, "underwriting"),
        ({"age": None, "vehicleMake": None, "vehicleModel": None, "region": None}, "yellow", 1200.0, "underwriting"),
    ],
)  # fmt: skip
@pytest.mark.seed(4, 35)
def test_risk_rating(insurance: Server, facts: dict[str, Any], group: str, premium: float, staff: str) -> None:
    body = {"variables": {name: {"value": value} for name, value in facts.items()}}
    (row,) = insurance.ask("POST", "/decision-definition/key/risk_rating/evaluate", 200, json=body)
    assert {name: one["value"] for name, one in row.items()} == {"riskGroup": group, "premium": premium, "staff": staff}
