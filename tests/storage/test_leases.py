"""Leases: the rules of selection, and that no row is handed to two takers."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from procession.kernel.records import External, Instance, Job, Variable
from procession.kernel.state import State
from procession.storage import Storage
from procession.storage.drivers import at_once
from procession.storage.leases import (
    TopicRequest,
    extend_job_leases,
    lease_external,
    lease_jobs,
    next_due_time,
    release_jobs,
)
from procession.values import TypedValue

NOW = datetime(2024, 5, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def save(storage: Storage, *records: Any) -> None:
    with storage.transaction() as tx:
        state = State()
        for record in records:
            state.put(record)
        tx.save(state.changes())


def task(key: int, **fields: Any) -> External:
    return replace(External(key, 1, 1, 7, "p", "n", "t", NOW + key * MINUTE), **fields)


def job(key: int, **fields: Any) -> Job:
    return replace(Job(key, "timer-transition", "n", 7, 8, NOW, instance=key, due=NOW - MINUTE), **fields)


def leased(storage: Storage, *topics: TopicRequest, most: int = 10, **options: Any) -> list[int]:
    with storage.transaction() as tx:
        return [
            found.key
            for found in at_once(lease_external(tx, topics or (TopicRequest("t", 1000),), "w", most, NOW, **options))
        ]


def due(storage: Storage, most: int = 10, **options: Any) -> list[int]:
    with storage.transaction() as tx:
        return [found.key for found in lease_jobs(tx, NOW, "node", most, 1000, **options)]


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({}, True),
        ({"suspended": True}, False),
        ({"retries": 0}, False),
        ({"retries": 1}, True),
        ({"locked_until": NOW + MINUTE, "worker": "x"}, False),
        ({"locked_until": NOW, "worker": "x"}, True),
        ({"topic": "other"}, False),
    ],
    ids=str,
)
def test_which_tasks_a_worker_gets(storage: Storage, fields: dict[str, Any], taken: bool) -> None:
    save(storage, task(1, **fields))
    assert leased(storage) == ([1] if taken else [])


def test_a_leased_task_names_its_worker_and_its_end(storage: Storage) -> None:
    save(storage, task(1))
    with storage.transaction() as tx:
        (found,) = at_once(lease_external(tx, [TopicRequest("t", 1000)], "w", 1, NOW))
    assert found == task(1, worker="w", locked_until=NOW + timedelta(seconds=1))
    with storage.transaction() as tx:
        assert tx.fetch(External, [1]) == [found]


def test_tasks_come_in_the_asked_order(storage: Storage) -> None:
    save(storage, task(1), task(2, priority=5), task(3, priority=9, topic="u"), task(4, priority=5))
    both = (TopicRequest("t", 1000), TopicRequest("u", 1000))

    def free() -> None:
        with storage.transaction() as tx:
            tx.driver.run("UPDATE external_task SET locked_until = NULL")

    assert leased(storage, most=2) == [1, 2]
    free()
    assert leased(storage, *both, most=3, use_priority=True) == [3, 2, 4]
    free()
    assert leased(storage, *both, most=3, created="desc") == [4, 3, 2]
    free()
    assert sorted(leased(storage, *both)) == [1, 2, 3, 4]


def test_of_the_expired_the_longest_expired_come_first(storage: Storage) -> None:
    save(storage, *(task(key, worker="x", locked_until=NOW - key * MINUTE) for key in (1, 2, 3)), task(4))
    assert leased(storage, most=1) == [3]
    assert leased(storage, most=1, use_priority=True) == [1]
    assert leased(storage) == [2, 4]


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (TopicRequest("t", 1, business_key="b"), [1]),
        (TopicRequest("t", 1, definitions=[8, 9]), [2]),
        (TopicRequest("t", 1, process_ids=["q"]), [3]),
        (TopicRequest("t", 1, tenants=["a"]), [4]),
        (TopicRequest("t", 1, without_tenant=True, process_ids=["p"], definitions=[7]), [1, 5]),
        (TopicRequest("t", 1, variables={"x": TypedValue("Integer", 5)}), [5]),
        (TopicRequest("t", 1, variables={"x": TypedValue("Long", 5)}), []),
        (TopicRequest("t", 1, variables={"n": TypedValue("Null", None)}), [5]),
        (TopicRequest("t", 1, version_tag="v"), []),
    ],
    ids=str,
)
def test_filters(storage: Storage, wanted: TopicRequest, keys: list[int]) -> None:
    save(
        storage,
        task(1, business_key="b"),
        task(2, definition=8),
        task(3, process_id="q"),
        task(4, tenant="a"),
        task(5, instance=50),
        Variable(90, 50, 50, "x", "Integer", 5),
        Variable(91, 50, 50, "n", "Null", None),
    )
    assert leased(storage, wanted) == keys


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({}, True),
        ({"due": None}, True),
        ({"due": NOW}, True),
        ({"due": NOW + MINUTE}, False),
        ({"retries": 0}, False),
        ({"suspended": True}, False),
        ({"lock_owner": "x", "locked_until": NOW + MINUTE}, False),
        ({"lock_owner": "x", "locked_until": NOW}, True),
    ],
    ids=str,
)
def test_which_jobs_a_node_gets(storage: Storage, fields: dict[str, Any], taken: bool) -> None:
    save(storage, job(1, **fields))
    assert due(storage) == ([1] if taken else [])


def test_of_an_instance_one_exclusive_job_is_held_at_a_time(storage: Storage) -> None:
    save(
        storage, *(job(k, instance=1) for k in range(1, 50)), job(60, instance=1, exclusive=False), job(61, instance=2)
    )
    assert due(storage, 4) == [1, 60, 61]
    assert due(storage, 4) == []


def test_jobs_come_longest_due_first_or_by_priority(storage: Storage) -> None:
    save(storage, job(1, priority=1), job(2, due=NOW - 2 * MINUTE), job(3, due=None, priority=1))
    assert due(storage) == [3, 2, 1]
    with storage.transaction() as tx:
        assert release_jobs(tx, "node") == 3
    assert due(storage, by_priority=True) == [3, 1, 2]


def test_locks_are_prolonged_by_their_holder_alone(storage: Storage) -> None:
    save(storage, job(1), job(2, lock_owner="x", locked_until=NOW + MINUTE))
    assert due(storage) == [1]
    with storage.transaction() as tx:
        assert extend_job_leases(tx, [1, 2], "node", NOW + 5 * MINUTE) == [1]
        assert {j.key: j.locked_until for j in tx.find(Job, "1 = 1")} == {1: NOW + 5 * MINUTE, 2: NOW + MINUTE}


def test_when_the_next_job_can_run(storage: Storage) -> None:
    def soonest() -> datetime | None:
        with storage.transaction() as tx:
            return next_due_time(tx)

    assert soonest() is None
    save(storage, job(1, due=NOW + 3 * MINUTE), job(2, retries=0))
    assert soonest() == NOW + 3 * MINUTE
    save(storage, job(3, lock_owner="x", locked_until=NOW + MINUTE))
    assert soonest() == NOW + MINUTE
    save(storage, job(4, due=None))
    assert (soonest() or NOW) < NOW


@pytest.mark.fault(3)
def test_no_task_is_handed_to_two_workers(storage: Storage) -> None:
    save(storage, *(task(k) for k in range(1, 121)))
    start = threading.Barrier(4)

    def work(worker: int) -> list[int]:
        start.wait()
        found: list[int] = []
        while True:
            with storage.transaction() as tx:
                got = at_once(lease_external(tx, [TopicRequest("t", 60_000)], str(worker), 7, NOW))
            if not got:
                return found
            found += [one.key for one in got]

    with ThreadPoolExecutor(4) as pool:
        taken = [key for keys in pool.map(work, range(4)) for key in keys]
    assert sorted(taken) == list(range(1, 121))


@pytest.mark.fault(15)
def test_no_job_is_handed_to_two_nodes(storage: Storage) -> None:
    save(storage, *(job(k, instance=k // 2) for k in range(1, 81)))
    start = threading.Barrier(3)

    def work(node: int) -> list[int]:
        start.wait()
        found: list[int] = []
        while True:
            with storage.transaction() as tx:
                got = lease_jobs(tx, NOW, str(node), 5, 60_000)
            if not got:
                return found
            found += [one.key for one in got]

    with ThreadPoolExecutor(3) as pool:
        taken = [key for keys in pool.map(work, range(3)) for key in keys]
    assert len(taken) == len(set(taken))
    assert len({key // 2 for key in taken}) == len(taken) == 41


def test_a_lease_and_a_command_do_not_lose_each_others_change(postgres_url: str) -> None:
    from procession.storage import open_storage

    storage = open_storage(postgres_url)
    save(storage, Instance(1, 7, "p", 1), task(1), task(2))
    with storage.transaction() as command:
        command.lock_instances([1])
        state = State(command)
        state.put(replace(state.need(External, 1), retries=5))
        assert leased(storage) == [2]  # task 1 is being changed: skipped, not waited for
        command.save(state.changes())
    assert leased(storage) == [1]
    storage.close()
