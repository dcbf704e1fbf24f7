"""Deployments, definitions, people, nodes and metrics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "deployment",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("time", KEY, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_deployment")),
    )
    op.create_index(op.f("ix_deployment_name"), "deployment", ["name"], unique=False)
    op.create_index(op.f("ix_deployment_time"), "deployment", ["time"], unique=False)
    op.create_table(
        "identity_group",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_group")),
    )
    op.create_table(
        "identity_user",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("locked_until", KEY, nullable=True),
        sa.Column("failed_logins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_user")),
    )
    op.create_table(
        "metric",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("reporter", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_metric")),
    )
    op.create_index(op.f("ix_metric_name_time"), "metric", ["name", "time"], unique=False)
    op.create_table(
        "node",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("expires", KEY, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_node")),
    )
    op.create_table(
        "property",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_property")),
    )
    op.create_table(
        "decision_definition",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("resource_name", sa.Text(), nullable=False),
        sa.Column("diagram_resource", sa.Text(), nullable=True),
        sa.Column("requirements", KEY, nullable=True),
        sa.Column("requirements_id", sa.Text(), nullable=True),
        sa.Column("version_tag", sa.Text(), nullable=True),
        sa.Column("history_ttl", sa.Integer(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.key"], name=op.f("fk_decision_definition_deployment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_decision_definition")),
    )
    op.create_index(op.f("ix_decision_definition_deployment"), "decision_definition", ["deployment"], unique=False)
    op.create_index(op.f("ix_decision_definition_id"), "decision_definition", ["id"], unique=True)
    op.create_table(
        "decision_requirements",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("requirements_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("resource_name", sa.Text(), nullable=False),
        sa.Column("diagram_resource", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.key"], name=op.f("fk_decision_requirements_deployment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_decision_requirements")),
    )
    op.create_index(op.f("ix_decision_requirements_deployment"), "decision_requirements", ["deployment"], unique=False)
    op.create_index(op.f("ix_decision_requirements_id"), "decision_requirements", ["id"], unique=True)
    op.create_table(
        "identity_membership",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["identity_group.id"], name=op.f("fk_identity_membership_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity_user.id"], name=op.f("fk_identity_membership_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "group_id", name=op.f("pk_identity_membership")),
    )
    op.create_index(op.f("ix_identity_membership_group_id"), "identity_membership", ["group_id"], unique=False)
    op.create_table(
        "job_definition",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("definition", KEY, nullable=False),
        sa.Column("process_id", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("configuration", sa.Text(), nullable=True),
        sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("priority", KEY, nullable=True),
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.key"], name=op.f("fk_job_definition_deployment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_job_definition")),
    )
    op.create_index(op.f("ix_job_definition_definition"), "job_definition", ["definition"], unique=False)
    op.create_index(op.f("ix_job_definition_deployment"), "job_definition", ["deployment"], unique=False)
    op.create_table(
        "process_definition",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("process_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("resource_name", sa.Text(), nullable=False),
        sa.Column("diagram_resource", sa.Text(), nullable=True),
        sa.Column("version_tag", sa.Text(), nullable=True),
        sa.Column("history_ttl", sa.Integer(), nullable=True),
        sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("startable", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("has_start_form", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.key"], name=op.f("fk_process_definition_deployment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_process_definition")),
    )
    op.create_index(op.f("ix_process_definition_deployment"), "process_definition", ["deployment"], unique=False)
    op.create_index(op.f("ix_process_definition_id"), "process_definition", ["id"], unique=True)
    op.create_table(
        "resource",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("deployment", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("generated", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment"], ["deployment.key"], name=op.f("fk_resource_deployment"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_resource")),
    )
    op.create_index(op.f("ix_resource_deployment_name"), "resource", ["deployment", "name"], unique=True)

    op.create_index(
        "uq_process_definition_version",
        "process_definition",
        ["process_id", "version", sa.text("coalesce(tenant, '')")],
        unique=True,
    )
    op.create_index(
        "uq_decision_definition_version",
        "decision_definition",
        ["decision_id", "version", sa.text("coalesce(tenant, '')")],
        unique=True,
    )
    op.create_index(
        "uq_decision_requirements_version",
        "decision_requirements",
        ["requirements_id", "version", sa.text("coalesce(tenant, '')")],
        unique=True,
    )
