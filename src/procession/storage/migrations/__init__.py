"""The schema's history. `upgrade` brings a database up to date; its caller holds the lock that keeps others out.

Alembic is imported only when there is something to do: opening an up-to-date database stays fast.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

from procession.errors import Conflict

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012")
"""Every revision, oldest first. A test compares them with the files in `versions`."""

_VERSION_TABLE = "alembic_version"


def current(connection: Connection) -> str | None:
    """The revision of the database, None for an empty one."""
    if not connection.dialect.has_table(connection, _VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()
    return found


def needs_upgrade(connection: Connection) -> bool:
    """True where the database is older than this program. Raises Conflict where it is newer."""
    revision = current(connection)
    if revision is not None and revision not in REVISIONS:
        raise Conflict(
            f"The database has schema {revision}, which this version of Procession does not know (it knows "
            f"{REVISIONS[-1]}): it was used by a newer version. Install that version, or open another database."
        )
    return revision != REVISIONS[-1]


def upgrade(connection: Connection) -> None:
    """Runs the missing revisions in the connection's open transaction, which the caller commits."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(
        config, script, fn=lambda revision, _: script._upgrade_revs("head", revision)
    ) as environment:
        environment.configure(connection=connection, version_table=_VERSION_TABLE)
        with environment.begin_transaction():
            environment.run_migrations()
