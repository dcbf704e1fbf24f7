"""The one engine of a process: opened when first needed, by the process that uses it, closed at its end.

A forked child (gunicorn with `preload`) starts without one: neither connections nor the node's number may be shared.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable

from procession.camunda7.dialect import Camunda7Dialect
from procession.django.conf import EmbeddedSettings, database_url
from procession.engine.engine import Engine, EngineSettings
from procession.errors import ProcessionError
from procession.storage import PoolSettings, open_storage

log = logging.getLogger("procession.django")


class _Held:
    """An engine and what ends with it."""

    def __init__(self) -> None:
        settings = EmbeddedSettings.load()
        # without a lease: a transaction of Django's may hold SQLite's write lock in this very thread
        storage = open_storage(database_url(settings.database), PoolSettings(size=settings.pool_size), lease=False)
        self.engine = Engine(storage, Camunda7Dialect(), settings=EngineSettings(history=settings.history))
        self.closing: list[Callable[[], None]] = []
        if settings.job_executor:
            self.engine.start()

    def close(self) -> None:
        for call in self.closing:
            call()
        self.engine.close()


_lock = threading.Lock()
_held: _Held | None = None


def get_engine() -> Engine:
    """The engine on the project's database; its tables are made if they are missing.

    Raises ImproperlyConfigured for a database it cannot use, Unavailable where it cannot be reached.
    """
    global _held
    held = _held
    if held is None:
        with _lock:
            if _held is None:
                _held = _Held()
            held = _held
    return held.engine


def close_engine() -> None:
    """Closes the engine, if there is one; the next `get_engine` opens another. For tests and the end of the process."""
    global _held
    with _lock:
        held, _held = _held, None
    if held is not None:
        try:
            held.close()
        except ProcessionError as error:
            log.warning("The engine was closed without giving its node's number back: %s", error)


def when_closed(call: Callable[[], None]) -> None:
    """Calls something before the present engine is closed."""
    if _held is not None:
        _held.closing.append(call)


def _forget() -> None:
    global _held, _lock
    _held, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
atexit.register(close_engine)
