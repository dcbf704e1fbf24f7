"""Records: `python -m tests.conformance.checklist URL [--all] [FILE…]` writes the answers of a real Camunda 7 into plays.

Only plays with a line that has no answer are played, or all of them with `--all`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.camunda7.dialogues.sending import http
from tests.conformance.checklist.player import Player
from tests.conformance.checklist.plays import FILES, Play, read


def answers(base: str, play: Play) -> dict[int, str]:
    """What the server says, by the line of the request."""
    player, found = Player(http(base)), {}
    try:
        for turn in play.turns:
            if not turn.request.startswith("model "):
                try:
                    found[turn.line] = player.say(turn)
                except Exception as error:
                    print(f"{play.file.name}:{turn.line}: {turn.request}: {error!r}", file=sys.stderr)
                    break
            else:
                player.say(turn)
    finally:
        player.close()
    return found


def record(base: str, path: Path, everything: bool) -> None:
    """Rewrites the answers in a file."""
    said: dict[int, str] = {}
    for play in read(path):
        lacks = any(turn.answer is None and not turn.request.startswith("model ") for turn in play.turns)
        if everything or lacks:
            said |= answers(base, play)
    lines: list[str] = []
    rewritten = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("< ") and rewritten:
            continue
        lines.append(line)
        if not line.startswith("< "):
            rewritten = number in said
            if rewritten:
                lines.append(f"< {said[number]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


names = [Path(name) for name in sys.argv[2:] if not name.startswith("-")]
for file in names or FILES:
    record(sys.argv[1].rstrip("/"), file, "--all" in sys.argv)
