"""Continuations, retries, incidents, priorities, suspension of jobs; and external tasks, which fail in their own way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from procession.errors import ExecutionFailed, ProcessionError, Suspended
from procession.kernel import commands as c
from tests.kernel.diagram import (
    boundary,
    call,
    call_expression,
    catch,
    diagram,
    end,
    error,
    exclusive,
    external,
    message,
    on,
    out,
    parallel,
    put,
    retry,
    setter,
    start,
    sub,
    timer,
    user,
)
from tests.kernel.harness import NOW, WORKER, KernelPlay, given, on_kernel

FAILING = call_expression("${missing}", async_before=True)

# ---------------------------------------------------------------- continuations


def test_async_before_waits_before_anything_of_the_element() -> None:
    model = diagram(
        "s > a > e", a=user(*put(x="1"), on("start", "${execution.setVariable('ran', true)}"), async_before=True)
    )
    play = given(model).start()
    assert (play.waits, play.variables, play.path) == (["a"], {}, ["s"])
    assert play.run("a").variables == {"a.x": "1", "ran": True}


def test_async_after_waits_behind_everything_of_the_element() -> None:
    model = diagram(
        "s > a > b > e", a=user(*out(x="1"), on("end", "${execution.setVariable('ran', true)}"), async_after=True)
    )
    play = given(model).start().complete("a")
    assert (play.waits, play.variables) == (["a"], {"x": "1", "ran": True})
    assert play.run("a").waits == ["b"]


def test_the_flow_is_chosen_before_async_after() -> None:
    model = diagram("s > x >{n > 1} a > e; x >* b > e", x=exclusive(async_after=True))
    play = given(model).start(n=2)
    assert play.waits == ["x"]
    assert play.set(n=0).run("x").waits == ["a"]


@pytest.mark.parametrize("kind", ["timer", "message", "user"])
def test_both_around_a_wait_state(kind: str) -> None:
    node = {
        "timer": catch(timer("PT1H"), async_before=True, async_after=True),
        "message": catch(message("M"), async_before=True, async_after=True),
        "user": user(async_before=True, async_after=True),
    }[kind]
    play = given(diagram("s > a > b > e", a=node)).start().run("a")
    assert play.waits == ["a"]
    match kind:
        case "timer":
            play.run("a")
        case "message":
            play.send("M")
        case _:
            play.complete("a")
    assert play.waits == ["a"]
    assert play.run("a").waits == ["b"]


def test_async_start_and_end() -> None:
    play = given(diagram("s > e", s=start(async_before=True), e=end(async_before=True))).start()
    assert play.waits == ["s"]
    assert play.run("s").waits == ["e"]
    assert play.run("e").ended


def test_async_end_of_a_sub_process() -> None:
    model = diagram("s > p > b > e", p=sub("s1 > a > e1", nodes={"e1": end(async_after=True)}))
    play = given(model).start().complete("a")
    assert play.waits == ["e1"]
    assert play.run("e1").waits == ["b"]


def test_async_joins_wait_for_their_jobs() -> None:
    model = diagram("s > f > a > j; f > b > j; j > c > e", f=parallel(), j=parallel(async_before=True))
    play = given(model).start().complete("a").complete("b")
    assert play.waits == ["j", "j"]
    assert play.run("j").waits == ["j"]
    assert play.run("j").waits == ["c"]


def test_a_boundary_is_not_open_before_an_async_task_began() -> None:
    model = diagram("s > a > e; m > b > e2", a=user(async_before=True), m=boundary("a", message("M")))
    play = given(model).start()
    assert play.waits == ["a"]
    assert play.run("a").waits == ["a", "m"]


def test_a_boundary_is_closed_behind_an_async_after_task() -> None:
    model = diagram("s > a > c > e; m > b > e2", a=user(async_after=True), m=boundary("a", message("M")))
    assert given(model).start().complete("a").waits == ["a"]


# ---------------------------------------------------------------- failing jobs


def test_three_tries_then_an_incident() -> None:
    play = given(diagram("s > a > e", a=FAILING)).start()
    for left in (2, 1, 0):
        assert play.run("a").retries("a") == left
        assert play.incidents == ([] if left else ["failedJob a"])
    assert play.waits == ["a"]


def test_new_retries_end_the_incident() -> None:
    play = given(diagram("s > a > b > e", a=FAILING)).start().run("a").run("a").run("a").retry("a", 2)
    assert play.incidents == []
    assert play.set(missing=1).run("a").waits == ["b"]


def test_running_a_job_that_has_an_incident_ends_it() -> None:
    play = given(diagram("s > a > b > e", a=FAILING)).start().run("a").run("a").run("a").set(missing=1).run("a")
    assert (play.incidents, play.waits) == ([], ["b"])


def test_a_failing_job_undoes_everything_up_to_it() -> None:
    model = diagram("s > a > b > e", a=setter("x", "1", async_before=True), b=call_expression("${missing}"))
    play = given(model).start().run("a")
    assert (play.variables, play.waits, play.retries("a")) == ({}, ["a"], 2)


@pytest.mark.parametrize(
    ("cycle", "waits"),
    [
        ("R3/PT10S", [10, 10, None]),
        ("R1/PT10S", [None]),
        ("PT10S,PT1M", [10, 60, None]),
        ("PT5M", [300, None]),
        ("nonsense", [0, 0, None]),
    ],
)
def test_retry_cycles(cycle: str, waits: list[int | None]) -> None:
    play = on_kernel(diagram("s > a > e", a=call_expression("${missing}", retry(cycle), async_before=True))).start()
    for number, wait in enumerate(waits):
        play.run("a")
        job = play.job("a")
        assert job.retries == len(waits) - number - 1
        if wait:
            assert job.due == NOW + timedelta(seconds=wait)
            play.world.now = NOW
    assert play.incidents == ["failedJob a"]


@pytest.mark.parametrize(("cycle", "retries"), [("R5/PT10S", 4), ("PT10S,PT1M", 2), ("PT5M", 1), ("nonsense", 2)])
def test_retries_after_the_first_failure(cycle: str, retries: int) -> None:
    model = diagram("s > a > e", a=call_expression("${missing}", retry(cycle), async_before=True))
    assert given(model).start().run("a").retries("a") == retries


def test_a_retry_cycle_may_be_an_expression() -> None:
    model = diagram("s > a > e", a=call_expression("${missing}", retry("${cycle}"), async_before=True))
    assert given(model).start(cycle="R7/PT1S").run("a").retries("a") == 6


def test_a_failing_timer_keeps_its_task() -> None:
    model = diagram("s > a > e; t > b > e2", t=boundary("a", timer("PT1H")), b=call_expression("${missing}"))
    play = given(model).start().run("t")
    assert (play.waits, play.retries("t")) == (["a", "t"], 2)


def test_an_incident_shows_at_every_caller_and_goes_everywhere() -> None:
    called = diagram("s > a > e", "other", a=FAILING)
    play = given(diagram("s > c > e", c=call("other")), called).start().run("a").run("a").run("a")
    assert play.incidents == ["failedJob a", "failedJob c"]
    assert play.retry("a").incidents == []


def test_an_incident_goes_with_its_instance() -> None:
    play = given(diagram("s > a > e", a=FAILING)).start().run("a").run("a").run("a").cancel()
    assert (play.incidents, play.empty) == ([], True)


def test_jobs_are_exclusive_unless_told_otherwise() -> None:
    a, b = user(async_before=True), user(async_before=True, exclusive=False)
    play = on_kernel(diagram("s > f > a > e; f > b > e", f=parallel(), a=a, b=b)).start()
    assert (play.job("a").exclusive, play.job("b").exclusive) == (True, False)


def test_priorities() -> None:
    model = diagram("s > a > e", a=user(async_before=True, job_priority="${n * 2}"))
    assert on_kernel(model).start(n=4).job("a").priority == 8
    assert on_kernel(model, job_definitions={"a": (7, 99, False)}).start(n=4).job("a").priority == 99


def test_changing_jobs() -> None:
    play = on_kernel(diagram("s > a > e", a=user(async_before=True))).start()
    key = play.job("a").key
    play.when(c.ChangeJob(key, priority=5, set_due=True, due=NOW))
    assert (play.job("a").priority, play.job("a").due) == (5, NOW)
    play.when(c.ChangeJob(key, retries=0))
    assert play.incidents == ["failedJob a"]
    with pytest.raises(ProcessionError, match="non-negative"):
        play.when(c.ChangeJob(key, retries=-1))
    play.when(c.DeleteJob(key))
    assert (play.waits, play.incidents) == ([], [])
    with pytest.raises(ProcessionError, match="No job found"):
        play.when(c.RunJob(key))


# ---------------------------------------------------------------- external tasks


def test_completing_an_external_task() -> None:
    play = given(diagram("s > a > b > e", a=external(*out(r="${mine}")))).start().work("a", {"mine": 1}, all=2)
    assert (play.waits, play.variables) == (["b"], {"a.mine": 1, "all": 2, "r": 1})


def test_only_the_holder_may_complete() -> None:
    play = on_kernel(diagram("s > a > e", a=external())).start()
    key = play.external("a").key
    with pytest.raises(ProcessionError, match=r"cannot be completed by worker 'w'\. It is locked by worker 'None'"):
        play.when(c.CompleteExternal(key, WORKER))
    play.when(c.ChangeExternal(key, lock=("other", NOW)))
    with pytest.raises(ProcessionError, match="locked by worker 'other'"):
        play.when(c.CompleteExternal(key, WORKER))
    with pytest.raises(ProcessionError, match="cannot be failed"):
        play.when(c.FailExternal(key, WORKER, None, None, 1, 0))


def test_no_tries_left_is_an_incident_until_there_are_more() -> None:
    play = given(diagram("s > a > b > e", a=external())).start().fail("a", 2)
    assert (play.retries("a"), play.incidents) == (2, [])
    assert play.fail("a", 0).incidents == ["failedExternalTask a"]
    assert play.retry("a", 1).incidents == []
    assert play.work("a").waits == ["b"]


def test_completing_a_task_with_an_incident_ends_it() -> None:
    play = given(diagram("s > a > b > e", a=external())).start().fail("a", 0).work("a")
    assert (play.waits, play.incidents) == (["b"], [])


def test_a_failure_waits_and_tells_why() -> None:
    play = on_kernel(diagram("s > a > e", a=external())).start()
    key = play._lock("a")
    play.when(c.FailExternal(key, WORKER, "m" * 1000, "details", 3, 5000))
    task = play.external("a")
    assert (task.error_message, task.error_details) == ("m" * 666, "details")
    assert task.locked_until == NOW + timedelta(seconds=5)
    for wrong in (c.FailExternal(key, WORKER, "", "", -1, 0), c.FailExternal(key, WORKER, "", "", 1, -1)):
        with pytest.raises(ProcessionError, match="negative"):
            play.when(wrong)


def test_topic_and_priority_are_expressions() -> None:
    play = on_kernel(diagram("s > a > e", a=external(topic="t-${n}", task_priority="${n + 1}"))).start("K", n=1)
    task = play.external("a")
    assert (task.topic, task.priority, task.business_key, task.retries) == ("t-1", 2, "K", None)


def test_locks_are_changed_by_their_holder_or_when_free() -> None:
    play = on_kernel(diagram("s > a > e", a=external())).start()
    key = play.external("a").key
    later = NOW + timedelta(minutes=1)
    play.when(c.ChangeExternal(key, lock=("x", later), free_only=True))
    with pytest.raises(ProcessionError, match="cannot be locked by worker 'y'"):
        play.when(c.ChangeExternal(key, lock=("y", later), free_only=True))
    play.when(c.ChangeExternal(key, lock=("x", later + timedelta(minutes=1)), holder="x"))
    with pytest.raises(ProcessionError):
        play.when(c.ChangeExternal(key, lock=("y", later), holder="y"))
    play.when(c.ChangeExternal(key, lock=(None, None)))
    assert play.external("a").worker is None


def test_an_error_needs_a_code() -> None:
    play = on_kernel(diagram("s > a > e; x > e2", a=external(), x=boundary("a", error("E")))).start()
    with pytest.raises(ProcessionError, match="errorCode"):
        play.when(c.ThrowError("", external=play._lock("a"), worker=WORKER))


# ---------------------------------------------------------------- suspension


def _everything() -> KernelPlay:
    return on_kernel(
        diagram(
            "s > f > a > e; f > b > e; f > d > e; f > m > e",
            f=parallel(), b=external(), d=user(async_before=True), m=catch(message("M")),
        )
    ).start()  # fmt: skip


def test_a_suspended_instance_refuses_everything() -> None:
    play = _everything()
    play._lock("b")
    play.suspend()
    assert (play.task("a").suspended, play.external("b").suspended, play.job("d").suspended) == (True, True, True)
    with pytest.raises(Suspended):
        play.complete("a")
    with pytest.raises(Suspended):
        play.when(c.ClaimTask(play.task("a").key, "mary"))
    with pytest.raises(ProcessionError, match="suspended"):
        play.when(c.CompleteExternal(play.external("b").key, WORKER))
    with pytest.raises(Suspended):
        play.when(c.RunJob(play.job("d").key))
    with pytest.raises(Suspended):
        play.send("M")


def test_a_woken_instance_goes_on() -> None:
    play = _everything().suspend().suspend(False)
    assert play.complete("a").work("b").run("d").complete("d").send("M").empty


def test_suspension_on_the_real_thing() -> None:
    play = given(diagram("s > f > a > e; f > b > e", f=parallel(), b=user(async_before=True))).start().suspend()
    with pytest.raises(ProcessionError):
        play.complete("a")
    assert play.suspend(False).complete("a").run("b").complete("b").ended


def test_a_suspended_instance_may_be_cancelled_and_given_variables() -> None:
    play = given(diagram("s > a > e")).start().suspend().set(x=1)
    assert play.variables == {"x": 1}
    assert play.cancel().ended


# ---------------------------------------------------------------- timers evaluated anew


@pytest.mark.parametrize(("from_creation", "hours"), [(False, 5), (True, 3)])
def test_a_timer_is_evaluated_anew_from_now_or_from_its_creation(from_creation: bool, hours: int) -> None:
    play = on_kernel(diagram("s > c > e", c=catch(timer("${d}")))).start(d="PT1H")
    play.set(d="PT3H")
    play.world.now = NOW + timedelta(hours=2)
    play.when(c.RecalculateJob(play.job("c").key, from_creation))
    assert play.job("c").due == NOW + timedelta(hours=hours)


def test_only_a_timer_is_evaluated_anew() -> None:
    play = on_kernel(diagram("s > a > e", a=user(async_before=True))).start()
    with pytest.raises(ExecutionFailed, match="Only timer jobs can be recalculated, but the job with id"):
        play.when(c.RecalculateJob(play.job("a").key))
