"""What Camunda 8's models need: dialects of deployments, forms with versions, buffered messages, jobs of listeners, tags."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables and columns."""
    op.add_column("deployment", sa.Column("dialect", sa.Text(), nullable=True))
    op.add_column("external_task", sa.Column("listener", sa.Text(), nullable=True))
    op.add_column("external_task", sa.Column("error_code", sa.Text(), nullable=True))
    op.add_column("history_external_log", sa.Column("listener", sa.Text(), nullable=True))
    op.add_column("history_instance", sa.Column("tags", sa.Text(), nullable=True))
    op.add_column("instance", sa.Column("correlation_key", sa.Text(), nullable=True))
    op.add_column("instance", sa.Column("tags", sa.Text(), nullable=True))
    where = sa.text("correlation_key IS NOT NULL")
    op.create_index(
        "ix_instance_correlation_key",
        "instance",
        ["correlation_key", "process_id"],
        unique=False,
        sqlite_where=where,
        postgresql_where=where,
    )
    _forms()
    _messages()


def _forms() -> None:
    op.create_table(
        "form_definition",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("form_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("resource_name", sa.Text(), nullable=False),
        sa.Column("version_tag", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.key"], name=op.f("fk_form_definition_deployment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_form_definition")),
    )
    op.create_index(op.f("ix_form_definition_deployment"), "form_definition", ["deployment"], unique=False)
    op.create_index(
        "uq_form_definition_version",
        "form_definition",
        ["form_id", "version", sa.text("coalesce(tenant, '')")],
        unique=True,
    )


def _messages() -> None:
    op.create_table(
        "message",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("correlation_key", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("variables", sa.Text(), nullable=True),
        sa.Column("published", KEY, nullable=False),
        sa.Column("expires", KEY, nullable=False),
        sa.Column("correlated", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_expires"), "message", ["expires"], unique=False)
    op.create_index(op.f("ix_message_name_correlation_key"), "message", ["name", "correlation_key"], unique=False)
    where = sa.text("message_id IS NOT NULL")
    op.create_index(
        "ix_message_message_id", "message", ["message_id"], unique=False, sqlite_where=where, postgresql_where=where
    )
