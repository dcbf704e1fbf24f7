"""The clients of the benchmark over HTTP do what their forms say, against a server that keeps to HTTP in other ways too."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.benchmarks import load, report
from tests.benchmarks.load import Client, Driver, Failed, Form, Threads
from tests.benchmarks.models import EXTERNAL, USER
from tests.benchmarks.over_http import procession

needs_java = pytest.mark.skipif(load.missing() is not None, reason=f"the compiled client cannot run: {load.missing()}")
USERS, EXTERNALS = Form("user task", "user", 3), Form("external task", "external", 3)
SHARED = Form("external task, 2 starters and 2 workers", "external", 2, 2)


@pytest.fixture(scope="module")
def compiled() -> Iterator[Driver]:
    with load.driver() as driver:
        yield driver


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with procession("tested", "sqlite://") as target:
        client = Client(target.port)
        client.deploy()
        client.close()
        yield target.port


def _finished(port: int, process: str) -> int:
    client = Client(port)
    found = client.call("GET", f"/history/process-instance/count?processDefinitionKey={process}&finished=true")
    client.close()
    return int(found["count"])


def _drives(driver: Driver, port: int, form: Form) -> load.Driven:
    process = USER if form.scenario == "user" else EXTERNAL
    before = _finished(port, process)
    driven = driver.drive(port, form, 20)
    assert _finished(port, process) - before == driven.instances == 20
    assert driven.errors == {}
    assert 0 < driven.complete_p50_ms <= driven.complete_p99_ms < driven.instance_p99_ms
    return driven


@needs_java
@pytest.mark.parametrize("form", [USERS, EXTERNALS, SHARED], ids=lambda form: form.name)
def test_compiled(compiled: Driver, port: int, form: Form) -> None:
    assert _drives(compiled, port, form).calls >= 40


@pytest.mark.parametrize("form", [USERS, EXTERNALS], ids=lambda form: form.name)
def test_threads(port: int, form: Form) -> None:
    assert _drives(Threads(), port, form).calls >= 60


@needs_java
def test_an_offered_load_is_not_exceeded(compiled: Driver, port: int) -> None:
    assert _drives(compiled, port, Form("user task", "user", 8, rate=50.0)).seconds >= 19 / 50


@needs_java
def test_an_unexpected_answer_ends_the_run(compiled: Driver, other_server: int) -> None:
    with pytest.raises(Failed, match=r"GET /task.*: 404 no such thing"):
        compiled.drive(other_server, USERS, 20)


@needs_java
def test_chunks_closed_connections_and_a_refused_fetch(compiled: Driver, other_server: int) -> None:
    driven = compiled.drive(other_server, Form("external task", "external", 1), 5)
    assert (driven.instances, driven.calls, driven.errors) == (5, 16, {"500": 1})


def test_what_takes_the_compiled_client_is_refused() -> None:
    with pytest.raises(ValueError, match="compiled client"):
        Threads().drive(1, SHARED, 1)


@pytest.fixture
def other_server() -> Iterator[int]:
    """Answers in chunks, ends every connection, and refuses the second fetch; it knows no user tasks."""
    fetches = itertools.count(1)
    started: list[str] = []

    class Other(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/start"):
                started.append(f"i{len(started)}")
                self._chunks({"links": [], "id": started[-1], "definitionId": "d"})
            elif self.path.endswith("/fetchAndLock"):
                refused = next(fetches) == 2
                found = [{"activityId": "n", "id": "t1", "processInstanceId": started[-1]}]
                self._chunks({"type": "e"} if refused else found, 500 if refused else 200)
            else:
                self.send_response(204)
                self.end_headers()

        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("Content-Length", "13")
            self.end_headers()
            self.wfile.write(b"no such thing")

        def _chunks(self, answer: object, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("transfer-encoding", "chunked")
            self.send_header("Connection", "close")
            self.end_headers()
            text = json.dumps(answer, separators=(",", ":")).encode()
            for part in (text[:7], text[7:]):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: its requests are the test's."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_report_is_that_of_its_figures() -> None:
    kept = json.loads((report.FOLDER / "results.json").read_text(encoding="utf-8"))
    assert report.text(kept) == (report.FOLDER / "README.md").read_text(encoding="utf-8")
