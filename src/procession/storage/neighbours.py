"""The other nodes on one PostgreSQL: hears what they commit, tells them what is committed here, notices when one dies.

A node that serves holds one connection of its own for as long as it lives: it listens there, and holds the advisory lock of
its number. PostgreSQL drops both when the process dies, so that the others see it within seconds, without a row that beats.
Where this connection cannot be had (a cluster or a pooler without LISTEN) everything still works by polling.

This file does not know what is told: a kind, and numbers that go with it, by name.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Any

import psycopg
from msgspec import DecodeError, Struct, json

from procession.errors import ProcessionError
from procession.storage.database import Storage
from procession.storage.drivers import Driver
from procession.storage.keys import real_millis

log = logging.getLogger("procession.storage")

CHANNEL = "procession"
LOOK = 2.0
"""Seconds between two looks at who is there."""
PAUSE = 0.05
"""Seconds between two things that are told `soon`: each wakes every node there is."""
MISSED = 2
"""Looks at which a node must be missing before it counts as dead: a connection may break and come back."""
_LOCKS = 7_240_006
_HELLO = "?"
_NONE: Mapping[str, int] = {}
_MOST = 7_999
"""Bytes that PostgreSQL lets travel."""
_ALIVE = (
    "SELECT objid::int FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objsubid = 2 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_TAKE = "SELECT pg_try_advisory_lock(%s, %s)"
_LEASED = "SELECT number FROM node WHERE expires > %s"


class _Said(Struct, array_like=True):
    """What travels. Without `numbers` it may be about anything."""

    kind: str
    node: int
    numbers: Mapping[str, int] | None = None


class Neighbours:
    """Between `start` and `stop`, other nodes' voices. `heard` is called with a kind and how many there are by name (None:
    nobody knows), `died` with a node's number, both in a thread of this object's own. On SQLite there is nothing to hear."""

    def __init__(
        self, storage: Storage, heard: Callable[[str, Mapping[str, int] | None], None], died: Callable[[int], None]
    ) -> None:
        self._storage = storage
        self._heard = heard
        self._died = died
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_listening = False
        self._teller: threading.Thread | None = None
        self._mutex = threading.Lock()
        self._owed: dict[str, Counter[str]] = {}  # what is to be told, by kind
        self._is_owed = threading.Event()
        self._missed: dict[int, int] = {}
        self._is_new = True
        self._met: set[int] = set()
        self.others: frozenset[int] = frozenset()

    def start(self) -> None:
        """Begins to listen."""
        if self._storage.dialect == "postgresql" and self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="procession-neighbours", daemon=True)
            self._thread.start()
            self._teller = threading.Thread(target=self._keep_telling, name="procession-telling", daemon=True)
            self._teller.start()

    def stop(self) -> None:
        """Ends listening; the others see that this node is gone."""
        self._stop.set()
        if self._is_listening:
            # its own voice wakes it; where that cannot be sent it sees by itself that it is to end
            with suppress(ProcessionError), self._storage.view() as transaction:
                self._say(transaction.driver, _HELLO)
        self._is_owed.set()
        if self._teller is not None:
            self._teller.join(LOOK)  # a database that is away may keep it for longer
        if self._thread is not None:
            self._thread.join()
        self._teller = self._thread = None

    def tell(self, kind: str, numbers: Mapping[str, int], driver: Driver) -> None:
        """Tells the others, if there are any, as soon as the driver's transaction commits."""
        if self.others:
            self._say(driver, kind, numbers)

    def tell_soon(self, kind: str, numbers: Mapping[str, int] = _NONE) -> None:
        """Tells the others, if there are any, what is durable already: at once, or with what else there is in a moment.
        For what they also find by looking: it may get lost where this node dies or the connection breaks."""
        if self.others and self._teller is not None:
            with self._mutex:
                self._owed.setdefault(kind, Counter()).update(numbers)
            self._is_owed.set()

    def _keep_telling(self) -> None:
        while not self._stop.is_set():
            self._is_owed.wait()
            self._is_owed.clear()
            with self._mutex:
                owed, self._owed = self._owed, {}
            try:
                with self._storage.transaction() as transaction:
                    for kind, numbers in owed.items():
                        self._say(transaction.driver, kind, numbers)
            except Exception as error:
                log.debug("Other nodes find out by looking what could not be told: %s", error)
            self._stop.wait(PAUSE)

    def _say(self, driver: Driver, kind: str, numbers: Mapping[str, int] = _NONE) -> None:
        said = json.encode(_Said(kind, self._number, numbers))
        if len(said) > _MOST:
            said = json.encode(_Said(kind, self._number))
        driver.run("SELECT pg_notify(?, ?)", [CHANNEL, said.decode()])

    @property
    def _number(self) -> int:
        return self._storage.keys.node

    def _run(self) -> None:
        complained = False
        while not self._stop.is_set():
            try:
                self._listen()
                complained = False
            except Exception as error:
                if not complained and not self._stop.is_set():
                    log.warning("Other nodes cannot be heard, so they are looked after once a second: %s", error)
                    complained = True
                self._stop.wait(LOOK)

    def _listen(self) -> None:
        self._storage.heartbeat()
        _, options = self._storage.engine.dialect.create_connect_args(self._storage.url)
        options.update(application_name=f"procession node {self._number}", autocommit=True)
        with psycopg.connect(**options) as connection:
            self._is_listening = True
            try:
                connection.execute(_TAKE, (_LOCKS, self._number))
                connection.execute(f"LISTEN {CHANNEL}")
                hello = json.encode(_Said(_HELLO, self._number)).decode()
                connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, hello))
                while not self._stop.is_set():
                    self._look(connection)
                    with closing(connection.notifies(timeout=LOOK)) as notices:
                        for notice in notices:
                            if self._hear(notice.payload):
                                break
            finally:
                self._is_listening = False

    def _hear(self, payload: str) -> bool:
        """Passes on what another node says; True where it is to be looked who is there, now."""
        try:
            said = json.decode(payload, type=_Said)
        except DecodeError:
            return False  # whoever that is
        if said.node != self._number and said.kind != _HELLO:
            self._heard(said.kind, said.numbers)
        return said.kind == _HELLO

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        seen = {number for (number,) in connection.execute(_ALIVE, (_LOCKS,))}
        alive, before = seen - {self._number}, self.others
        if self._number not in seen:
            # a session that broke may hold the lock for a while, and a node's number may change
            connection.execute(_TAKE, (_LOCKS, self._number))
        elif self._is_new:
            # who died before this node came has a number all the same, and nobody else may be left to notice
            leased = {number for (number,) in connection.execute(_LEASED, (real_millis(),))}
            before |= leased - {self._number}
            self._is_new = False
        for number in before - alive:
            self._missed.setdefault(number, 0)
        for number in list(self._missed):
            self._missed[number] += 1
            if number in alive:
                del self._missed[number]
            elif self._missed[number] > MISSED:
                log.log(logging.WARNING if number in self._met else logging.DEBUG, "Node %d is gone", number)
                self._died(number)  # if that fails it is told again at the next look
                del self._missed[number]
        self._met |= alive
        self.others = frozenset(alive)
