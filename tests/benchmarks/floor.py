"""What the database alone can do: the rows of a run, written again in the same transactions by a loop, and nothing read.

Statements, values and batches are the run's own, recorded as they went to the driver, which adds next to nothing: prepared
statements, one flight per transaction on PostgreSQL. What was engine is left out, and so are all its questions, so this is
the limit of anything that stores the same. `same_rows` proves that both databases hold the same afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import func, select

from procession.storage import Storage, schema
from procession.storage.drivers import SqliteDriver
from procession.storage.postgres import PostgresDriver
from tests.benchmarks.filling import RUNTIME

METHODS = ("run", "insert", "update", "delete")
Call = tuple[str, tuple[Any, ...], dict[str, Any]]


class Recorder:
    """Keeps every change of every transaction. `delete` runs another statement inside: only the outer call is kept."""

    def __init__(self) -> None:
        self.transactions: list[list[Call]] = []
        self._inside = False

    @contextmanager
    def recording(self) -> Iterator[None]:
        kinds = (SqliteDriver, PostgresDriver)
        before = {(kind, name): getattr(kind, name) for kind in kinds for name in (*METHODS, "together", "__init__")}
        for (kind, name), method in before.items():
            setattr(kind, name, self._wrapped(name, method))
        try:
            yield
        finally:
            for (kind, name), method in before.items():
                setattr(kind, name, method)

    def _wrapped(self, name: str, method: Any) -> Any:
        if name == "__init__":

            def begin(driver: Any, connection: Any) -> None:
                method(driver, connection)
                driver.calls = []
                self.transactions.append(driver.calls)

            return begin
        if name == "together":

            @contextmanager
            def together(driver: Any) -> Iterator[None]:
                driver.calls.append(("together", (), {}))
                with method(driver):
                    yield
                driver.calls.append(("apart", (), {}))

            return together

        def call(driver: Any, *arguments: Any, **named: Any) -> Any:
            if self._inside:
                return method(driver, *arguments, **named)
            driver.calls.append((name, arguments, named))
            self._inside = True
            try:
                return method(driver, *arguments, **named)
            finally:
                self._inside = False

        return call

    def taken(self) -> list[list[Call]]:
        """The transactions so far that changed anything; begins anew."""
        found, self.transactions = [calls for calls in self.transactions if calls], []
        return found


def same_rows(one: Storage, other: Storage) -> None:
    """Raises AssertionError where two databases do not hold the same process instances, runtime and history."""
    for table in (*RUNTIME, *schema.HISTORY):
        key = table.c.key
        sums = select(func.count(), func.sum(key % 1_000_003))
        found = []
        for storage in (one, other):
            with storage.read() as connection:
                found.append(tuple(connection.execute(sums).one()))
        assert found[0] == found[1], f"{table.name}: {found[0]} rows and sum of keys, {found[1]} when written again"


def replay(storage: Storage, transactions: list[list[Call]]) -> tuple[float, float]:
    """Sends the transactions again; seconds of wall time, and of this process' processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    for calls in transactions:
        with storage.transaction() as transaction, ExitStack() as open_:
            driver = transaction.driver
            for name, arguments, named in calls:
                if name == "together":
                    open_.enter_context(driver.together())
                elif name == "apart":
                    open_.close()
                else:
                    getattr(driver, name)(*arguments, **named)
    return time.perf_counter() - wall, time.process_time() - cpu
