"""Every rule of the checklist of BPMN is shown, and what is played does here what it did in the real Camunda 7."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from procession.camunda7.dialect import Camunda7Dialect
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.storage import open_storage
from tests import checklist
from tests.camunda7.dialogues.player import Transport
from tests.conformance.checklist.player import differences
from tests.conformance.checklist.plays import FILES, Play, read

PLAYS = [play for path in FILES for play in read(path)]


@contextmanager
def served(url: str) -> Iterator[Transport]:
    """Sends to an application of our own, on one loop."""
    with Engine(open_storage(url), Camunda7Dialect()) as engine, asyncio.Runner() as runner:
        asgi = httpx.ASGITransport(app=create_app(engine), raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=asgi, base_url="http://test/engine-rest")

        def send(method: str, path: str, body: bytes | None, kind: str | None) -> tuple[int, bytes]:
            headers = {"Content-Type": kind} if kind else {}
            answer = runner.run(client.request(method, path, content=body or b"", headers=headers))
            return answer.status_code, answer.content

        yield send


@pytest.fixture(scope="module")
def server() -> Iterator[Transport]:
    with served("sqlite://") as send:
        yield send


def test_plays_do_not_depend_on_the_database(postgres_url: str) -> None:
    chosen = [play for play in PLAYS if play.rules[0][0] in (5, 12, 23)]
    with served(postgres_url) as send:
        assert [line for play in chosen for line in differences(send, play)] == []


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.name)
def test_a_play_goes_as_in_camunda(play: Play, server: Transport) -> None:
    assert differences(server, play) == []


def test_every_rule_is_shown() -> None:
    assert set(checklist.rules()) - checklist.proofs().keys() == set(checklist.LACKING)


def test_every_proof_and_note_is_about_a_rule() -> None:
    assert (checklist.proofs().keys() | checklist.LACKING.keys() | checklist.DIFFERENT.keys()) - set(
        checklist.rules()
    ) == set()
    assert list(checklist.ROWS) == list(range(1, 99))


def test_every_line_of_a_play_has_an_answer() -> None:
    assert [
        f"{play.file.name}:{turn.line}"
        for play in PLAYS
        for turn in play.turns
        if turn.answer is None and not turn.request.startswith("model ")
    ] == []
