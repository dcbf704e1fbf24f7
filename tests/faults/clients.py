"""Processes of the cluster's soak: nodes that serve, workers that fetch and complete, people who start and decide.

Clients speak HTTP to two nodes and go to the other one when theirs does not answer. What was acknowledged is appended to a
journal before anything else is done (`completed KEY`), and so is every answer that nobody may get (`wrong …`): right are
success, 503 with `Retry-After`, no answer at all, and that somebody else was faster.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from procession.server.running import configure_logging, run
from procession.server.settings import Settings

LOCK_MS = 3_000
PATIENCE = 60.0
"""Seconds after which an answer that has not come never comes."""
_TAKEN = ("It is locked by worker", "task is null", "does not exist")
"""What is said of work that somebody else has done, or is doing."""


@dataclass(frozen=True)
class Place:
    """What a process of the soak is told: the ports of all nodes, which of them is its own, where the journal is."""

    ports: tuple[int, ...]
    own: int
    journal: str


def serve(place: Place, url: str, log: str) -> None:
    """A node, until it is told to end or killed."""
    with open(log, "ab") as output:
        os.dup2(output.fileno(), sys.stderr.fileno())
    configure_logging("WARNING")
    run(Settings(database=url, port=place.ports[place.own], pool_timeout=5))


class Journal:
    """A file that several processes append whole lines to."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, what: str, about: object) -> None:
        """One line, there before this returns."""
        os.write(self._file, f"{what} {about}\n".encode())

    def close(self) -> None:
        """No more lines."""
        os.close(self._file)


class Client:
    """Sends requests to one node, and to the next where that does not answer."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._turn = place.own
        self._connection: http.client.HTTPConnection | None = None
        self.journal = Journal(place.journal)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Status and body; status 0 where nobody knows whether it was done."""
        port = self._place.ports[self._turn % len(self._place.ports)]
        begun = time.monotonic()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            content = None if body is None else json.dumps(body)
            headers = {} if content is None else {"Content-Type": "application/json"}
            self._connection.request(method, f"/engine-rest{path}", content, headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            if time.monotonic() - begun >= PATIENCE:
                self.journal.note("wrong", f"{method} {path} on port {port}: no answer within {PATIENCE:g} s")
            self.elsewhere()
            return 0, None
        value = json.loads(text) if text else None
        if answer.status == 503:
            if answer.getheader("Retry-After") is None:
                self.journal.note("wrong", f"{method} {path}: 503 without Retry-After")
            self.journal.note("unavailable", path.split("?")[0].split("/")[1])
            self.elsewhere()
            return 0, None
        told = str(value)
        if answer.status >= 400 and not any(words in told for words in _TAKEN):
            self.journal.note("wrong", f"{method} {path}: {answer.status} {told[:300]}")
        return answer.status, value

    def close(self) -> None:
        """Ends the connection and the journal."""
        self._leave()
        self.journal.close()

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def elsewhere(self) -> None:
        """The next request goes to another node."""
        self._leave()
        self._turn += 1
        time.sleep(random.uniform(0.02, 0.1))

    def insist(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Asks until somebody knows."""
        while True:
            status, value = self.ask(method, path, body)
            if status:
                return status, value


def work(place: Place) -> None:
    """A worker: external tasks, several at a time. A completion whose answer got lost is sent again."""
    client, name = Client(place), f"worker-{os.getpid()}"
    fetch = {
        "workerId": name,
        "maxTasks": 5,
        "asyncResponseTimeout": 1000,
        "topics": [{"topicName": "work", "lockDuration": LOCK_MS, "variables": []}],
    }
    while True:
        _, tasks = client.insist("POST", "/external-task/fetchAndLock", fetch)
        for task in tasks if isinstance(tasks, list) else ():
            # two variables of one completion: both are there, with one value, or neither
            text = {"value": f"{name} {task['id']}", "type": "String"}
            body = {"workerId": name, "localVariables": {"left": text, "right": text}}
            status, _ = client.insist("POST", f"/external-task/{task['id']}/complete", body)
            if status == 204:
                client.journal.note("completed", task["id"])


def decide(place: Place) -> None:
    """People: complete whatever human task there is."""
    client = Client(place)
    while True:
        _, tasks = client.insist("GET", "/task?maxResults=20")
        for task in tasks if isinstance(tasks, list) else ():
            status, _ = client.insist("POST", f"/task/{task['id']}/complete", {})
            if status == 204:
                client.journal.note("decided", task["id"])
        if not tasks:
            time.sleep(0.1)


def start(place: Place, number: int) -> None:
    """Starts instance `number`, once: where no answer came, history says whether it was."""
    with closing(Client(place)) as client:
        while True:
            status, value = client.ask("POST", "/process-definition/key/p/start", {"businessKey": str(number)})
            if status == 200:
                client.journal.note("started", value["id"])
                return
            assert status == 0, (status, value)
            time.sleep(0.5)  # a commit that was on its way has arrived
            _, found = client.insist("GET", f"/history/process-instance/count?processInstanceBusinessKey={number}")
            if found["count"]:
                return


def lines(path: Path, what: str) -> list[str]:
    """What the journal says after this word, line by line."""
    text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    return [line.partition(" ")[2] for line in text.splitlines() if line.startswith(f"{what} ")]
