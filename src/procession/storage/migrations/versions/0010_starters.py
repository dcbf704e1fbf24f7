"""Who may start a process, and what its model says of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Adds the description and the table of candidates."""
    op.add_column("process_definition", sa.Column("description", sa.Text(), nullable=True))
    op.create_table(
        "process_starter",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("definition", KEY, nullable=False),
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.key"], name=op.f("fk_process_starter_deployment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_process_starter")),
    )
    for column in ("definition", "deployment"):
        op.create_index(op.f(f"ix_process_starter_{column}"), "process_starter", [column], unique=False)
