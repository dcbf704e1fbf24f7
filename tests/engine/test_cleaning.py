"""Clean-up of history: what has expired goes, in batches, inside its window, and nothing else does."""

from __future__ import annotations

import threading
import time as real
from datetime import UTC, datetime, timedelta

import pytest

from procession.engine.cleaning import Window
from procession.engine.engine import Engine
from procession.errors import Invalid
from procession.kernel import commands as c
from procession.storage.history_tables import HISTORY
from tests.engine.conftest import Opener
from tests.engine.looking import count, task
from tests.engine.models import USER, call, file, process, row

KEPT = 'camunda:historyTimeToLive="P2D"'


def finish(engine: Engine, number: int = 1) -> None:
    for _ in range(number):
        instance = engine.start_process("p", {"n": 1, "long": "x" * 9000}).instance
        engine.submit(c.ClaimTask(task(engine, instance=instance), "ann"), user="ann")
        engine.submit(c.CompleteTask(task(engine, instance=instance)))


def left(engine: Engine) -> dict[str, int]:
    found = {table.name: count(engine, table.name, "instance IS NOT NULL") for table in HISTORY}
    return {name: number for name, number in {**found, "big_value": count(engine, "big_value")}.items() if number}


def test_what_has_expired_goes_whole(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER, attributes=KEPT)))
    finish(engine, 3)
    assert (engine.cleaner.removable(), engine.cleaner.run()) == (0, 0)
    engine.clock.shift(timedelta(days=2, seconds=1))
    assert engine.cleaner.removable() == 3
    assert count(engine, "history_instance") == 3  # a dry run removes nothing
    assert (engine.cleaner.run(), engine.cleaner.removed) == (3, 3)
    assert left(engine) == {}


def test_what_runs_or_lives_for_ever_stays(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER, attributes=KEPT)), ("q.bpmn", row('<manualTask id="m"/>', id_="q")))
    engine.start_process("p")
    engine.start_process("q")
    engine.clock.shift(timedelta(days=999))
    assert engine.cleaner.run() == 0
    assert count(engine, "history_instance") == 2


def test_what_was_called_goes_with_its_root(engine: Engine) -> None:
    called = process('<manualTask id="m"/>', id_="q", start='<startEvent id="qs"/>', end='<endEvent id="qe"/>')
    engine.deploy(("p.bpmn", file(process(call("c", "q"), attributes=KEPT), called)))
    engine.start_process("p")
    engine.clock.shift(timedelta(days=3))
    assert engine.cleaner.run() == 2
    assert left(engine) == {}


def test_batches(opener: Opener) -> None:
    engine = opener(cleanup_batch=2)
    engine.deploy(("p.bpmn", row(USER, attributes=KEPT)))
    finish(engine, 5)
    engine.clock.shift(timedelta(days=3))
    assert engine.cleaner.run(batches=1) == 2
    assert engine.cleaner.run() == 3


def test_several_nodes_clean_side_by_side(opener: Opener) -> None:
    engines = [opener(cleanup_batch=1), opener(cleanup_batch=1)]
    engines[0].deploy(("p.bpmn", row(USER, attributes=KEPT)))
    finish(engines[0], 8)
    for one in engines:
        one.clock.shift(timedelta(days=3))
    threads = [threading.Thread(target=one.cleaner.run) for one in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engines[0].cleaner.run()
    assert sum(one.cleaner.removed for one in engines) == 8
    assert left(engines[0]) == {}


def test_by_itself_while_the_window_is_open(opener: Opener) -> None:
    engine = opener(cleanup_window="00:00-00:00")
    engine.deploy(("p.bpmn", row(USER, attributes=KEPT)))
    finish(engine)
    engine.clock.shift(timedelta(days=3))
    engine.start()
    until = real.monotonic() + 20
    while engine.cleaner.removed < 1:
        assert real.monotonic() < until
        real.sleep(0.01)


@pytest.mark.parametrize(
    ("window", "at", "expected"),
    [
        ("02:00-05:00", "02:00", True),
        ("02:00-05:00", "05:00", False),
        ("22:00-06:00", "23:59", True),
        ("22:00-06:00", "05:59", True),
        ("22:00-06:00", "12:00", False),
        ("00:00-00:00", "12:00", True),
    ],
)
def test_windows(window: str, at: str, expected: bool) -> None:
    moment = datetime.strptime(f"2026-03-02 {at}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    assert Window.read(window).is_open(moment) is expected


@pytest.mark.parametrize("text", ["", "2-5", "02:00", "24:00-05:00", "02:00 - 05:00"])
def test_a_window_that_is_none(text: str) -> None:
    with pytest.raises(Invalid):
        Window.read(text)
