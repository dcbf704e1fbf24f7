"""What is linted together: the files of one deployment, read, and what is known to live outside of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from procession.bpmn.model import Process
from procession.dmn.model import Definitions
from procession.dmn.reader import read_dmn
from procession.engine.dialect import Dialect
from procession.errors import ParseFailed, Problem


@dataclass(frozen=True, slots=True)
class File:
    """One file. A file that the reader refuses has `problems` and nothing else to look at."""

    name: str
    processes: tuple[Process, ...] = ()
    decisions: Definitions | None = None
    form: str | None = None
    fields: frozenset[str] | None = None  # what a Camunda form asks for; None where that is not known
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Project:
    """All files; `elsewhere` are keys of processes, decisions and forms that are deployed already, `variables` what
    callers always give, `topics` what workers serve (None: not known).
    """

    files: tuple[File, ...]
    elsewhere: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()
    topics: frozenset[str] | None = None

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all files."""
        return frozenset(file.name for file in self.files)

    @cached_property
    def processes(self) -> Mapping[str, Process]:
        """All processes by id."""
        return {process.id: process for file in self.files for process in file.processes}

    @cached_property
    def decisions(self) -> Mapping[str, Definitions]:
        """Where each decision is defined, by its id."""
        return {id_: file.decisions for file in self.files if file.decisions for id_ in file.decisions.decisions}

    @cached_property
    def forms(self) -> Mapping[str, frozenset[str] | None]:
        """The fields of all Camunda forms by the form's id."""
        return {file.form: file.fields for file in self.files if file.form is not None}

    @cached_property
    def unread(self) -> bool:
        """Whether some file could not be read, so that nobody knows what it defines."""
        return any(file.problems for file in self.files)


Choose = Callable[[bytes], Dialect]
"""Which dialect a content is written in."""


def read(files: Iterable[tuple[str, bytes]], dialect_of: Choose) -> tuple[File, ...]:
    """The files by name and content, in their order."""
    return tuple(_file(name, content, dialect_of(content)) for name, content in files)


def _file(name: str, content: bytes, dialect: Dialect) -> File:
    try:
        match dialect.kind_of(name):
            case "bpmn":
                found = dialect.read_processes(content, name)
                return File(name, found.processes, warnings=found.warnings)
            case "dmn":
                decided = dialect.read_decisions(content, name)
                return File(name, decisions=read_dmn(content, name), warnings=decided.warnings)
    except ParseFailed as error:
        return File(name, problems=error.problems or (Problem(error.message),), warnings=error.warnings)
    return _form(name, content) if name.endswith(".form") else File(name)


def _form(name: str, content: bytes) -> File:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return File(name, problems=(Problem("it is not JSON that can be read", resource=name),))
    if not isinstance(found, dict) or not isinstance(found.get("components"), list):
        return File(name, problems=(Problem("it is not a form: it has no list of components", resource=name),))
    id_ = found.get("id")
    return File(name, form=id_ if isinstance(id_, str) else None, fields=frozenset(_keys(found["components"])))


def _keys(components: list[Any]) -> Iterable[str]:
    waiting = list(components)
    while waiting:
        component = waiting.pop()
        if isinstance(component, dict):
            if isinstance(key := component.get("key") or component.get("path"), str):
                yield key.split(".")[0]
            if isinstance(inner := component.get("components"), list):
                waiting += inner
