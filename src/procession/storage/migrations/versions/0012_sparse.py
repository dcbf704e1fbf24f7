"""Indexes that hold only the rows that are looked for by them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

PARTIAL: tuple[tuple[str, str, list[str]], ...] = (
    ("element", "parent_node", ["parent", "node"]),
    ("history_instance", "business_key", ["business_key"]),
    ("history_task", "assignee", ["assignee"]),
)


def upgrade() -> None:
    """What is null is not in them: nobody looks for it, and every row paid for it."""
    for table, name, columns in PARTIAL:
        where = sa.text(f"{columns[0]} IS NOT NULL")
        op.drop_index(f"ix_{table}_{name}", table_name=table)
        op.create_index(f"ix_{table}_{name}", table, columns, sqlite_where=where, postgresql_where=where)
