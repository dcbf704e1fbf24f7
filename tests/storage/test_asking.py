"""Short questions from an event loop: what a thread would find, or None where a thread has to find it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from procession.storage import Storage, open_storage
from procession.storage.asking import FEW, Asker

ONE = 'SELECT "key", "name" FROM "deployment" WHERE "key" = ? ORDER BY "key" LIMIT ?'
MANY = 'SELECT "key" FROM "deployment" WHERE "source" = ? ORDER BY "key"'
WRONG = 'SELECT 1 / CAST("name" AS INTEGER) FROM "deployment" WHERE "key" = ?'


def fill(storage: Storage, rows: int) -> None:
    with storage.transaction() as tx:
        for key in range(1, rows + 1):
            tx.driver.run(
                'INSERT INTO "deployment" ("key", "name", "source", "time") VALUES (?, ?, ?, ?)',
                [key, f"ä{key}", "few" if key <= FEW else "more", 0],
            )


async def ready(asker: Asker) -> Asker:
    """PostgreSQL's connection is opened by the first question, which itself goes the long way."""
    for _ in range(500):
        if await asker.rows("SELECT 1", []) is not None:
            return asker
        await asyncio.sleep(0.01)
    raise AssertionError("no connection was opened")


def asked(storage: Storage, work: Callable[[Asker], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        asker = storage.asker()
        assert asker is not None
        try:
            return await work(await ready(asker))
        finally:
            asker.close()

    return asyncio.run(run())


def test_rows_are_found(storage: Storage) -> None:
    fill(storage, 3)
    assert asked(storage, lambda asker: asker.rows(ONE, [2, 10])) == [(2, "ä2")]
    assert asked(storage, lambda asker: asker.rows(ONE, [7, 10])) == []
    assert asked(storage, lambda asker: asker.rows(ONE, [None, 10])) == []


def test_many_at_once_get_their_own_answers(storage: Storage) -> None:
    fill(storage, 50)

    async def work(asker: Asker) -> Any:
        return await asyncio.gather(*(asker.rows(ONE, [key % 50 + 1, 10]) for key in range(300)))

    assert asked(storage, work) == [[(key % 50 + 1, f"ä{key % 50 + 1}")] for key in range(300)]


def test_more_than_a_few_rows_are_for_a_thread(storage: Storage) -> None:
    fill(storage, FEW + FEW + 1)

    async def work(asker: Asker) -> Any:
        few, more = await asyncio.gather(asker.rows(MANY, ["few"]), asker.rows(MANY, ["more"]))
        return few, more, await asker.rows(ONE, [1, 1])

    few, more, after = asked(storage, work)
    assert few is not None
    assert len(few) == FEW
    assert more is None
    assert after == [(1, "ä1")]


def test_what_the_database_refuses_is_for_a_thread_and_spoils_nothing(storage: Storage) -> None:
    fill(storage, 2)

    async def work(asker: Asker) -> Any:
        wrong = await asker.rows("SELECT nothing FROM nowhere WHERE x = ?", [1])
        return wrong, await asker.rows(ONE, [1, 1]), await asker.rows(ONE, [2, 1])

    assert asked(storage, work) == (None, [(1, "ä1")], [(2, "ä2")])


def test_a_refusal_in_the_midst_of_others(postgres_url: str) -> None:
    storage = open_storage(postgres_url)
    fill(storage, 2)

    async def work(asker: Asker) -> Any:
        together = await asyncio.gather(asker.rows(ONE, [1, 1]), asker.rows(WRONG, [1]), asker.rows(ONE, [2, 1]))
        return together[0], together[1], await asker.rows(ONE, [2, 1])

    assert asked(storage, work) == ([(1, "ä1")], None, [(2, "ä2")])
    storage.close()


def test_nothing_is_answered_once_it_is_closed(storage: Storage) -> None:
    async def work(asker: Asker) -> Any:
        asker.close()
        return await asker.rows("SELECT 1", [])

    assert asked(storage, work) is None


def test_a_broken_connection_is_replaced(postgres_url: str) -> None:
    storage = open_storage(postgres_url)

    async def work(asker: Asker) -> Any:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'procession questions'"
            )
        broken = await asker.rows("SELECT 1", [])
        await ready(asker)
        return broken, await asker.rows("SELECT 2", [])

    assert asked(storage, work) == (None, [(2,)])
    storage.close()


def test_a_text_that_no_database_takes_is_for_a_thread(postgres_url: str) -> None:
    storage = open_storage(postgres_url)
    assert asked(storage, lambda asker: asker.rows(MANY, ["a\0b"])) is None
    storage.close()


def test_a_database_in_memory_has_nobody_to_ask() -> None:
    storage = open_storage("sqlite://")
    assert storage.asker() is None
    storage.close()


def test_closing_the_storage_closes_who_asks(database_url: str) -> None:
    storage = open_storage(database_url)

    async def work() -> Any:
        asker = storage.asker()
        assert asker is not None
        await ready(asker)
        await asyncio.to_thread(storage.close)
        return await asker.rows("SELECT 1", [])

    assert asyncio.run(work()) is None
