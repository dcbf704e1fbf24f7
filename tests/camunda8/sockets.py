"""A server of our own on a socket, in a thread of the test: for clients that speak HTTP and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from procession import open_engine
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.server.settings import Settings


@contextmanager
def listening() -> Iterator[str]:
    """The address of a server over an engine in memory; its threads end with the block."""
    with open_engine("sqlite://") as engine, serving(engine) as address:
        yield address


@contextmanager
def serving(engine: Engine) -> Iterator[str]:
    """The address of a server over an engine of the test's own."""
    app = create_app(engine, Settings(test_mode=True, auth=False))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started:
            if time.monotonic() > until:
                raise TimeoutError("the server did not start")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
