"""Plays one model on the real Camunda 7 and on a server of our own, step by step, and says where they first differ."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance import corpora
from tests.oracle.models import Block, smaller, xml

if str(corpora.HERE) not in sys.path:
    sys.path.insert(0, str(corpora.HERE))

from drive.comparing import compare
from drive.deployment import deploy, remove
from drive.recording import Chooser
from drive.scan import Model, read
from drive.scenario import Broken, Offer, Play
from drive.server import Server
from drive.state import Deployment, canonical

SHRINKING_STEPS = 150
LONGEST = 16  # steps of a scenario
IDLE_STEPS = 3  # so often variables are set where nothing else can be done
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


class Patient(Chooser):
    """Chooses by a hash as recordings do, and gives up where setting variables is all that is left."""

    def choose(self, step: int, offers: list[Offer]) -> tuple[Offer, dict[str, Any]] | None:
        last = [seen.get("do", {}).get("kind") for seen in self.steps[-IDLE_STEPS:]]
        idle = last == ["set-variable"] * IDLE_STEPS and all(offer.do["kind"] == "set-variable" for offer in offers)
        if idle or step > LONGEST:
            return None
        return super().choose(step, offers)


class Pair:
    """The two servers. A model is played with so many of its sets of start variables, of which none at all is one."""

    def __init__(self, camunda: str, procession: str, folder: Path, variants: int = 2) -> None:
        self.camunda, self.procession = Server(camunda, None), Server(procession, None)
        self.folder, self.variants = folder, variants
        self.scenarios = 0

    def close(self) -> None:
        """Gives the connections back."""
        for server in (self.camunda, self.procession):
            server._connection.close()

    def model(self, text: str) -> Model:
        path = self.folder / f"{KEY}.bpmn"
        path.write_text(text, encoding="utf-8")
        return read(self.folder, path.name)

    def record(self, text: str, only: str | None = None) -> dict[str, Any]:
        """What the real Camunda 7 does with a model; `only` names the one scenario to play."""
        model = self.model(text)
        deployment = deploy(self.camunda, model)
        if any(process.get("version") != 1 for process in deployment.outcome.get("processes", [])):
            self._reset()  # Camunda could not delete what it had made of an earlier model
            deployment = deploy(self.camunda, model)
        scenarios: dict[str, Any] = {}
        if deployment.id:
            scenarios = self._scenarios(model, text, deployment, only)
        self.scenarios += len(scenarios)
        return {
            "model": model.path,
            "clock": self.camunda.clocked,
            "companions": [],
            "deployment": deployment.outcome,
            "assignments": model.assignments,
            "scenarios": scenarios,
        }

    def _reset(self) -> None:
        address = self.camunda._connection
        address.request("POST", "/oracle/reset")
        address.getresponse().read()

    def _scenarios(self, model: Model, text: str, deployment: Deployment, only: str | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        seen: set[str] = set()
        sets = len(model.assignments)
        chosen = {(len(text) + n) % (sets + 1) for n in range(self.variants)}
        for opening in model.openings:
            for variant in range(sets + 1):
                name = f"{opening.process}/{opening.activity} {opening.kind} v{variant} s0"
                if (variant not in chosen or opening.process != KEY) if only is None else name != only:
                    continue
                chooser = Patient(f"{model.path}|{opening.process}/{opening.activity}|{variant}|0")
                try:
                    deployment = deployment if deployment.id else deploy(self.camunda, model)
                    Play(self.camunda, deployment, model, model.assignments).run(opening, variant, chooser)
                except Broken:
                    continue
                finally:
                    remove(self.camunda, deployment)
                    deployment = Deployment("")
                *steps, last = chooser.steps
                if canonical(chooser.steps) not in seen:
                    seen.add(canonical(chooser.steps))
                    found[name] = {"opening": vars(opening), "variant": variant, "steps": steps, **last}
        remove(self.camunda, deployment)
        return found

    def difference(self, text: str, recording: dict[str, Any]) -> Difference | None:
        """The first difference of ours to a recording."""
        verdict = compare(self.procession, self.model(text), recording, frozenset())
        for scenario, found in verdict.divergences.items():
            return Difference(found.cause, scenario, found.where, found.expected, found.actual)
        return None

    def differs(self, block: Block, only: str | None = None) -> tuple[str, dict[str, Any], Difference] | None:
        """The model, the recording and the difference; None where there is none."""
        text = xml(block, KEY)
        recording = self.record(text, only)
        found = self.difference(text, recording)
        return None if found is None else (text, recording, found)

    def shrink(self, block: Block, difference: Difference, seconds: float) -> Block:
        """The smallest model found in that time that still differs in the same way in the same scenario."""
        only = None if difference.scenario == "deployment" else difference.scenario
        deadline = time.monotonic() + seconds
        for _ in range(SHRINKING_STEPS):
            for simpler in _by_size(block):
                if time.monotonic() > deadline:
                    return block
                found = self.differs(simpler, only)
                if found is not None and found[2].cause == difference.cause:
                    block = simpler
                    break
            else:
                return block
        return block


def step_of(recording: dict[str, Any], difference: Difference) -> dict[str, Any]:
    """What was done in the step at which a difference showed; empty at the start, in history or at a deployment."""
    steps = recording["scenarios"].get(difference.scenario, {}).get("steps", [])
    number = difference.where.removeprefix("step ")
    found: dict[str, Any] = steps[int(number)].get("do", {}) if number.isdigit() and int(number) < len(steps) else {}
    return found


def _by_size(block: Block) -> Iterator[Block]:
    yield from sorted(smaller(block), key=lambda one: one.size)
