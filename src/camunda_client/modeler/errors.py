"""Errors of a transfer, leaves of the tree in `camunda_client.errors`.

CamundaError
├── EngineUnavailable
│   └── Later            429 or 503 with a word on when to come back
├── Conflict
│   ├── Ambiguous        two files answer to one name, so neither is touched
│   └── AlreadyRunning   the same transfer is being done by somebody else right now
└── OutOfTime            the time this run may take is over
BadBody                  the caller's request is wrong; it names the field
DatabaseUnavailable      PostgreSQL does not do what the transfer needs
"""

from __future__ import annotations

from camunda_client.errors import CamundaError, Conflict, EngineUnavailable


class Later(EngineUnavailable):
    """The service asks to wait `retry_after` seconds before the next request."""

    def __init__(self, message: str, *, status: int, retry_after: float, request: str = "") -> None:
        super().__init__(message, status=status, request=request)
        self.retry_after = retry_after


class Ambiguous(Conflict):
    """A name that should mean one file means several."""


class AlreadyRunning(Conflict):
    """The same transfer runs elsewhere; `retry_after` is the longest it can still take, in seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message, status=409)
        self.retry_after = retry_after


class OutOfTime(CamundaError):
    """The time this run may take is over. What was done is remembered; the same request goes on from there."""


class BadBody(ValueError):
    """The request's body is wrong. `field` reads like `forms[2].content`; empty where the body as a whole is meant."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class DatabaseUnavailable(Exception):
    """PostgreSQL does not answer or refuses. The message never holds a password."""
