"""Which elements and attributes the replayed models use, and in how many of them everything was as Camunda 7 has it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CAMUNDA = ("{http://camunda.org/schema/1.0/bpmn}", "{http://activiti.org/bpmn}")
EVENTS = ("startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent")
PLAIN = ("incoming", "outgoing", "extensionElements", "definitions", "flowNodeRef", "script", "condition", "text")


def features(root: Element) -> set[str]:
    """The names of what a model uses, as `boundaryEvent, timer, non-interrupting` or `userTask, camunda:assignee`."""
    around = {child: parent for parent in root.iter() for child in parent}
    return {name for element in root.iter() for name in _names(element, around)}


def _names(element: Element, around: Mapping[Element, Element]) -> Iterator[str]:
    kind = element.tag
    if not isinstance(kind, str):
        return
    for space in CAMUNDA:
        if kind.startswith(space) and element in around:
            yield f"camunda:{kind.removeprefix(space)}"
    if not kind.startswith(BPMN):
        return
    name = kind.removeprefix(BPMN)
    if name not in PLAIN and not name.endswith("EventDefinition"):
        yield from _standard(name, element, around)
    for attribute in element.attrib:
        for space in CAMUNDA:
            if attribute.startswith(space):
                yield f"{name}, camunda:{attribute.removeprefix(space)}"


def _standard(name: str, element: Element, around: Mapping[Element, Element]) -> Iterator[str]:
    parent = around.get(element)
    if name in EVENTS:
        kinds = [
            child.tag.removeprefix(BPMN).removesuffix("EventDefinition")
            for child in element
            if isinstance(child.tag, str) and child.tag.endswith("EventDefinition")
        ]
        words = [name, kinds[0] if kinds else "none"]
        if parent is not None and parent.get("triggeredByEvent") == "true" and name == "startEvent":
            words.append("of an event sub-process")
        if "false" in (element.get("cancelActivity"), element.get("isInterrupting")):
            words.append("non-interrupting")
        yield ", ".join(words)
    elif name == "multiInstanceLoopCharacteristics" and parent is not None:
        order = "sequential" if element.get("isSequential") == "true" else "parallel"
        yield f"multi-instance, {order}, {str(parent.tag).removeprefix(BPMN)}"
    elif name == "subProcess" and element.get("triggeredByEvent") == "true":
        yield "event sub-process"
    else:
        yield name
    if element.get("isForCompensation") == "true":
        yield f"{name}, isForCompensation"
    if element.get("default"):
        yield f"{name}, default"


def count(
    folders: Mapping[str, Path], reports: Mapping[str, Mapping[str, Any]], recorded: Mapping[str, Path]
) -> dict[str, Any]:
    """Per feature: in how many models, in how many of them all was equal, and one of these."""
    found: dict[str, list[Any]] = {}
    for name, folder in folders.items():
        for recording in sorted(recorded[name].rglob("*.json")):
            path = recording.relative_to(recorded[name]).as_posix().removesuffix(".json")
            try:
                root = ElementTree.fromstring((folder / path).read_bytes())
            except (ElementTree.ParseError, OSError):
                continue
            equal = path not in reports[name]["divergences"]
            for feature in features(root):
                row = found.setdefault(feature, [0, 0, None])
                row[0] += 1
                row[1] += equal
                if equal and (row[2] is None or len(path) < len(row[2])):
                    row[2] = path
    return dict(sorted(found.items()))


def save(folder: Path, found: Mapping[str, Any]) -> None:
    """Writes `elements.json`, from which `make docs` makes the page on BPMN."""
    lines = (f" {json.dumps(name)}: {json.dumps(row, ensure_ascii=False)}" for name, row in found.items())
    (folder / "elements.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
