"""Which elements and `zeebe:` extensions the plays, the dialogues and the tests use, and where the real ones do the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.camunda8.dialogues import DIALOGUES
from tests.camunda8.plays import PLAYS
from tests.camunda8.streams import DIFFERENT
from tests.conformance.elements import features

ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"
PLAIN = ("header", "input", "output", "property")
_WRITTEN = re.compile(r"<zeebe:(\w+)((?:\s+\w+=(?:\\?\"[^\"]*\"|'[^']*'))*)")


def zeebe(root: ElementTree.Element) -> Iterator[str]:
    """The names of the extensions that a model uses: `zeebe:taskDefinition`, `zeebe:taskDefinition, retries`."""
    for element in root.iter():
        if isinstance(element.tag, str) and element.tag.startswith(ZEEBE):
            yield from _named(element.tag.removeprefix(ZEEBE), list(element.attrib))


def _named(name: str, attributes: Sequence[str]) -> Iterator[str]:
    yield f"zeebe:{name}"
    if name not in PLAIN:
        yield from (f"zeebe:{name}, {attribute}" for attribute in attributes)


def _models(differing: Mapping[str, Sequence[object]]) -> Iterator[tuple[str, str, bool]]:
    """Name, XML, and whether the real one did the same."""
    for play in PLAYS:
        for _, text in play.models:
            yield f"play {play.name}", text, play.name not in DIFFERENT
    for dialogue in DIALOGUES:
        for name, data in dialogue.models:
            if name.endswith(".bpmn"):
                yield f"dialogue {dialogue.name}", data.decode(), not differing.get(dialogue.name)


def count(differing: Mapping[str, Sequence[object]]) -> dict[str, Any]:
    """By name: models that use it, models where all was the same, one of these, and the tests whose text names it."""
    found: dict[str, list[Any]] = {}
    for where, text, equal in _models(differing):
        root = ElementTree.fromstring(text)
        for name in {*features(root), *zeebe(root)}:
            row = found.setdefault(name, [0, 0, None, []])
            row[0] += 1
            row[1] += equal
            if equal and (row[2] is None or len(where) < len(row[2])):
                row[2] = where
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for name in _written(path.read_text(encoding="utf-8")):
            tests = found.setdefault(name, [0, 0, None, []])[3]
            if path.stem not in tests:
                tests.append(path.stem)
    return dict(sorted(found.items()))


def _written(text: str) -> Iterator[str]:
    for match in _WRITTEN.finditer(text):
        yield from _named(match[1], re.findall(r"(\w+)=", re.sub(r"\"[^\"]*\"|'[^']*'", "", match[2])))


def shown(found: Mapping[str, Any]) -> str:
    """The JSON from which `make docs` makes the page on BPMN."""
    lines = (f" {json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}" for name, row in found.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"
