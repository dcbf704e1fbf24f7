"""Lists that find a handful of rows by key are answered without a thread, others in one; nobody can tell them apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from procession.camunda7.dialect import Camunda7Dialect
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.server.settings import Settings
from procession.storage import open_storage
from procession.storage.asking import FEW, Asker
from tests.engine.models import row
from tests.server.calling import Caller

Ask = Callable[[str], Awaitable[list[dict[str, Any]]]]
MANY = '<userTask id="u"><multiInstanceLoopCharacteristics><loopCardinality>${n}</loopCardinality>'
LOOP = row(f"{MANY}</multiInstanceLoopCharacteristics></userTask>")


def asked(
    url: str, monkeypatch: pytest.MonkeyPatch, work: Callable[[Engine, Ask, dict[str, int]], Awaitable[None]]
) -> None:
    """Calls the application on one event loop; counts how many questions the loop answered itself."""
    counted = {"on the loop": 0}

    async def run(engine: Engine) -> None:
        transport = httpx.ASGITransport(app=create_app(engine, Settings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

            async def ask(path: str) -> list[dict[str, Any]]:
                answer = await client.get(f"/engine-rest{path}")
                assert answer.status_code == 200, answer.text
                found: list[dict[str, Any]] = answer.json()
                return found

            for _ in range(500):  # PostgreSQL's connection is opened by the first question, which goes the long way
                await ask("/task?processInstanceId=1")
                if counted["on the loop"]:
                    break
                await asyncio.sleep(0.01)
            await work(engine, ask, counted)

    def counting(kind: type[Asker]) -> None:
        rows = kind.rows

        async def counted_rows(asker: Asker, *asked: Any) -> Any:
            found = await rows(asker, *asked)
            counted["on the loop"] += found is not None and len(found) <= FEW
            return found

        monkeypatch.setattr(kind, "rows", counted_rows)

    for kind in Asker.__subclasses__():
        counting(kind)
    with Engine(open_storage(url), Camunda7Dialect()) as engine:
        engine.deploy(("p.bpmn", LOOP))
        asyncio.run(run(engine))


@pytest.mark.parametrize("tasks", [1, FEW, FEW + 1, 2 * FEW])
def test_all_rows_come_whichever_way(database_url: str, tasks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(engine: Engine, ask: Ask, counted: dict[str, int]) -> None:
        instance = engine.start_process("p", {"n": tasks}).instance
        for most in (None, 1, FEW - 1, FEW, FEW + 1, FEW + 50):
            before = counted["on the loop"]
            paging = "" if most is None else f"&maxResults={most}"
            found = await ask(f"/task?processInstanceId={instance}{paging}")
            expected = tasks if most is None else min(tasks, most)
            assert len({task["id"] for task in found}) == len(found) == expected
            assert (counted["on the loop"] > before) is (expected <= FEW)

    asked(database_url, monkeypatch, work)


def test_both_ways_write_the_same(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(engine: Engine, ask: Ask, counted: dict[str, int]) -> None:
        instance = engine.start_process("p", {"n": 3}).instance
        for path in ("task", "execution", "history/task", "history/activity-instance", "event-subscription"):
            before = counted["on the loop"]
            short = await ask(f"/{path}?processInstanceId={instance}")
            assert counted["on the loop"] == before + 1
            with monkeypatch.context() as without:
                without.setattr(engine.storage, "asker", lambda: None)
                long = await asyncio.to_thread(
                    Caller(create_app(engine, Settings())).get, f"/{path}?processInstanceId={instance}"
                )
            assert long == short

    asked(database_url, monkeypatch, work)


def test_what_more_is_wanted_of_tasks_is_read_in_a_thread(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(engine: Engine, ask: Ask, counted: dict[str, int]) -> None:
        instance = engine.start_process("p", {"n": 1}).instance
        (task,) = await ask(f"/task?processInstanceId={instance}&withTaskVariablesInReturn=true")
        assert task["variables"]["n"]["value"] == 1

    asked(database_url, monkeypatch, work)


def test_a_key_that_is_none_finds_nothing(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(engine: Engine, ask: Ask, counted: dict[str, int]) -> None:
        engine.start_process("p", {"n": 1})
        assert await ask("/task?processInstanceId=none-such") == []
        assert await ask("/task?processInstanceId=1&maxResults=0") == []

    asked(database_url, monkeypatch, work)
