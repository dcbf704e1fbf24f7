"""A server from beginning to end: database, engine, application, uvicorn, and a graceful stop on SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import logging
import logging.config
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from procession.camunda7.dialect import Camunda7Dialect
from procession.camunda8.dialect import NAME as CAMUNDA8
from procession.camunda8.dialect import Camunda8Dialect
from procession.engine.engine import Engine, EngineSettings
from procession.engine.targets import named
from procession.errors import Unavailable
from procession.feel.limits import set_limits
from procession.server.application import create_app
from procession.server.connections import Connection
from procession.server.handing import Handed
from procession.server.settings import Settings
from procession.storage import PoolSettings, Storage, open_storage

if TYPE_CHECKING:
    from procession.modeler import Store

log = logging.getLogger("procession.server")

LOOK = 0.25
"""Seconds between two tries to open a database that does not answer yet."""


def open_engine(settings: Settings) -> Engine:
    """The engine of a server, its schema up to date. A PostgreSQL that does not answer is waited for as long as for a
    connection, since both are often started together. Raises Unavailable where the database cannot be reached."""
    pool = PoolSettings(
        size=settings.pool_size,
        minimum=settings.pool_min,
        connect_timeout=settings.pool_timeout,
        idle=settings.pool_lifetime,
    )
    set_limits(steps=settings.feel_steps, items=settings.feel_items, text=settings.feel_text, depth=settings.feel_depth)
    storage = _open_storage(settings.database_url(), pool)
    dialects = {CAMUNDA8: Camunda8Dialect()}
    own = EngineSettings(
        history=settings.history_level,
        cleanup_window=settings.history_cleanup_window,
        cleanup_batch=settings.history_cleanup_batch,
        connector_private=named(settings.connector_private),
        connector_timeout=settings.connector_timeout,
    )
    return Engine(
        storage,
        Camunda7Dialect(enforce_time_to_live=settings.enforce_history_time_to_live),
        dialects=dialects,
        settings=own,
    )


def _open_storage(url: str, pool: PoolSettings) -> Storage:
    until, told = time.monotonic() + pool.connect_timeout, False
    while True:
        try:
            return open_storage(url, pool)
        except Unavailable as error:
            if url.startswith("sqlite") or time.monotonic() > until:
                raise
            if not told:
                log.warning("The database does not answer yet; it is waited for %g s: %s", pool.connect_timeout, error)
                told = True
            time.sleep(LOOK)


def configure_logging(level: str) -> None:
    """Plain lines on standard error; what uvicorn says goes the same way, without a line per request."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"plain": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {
                "procession": {"level": level},
                "uvicorn": {"level": "WARNING" if level != "DEBUG" else "INFO", "handlers": []},
            },
        }
    )


def collect_seldom() -> None:
    """Begins to collect garbage, once a server has loaded what it needs: without what is there now, and seldom. Nearly all
    goes by the count of its references, and each search looks at every request under way."""
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def run(settings: Settings, ready: Callable[[str], None] | None = None, hand: socket.socket | None = None) -> None:
    """Serves until SIGTERM or Ctrl-C. `ready` is called with the address once requests are answered.

    With `hand` it serves the connections that come over that socket instead of an address of its own, and ends with whoever
    hands them. After SIGTERM `/health/ready` says no for `drain` seconds while everything is still answered, so that a load
    balancer goes elsewhere; then running requests get `shutdown_timeout` seconds to end. Raises errors of `procession.errors`
    where the engine cannot be opened, OSError where the address is taken.
    """
    engine = open_engine(settings)
    modeler: Store | None = None
    try:
        if settings.modeler:
            from procession.modeler import open_store

            modeler = open_store(settings.database_url())
        app = create_app(engine, settings, modeler)
        server = _Server(
            uvicorn.Config(
                app,
                http=type("Configured", (Connection,), {"patience": settings.request_timeout, "find": app.carrier}),
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=settings.shutdown_timeout,
                h11_max_incomplete_event_size=64 * 1024,
            ),
            app.state.stop,
            ready,
            app.state.drain,
            settings.drain,
            settings.address,
            hand,
        )
        if settings.job_executor:
            engine.start()
        server.run(None if hand is None else [])
    finally:
        if modeler is not None:
            modeler.close()
        engine.close()


class _Server(uvicorn.Server):
    """Says when it is ready, and lets waiting requests go when it stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        stop: Callable[[], None],
        ready: Callable[[str], None] | None,
        drain: Callable[[], None],
        seconds: float,
        address: Callable[[int], str],
        hand: socket.socket | None,
    ) -> None:
        super().__init__(config)
        self._stop = stop
        self._ready = ready
        self._drain = drain
        self._seconds = seconds
        self._address = address
        self._hand = hand
        self._handed: Handed | None = None
        self._draining = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ends the server: at once, or after the time that others get to notice. A second signal does not wait."""
        if self._seconds > 0 and not self._draining:
            self._draining = True
            self._drain()
            timer = threading.Timer(self._seconds, super().handle_exit, (sig, frame))
            timer.daemon = True
            timer.start()
        else:
            super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen, or to take connections, then tells the address."""
        await super().startup(sockets)
        if not self.started:
            return
        port = self.config.port
        if self._hand is None:
            port = self.servers[0].sockets[0].getsockname()[1]
        if self._ready is not None:
            self._ready(self._address(port))
        if self._hand is not None:
            self._handed = Handed(self._hand, self._protocol, self._end)
            self._handed.begin()

    def _end(self, at_once: bool) -> None:
        if at_once:
            self.should_exit = True
        elif not self._draining and not self.should_exit:
            self.handle_exit(signal.SIGTERM, None)

    def _protocol(self) -> asyncio.Protocol:
        of: Any = self.config.http_protocol_class
        return cast(
            "asyncio.Protocol", of(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answers long polls, which would wait for their time-out, then waits for the rest."""
        self._stop()
        if self._handed is not None:
            await self._handed.end()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends the loop on SIGINT and SIGTERM. Unlike uvicorn's own, it does not raise them again: the engine closes first."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
