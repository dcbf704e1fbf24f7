"""Each snippet of the seed's document, as written there."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.examples.phantom_banking.project import HOME, Project

ENVIRONMENT = """\
CAMUNDA_REST_URL=http://localhost:8080/engine-rest
CAMUNDA_CLIENT_ID=phantom-worker
CAMUNDA_CLIENT_MAX_TASKS=1
CAMUNDA_CLIENT_LOCK_DURATION=10000
CAMUNDA_CLIENT_ASYNC_RESPONSE_TIMEOUT=5000
"""
GRAPH = """\
    A[Start] --> B[Validate Request]
    B --> C{Valid?}
    C -->|Yes| D[Create Wallet]
    C -->|No| E[End - Failed]
    D --> F[Send Notifications]
    F --> G[End - Success]
"""
TOPICS = {
    "validate-wallet-request",
    "create-wallet",
    "notify-wallet-creation",
    "validate-kyc-data",
    "process-merchant-approval",
    "handle-suspicious-activity",
    "process-email-verification",
}
TESTS = """\
from django.test import TestCase
from security.camunda_workers import handle_validate_kyc
from wallets.camunda_workers import handle_create_wallet

class CamundaWorkersTest(TestCase):
    def test_kyc_validation(self):
        # Test implementation
        pass

    def test_wallet_creation(self):
        # Test implementation
        pass
"""
SQLITE = pytest.mark.parametrize("project", ["sqlite"], indirect=True)
NODES = {"A": "Start", "B": "Validate", "C": "Valid", "D": "Create", "E": "Failed", "F": "Notify", "G": "Success"}
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


@SQLITE
@pytest.mark.seed(5, 27, 86)
def test_seed5_configuration_and_worker_topics(project: Project) -> None:
    """The environment block makes a worker of these values, which serves the seven topics."""
    variables = dict(line.split("=", 1) for line in ENVIRONMENT.splitlines())
    said = project.run(
        "from camunda_client.django.conf import DjangoSettings\n"
        "from camunda_client.django.working import make_worker\n"
        "w = make_worker(DjangoSettings.load())\n"
        "print(w.settings.url, w.worker_id, w.max_tasks, w.lock_duration, w.poll_timeout)\n"
        "print(*w.handlers)\n"
        "from django.core.checks import run_checks\n"
        "assert run_checks() == []  # each model's topics are served",
        **variables,
    )
    values, topics = said.strip().splitlines()[-2:]
    assert values == "http://localhost:8080/engine-rest phantom-worker 1 0:00:10 0:00:05"
    assert set(topics.split()) == TOPICS


@pytest.mark.seed(5, 47)
def test_seed5_wallet_creation_graph() -> None:
    """Every arrow of the drawing is a sequence flow of the model."""
    model = ElementTree.parse(HOME / "wallets" / "processes" / "wallet-creation.bpmn")  # our own file
    flows = {(flow.get("sourceRef"), flow.get("targetRef")) for flow in model.iter(f"{BPMN}sequenceFlow")}
    arrows = re.findall(r"^\s*(\w)\S*(?: \w+\??[\]}])? -->(?:\|\w+\|)? (\w)", GRAPH, re.MULTILINE)
    assert len(arrows) == 6
    assert {(NODES[source], NODES[target]) for source, target in arrows} <= flows


@pytest.mark.seed(5, 19, 138)
def test_seed5_test_snippet(project: Project, tmp_path: Path) -> None:
    """The test case runs as it stands, together with the project's own tests: `manage.py test` on this database."""
    (tmp_path / "test_snippet.py").write_text(TESTS)
    said = project.manage("test", "wallets", "security", str(tmp_path), "--verbosity", "2", "--no-color")
    assert "OK" in said
    ran = re.findall(r"^(test_\w+) \((\w+)\..*?ok$", said, re.MULTILINE | re.DOTALL)
    assert {("test_kyc_validation", "test_snippet"), ("test_wallet_creation", "test_snippet")} <= set(ran)
    assert int(re.findall(r"Ran (\d+) tests", said)[0]) >= 29


@SQLITE
def test_embedded_the_request_and_its_process_are_one_transaction(project: Project) -> None:
    """PHANTOM_ENGINE=embedded: no server, one database; a rollback takes both."""
    embedded = {"PHANTOM_ENGINE": "embedded"}
    said = project.run(
        """
from django.contrib.auth import get_user_model
from django.db import transaction
from camunda_client.django.processes import process_files
from procession.django import deploy, get_engine
from django.core.management import call_command
call_command("migrate", verbosity=0)
from wallets.models import WalletRequest
from wallets.services import request_wallet
deploy(*((path.name, path.read_bytes()) for path in process_files()))
user, _ = get_user_model().objects.get_or_create(username="embedded")
request = request_wallet(user, "EUR")
with transaction.atomic():
    request_wallet(user, "EUR")
    transaction.set_rollback(True)
request.refresh_from_db()
with get_engine().storage.read() as reading:
    found = reading.exec_driver_sql("SELECT key, business_key FROM instance").fetchall()
assert [(str(key), name) for key, name in found] == [(request.process_instance_id, str(request.reference))], found
assert WalletRequest.objects.filter(user=user).count() == 1
print("one of each")
""",
        **embedded,
    )
    assert "one of each" in said


def test_every_model_has_a_diagram() -> None:
    """People read them in Cockpit."""
    for path in HOME.glob("*/processes/*.bpmn"):
        model = ElementTree.parse(path)
        shown = {shape.get("bpmnElement") for shape in model.iter() if shape.tag.endswith(("BPMNShape", "BPMNEdge"))}
        process = model.find(f"{BPMN}process")
        assert process is not None
        assert {child.get("id") for child in process if child.get("id")} == shown
