"""Every error a client raises on purpose, in one tree. None of them ever carries a credential.

ServiceException        a technical error, ours or a handler's own: the job fails and is tried again
└── CamundaError        a request that did not succeed
CamundaError
├── EngineUnavailable   no answer, or 429, 502, 503, 504: the same request may succeed later
├── NotAuthenticated    401: the engine wants (other) credentials
├── NotAllowed          403: these credentials may not do that
├── NotFound            404: what the request names does not exist (any more)
├── Conflict            409: the present state forbids it
├── BadRequest          any other 4xx: the request itself is wrong
└── EngineFailed        any other 5xx: the engine tried, failed and rolled back
SettingsError           an address, credential or option cannot be used
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

OPTIMISTIC_LOCKING = 1
"""Camunda 7's error code for "somebody else changed it in the same moment": trying again is right."""


class ServiceException(Exception):
    """A technical error. Raised in a handler it fails the job; every error of a request is one as well.

    `error_code` is a short name of the fault; `parameters` are put into `message` by `str.format` where given.
    """

    def __init__(
        self, error_code: object = None, message: str | None = None, parameters: Sequence[object] | None = None
    ) -> None:
        self.error_code = error_code
        text = message if message is not None else str(error_code or "a technical error")
        self.message = text.format(*parameters) if parameters else text
        super().__init__(self.message)


class CamundaError(ServiceException):
    """A request that did not succeed.

    `status` is the HTTP status (0 without an answer); `type`, `message` and `code` are the engine's own words
    (Camunda 7: exception class, text, error code; Camunda 8: the problem's title and detail); `body` is the whole
    decoded answer; `request` reads like `POST /message`; `remedy` is what to do about it, where that is known.
    """

    remedy = ""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        type: str = "",
        code: int = 0,
        body: Any = None,
        request: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(type or None, message)
        self.status = status
        self.type = type
        self.code = code
        self.body = body
        self.request = request
        if remedy:
            self.remedy = remedy

    def __str__(self) -> str:
        status = f"{self.status} " if self.status else ""
        kind = f"{self.type}: " if self.type else ""
        where = f" ({self.request})" if self.request else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{status}{kind}{self.message}{where}{remedy}"


class EngineUnavailable(CamundaError):
    """No answer, or one that says "later". Whether the engine acted on the request is unknown."""


class NotAuthenticated(CamundaError):
    """The engine wants credentials, or others."""

    remedy = "check the credentials: CAMUNDA_USER and CAMUNDA_PASSWORD, or CAMUNDA_CLIENT_ID and CAMUNDA_CLIENT_SECRET"


class NotAllowed(CamundaError):
    """The credentials are known and may not do this."""

    remedy = "these credentials lack a permission: have it granted, or use others"


class NotFound(CamundaError):
    """What the request names does not exist (any more)."""


class Conflict(CamundaError):
    """The present state forbids the request."""


class BadRequest(CamundaError):
    """The request is wrong; sending it again will not help."""


class EngineFailed(CamundaError):
    """The engine tried and rolled back; the message says why."""


class SettingsError(ValueError):
    """An address, credential or option cannot be used; the message names it and the remedy."""


_BY_STATUS: dict[int, type[CamundaError]] = {
    401: NotAuthenticated,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    429: EngineUnavailable,
    502: EngineUnavailable,
    503: EngineUnavailable,
    504: EngineUnavailable,
}


_REMEDIES = {
    429: "it is overloaded: send less at a time, or the same again later",
    502: "it cannot be reached behind its proxy: is it running?",
    503: "it is starting, stopping or overloaded: send the same again later",
    504: "it took too long behind its proxy: look whether it acted before sending the same again",
}


def from_answer(status: int, body: Any, request: str) -> CamundaError:
    """The error for an answer of `status` >= 400; `body` is its decoded JSON, its text, or None."""
    fallback = BadRequest if status < 500 else EngineFailed
    kind = _BY_STATUS.get(status, fallback)
    if isinstance(body, dict):
        message = body.get("message") or body.get("detail") or body.get("error") or "no message"
        type_name = body.get("type") if body.get("message") else body.get("title")
        code = body.get("code")
        return kind(
            str(message),
            status=status,
            type=str(type_name or ""),
            code=code if isinstance(code, int) else 0,
            body=body,
            request=request,
            remedy=_REMEDIES.get(status, ""),
        )
    text = str(body).strip() if body else ""
    words, remedy = text[:500] or "the answer has no body", _REMEDIES.get(status, "")
    return kind(words, status=status, body=body, request=request, remedy=remedy)
