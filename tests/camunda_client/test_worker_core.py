"""The worker core against a scripted source, in virtual time: nothing here waits."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camunda_client.errors import OPTIMISTIC_LOCKING, BadRequest, CamundaError, EngineFailed, EngineUnavailable
from camunda_client.worker import Backoff, BpmnError, Complete, Fail, RetryPolicy, TaskFailure, ThrowError
from camunda_client.worker.core import Core, Options
from camunda_client.worker.handlers import read_handler
from tests.camunda_client.scripted_source import MemoryJob, ScriptedSource
from tests.camunda_client.virtual_time import run_virtually


def source_of(*ids: str, **options: Any) -> ScriptedSource:
    return ScriptedSource(deque(MemoryJob(name) for name in ids), **options)


def serve(
    source: ScriptedSource,
    handler: Callable[..., Any],
    seconds: float = 600.0,
    options: Options | None = None,
    also: Callable[[Core[MemoryJob]], Any] | None = None,
) -> Core[MemoryJob]:
    """Runs a core for `seconds` of virtual time, then stops it gracefully."""

    async def scenario() -> Core[MemoryJob]:
        core = Core(source, {"work": read_handler("work", handler, MemoryJob)}, options or Options())
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, core.stop)
        if also is not None:
            also(core)
        await core.run()
        return core

    return run_virtually(scenario())


def test_a_result_completes() -> None:
    async def handle(task: MemoryJob) -> dict[str, int]:
        return {"n": 1}

    source = source_of("a", "b")
    core = serve(source, handle)
    assert source.outcomes == {"a": [Complete({"n": 1})], "b": [Complete({"n": 1})]}
    assert (core.counters.completed, core.counters.in_flight) == (2, 0)
    assert source.closed


def test_concurrency_is_bounded_and_used() -> None:
    present: set[str] = set()
    numbers: list[int] = []

    async def handle(task: MemoryJob) -> None:
        present.add(task.id)
        numbers.append(len(present))
        await asyncio.sleep(7)
        present.remove(task.id)

    source = source_of(*(f"j{i}" for i in range(20)), capacity=3)
    serve(source, handle)
    assert max(numbers) == 3
    assert len(source.outcomes) == 20
    assert source.fetch_limits[0] == 3


def test_the_next_jobs_are_fetched_while_the_last_ones_are_reported() -> None:
    async def handle(task: MemoryJob) -> None:
        return None

    source = source_of(*(f"j{i}" for i in range(12)), capacity=3, telling=10.0)
    core = serve(source, handle, seconds=5)
    assert source.most_at_once == 6  # as many as are handled, and as many again that are reported: no more
    assert core.counters.completed == 6
    assert core.counters.in_flight == 0


def test_a_job_longer_than_five_locks_runs_once() -> None:
    async def handle(task: MemoryJob) -> None:
        await asyncio.sleep(160)

    source = source_of("long")
    serve(source, handle)
    assert source.handed_out == ["long"]
    assert source.outcomes["long"] == [Complete()]
    assert len(source.extended) >= 15


@pytest.mark.parametrize(
    ("raised", "outcome"),
    [
        (BpmnError("LOW", "too low", {"x": 1}), ThrowError("LOW", "too low", {"x": 1})),
        (TaskFailure("no", details="d", retries=0), Fail("no", "d", 0, timedelta(0))),
        (TaskFailure("later", details="d", retries=9, retry_after=3), Fail("later", "d", 9, timedelta(seconds=3))),
    ],
)
def test_what_a_handler_raises(raised: Exception, outcome: object) -> None:
    async def handle(task: MemoryJob) -> None:
        raise raised

    source = source_of("a")
    serve(source, handle, seconds=1)
    assert source.outcomes["a"] == [outcome]


def test_failures_use_up_their_attempts_with_growing_pauses() -> None:
    async def handle(task: MemoryJob) -> None:
        raise ValueError("broken")

    source = source_of("a")
    serve(source, handle, options=Options(retry=RetryPolicy(3, Backoff(first=5, longest=300, jitter=0))))
    told = [(fail.message, fail.retries, fail.retry_after.total_seconds()) for fail in source.outcomes["a"]]  # type: ignore[union-attr]
    assert told == [("ValueError: broken", 2, 5.0), ("ValueError: broken", 1, 10.0), ("ValueError: broken", 0, 0.0)]
    details = source.outcomes["a"][0].details  # type: ignore[union-attr]
    assert "raise ValueError" in details
    assert "camunda_client/worker" not in details


def test_an_outage_logs_one_line_a_step_and_loses_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def handle(task: MemoryJob) -> None:
        await asyncio.sleep(1)

    caplog.set_level(logging.INFO, "camunda_client.worker")
    source = source_of(*(f"j{i}" for i in range(8)), capacity=8, lock=timedelta(seconds=600))

    def go_down(core: Core[MemoryJob]) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, lambda: setattr(source, "down_until", loop.time() + 60))

    serve(source, handle, also=go_down, options=Options(reconnect=Backoff(0.2, 2, 4, 0)))
    assert all(source.outcomes[f"j{i}"] == [Complete()] for i in range(8))
    lines = [record.message for record in caplog.records if "connection refused" in record.message]
    assert 15 <= len(lines) <= 20  # 0.2 s … 4 s steps over 60 s, however many jobs wait
    assert sum("answers again after" in record.message for record in caplog.records) == 1


def test_a_lost_answer_is_not_a_lost_completion() -> None:
    async def handle(task: MemoryJob) -> None:
        return None

    source = source_of("a", answers={"a": ["lose the answer"]})
    core = serve(source, handle)
    assert source.outcomes["a"] == [Complete()]
    assert (core.counters.completed, core.counters.lost) == (1, 0)


def test_a_job_that_is_gone_is_let_go() -> None:
    jobs = deque([MemoryJob("a")])
    job = jobs[0]
    source = ScriptedSource(jobs)

    async def handle(task: MemoryJob) -> None:
        del source.locked["a"]

    core = serve(source, handle)
    assert job.lost
    assert (core.counters.lost, core.counters.in_flight) == (1, 0)


def test_a_collision_is_tried_again() -> None:
    async def handle(task: MemoryJob) -> None:
        return None

    collided = EngineFailed("was updated by another transaction concurrently", status=500, code=1)
    source = source_of("a", answers={"a": [collided, collided]})
    serve(source, handle)
    assert source.outcomes["a"] == [Complete()]


def test_what_the_engine_refuses_becomes_a_failure() -> None:
    async def handle(task: MemoryJob) -> None:
        return None

    source = source_of("a", answers={"a": [EngineFailed("no path out of gateway", status=500)]})
    serve(source, handle, seconds=1)
    (failed,) = source.outcomes["a"]
    assert isinstance(failed, Fail)
    assert "no path out of gateway" in failed.message
    assert failed.retries == 2


def test_no_capacity_leaks_whatever_handlers_do() -> None:
    async def handle(task: MemoryJob) -> Any:
        match int(task.id) % 7:
            case 0:
                raise BpmnError("X")
            case 1:
                raise ValueError("x")
            case 2:
                raise asyncio.CancelledError
            case 3:
                return 5
            case 4:
                raise BaseExceptionGroup("several", [ValueError("x")])
            case 5:
                source.locked.pop(task.id)
        return {}

    source = source_of(*(str(i) for i in range(1000)), capacity=4)
    core = serve(source, handle, seconds=5000)
    assert core.counters.in_flight == 0
    assert not source.locked
    assert not source.jobs
    assert set(source.handed_out) == {str(i) for i in range(1000)}


def test_stopping_lets_work_finish_within_the_grace() -> None:
    async def handle(task: MemoryJob) -> None:
        await asyncio.sleep(10 if task.id == "short" else 100)

    source = source_of("short", "long")
    serve(source, handle, seconds=1, options=Options(grace=timedelta(seconds=20)))
    assert source.outcomes == {"short": [Complete()]}
    assert source.released == ["long"]
    assert source.closed


def test_stopping_during_an_outage_ends() -> None:
    async def handle(task: MemoryJob) -> None:
        return None

    source = source_of("a", down_until=10**9)
    serve(source, handle, seconds=30)
    assert source.closed


def test_jobs_fetched_in_the_moment_of_stopping_are_not_kept() -> None:
    async def handle(task: MemoryJob) -> None:
        await asyncio.sleep(1000)

    source = source_of(poll=10)  # the poll stays open at the engine whatever the client does

    def arrive(core: Core[MemoryJob]) -> None:
        loop = asyncio.get_running_loop()

        def now() -> None:
            source.jobs.append(MemoryJob("late"))
            core.stop()

        loop.call_later(5, now)

    serve(source, handle, also=arrive)
    assert source.released == ["late"]
    assert not source.swept


def test_a_poll_longer_than_the_grace_is_cut_off_and_swept() -> None:
    async def handle(task: MemoryJob) -> None:
        return None

    source = source_of(poll=1000)
    serve(source, handle, seconds=5, options=Options(grace=timedelta(seconds=2)))
    assert source.swept
    assert source.closed


def test_what_an_open_poll_takes_of_what_was_given_back_is_given_back_again() -> None:
    async def handle(task: MemoryJob) -> None:
        await asyncio.sleep(1000)

    source = source_of("a", hands_on=True)
    serve(source, handle, seconds=5, options=Options(grace=timedelta(seconds=2)))
    assert source.released == ["a", "a"]
    assert not source.locked


def test_a_worker_that_cannot_give_back_stops_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    class Deaf(ScriptedSource):
        async def release(self, job: MemoryJob) -> None:
            raise EngineUnavailable("connection refused")

    async def handle(task: MemoryJob) -> None:
        await asyncio.sleep(1000)

    source = Deaf(deque([MemoryJob("a")]))

    def arrive(core: Core[MemoryJob]) -> None:
        asyncio.get_running_loop().call_later(5, lambda: (source.jobs.append(MemoryJob("late")), core.stop()))

    serve(source, handle, options=Options(grace=timedelta(seconds=2)), also=arrive)
    assert caplog.text.count("some locks were not given back and will expire") == 2
    assert source.closed


def test_cancelling_a_worker_gives_everything_back() -> None:
    async def handle(task: MemoryJob) -> None:
        await asyncio.sleep(1000)

    source = source_of("a", "b")

    async def scenario() -> None:
        running = asyncio.ensure_future(
            Core(source, {"work": read_handler("work", handle, MemoryJob)}, Options()).run()
        )
        await asyncio.sleep(1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert running.cancelled()

    run_virtually(scenario())
    assert sorted(source.released) == ["a", "b"]
    assert source.closed


def test_a_lost_lock_is_told_to_the_handler() -> None:
    seen: list[bool] = []

    async def handle(task: MemoryJob) -> None:
        source.locked["a"] = 0.0
        await asyncio.sleep(11)
        seen.append(task.lost)

    source = source_of("a")
    serve(source, handle, seconds=60)
    assert seen == [True]


def test_renewal_never_meets_a_report() -> None:
    """Both would change the same row, and the engine would refuse one of them."""

    class Strict(ScriptedSource):
        on_wire = 0

        async def extend(self, job: MemoryJob) -> None:
            await self._alone(super().extend(job))

        async def report(self, job: MemoryJob, outcome: Any) -> None:
            await self._alone(super().report(job, outcome))

        async def _alone(self, work: Any) -> None:
            self.on_wire += 1
            assert self.on_wire == 1
            try:
                await asyncio.sleep(2)
                await work
            finally:
                self.on_wire -= 1

    async def handle(task: MemoryJob) -> None:
        await asyncio.sleep(9.5)

    source = Strict(deque([MemoryJob("a")]), lock=timedelta(seconds=30))
    serve(source, handle, seconds=100)
    assert source.outcomes["a"] == [Complete()]


def test_an_engine_without_long_polling_is_not_hammered() -> None:
    async def handle(task: MemoryJob) -> None:
        return None

    source = source_of(poll=0)
    serve(source, handle, seconds=60)
    assert len(source.fetch_limits) <= 121


def test_nothing_unexpected_ends_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    class Odd(ScriptedSource):
        oddities = 2

        async def fetch(self, lane: Any, limit: int) -> Any:
            if self.oddities:
                self.oddities -= 1
                raise KeyError("topicName")
            return await super().fetch(lane, limit)

        async def extend(self, job: MemoryJob) -> None:
            raise KeyError("what")

    async def handle(task: MemoryJob) -> None:
        await asyncio.sleep(15)

    source = Odd(deque([MemoryJob("a")]))
    serve(source, handle, seconds=60)
    assert source.outcomes["a"] == [Complete()]
    assert any(record.exc_info for record in caplog.records)


def test_a_refused_poll_does_not_end_the_worker() -> None:
    class Refusing(ScriptedSource):
        refusals = 3

        async def fetch(self, lane: Any, limit: int) -> Any:
            if self.refusals:
                self.refusals -= 1
                raise BadRequest("what?", status=400)
            return await super().fetch(lane, limit)

    async def handle(task: MemoryJob) -> None:
        return None

    source = Refusing(deque([MemoryJob("a")]))
    serve(source, handle, seconds=60)
    assert source.outcomes["a"] == [Complete()]


def test_middleware_runs_around_handlers_in_order() -> None:
    seen: list[str] = []

    async def outer(task: MemoryJob, call: Any) -> Any:
        seen.append("outer")
        outcome = await call()
        seen.append(type(outcome).__name__)
        return outcome

    async def inner(task: MemoryJob, call: Any) -> Any:
        seen.append("inner")
        return await call()

    async def handle(task: MemoryJob) -> None:
        seen.append("handler")

    serve(source_of("a"), handle, seconds=5, options=Options(middleware=(outer, inner)))
    assert seen == ["outer", "inner", "handler", "Complete"]


def test_blocking_handlers_run_in_threads_side_by_side() -> None:
    """In real time: both handlers must be inside at once to get past the barrier."""
    barrier = threading.Barrier(2, timeout=30)
    source = source_of("a", "b", poll=0.01)

    def handle(task: MemoryJob) -> dict[str, str]:
        barrier.wait()
        return {"thread": threading.current_thread().name}

    async def scenario() -> None:
        core = Core(source, {"work": read_handler("work", handle, MemoryJob)}, Options())
        source.when_told(2, core.stop)
        await core.run()

    asyncio.run(scenario())
    assert {type(outcome) for (outcome,) in source.outcomes.values()} == {Complete}


def test_a_stuck_thread_does_not_keep_a_stopped_worker() -> None:
    stuck = threading.Event()
    source = source_of("a", poll=0.1)

    def handle(task: MemoryJob) -> None:
        core_box[0].stop()
        stuck.wait(30)

    core_box: list[Any] = []

    async def scenario() -> None:
        core = Core(
            source, {"work": read_handler("work", handle, MemoryJob)}, Options(grace=timedelta(milliseconds=20))
        )
        loop = asyncio.get_running_loop()
        stopper = type("Stopper", (), {"stop": lambda self: loop.call_soon_threadsafe(core.stop)})
        core_box.append(stopper())
        await core.run()

    asyncio.run(scenario())
    assert source.released == ["a"]
    stuck.set()


def test_async_handlers_can_run_in_threads() -> None:
    source = source_of("a", poll=0.01)

    async def handle(task: MemoryJob) -> dict[str, bool]:
        return {"main": threading.current_thread() is threading.main_thread()}

    async def scenario() -> None:
        core = Core(source, {"work": read_handler("work", handle, MemoryJob, execution="thread")}, Options())
        source.when_told(1, core.stop)
        await core.run()

    asyncio.run(scenario())
    assert source.outcomes["a"] == [Complete({"main": False})]


def in_a_process(task: MemoryJob) -> dict[str, Any]:
    if task.id == "deadly":
        os._exit(3)
    if task.id == "wrong":
        raise ValueError("wrong")
    return {"same": os.getpid() == task.variables["parent"]}


def test_handlers_in_processes_fail_alone() -> None:
    """A process that dies takes no worker along: its task fails, and the next one gets a new process."""
    source = source_of("wrong", "deadly", "fine", poll=0.01, capacity=1)
    source.jobs[2].variables = {"parent": os.getpid()}

    async def scenario() -> None:
        handler = read_handler("work", in_a_process, MemoryJob, execution="process")
        core = Core(source, {"work": handler}, Options())
        source.when_told(3, core.stop)
        await core.run()

    asyncio.run(scenario())
    wrong, deadly, fine = (source.outcomes[name][0] for name in ("wrong", "deadly", "fine"))
    assert isinstance(wrong, Fail)
    assert wrong.message == "ValueError: wrong"
    assert isinstance(deadly, Fail)
    assert "died" in deadly.message
    assert fine == Complete({"same": False})


TROUBLE = st.sampled_from(["lose the answer", "collision", "unavailable"])


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    jobs=st.integers(1, 25),
    capacity=st.integers(1, 4),
    telling=st.sampled_from([0.001, 0.7, 9.0]),
    lasting=st.lists(st.sampled_from([0.0, 0.001, 3.0]), min_size=1, max_size=5),
    trouble=st.dictionaries(st.integers(0, 24), st.lists(TROUBLE, max_size=3), max_size=8),
    outages=st.lists(st.tuples(st.floats(0, 60), st.floats(0.1, 60)), max_size=3),
)
def test_whatever_happens_each_job_is_completed_once(
    jobs: int,
    capacity: int,
    telling: float,
    lasting: list[float],
    trouble: dict[int, list[str]],
    outages: list[tuple[float, float]],
) -> None:
    present, most = 0, 0

    async def handle(task: MemoryJob) -> dict[str, str]:
        nonlocal present, most
        present += 1
        most = max(most, present)
        await asyncio.sleep(lasting[int(task.id) % len(lasting)])
        present -= 1
        return {"by": task.id}

    answers: dict[str, list[CamundaError | str]] = {
        str(number): [_trouble(name) for name in names] for number, names in trouble.items()
    }
    source = source_of(
        *(str(number) for number in range(jobs)),
        capacity=capacity, telling=telling, answers=answers, lock=timedelta(hours=1),
    )  # fmt: skip

    def disturb(core: Core[MemoryJob]) -> None:
        source.when_told(jobs, core.stop)
        loop = asyncio.get_running_loop()
        for begins, lasts in outages:
            loop.call_later(begins, setattr, source, "down_until", loop.time() + begins + lasts)

    core = serve(source, handle, seconds=9000, options=Options(grace=timedelta(hours=1)), also=disturb)
    assert source.outcomes == {str(number): [Complete({"by": str(number)})] for number in range(jobs)}
    assert (core.counters.completed, core.counters.lost, core.counters.in_flight) == (jobs, 0, 0)
    assert most <= capacity
    assert source.most_at_once <= 2 * capacity
    assert not source.released


def _trouble(name: str) -> CamundaError | str:
    match name:
        case "collision":
            return EngineFailed("somebody else was faster", status=500, code=OPTIMISTIC_LOCKING)
        case "unavailable":
            return EngineUnavailable("503", status=503)
    return name
