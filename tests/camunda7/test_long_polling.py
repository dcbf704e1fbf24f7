"""Waiting for external tasks: nothing is held meanwhile, a commit wakes, a client that goes away ends it."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import httpx
import pytest

from procession.engine import polling
from procession.engine.commands import StartProcess
from procession.engine.engine import Engine
from tests.camunda7.dialogues.player import MODELS
from tests.camunda7.served import served


def fetch(base: str, wait: int, **options: Any) -> list[dict[str, Any]]:
    """One fetch of a worker that waits so many milliseconds."""
    topic = {"topicName": "cmd_charge", "lockDuration": 60_000}
    body = {"workerId": "w", "maxTasks": 10, "asyncResponseTimeout": wait, "topics": [topic], **options}
    answer = httpx.post(f"{base}/external-task/fetchAndLock", json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def deploy(engine: Engine) -> None:
    engine.deploy(("cmd_external.bpmn", (MODELS / "cmd_external.bpmn").read_bytes()))


def start(engine: Engine) -> None:
    engine.submit(StartProcess(process_id="cmd_external"))


def test_a_commit_wakes_a_waiting_worker(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "POLL", 60.0)  # so that nothing but the bell can wake it
    with served(sqlite_url) as (engine, base):
        deploy(engine)
        found: list[Any] = []
        worker = threading.Thread(target=lambda: found.extend(fetch(base, 20_000)))
        worker.start()
        waiting(engine)
        start(engine)
        worker.join(15)
        assert [task["workerId"] for task in found] == ["w"]


def test_what_cannot_be_told_locks_nothing(database_url: str) -> None:
    """A value that is to be deserialised and cannot be fails the request, before anything is committed."""
    with served(database_url) as (engine, base):
        deploy(engine)
        kind = {"objectTypeName": "some.Type", "serializationDataFormat": "application/json"}
        variable = {"type": "Object", "value": "{no JSON", "valueInfo": kind}
        start = f"{base}/process-definition/key/cmd_external/start"
        assert httpx.post(start, json={"variables": {"o": variable}}, timeout=30).status_code == 200
        topic = {"topicName": "cmd_charge", "lockDuration": 60_000, "deserializeValues": True}
        body = {"workerId": "w", "maxTasks": 10, "topics": [topic]}
        assert httpx.post(f"{base}/external-task/fetchAndLock", json=body, timeout=30).status_code == 500
        (task,) = fetch(base, 0)
        assert task["variables"]["o"]["value"] == "{no JSON"


def waiting(engine: Engine) -> None:
    """Returns when somebody listens to the bell."""
    until = time.monotonic() + 10
    while not engine.externals_bell._listeners:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_what_no_bell_tells_is_found_by_looking(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "POLL", 0.05)
    with served(sqlite_url) as (engine, base):
        monkeypatch.setattr(engine.externals_bell, "ring", lambda work=None: None)
        deploy(engine)
        found: list[Any] = []
        worker = threading.Thread(target=lambda: found.extend(fetch(base, 20_000)))
        worker.start()
        waiting(engine)
        start(engine)
        worker.join(15)
        assert len(found) == 1


def test_time_outs_follow_real_time_while_the_clock_stands(sqlite_url: str) -> None:
    with served(sqlite_url) as (engine, base):
        deploy(engine)
        engine.clock.freeze(engine.clock())
        began = time.monotonic()
        assert fetch(base, 200) == []
        assert 0.19 <= time.monotonic() - began < 10


def test_many_wait_and_others_are_served(sqlite_url: str) -> None:
    """More waiting requests than threads: a waiting one holds none."""
    with served(sqlite_url) as (engine, base):
        deploy(engine)

        async def all_at_once() -> tuple[int, list[int]]:
            limits = httpx.Limits(max_connections=200)
            async with httpx.AsyncClient(limits=limits, timeout=30) as client:
                body = {
                    "workerId": "w",
                    "maxTasks": 1,
                    "asyncResponseTimeout": 3_000,
                    "topics": [{"topicName": "cmd_charge", "lockDuration": 60_000}],
                }
                url = f"{base}/external-task/fetchAndLock"
                polls = [asyncio.ensure_future(client.post(url, json=body)) for _ in range(60)]
                await asyncio.sleep(0.3)
                version = await client.get(f"{base}/version")
                await asyncio.to_thread(start, engine)
                answers = await asyncio.gather(*polls)
                return version.status_code, [len(answer.json()) for answer in answers]

        status, counts = asyncio.run(all_at_once())
        assert (status, sorted(counts)) == (200, [0] * 59 + [1])


def test_who_goes_away_gets_no_task(sqlite_url: str) -> None:
    with served(sqlite_url) as (engine, base):
        deploy(engine)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{base}/external-task/fetchAndLock",
                json={
                    "workerId": "gone",
                    "maxTasks": 1,
                    "asyncResponseTimeout": 60_000,
                    "topics": [{"topicName": "cmd_charge", "lockDuration": 60_000}],
                },
                timeout=0.3,
            )
        until = time.monotonic() + 10
        while engine.externals_bell._listeners and time.monotonic() < until:
            time.sleep(0.01)
        start(engine)
        assert [task["workerId"] for task in fetch(base, 0)] == ["w"]
