"""Running processes: instances, elements, variables, tasks, jobs, subscriptions, incidents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "big_value",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("owner", KEY, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_big_value")),
    )
    op.create_index(op.f("ix_big_value_instance"), "big_value", ["instance"], unique=False)
    op.create_index(op.f("ix_big_value_owner"), "big_value", ["owner"], unique=False)
    op.create_table(
        "element",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=False),
        sa.Column("parent", KEY, nullable=True),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("life", sa.String(length=16), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("index", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("flow", sa.Text(), nullable=True),
        sa.Column("loop_counter", sa.Integer(), nullable=True),
        sa.Column("children", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("arrived", sa.Text(), nullable=True),
        sa.Column("attached", sa.Text(), nullable=True),
        sa.Column("variables", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_element")),
    )
    op.create_index(op.f("ix_element_instance"), "element", ["instance"], unique=False)
    op.create_index(op.f("ix_element_parent_node"), "element", ["parent", "node"], unique=False)
    op.create_table(
        "event_subscription",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("definition", KEY, nullable=False),
        sa.Column("created", KEY, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("element", KEY, nullable=True),
        sa.Column("correlation_key", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_event_subscription")),
    )
    op.create_index(op.f("ix_event_subscription_definition"), "event_subscription", ["definition"], unique=False)
    op.create_index(op.f("ix_event_subscription_instance"), "event_subscription", ["instance"], unique=False)
    op.create_index(op.f("ix_event_subscription_kind_name"), "event_subscription", ["kind", "name"], unique=False)
    op.create_table(
        "external_task",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=False),
        sa.Column("element", KEY, nullable=False),
        sa.Column("definition", KEY, nullable=False),
        sa.Column("process_id", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("created", KEY, nullable=False),
        sa.Column("priority", KEY, server_default=sa.text("0"), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("locked_until", KEY, nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("error_details", sa.Text(), nullable=True),
        sa.Column("business_key", sa.Text(), nullable=True),
        sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_external_task")),
    )
    op.create_index(op.f("ix_external_task_definition"), "external_task", ["definition"], unique=False)
    op.create_index(
        "ix_external_task_fetchable",
        "external_task",
        ["topic", "key"],
        unique=False,
        sqlite_where=sa.text("NOT suspended AND (retries IS NULL OR retries > 0)"),
        postgresql_where=sa.text("NOT suspended AND (retries IS NULL OR retries > 0)"),
    )
    op.create_index(op.f("ix_external_task_instance"), "external_task", ["instance"], unique=False)
    op.create_index(
        "ix_external_task_priority",
        "external_task",
        ["topic", "priority"],
        unique=False,
        sqlite_where=sa.text("NOT suspended AND (retries IS NULL OR retries > 0)"),
        postgresql_where=sa.text("NOT suspended AND (retries IS NULL OR retries > 0)"),
    )
    op.create_table(
        "identity_link",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("task", KEY, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_identity_link")),
    )
    op.create_index(
        "ix_identity_link_group_id",
        "identity_link",
        ["group_id", "type"],
        unique=False,
        sqlite_where=sa.text("group_id IS NOT NULL"),
        postgresql_where=sa.text("group_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_identity_link_task"), "identity_link", ["task"], unique=False)
    op.create_index(
        "ix_identity_link_user_id",
        "identity_link",
        ["user_id", "type"],
        unique=False,
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_table(
        "incident",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("element", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("created", KEY, nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("configuration", sa.Text(), nullable=True),
        sa.Column("cause", KEY, nullable=False),
        sa.Column("root_cause", KEY, nullable=False),
        sa.Column("failed_node", sa.Text(), nullable=True),
        sa.Column("job_definition", KEY, nullable=True),
        sa.Column("annotation", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_incident")),
    )
    op.create_index(op.f("ix_incident_configuration"), "incident", ["configuration"], unique=False)
    op.create_index(op.f("ix_incident_definition"), "incident", ["definition"], unique=False)
    op.create_index(op.f("ix_incident_instance"), "incident", ["instance"], unique=False)
    op.create_table(
        "instance",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("definition", KEY, nullable=False),
        sa.Column("process_id", sa.Text(), nullable=False),
        sa.Column("root", KEY, nullable=False),
        sa.Column("business_key", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("caller", KEY, nullable=True),
        sa.Column("caller_instance", KEY, nullable=True),
        sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("started", KEY, nullable=True),
        sa.Column("start_user", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_instance")),
    )
    op.create_index(
        "ix_instance_business_key",
        "instance",
        ["business_key"],
        unique=False,
        sqlite_where=sa.text("business_key IS NOT NULL"),
        postgresql_where=sa.text("business_key IS NOT NULL"),
    )
    op.create_index(
        "ix_instance_caller_instance",
        "instance",
        ["caller_instance"],
        unique=False,
        sqlite_where=sa.text("caller_instance IS NOT NULL"),
        postgresql_where=sa.text("caller_instance IS NOT NULL"),
    )
    op.create_index(op.f("ix_instance_definition"), "instance", ["definition"], unique=False)
    op.create_index(op.f("ix_instance_root"), "instance", ["root"], unique=False)
    op.create_table(
        "job",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("job_definition", KEY, nullable=True),
        sa.Column("created", KEY, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("element", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("configuration", sa.Text(), nullable=True),
        sa.Column("due", KEY, nullable=True),
        sa.Column("retries", sa.Integer(), server_default=sa.text("3"), nullable=False),
        sa.Column("priority", KEY, server_default=sa.text("0"), nullable=False),
        sa.Column("exclusive", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("repeat", sa.Text(), nullable=True),
        sa.Column("lock_owner", sa.Text(), nullable=True),
        sa.Column("locked_until", KEY, nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("stacktrace", sa.Text(), nullable=True),
        sa.Column("failed_node", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_job")),
    )
    op.create_index(op.f("ix_job_definition"), "job", ["definition"], unique=False)
    op.create_index(
        "ix_job_due",
        "job",
        ["due"],
        unique=False,
        sqlite_where=sa.text("retries > 0 AND NOT suspended"),
        postgresql_where=sa.text("retries > 0 AND NOT suspended"),
    )
    op.create_index(op.f("ix_job_instance"), "job", ["instance"], unique=False)
    op.create_index(op.f("ix_job_job_definition"), "job", ["job_definition"], unique=False)
    op.create_index(
        "ix_job_locked",
        "job",
        ["instance"],
        unique=False,
        sqlite_where=sa.text("lock_owner IS NOT NULL"),
        postgresql_where=sa.text("lock_owner IS NOT NULL"),
    )
    op.create_table(
        "task",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("element", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("created", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("delegation", sa.String(length=32), nullable=True),
        sa.Column("priority", sa.Integer(), server_default=sa.text("(50)"), nullable=False),
        sa.Column("due", KEY, nullable=True),
        sa.Column("follow_up", KEY, nullable=True),
        sa.Column("form_key", sa.Text(), nullable=True),
        sa.Column("form_ref", sa.Text(), nullable=True),
        sa.Column("form_binding", sa.Text(), nullable=True),
        sa.Column("form_version", sa.Integer(), nullable=True),
        sa.Column("parent_task", KEY, nullable=True),
        sa.Column("suspended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("updated", KEY, nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("variables", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_task")),
    )
    op.create_index(op.f("ix_task_assignee"), "task", ["assignee"], unique=False)
    op.create_index(op.f("ix_task_created"), "task", ["created"], unique=False)
    op.create_index(op.f("ix_task_definition_node"), "task", ["definition", "node"], unique=False)
    op.create_index(op.f("ix_task_instance"), "task", ["instance"], unique=False)
    op.create_index(
        "ix_task_owner",
        "task",
        ["owner"],
        unique=False,
        sqlite_where=sa.text("owner IS NOT NULL"),
        postgresql_where=sa.text("owner IS NOT NULL"),
    )
    op.create_index(
        "ix_task_parent_task",
        "task",
        ["parent_task"],
        unique=False,
        sqlite_where=sa.text("parent_task IS NOT NULL"),
        postgresql_where=sa.text("parent_task IS NOT NULL"),
    )
    op.create_table(
        "variable",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("scope", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("text_value", sa.Text(), nullable=True),
        sa.Column("long_value", KEY, nullable=True),
        sa.Column("double_value", sa.Double(), nullable=True),
        sa.Column("bytes_value", sa.LargeBinary(), nullable=True),
        sa.Column("big", KEY, nullable=True),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("task", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_variable")),
    )
    op.create_index(op.f("ix_variable_instance"), "variable", ["instance"], unique=False)
    op.create_index(op.f("ix_variable_scope_name"), "variable", ["scope", "name"], unique=True)
    op.create_index(
        "ix_variable_task",
        "variable",
        ["task"],
        unique=False,
        sqlite_where=sa.text("task IS NOT NULL"),
        postgresql_where=sa.text("task IS NOT NULL"),
    )
