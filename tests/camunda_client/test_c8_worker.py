"""The worker on Camunda 8's jobs: what is the adapter's own, over real HTTP. The core's rules are in test_worker_core."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel

from camunda_client.c8 import ActivatedJob, BpmnError, Complete, JobResult, TaskFailure, Worker
from camunda_client.config import ApiConfig, AuthConfig, C8Config, SelfManagedAuthConfig
from camunda_client.worker import Backoff, HandlerSignatureError
from tests.camunda_client.fake_camunda8 import SECRET, FakeCamunda8, fake_camunda8, wait_until

SOON = Backoff(first=0.02, longest=0.05)


@pytest.fixture
def cluster() -> Iterator[tuple[str, FakeCamunda8]]:
    with fake_camunda8() as pair:
        yield pair


def worker(url: str, **options: object) -> Worker:
    return Worker(
        url, **({"poll_timeout": 0.2, "retry_backoff": SOON, "reconnect": SOON, "lock_duration": 5} | options)
    )  # type: ignore[arg-type]


def ended(fake: FakeCamunda8, *keys: str) -> None:
    wait_until(lambda: all(fake.jobs[key]["outcome"] for key in keys))


class Order(BaseModel):
    item: str
    amount: int


@dataclass
class Receipt:
    total: int


def test_typed_handlers_fetch_what_they_read(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    key = fake.add_job("pay", {"item": "book", "amount": 2, "big": "x" * 1000})
    served = worker(url)

    @served.task("pay")
    def pay(order: Order) -> Receipt:
        return Receipt(order.amount * 10)

    with served:
        ended(fake, key)
    assert fake.jobs[key]["outcome"] == ("completed", {"variables": {"total": 20}})
    asked = next(body for _, path, body in fake.requests if path.endswith("/activation"))
    assert asked["fetchVariable"] == ["item", "amount"]
    assert asked["maxJobsToActivate"] == 64


def test_every_outcome(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    names = ["ok", "business", "retry", "crash", "unfit", "unwritable", "listener"]
    keys = {name: fake.add_job("work", {"what": name, "amount": "no number"}) for name in names}
    served = worker(url)

    @served.task("work")
    async def work(job: ActivatedJob) -> object:
        match job.variables["what"]:
            case "business":
                raise BpmnError("E1", "why", {"kept": True})
            case "retry":
                raise TaskFailure("later", retries=1, retry_after=1.5, variables={"step": 2})
            case "crash":
                raise ZeroDivisionError("by nothing")
            case "unfit":
                return 5
            case "unwritable":
                return {"value": object()}
            case "listener":
                return Complete({"a": 1}, result=JobResult(denied=True, denied_reason="no"))
        return {"ok": True}

    with served:
        ended(fake, *keys.values())
    got = {name: fake.jobs[key]["outcome"] for name, key in keys.items()}
    assert got["ok"] == ("completed", {"variables": {"ok": True}})
    assert got["business"] == ("error", {"errorCode": "E1", "errorMessage": "why", "variables": {"kept": True}})
    kind, body = got["retry"]
    assert (kind, body["retries"], body["retryBackOff"], body["variables"]) == ("failed", 1, 1500, {"step": 2})
    # it is tried again while others still run: what its first failure said
    body = next(body for _, path, body in fake.requests if path.endswith(f"/jobs/{keys['crash']}/failure"))
    assert (got["crash"][0], body["retries"]) == ("failed", 2)
    assert body["errorMessage"].startswith("ZeroDivisionError: by nothing\nTraceback")
    assert body["retryBackOff"] > 0
    assert got["unfit"][1]["retries"] == 0
    assert "cannot be written as JSON" in got["unwritable"][1]["errorMessage"]
    assert got["listener"] == (
        "completed",
        {"variables": {"a": 1}, "result": {"denied": True, "deniedReason": "no"}},
    )


def test_a_job_longer_than_its_lock_runs_once(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    key = fake.add_job("long")
    served = worker(url, lock_duration=0.45)

    @served.task("long")
    def long(job: ActivatedJob) -> None:
        time.sleep(1.2)

    with served:
        ended(fake, key)
    history = fake.jobs[key]["history"]
    assert history.count("activated") == 1
    assert history.count("timeout 450") >= 3


def test_many_types_at_a_time_each_with_its_bound(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    most: dict[str, int] = {}
    present: dict[str, int] = {}
    served = worker(url, max_tasks=3)

    def handler(name: str):  # type: ignore[no-untyped-def]
        async def work(job: ActivatedJob) -> None:
            present[name] = present.get(name, 0) + 1
            most[name] = max(most.get(name, 0), present[name])
            await asyncio.sleep(0.01)
            present[name] -= 1

        return work

    served.subscribe("a", handler("a")).subscribe("b", handler("b"), max_tasks=1)
    keys = [fake.add_job(name) for name in ("a", "b") for _ in range(9)]
    with served:
        ended(fake, *keys)
    assert most == {"a": 3, "b": 1}


def test_the_cluster_goes_away_and_comes_back(
    cluster: tuple[str, FakeCamunda8], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    url, fake = cluster
    served = worker(url)
    begun, go_on = threading.Event(), threading.Event()

    @served.task("work")
    def work(job: ActivatedJob) -> dict[str, bool]:
        begun.set()
        go_on.wait(30)
        return {"done": True}

    keys = [fake.add_job("work")]
    with served:
        begun.wait(30)
        fake.down = True
        go_on.set()
        wait_until(lambda: not served.status().connected)
        keys.append(fake.add_job("work"))
        time.sleep(0.2)
        fake.down = False
        ended(fake, *keys)
    assert [fake.jobs[key]["history"].count("completed") for key in keys] == [1, 1]
    assert "answers again" in caplog.text
    assert "Traceback" not in caplog.text
    assert served.status().in_flight == 0


@pytest.mark.parametrize("fault", ["lose", "429", "503", "cut", "half"])
def test_a_completion_whose_answer_is_lost_is_told_again(cluster: tuple[str, FakeCamunda8], fault: str) -> None:
    url, fake = cluster
    key = fake.add_job("work")
    fake.faults = [("completion", fault)]
    served = worker(url)
    served.subscribe("work", lambda job: {"a": 1})
    with served:
        ended(fake, key)
        wait_until(lambda: served.status().completed == 1)
    assert fake.jobs[key]["history"] == ["activated", "completed"]
    assert served.status().lost == 0


def test_a_malformed_poll_is_tried_again(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    fake.faults = [("activation", "malformed"), ("activation", "503")]
    key = fake.add_job("work")
    served = worker(url, lock_duration=0.2)
    served.subscribe("work", lambda job: None)
    with served:
        ended(fake, key)


def test_a_token_that_ends_while_working(cluster: tuple[str, FakeCamunda8], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url, fake = cluster
    fake.needs_token = True
    own = SelfManagedAuthConfig(client_id="me", client_secret=SECRET, oidc_token_url=f"{url}/oauth/token")
    served = worker(C8Config(api=ApiConfig(base_url=url), auth=AuthConfig(self_managed=own)))  # type: ignore[arg-type]
    key = fake.add_job("work")

    @served.task("work")
    def work(job: ActivatedJob) -> None:
        fake.tokens.clear()

    with served:
        ended(fake, key)
    assert fake.jobs[key]["outcome"][0] == "completed"
    assert fake.issued == 2
    assert SECRET not in caplog.text
    assert "token-" not in caplog.text


def in_a_process(order: Order) -> Receipt:
    return Receipt(order.amount + os.getpid() * 0)


def test_handlers_in_processes_of_their_own(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    key = fake.add_job("pay", {"item": "book", "amount": 2})
    served = worker(url, execution="process", max_tasks=1)
    served.subscribe("pay", in_a_process)
    with served:
        ended(fake, key)
    assert fake.jobs[key]["outcome"] == ("completed", {"variables": {"total": 2}})


def test_work_that_is_done_waits_for_credentials_that_are_good_again(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    key = fake.add_job("work")
    served = worker(url)

    @served.task("work")
    def work(job: ActivatedJob) -> None:
        fake.basic = "Basic nobody"

    with served:
        wait_until(lambda: sum(path.endswith("completion") for _, path, _ in fake.requests) >= 2)
        fake.basic = None
        ended(fake, key)
    assert fake.jobs[key]["history"] == ["activated", "completed"]


def test_a_cancelled_job_is_no_failure(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    key = fake.add_job("work")
    served = worker(url)
    seen: list[bool] = []

    @served.task("work", lock_duration=0.15)
    def work(job: ActivatedJob) -> None:
        fake.jobs[key]["state"] = "CANCELED"
        wait_until(lambda: job.lost)
        seen.append(job.lost)

    with served:
        wait_until(lambda: served.status().lost > 0)
    assert seen == [True]


def test_two_handlers_for_one_type_are_refused() -> None:
    served = worker("http://localhost:1")
    served.subscribe("work", lambda job: None)
    with pytest.raises(HandlerSignatureError, match="has a handler already"):
        served.subscribe("work", lambda job: None)
    with pytest.raises(ValueError, match="milliseconds"):
        worker("http://localhost:1", lock_duration=30_000)


PROGRAM = """
import sys, time
from camunda_client.c8 import Worker

worker = Worker(sys.argv[1], poll_timeout=0.2, grace=1)

@worker.task("quick")
def quick(job):
    time.sleep(0.2)

@worker.task("endless")
def endless(job):
    print("begun", flush=True)
    time.sleep(60)

worker.run()
"""


def test_sigterm_finishes_gives_back_and_exits_0(cluster: tuple[str, FakeCamunda8], tmp_path: Path) -> None:
    url, fake = cluster
    (tmp_path / "program.py").write_text(PROGRAM)
    stuck = fake.add_job("endless")
    with subprocess.Popen([sys.executable, "program.py", url], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        quick = fake.add_job("quick")
        wait_until(lambda: "activated" in fake.jobs[quick]["history"])
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(30) == 0
    assert fake.jobs[quick]["outcome"][0] == "completed"
    assert fake.jobs[stuck]["history"][-1] == "timeout 1"
    assert fake.jobs[stuck]["retries"] == 3
