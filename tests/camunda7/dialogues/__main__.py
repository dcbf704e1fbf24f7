"""Records: plays dialogues on a real Camunda 7 and writes its answers below the requests."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.camunda7.dialogues.player import Player, Turn
from tests.camunda7.dialogues.sending import http


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
