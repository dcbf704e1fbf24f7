"""Plays one model on the real Camunda 7 and on a server of our own, step by step, and says where they first differ."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance import corpora
from tests.oracle.models import Block, smaller, xml

if str(corpora.HERE) not in sys.path:
    sys.path.insert(0, str(corpora.HERE))

from drive.comparing import compare
from drive.recording import record
from drive.scan import Model, read
from drive.server import Server

SHRINKING_STEPS = 150
KEY = "oracle"


@dataclass(frozen=True)
class Difference:
    """Where the two first differ."""

    cause: str
    scenario: str
    where: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return (
            f"{self.cause} | {self.scenario}, {self.where}\n  Camunda 7:  {self.expected}\n  Procession: {self.actual}"
        )


class Pair:
    """The two servers. `explorations` are action sequences for each set of start variables."""

    def __init__(self, camunda: str, procession: str, folder: Path, explorations: int = 1) -> None:
        self.camunda, self.procession = Server(camunda, None), Server(procession, None)
        self.folder, self.explorations = folder, explorations
        self.scenarios = 0

    def close(self) -> None:
        """Gives the connections back."""
        for server in (self.camunda, self.procession):
            server._connection.close()

    def model(self, text: str) -> Model:
        path = self.folder / f"{KEY}.bpmn"
        path.write_text(text, encoding="utf-8")
        return read(self.folder, path.name)

    def record(self, text: str) -> dict[str, Any]:
        """What the real Camunda 7 does with a model."""
        counts: Counter[str] = Counter()
        recording: dict[str, Any] = record(self.camunda, self.model(text), self.explorations, counts)
        self.scenarios += counts["scenarios"]
        return recording

    def difference(self, text: str, recording: dict[str, Any]) -> Difference | None:
        """The first difference of ours to a recording."""
        verdict = compare(self.procession, self.model(text), recording, frozenset())
        for scenario, found in verdict.divergences.items():
            return Difference(found.cause, scenario, found.where, found.expected, found.actual)
        return None

    def differs(self, block: Block) -> tuple[str, dict[str, Any], Difference] | None:
        """The model, the recording and the difference; None where there is none."""
        text = xml(block, KEY)
        recording = self.record(text)
        found = self.difference(text, recording)
        return None if found is None else (text, recording, found)

    def shrink(self, block: Block, cause: str) -> Block:
        """The smallest model found that still differs in the same way."""
        for _ in range(SHRINKING_STEPS):
            for simpler in _by_size(block):
                found = self.differs(simpler)
                if found is not None and found[2].cause == cause:
                    block = simpler
                    break
            else:
                return block
        return block


def _by_size(block: Block) -> Iterator[Block]:
    yield from sorted(smaller(block), key=lambda one: one.size)
