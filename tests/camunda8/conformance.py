"""Has the dialogues with our server and compares with what a real Camunda 8 said.

    python -m tests.camunda8.conformance                      writes docs/conformance/camunda8.md and camunda8-elements.json
    python -m tests.camunda8.conformance --record ADDRESS     asks a real one below ADDRESS/v2 first, and keeps its answers

Compared are status, media type, and of the body every member that the real one answers (ours has those of 8.9 besides).
Keys, times and what follows from them are alike where both are there.
"""

from __future__ import annotations

import argparse
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from procession import open_engine
from procession.server.application import create_app
from procession.server.settings import Settings
from tests.camunda8.dialogue import Dialogue, Step
from tests.camunda8.dialogues import DIALOGUES
from tests.camunda8.elements import count, shown
from tests.camunda8.streams import section
from tests.server.calling import Caller

HERE = Path(__file__).parent
RECORDING = HERE / "recordings" / "camunda-8.6.0.json"
ELEMENTS = HERE.parents[1] / "docs" / "conformance" / "camunda8-elements.json"
PAGE = HERE.parents[1] / "docs" / "conformance" / "camunda8.md"
WHY = {
    "models-refused": "the words are those of the real one's FEEL parser; ours says what it expected and where.",
    "deploying": "the words are those of the real one's XML schema validator.",
    "feel-big": "the real one overflows a number of 64 bits; ours keeps its size.",
    "decisions": "8.6.0 has empty texts where the contract of 8.9 has null; ours follows the contract.",
}
"""Why answers differ, by dialogue."""
KEY = re.compile(r"\b\d{15,19}\b")
RENAMED = {"key": "jobKey"}

Answered = dict[str, Any]
Ask = Callable[..., httpx.Response]


def converse(ask: Ask, dialogue: Dialogue) -> list[Answered]:
    """Deploys and says everything; the answers, made comparable."""
    for name, data in dialogue.models:
        answer = ask("POST", "/deployments", files={"resources": (name, data)})
        if answer.status_code != 200:
            return [comparable(answer)]
    kept: dict[str, str] = {}
    return [comparable(_say(ask, step, kept)) for step in dialogue.steps]


def _say(ask: Ask, step: Step, kept: dict[str, str]) -> httpx.Response:
    def filled(value: Any) -> Any:
        match value:
            case str():
                return re.sub(r"\{(\w+)\}", lambda found: kept.get(found[1], found[0]), value)
            case dict():
                return {name: filled(inner) for name, inner in value.items()}
            case list():
                return [filled(inner) for inner in value]
            case _:
                return value

    options: dict[str, Any] = {}
    match step.body:
        case ("file", name, data):
            options["files"] = {"resources": (name, data)}
        case ("text", kind, text):
            options.update(content=text, headers={"Content-Type": kind})
        case None:
            pass
        case body:
            options["json"] = filled(body)
    answer = ask(step.method, filled(step.path), **options)
    for name, path in step.keep.items():
        found: Any = answer.json() if answer.content else None
        for part in path.split("."):
            if isinstance(found, list):
                found = found[int(part)] if len(found) > int(part) else None
            elif isinstance(found, dict):
                found = found.get(part, found.get("key") if part == "jobKey" else None)
        if found is not None:
            kept[name] = str(found)
    return answer


def comparable(answer: httpx.Response) -> Answered:
    """Status, media type and body, without what differs from run to run."""
    kind = answer.headers.get("content-type", "").split(";")[0]
    body: Any = None
    if answer.content:
        try:
            body = answer.json()
        except ValueError:
            body = answer.text
    return {"status": answer.status_code, "type": kind, "body": _plain(body)}


def _plain(value: Any, name: str = "") -> Any:
    match value:
        case dict():
            own = {RENAMED.get(key, key) if "customHeaders" in value else key: inner for key, inner in value.items()}
            return {key: _plain(inner, key) for key, inner in own.items()}
        case list():
            return [_plain(inner, name) for inner in value]
        case str() if name == "timestamp":
            return "<time>"
        case int() if name == "deadline":
            return "<time>"
        case bool() | None | float():
            return value
        case int() if name.endswith("Key"):
            return "<key>"
        case int():
            return value
        case _:
            return KEY.sub("<key>", str(value)) if name != "r" else value


@dataclass(frozen=True)
class Difference:
    """Where our answer is not the real one's."""

    dialogue: str
    step: int
    where: str
    theirs: Any
    ours: Any


def differences(dialogue: Dialogue, theirs: list[Answered], ours: list[Answered]) -> list[Difference]:
    """Everything in which two conversations differ."""
    found: list[Difference] = []
    if len(theirs) != len(ours):
        found.append(Difference(dialogue.name, 0, "answers", len(theirs), len(ours)))
    for number, (wanted, got) in enumerate(zip(theirs, ours, strict=False), 1):
        found += [Difference(dialogue.name, number, *one) for one in _differing("", wanted, got)]
    return found


