"""Indexes that lists of consoles go by: what ended last, and what has no tries left."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

FAILED = sa.text("retries = 0")


def upgrade() -> None:
    """On PostgreSQL the indexes by end sort null first, as the lists do; SQLite's always have."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("history_instance", "history_task"):
            name = f"ix_{table}_ended"
            op.drop_index(name, table_name=table)
            op.create_index(name, table, ["ended"], postgresql_ops={"ended": "NULLS FIRST"})
    for table in ("job", "external_task"):
        op.create_index(f"ix_{table}_failed", table, ["key"], sqlite_where=FAILED, postgresql_where=FAILED)
