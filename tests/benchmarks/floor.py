"""What the database alone costs: the very statements of a run, sent again in the same transactions to a copy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from procession.storage import Storage
from procession.storage.drivers import SqliteDriver
from procession.storage.postgres import PostgresDriver

METHODS = ("rows", "run", "insert", "update", "delete")
Call = tuple[str, tuple[Any, ...], dict[str, Any]]


class Recorder:
    """Keeps every statement of every transaction. `delete` runs another statement inside: only the outer call is kept."""

    def __init__(self) -> None:
        self.transactions: list[list[Call]] = []
        self._of: dict[int, list[Call]] = {}
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
