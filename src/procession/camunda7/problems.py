"""Errors on the wire: what Camunda 7 answers when something is wrong, and which of our errors becomes what.

A body is `{"type": …, "message": …, "code": …}`. Camunda distinguishes two layers. The engine's own exceptions come
out with `code` 0 (1: somebody else was first); many endpoints wrap them into `RestException` or
`InvalidRequestException` with a sentence in front. What the REST layer itself refuses has `code` null. An endpoint
states its wrapping with `wrapping(…)`; what nobody wraps is answered after the table `KINDS`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from procession.errors import (
    Conflict,
    ConnectorFailed,
    ExecutionFailed,
    ExpressionFailed,
    Invalid,
    Missing,
    NoNumber,
    ParseFailed,
    Problem,
    ProcessionError,
    Refused,
    Suspended,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

log = logging.getLogger("procession.camunda7")

FALLBACK, OPTIMISTIC_LOCK = 0, 1


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of error is answered: HTTP status, Camunda's exception name, its error code."""

    status: int
    type: str
    code: int | None = FALLBACK


KINDS: dict[type[BaseException], Kind] = {
    ParseFailed: Kind(400, "ParseException"),
    ExpressionFailed: Kind(500, "ProcessEngineException"),
    Unsupported: Kind(400, "NotValidException"),
    Invalid: Kind(400, "BadUserRequestException"),
    Missing: Kind(404, "InvalidRequestException", None),
    Conflict: Kind(500, "OptimisticLockingException", OPTIMISTIC_LOCK),
    Suspended: Kind(500, "SuspendedEntityInteractionException"),
    ConnectorFailed: Kind(500, "ConnectorRequestException", None),
    NoNumber: Kind(500, "NumberFormatException", None),
    ExecutionFailed: Kind(500, "ProcessEngineException"),
    Refused: Kind(403, "AuthorizationException"),
    Unauthenticated: Kind(401, "AuthenticationException", None),
    Unavailable: Kind(503, "ProcessEngineException"),
    ProcessionError: Kind(500, "ProcessEngineException"),
}


class Answered(ProcessionError):
    """An error whose answer is decided: status, Camunda's exception name, code, and what else its body holds."""

    def __init__(
        self, status: int, type: str, message: str, code: int | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.code = code
        self.extra = dict(extra or {})

    def body(self) -> dict[str, Any]:
        """The body as Camunda 7 writes it."""
        return {"type": self.type, "message": self.message, "code": self.code, **self.extra}


def invalid_request(message: str, status: int = 400, code: int | None = None) -> Answered:
    """What the REST layer refuses: `InvalidRequestException`, 400 or 404."""
    return Answered(status, "InvalidRequestException", message, code)


def rest_error(message: str, status: int = 500, code: int | None = None) -> Answered:
    """`RestException`: most endpoints that look something up, or wrap what the engine said."""
    return Answered(status, "RestException", message, code)


def engine_error(message: str, type: str = "ProcessEngineException", status: int = 500) -> Answered:
    """What the engine itself says, unwrapped: `code` is 0."""
    return Answered(status, type, message, FALLBACK)


def answer_for(error: Exception) -> Answered:
    """The answer to any error. What was not raised on purpose is logged, and answered without its details."""
    if isinstance(error, Answered):
        return error
    if not isinstance(error, ProcessionError):
        log.error("A request failed for a reason nobody foresaw", exc_info=error)
        return Answered(500, "ProcessEngineException", "An unexpected error occurred; the log says more.", FALLBACK)
    if isinstance(error, ParseFailed) and error.details.get("aborted"):
        return Answered(500, "ProcessEngineException", error.message, FALLBACK)
    kind = next(KINDS[cls] for cls in type(error).__mro__ if cls in KINDS)
    extra = {"details": _details(error)} if isinstance(error, ParseFailed) else None
    return Answered(kind.status, kind.type, error.message, kind.code, extra)


@contextmanager
def wrapping(
    prefix: str = "",
    kinds: Mapping[type[ProcessionError], tuple[int, str]] | None = None,
    *,
    status: int | None = None,
    type: str | None = None,
) -> Iterator[None]:
    """Answers what fails inside as the endpoint does: `prefix` before the message, (status, type) by kind of error.

    `kinds` is searched from the most special class to the most general; `status` and `type` are for what it does not
    list. The code stays that of the cause. A `ParseFailed` keeps its details. Unavailable passes through: a client has to
    see that it may try again.
    """
    try:
        yield
    except Unavailable:
        raise
    except ProcessionError as error:
        cause = answer_for(error)
        table: Mapping[Any, tuple[int, str]] = kinds or {}
        chosen = next((table[cls] for cls in error.__class__.__mro__ if cls in table), None)
        to_status, to_type = chosen or (status or cause.status, type or cause.type)
        raise Answered(to_status, to_type, prefix + cause.message, cause.code, cause.extra) from error


def _details(error: ParseFailed) -> dict[str, Any]:
    """`details` of a ParseException: per resource its errors and warnings."""
    resources = dict.fromkeys([problem.resource for problem in (*error.problems, *error.warnings)])
    return {
        resource: {
            "errors": [_report(problem) for problem in error.problems if problem.resource == resource],
            "warnings": [_report(problem) for problem in error.warnings if problem.resource == resource],
        }
        for resource in resources
    }


def _report(problem: Problem) -> dict[str, Any]:
    """One problem. Camunda's own key begins with a Cyrillic letter; its documentation says `elementIds`:

    both are given.
    """
    ids = list(problem.elements)
    return {
        "message": problem.message,
        "line": problem.line,
        "column": problem.column,
        "mainElementId": ids[0] if ids else None,
        "\u0435lementIds": ids,
        "elementIds": ids,
    }
