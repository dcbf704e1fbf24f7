"""Doing something once per key where the engine cannot promise it itself: a store of keys with leases.

`claim` takes a key for `LEASE` seconds; `finish` keeps the answer. A function that died in between leaves a claim that ends;
whoever takes the key then (`again`) must ask the engine first whether the work was done. `Database` keeps the keys in
the table that the embedded engine uses too, `dynamodb` in a table of AWS (through the idempotency of aws-lambda-powertools).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from camunda_client.serverless.workflows import RETENTION, Conflicting, Done, Execution, Once, WorkflowError

if TYPE_CHECKING:
    import psycopg
    from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

LEASE = 300.0
TABLE = """CREATE TABLE IF NOT EXISTS serverless_delivery (
    key VARCHAR(64) PRIMARY KEY,
    fingerprint VARCHAR(64) NOT NULL,
    answer TEXT,
    created BIGINT NOT NULL)"""
"""Keys are digests; `created` is milliseconds since 1970; `answer` is NULL while somebody is at it."""
LOCK = 7_240_011
"""The advisory lock under which the table is made: two programs making it at once would fail."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim found: `answer` where the work is done; else it is ours to do, `again` where somebody began it."""

    answer: str | None = None
    again: bool = False


class Database:
    """Keys in a PostgreSQL database, one connection per process, opened on use and again after a loss."""

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self._url = url
        self._clock = clock
        self._connection: psycopg.Connection[Any] | None = None

    def claim(self, once: Once) -> Claim:
        """Takes the first key that decides. Raises Conflicting while another function is at it, or for another content."""
        import psycopg

        now = int(self._clock() * 1000)
        try:
            with self._connect().transaction() as _, self._connect().cursor() as cursor:
                again, taken = False, list[str]()
                for key in sorted(once.keys):
                    cursor.execute(
                        "INSERT INTO serverless_delivery (key, fingerprint, answer, created) VALUES (%s, %s, NULL, %s) "
                        "ON CONFLICT (key) DO NOTHING",
                        (key, once.fingerprint, now),
                    )
                    if cursor.rowcount:
                        taken.append(key)
                        continue
                    cursor.execute(
                        "SELECT fingerprint, answer, created FROM serverless_delivery WHERE key = %s FOR UPDATE", (key,)
                    )
                    row = cursor.fetchone()
                    if row is None:
                        raise Conflicting("The same key is being worked on")
                    check_fingerprint(once, row[0])
                    if row[1] is not None:
                        # a repetition leaves no key: its other keys may be anybody's choice
                        cursor.execute("DELETE FROM serverless_delivery WHERE key = ANY(%s)", (taken,))
                        return Claim(row[1])
                    if now - row[2] < LEASE * 1000:
                        raise Conflicting("The same key is being worked on")
                    cursor.execute("UPDATE serverless_delivery SET created = %s WHERE key = %s", (now, key))
                    again = True
                return Claim(again=again)
        except psycopg.Error as error:
            raise WorkflowError(f"The database of keys failed: {type(error).__name__}") from error

    def finish(self, once: Once, answer: str) -> None:
        """Keeps the answer of the work."""
        with self._connect().transaction(), self._connect().cursor() as cursor:
            cursor.execute("UPDATE serverless_delivery SET answer = %s WHERE key = ANY(%s)", (answer, list(once.keys)))

    def release(self, once: Once) -> None:
        """Gives keys back: the work was not done."""
        with self._connect().transaction(), self._connect().cursor() as cursor:
            cursor.execute("DELETE FROM serverless_delivery WHERE key = ANY(%s) AND answer IS NULL", (list(once.keys),))

    def forget(self) -> int:
        """Deletes old keys; how many."""
        before = int((self._clock() - RETENTION.total_seconds()) * 1000)
        with self._connect().transaction(), self._connect().cursor() as cursor:
            cursor.execute("DELETE FROM serverless_delivery WHERE created < %s", (before,))
            return cursor.rowcount

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> psycopg.Connection[Any]:
        import psycopg

        connection = self._connection
        if connection is None or connection.closed or connection.broken:
            connection = psycopg.connect(self._url, autocommit=True, connect_timeout=10)
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
                connection.execute(TABLE)
            self._connection = connection
        return connection


def guarded(store: Database, once: Once, work: Callable[[bool], Done]) -> Done:
    """Does work unless it was done: `work(again)` is told when somebody began it and never came back."""
    claim = store.claim(once)
    if claim.answer is not None:
        return read_done(claim.answer)
    try:
        done = work(claim.again)
    except WorkflowError as error:
        if error.status < 500:  # refused: nothing happened. After a 500 that is not known, so the claim runs out
            store.release(once)
        raise
    store.finish(once, write_done(done))
    return done


def dynamodb(table: str, once: Once, work: Callable[[], Done]) -> Done:
    """Does work unless DynamoDB knows its key, by the idempotency of aws-lambda-powertools."""
    from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
    from aws_lambda_powertools.utilities.idempotency.exceptions import (
        IdempotencyAlreadyInProgressError,
        IdempotencyPersistenceLayerError,
        IdempotencyValidationError,
    )

    config = IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="fingerprint",
        expires_after_seconds=int(RETENTION.total_seconds()),
        lambda_context=cast(Any, _Remaining()),
    )
    ours = False

    def perform(*, delivery: dict[str, str]) -> str:
        nonlocal ours
        ours = True
        return write_done(work())

    once_only = idempotent_function(
        perform, data_keyword_argument="delivery", persistence_store=_layer(table), config=config
    )
    try:
        answer = once_only(delivery={"key": once.keys[0], "fingerprint": once.fingerprint})
    except IdempotencyValidationError:
        raise Conflicting("The key was used with another content") from None
    except IdempotencyAlreadyInProgressError:
        raise Conflicting("The same key is being worked on") from None
    except IdempotencyPersistenceLayerError as error:
        raise WorkflowError("The table of keys failed") from error
    done = read_done(answer)
    return Done(done.executions, repeated=done.repeated or not ours)


class _Remaining:
    """What powertools asks of a Lambda context: how long a claim may last."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return int(LEASE * 1000)


_LAYERS: dict[str, DynamoDBPersistenceLayer] = {}


def _layer(table: str) -> DynamoDBPersistenceLayer:
    if table not in _LAYERS:
        from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

        _LAYERS[table] = DynamoDBPersistenceLayer(table_name=table)
    return _LAYERS[table]


def check_fingerprint(once: Once, stored: str) -> None:
    """Raises Conflicting where a key was used for something else."""
    if once.fingerprint and stored and once.fingerprint != stored:
        raise Conflicting("The key was used with another content")


def write_done(done: Done) -> str:
    """The answer as it is stored."""
    return json.dumps([asdict(execution) for execution in done.executions])


def read_done(answer: str) -> Done:
    """A stored answer: a repetition."""
    return Done(tuple(Execution(**row) for row in json.loads(answer)), repeated=True)