def _differing(where: str, theirs: Any, ours: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found: list[tuple[str, Any, Any]] = []
        for name, value in theirs.items():
            found += _differing(f"{where}.{name}".lstrip("."), value, ours.get(name, "(missing)"))
        if where.endswith("variables"):
            found += [(f"{where}.{name}", "(missing)", ours[name]) for name in ours.keys() - theirs.keys()]
        return found
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        return [
            one for i, pair in enumerate(zip(theirs, ours, strict=True)) for one in _differing(f"{where}[{i}]", *pair)
        ]
    return [] if theirs == ours else [(where, theirs, ours)]


def our_answers() -> dict[str, list[Answered]]:
    """What our server says, each dialogue with an engine that is empty."""
    found = {}
    with open_engine("sqlite://") as engine:
        caller = Caller(create_app(engine, Settings(auth=False)))

        def ask(method: str, path: str, **options: Any) -> httpx.Response:
            return caller.call(method, f"/v2{path}", **options)

        for dialogue in DIALOGUES:
            found[dialogue.name] = converse(ask, dialogue)
            engine.reset()
    return found


def record(address: str) -> dict[str, list[Answered]]:
    """What a real one says."""
    found = {}
    with httpx.Client(base_url=address, timeout=60) as client:

        def ask(method: str, path: str, **options: Any) -> httpx.Response:
            return client.request(method, f"/v2{path}", **options)

        for dialogue in DIALOGUES:
            found[dialogue.name] = converse(ask, dialogue)
    return found


def recorded() -> dict[str, list[Answered]]:
    """What the real one said when it was asked."""
    found: dict[str, list[Answered]] = json.loads(RECORDING.read_text(encoding="utf-8"))
    return found


def page(theirs: Mapping[str, list[Answered]], ours: Mapping[str, list[Answered]]) -> str:
    """The page of scores and differences."""
    known = [dialogue for dialogue in DIALOGUES if dialogue.name in theirs]
    found = {d.name: differences(d, theirs[d.name], ours[d.name]) for d in known}
    steps = sum(len(theirs[d.name]) for d in known)
    same = steps - sum(len({one.step for one in differing}) for differing in found.values())
    lines = [
        "# Camunda 8",
        "",
        "Generated by `python -m tests.camunda8.conformance`. The same models and requests were given to the real Camunda 8.6.0",
        "(its answers are kept in `tests/camunda8/recordings`) and to this version; status, media type and every member that the",
        "real one answers are compared. Ours has the members of 8.9 besides, and keys are texts as they are since 8.8.",
        "",
        f"**{same} of {steps} answers are the same**, in {len(known)} dialogues.",
        "",
        "| dialogue | answers | the same |",
        "|---|---|---|",
    ]
    for dialogue in known:
        count = len(theirs[dialogue.name])
        alike = count - len({one.step for one in found[dialogue.name]})
        lines.append(f"| {dialogue.name} | {count} | {alike} |")
    lines += ["", "## Differences", ""]
    for dialogue in known:
        if found[dialogue.name]:
            lines += [f"**{dialogue.name}**: {WHY.get(dialogue.name, 'not explained')}", ""]
        for one in found[dialogue.name]:
            asked = dialogue.steps[one.step - 1] if one.step <= len(dialogue.steps) else None
            request = "" if asked is None else f"`{asked.method} {asked.path}`"
            lines.append(f"- **{one.dialogue}** {one.step} {request} `{one.where}`")
            lines.append(f"  - real: {_shown(one.theirs)}")
            lines.append(f"  - ours: {_shown(one.ours)}")
        if found[dialogue.name]:
            lines.append("")
    return "\n".join(lines) + "\n" + section()


def elements(theirs: Mapping[str, list[Answered]], ours: Mapping[str, list[Answered]]) -> str:
    """What the models use and where that is proved, from which `make docs` makes the page on BPMN."""
    return shown(count({d.name: differences(d, theirs[d.name], ours[d.name]) for d in DIALOGUES if d.name in theirs}))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return "`" + (text if len(text) < 300 else text[:300] + "…").replace("`", "'") + "`"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", metavar="ADDRESS")
    address = parser.parse_args().record
    if address:
        try:
            urllib.request.urlopen(f"{address}/v2/topology", timeout=10).close()
        except urllib.error.URLError as error:
            raise SystemExit(f"No Camunda 8 answers at {address}: {error}") from None
        RECORDING.parent.mkdir(exist_ok=True)
        text = json.dumps(record(address), indent=1, ensure_ascii=False, sort_keys=True)
        RECORDING.write_text(text + "\n", encoding="utf-8")
    theirs, ours = recorded(), our_answers()
    PAGE.write_text(page(theirs, ours), encoding="utf-8")
    ELEMENTS.write_text(elements(theirs, ours), encoding="utf-8")


if __name__ == "__main__":
    main()
