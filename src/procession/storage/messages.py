"""Messages that were published and wait for what will wait for them. Each process gets a message once.

The functions take a `Transaction`. A message is over at its time; what is over is deleted when somebody publishes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from procession.storage import schema
from procession.storage.encoding import from_json, millis, moment, to_json
from procession.storage.transaction import Transaction
from procession.values import TypedValue

_COLUMNS = ("key", "name", "correlation_key", "message_id", "tenant", "variables", "published", "expires", "correlated")


@dataclass(frozen=True, slots=True)
class Message:
    """A published message; `correlated` are the ids of the processes that have got it."""

    key: int
    name: str
    correlation_key: str
    message_id: str | None
    tenant: str | None
    variables: Mapping[str, TypedValue]
    published: datetime
    expires: datetime
    correlated: tuple[str, ...] = ()


def keep(tx: Transaction, message: Message) -> None:
    """Stores a message until it expires."""
    row = [
        message.key,
        message.name,
        message.correlation_key,
        message.message_id,
        message.tenant,
        to_json(dict(message.variables)),
        millis(message.published),
        millis(message.expires),
        json.dumps(message.correlated),
    ]
    tx.driver.insert(schema.message, _COLUMNS, [row])


def is_known(
    tx: Transaction, name: str, correlation_key: str, message_id: str, tenant: str | None, now: datetime
) -> bool:
    """True where a message of that id, name and correlation key is still alive."""
    rows = tx.driver.rows(
        "SELECT 1 FROM message WHERE message_id = ? AND name = ? AND correlation_key = ? AND coalesce(tenant, '') = ? "
        "AND expires > ?",
        [message_id, name, correlation_key, tenant or "", millis(now)],
    )
    return bool(rows)


def waiting(tx: Transaction, name: str, correlation_key: str, tenant: str | None, now: datetime) -> list[Message]:
    """The messages of that name and correlation key that are alive, oldest first."""
    columns = ", ".join(_COLUMNS)
    rows = tx.driver.rows(
        f"SELECT {columns} FROM message WHERE name = ? AND correlation_key = ? AND coalesce(tenant, '') = ? "
        "AND expires > ? ORDER BY key",
        [name, correlation_key, tenant or "", millis(now)],
    )
    return [_message(row) for row in rows]


def _message(row: Iterable[object]) -> Message:
    key, name, correlation_key, message_id, tenant, variables, published, expires, correlated = row
    return Message(
        int(str(key)),
        str(name),
        str(correlation_key),
        None if message_id is None else str(message_id),
        None if tenant is None else str(tenant),
        from_json(str(variables)) if variables else {},
        moment(int(str(published))),
        moment(int(str(expires))),
        tuple(json.loads(str(correlated))) if correlated else (),
    )


def give(tx: Transaction, message: Message, process_id: str) -> Message:
    """Takes down that a process has got the message."""
    correlated = (*message.correlated, process_id)
    tx.driver.update(schema.message, ("key", "correlated"), [[message.key, json.dumps(correlated)]])
    return Message(
        message.key, message.name, message.correlation_key, message.message_id, message.tenant, message.variables,
        message.published, message.expires, correlated,
    )  # fmt: skip


def expire(tx: Transaction, now: datetime) -> None:
    """Deletes the messages whose time is over."""
    tx.driver.run("DELETE FROM message WHERE expires <= ?", [millis(now)])


def is_started(tx: Transaction, process_id: str, correlation_key: str, tenant: str | None) -> bool:
    """True where an instance of the process runs that a message of that correlation key has started."""
    rows = tx.driver.rows(
        "SELECT 1 FROM instance WHERE correlation_key = ? AND process_id = ? AND coalesce(tenant, '') = ?",
        [correlation_key, process_id, tenant or ""],
    )
    return bool(rows)
