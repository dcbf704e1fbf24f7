"""One server for this room: our own on a SQLite file, or the one that PROCESSION_TEST_SERVER names.

PROCESSION_TEST_SERVER=http://127.0.0.1:8090 pytest tests/examples    # the same tests on the real Camunda 7
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.examples.rest import INSURANCE, Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server without authentication."""
    named = os.environ.get("PROCESSION_TEST_SERVER")
    if named:
        yield Server(named.rstrip("/").removesuffix("/engine-rest"))
        return
    directory = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(sys.executable).with_name("procession")
    command = [str(program), "serve", "--test-mode", "--port", str(port)]
    command += ["--database", f"sqlite:///{directory / 'server.db'}"]
    log = directory / "server.log"
    with log.open("wb") as output:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        server = Server(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + 60
        while not _answers(server):
            if child.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield server
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@pytest.fixture(scope="session")
def insurance(server: Server) -> Server:
    """The server with the three models of the example on it."""
    server.deploy("insurance", *sorted((INSURANCE / "camunda").glob("*.*mn")))
    return server


def _answers(server: Server) -> bool:
    try:
        return httpx.get(f"{server.rest}/engine", timeout=5).is_success
    except httpx.TransportError:
        return False
