"""Plays a dialogue on a server and tells what it answered, line by line.

    # a comment
    deploy cmd_task.bpmn deployment-name=tasks => deployment=id
    POST /process-definition/key/cmd_task/start {} => instance=id
    GET /task?processInstanceId={instance} => task=0.id
    POST /task/{task}/claim {"userId": "kermit"}
    < 204
    ~ POST /task/{task}/claim {"userId"
    < 400 {"type": …}

`=> name=path` keeps a part of the answer for later; kept values are written back as `{name}` in answers. After `~` only
the status is compared, because the answer is Java's own. `python -m tests.camunda7.dialogues URL FILE…`
writes the answers of a real Camunda 7 below the requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MODELS = HERE / "models"
BOUNDARY = "----dialogue"

_OWN = ("executionId", "executionIds", "activityInstanceId", "duration", "durationInMillis")
Transport = Callable[[str, str, bytes | None, str | None], tuple[int, bytes]]
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[1-9]\d{14,18}\b")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+\d{4}")
_BASE = re.compile(r"https?://[\w.:-]+/engine-rest")


@dataclass(frozen=True, slots=True)
class Turn:
    """One request of a dialogue; `answer` is what follows it in the file, None if nothing does."""

    line: int
    request: str
    loose: bool
    answer: str | None


def read(text: str) -> list[Turn]:
    """The turns of a dialogue."""
    turns: list[Turn] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("< "):
            turns[-1] = Turn(turns[-1].line, turns[-1].request, turns[-1].loose, line[2:])
        else:
            turns.append(Turn(number, line.removeprefix("~ "), line.startswith("~ "), None))
    return turns


class Player:
    """Speaks one dialogue; keeps what it was told."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._kept: dict[str, str] = {}

    def say(self, turn: Turn) -> str:
        """Sends a request; gives the answer as it stands in a file: status and body, ids and dates masked."""
        request, _, keep = turn.request.partition(" => ")
        for name, value in self._kept.items():
            request = request.replace("{" + name + "}", value)
        verb, _, rest = request.partition(" ")
        if verb == "deploy":
            status, body = self._transport(
                "POST", "/deployment/create", _form(rest), f"multipart/form-data; boundary={BOUNDARY}"
            )
        else:
            path, _, text = rest.strip().partition(" ")
            status, body = self._transport(verb, path, text.encode() or None, "application/json" if text else None)
        for entry in keep.split():
            name, _, at = entry.partition("=")
            self._kept[name] = str(_at(json.loads(body), at))
        return f"{status} {self._masked(body)}".strip()

    def _masked(self, body: bytes) -> str:
        text = body.decode()
        for name, value in sorted(self._kept.items(), key=lambda item: -len(item[1])):
            if len(value) > 8:
                text = text.replace(value, "{" + name + "}")
        text = _BASE.sub("{base}", _DATE.sub("{date}", _ID.sub("{id}", text)))
        return re.sub(r"\s+", " ", text)


def same(turn: Turn, said: str) -> bool:
    """True where an answer is the recorded one (members of objects in any order)."""
    return _comparable(turn.answer or "", turn.loose) == _comparable(said, turn.loose)


def _comparable(answer: str, loose: bool) -> Any:
    status, _, body = answer.partition(" ")
    if loose:
        return status
    try:
        return status, _placed(json.loads(body))
    except ValueError:
        return status, body


def _placed(value: Any) -> Any:
    """Without what says in which execution something is (Camunda merges executions, here every element is one), and how
    long it took."""
    if isinstance(value, list):
        return [_placed(item) for item in value]
    if isinstance(value, dict):
        return {name: "…" if name in _OWN and item is not None else _placed(item) for name, item in value.items()}
    return value


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _form(text: str) -> bytes:
    parts = []
    for word in text.split():
        name, equals, value = word.partition("=")
        if equals:
            parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode())
        else:
            head = f'Content-Disposition: form-data; name="{word}"; filename="{word}"\r\n\r\n'
            parts.append(head.encode() + (MODELS / word).read_bytes())
    return b"".join(f"--{BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()
