"""A server of our own on a socket, in a thread of the test: for clients that speak HTTP and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from procession.camunda7.dialect import Camunda7Dialect
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.storage import open_storage


@contextmanager
def served(url: str) -> Iterator[tuple[Engine, str]]:
    """An engine over a database, and the address of its REST API; the server's threads end with the block."""
    with Engine(open_storage(url), Camunda7Dialect()) as engine:
        server = uvicorn.Server(
            uvicorn.Config(create_app(engine), host="127.0.0.1", port=0, log_level="warning", lifespan="off")
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            until = time.monotonic() + 20
            while not server.started:
                if time.monotonic() > until:
                    raise TimeoutError("the server did not start")
                time.sleep(0.01)
            yield engine, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/engine-rest"
        finally:
            server.should_exit = True
            thread.join(20)
