"""The workers' HTTP: answers of every shape, whole or cut anywhere; connections kept, dropped and replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camunda_client import wire
from camunda_client.errors import EngineUnavailable
from camunda_client.protocol import Request
from camunda_client.transport import WorkerClient, behind_proxy
from camunda_client.wire import Reply, Wire, WireError

T = TypeVar("T")
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def talking(pieces: list[bytes], *, close: bool = False) -> Serve:
    """A server that answers each request with these pieces, one after the other."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                got = await reader.read(1)
                if not got:
                    return
                head += got
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
            await reader.readexactly(length)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if close:
                writer.close()
                return

    return serve


async def served(serve: Serve, work: Callable[[str], Awaitable[T]]) -> T:
    opened: list[asyncio.StreamWriter] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        return await work(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2")
    finally:
        for writer in opened:
            writer.close()
        server.close()


def ask(pieces: list[bytes], *, close: bool = False, seconds: float = 5.0) -> Reply:
    async def work(root: str) -> Reply:
        own = Wire(root, None)
        try:
            return await own.send("POST", "/jobs", {}, b"{}", "", seconds)
        finally:
            own.close()

    return asyncio.run(served(talking(pieces, close=close), work))


JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("answer", "status", "content"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", 304, b""),
        (JSON + b"Content-Length: 2\r\n\r\n{}", 200, b"{}"),
        (JSON + b"content-length:2\r\n\r\n{}", 200, b"{}"),
        (JSON + b"Content-Length: 0\r\n\r\n", 200, b""),
        (JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, b"{}"),
        (JSON + b"Transfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nTrailer: a\r\n\r\n", 200, b"{}"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + JSON + b"Content-Length: 2\r\n\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy", 503, b"busy"),
    ],
)
def test_answers(answer: bytes, status: int, content: bytes) -> None:
    reply = ask([answer])
    assert (reply.status, reply.content) == (status, content)


def test_an_answer_without_a_length_lasts_until_the_end() -> None:
    assert ask([b"HTTP/1.0 200 OK\r\n\r\nto the", b" end"], close=True).content == b"to the end"


@given(cuts=st.lists(st.integers(0, 90), max_size=6))
def test_where_an_answer_is_cut_makes_no_difference(cuts: list[int]) -> None:
    whole = JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    connection = wire._Connection(_Loop())  # type: ignore[arg-type]
    connection._answer = _Answer()  # type: ignore[assignment]
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    answer = connection._answer
    for start, end in pairwise(places):
        connection.data_received(whole[start:end])
    assert answer.result == Reply(200, b"{}", "application/json")  # type: ignore[union-attr,comparison-overlap]


class _Loop:
    pass


class _Answer:
    result: Reply | None = None

    def done(self) -> bool:
        return self.result is not None

    def set_result(self, reply: Reply) -> None:
        self.result = reply


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"HTTP/1.1 200 OK\r\nContent-"],
        [JSON + b"Content-Length: 20\r\n\r\n{}"],
        [JSON + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}"],
        [b"SSH-2.0-OpenSSH\r\n\r\n"],
        [b"HTTP/1.1 abc\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
        [JSON + b"Content-Length: -5\r\n\r\n"],
        [JSON + b"Content-Length: 999999999999\r\n\r\n"],
        [JSON + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"],
        [b"x" * 70_000],
    ],
)
def test_what_is_no_answer(pieces: list[bytes]) -> None:
    with pytest.raises(WireError):
        ask(pieces, close=True)


def test_no_answer_in_time() -> None:
    with pytest.raises(TimeoutError):
        ask([b"HTTP/1.1 200"], seconds=0.1)


def test_connections_are_kept_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = 0
    inner = talking([b"HTTP/1.1 204 No Content\r\n\r\n"])

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await inner(reader, writer)

    async def work(root: str) -> None:
        own = Wire(root, None)

        async def one() -> None:
            assert (await own.send("GET", "/topology", {"a": "b c"}, None, "Bearer x", 5)).status == 204

        for _ in range(5):
            await one()
        assert opened == 1
        await asyncio.gather(one(), one(), one())
        assert opened == 3
        monkeypatch.setattr(wire, "IDLE_SECONDS", 0.0)
        await one()
        assert opened == 4
        own.close()

    asyncio.run(served(serve, work))


def test_a_server_that_says_close_is_asked_on_a_new_connection() -> None:
    async def work(root: str) -> list[int]:
        own = Wire(root, None)
        return [(await own.send("GET", "/x", {}, None, "", 5)).status for _ in range(3)]

    serve = talking([b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"], close=True)
    assert asyncio.run(served(serve, work)) == [200, 200, 200]


def test_a_request_that_is_given_up_takes_its_connection_along() -> None:
    async def work(root: str) -> None:
        own = Wire(root, None)
        asking = asyncio.ensure_future(own.send("GET", "/x", {}, None, "", 5))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not own._idle

    asyncio.run(served(talking([]), work))


@pytest.mark.parametrize("bad", ["a\r\nX: y", "ä"])
def test_nothing_can_be_smuggled_into_a_request(bad: str) -> None:
    own = Wire("http://localhost:1", None)
    for path, header in (("/x", bad), (f"/{bad}", "")):
        with pytest.raises(ValueError, match="HTTP does not allow"):
            own._request("GET", path, {}, None, header)


def test_nobody_listens() -> None:
    async def go() -> None:
        async with WorkerClient("http://127.0.0.1:9/v2") as client:
            with pytest.raises(EngineUnavailable, match="GET /topology"):
                await client._send(Request("GET", "/topology"))
            with pytest.raises(TypeError, match="no forms"):
                await client._send(Request("POST", "/deployments", form={}))

    asyncio.run(go())


def test_a_proxy_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    assert not behind_proxy("http://engine:8080/v2")
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    assert behind_proxy("http://engine:8080/v2")
    monkeypatch.setenv("no_proxy", "engine")
    assert not behind_proxy("http://engine:8080/v2")
