"""Every error that Procession raises on purpose, in one tree.

    ProcessionError
    ├── Invalid          the request or the document is wrong; sending it again will not help
    │   ├── ParseFailed          a document has problems (element, line, column each)
    │   ├── ExpressionFailed     an expression cannot be read or evaluated
    │   └── Unsupported          understood, but not executed by this version
    ├── Missing          what the request names does not exist (any more)
    ├── Conflict         somebody else changed it first
    ├── AlreadyExists    what the request would make is there already
    ├── ExecutionFailed  a running model cannot go on as it is
    │   ├── NoNumber             a text that has to be a number is none
    │   ├── ConnectorFailed      what a connector called did not answer, or must not be called
    │   └── Suspended            what the request names is suspended
    ├── Refused          the caller may not do this
    ├── Unauthenticated  the caller did not say who it is
    └── Unavailable      try again later

This file does not know about HTTP: each dialect maps the five kinds to its own status codes in one table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ProcessionError(Exception):
    """Base of all errors raised on purpose. `message` is for people, `details` for programs."""

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Invalid(ProcessionError):
    """The request or document is wrong."""


class Missing(ProcessionError):
    """Something the request names does not exist."""


class Conflict(ProcessionError):
    """Somebody else was first."""


class AlreadyExists(ProcessionError):
    """What the request would make is there already."""


class ExecutionFailed(ProcessionError):
    """A running model cannot go on as it is: nothing was changed; the model, its data or its state are at fault."""


class NoNumber(ExecutionFailed):
    """A text that has to be a number is none. Camunda 7 tells of it as Java does, with `NumberFormatException`."""


class ConnectorFailed(ExecutionFailed):
    """What a connector called did not answer, or must not be called."""


class Suspended(ExecutionFailed):
    """What the request names is suspended."""


class Refused(ProcessionError):
    """The caller is known and may not do this."""


class Unauthenticated(ProcessionError):
    """No or wrong credentials."""


class Unavailable(ProcessionError):
    """Try again later."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in a document: what is wrong, where, and what to do about it.

    `line` and `column` count from 1; 0 means unknown. `elements` are the ids at fault, the main one first.
    """

    message: str
    line: int = 0
    column: int = 0
    elements: tuple[str, ...] = ()
    resource: str = ""

    def __str__(self) -> str:
        where = f" | {self.resource}" if self.resource else ""
        where += f" | line {self.line} | column {self.column}" if self.line else ""
        where += f" | element {self.elements[0]}" if self.elements else ""
        return self.message + where


class ParseFailed(Invalid):
    """A document has problems; all of them are listed, not the first alone."""

    def __init__(self, message: str, problems: Sequence[Problem], warnings: Sequence[Problem] = ()) -> None:
        text = message + "".join(f"\n* {problem}" for problem in problems)
        super().__init__(text)
        self.problems = tuple(problems)
        self.warnings = tuple(warnings)


class ExpressionFailed(Invalid):
    """An expression cannot be read or evaluated. `position` is the offset in `source`, from 0, or -1."""

    def __init__(self, message: str, source: str = "", position: int = -1) -> None:
        super().__init__(message)
        self.source = source
        self.position = position


class UnknownName(ExpressionFailed):
    """An expression reads a variable that does not exist. Camunda 7 says `Unknown property used in expression`."""


class Unsupported(Invalid):
    """Understood, but not executed by this version; the message names element and remedy."""
