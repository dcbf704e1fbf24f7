"""The engine's own work: timers and continuations, their retries and incidents, and that nobody runs one twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.errors import Missing, ProcessionError, Suspended
from procession.kernel import commands as c
from procession.kernel.records import Job
from tests.engine.conftest import Opener
from tests.engine.looking import caused, count, later, left_over, nodes, one, rows, state, task, values
from tests.engine.models import RETRY_NEVER, USER, boundary, delegate, expression, file, process, row, timer, wait

ASYNC = 'camunda:asyncBefore="true"'


def retry(text: str) -> str:
    return f"<camunda:failedJobRetryTimeCycle>{text}</camunda:failedJobRetryTimeCycle>"


def job(engine: Engine) -> Job:
    """The only job."""
    with engine.storage.transaction() as transaction:
        (found,) = transaction.find(Job, "1 = 1")
    return found


def deploy(engine: Engine, *nodes_: str, **more: Any) -> None:
    engine.deploy(("p.bpmn", row(*nodes_, **more)))


def begin(engine: Engine, **plain: Any) -> int:
    return engine.start_process("p", plain).instance


# ---------------------------------------------------------------- due


def test_a_continuation_is_due_at_once(engine: Engine) -> None:
    deploy(engine, f'<userTask id="u" {ASYNC}/>')
    instance = begin(engine)
    assert count(engine, "task") == 0
    assert engine.jobs.run_due() == 1
    assert nodes(engine, instance) == ["u"]
    assert count(engine, "task") == 1


def test_async_after_waits_behind_the_activity(engine: Engine) -> None:
    deploy(engine, '<userTask id="u" camunda:asyncAfter="true"/>')
    instance = begin(engine)
    engine.complete_task(task(engine))
    assert count(engine, "history_activity", "node = 'u' AND ended IS NOT NULL") == 1
    assert state(engine, instance) == "ACTIVE"
    engine.jobs.run_due()
    assert state(engine, instance) == "COMPLETED"


def test_a_timer_is_due_when_its_time_has_come(engine: Engine) -> None:
    deploy(engine, wait("w", "PT10M"))
    instance = begin(engine)
    assert (later(engine, minutes=9), later(engine, minutes=1)) == (0, 1)
    assert state(engine, instance) == "COMPLETED"


def test_the_due_date_is_exact(engine: Engine) -> None:
    engine.clock.freeze(datetime.fromisoformat("2026-01-31T10:00:00+00:00"))
    deploy(engine, wait("w", "P1M"))
    begin(engine)
    assert job(engine).due == datetime.fromisoformat("2026-02-28T10:00:00+00:00")


def test_a_timer_of_an_expression(engine: Engine) -> None:
    deploy(engine, wait("w", "${when}", "Date"))
    begin(engine, when="2030-01-01T00:00:00Z")
    assert job(engine).due == datetime.fromisoformat("2030-01-01T00:00:00+00:00")


def test_an_interrupting_timer_ends_the_activity(engine: Engine) -> None:
    extra = '<userTask id="late"/>' + boundary("b", "u", timer("Duration", "PT1H"), "late")
    deploy(engine, USER, extra=extra)
    instance = begin(engine)
    later(engine, hours=1)
    assert nodes(engine, instance) == ["late"]
    assert count(engine, "job") == 0


def test_a_timer_goes_with_its_activity(engine: Engine) -> None:
    deploy(engine, USER, extra=boundary("b", "u", timer("Duration", "PT1H"), "e"))
    begin(engine)
    engine.complete_task(task(engine))
    assert left_over(engine) == {}


def test_a_timer_that_repeats_fires_as_often_as_it_says(engine: Engine) -> None:
    extra = '<userTask id="reminder"/>' + boundary("b", "u", timer("Cycle", "R3/PT10M"), "reminder", interrupting=False)
    deploy(engine, USER, extra=extra)
    begin(engine)
    fired = []
    for _ in range(5):
        later(engine, minutes=10)
        fired.append(count(engine, "task", "node = 'reminder'"))
    assert fired == [1, 2, 3, 3, 3]


def test_a_changed_due_date_counts(engine: Engine) -> None:
    deploy(engine, wait("w", "PT10M"))
    instance = begin(engine)
    engine.submit(c.ChangeJob(job(engine).key, set_due=True, due=engine.clock()))
    assert engine.jobs.run_due() == 1
    assert state(engine, instance) == "COMPLETED"


def test_any_job_can_be_run_now(engine: Engine) -> None:
    deploy(engine, wait("w", "PT10M"))
    instance = begin(engine)
    engine.run_job(job(engine).key)
    assert state(engine, instance) == "COMPLETED"


def test_a_job_that_is_gone_is_missing(engine: Engine) -> None:
    with pytest.raises(Missing, match="No job found"):
        engine.run_job(7)


# ---------------------------------------------------------------- failing


def failing(engine: Engine, inside: str = "") -> int:
    deploy(engine, expression("f", "${absent}", ASYNC, inside), USER)
    return begin(engine)


def test_a_failure_costs_one_try_and_is_written_down(engine: Engine) -> None:
    instance = failing(engine)
    engine.jobs.run_due()
    failed = job(engine)
    assert (failed.retries, failed.failed_node, failed.lock_owner) == (2, "f", None)
    assert "absent" in (failed.error_message or "")
    assert "Traceback" in (failed.stacktrace or "")
    assert caused(engine, instance) == []


@pytest.mark.fault(10)
def test_after_three_failures_there_is_an_incident(engine: Engine) -> None:
    instance = failing(engine)
    for _ in range(5):
        engine.jobs.run_due()
    assert job(engine).retries == 0
    assert [kind for kind, _ in caused(engine, instance)] == ["failedJob"]
    assert rows(engine, "SELECT state, count(*) FROM history_job_log GROUP BY state ORDER BY state") == [
        ("created", 1),
        ("failed", 3),
    ]


def test_new_tries_end_the_incident_and_success_goes_on(engine: Engine) -> None:
    instance = failing(engine, RETRY_NEVER)
    engine.jobs.run_due()
    engine.submit(c.SetVariables(instance, values(absent=1)))
    engine.submit(c.ChangeJob(job(engine).key, retries=1))
    assert caused(engine, instance) == []
    engine.jobs.run_due()
    assert nodes(engine, instance) == ["u"]


def test_a_job_run_by_hand_ends_its_incident(engine: Engine) -> None:
    instance = failing(engine, RETRY_NEVER)
    engine.jobs.run_due()
    engine.submit(c.SetVariables(instance, values(absent=1)))
    engine.run_job(job(engine).key)
    assert (caused(engine, instance), nodes(engine, instance)) == ([], ["u"])
    assert one(engine, "SELECT state FROM history_incident") == "resolved"


def test_a_failing_job_run_by_hand_tells_its_caller(engine: Engine) -> None:
    failing(engine)
    with pytest.raises(ProcessionError, match="absent"):
        engine.run_job(job(engine).key)
    assert job(engine).retries == 2


@pytest.mark.parametrize(
    ("cycle", "gaps"),
    [("R3/PT10S", [10, 10]), ("PT10M,PT20M", [600, 1200]), ("R1/PT1S", []), ("R2/PT1H", [3600]), ("no cycle", [0, 0])],
)
def test_the_models_retry_cycle(engine: Engine, cycle: str, gaps: list[int]) -> None:
    failing(engine, retry(cycle))
    found = []
    while True:
        engine.jobs.run_due()
        failed = job(engine)
        if not failed.retries:
            break
        gap = max((failed.due or engine.clock()) - engine.clock(), timedelta())
        found.append(round(gap.total_seconds()))
        assert engine.jobs.run_due() == 0 or not found[-1]
        engine.clock.freeze(engine.clock() + gap)
        if not found[-1]:
            # `run_due` above has tried again already
            if job(engine).retries:
                found.append(0)
            break
    assert found == gaps


def test_what_a_failing_job_did_is_undone(engine: Engine) -> None:
    listener = '<camunda:executionListener event="start" expression="${execution.setVariable(\'a\', 1)}"/>'
    deploy(engine, expression("f", "${absent}", ASYNC, listener))
    instance = begin(engine)
    engine.jobs.run_due()
    assert count(engine, "variable") == 0
    assert nodes(engine, instance) == ["f"]
    assert count(engine, "history_activity", "node = 'f'") == 0


def test_user_code_that_raises_is_a_failure_with_its_name(engine: Engine) -> None:
    @engine.registry.delegate("broken")
    def broken(execution: Any) -> None:
        raise KeyError("price")

    deploy(engine, delegate("d", "broken", ASYNC, RETRY_NEVER))
    instance = begin(engine)
    engine.jobs.run_due()
    assert caused(engine, instance) == [("failedJob", "KeyError: 'price'")]


def test_a_start_timer_that_fails_keeps_its_job(engine: Engine) -> None:
    start = f'<startEvent id="s">{timer("Duration", "PT1H")}</startEvent>'
    deploy(engine, expression("f", "${absent}"), start=start)
    later(engine, hours=1)
    assert job(engine).retries == 0
    assert left_over(engine) == {}


# ---------------------------------------------------------------- a loop without end


def endless(attributes: str = "", inside: str = "") -> bytes:
    return row(
        expression("f", "${1}", attributes, inside),
        end='<exclusiveGateway id="g"/>',
        extra='<sequenceFlow id="again" sourceRef="g" targetRef="f"/>',
    )


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("procession.kernel.stepping.MAX_ITEMS", 2000)


@pytest.mark.usefixtures("small_budget")
@pytest.mark.fault(11)
def test_a_loop_without_end_is_put_off_and_becomes_an_incident(engine: Engine) -> None:
    engine.deploy(("p.bpmn", endless()))
    instance = engine.start_process("p").instance
    loops_for_ever(engine, instance)


def loops_for_ever(engine: Engine, instance: int) -> None:
    """It goes on in jobs of its own, one after the other; the last is an incident, and the instance can be cancelled."""
    for _ in range(3):
        assert list(caused(engine, instance)) == []
        engine.jobs.run_due()
    ((kind, text),) = caused(engine, instance)
    assert (kind, "loops for ever" in (text or "")) == ("failedJob", True)
    engine.submit(c.CancelInstance(instance))
    assert left_over(engine) == {}


@pytest.mark.usefixtures("small_budget")
@pytest.mark.fault(11)
def test_others_go_on_beside_a_loop_without_end(engine: Engine) -> None:
    engine.deploy(("p.bpmn", endless()))
    engine.deploy(("q.bpmn", row(f'<manualTask id="m" {ASYNC}/>', id_="q")))
    engine.start_process("p")
    other = engine.start_process("q").instance
    engine.jobs.run_due()
    assert state(engine, other) == "COMPLETED"


@pytest.mark.usefixtures("small_budget")
@pytest.mark.fault(14)
def test_a_large_multi_instance_is_no_loop_without_end(engine: Engine) -> None:
    turns = (
        "<multiInstanceLoopCharacteristics><loopCardinality>500</loopCardinality></multiInstanceLoopCharacteristics>"
    )
    engine.deploy(("p.bpmn", row(f'<manualTask id="m">{turns}</manualTask>')))
    assert engine.start_process("p").ended


@pytest.mark.usefixtures("small_budget")
def test_a_multi_instance_that_is_entered_for_ever_is_stopped(engine: Engine) -> None:
    turns = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    again = '<sequenceFlow id="again" sourceRef="g" targetRef="m"/>'
    model = row(f'<manualTask id="m">{turns}</manualTask>', end='<exclusiveGateway id="g"/>', extra=again)
    engine.deploy(("p.bpmn", model))
    loops_for_ever(engine, engine.start_process("p").instance)


@pytest.mark.usefixtures("small_budget")
@pytest.mark.fault(11)
def test_a_loop_without_end_in_a_job_is_an_incident(engine: Engine) -> None:
    model = row(
        f'<manualTask id="first" {ASYNC}><extensionElements>{RETRY_NEVER}</extensionElements></manualTask>',
        expression("f", "${1}"),
        end='<exclusiveGateway id="g"/>',
        extra='<sequenceFlow id="again" sourceRef="g" targetRef="f"/>',
    )
    engine.deploy(("p.bpmn", model))
    instance = engine.start_process("p").instance
    engine.jobs.run_due()
    loops_for_ever(engine, instance)


# ---------------------------------------------------------------- exclusive, suspended, prioritised


FORK = '<parallelGateway id="fork"/>'


def forked(exclusive: str) -> bytes:
    branches = "".join(
        f'<userTask id="b{n}" {ASYNC} camunda:exclusive="{exclusive}"/>'
        f'<sequenceFlow id="f{n}" sourceRef="fork" targetRef="b{n}"/>'
        for n in range(3)
    )
    plain = process(end=FORK, extra=branches)
    return file(plain)


def test_exclusive_jobs_of_an_instance_are_taken_one_at_a_time(engine: Engine) -> None:
    engine.deploy(("p.bpmn", forked("true")))
    for _ in range(2):
        engine.start_process("p")
    assert [engine.jobs.run_due() for _ in range(4)] == [2, 2, 2, 0]


def test_other_jobs_are_taken_together(engine: Engine) -> None:
    engine.deploy(("p.bpmn", forked("false")))
    for _ in range(2):
        engine.start_process("p")
    assert [engine.jobs.run_due() for _ in range(2)] == [6, 0]


def test_jobs_of_a_suspended_instance_wait(engine: Engine) -> None:
    deploy(engine, f'<userTask id="u" {ASYNC}/>')
    instance = begin(engine)
    engine.submit(c.SuspendInstance(instance, True))
    assert engine.jobs.run_due() == 0
    with pytest.raises(Suspended):
        engine.run_job(job(engine).key)
    engine.submit(c.SuspendInstance(instance, False))
    assert engine.jobs.run_due() == 1


def test_jobs_of_a_suspended_job_definition_are_made_suspended(engine: Engine) -> None:
    deploy(engine, f'<userTask id="u" {ASYNC}/>')
    engine.submit(ec.ChangeJobDefinition(one(engine, "SELECT key FROM job_definition"), suspended=True))
    begin(engine)
    assert engine.jobs.run_due() == 0
    engine.submit(ec.ChangeJobDefinition(one(engine, "SELECT key FROM job_definition"), suspended=False, jobs=True))
    assert engine.jobs.run_due() == 1


def test_a_job_definitions_priority_overrides(engine: Engine) -> None:
    deploy(engine, f'<userTask id="u" {ASYNC} camunda:jobPriority="7"/>')
    begin(engine)
    key = one(engine, "SELECT key FROM job_definition")
    engine.submit(ec.ChangeJobDefinition(key, set_priority=True, priority=9, jobs=True))
    begin(engine)
    assert rows(engine, "SELECT priority FROM job") == [(9,), (9,)]


def test_retries_of_a_job_definitions_failed_jobs(engine: Engine) -> None:
    instance = failing(engine, RETRY_NEVER)
    engine.jobs.run_due()
    engine.submit(ec.ChangeJobDefinition(one(engine, "SELECT key FROM job_definition"), retries=5))
    assert (job(engine).retries, caused(engine, instance)) == (5, [])


# ---------------------------------------------------------------- the executor


def eventually(condition: Any, seconds: float = 10.0) -> None:
    """Waits for what other threads do; for nothing else."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_the_executor_runs_what_becomes_due(opener: Opener) -> None:
    engine = opener(job_poll=0.05)
    deploy(engine, f'<manualTask id="m" {ASYNC}/>', wait("w", "PT0.1S"))
    engine.start()
    instance = begin(engine)
    eventually(lambda: state(engine, instance) == "COMPLETED")
    assert engine.jobs.running


