"""Files to deploy: what is in them, and what the readers of this version say about them, before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from procession.cli.exits import Exit, Quit
from procession.errors import ParseFailed, Problem
from procession.xml import local_name, parse_xml

BPMN_SUFFIXES = (".bpmn", ".bpmn20.xml")
DMN_SUFFIXES = (".dmn", ".dmn11.xml")
OTHER_SUFFIXES = (".form", ".html", ".js", ".groovy", ".py", ".feel", ".json")
"""Taken along from a folder; a file that is named itself may have any suffix."""

_LOGIC = {"decisionTable", "literalExpression"}
_TOGETHER = re.compile(rb"Binding\s*=\s*[\"']deployment[\"']|[\"':]deployment:(?!//)|deployment://")


@dataclass(frozen=True, slots=True)
class Definition:
    """A process or decision that a file defines."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Model:
    """A file to deploy. `bound` says that it refers to others in the same deployment, which must come along."""

    name: str
    content: bytes
    definitions: tuple[Definition, ...] = ()
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """What reading the models found."""

    models: tuple[Model, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def collect(paths: Iterable[Path]) -> list[Path]:
    """The files that are meant: files themselves, and the models and forms in folders. Raises Quit."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            suffixes = (*BPMN_SUFFIXES, *DMN_SUFFIXES, *OTHER_SUFFIXES)
            inside = sorted(file for file in path.iterdir() if file.is_file() and file.name.endswith(suffixes))
            if not any(file.name.endswith((*BPMN_SUFFIXES, *DMN_SUFFIXES)) for file in inside):
                raise Quit(Exit.USAGE, f"{path}: no .bpmn or .dmn file in this folder")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise Quit(Exit.USAGE, f"{path}: no such file")
    names = [path.name for path in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Quit(Exit.USAGE, f"Two files of one deployment cannot have the same name: {', '.join(twice)}")
    return found


def check(files: Sequence[Path], validate: bool = True) -> Check:
    """Reads the files. With `validate`, the engine's own readers say what they think of them as well."""
    models: list[Model] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    for file in files:
        content = file.read_bytes()
        try:
            models.append(_model(file.name, content))
            if validate:
                warnings += _validate(file.name, content)
        except ParseFailed as error:
            problems += error.problems
            warnings += error.warnings
    return Check(tuple(models), tuple(problems), tuple(warnings))


def _model(name: str, content: bytes) -> Model:
    if not name.endswith((*BPMN_SUFFIXES, *DMN_SUFFIXES)):
        return Model(name, content)
    root = parse_xml(content, name)
    elements = [element for element in root if isinstance(element.tag, str)]
    if name.endswith(BPMN_SUFFIXES):
        kind = "process"
        deployed = [item for item in elements if local_name(item) == kind and item.get("isExecutable") == "true"]
    else:
        kind = "decision"
        deployed = [item for item in elements if local_name(item) == kind and _LOGIC & {local_name(x) for x in item}]
    definitions = tuple(Definition(kind, item.get("id") or "") for item in deployed)
    return Model(name, content, definitions, bool(_TOGETHER.search(content)))


def _validate(name: str, content: bytes) -> Sequence[Problem]:
    """Warnings of the engine's reader. Raises ParseFailed with its problems."""
    if name.endswith(BPMN_SUFFIXES):
        from procession.camunda7.bpmn import read_bpmn

        return read_bpmn(content, name).warnings
    if name.endswith(DMN_SUFFIXES):
        from procession.camunda7.decisions import read_decisions

        read_decisions(content, name)
    return ()
