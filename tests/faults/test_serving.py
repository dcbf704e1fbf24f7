"""A server under load that is told to end, with sockets that say nothing."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import threading
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from procession.embedding import open_engine
from tests.engine.models import row
from tests.server.processes import serving

MODEL = row('<userTask id="u"/>')
SLOW = 20


def _start(url: str) -> str:
    request = urllib.request.Request(
        f"{url}/engine-rest/process-definition/key/p/start", b"{}", {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return str(json.load(answer)["id"])


@pytest.mark.fault(20)
def test_sigterm_under_load(tmp_path: Path) -> None:
    with open_engine(f"sqlite:///{tmp_path}/p.db") as engine:
        engine.deploy(("p.bpmn", MODEL))
    acknowledged: list[str] = []
    with serving(tmp_path) as (process, url), ExitStack() as sockets:
        server, address = psutil.Process(process.pid), (urlsplit(url).hostname or "", urlsplit(url).port or 0)
        for _ in range(30):
            _start(url)
        before = server.num_fds()
        for _ in range(100):
            _start(url)
        slow = [sockets.enter_context(socket.create_connection(address)) for _ in range(SLOW)]
        for one in slow:
            one.sendall(
                b"POST /engine-rest/process-definition/key/p/start HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
            )
        _start(url)
        assert server.num_fds() <= before + SLOW + 4

        def load() -> None:
            try:
                while True:
                    acknowledged.append(_start(url))
            except OSError:
                return

        clients = [threading.Thread(target=load) for _ in range(4)]
        for client in clients:
            client.start()
        while len(acknowledged) < 20:
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        for client in clients:
            client.join(30)
    connection = sqlite3.connect(tmp_path / "p.db")
    stored = {str(key) for (key,) in connection.execute("SELECT key FROM instance")}
    assert set(acknowledged) <= stored
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
