"""Nodes on one PostgreSQL hear of each other's commits at once, and see it when one dies."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from procession.embedding import open_engine
from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.engine.wakening import Wanted, Work
from procession.errors import Suspended
from procession.storage import neighbours
from tests.engine.models import USER, external, flow, row

EXTERNAL = '<serviceTask id="x" camunda:type="external" camunda:topic="t"/>'


@pytest.fixture
def two(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Engine, Engine]]:
    monkeypatch.setattr(neighbours, "LOOK", 0.1)
    with open_engine(postgres_url) as one, open_engine(postgres_url) as other:
        for engine in (one, other):
            engine.neighbours.start()
        until(lambda: bool(one.neighbours.others and other.neighbours.others))
        yield one, other


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_worker_is_woken_by_the_other_node(two: tuple[Engine, Engine]) -> None:
    one, other = two
    one.deploy(("p.bpmn", row(EXTERNAL)))
    heard = threading.Event()
    other.externals_bell.listen(lambda _: heard.set())
    one.start_process("p")
    assert heard.wait(20)


def test_of_many_commits_the_other_node_hears_at_once_and_then_of_all_the_rest(
    two: tuple[Engine, Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each word wakes every node: with many of them there would be nothing else to do."""
    monkeypatch.setattr(neighbours, "PAUSE", 0.5)
    one, other = two
    last = EXTERNAL.replace('"t"', '"last"')
    one.deploy(("p.bpmn", row(EXTERNAL)), ("q.bpmn", row(last, id_="q")))
    heard: list[Work | None] = []
    heard_last = threading.Event()
    other.externals_bell.listen(heard.append, Wanted(["t"]))
    other.externals_bell.listen(lambda _: heard_last.set(), Wanted(["last"]))
    began = time.monotonic()
    for _ in range(20):
        one.start_process("p")
    one.start_process("q")
    assert heard_last.wait(20)
    assert 1 <= len(heard) <= 2 + (time.monotonic() - began) / 0.5
    assert sum(work["t"] for work in heard if work) == 20


def test_topics_with_long_names_wake_everybody(two: tuple[Engine, Engine]) -> None:
    """What PostgreSQL lets travel is bounded, names are not."""
    one, other = two
    branches = [external(f"x{n}", f"{n}{'ä' * 200}") + flow("s", f"x{n}") for n in range(25)]
    one.deploy(("p.bpmn", row(extra="".join(branches))))
    heard = threading.Event()
    other.externals_bell.listen(lambda _: heard.set(), Wanted(["something else"]))
    one.start_process("p")
    assert heard.wait(20)


@pytest.mark.fault(8, 15)
def test_who_lost_its_connections_hears_and_is_seen_again(two: tuple[Engine, Engine], postgres_url: str) -> None:
    """As after a restart of PostgreSQL: everybody listens again, and holds the lock of its number again."""
    one, other = two
    one.deploy(("p.bpmn", row(EXTERNAL)))
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
            "pg_backend_pid()"
        )
        seen = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted"
        until(lambda: admin.execute(seen).fetchall() == [(2,)])
    heard = threading.Event()
    other.externals_bell.listen(lambda _: heard.set())
    until(lambda: bool(one.neighbours.others))
    one.start_process("p")
    assert heard.wait(20)


def test_a_definition_that_is_suspended_starts_nowhere(two: tuple[Engine, Engine]) -> None:
    one, other = two
    one.deploy(("p.bpmn", row(USER)))
    key = other.start_process("p").definition
    one.submit(ec.SuspendDefinition(key, True))

    def refused() -> bool:
        try:
            other.submit(ec.StartProcess(definition=key))
        except Suspended:
            return True
        return False

    until(refused)


_NODE = """
import sys, time
from procession.embedding import open_engine
engine = open_engine(sys.argv[1])
engine.neighbours.start()
with engine.storage.transaction() as transaction:
    transaction.driver.run("UPDATE job SET lock_owner = ?, locked_until = ?", [engine.jobs.owner, 2**53])
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("it_comes", ["before", "after"])
def test_what_a_dead_node_held_is_free_soon(it_comes: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether this node came before the other one died or only afterwards."""
    monkeypatch.setattr(neighbours, "LOOK", 0.1)
    with open_engine(postgres_url) as engine:
        engine.deploy(("p.bpmn", row('<userTask id="u" camunda:asyncBefore="true"/>')))
        engine.start_process("p")
        node = subprocess.Popen([sys.executable, "-c", _NODE, postgres_url], stdout=subprocess.PIPE, text=True)
        assert node.stdout is not None
        assert node.stdout.readline() == "ready\n"
        if it_comes == "before":
            engine.neighbours.start()
            until(lambda: bool(engine.neighbours.others))
        assert engine.jobs.run_due() == 0
        node.kill()
        node.wait()
        node.stdout.close()
        engine.neighbours.start()
        until(lambda: engine.jobs.run_due() == 1)


def test_sqlite_has_nobody_to_hear(sqlite_url: str) -> None:
    with open_engine(sqlite_url) as engine:
        engine.neighbours.start()
        assert engine.neighbours.others == frozenset()


def test_a_connection_that_broke_while_nobody_used_it_costs_no_command(postgres_url: str) -> None:
    with open_engine(postgres_url) as engine:
        engine.deploy(("p.bpmn", row(USER)))
        with engine.storage.transaction() as transaction:
            (pid,) = transaction.driver.rows("SELECT pg_backend_pid()")[0]
        with psycopg.connect(postgres_url, autocommit=True) as other:
            assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchall() == [(True,)]
        assert engine.start_process("p").instance
