"""Records: plays dialogues on a real Camunda 7 and writes its answers below the requests."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.camunda7.dialogues.player import Player, Transport, Turn


def http(base: str) -> Transport:
    """A transport over a server's address."""

    def send(method: str, path: str, body: bytes | None, kind: str | None) -> tuple[int, bytes]:
        request = urllib.request.Request(base + path, body, method=method)
        if kind is not None:
            request.add_header("Content-Type", kind)
        elif body is None and method in ("POST", "PUT"):
            request.data = b""
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    return send


def record(base: str, path: Path) -> None:
    """Rewrites the answers in a file."""
    player = Player(http(base))
    lines = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("< "):
            continue
        lines.append(line)
        if line.strip() and not line.startswith("#"):
            loose = line.startswith("~ ")
            try:
                lines.append("< " + player.say(Turn(number, line.removeprefix("~ "), loose, None)))
            except Exception as error:
                path.with_suffix(".failed").write_text("\n".join(lines) + "\n")
                raise SystemExit(f"{path.name}:{number}: {line}: {error!r}") from error
    path.write_text("\n".join(lines) + "\n")


for name in sys.argv[2:]:
    record(sys.argv[1].rstrip("/"), Path(name))
