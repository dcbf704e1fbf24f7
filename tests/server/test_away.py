"""The database is away: whatever is asked, nobody is told that the request is at fault, or that the server is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from procession.camunda7.api import load
from procession.camunda8.api import load as load8
from procession.engine.engine import Engine
from procession.errors import Unavailable
from tests.server.conftest import Serve

SERVED = [
    *(("/engine-rest", entry.method, entry.path) for entry in load()),
    *(("/v2", entry.method, entry.path) for entry in load8()),
]


AWAY = "The database cannot be reached"
BODY = {
    "workerId": "w", "newDuration": 1000, "lockDuration": 1000, "errorCode": "e", "messageName": "m", "name": "n",
    "userId": "u", "groupId": "g", "type": "candidate", "message": "m", "retries": 1, "duedate": None, "priority": 1,
    "suspended": True, "variables": {}, "fileTtl": 1, "annotation": "a", "maxTasks": 1, "topics": [],
}  # fmt: skip
"""What one or the other endpoint needs before it asks the database."""


@contextmanager
def _nothing() -> Iterator[None]:
    raise Unavailable(AWAY)
    yield


@pytest.mark.fault(8)
def test_nobody_is_answered_500(serve: Serve, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve()
    monkeypatch.setattr(engine.storage, "read", _nothing)
    monkeypatch.setattr(engine.storage, "transaction", _nothing)
    refused, wrong = 0, {}
    for prefix, method, template in SERVED:
        path = prefix + re.sub(r"\{[^}]*\}", "1", template)
        answer = client.call(method, path, **({"json": BODY} if method in ("POST", "PUT", "PATCH") else {}))
        if answer.status_code == 503:
            assert answer.headers["retry-after"] == "1", template
            refused += 1
        elif AWAY in answer.text or "unexpected" in answer.text:
            wrong[f"{method} {prefix}{template}"] = (answer.status_code, answer.text[:200])
    assert wrong == {}
    assert refused > len(SERVED) / 2
