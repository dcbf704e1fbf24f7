"""What goes the short way and what does not is answered alike: raw bytes against a real server."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from procession.server.connections import SMALL
from tests.server.processes import serving

VERSION = b"GET /engine-rest/version HTTP/1.1\r\nHost: x\r\n"
WAITING = {
    "workerId": "w",
    "maxTasks": 1,
    "asyncResponseTimeout": 20_000,
    "topics": [{"topicName": "x", "lockDuration": 9}],
}


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    with serving(tmp_path_factory.mktemp("connections")) as (_, url):
        address = urlsplit(url)
        yield address.hostname or "", address.port or 0


class Wire:
    """A connection on which bytes are sent as they are, and answers read one by one."""

    def __init__(self, at: tuple[str, int]) -> None:
        self.socket = socket.create_connection(at, timeout=20)
        self._reader = self.socket.makefile("rb")

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)
            if len(pieces) > 1:
                time.sleep(0.02)  # in packets of their own

    def answer(self, *, with_body: bool = True) -> tuple[int, dict[str, str], bytes]:
        line = self._reader.readline()
        assert line.startswith(b"HTTP/1.1 "), line
        headers = {}
        while (raw := self._reader.readline().strip()) != b"":
            name, _, value = raw.decode("latin-1").partition(": ")
            assert name not in headers
            headers[name] = value
        if line.split()[1] == b"100":  # it may go on, says the server: the answer is still to come
            return self.answer(with_body=with_body)
        body = self._reader.read(int(headers.get("content-length", 0))) if with_body else b""
        return int(line.split()[1]), headers, body

    def is_closed(self) -> bool:
        return self._reader.read(1) == b""

    def close(self) -> None:
        self._reader.close()
        self.socket.close()


@pytest.fixture
def wire(at: tuple[str, int]) -> Iterator[Wire]:
    opened = Wire(at)
    yield opened
    opened.close()


def posted(path: str, body: bytes, *headers: bytes) -> bytes:
    head = f"POST /engine-rest{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
    return head + b"".join(header + b"\r\n" for header in headers) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def is_version(answer: tuple[int, dict[str, str], bytes]) -> bool:
    return answer[0] == 200 and "version" in json.loads(answer[2]) and "date" in answer[1]


WAYS = {
    "short": VERSION + b"\r\n",
    "forwarded": VERSION + b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n",
    "absolute": b"GET http://x/engine-rest/version HTTP/1.1\r\nHost: x\r\n\r\n",
    "fragment": b"GET /engine-rest/version#there HTTP/1.1\r\nHost: x\r\n\r\n",
    "expecting": VERSION + b"Expect: 100-continue\r\n\r\n",
    "upgrading": VERSION + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    "named engine": b"GET /engine-rest/engine/default/version HTTP/1.1\r\nHost: x\r\n\r\n",
    "a body that nobody asked for": VERSION + b"Content-Length: 2\r\nContent-Type: application/json\r\n\r\n{}",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_same(wire: Wire, way: str) -> None:
    wire.send(WAYS[way])
    assert is_version(wire.answer())


def test_headers_are_the_same_on_both_ways(wire: Wire) -> None:
    wire.send(WAYS["short"])
    short = wire.answer()
    wire.send(WAYS["forwarded"])
    long = wire.answer()
    assert {**short[1], "date": ""} == {**long[1], "date": ""}
    assert short[2] == long[2]


def test_a_connection_is_kept_across_ways(wire: Wire) -> None:
    for way in ("short", "forwarded", "short", "expecting", "short"):
        wire.send(WAYS[way])
        assert is_version(wire.answer())
    wire.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.answer()[0] == 200
    wire.send(WAYS["short"])
    assert is_version(wire.answer())


def test_requests_sent_together_are_answered_in_turn(wire: Wire) -> None:
    other = b"GET /engine-rest/engine HTTP/1.1\r\nHost: x\r\n\r\n"
    wire.send(WAYS["short"] + other + WAYS["forwarded"] + other + posted("/task/count", b"{}") + WAYS["short"])
    found = [wire.answer() for _ in range(6)]
    assert [is_version(found[place]) for place in (0, 2, 5)] == [True] * 3
    assert [json.loads(found[place][2])[0]["name"] for place in (1, 3)] == ["default"] * 2
    assert json.loads(found[4][2]) == {"count": 0}


def test_a_request_in_pieces(wire: Wire) -> None:
    whole = posted("/task/count", b'{"name": "' + b"x" * 3000 + b'"}')
    wire.send(whole[:10], whole[10:90], whole[90:400], whole[400:])
    assert json.loads(wire.answer()[2]) == {"count": 0}


@pytest.mark.parametrize("size", [SMALL - 14, SMALL, SMALL + 1, 3 * SMALL])
def test_bodies_of_any_size(wire: Wire, size: int) -> None:
    wire.send(posted("/task/count", b'{"name": "' + b"x" * size + b'"}'))
    status, _, body = wire.answer()
    assert (status, json.loads(body)) == (200, {"count": 0})


def test_a_body_in_chunks(wire: Wire) -> None:
    head = b"POST /engine-rest/task/count HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    wire.send(head + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n", b"1\r\n}\r\n", b"0\r\n\r\n")
    assert json.loads(wire.answer()[2]) == {"count": 0}


def test_head_has_no_body(wire: Wire) -> None:
    wire.send(b"HEAD /engine-rest/version HTTP/1.1\r\nHost: x\r\n\r\n")
    status, headers, _ = wire.answer(with_body=False)
    assert (status, headers["content-length"]) == (200, "20")
    wire.send(WAYS["short"])
    assert is_version(wire.answer())


@pytest.mark.parametrize(
    "request_",
    [VERSION + b"Connection: close\r\n\r\n", b"GET /engine-rest/version HTTP/1.0\r\n\r\n"],
    ids=["close", "HTTP/1.0"],
)
def test_a_client_that_wants_no_more_is_let_go(wire: Wire, request_: bytes) -> None:
    wire.send(request_)
    answer = wire.answer()
    assert is_version(answer)
    assert answer[1]["connection"] == "close"
    assert wire.is_closed()


@pytest.mark.parametrize(
    "sent",
    [b"no request at all\r\n\r\n", VERSION + b"Content-Length: x\r\n\r\n", VERSION + b"Content-Length: -1\r\n\r\n"],
    ids=["words", "no number", "negative"],
)
def test_what_is_no_request_is_refused(wire: Wire, sent: bytes) -> None:
    wire.send(sent)
    assert wire.answer()[0] == 400
    assert wire.is_closed()


def test_a_line_break_goes_into_no_header(wire: Wire) -> None:
    wire.send(b"GET /engine-rest/task/a%0d%0aX-Evil:%20yes HTTP/1.1\r\nHost: x%0d%0a\r\n\r\n")
    status, headers, _ = wire.answer()
    assert status == 404
    assert "x-evil" not in {name.lower() for name in headers}


def test_an_answer_larger_than_a_socket_takes_reaches_a_slow_reader(wire: Wire) -> None:
    wire.send(b"GET /engine-rest/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", WAYS["short"])
    assert json.loads(wire.answer()[2])["paths"]
    assert is_version(wire.answer())


def test_who_waits_for_work_is_let_go_when_it_goes(at: tuple[str, int], wire: Wire) -> None:
    gone = Wire(at)
    gone.send(posted("/external-task/fetchAndLock", json.dumps(WAITING).encode()))
    time.sleep(0.2)
    gone.close()
    told, until = b'route="/external-task/fetchAndLock",status="400"} 1.0', time.monotonic() + 10
    while True:
        wire.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        if told in wire.answer()[2]:
            break
        assert time.monotonic() < until, "nobody noticed that the client had gone"
        time.sleep(0.05)


def test_a_request_behind_one_that_waits_comes_after_it(wire: Wire) -> None:
    short = {**WAITING, "asyncResponseTimeout": 300}
    wire.send(posted("/external-task/fetchAndLock", json.dumps(short).encode()) + WAYS["short"])
    assert json.loads(wire.answer()[2]) == []
    assert is_version(wire.answer())
