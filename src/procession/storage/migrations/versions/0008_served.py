"""What Camunda 8's API keeps besides: the items of batches, roles, tenants, mapping rules, authorizations, cluster variables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "history_batch_item",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("batch", KEY, nullable=False),
        sa.Column("job", KEY, nullable=False),
        sa.Column("item", KEY, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_batch_item")),
    )
    for column in ("batch", "job", "item"):
        op.create_index(op.f(f"ix_history_batch_item_{column}"), "history_batch_item", [column], unique=False)
    op.create_table(
        "identity_record",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_identity_record")),
    )
    op.create_table(
        "identity_member",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("member_kind", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "holder", "member_kind", "member", name=op.f("pk_identity_member")),
    )
    op.create_index(op.f("ix_identity_member_member"), "identity_member", ["member"], unique=False)
    op.create_table(
        "identity_mapping_rule",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("claim_name", sa.Text(), nullable=False),
        sa.Column("claim_value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_mapping_rule")),
    )
    op.create_table(
        "identity_authorization",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("owner_type", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("resource_type", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("property", sa.Text(), nullable=True),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_identity_authorization")),
    )
    op.create_table(
        "cluster_variable",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cluster_variable")),
    )
