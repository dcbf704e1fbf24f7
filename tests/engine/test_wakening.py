"""Who is woken by what: a bell is for those who wait for a topic, for as many as there is work for, and for those who wait
for anything."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.engine import commands as ec
from procession.engine import polling
from procession.engine.engine import Engine
from procession.engine.polling import found, leased
from procession.engine.wakening import Bell, Listener, Wanted, Work
from procession.kernel import commands as c
from procession.kernel.records import External
from procession.storage import Transaction
from procession.storage.drivers import Asked, Later
from procession.storage.leases import TopicRequest, lease_external
from tests.engine.looking import count, one
from tests.engine.models import external, row


def test_a_ring_for_work_wakes_who_waits_for_one_of_its_topics() -> None:
    bell, heard = Bell(), list[str]()

    def listener(name: str) -> Listener:
        return lambda work: heard.append(name)

    for name, wanted in (("a", Wanted(["a"])), ("b", Wanted(["b", "c"])), ("all", None)):
        bell.listen(listener(name), wanted)
    bell.ring({"c": 1, "d": 1})
    assert heard == ["b", "all"]
    bell.ring({})
    assert heard == ["b", "all", "all"]
    bell.ring()
    assert heard == ["b", "all", "all", "a", "b", "all"]


def test_who_has_stopped_listening_is_not_woken() -> None:
    bell, heard = Bell(), list[Work | None]()
    forget = bell.listen(heard.append)
    forget()
    forget()
    bell.ring()
    assert heard == []


def test_who_came_first_is_woken_first_and_who_may_not_want_it_takes_nothing_away() -> None:
    bell, heard = Bell(), dict[str, Work | None]()
    for name, most in (("picky", None), ("one", 1), ("three", 3), ("late", 5)):
        bell.listen(partial(heard.__setitem__, name), Wanted(["t"], most))
    bell.ring({"t": 3})
    assert heard == {"picky": {"t": 3}, "one": {"t": 1}, "three": {"t": 2}}


@given(
    st.lists(st.tuples(st.sets(st.sampled_from("abc"), min_size=1), st.integers(1, 4)), max_size=8),
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 6)),
)
def test_nobody_sleeps_while_there_is_work_and_nobody_is_woken_for_another_s(
    waiting: list[tuple[set[str], int]], work: Mapping[str, int]
) -> None:
    bell, shares = Bell(), dict[int, Work | None]()
    for place, (topics, most) in enumerate(waiting):
        bell.listen(partial(shares.__setitem__, place), Wanted(sorted(topics), most))
    bell.ring(work)
    left = {**work}
    for place, share in shares.items():
        assert share
        assert set(share) <= waiting[place][0]
        assert sum(share.values()) <= waiting[place][1]
        for topic, number in share.items():
            left[topic] -= number
    assert all(number >= 0 for number in left.values())
    for place, (topics, most) in enumerate(waiting):
        got = sum((shares.get(place) or {}).values())
        assert got == most or not any(left.get(topic) for topic in topics)


def test_a_task_wakes_its_workers_when_it_comes_and_when_it_is_free_but_not_when_it_is_done(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(external())))
    heard = list[str]()
    topic = "work"
    engine.externals_bell.listen(lambda _: heard.append("its own"), Wanted([topic], 1))
    engine.externals_bell.listen(lambda _: heard.append("another"), Wanted([f"not {topic}"], 1))
    engine.start_process("p")
    key, topic_of_task = (
        int(one(engine, "SELECT key FROM external_task")),
        one(engine, "SELECT topic FROM external_task"),
    )
    assert (topic_of_task, heard) == (topic, ["its own"])
    engine.submit(c.ChangeExternal(key, lock=("w", None)))
    engine.submit(c.ChangeExternal(key, lock=(None, None)))
    assert set(heard) == {"its own"}
    before = len(heard)
    engine.externals_bell.listen(lambda _: heard.append("any"))
    engine.submit(c.CompleteExternal(key, None))
    assert heard[before:] == ["any"]


def test_no_task_is_left_while_workers_come_wait_and_go(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "POLL", 60.0)  # a wake-up that gets lost is a task that nobody does
    engine.deploy(("p.bpmn", row(external())))
    number, done, chance = 150, list[int](), Random(7)

    async def worker(name: str, most: int) -> None:
        def free(tasks: Sequence[External]) -> list[c.ChangeExternal]:
            return [c.ChangeExternal(task.key, lock=(None, None), holder=name) for task in tasks]

        def take(transaction: Transaction) -> Asked[Later[list[External]]]:
            tasks = yield from lease_external(transaction, [TopicRequest("work", 60_000)], name, most, engine.clock())
            return lambda: tasks

        while True:
            for task in await leased(engine, take, 60, free, Wanted(["work"], most)):
                await asyncio.shield(engine.submitted(c.CompleteExternal(task.key, name)))
                done.append(task.key)

    async def all_done() -> bool:
        return not count(engine, "external_task")

    async def play() -> None:
        workers = [asyncio.create_task(worker(str(n), 1 if n < 3 else 2)) for n in range(6)]
        for _ in range(number // 3):
            await asyncio.gather(*(engine.submitted(ec.StartProcess(process_id="p")) for _ in range(3)))
            for place in chance.sample(range(3), 2):  # who goes holds nothing, or one that is given back
                workers[place].cancel()
                workers[place] = asyncio.create_task(worker(f"{place} anew", 1))
            await asyncio.sleep(0)
        assert await found(engine.endings_bell, all_done, 30)
        for one_ in workers:
            one_.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    asyncio.run(play())
    assert len(set(done)) == len(done)


# ---------------------------------------------------------------- waiting on an event loop


class Shelf:
    """What several wait for on one loop: each look takes one of what is there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(polling, "POLL", 60.0)  # so that nothing but the bell wakes anybody
        self.bell = Bell()
        self.there: list[str] = []
        self.looks = 0

    def add(self, name: str) -> None:
        self.there.append(name)
        self.bell.ring({"t": 1})

    async def look(self) -> str | None:
        self.looks += 1
        await asyncio.sleep(0)
        return self.there.pop(0) if self.there else None

    async def waiters(self, number: int) -> list[asyncio.Task[str | None]]:
        """So many who wait, all of whom have looked once."""
        tasks = [asyncio.create_task(found(self.bell, self.look, 600, Wanted(["t"], 1))) for _ in range(number)]
        await self.settled()
        return tasks

    async def settled(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


def within(play: Coroutine[Any, Any, None]) -> None:
    """Runs it; what nobody is woken for fails."""
    asyncio.run(asyncio.wait_for(play, 10))


def test_of_many_who_wait_one_looks_for_one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        work = Shelf(monkeypatch)
        tasks = await work.waiters(30)
        assert work.looks == 30
        work.add("x")
        await work.settled()
        assert (await tasks[0], work.looks) == ("x", 31)
        for task in tasks[1:]:
            task.cancel()

    within(play())


def test_what_comes_before_anybody_has_looked_is_for_several(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        work = Shelf(monkeypatch)
        tasks = await work.waiters(3)
        for name in "xyz":
            work.add(name)
        assert sorted(str(name) for name in await asyncio.gather(*tasks)) == ["x", "y", "z"]

    within(play())


def test_who_goes_when_he_was_woken_wakes_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        work = Shelf(monkeypatch)
        first, second = await work.waiters(2)
        work.add("x")
        first.cancel()
        assert await second == "x"

    within(play())


def test_who_fails_to_look_wakes_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        work = Shelf(monkeypatch)

        async def broken() -> None:
            if work.there:
                raise RuntimeError("gone")

        first = asyncio.create_task(found(work.bell, broken, 600, Wanted(["t"], 1)))
        (second,) = await work.waiters(1)
        work.add("x")
        assert await second == "x"
        with pytest.raises(RuntimeError, match="gone"):
            await first

    within(play())
