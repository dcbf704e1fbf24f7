"""PostgreSQL: the time of the last transfer in `manual_services`, and the journal in `camunda_transfers`.

One connection for as long as the process lives (a Lambda container), opened on first use, opened again when it broke.
Nothing of the session is changed, and no statement is prepared on the server, so that proxies may share connections.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import errors

from camunda_client.modeler.backend import Folder, ModelFile, Project
from camunda_client.modeler.clock import Clock
from camunda_client.modeler.errors import AlreadyRunning, DatabaseUnavailable
from camunda_client.modeler.journal import Entry
from camunda_client.modeler.settings import required_secret

log = logging.getLogger("camunda_client.modeler")

CONNECT_TIMEOUT = 5
"""Seconds to wait for a connection."""

TRANSFERS: LiteralString = """\
CREATE TABLE IF NOT EXISTS camunda_transfers (
    service_id UUID NOT NULL,
    content_hash CHAR(64) NOT NULL,
    state VARCHAR(10) NOT NULL,
    project_id TEXT,
    project_name TEXT,
    folder_id TEXT,
    folder_name TEXT NOT NULL,
    files JSONB NOT NULL DEFAULT '{}',
    run_id UUID NOT NULL,
    leased_until TIMESTAMP WITH TIME ZONE,
    runs INTEGER NOT NULL DEFAULT 1,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (service_id, content_hash)
);
"""

_BEGIN: LiteralString = """
INSERT INTO camunda_transfers AS known
    (service_id, content_hash, state, folder_name, run_id, leased_until, created_at, updated_at)
VALUES (%(service)s, %(hash)s, 'running', %(folder)s, %(run)s, %(until)s, %(now)s, %(now)s)
ON CONFLICT (service_id, content_hash) DO UPDATE SET
    state = 'running', run_id = excluded.run_id, leased_until = excluded.leased_until,
    updated_at = excluded.updated_at, runs = known.runs + 1,
    folder_id = CASE WHEN %(force)s THEN NULL ELSE known.folder_id END,
    folder_name = CASE WHEN %(force)s THEN excluded.folder_name ELSE known.folder_name END,
    files = CASE WHEN %(force)s THEN '{}' ELSE known.files END
