"""The worker over real HTTP. Deadlines are far away; nothing waits longer than it has to."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from camunda_client.c7 import (
    BpmnError,
    Camunda7Client,
    ExternalTask,
    FileValue,
    NotFound,
    TaskFailure,
    Worker,
)
from camunda_client.worker import Backoff
from tests.camunda_client.fake_camunda import FakeCamunda, fake_camunda
from tests.camunda_client.models import external_task_model, fresh


@dataclass
class Deployed:
    key: str
    topic: str


@pytest.fixture
def work(client: Camunda7Client) -> Deployed:
    """A fresh process with one external task."""
    deployed = Deployed(fresh("work"), fresh("topic"))
    client.deploy({f"{deployed.key}.bpmn": external_task_model(deployed.key, deployed.topic)}, name=deployed.key)
    return deployed


def worker_for(url: str, **options: Any) -> Worker:
    usual: dict[str, Any] = {"poll_timeout": 0.1, "lock_duration": 10, "reconnect": Backoff(0.02, 2, 0.05)}
    return Worker(url, **(usual | options))


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def is_over(client: Camunda7Client, instance_id: str) -> bool:
    try:
        client.process_instance(instance_id)
    except NotFound:
        return True
    return False


def test_a_synchronous_handler(url: str, client: Camunda7Client, work: Deployed) -> None:
    worker = worker_for(url)
    seen: list[ExternalTask] = []

    @worker.task(work.topic)
    def handle(task: ExternalTask) -> dict[str, Any]:
        seen.append(task)
        return {"total": task.variables["amount"] * 2, "nested": {"list": [1]}}

    instance = client.start_process(work.key, {"amount": 21}, business_key="b-7")
    with worker:
        until(lambda: worker.status().completed)
    (task,) = seen
    assert (task.topic, task.business_key, task.process_instance_id) == (work.topic, "b-7", instance.id)
    assert (task.retries, task.activity_id, task.worker_id) == (None, "work", worker.worker_id)
    assert task.locked_until is not None
    assert is_over(client, instance.id)


def test_an_asynchronous_handler_in_the_applications_loop(url: str, client: Camunda7Client, work: Deployed) -> None:
    instances = [client.start_process(work.key, {"n": n}) for n in range(5)]
    order: list[int] = []

    async def application() -> None:
        worker = worker_for(url, max_tasks=2)
        done = asyncio.Event()

        @worker.task(work.topic)
        async def handle(n: int) -> None:
            order.append(n)
            if len(order) == 5:
                done.set()

        async with worker, asyncio.timeout(10):
            await done.wait()

    asyncio.run(application())
    assert sorted(order) == [0, 1, 2, 3, 4]
    until(lambda: all(is_over(client, instance.id) for instance in instances))


def test_a_bpmn_error_takes_its_path(url: str, client: Camunda7Client, work: Deployed) -> None:
    worker = worker_for(url)

    @worker.task(work.topic)
    def handle(task: ExternalTask) -> None:
        raise BpmnError("OOPS", "it broke", {"why": "rain"})

    instance = client.start_process(work.key)
    with worker:
        until(lambda: worker.status().bpmn_errors)
    (repair,) = client.tasks(process_instance_id=instance.id)
    assert repair.task_definition_key == "repair"
    assert client.process_variables(instance.id)["why"] == "rain"


def test_failures_are_tried_again_and_end_in_an_incident(url: str, client: Camunda7Client, work: Deployed) -> None:
    worker = worker_for(url, retries=3, retry_backoff=Backoff(0.02, 1, 0.02))
    left: list[int | None] = []

    @worker.task(work.topic)
    def handle(task: ExternalTask) -> None:
        left.append(task.retries)
        raise ValueError(f"attempt {len(left)}")

    instance = client.start_process(work.key)
    with worker:
        until(lambda: worker.status().failed == 3)
    assert left == [None, 2, 1]
    (task,) = (row for row in client.external_tasks() if row.process_instance_id == instance.id)
    assert (task.retries, task.error_message) == (0, "ValueError: attempt 3")


def test_variables_that_do_not_fit_are_an_incident_at_once(url: str, client: Camunda7Client, work: Deployed) -> None:
    worker = worker_for(url)

    @worker.task(work.topic)
    def handle(age: int, region: str) -> None:
        raise AssertionError("never called")

    instance = client.start_process(work.key, {"age": "old", "region": "north"})
    with worker:
        until(lambda: worker.status().failed)
    (task,) = (row for row in client.external_tasks() if row.process_instance_id == instance.id)
    assert task.retries == 0
    assert "'age'" in (task.error_message or "")


def test_long_work_keeps_its_lock(url: str, client: Camunda7Client, work: Deployed) -> None:
    worker = worker_for(url, lock_duration=0.6, poll_timeout=0.1)
    calls: list[str] = []

    @worker.task(work.topic)
    def handle(task: ExternalTask) -> None:
        calls.append(task.id)
        time.sleep(1.5)

    instance = client.start_process(work.key)
    with worker:
        until(lambda: worker.status().completed)
    assert len(calls) == 1
    assert is_over(client, instance.id)


def test_files_are_loaded_on_request(url: str, client: Camunda7Client, work: Deployed) -> None:
    worker = worker_for(url)
    seen: list[FileValue] = []

    @worker.task(work.topic, load_files=True)
    def handle(scan: FileValue) -> None:
        seen.append(scan)

    client.start_process(work.key, {"scan": FileValue(b"%PDF", "scan.pdf", "application/pdf")})
    with worker:
        until(lambda: worker.status().completed)
    assert (seen[0].content, seen[0].filename, seen[0].mimetype) == (b"%PDF", "scan.pdf", "application/pdf")


def test_several_topics(url: str, client: Camunda7Client) -> None:
    worker = worker_for(url)
    served: list[str] = []
    for word in ("one", "two"):
        key = fresh(word)
        client.deploy({f"{key}.bpmn": external_task_model(key, key)}, name=key)
        worker.subscribe(key, lambda task: served.append(task.topic))
        client.start_process(key)
    with worker:
        until(lambda: worker.status().completed == 2)
    assert sorted(served) == sorted(worker.topics)


def test_handlers_written_for_the_other_python_client(url: str, client: Camunda7Client, work: Deployed) -> None:
    worker = worker_for(url)

    @worker.task(work.topic)
    def handle(task: ExternalTask) -> Any:
        match task.get_variable("what"):
            case "fail":
                return task.failure("no", "because", max_retries=0, retry_timeout=5000)
            case "error":
                return task.bpmn_error("OOPS", "no")
            case _:
                return task.complete({"a": 1})

    instances = [client.start_process(work.key, {"what": what}) for what in ("fail", "error", "complete")]
    with worker:
        until(lambda: worker.status().in_flight == 0 and worker.status().fetched == 3)
    status = worker.status()
    assert (status.failed, status.bpmn_errors, status.completed) == (1, 1, 1)
    assert is_over(client, instances[2].id)


def test_a_stopped_worker_gives_back_what_it_has(url: str, client: Camunda7Client, work: Deployed) -> None:
    worker = worker_for(url, grace=0.05, lock_duration=3000)
    entered, leave = threading.Event(), threading.Event()

    @worker.task(work.topic)
    def handle(task: ExternalTask) -> None:
        entered.set()
        leave.wait(20)

    instance = client.start_process(work.key)
    with worker:
        assert entered.wait(10)
    leave.set()
    (task,) = (row for row in client.external_tasks() if row.process_instance_id == instance.id)
    assert task.worker_id is None
    assert task.retries is None


def test_a_worker_can_be_used_again(url: str, client: Camunda7Client, work: Deployed) -> None:
    worker = worker_for(url)
    worker.subscribe(work.topic, lambda task: None)
    for round_number in (1, 2):
        client.start_process(work.key)
        with worker:
            until(lambda: worker.status().completed == round_number)  # noqa: B023
    assert not worker.status().running


def test_an_engine_restart_is_survived(caplog: pytest.LogCaptureFixture) -> None:
    """The engine goes away with tasks in work, and comes back at the same address with the same state."""
    caplog.set_level(logging.INFO, "camunda_client.worker")
    engine = FakeCamunda()
    with fake_camunda(engine=engine) as (url, _), Camunda7Client(url) as client:
        client.deploy({"w.bpmn": external_task_model("w", "t")}, name="w")
        for _ in range(6):
            client.start_process("w")
    port = int(url.rsplit(":", 1)[1])
    engine.closing = False
    worker = worker_for(url, max_tasks=2)
    gate = threading.Event()
    worker.subscribe("t", lambda task: gate.wait(10) and None)
    with worker:
        until(lambda: not worker.status().connected)
        with fake_camunda(port, engine):
            until(lambda: worker.status().in_flight == 2)
        engine.closing = False
        gate.set()
        until(lambda: not worker.status().connected)
        with fake_camunda(port, engine):
            until(lambda: worker.status().completed == 6)
    assert not engine.external
    assert "answers again" in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


def test_a_lost_answer_completes_once(fake: tuple[str, FakeCamunda]) -> None:
    url, engine = fake
    with Camunda7Client(url) as client:
        client.deploy({"w.bpmn": external_task_model("w", "t")}, name="w")
        client.start_process("w")
    engine.cut_answers_to.add("/complete")
    worker = worker_for(url)
    worker.subscribe("t", lambda task: None)
    with worker:
        until(lambda: worker.status().completed)
    assert worker.status().lost == 0
    assert sum(path.endswith("/complete") for _, path in engine.requests) == 2


def test_no_secret_in_any_log(fake: tuple[str, FakeCamunda], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url, engine = fake
    engine.user = ("worker", "right-secret")
    worker = worker_for(url.replace("//", "//worker:wrong-secret@"))
    worker.subscribe("t", lambda task: None)
    with worker:
        until(lambda: "401" in caplog.text)
    assert "wrong-secret" not in caplog.text + repr(worker.settings) + repr(vars(worker))


def test_only_what_the_handler_reads_is_fetched() -> None:
    worker = Worker("http://localhost")
    worker.subscribe("a", lambda task: None)

    @worker.task("b")
    def b(age: int, region: str = "x") -> None: ...

    @worker.task("c", variables=["x"], process_definition_key="k", process_variables={"y": 1})
    def c(task: ExternalTask) -> None: ...

    bodies = {name: topic.body(worker.lock_duration) for name, topic in worker.topics.items()}
    assert "variables" not in bodies["a"]
    assert bodies["b"]["variables"] == ["age", "region"]
    assert (bodies["c"]["variables"], bodies["c"]["processDefinitionKey"]) == (["x"], "k")
    assert bodies["c"]["processVariables"] == {"y": 1}
    assert bodies["a"]["lockDuration"] == 60_000


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"lock_duration": 10_000}, "If you mean milliseconds, write 10"),
        ({"lock_duration": 0}, "must be positive"),
        ({"grace": -1}, "must not be negative"),
        ({"max_tasks": 0}, "at least 1"),
        ({"execution": "magic"}, "one of auto, thread, process"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Worker("http://localhost", **options)


def test_a_worker_without_handlers_says_so() -> None:
    with pytest.raises(RuntimeError, match="no handlers"):
        Worker("http://localhost").run()


def test_two_handlers_for_one_topic() -> None:
    worker = Worker("http://localhost").subscribe("t", lambda task: None)
    with pytest.raises(TypeError, match="has a handler already"):
        worker.subscribe("t", lambda task: None)


SCRIPT = """
import sys, time
from camunda_client.c7 import Worker

worker = Worker(sys.argv[1], poll_timeout=0.5, grace=10)

@worker.task("t")
def handle(task):
    print("working", flush=True)
    time.sleep(0.3)

worker.run()
print("left run()", flush=True)
"""


def test_sigterm_finishes_work_and_exits_with_0(fake: tuple[str, FakeCamunda], tmp_path: Path) -> None:
    url, engine = fake
    with Camunda7Client(url) as client:
        client.deploy({"w.bpmn": external_task_model("w", "t")}, name="w")
        client.start_process("w")
    script = tmp_path / "worker.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, "left run()\n")
    assert not engine.external


def test_raising_with_a_say_in_retries() -> None:
    failure = TaskFailure("x", retry_after=2)
    assert failure.retry_after is not None
    assert failure.retry_after.total_seconds() == 2
