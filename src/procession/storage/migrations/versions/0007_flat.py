"""Indexes that find what is free and what is due however much is held or due later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FETCHABLE = "NOT suspended AND (retries IS NULL OR retries > 0)"
WORKABLE = "retries > 0 AND NOT suspended"


def upgrade() -> None:
    """Replaces partial indexes by narrower ones."""
    for name, table in (
        ("ix_external_task_fetchable", "external_task"),
        ("ix_external_task_priority", "external_task"),
        ("ix_job_due", "job"),
    ):
        op.drop_index(name, table_name=table)
    _index("ix_external_task_free", "external_task", ["topic", "key"], f"{FETCHABLE} AND locked_until IS NULL")
    _index("ix_external_task_priority", "external_task", ["topic", "priority"], f"{FETCHABLE} AND locked_until IS NULL")
    op.create_index("ix_external_task_topic_locked_until", "external_task", ["topic", "locked_until"])
    _index("ix_job_due", "job", ["due", "key"], f"{WORKABLE} AND due IS NOT NULL")
    _index("ix_job_at_once", "job", ["key"], f"{WORKABLE} AND due IS NULL")


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
