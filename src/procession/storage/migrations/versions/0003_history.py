"""History: instances, activities, tasks, variables, logs, decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Creates the tables."""
    op.create_table(
        "history_activity",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("parent", KEY, nullable=True),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("started", KEY, nullable=False),
        sa.Column("ended", KEY, nullable=True),
        sa.Column("duration", KEY, nullable=True),
        sa.Column("canceled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("scope_completed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("task", KEY, nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("called_instance", KEY, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_activity")),
    )
    op.create_index(
        op.f("ix_history_activity_definition_node"), "history_activity", ["definition", "node"], unique=False
    )
    op.create_index(op.f("ix_history_activity_instance"), "history_activity", ["instance"], unique=False)
    op.create_index(op.f("ix_history_activity_started"), "history_activity", ["started"], unique=False)
    op.create_table(
        "history_decision",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("decision", KEY, nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("decision_name", sa.Text(), nullable=True),
        sa.Column("requirements", KEY, nullable=True),
        sa.Column("requirements_id", sa.Text(), nullable=True),
        sa.Column("root_decision", KEY, nullable=True),
        sa.Column("time", KEY, nullable=False),
        sa.Column("element", KEY, nullable=True),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("collected", sa.Double(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_decision")),
    )
    op.create_index(op.f("ix_history_decision_decision_id"), "history_decision", ["decision_id"], unique=False)
    op.create_index(op.f("ix_history_decision_instance"), "history_decision", ["instance"], unique=False)
    op.create_index(op.f("ix_history_decision_root_decision"), "history_decision", ["root_decision"], unique=False)
    op.create_index(op.f("ix_history_decision_time"), "history_decision", ["time"], unique=False)
    op.create_table(
        "history_decision_input",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("decision_instance", KEY, nullable=False),
        sa.Column("clause_id", sa.Text(), nullable=True),
        sa.Column("clause_name", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("text_value", sa.Text(), nullable=True),
        sa.Column("long_value", KEY, nullable=True),
        sa.Column("double_value", sa.Double(), nullable=True),
        sa.Column("bytes_value", sa.LargeBinary(), nullable=True),
        sa.Column("big", KEY, nullable=True),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("created", KEY, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_decision_input")),
    )
    op.create_index(
        op.f("ix_history_decision_input_decision_instance"),
        "history_decision_input",
        ["decision_instance"],
        unique=False,
    )
    op.create_table(
        "history_decision_output",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("decision_instance", KEY, nullable=False),
        sa.Column("clause_id", sa.Text(), nullable=True),
        sa.Column("clause_name", sa.Text(), nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=True),
        sa.Column("rule_order", sa.Integer(), nullable=True),
        sa.Column("variable_name", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("text_value", sa.Text(), nullable=True),
        sa.Column("long_value", KEY, nullable=True),
        sa.Column("double_value", sa.Double(), nullable=True),
        sa.Column("bytes_value", sa.LargeBinary(), nullable=True),
        sa.Column("big", KEY, nullable=True),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("created", KEY, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_decision_output")),
    )
    op.create_index(
        op.f("ix_history_decision_output_decision_instance"),
        "history_decision_output",
        ["decision_instance"],
        unique=False,
    )
    op.create_table(
        "history_detail",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("time", KEY, nullable=False),
        sa.Column("element", KEY, nullable=True),
        sa.Column("activity", KEY, nullable=True),
        sa.Column("task", KEY, nullable=True),
        sa.Column("variable", KEY, nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("text_value", sa.Text(), nullable=True),
        sa.Column("long_value", KEY, nullable=True),
        sa.Column("double_value", sa.Double(), nullable=True),
        sa.Column("bytes_value", sa.LargeBinary(), nullable=True),
        sa.Column("big", KEY, nullable=True),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("initial", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_detail")),
    )
    op.create_index(op.f("ix_history_detail_instance"), "history_detail", ["instance"], unique=False)
    op.create_index(op.f("ix_history_detail_variable"), "history_detail", ["variable"], unique=False)
    op.create_table(
        "history_external_log",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("time", KEY, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("external", KEY, nullable=False),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("retries", sa.Integer(), nullable=True),
        sa.Column("priority", KEY, server_default=sa.text("0"), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("error_details", sa.Text(), nullable=True),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("element", KEY, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_external_log")),
    )
    op.create_index(op.f("ix_history_external_log_external"), "history_external_log", ["external"], unique=False)
    op.create_index(op.f("ix_history_external_log_instance"), "history_external_log", ["instance"], unique=False)
    op.create_index(op.f("ix_history_external_log_time"), "history_external_log", ["time"], unique=False)
    op.create_table(
        "history_incident",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("element", KEY, nullable=True),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("failed_node", sa.Text(), nullable=True),
        sa.Column("created", KEY, nullable=False),
        sa.Column("ended", KEY, nullable=True),
        sa.Column("duration", KEY, nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("configuration", sa.Text(), nullable=True),
        sa.Column("history_configuration", sa.Text(), nullable=True),
        sa.Column("cause", KEY, nullable=True),
        sa.Column("root_cause", KEY, nullable=True),
        sa.Column("job_definition", KEY, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("annotation", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_incident")),
    )
    op.create_index(op.f("ix_history_incident_created"), "history_incident", ["created"], unique=False)
    op.create_index(op.f("ix_history_incident_instance"), "history_incident", ["instance"], unique=False)
    op.create_table(
        "history_instance",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("business_key", sa.Text(), nullable=True),
        sa.Column("started", KEY, nullable=False),
        sa.Column("ended", KEY, nullable=True),
        sa.Column("duration", KEY, nullable=True),
        sa.Column("start_user", sa.Text(), nullable=True),
        sa.Column("start_node", sa.Text(), nullable=True),
        sa.Column("end_node", sa.Text(), nullable=True),
        sa.Column("delete_reason", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("caller", KEY, nullable=True),
        sa.Column("caller_instance", KEY, nullable=True),
        sa.Column("restarted_from", KEY, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_instance")),
    )
    op.create_index(op.f("ix_history_instance_business_key"), "history_instance", ["business_key"], unique=False)
    op.create_index(
        "ix_history_instance_caller_instance",
        "history_instance",
        ["caller_instance"],
        unique=False,
        sqlite_where=sa.text("caller_instance IS NOT NULL"),
        postgresql_where=sa.text("caller_instance IS NOT NULL"),
    )
    op.create_index(op.f("ix_history_instance_definition"), "history_instance", ["definition"], unique=False)
    op.create_index(op.f("ix_history_instance_ended"), "history_instance", ["ended"], unique=False)
    op.create_index(op.f("ix_history_instance_process_id"), "history_instance", ["process_id"], unique=False)
    op.create_index(
        "ix_history_instance_removal_time",
        "history_instance",
        ["removal_time"],
        unique=False,
        sqlite_where=sa.text("removal_time IS NOT NULL"),
        postgresql_where=sa.text("removal_time IS NOT NULL"),
    )
    op.create_index(op.f("ix_history_instance_root"), "history_instance", ["root"], unique=False)
    op.create_index(op.f("ix_history_instance_started"), "history_instance", ["started"], unique=False)
    op.create_table(
        "history_job_log",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("time", KEY, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("job", KEY, nullable=False),
        sa.Column("due", KEY, nullable=True),
        sa.Column("retries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("priority", KEY, server_default=sa.text("0"), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("stacktrace", sa.Text(), nullable=True),
        sa.Column("job_definition", KEY, nullable=True),
        sa.Column("type", sa.String(length=64), nullable=True),
        sa.Column("configuration", sa.Text(), nullable=True),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("failed_node", sa.Text(), nullable=True),
        sa.Column("element", KEY, nullable=True),
        sa.Column("deployment", KEY, nullable=True),
        sa.Column("hostname", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_job_log")),
    )
    op.create_index(op.f("ix_history_job_log_instance"), "history_job_log", ["instance"], unique=False)
    op.create_index(op.f("ix_history_job_log_job"), "history_job_log", ["job"], unique=False)
    op.create_index(op.f("ix_history_job_log_time"), "history_job_log", ["time"], unique=False)
    op.create_table(
        "history_link",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("time", KEY, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("task", KEY, nullable=True),
        sa.Column("operation", sa.String(length=16), nullable=False),
        sa.Column("assigner", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_link")),
    )
    op.create_index(op.f("ix_history_link_task"), "history_link", ["task"], unique=False)
    op.create_table(
        "history_task",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("element", KEY, nullable=True),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("started", KEY, nullable=False),
        sa.Column("ended", KEY, nullable=True),
        sa.Column("duration", KEY, nullable=True),
        sa.Column("delete_reason", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), server_default=sa.text("(50)"), nullable=False),
        sa.Column("due", KEY, nullable=True),
        sa.Column("follow_up", KEY, nullable=True),
        sa.Column("parent_task", KEY, nullable=True),
        sa.Column("state", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_task")),
    )
    op.create_index(op.f("ix_history_task_assignee"), "history_task", ["assignee"], unique=False)
    op.create_index(op.f("ix_history_task_ended"), "history_task", ["ended"], unique=False)
    op.create_index(op.f("ix_history_task_instance"), "history_task", ["instance"], unique=False)
    op.create_index(op.f("ix_history_task_started"), "history_task", ["started"], unique=False)
    op.create_table(
        "history_variable",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("scope", KEY, nullable=False),
        sa.Column("task", KEY, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("text_value", sa.Text(), nullable=True),
        sa.Column("long_value", KEY, nullable=True),
        sa.Column("double_value", sa.Double(), nullable=True),
        sa.Column("bytes_value", sa.LargeBinary(), nullable=True),
        sa.Column("big", KEY, nullable=True),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("created", KEY, nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_history_variable")),
    )
    op.create_index(op.f("ix_history_variable_instance"), "history_variable", ["instance"], unique=False)
    op.create_index(op.f("ix_history_variable_name"), "history_variable", ["name"], unique=False)
    op.create_table(
        "operation_log",
        sa.Column("key", KEY, autoincrement=False, nullable=False),
        sa.Column("instance", KEY, nullable=True),
        sa.Column("root", KEY, nullable=True),
        sa.Column("definition", KEY, nullable=True),
        sa.Column("process_id", sa.Text(), nullable=True),
        sa.Column("tenant", sa.Text(), nullable=True),
        sa.Column("removal_time", KEY, nullable=True),
        sa.Column("time", KEY, nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("operation", sa.Text(), nullable=True),
        sa.Column("operation_type", sa.Text(), nullable=False),
        sa.Column("entity_type", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("property", sa.Text(), nullable=True),
        sa.Column("old_value", sa.Text(), nullable=True),
        sa.Column("new_value", sa.Text(), nullable=True),
        sa.Column("annotation", sa.Text(), nullable=True),
        sa.Column("deployment", KEY, nullable=True),
        sa.Column("element", KEY, nullable=True),
        sa.Column("task", KEY, nullable=True),
        sa.Column("job", KEY, nullable=True),
        sa.Column("job_definition", KEY, nullable=True),
        sa.Column("external", KEY, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_operation_log")),
    )
    op.create_index(op.f("ix_operation_log_instance"), "operation_log", ["instance"], unique=False)
    op.create_index(op.f("ix_operation_log_operation"), "operation_log", ["operation"], unique=False)
    op.create_index(op.f("ix_operation_log_task"), "operation_log", ["task"], unique=False)
    op.create_index(op.f("ix_operation_log_time"), "operation_log", ["time"], unique=False)
