"""The order in which things happen to elements: what a real Zeebe engine's record stream says, and what ours does.

    python -m tests.camunda8.streams                        says where ours differs
    python -m tests.camunda8.streams --record PYTHON PROTO GRPC CONTROL
                                                            has the real one play everything first, and keeps its streams

`PYTHON` is an interpreter with grpcio and grpcio-tools, `PROTO` Zeebe's `gateway.proto`; the rest as in `recorder`.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from unittest.mock import patch

from procession import open_engine
from procession.bpmn.model import Process, SubProcess
from procession.engine.unit import Unit
from procession.kernel import events as e
from procession.kernel.records import Life
from procession.kernel.stepping import BODY
from procession.server.application import create_app
from procession.server.settings import Settings
from tests.camunda8.play import Play
from tests.camunda8.plays import PLAYS, StreamPlay
from tests.server.calling import Caller

HERE = Path(__file__).parent
RECORDING = HERE / "recordings" / "zeebe-8.8.21-streams.json"
DIFFERENT = {
    "escalation": "what escalates and what catches it without interrupting are paths of their own: Zeebe lets the one that "
    "catches leave first",
    "signals": "a signal reaches its receivers when the step that threw it has come to its wait states; Zeebe has it stand in "
    "line with what begins elsewhere in the instance",
    "signal-broadcast": "instances that a signal reaches go on one after the other, those that wait before those that it starts; "
    "Zeebe starts the new ones first and has all go on in turns",
    "call-cancelled": "a call activity ends before the instance that it called; Zeebe ends the called one first",
    "links": "a throwing link is no element of its own: the flow to it leads to the catching one",
    "modification": "what a modification activates runs to its wait state before what it terminates ends",
}
"""Plays whose order differs, and why that is so. None of it changes what an instance does."""
_LIVES = {Life.ACTIVE: "ACTIVATED", Life.COMPLETING: "COMPLETING", Life.TERMINATING: "TERMINATING"}


class Stream:
    """What our kernel's events say of elements, in the words of Zeebe's stream."""

    def __init__(self) -> None:
        self._nodes: dict[int, tuple[str, Process]] = {}
        self._lives: dict[int, Life] = {}
        self.lines: list[str] = []

    def take(self, unit: Unit, event: e.Event) -> None:
        """Takes one event down."""
        match event:
            case e.ElementCreated(element=element, definition=definition):
                self._nodes[element.key] = element.node, unit.engine.definitions.process(definition, unit.transaction)
                if element.parent is None:
                    self._tell(element.key, "ACTIVATING")
                    self._live(element.key, element.life)
                else:
                    self._lives[element.key] = Life.ACTIVATING
            case e.ElementEntered(element=key):
                self._tell(key, "ACTIVATING")
            case e.ElementMoved(element=key, life=life) if life is not None:
                self._live(key, life)
            case e.ElementCompleted(element=key):
                self._live(key, Life.COMPLETING)
                self._tell(key, "COMPLETED")
            case e.ElementTerminated(element=key):
                self._live(key, Life.TERMINATING)
                self._tell(key, "TERMINATED")
            case e.FlowTaken(flow=flow):
                self.lines.append(f"{flow} SEQUENCE_FLOW SEQUENCE_FLOW_TAKEN")

    def _live(self, key: int, life: Life) -> None:
        before = self._lives.get(key)
        if life is Life.FAILED or before is life:
            return
        if before is not Life.ACTIVE or life is not Life.ACTIVATING:
            self._lives[key] = life
        if life in _LIVES:
            self._tell(key, _LIVES[life])

    def _tell(self, key: int, intent: str) -> None:
        node, process = self._nodes[key]
        self.lines.append(f"{node.removesuffix(BODY)} {_type(node, process)} {intent}")


def _type(node: str, process: Process) -> str:
    if node == process.id:
        return "PROCESS"
    if node.endswith(BODY):
        return "MULTI_INSTANCE_BODY"
    found = process.nodes[node]
    if isinstance(found, SubProcess) and found.triggered:
        return "EVENT_SUB_PROCESS"
    return re.sub("([A-Z])", r"_\1", found.kind.replace("#i", "I")).upper()


@contextmanager
def streamed() -> Iterator[Stream]:
    """Our stream, while the block runs."""
    stream, save = Stream(), Unit.save

    def saved(unit: Unit) -> None:
        for _, events in unit.done:
            for event in events:
                stream.take(unit, event)
        save(unit)

    with patch.object(Unit, "save", saved):
        yield stream


def played(play: StreamPlay) -> list[str]:
    """The stream of our engine."""
    with open_engine("sqlite://") as engine:
        api = Play(engine, Caller(create_app(engine, Settings(auth=False, test_mode=True))))
        api.got("/clock", {"timestamp": 1_800_000_000_000}, "PUT")
        files = [("resources", (name, text.encode())) for name, text in play.models]
        answer = api.ask("POST", "/deployments", files=files)
        assert answer.is_success, answer.text
        with streamed() as stream:
            for step in play.steps:
                _do(api, *step)
        return stream.lines


def _do(api: Play, name: str, *given: object) -> None:
    match name, given:
        case "start", (str(process), dict(variables)):
            api.start(process, **variables)
        case "work", (str(kind), dict(variables)):
            (job,) = api.jobs(kind, 1)
            api.got(f"/jobs/{job['jobKey']}/completion", {"variables": variables})
        case "fail", (str(kind), int(retries)):
            api.got(f"/jobs/{api.jobs(kind, 1)[0]['jobKey']}/failure", {"retries": retries})
        case "error", (str(kind), str(code)):
            api.got(f"/jobs/{api.jobs(kind, 1)[0]['jobKey']}/error", {"errorCode": code})
        case "publish", (str(message), str(key), dict(variables), int(ttl)):
            body = {"name": message, "correlationKey": key, "variables": variables, "timeToLive": ttl}
            api.got("/messages/publication", body)
        case "signal", (str(signal), dict(variables)):
            api.got("/signals/broadcast", {"signalName": signal, "variables": variables})
        case "time", (int(milliseconds),):
            api.run_due(milliseconds)
        case "cancel", ():
            api.got(f"/process-instances/{api.instance}/cancellation", {})
        case "set", (dict(variables),):
            api.got(f"/element-instances/{api.instance}/variables", {"variables": variables}, "PUT")
        case "resolve", ():
            api.resolve()
        case "modify", (list(activated), list(terminated)):
            asked = {
                "activateInstructions": [{"elementId": one} for one in activated],
                "terminateInstructions": [{"elementId": one} for one in terminated],
            }
            api.got(f"/process-instances/{api.instance}/modification", asked)
        case _:
            raise ValueError(f"There is no step '{name}'")


def recorded() -> dict[str, list[str]]:
    """The real streams, by play."""
    found: dict[str, list[str]] = json.loads(RECORDING.read_text(encoding="utf-8"))
    return found


def record(python: str, proto: str, grpc: str, control: str) -> None:
    """Has the real engine play everything, and keeps what it said."""
    plays = json.dumps([asdict(play) for play in PLAYS])
    command = [python, str(HERE / "recorder.py"), proto, grpc, control]
    done = subprocess.run(command, input=plays, text=True, capture_output=True, check=False)
    if done.returncode or done.stderr:
        print(done.stderr)
    RECORDING.write_text(json.dumps(json.loads(done.stdout), indent=1) + "\n", encoding="utf-8")


def difference(theirs: Sequence[str], ours: Sequence[str]) -> list[str]:
    """The lines in which two streams differ, with those around them."""
    return list(difflib.unified_diff(theirs, ours, "real", "ours", lineterm="", n=1))


def section() -> str:
    """The part of the page that tells how much of the order agrees; `test_streams` holds it to be so."""
    theirs = recorded()
    same = [play.name for play in PLAYS if play.name not in DIFFERENT]
    lines = [
        "## Order of events",
        "",
        "Models and steps of `tests/camunda8/plays.py` were played on Zeebe 8.8.21 (the in-memory engine of its process test);",
        "its record stream, reduced to element, type and intent, is kept in `tests/camunda8/recordings`. Compared is the order",
        "of all events of elements and flows: activating, activated, completing, completed, terminating, terminated, taken.",
        "",
        f"**{len(same)} of {len(PLAYS)} streams are the same**, {sum(len(theirs[name]) for name in same)} events.",
        "",
        "| play | events | order |",
        "|---|---|---|",
    ]
    for play in PLAYS:
        why = f"differs: {DIFFERENT[play.name]}" if play.name in DIFFERENT else "same"
        lines.append(f"| {play.name} | {len(theirs[play.name])} | {why} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", nargs=4, metavar=("PYTHON", "PROTO", "GRPC", "CONTROL"))
    parser.add_argument("--only", metavar="PLAY")
    arguments = parser.parse_args()
    if arguments.record:
        record(*arguments.record)
    theirs = recorded()
    same = 0
    for play in PLAYS:
        if arguments.only in (None, play.name) and play.name in theirs:
            found = difference(theirs[play.name], played(play))
            same += not found
            print(f"{'differs' if found else 'equal'} {play.name}", *found, sep="\n  ")
    print(f"{same} of {len(PLAYS)}")


if __name__ == "__main__":
    main()
