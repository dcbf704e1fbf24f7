"""The engine takes the file.

What the engine's own reader refuses is an error here: XML that cannot be read, elements against the schema, references to
nothing inside of the file, a service task without an implementation, an exclusive gateway without an outgoing flow, two flows
without a condition. Nobody can deploy such a file, here or on Camunda 7. What the reader accepts and ignores is a warning, and
so is a file without an executable process: nothing of it is deployed.

As long as a file has such errors, no other rule can look at it.

**Instead:** correct the element that the message names.
"""

from __future__ import annotations

from collections.abc import Iterator

from procession.errors import Problem
from procession.lint.finding import Fault, Severity
from procession.lint.project import File, Project

_BPMN = (".bpmn", ".bpmn20.xml")


def check(file: File, project: Project) -> Iterator[Fault]:
    """What the reader said of the file."""
    for problem in file.problems:
        yield _fault(problem, Severity.ERROR)
    if file.name.endswith(_BPMN) and not (file.processes or file.problems):
        yield Fault("it has no executable process, so nothing of it is deployed", severity=Severity.WARNING)
    for warning in file.warnings:
        yield _fault(warning, Severity.WARNING)


def _fault(problem: Problem, severity: Severity) -> Fault:
    return Fault(problem.message, problem.elements[0] if problem.elements else None, problem.line, severity)
