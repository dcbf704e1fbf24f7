"""Reads models and forms before they are uploaded, and says what would not work there.

Only what is wrong in any modeler is a finding: XML that cannot be read, another root element, an id used twice, a
reference to nothing. The reader takes the XML piece by piece, refuses a DOCTYPE and bounds depth and size.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from camunda_client.modeler.backend import ModelFile

LARGEST = 16 * 1024 * 1024
DEEPEST = 200
"""Bytes of one file, levels of its elements."""

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_REFERENCES = (
    "sourceRef",
    "targetRef",
    "attachedToRef",
    "default",
    "messageRef",
    "errorRef",
    "signalRef",
    "escalationRef",
)
_REFERRING = {"sequenceFlow", "boundaryEvent", "messageFlow"} | {
    f"{kind}EventDefinition" for kind in ("message", "error", "signal", "escalation")
}
_WITH_DEFAULT = {"exclusiveGateway", "inclusiveGateway", "complexGateway"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason not to upload. `field` is the place in the caller's request, `line` that in the file (0: the whole)."""

    field: str
    file: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        where = f", line {self.line}" if self.line else ""
        return f"{self.file}{where}: {self.message}"


def check(files: Sequence[ModelFile]) -> list[Finding]:
    """All findings in all files, in their order."""
    return [finding for file in files for finding in check_file(file)]


def check_file(file: ModelFile) -> list[Finding]:
    """The findings in one file."""
    if len(file.content.encode("utf-8", "surrogatepass")) > LARGEST:
        problems = [(f"it is larger than {LARGEST // 1024 // 1024} MiB", 0)]
    elif file.type == "bpmn":
        problems = _check_bpmn(file.content)
    elif file.type == "dmn":
        problems = _read_xml(file.content, "DMN").problems
    else:
        problems = _check_json(file)
    return [Finding(file.field, file.name, message, line) for message, line in problems]


@dataclass(slots=True)
class _Reading:
    problems: list[tuple[str, int]] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    references: list[tuple[str, str, int]] = field(default_factory=list)
    elements: set[str] = field(default_factory=set)


class _Stop(Exception):
    """Ends reading: the document is not to be read any further."""


def _read_xml(text: str, standard: str) -> _Reading:
    reading = _Reading()
    # The text is decoded already; what its declaration says of an encoding no longer holds.
    parser = expat.ParserCreate("utf-8", " ")
    depth = 0

    def no_doctype(*_: object) -> None:
        raise _Stop("a DOCTYPE is not allowed")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        namespace, _, local = name.rpartition(" ")
        line = parser.CurrentLineNumber
        if depth > DEEPEST:
            raise _Stop(f"its elements are nested deeper than {DEEPEST}")
        if depth == 1:
            right = namespace == BPMN if standard == "BPMN" else f"/{standard}/" in namespace
            if local != "definitions" or not right:
                raise _Stop(f"its root element is not {standard}'s definitions")
        if identity := attributes.get("id"):
            if identity in reading.ids:
                reading.problems.append((f"the id {identity!r} is already used in line {reading.ids[identity]}", line))
            reading.ids.setdefault(identity, line)
        if namespace == BPMN:
            reading.elements.add(local)
            for name in _REFERENCES:
                refers = local in _REFERRING or (name == "default" and local in _WITH_DEFAULT)
                if refers and name in attributes:
                    reading.references.append((name, attributes[name].rpartition(":")[2], line))

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = no_doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(text.encode("utf-8"), True)
    except expat.ExpatError as error:
        reading.problems.append((f"it is not well-formed XML: {expat.ErrorString(error.code)}", error.lineno))
    except UnicodeEncodeError:
        reading.problems.append(("it has a character that is none", 0))
    except _Stop as stop:
        reading.problems.append((str(stop), parser.CurrentLineNumber))
    return reading


def _check_bpmn(text: str) -> list[tuple[str, int]]:
    reading = _read_xml(text, "BPMN")
    if reading.problems and not reading.elements:
        return reading.problems
    if not reading.elements & {"process", "collaboration"}:
        reading.problems.append(("it has no process", 0))
    for name, target, line in reading.references:
        if target not in reading.ids:
            reading.problems.append((f"{name} names {target!r}, which is not there", line))
    return reading.problems


def _check_json(file: ModelFile) -> list[tuple[str, int]]:
    try:
        found = json.loads(file.content)
    except json.JSONDecodeError as error:
        return [(f"it is not JSON: {error.msg}", error.lineno)]
    except (ValueError, RecursionError):
        return [("it is not JSON that can be read", 0)]
    if not isinstance(found, dict):
        return [("it is not a JSON object", 0)]
    if file.type == "form" and file.field != "manifest" and not isinstance(found.get("components"), list):
        return [("it has no list of components", 0)]
    return []
