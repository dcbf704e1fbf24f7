"""Definitions by version, tag, deployment and tenant; what waits for messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from procession.errors import Conflict
from procession.kernel.records import Element, Instance, Subscription, Variable
from procession.kernel.state import State
from procession.storage import Storage, correlation, repository
from procession.storage.correlation import start_subscriptions, waiting_subscriptions
from procession.storage.repository import (
    DecisionDefinition,
    DecisionRequirements,
    Deployment,
    JobDefinition,
    ProcessDefinition,
    Row,
)
from procession.values import TypedValue

NOW = datetime(2024, 5, 1, tzinfo=UTC)
FIRST = Deployment(1, "app", "test", NOW, None)
SECOND = Deployment(2, "app", None, NOW + timedelta(hours=1), None)


def process(key: int, version: int, deployment: int = 1, tag: str | None = None, **fields: Any) -> ProcessDefinition:
    given = {"suspended": False, "tenant": None} | fields
    return ProcessDefinition(
        key, f"p:{version}:{key}", "p", version, "P", None, deployment, "p.bpmn", None, tag, 5,
        startable=True, has_start_form=False, **given,
    )  # fmt: skip


ROWS: tuple[Row, ...] = (
    FIRST,
    SECOND,
    process(20, 1, tag="old"),
    process(21, 2, 2, tag="old", suspended=True),
    process(22, 3, 2, tag="new"),
    process(23, 1, 2, tenant="t"),
    DecisionRequirements(30, "g:1:30", "g", 1, None, None, 1, "a.dmn", None, None),
    DecisionDefinition(31, "d:1:31", "d", 1, None, None, 1, "a.dmn", None, 30, "g", None, None, None),
    JobDefinition(40, 20, "p", "wait", "timer-transition", "DURATION: PT1H", False, None, 1, None),
)


def deploy(storage: Storage) -> None:
    with storage.transaction() as tx:
        repository.lock_deployments(tx.driver)
        repository.add(tx.driver, ROWS)
        repository.add_resources(tx.driver, 1, [(10, "p.bpmn", b"<xml/>"), (11, "a.dmn", bytes(9000))])


def save(storage: Storage, *records: Any) -> None:
    with storage.transaction() as tx:
        state = State()
        for record in records:
            state.put(record)
        tx.save(state.changes())


def test_definitions_are_found_in_every_way(storage: Storage) -> None:
    deploy(storage)
    kind = ProcessDefinition
    with storage.transaction() as tx:
        driver = tx.driver

        def key(found: ProcessDefinition | None) -> int | None:
            return found and found.key

        assert key(repository.latest(driver, kind, "p", None)) == 22
        assert key(repository.latest(driver, kind, "p", "t")) == 23
        assert key(repository.latest(driver, kind, "p", "u")) is None
        assert key(repository.version(driver, kind, "p", 1, None)) == 20
        assert key(repository.version(driver, kind, "p", 1, "t")) == 23
        assert {d.key for d in repository.tagged(driver, kind, "p", "old", None)} == {20, 21}
        assert [d.key for d in repository.in_deployment(driver, kind, 1)] == [20]
        assert key(repository.by_id(driver, kind, "p:2:21")) == 21
        assert key(repository.get(driver, kind, 99)) is None


def test_rows_come_back_as_they_were(storage: Storage) -> None:
    deploy(storage)
    with storage.transaction() as tx:
        assert tuple(repository.get(tx.driver, type(row), row.key) for row in ROWS) == ROWS
        assert repository.resources(tx.driver, 1) == [("p.bpmn", b"<xml/>"), ("a.dmn", bytes(9000))]
        assert repository.resource(tx.driver, 1, "p.bpmn") == b"<xml/>"
        assert repository.resource(tx.driver, 1, "none") is None
        assert repository.latest_deployment(tx.driver, "app", None, None) == SECOND
        assert repository.latest_deployment(tx.driver, "app", None, "t") is None


def test_a_deployment_goes_with_all_that_belongs_to_it(storage: Storage) -> None:
    deploy(storage)
    with storage.transaction() as tx:
        repository.delete_deployment(tx.driver, 1)
        assert [row.key for row in ROWS if repository.get(tx.driver, type(row), row.key)] == [2, 21, 22, 23]


def test_definitions_go_with_their_job_definitions(storage: Storage) -> None:
    deploy(storage)
    with storage.transaction() as tx:
        repository.delete_definitions(tx.driver, [20])
        assert repository.get(tx.driver, ProcessDefinition, 20) is None
        assert repository.get(tx.driver, JobDefinition, 40) is None


def test_a_version_is_given_once(storage: Storage) -> None:
    deploy(storage)

    def again() -> None:
        with storage.transaction() as tx:
            repository.add(tx.driver, [process(50, 3)])

    with pytest.raises(Conflict):
        again()


def test_definitions_are_changed(storage: Storage) -> None:
    deploy(storage)
    with storage.transaction() as tx:
        repository.change_definition(tx.driver, 20, "suspended", True)
        repository.change_job_definition(tx.driver, 40, "priority", 7)
        assert repository.get(tx.driver, ProcessDefinition, 20) == process(20, 1, tag="old", suspended=True)
        found = repository.get(tx.driver, JobDefinition, 40)
        assert found is not None
        assert found.priority == 7


@pytest.mark.parametrize(
    ("kind", "name", "filters", "keys"),
    [
        ("message", "go", {}, [60, 61, 62]),
        ("message", None, {}, [60, 61, 62, 63]),
        ("signal", "go", {}, [64]),
        ("message", "go", {"instance": 2}, [61, 62]),
        ("message", "go", {"element": 10}, [60]),
        ("message", "go", {"business_key": "b"}, [60]),
        ("message", "go", {"tenant": "t"}, [62]),
        ("message", "go", {"without_tenant": True}, [60, 61]),
        ("message", "go", {"variables": {"x": TypedValue("Integer", 5)}}, [60]),
        ("message", "go", {"variables": {"x": TypedValue("String", "5")}}, [61, 62]),
        ("message", "go", {"local_variables": {"y": TypedValue("Boolean", True)}}, [60]),
    ],
    ids=str,
)
def test_what_waits_for_a_message(
    storage: Storage,
    kind: str,
    name: str | None,
    filters: dict[str, Any],
    keys: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save(
        storage,
        Instance(1, 20, "p", 1, business_key="b"),
        Instance(2, 20, "p", 2),
        Instance(3, 20, "p", 3, suspended=True),
        Element(10, 1, 1, "wait"),
        Variable(90, 1, 1, "x", "Integer", 5),
        Variable(91, 2, 2, "x", "String", "5"),
        Variable(92, 1, 10, "y", "Boolean", True),
        Subscription(60, "message", "go", "wait", 20, NOW, 1, 10),
        Subscription(61, "message", "go", "wait", 20, NOW, 2, 11),
        Subscription(62, "message", "go", "wait", 20, NOW, 2, 12, tenant="t"),
        Subscription(63, "message", "other", "wait", 20, NOW, 2, 12),
        Subscription(64, "signal", "go", "wait", 20, NOW, 1, 10),
        Subscription(65, "message", "go", "wait", 20, NOW, 3, 13),
    )
    with storage.transaction() as tx:
        assert [s.key for s in waiting_subscriptions(tx, kind, name, **filters)] == keys
        monkeypatch.setattr(
            correlation, "FEW", 0
        )  # where many have the value, what waits for the name is looked through
        assert [s.key for s in waiting_subscriptions(tx, kind, name, **filters)] == keys


def test_what_a_message_starts(storage: Storage) -> None:
    deploy(storage)
    save(
        storage,
        Subscription(60, "message", "go", "start", 20, NOW),
        Subscription(61, "message", "go", "start", 21, NOW),  # of a suspended definition
        Subscription(62, "message", "go", "start", 23, NOW, tenant="t"),
        Subscription(63, "message", "go", "wait", 20, NOW, 1, 10),
    )
    with storage.transaction() as tx:
        assert [s.key for s in start_subscriptions(tx, "message", "go")] == [60, 62]
        assert [s.key for s in start_subscriptions(tx, "message", "go", tenant="t")] == [62]
        assert [s.key for s in start_subscriptions(tx, "message", "go", without_tenant=True)] == [60]
        assert [s.key for s in start_subscriptions(tx, "message", None, definition=20)] == [60]
        assert start_subscriptions(tx, "signal", "go") == []