WHERE known.leased_until IS NULL OR known.leased_until <= %(now)s OR known.run_id = excluded.run_id
RETURNING project_id, project_name, folder_id, folder_name, files, runs
"""

_CHANGE: LiteralString = """
UPDATE camunda_transfers SET {}, updated_at = %(now)s
WHERE service_id = %(service)s AND content_hash = %(hash)s AND run_id = %(run)s
RETURNING 1
"""


class Database:
    """One connection to PostgreSQL, from the variables `DATABASE_HOST`, `_PORT`, `_NAME`, `_USER`, `_PASSWORD` and,
    where it is set, `DATABASE_SSLMODE`.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self.opened = 0

    def run(self, statement: LiteralString, values: Mapping[str, Any] | None = None) -> tuple[int, list[Any]]:
        """One statement in its own transaction: the rows it touched, and those it returned.

        A connection that was closed while nobody used it is replaced. Raises DatabaseUnavailable, SettingsError.
        """
        fresh = self._connection is None
        try:
            return self._execute(statement, values)
        except psycopg.OperationalError as error:
            self.close()
            if fresh:
                raise DatabaseUnavailable(_words(error)) from None
        try:
            return self._execute(statement, values)
        except psycopg.OperationalError as error:
            self.close()
            raise DatabaseUnavailable(_words(error)) from None

    def close(self) -> None:
        """Closes the connection; the next statement opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _execute(self, statement: LiteralString, values: Mapping[str, Any] | None) -> tuple[int, list[Any]]:
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.rowcount, cursor.fetchall() if cursor.description else []

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        env = self._environment
        self.opened += 1
        return psycopg.connect(
            host=required_secret(env, "DATABASE_HOST"),
            port=env.get("DATABASE_PORT") or "5432",
            dbname=required_secret(env, "DATABASE_NAME"),
            user=required_secret(env, "DATABASE_USER"),
            password=required_secret(env, "DATABASE_PASSWORD"),
            connect_timeout=CONNECT_TIMEOUT,
            application_name="camunda_transfer",
            autocommit=True,
            prepare_threshold=None,
            sslmode=env.get("DATABASE_SSLMODE") or "prefer",
        )


def record_transfer(database: Database, service_id: str, at: datetime) -> bool:
    """Sets `manual_services.last_camunda_transfer`; whether there is such a service. Raises DatabaseUnavailable."""
    try:
        touched, _ = database.run(
            "UPDATE manual_services SET last_camunda_transfer = %(at)s WHERE id = %(id)s",
            {"at": at, "id": uuid.UUID(service_id)},
        )
    except psycopg.Error as error:
        raise DatabaseUnavailable(f"manual_services cannot be updated: {_words(error)}") from None
    if not touched:
        log.warning("No such service", extra={"event": "service_unknown", "service_id": service_id})
    return bool(touched)


class PostgresJournal:
    """`Journal` in the table `camunda_transfers`, which is made on first use where the user may make tables.

    Where it may not, the transfer goes on without a memory, and says so in the log.
    """

    def __init__(self, database: Database, clock: Clock, service_id: str, content_hash: str) -> None:
        self._database = database
        self._clock = clock
        self._key = {"service": uuid.UUID(service_id), "hash": content_hash, "run": uuid.uuid4()}
        self._there = True

    def begin(self, folder_name: str, lease: float, force: bool) -> Entry:
        """Takes the entry. Raises AlreadyRunning, DatabaseUnavailable."""
        now = self._clock.now()
        values = {"folder": folder_name, "until": now + timedelta(seconds=lease), "now": now, "force": force}
        rows = self._with_table(lambda: self._run(_BEGIN, **values))
        if not self._there:
            return Entry(folder_name)
        if not rows:
            raise AlreadyRunning("This transfer is already running", self._lease_left(now))
        project_id, project_name, folder_id, folder_name, files, runs = rows[0]
        project = Project(project_id, project_name) if project_id and folder_id else None
        return Entry(folder_name, runs == 1 or force, project, folder_id, dict(files))

    def owned(self, folder_id: str) -> bool:
        """Whether any transfer has this folder."""
        if not self._there:
            return False
        found = self._run("SELECT 1 FROM camunda_transfers WHERE folder_id = %(folder)s LIMIT 1", folder=folder_id)
        return bool(found)

    def place(self, project: Project, folder: Folder) -> None:
        """Notes the place."""
        self._change(
            "project_id = %(project)s, project_name = %(name)s, folder_id = %(folder)s, folder_name = %(folder_name)s, "
            "files = '{}'",
            project=project.id, name=project.name, folder=folder.id, folder_name=folder.name,
        )  # fmt: skip

    def file(self, file: ModelFile, file_id: str) -> None:
        """Notes the file."""
        self._change("files = files || %(file)s::jsonb", file=json.dumps({file.key: file_id}))

    def end(self, state: str) -> None:
        """Gives the lease back."""
        self._change("state = %(state)s, leased_until = NULL", state=state)

    def _change(self, assignments: LiteralString, **values: Any) -> None:
        if not self._there:
            return
        if not self._run(_CHANGE.format(assignments), now=self._clock.now(), **values):
            raise AlreadyRunning("Another run has taken this transfer over", 0.0)

    def _run(self, statement: LiteralString, **values: Any) -> list[Any]:
        try:
            return self._database.run(statement, {**self._key, **values})[1]
        except errors.UndefinedTable:
            raise
        except psycopg.Error as error:
            raise DatabaseUnavailable(f"camunda_transfers cannot be used: {_words(error)}") from None

    def _lease_left(self, now: datetime) -> float:
        rows = self._run(
            "SELECT leased_until FROM camunda_transfers WHERE service_id = %(service)s AND content_hash = %(hash)s"
        )
        until = rows[0][0] if rows else None
        return max(1.0, (until - now).total_seconds()) if until else 1.0

    def _with_table(self, work: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        try:
            return work()
        except errors.UndefinedTable:
            pass
        try:
            self._database.run(TRANSFERS)
        except errors.InsufficientPrivilege:
            self._there = False
            log.warning(
                "Transfers are not remembered: the table camunda_transfers is missing", extra={"event": "no_journal"}
            )
            return ()
        except errors.UniqueViolation:
            pass  # another container made it in the same moment
        return work()


def _words(error: psycopg.Error) -> str:
    """What may be shown of a database's error: its own first words, which hold no password, or its kind."""
    text = error.diag.message_primary or ""
    if text:
        return f"the database says: {text}"
    return f"the database does not answer ({type(error).__name__})"
