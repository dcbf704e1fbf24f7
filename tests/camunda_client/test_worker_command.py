"""`camunda-worker`, `Handlers` for both engines, metrics, spans, and handlers in unit tests."""

from __future__ import annotations

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
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest

import camunda_client.c7 as c7
import camunda_client.c8 as c8
from camunda_client.c8.models import ActivatedJob
from camunda_client.errors import SettingsError
from camunda_client.testing import Rehearsal, activated_job, external_task, perform
from camunda_client.worker import BpmnError, Complete, Fail, Handlers, TaskFailure, ThrowError
from camunda_client.worker.command import main
from camunda_client.worker.metrics import observe
from camunda_client.worker.running import Wanted, build, run_reloading
from camunda_client.worker.tracing import trace_handlers
from tests.camunda_client.fake_camunda8 import FakeCamunda8, fake_camunda8, wait_until

PROGRAM = """
from camunda_client.worker import Handlers
from camunda_client.c8.models import ActivatedJob
from camunda_client.c8.worker import camunda_worker

handlers = Handlers()

@handlers.task("work", lock_duration=7, max_tasks=3)
def work(amount: int) -> dict:
    return {"twice": amount * 2}

@camunda_worker(job_type="decorated", timeout=9000)
def decorated(job: ActivatedJob) -> dict:
    return {"decorated": True}
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "orders_program.py"
    path.write_text(PROGRAM)
    yield path
    sys.modules.pop("orders_program", None)


@pytest.fixture
def cluster() -> Iterator[tuple[str, FakeCamunda8]]:
    with fake_camunda8() as pair:
        yield pair


def test_one_list_of_handlers_serves_both_engines(program: Path) -> None:
    eight = build(Wanted("orders_program:handlers", "c8", "http://localhost:1"))
    seven = build(Wanted("orders_program:handlers", "c7", "http://localhost:1"))
    assert isinstance(eight, c8.Worker)
    assert isinstance(seven, c7.Worker)
    assert (eight.types["work"].lock.total_seconds(), eight.types["work"].max_tasks) == (7, 3)
    assert [(lane.topics, lane.capacity) for lane in seven.open().lanes()] == [(("work",), 3)]
    assert eight.types["work"].variables == seven.topics["work"].variables == ("amount",)


def test_a_decorated_function_can_be_named(program: Path) -> None:
    found = build(Wanted("orders_program:decorated", "c8", "http://localhost:1"))
    assert isinstance(found, c8.Worker)
    assert list(found.types) == ["decorated"]
    assert found.types["decorated"].lock.total_seconds() == 9


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere_at_all", "no module"),
        ("orders_program:nothing", "nothing called"),
        ("orders_program:work", "is no worker"),
        ("json", "nothing to run"),
    ],
)
def test_targets_with_nothing_to_run(program: Path, target: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        build(Wanted(target, "c8", "http://localhost:1"))


def test_the_command_says_what_is_wrong(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["orders_program:nothing", "--engine", "c8"])
    assert ended.value.code == 2
    assert "camunda-worker: orders_program holds nothing called 'nothing'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["orders_program", "--engine", "c8", "--url", "http://x", "--max-tasks", "0"])
    assert ended.value.code == 2


def test_the_command_works_and_reloads(program: Path, cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    command = [sys.executable, "-m", "camunda_client.worker.command", "orders_program:handlers", "--engine", "c8"]
    command += ["--url", url, "--poll-timeout", "0.2", "--reload"]
    first = fake.add_job("work", {"amount": 4})
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: bool(fake.jobs[first]["outcome"]), 60)
        program.write_text(PROGRAM.replace("amount * 2", "amount * 3"))
        os.utime(program, (time.time() + 5, time.time() + 5))
        wait_until(lambda: sum(path.endswith("activation") for _, path, _ in fake.requests) > 0, 60)

        def tried() -> bool:
            key = fake.add_job("work", {"amount": 4})
            wait_until(lambda: bool(fake.jobs[key]["outcome"]), 60)
            outcome = fake.jobs[key]["outcome"]
            return bool(outcome == ("completed", {"variables": {"twice": 12}}))

        wait_until(tried, 60)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(30) == 0
    assert fake.jobs[first]["outcome"] == ("completed", {"variables": {"twice": 8}})


def test_a_reloaded_command_that_fails_waits_for_a_change(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    code = f"open({str(marks)!r}, 'a').write('x'); raise SystemExit(3)"
    (tmp_path / "some.py").write_text("")

    def later() -> None:
        wait_until(marks.exists)
        (tmp_path / "some.py").write_text("changed = 1")
        wait_until(lambda: len(marks.read_text()) == 2)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=later, daemon=True).start()
    assert run_reloading([sys.executable, "-c", code], [tmp_path]) == 3


# ---------------------------------------------------------------- rehearsals


@dataclass
class Order:
    amount: int


def judged(order: Order) -> dict[str, bool]:
    if order.amount > 100:
        raise BpmnError("TOO_MUCH", "ask somebody", {"limit": 100})
    if order.amount < 0:
        raise TaskFailure("nonsense", retries=0)
    return {"ok": True}


def test_handlers_without_an_engine() -> None:
    assert perform(judged, {"amount": 5}) == Complete({"ok": True})
    assert perform(judged, {"amount": 5}, engine="c7") == Complete({"ok": True})
    assert perform(judged, {"amount": 500}) == ThrowError("TOO_MUCH", "ask somebody", {"limit": 100})
    failed = perform(judged, {"amount": -1})
    assert isinstance(failed, Fail)
    assert (failed.message, failed.retries) == ("nonsense", 0)
    missing = perform(judged, {})
    assert isinstance(missing, Fail)
    assert "amount" in missing.message

    async def awaited(job: ActivatedJob) -> dict[str, str]:
        return {"key": job.job_key}

    assert perform(awaited, job=activated_job(job_key="77")) == Complete({"key": "77"})


def workers() -> list[c7.Worker | c8.Worker]:
    return [c8.Worker("http://localhost:1"), c7.Worker("http://localhost:1")]


@pytest.mark.parametrize("place", [0, 1])
def test_a_whole_worker_is_rehearsed_measured_and_traced(place: int) -> None:
    served = workers()[place]
    served.subscribe("judge", judged)
    registry, exporter, provider = CollectorRegistry(), InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    observe(served, registry)
    trace_handlers(served, provider)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    variables = [{"amount": 1, "traceparent": parent}, {"amount": 500}, {"amount": -1}]
    make = activated_job if place == 0 else external_task
    outcomes = Rehearsal(served).play(*(make(item, "judge") for item in variables))
    assert [type(outcome) for outcome in outcomes] == [Complete, ThrowError, Fail]
    text = generate_latest(registry).decode()
    for outcome in ("completed", "bpmn_error", "failed"):
        assert f'camunda_worker_jobs_total{{outcome="{outcome}",topic="judge"}} 1.0' in text
    assert "camunda_worker_in_flight 0.0" in text
    spans = exporter.get_finished_spans()
    assert {span.name for span in spans} == {"camunda judge"}
    assert f"{spans[0].context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert any(span.attributes and span.attributes.get("camunda.error_code") == "TOO_MUCH" for span in spans)


def test_a_rehearsal_needs_a_handler() -> None:
    with pytest.raises(ValueError, match="no handler for other"):
        Rehearsal(workers()[0]).play(activated_job({}, "other"))


def test_handlers_can_be_forgotten() -> None:
    handlers = Handlers()
    handlers.task("a")(judged)
    handlers.task("a")(judged)
    assert len(handlers) == 1
    handlers.clear()
    assert len(handlers) == 0
