"""The other nodes on one PostgreSQL: hears what they commit, tells them what is committed here, notices when one dies.

A node that serves holds one connection of its own for as long as it lives: it listens there, and holds the advisory lock of
its number. PostgreSQL drops both when the process dies, so that the others see it within seconds, without a row that beats.
Where this connection cannot be had (a cluster or a pooler without LISTEN) everything still works by polling.

This file does not know what is told: kinds are single letters, and names that go with them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Set
from contextlib import closing, suppress
from typing import Any

import psycopg
from msgspec import Struct, ValidationError, json

from procession.errors import ProcessionError
from procession.storage.database import Storage
from procession.storage.drivers import Driver
from procession.storage.keys import real_millis

log = logging.getLogger("procession.storage")

CHANNEL = "procession"
LOOK = 2.0
"""Seconds between two looks at who is there."""
MISSED = 2
"""Looks at which a node must be missing before it counts as dead: a connection may break and come back."""
_LOCKS = 7_240_006
_HELLO = "?"
_MOST_NAMES = 2_000
"""Characters of names that are told at most; PostgreSQL takes 8,000 bytes with everything."""
_ALIVE = (
    "SELECT objid::int FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objsubid = 2 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_TAKE = "SELECT pg_try_advisory_lock(%s, %s)"
_LEASED = "SELECT number FROM node WHERE expires > %s"


class _Said(Struct, array_like=True):
    """What travels. Without `names` it may be about any."""

    kinds: str
    node: int
    names: frozenset[str] | None = None


class Neighbours:
    """Between `start` and `stop`, other nodes' voices. `heard` is called with a kind and the names that it is about (None:
    any), `died` with a node's number, both in a thread of this object's own. On SQLite there is nothing to hear."""

    def __init__(
        self, storage: Storage, heard: Callable[[str, Set[str] | None], None], died: Callable[[int], None]
    ) -> None:
        self._storage = storage
        self._heard = heard
        self._died = died
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_listening = False
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

    def stop(self) -> None:
        """Ends listening; the others see that this node is gone."""
        self._stop.set()
        if self._is_listening:
            # its own voice wakes it; where that cannot be sent it sees by itself that it is to end
            with suppress(ProcessionError), self._storage.view() as transaction:
                self._say(transaction.driver, _Said(_HELLO, self._number))
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def tell(self, kinds: str, names: Set[str], driver: Driver) -> None:
        """Tells the others, if there are any, as soon as the driver's transaction commits."""
        if self.others and kinds:
            told = frozenset(names) if sum(map(len, names)) <= _MOST_NAMES else None
            self._say(driver, _Said(kinds, self._number, told))

    def _say(self, driver: Driver, said: _Said) -> None:
        driver.run("SELECT pg_notify(?, ?)", [CHANNEL, json.encode(said).decode()])

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
        except ValidationError:
            return False  # whoever that is
        if said.node != self._number:
            for kind in said.kinds.replace(_HELLO, ""):
                self._heard(kind, said.names)
        return _HELLO in said.kinds

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
