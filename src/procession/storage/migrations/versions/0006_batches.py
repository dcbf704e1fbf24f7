"""Batches: one change for many things, done by jobs; their job definitions belong to no process."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables; job definitions may do without a process."""
    op.create_table(
        "batch",
        *_shared(),
        sa.Column("made", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_batch")),
    )
    op.create_table(
        "history_batch",
        *_shared(),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("ended", KEY, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_batch")),
    )
    op.create_index(op.f("ix_history_batch_started"), "history_batch", ["started"], unique=False)
    with op.batch_alter_table("job_definition") as table:
        table.alter_column("definition", existing_type=KEY, nullable=True)
        table.alter_column("process_id", existing_type=sa.Text(), nullable=True)
        table.alter_column("node", existing_type=sa.Text(), nullable=True)
        table.alter_column("deployment", existing_type=KEY, nullable=True)


def _shared() -> list[sa.Column[object]]:
    return [
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("seed_definition", KEY, nullable=False),
        sa.Column("monitor_definition", KEY, nullable=False),
        sa.Column("job_definition", KEY, nullable=False),
        sa.Column("started", KEY, nullable=False),
        sa.Column("per_seed", sa.Integer(), server_default=sa.text("100"), nullable=False),
        sa.Column("per_job", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("executed", KEY, nullable=True),
    ]
