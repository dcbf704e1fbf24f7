"""What the endpoints answer, compared line by line with what the real Camunda 7.24 answered to the same requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from procession.camunda7.dialect import Camunda7Dialect
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.storage import open_storage
from tests.camunda7.dialogues.player import HERE, Player, Transport, read, same
from tests.server.calling import Caller

FILES = sorted(HERE.glob("*.txt"))


def transport(client: Caller) -> Transport:
    """Sends to our application."""

    def send(method: str, path: str, body: bytes | None, kind: str | None) -> tuple[int, bytes]:
        headers = {"Content-Type": kind} if kind else {}
        answer = client.call(method, "/engine-rest" + path, content=body or b"", headers=headers)
        return answer.status_code, answer.content

    return send


def differences(url: str, path: Path) -> list[str]:
    """Where our answers to a dialogue are not the recorded ones."""
    found = []
    with Engine(open_storage(url), Camunda7Dialect()) as engine:
        player = Player(transport(Caller(create_app(engine))))
        for turn in read(path.read_text()):
            said = player.say(turn)
            if not same(turn, said):
                found.append(f"{path.name}:{turn.line} {turn.request}\n  here:    {said}\n  Camunda: {turn.answer}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_answers_are_those_of_camunda(path: Path, sqlite_url: str) -> None:
    assert differences(sqlite_url, path) == []


@pytest.mark.parametrize(
    "name",
    ["external_tasks", "tasks", "messages", "reading", "modification", "batches", "migration", "restart", "suspending"],
)
def test_answers_do_not_depend_on_the_database(name: str, postgres_url: str) -> None:
    assert differences(postgres_url, HERE / f"{name}.txt") == []
