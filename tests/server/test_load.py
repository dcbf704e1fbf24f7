"""A server under load and at its end: too much, too slow, draining, several workers; what it says of itself."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import psutil
import pytest
from pydantic import ValidationError

from procession.engine.engine import Engine
from procession.errors import Unavailable
from procession.server.settings import Settings
from procession.server.workers import Workers, processors
from tests.server.conftest import Serve
from tests.server.processes import serving


def _status(url: str) -> tuple[int, dict[str, str], bytes]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except HTTPError as error:
        return error.code, dict(error.headers), error.read()


def test_readiness_names_its_parts(serve: Serve) -> None:
    client = serve()
    answer = client.call("GET", "/health/ready")
    assert answer.status_code in (200, 503)
    assert set(answer.json()["components"]) >= {"database", "migrations"}


def test_metrics_tell_of_commands_and_batches(serve: Serve, engine: Engine) -> None:
    client = serve()
    client.call("GET", "/engine-rest/version")
    text = client.call("GET", "/metrics").text
    for name in ("commands_total", "batches_total", "commands_waiting", "jobs_held", "job_late_seconds", "neighbours"):
        assert re.search(rf"^procession_{name} ", text, re.MULTILINE), name


def test_too_many_requests_are_told_to_come_back(serve: Serve, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(max_requests=1)
    entered, leave = threading.Event(), threading.Event()
    read = engine.storage.read

    def slowly() -> object:
        entered.set()
        leave.wait(20)
        return read()

    monkeypatch.setattr(engine.storage, "read", slowly)
    first = threading.Thread(target=client.call, args=("GET", "/engine-rest/task"))
    first.start()
    assert entered.wait(20)
    refused = client.call("GET", "/engine-rest/task")
    leave.set()
    first.join()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert client.call("GET", "/engine-rest/task").status_code == 200


def test_a_slow_client_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESSION_REQUEST_TIMEOUT", "0.3")
    with serving(tmp_path) as (_, url):
        at = urlsplit(url)
        with socket.create_connection((at.hostname or "", at.port or 0), 20) as slow:
            slow.sendall(b"GET /engine-rest/version HTTP/1.1\r\nHost: x\r\n")
            assert slow.recv(1) == b""
        assert _status(f"{url}/engine-rest/version")[0] == 200


def test_a_server_that_drains_answers_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESSION_DRAIN", "1.5")
    with serving(tmp_path) as (process, url):
        assert _status(f"{url}/health/ready")[0] == 200
        process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 10
        while _status(f"{url}/health/ready")[0] == 200:
            assert time.monotonic() < end
        status, headers, _ = _status(f"{url}/engine-rest/version")
        assert (status, headers.get("connection", headers.get("Connection"))) == (200, "close")
        assert process.wait(20) == 0


def test_workers_share_a_port_and_replace_each_other(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as (process, url):
        parent = psutil.Process(process.pid)
        assert len(_workers(parent)) == 2
        _start_and_count(url)
        _until(lambda: _affinities(parent) == _expected_affinities())
        _workers(parent)[0].kill()
        end = time.monotonic() + 30
        while len(_workers(parent)) < 2 or not _answers(url):
            assert time.monotonic() < end
            time.sleep(0.05)
        _until(lambda: _affinities(parent) == _expected_affinities())
        children = _workers(parent)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert not any(child.is_running() for child in children)


def test_as_many_workers_as_processors_keep_to_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7, 3, 5}, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert processors(3) == [3, 5, 7]
    assert processors(2) == processors(4) == []
    monkeypatch.setattr(sys, "platform", "darwin")  # where a process cannot be told
    assert processors(3) == []


def _affinities(parent: psutil.Process) -> list[list[int]]:
    if sys.platform != "linux":
        return []
    return sorted(worker.cpu_affinity() or [] for worker in _workers(parent))


def _expected_affinities() -> list[list[int]]:
    if sys.platform != "linux":
        return []
    return [[processor] for processor in processors(2)] or [psutil.Process().cpu_affinity() or []] * 2


def test_connections_are_handed_to_the_workers_in_turn(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as (process, url), ExitStack() as stack:
        at = urlsplit(url)
        parent = psutil.Process(process.pid)
        workers = _workers(parent)
        _until(lambda: _settled(url, workers))
        for _ in range(32):
            stack.enter_context(socket.create_connection((at.hostname or "", at.port or 0), 20))
        _until(lambda: [_connections(worker) for worker in workers] == [16, 16])
        parent.kill()  # a worker that nobody hands anything any more ends
        _until(lambda: not any(_is_alive(worker) for worker in workers))


def test_what_a_worker_dies_with_untaken_is_for_another(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as (process, url), ThreadPoolExecutor(8) as pool:
        workers = _workers(psutil.Process(process.pid))
        _until(lambda: _settled(url, workers))
        workers[0].suspend()
        asked = [pool.submit(_status, f"{url}/engine-rest/version") for _ in range(8)]
        _until(lambda: sum(answer.done() for answer in asked) == 4)
        workers[0].kill()
        assert [answer.result()[0] for answer in asked] == [200] * 8


def test_workers_drain_once_and_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESSION_DRAIN", "1.5")
    with serving(tmp_path, "--workers", "2") as (process, url):
        at, workers = urlsplit(url), _workers(psutil.Process(process.pid))
        _until(lambda: _settled(url, workers))
        begun = time.monotonic()
        for one in (process, *workers):  # as a terminal does, and systemd
            one.send_signal(signal.SIGTERM)
        _until(lambda: _status(f"{url}/health/ready")[0] == 503)
        assert all(_answers(url) for _ in range(4))
        assert process.wait(20) == 0
        assert time.monotonic() - begun >= 1.5
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((at.hostname or "", at.port or 0), 5)


def test_workers_say_that_their_address_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(database=f"sqlite:///{tmp_path}/p.db", port=taken.getsockname()[1], workers=2)
        with pytest.raises(Unavailable, match="no server at 127"):
            Workers(settings, 2).run()


def _settled(url: str, workers: Sequence[psutil.Process]) -> bool:
    """Whether all workers take connections, and none is left of those with which that was found out."""
    at = urlsplit(url)
    with ExitStack() as stack:
        for _ in workers:
            stack.enter_context(socket.create_connection((at.hostname or "", at.port or 0), 20))
        time.sleep(0.2)
        spread = [_connections(worker) for worker in workers] == [1] * len(workers)
    _until(lambda: not any(_connections(worker) for worker in workers))
    return spread


def _is_alive(worker: psutil.Process) -> bool:
    try:
        return bool(worker.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _connections(worker: psutil.Process) -> int:
    return sum(found.status == psutil.CONN_ESTABLISHED for found in worker.net_connections("tcp"))


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def _workers(parent: psutil.Process) -> list[psutil.Process]:
    found = []
    for child in parent.children():
        with suppress(psutil.NoSuchProcess):  # and a ZombieProcess, which waits to be taken note of
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def _answers(url: str) -> bool:
    try:
        return _status(f"{url}/engine-rest/version")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def _start_and_count(url: str) -> None:
    """What one worker writes the other one reads."""
    edge = "edge"
    model = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"><process id="p" '
        'isExecutable="true"><startEvent id="s"/><userTask id="u"/><sequenceFlow id="f" sourceRef="s" targetRef="u"/>'
        "</process></definitions>"
    )
    body = f'--{edge}\r\nContent-Disposition: form-data; name="d"; filename="p.bpmn"\r\n\r\n{model}\r\n--{edge}--\r\n'
    kind = {"Content-Type": f"multipart/form-data; boundary={edge}"}
    request = urllib.request.Request(f"{url}/engine-rest/deployment/create", body.encode(), kind)
    with urllib.request.urlopen(request, timeout=20):
        pass
    for _ in range(6):
        start = urllib.request.Request(
            f"{url}/engine-rest/process-definition/key/p/start", b"{}", {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(start, timeout=20):
            pass
    assert {json.loads(_status(f"{url}/engine-rest/task/count")[2])["count"] for _ in range(6)} == {6}


def test_workers_need_a_database_that_they_share() -> None:
    with pytest.raises(ValidationError, match="several workers"):
        Settings(database="sqlite://", workers=2)


def test_the_tests_leave_no_worker_behind() -> None:
    assert not _workers(psutil.Process(os.getpid()))
