"""`procession serve` as a process of its own, and what one request costs it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

PROGRAM = [sys.executable, "-c", "from procession.cli.app import main; main()", "serve", "--port", "0"]
MEBIBYTE = 2**20
PIECE = 64 * 1024


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server on a SQLite file in `folder`, and its address without /engine-rest; its log is `folder/server.log`."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*PROGRAM, "--database", f"sqlite:///{folder}/p.db", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
    try:
        until = time.monotonic() + 60
        while not (found := re.search(r"http://localhost:\d+", log.read_text(encoding="utf-8"))):
            gone = process.poll() is not None or time.monotonic() > until
            assert not gone, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield process, found[0].replace("localhost", "127.0.0.1")
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class Cost:
    """An answer and what it took: seconds on the clock, seconds of the server's work (which do not depend on what else

    the machine does), and by how many MiB the server's memory rose at most meanwhile.
    """

    status: int
    text: str
    seconds: float
    work: float
    mebibytes: float
    sent: int


class Weigher:
    """Sends requests byte by byte as given, and weighs the server while it works."""

    def __init__(self, process: int, address: str) -> None:
        self.address = address
        self._process = psutil.Process(process)

    def weigh(
        self, method: str, path: str, body: Iterable[bytes] = (), content_type: str = "", length: int | None = None
    ) -> Cost:
        """One request whose body comes piece by piece; without `length` it is sent in chunks.

        The server may answer and hang up before everything was sent: then the rest stays here.
        """
        at = urlsplit(self.address)
        head = f"{method} /engine-rest{path} HTTP/1.1\r\nHost: {at.netloc}\r\nConnection: close\r\n"
        head += f"Content-Type: {content_type}\r\n" if content_type else ""
        head += "Transfer-Encoding: chunked\r\n\r\n" if length is None else f"Content-Length: {length}\r\n\r\n"
        before, stop, highest = self._weight(), threading.Event(), [0.0]
        worked = self._work()
        watch = threading.Thread(target=self._watch, args=(stop, highest))
        watch.start()
        began = time.perf_counter()
        try:
            with socket.create_connection((at.hostname or "", at.port or 0), timeout=60) as connection:
                sent = _send(connection, head.encode(), body, chunked=length is None)
                status, text = _answer(connection)
            seconds = time.perf_counter() - began
        finally:
            stop.set()
            watch.join()
        return Cost(status, text, seconds, self._work() - worked, max(0.0, highest[0] - before), sent)

    def _work(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def _weight(self) -> float:
        return float(self._process.memory_info().rss) / MEBIBYTE

    def _watch(self, stop: threading.Event, highest: list[float]) -> None:
        while True:
            highest[0] = max(highest[0], self._weight())
            if stop.wait(0.005):
                return


def _send(connection: socket.socket, head: bytes, body: Iterable[bytes], *, chunked: bool) -> int:
    """Bytes of the body that got out before the server hung up or had answered."""
    sent = 0
    try:
        connection.sendall(head)
        for piece in body:
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            sent += len(piece)
            if sent % MEBIBYTE < len(piece) and _has_answered(connection):
                return sent
        if chunked:
            connection.sendall(b"0\r\n\r\n")
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sent


def _has_answered(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(60)


def _answer(connection: socket.socket) -> tuple[int, str]:
    received = bytearray()
    try:
        while piece := connection.recv(PIECE):
            received += piece
    except ConnectionResetError:  # it hung up on what we had still to send; what it said is here
        pass
    head, _, text = bytes(received).partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    assert found, received[:200]
    return int(found[1]), text.decode()
