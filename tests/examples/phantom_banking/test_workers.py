"""The worker process from its start to its end, and what a `kill -9` leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any

import httpx
import pytest

from tests.examples.phantom_banking.project import Project, free_port
from tests.examples.rest import Server, eventually

ASK = """
from django.contrib.auth import get_user_model
from wallets.services import request_wallet
user, _ = get_user_model().objects.get_or_create(username="{user}", defaults={{"email": "a@example.org"}})
print("reference", request_wallet(user, "{currency}").reference)
"""
KILLED = -signal.SIGKILL


def ask(project: Project, user: str, currency: str = "EUR") -> str:
    """A customer's request; its reference, which is the business key."""
    said = project.run(ASK.format(user=user, currency=currency))
    return next(line.split()[1] for line in said.splitlines() if line.startswith("reference"))


def history(server: Server, reference: str) -> Any:
    (found,) = server.ask("GET", f"/history/process-instance?processInstanceBusinessKey={reference}")
    return found


def ends(server: Server, reference: str) -> list[str]:
    """The end events that the instance has reached."""
    instance = history(server, reference)["id"]
    found = server.ask("GET", f"/history/activity-instance?processInstanceId={instance}&activityType=noneEndEvent")
    return [activity["activityId"] for activity in found]


def completed(server: Server, reference: str) -> list[str]:
    """Activities whose external task was completed."""
    instance = history(server, reference)["id"]
    log = server.ask("GET", f"/history/external-task-log?processInstanceId={instance}&successLog=true")
    return sorted(entry["activityId"] for entry in log)


@pytest.mark.seed(5, 83, 111)
def test_start_camunda_workers(project: Project, server: Server) -> None:
    """Serves all seven topics, is healthy, finishes processes, and stops on SIGTERM with exit code 0."""
    good, bad = ask(project, "ada"), ask(project, "ada", "XXX")
    port = free_port()
    with project.workers("--health-port", str(port), "--concurrency", "2", CAMUNDA_CLIENT_ID="phantom-worker") as child:
        eventually(lambda: history(server, good)["state"] == history(server, bad)["state"] == "COMPLETED")
        health = httpx.get(f"http://127.0.0.1:{port}/health").json()
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
        assert httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200
        child.send_signal(signal.SIGTERM)
        said = child.communicate(timeout=30)[0].decode()
    assert child.returncode == 0, said
    assert "Worker stopped" in said
    assert (health["worker_id"], len(health["topics"]), health["database"]) == ("phantom-worker", 7, True)
    assert (ends(server, good), ends(server, bad)) == (["Success"], ["Failed"])
    (row,) = project.rows("SELECT status FROM wallets_walletrequest WHERE reason = 'currency not offered'")
    assert row == ("refused",)
    assert project.count("wallets_auditentry", "actor = 'phantom-worker'") >= 4


def killed(child: subprocess.Popen[bytes]) -> bool:
    said = child.communicate(timeout=60)[0].decode()
    assert child.returncode == KILLED, said
    return True


@pytest.mark.seed(5, 117)
def test_a_killed_worker_leaves_nothing_half_done(project: Project, server: Server) -> None:
    """Killed in the transaction, then between commit and completion: in the end one wallet, and its task complete."""
    before = project.count("wallets_wallet")
    settings = "tests.examples.phantom_banking.killing_settings"
    reference = ask(project, f"grace-{before}")

    with project.workers(DJANGO_SETTINGS_MODULE=settings, KILL_AT="within") as child:
        assert killed(child)
    assert project.count("wallets_wallet") == before
    assert (
        project.count("camunda_client_processedtask", f"business_key = '{reference}' AND topic = 'create-wallet'") == 0
    )
    assert completed(server, reference) == ["Validate"]

    with project.workers(DJANGO_SETTINGS_MODULE=settings, KILL_AT="committed") as child:
        assert killed(child)
    assert project.count("wallets_wallet") == before + 1
    assert (
        project.count("camunda_client_processedtask", f"business_key = '{reference}' AND topic = 'create-wallet'") == 1
    )
    assert completed(server, reference) == ["Validate"]

    with project.workers("*-wallet*"):
        eventually(lambda: history(server, reference)["state"] == "COMPLETED")
    assert ends(server, reference) == ["Success"]
    assert project.count("wallets_wallet") == before + 1
    assert project.count("wallets_auditentry", "action = 'wallet created'") == project.count("wallets_wallet")
    assert completed(server, reference) == ["Create", "Notify", "Validate"]


@pytest.mark.parametrize("project", ["sqlite"], indirect=True)
def test_code_that_changes_restarts_the_workers(project: Project, tmp_path: Any) -> None:
    """--reload: a touched module of the project ends one child and starts the next."""
    module = tmp_path / "watched.py"
    module.write_text("")
    port = free_port()
    paths = project.environment()["PYTHONPATH"] + f":{tmp_path}"
    settings = tmp_path / "watching_settings.py"
    settings.write_text("import watched\nfrom phantom_banking.settings import *\n")
    with project.workers(
        "--reload", "--health-port", str(port), PYTHONPATH=paths, DJANGO_SETTINGS_MODULE="watching_settings"
    ) as child:

        def worker_id() -> Any:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/health").json()["worker_id"]
            except httpx.HTTPError:
                return None

        eventually(worker_id)
        first = worker_id()

        def changed() -> bool:
            # again and again: the reloader may not have looked at the file for the first time yet
            module.write_text(f"now = {time.monotonic()}\n")
            return worker_id() not in (None, first)

        eventually(changed)
        os.killpg(child.pid, signal.SIGINT)  # as Ctrl-C in a terminal does
        said = child.communicate(timeout=30)[0].decode()
    assert said.splitlines().count("Worker stopped") == 2, said  # both times in good order
