"""Runs every rule over every file. Rules are found by where they are: the modules of `lint.rules`, whose names they bear."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache

from procession.lint import rules as package
from procession.lint.finding import Fault, Finding
from procession.lint.project import Choose, File, Project, read

Rule = Callable[[File, Project], Iterator[Fault]]
READING = "deployable"
"""The rule that repeats what the reader said."""


@cache
def rules() -> Mapping[str, Rule]:
    """The rules of the preset *correctness* by name, in alphabetical order. A rule's page is its module's docstring."""
    found: dict[str, Rule] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        found[module.name.replace("_", "-")] = importlib.import_module(f"{package.__name__}.{module.name}").check
    return found


def check(
    files: Iterable[tuple[str, bytes]],
    dialect_of: Choose,
    *,
    elsewhere: Iterable[str] = (),
    variables: Iterable[str] = (),
    topics: Iterable[str] | None = None,
) -> list[Finding]:
    """All findings about the files (name and content) of one deployment, by file and line.

    `dialect_of` says by its content which dialect a model is written in. `elsewhere`: keys that are deployed already;
    `variables`: what callers always give; `topics`: what workers serve.
    """
    project = Project(
        read(files, dialect_of),
        frozenset(elsewhere),
        frozenset(variables),
        None if topics is None else frozenset(topics),
    )
    findings: list[Finding] = []
    for file in project.files:
        here = [
            Finding(name, fault.severity, file.name, fault.line, fault.element, fault.message)
            for name, rule in rules().items()
            for fault in rule(file, project)
        ]
        # The reader warns of some of what a rule explains better.
        told = {finding.element for finding in here if finding.rule != READING}
        kept = [one for one in here if one.rule != READING or file.problems or one.element not in told]
        findings += sorted(kept, key=lambda finding: (finding.line, finding.rule, finding.element or ""))
    return findings
