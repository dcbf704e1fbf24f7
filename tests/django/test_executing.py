"""One task, one transaction: what is durable when the engine is told, and what a second delivery finds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.utils import timezone

from camunda_client.c7 import BpmnError, ExternalTask, FileValue, TypedValue
from camunda_client.c7.values import encode_variables
from camunda_client.django import DjangoSettings, task_committed, task_failed
from camunda_client.django.executing import execute, runner
from camunda_client.django.models import ProcessedTask
from camunda_client.django.registry import Registry, external_task
from camunda_client.django.testing import fake_task
from camunda_client.django.working import make_worker
from camunda_client.worker import Complete, Fail, TaskFailure, ThrowError
from tests.camunda_client.fake_camunda import fake_camunda

pytestmark = pytest.mark.usefixtures("project")


def own() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM own")
        return int(cursor.fetchone()[0])


def write() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO own (number) VALUES (1)")


def writing(then: Callable[[ExternalTask], Any] = lambda task: None, **options: Any) -> Any:
    """A registered handler that writes a row, then does something."""
    registry = Registry()

    @external_task("t", registry=registry, **options)
    def handler(task: ExternalTask) -> Any:
        write()
        return then(task)

    return registry["t"]


def raising(error: Exception) -> Callable[[ExternalTask], Any]:
    def then(task: ExternalTask) -> None:
        raise error

    return then


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    found: list[Any] = []

    def committed(sender: Any, **what: Any) -> None:
        assert not connection.in_atomic_block
        found.append(("committed", what["replayed"]))

    def failed(sender: Any, **what: Any) -> None:
        assert not connection.in_atomic_block
        found.append(("failed", type(what["error"]).__name__))

    task_committed.connect(committed)
    task_failed.connect(failed)
    yield found
    task_committed.disconnect(committed)
    task_failed.disconnect(failed)


def test_work_and_inbox_are_durable_when_the_outcome_is_known(heard: list[Any]) -> None:
    task = fake_task("t", business_key="b")
    assert execute(writing(lambda task: {"a": 1}), task) == Complete({"a": 1})
    row = ProcessedTask.objects.get()
    assert (own(), row.task_id, row.topic, row.business_key, row.outcome) == (1, task.id, "t", "b", "complete")
    assert heard == [("committed", False)]


def test_a_second_delivery_is_answered_and_not_worked(heard: list[Any]) -> None:
    task, entry = fake_task("t"), writing(lambda task: Complete({"a": 1, "f": FileValue(b"x", "f.txt")}, {"b": 2.5}))
    first, second = execute(entry, task), execute(entry, task)
    assert isinstance(first, Complete)
    assert isinstance(second, Complete)
    assert own() == 1
    for name in ("variables", "local_variables"):
        assert encode_variables(getattr(first, name)) == encode_variables(getattr(second, name))
    assert heard == [("committed", False), ("committed", True)]


def test_a_returned_business_error_commits_and_is_remembered() -> None:
    task, entry = fake_task("t"), writing(lambda task: task.bpmn_error("NO", "why", {"v": 1}))
    assert execute(entry, task) == ThrowError("NO", "why", {"v": 1})
    assert execute(entry, task) == ThrowError("NO", "why", {"v": TypedValue("Integer", 1)})
    assert own() == 1


@pytest.mark.parametrize(
    "then",
    [raising(BpmnError("NO")), raising(OSError("disk")), raising(TaskFailure("later")), lambda task: {"v": object()}],
    ids=["a raised business error", "an exception", "a failure", "a result that cannot be sent"],
)
@pytest.mark.seed(5, 102, 117)
def test_what_fails_leaves_nothing(heard: list[Any], then: Any) -> None:
    task, entry = fake_task("t"), writing(then)
    with pytest.raises(Exception):  # noqa: B017, PT011 — each its own
        execute(entry, task)
    assert (own(), ProcessedTask.objects.count()) == (0, 0)
    assert [what for what, _ in heard] == ["failed"]


def test_a_returned_failure_leaves_nothing(heard: list[Any]) -> None:
    assert isinstance(execute(writing(lambda task: task.failure("no")), fake_task("t")), Fail)
    assert (own(), ProcessedTask.objects.count(), heard) == (0, 0, [("failed", "Fail")])


def test_a_failed_attempt_is_worked_again() -> None:
    task = fake_task("t")
    with pytest.raises(OSError, match="disk"):
        execute(writing(raising(OSError("disk"))), task)
    assert execute(writing(), task) == Complete()
    assert own() == 1


def test_a_lost_lock_undoes_the_work() -> None:
    with pytest.raises(TaskFailure, match="lock was lost"):
        execute(writing(lambda task: task.mark_lost()), fake_task("t"))
    assert own() == 0


def test_inside_of_a_transaction_nothing_could_be_promised() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        execute(writing(), fake_task("t"))


def test_a_handler_may_see_to_transactions_itself() -> None:
    task, entry = fake_task("t"), writing(atomic=False)
    execute(entry, task)
    execute(entry, task)
    assert (own(), ProcessedTask.objects.count()) == (2, 0)


def test_arguments_come_from_variables() -> None:
    registry = Registry()

    @external_task("t", registry=registry)
    def handler(amount: int, note: str = "none") -> dict[str, Any]:
        return {"told": f"{amount} {note}"}

    assert registry["t"].variables == ("amount", "note")
    assert execute(registry["t"], fake_task("t", amount=3)) == Complete({"told": "3 none"})
    with pytest.raises(TaskFailure, match="amount"):
        execute(registry["t"], fake_task("t", amount="many"))


def test_two_workers_with_the_same_task_do_the_work_once() -> None:
    task, entry = fake_task("t"), writing(lambda task: {"a": 1})
    outcomes: list[Any] = []

    def work() -> None:
        try:
            outcomes.append(runner(entry, "default")(task))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    assert own() == 1


def test_a_connection_that_the_database_dropped_is_replaced() -> None:
    entry = writing()
    run = runner(entry, "default")
    run(fake_task("t"))
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        connection.connection.close()
        connection.errors_occurred = True
    assert run(fake_task("t")) == Complete()
    assert connection.connection is None  # CONN_MAX_AGE is 0: nothing is kept between tasks
    assert own() == 2


def test_the_inbox_is_purged_by_age(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        execute(writing(), fake_task("t"))
    first = ProcessedTask.objects.order_by("task_id").first()
    assert first is not None
    ProcessedTask.objects.filter(pk=first.pk).update(processed=timezone.now() - timedelta(days=31))
    call_command("purge_camunda_inbox", days=30)
    assert "1 rows deleted" in capsys.readouterr().out
    assert ProcessedTask.objects.count() == 1


def test_the_worker_tells_the_engine_after_the_commit() -> None:
    registry = Registry()
    seen: list[tuple[str, bool]] = []

    @external_task("work", registry=registry)
    def handler(task: ExternalTask) -> dict[str, Any]:
        write()
        seen.append((task.id, connection.in_atomic_block))
        return {"ok": True}

    with fake_camunda() as (url, engine):
        settings = DjangoSettings(rest_url=url, client_id="w", client_async_response_timeout=200, client_max_tasks=1)
        worker = make_worker(settings, registry=registry)
        model = b'<process id="p"><serviceTask camunda:topic="work"/></process>'
        engine.deploy({"form": {"deployment-name": "d"}, "files": {"p.bpmn": model}})
        for _ in range(3):
            engine.start({"json": {}}, "p")
        # the engine takes one completion and loses the answer: told again, not done again
        engine.cut_answers_to.add("/complete")
        with worker:
            for _ in range(500):
                if worker.status().completed == 3:
                    break
                threading.Event().wait(0.02)
        assert engine.instances == {}
    assert [inside for _, inside in seen] == [True] * 3
    assert (own(), ProcessedTask.objects.count()) == (3, 3)
