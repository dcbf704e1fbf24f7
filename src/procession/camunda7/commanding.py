"""What endpoints that change something share: sending a command, and saying in Camunda's words why it was refused.

Whether a thing exists is the command's business, in the same transaction. An endpoint only knows how it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from procession.camunda7.dates import parse_date
from procession.camunda7.exchange import Request, text_member
from procession.camunda7.problems import FALLBACK, Answered, answer_for, engine_error, invalid_request
from procession.errors import ConnectorFailed, NoNumber, ProcessionError, Unavailable
from procession.storage.queries.language import as_key

MAX_LOCK = 100 * 365 * 24 * 3600 * 1000
"""Milliseconds that a lock or a pause may last: longer ones leave what a date can say."""
NOBODY = 0
"""A key that no record has: what an id means that cannot be one."""

Reply = Answered | Callable[[ProcessionError], Answered]


def key_of(id_: str) -> int:
    """The key that an id of the API's names."""
    return as_key(id_) or NOBODY


def submit(engine: Any, request: Request, command: Any) -> Any:
    """Sends a command in the name of who asks; gives its value."""
    return engine.submit(command, user=request.user, source="rest")


@contextmanager
def replying(
    prefix: str = "",
    replies: Mapping[type[ProcessionError], Reply] | None = None,
    *,
    status: int | None = None,
    type: str | None = None,
    code: int | None = FALLBACK,
) -> Iterator[None]:
    """Answers what the engine refuses inside.

    `replies` says what is answered for a kind of error, searched from the most special class to the most general. What it
    does not list gets `prefix` before its message, and `status`, `type` and `code` where they are given. What is answered
    already passes through, and so does Unavailable: a client has to see that it may try again.
    """
    try:
        yield
    except (Answered, Unavailable):
        raise
    except ProcessionError as error:
        for cls in error.__class__.__mro__:
            reply = (replies or {}).get(cls)
            if reply is not None:
                raise (reply if isinstance(reply, Answered) else reply(error)) from error
        cause = answer_for(error)
        if isinstance(error, ConnectorFailed | NoNumber):
            raise cause from error  # it is none of the engine's own in Camunda, and comes out as it is
        if status is None and type is None:
            raise Answered(cause.status, cause.type, prefix + cause.message, cause.code, cause.extra) from error
        raise Answered(status or cause.status, type or cause.type, prefix + cause.message, code, cause.extra) from error


def suspended(what: str, id_: str, prefix: str = "") -> Answered:
    """How the engine says that something is suspended; `what` is Camunda's noun."""
    return Answered(
        400,
        "SuspendedEntityInteractionException",
        f"{prefix}ENGINE-03043 {what} with id '{id_}' is suspended.",
        FALLBACK,
    )


def null_value(message: str) -> Answered:
    """How the engine says that something is missing which must be there."""
    return engine_error(message, "NullValueException")


def date_member(body: Mapping[str, Any], name: str) -> Any:
    """A date in a JSON object, or None. Raises 400 for anything else."""
    text = text_member(body, name)
    if text is None:
        return None
    try:
        return parse_date(text)
    except ValueError as error:
        raise invalid_request(f"Cannot read the JSON of the request: '{name}': {error}") from None


def later_member(body: Mapping[str, Any], complaint: str) -> datetime | None:
    """`executionDate`: when a suspension is to begin or end, None for now. Raises 400 after `complaint` for no date."""
    text = text_member(body, "executionDate")
    try:
        return None if text is None else parse_date(text)
    except ValueError:
        raise invalid_request(f'{complaint} due to: Invalid format: "{text}"') from None