@pytest.mark.fault(15)
def test_two_executors_run_each_job_once(opener: Opener) -> None:
    engines = [opener(job_poll=0.05), opener(job_poll=0.05)]
    ran: list[str] = []
    for engine in engines:
        engine.registry.delegates["count"] = lambda execution: ran.append(execution.call_method("getId", []))
    deploy(engines[0], delegate("d", "count", ASYNC))
    started = [begin(engines[n % 2]) for n in range(30)]
    for engine in engines:
        engine.start()
    eventually(lambda: count(engines[0], "instance") == 0)
    for engine in engines:
        engine.jobs.stop()
    assert len(started) == 30
    assert rows(engines[0], "SELECT count(*) FROM history_job_log WHERE state = 'successful'") == [(30,)]
    assert count(engines[0], "history_activity", "node = 'd'") == 30


def test_one_job_asked_for_by_several_runs_once(opener: Opener) -> None:
    engines = [opener(), opener()]
    deploy(engines[0], f'<userTask id="u" {ASYNC}/>')
    begin(engines[0])
    key = job(engines[0]).key
    outcomes: Counter[str] = Counter()

    def ask(engine: Engine) -> None:
        try:
            engine.run_job(key)
            outcomes["ran"] += 1
        except Missing:
            outcomes["gone"] += 1

    threads = [threading.Thread(target=ask, args=(engines[n % 2],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {"ran": 1, "gone": 5}
    assert count(engines[0], "task") == 1


@pytest.mark.fault(6)
def test_a_dead_nodes_job_is_taken_when_its_lock_has_ended(opener: Opener) -> None:
    dead, alive = opener(job_lock=60.0), opener()
    deploy(dead, f'<userTask id="u" {ASYNC}/>')
    begin(dead)
    assert len(dead.jobs._lease(10)) == 1
    assert alive.jobs.run_due() == 0
    assert later(alive, seconds=61) == 1
