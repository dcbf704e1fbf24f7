"""Indexes with which no command reads more the more is stored: starts, correlation by key and value, clean-up, first pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FETCHABLE = "NOT suspended AND (retries IS NULL OR retries > 0)"
PARTIAL: tuple[tuple[str, str, str, list[str | sa.TextClause]], ...] = (
    ("variable", "short_text", "type = 'String' AND length(text_value) <= 255", ["name", "text_value"]),
    ("variable", "whole_number", "type IN ('Integer', 'Long')", ["name", "long_value"]),
    (
        "external_task",
        "priority",
        f"{FETCHABLE} AND locked_until IS NULL AND key > 0",
        ["topic", sa.text("priority DESC"), "key"],
    ),
    ("external_task", "held", f"{FETCHABLE} AND locked_until IS NOT NULL", ["topic", "locked_until"]),
    ("job", "start", "instance IS NULL", ["definition"]),
    ("event_subscription", "start", "instance IS NULL", ["kind", "name"]),
    ("event_subscription", "start_of", "instance IS NULL", ["definition"]),
    ("event_subscription", "correlation", "correlation_key IS NOT NULL", ["correlation_key", "name"]),
    ("history_instance", "unfinished", "duration IS NULL", ["started"]),
    ("history_job_log", "configuration", "node IS NULL", ["configuration"]),
    ("history_decision", "removal_time", "instance IS NULL AND removal_time IS NOT NULL", ["removal_time"]),
)


def upgrade() -> None:
    """The index by end gets the key, that of external tasks by priority the direction in which it is read, and that by the
    end of their locks holds those alone that may be fetched again."""
    for name in ("priority", "topic_locked_until"):
        op.drop_index(f"ix_external_task_{name}", table_name="external_task")
    op.create_index("ix_external_task_topic", "external_task", ["topic"])
    op.create_index("ix_incident_created", "incident", ["created"])
    for table, name, condition, columns in PARTIAL:
        where = sa.text(condition)
        op.create_index(f"ix_{table}_{name}", table, columns, sqlite_where=where, postgresql_where=where)
    for column in ("definition", "process_id"):
        op.drop_index(f"ix_history_instance_{column}", table_name="history_instance")
        op.create_index(f"ix_history_instance_{column}_started", "history_instance", [column, "started"])
    for table in ("history_instance", "history_task"):
        op.drop_index(f"ix_{table}_ended", table_name=table)
        op.create_index(f"ix_{table}_ended_key", table, ["ended", "key"], postgresql_ops={"ended": "NULLS FIRST"})
