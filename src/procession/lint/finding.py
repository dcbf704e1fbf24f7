"""What a rule finds: `Fault` is what it says, `Finding` adds where that is and which rule said it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from procession.bpmn.model import Flow, Node


class Severity(StrEnum):
    """Whether something breaks at run time, or may."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a file. `element` is the id at fault; `line` counts from 1, 0 means unknown."""

    message: str
    element: str | None = None
    line: int = 0
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report."""

    rule: str
    severity: Severity
    file: str
    line: int
    element: str | None
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        about = f" [{self.element}]" if self.element else ""
        return f"{where}: {self.severity.value} {self.rule}{about}: {self.message}"

    def as_json(self) -> dict[str, object]:
        """For `--format json`; line and element are null where they are unknown."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "file": self.file,
            "line": self.line or None,
            "element": self.element,
            "message": self.message,
        }


def at(element: Node | Flow, message: str, severity: Severity = Severity.ERROR) -> Fault:
    """A fault of a node or flow."""
    return Fault(message, element.id, element.line, severity)
