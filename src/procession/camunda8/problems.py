"""Errors as Camunda 8's REST API tells them: problem documents (RFC 9457), and plain answers for what never got in."""

from __future__ import annotations

import logging
from typing import Any

from procession.errors import (
    Conflict,
    ExecutionFailed,
    Invalid,
    Missing,
    ParseFailed,
    ProcessionError,
    Refused,
    Suspended,
    Unauthenticated,
    Unavailable,
)

log = logging.getLogger("procession.camunda8")

TITLES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "INVALID_STATE",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_STATUS: dict[type[ProcessionError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Refused: 403,
    Missing: 404,
    Conflict: 409,
    Suspended: 409,
    ExecutionFailed: 409,
    Unavailable: 503,
}


class Rejected(Exception):
    """A request that is answered with a problem document. `title` is the kind of rejection."""

    def __init__(self, status: int, detail: str, title: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.title = title or TITLES.get(status, "INTERNAL")

    def body(self, path: str) -> dict[str, Any]:
        """The problem document of a request to `path`."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": path,
        }


def invalid(detail: str) -> Rejected:
    """The request is wrong."""
    return Rejected(400, detail)


def unreadable(detail: str = "Failed to read request") -> Rejected:
    """The request's body or a parameter cannot be read at all."""
    return Rejected(400, detail, "Bad Request")


def command_rejected(command: str, code: str, reason: str) -> Rejected:
    """How the engine says that it does not carry a command out."""
    status = next((status for status, title in TITLES.items() if title == code), 409)
    return Rejected(status, f"Command '{command}' rejected with code '{code}': {reason}", code)


def not_found(what: str, key: object) -> Rejected:
    """What is looked up does not exist."""
    return Rejected(404, f"{what} with key '{key}' not found")


def rejection_of(error: Exception) -> Rejected:
    """The problem that an error is told as; what is no error of ours is logged and says nothing of its cause."""
    if isinstance(error, Rejected):
        return error
    if isinstance(error, ParseFailed):
        return command_rejected(
            "CREATE",
            "INVALID_ARGUMENT",
            f"Expected to deploy new resources, but encountered the following errors:\n{_told(error)}",
        )
    for cls in type(error).__mro__:
        if cls in _STATUS and isinstance(error, ProcessionError):
            return Rejected(_STATUS[cls], error.message)
    log.error("A request failed", exc_info=error)
    return Rejected(500, "Unexpected error occurred during the request processing", "Internal Server Error")


_WORDS = {
    "process must define a startEvent element": "Must have at least one start event",
    "subProcess must define a startEvent element": "Must have exactly one start event",
    "multiple none start events or timer start events not supported on process definition": (
        "Multiple none start events are not allowed"
    ),
    # what `rules` says of the same
    "Timer needs configuration (either timeDate, timeCycle or timeDuration is needed)": "",
    "Cannot have a message event subscription with an empty or missing name": "",
    "attribute 'messageRef' is required": "Must reference a message",
}
"""How Camunda 8 says what the reader says in Camunda 7's words; nothing for what is said in other words already."""


def _told(error: ParseFailed) -> str:
    """The faults as Camunda 8 lists them: by file, by element."""
    lines: list[str] = []
    files: dict[str, dict[str, list[str]]] = {}
    for problem in error.problems:
        if not problem.elements and not problem.line:
            lines.append(problem.message)
            continue
        element = problem.elements[0] if problem.elements else f"line {problem.line}, column {problem.column}"
        message = _WORDS.get(problem.message, problem.message)
        if not message:
            continue
        files.setdefault(problem.resource, {}).setdefault(element, []).append(message)
    for name, elements in files.items():
        told = [
            f"- Element: {element}\n" + "".join(f"    - ERROR: {message}\n" for message in messages)
            for element, messages in elements.items()
        ]
        lines.append(f"'{name}': " + "".join(told))
    return "\n".join(lines) or error.message
