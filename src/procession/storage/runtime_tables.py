"""The tables of running processes: one per record of `kernel.records`, and the big values apart."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Index,
    LargeBinary,
    String,
    Table,
    text,
)

from procession.storage.columns import (
    Key,
    flag,
    index_when,
    key_column,
    metadata,
    moment_column,
    number,
    reference,
    text_column,
    value_columns,
)

instance = Table(
    "instance",
    metadata,
    key_column(),
    reference("definition", required=True),
    text_column("process_id", required=True),
    reference("root", required=True),
    text_column("business_key"),
    text_column("tenant"),
    reference("caller"),
    reference("caller_instance"),
    flag("suspended"),
    moment_column("started"),
    text_column("start_user"),
    text_column("correlation_key"),
    text_column("tags"),
    Index(None, "definition"),
    Index(None, "root"),
)
index_when(instance, "ix_instance_correlation_key", "correlation_key IS NOT NULL", "correlation_key", "process_id")
index_when(instance, "ix_instance_business_key", "business_key IS NOT NULL", "business_key")
index_when(instance, "ix_instance_caller_instance", "caller_instance IS NOT NULL", "caller_instance")

element = Table(
    "element",
    metadata,
    key_column(),
    reference("instance", required=True),
    reference("parent"),
    text_column("node", required=True),
    Column("life", String(16), nullable=False),
    Column("phase", String(16), nullable=False),
    number("index"),
    text_column("flow"),
    number("loop_counter", None),
    number("children"),
    text_column("arrived"),
    text_column("attached"),
    number("variables"),
    text_column("note"),
    Index(None, "instance"),
)
index_when(element, "ix_element_parent_node", "parent IS NOT NULL", "parent", "node")

variable = Table(
    "variable",
    metadata,
    key_column(),
    reference("instance"),
    reference("scope", required=True),
    text_column("name", required=True),
    *value_columns(),
    reference("task"),
    reference("definition"),
    text_column("tenant"),
    number("revision"),
    Index(None, "scope", "name", unique=True),
    Index(None, "instance"),
)
index_when(variable, "ix_variable_task", "task IS NOT NULL", "task")
SHORT = 255
SHORT_TEXT = f"type = 'String' AND length(text_value) <= {SHORT}"
WHOLE_NUMBER = "type IN ('Integer', 'Long')"
"""The variables that an index finds by name and value: those that correlation keys are made of."""
index_when(variable, "ix_variable_short_text", SHORT_TEXT, "name", "text_value")
index_when(variable, "ix_variable_whole_number", WHOLE_NUMBER, "name", "long_value")

task = Table(
    "task",
    metadata,
    key_column(),
    reference("instance"),
    reference("element"),
    reference("definition"),
    text_column("node"),
    moment_column("created", required=True),
    text_column("name"),
    text_column("description"),
    text_column("assignee"),
    text_column("owner"),
    Column("delegation", String(32)),
    number("priority", 50),
    moment_column("due"),
    moment_column("follow_up"),
    text_column("form_key"),
    text_column("form_ref"),
    text_column("form_binding"),
    number("form_version", None),
    reference("parent_task"),
    flag("suspended"),
    text_column("tenant"),
    moment_column("updated"),
    Column("state", String(32), nullable=False),
    number("variables"),
    Index(None, "instance"),
    Index(None, "assignee"),
    Index(None, "definition", "node"),
    Index(None, "created"),
)
index_when(task, "ix_task_owner", "owner IS NOT NULL", "owner")
index_when(task, "ix_task_parent_task", "parent_task IS NOT NULL", "parent_task")

identity_link = Table(
    "identity_link",
    metadata,
    key_column(),
    reference("task", required=True),
    text_column("type", required=True),
    text_column("user_id"),
    text_column("group_id"),
    text_column("tenant"),
    Index(None, "task"),
)
index_when(identity_link, "ix_identity_link_group_id", "group_id IS NOT NULL", "group_id", "type")
index_when(identity_link, "ix_identity_link_user_id", "user_id IS NOT NULL", "user_id", "type")

external_task = Table(
    "external_task",
    metadata,
    key_column(),
    reference("instance", required=True),
    reference("element", required=True),
    reference("definition", required=True),
    text_column("process_id", required=True),
    text_column("node", required=True),
    text_column("topic", required=True),
    moment_column("created", required=True),
    Column("priority", Key, nullable=False, server_default=text("0")),
    number("retries", None),
    text_column("worker"),
    moment_column("locked_until"),
    text_column("error_message"),
    text_column("error_details"),
    text_column("business_key"),
    flag("suspended"),
    text_column("tenant"),
    text_column("headers"),
    text_column("listener"),
    text_column("error_code"),
    Index(None, "instance"),
    Index(None, "definition"),
    Index(None, "topic"),
)
_FETCHABLE = "NOT suspended AND (retries IS NULL OR retries > 0)"
_FREE = f"{_FETCHABLE} AND locked_until IS NULL"
index_when(external_task, "ix_external_task_free", _FREE, "topic", "key")
index_when(
    external_task, "ix_external_task_held", f"{_FETCHABLE} AND locked_until IS NOT NULL", "topic", "locked_until"
)
# with a condition of its own: PostgreSQL, while it takes few to be free, would else go by this one and sort them by key
_where = text(f"{_FREE} AND key > 0")
Index(
    "ix_external_task_priority", external_task.c.topic, external_task.c.priority.desc(), external_task.c.key,
    sqlite_where=_where, postgresql_where=_where,
)  # fmt: skip

job = Table(
    "job",
    metadata,
    key_column(),
    Column("kind", String(64), nullable=False),
    text_column("node"),
    reference("definition"),
    reference("job_definition"),
    moment_column("created", required=True),
    reference("instance"),
    reference("element"),
    text_column("process_id"),
    text_column("configuration"),
    moment_column("due"),
    number("retries", 3),
    Column("priority", Key, nullable=False, server_default=text("0")),
    flag("exclusive", default=True),
    flag("suspended"),
    text_column("repeat"),
    text_column("lock_owner"),
    moment_column("locked_until"),
    text_column("error_message"),
    text_column("stacktrace"),
    text_column("failed_node"),
    text_column("tenant"),
    text_column("payload"),
    Index(None, "instance"),
    Index(None, "job_definition"),
    Index(None, "definition"),
)
index_when(job, "ix_job_due", "retries > 0 AND NOT suspended AND due IS NOT NULL", "due", "key")
index_when(job, "ix_job_failed", "retries = 0", "key")
index_when(external_task, "ix_external_task_failed", "retries = 0", "key")
index_when(job, "ix_job_at_once", "retries > 0 AND NOT suspended AND due IS NULL", "key")
index_when(job, "ix_job_locked", "lock_owner IS NOT NULL", "instance")
index_when(job, "ix_job_start", "instance IS NULL", "definition")

event_subscription = Table(
    "event_subscription",
    metadata,
    key_column(),
    Column("kind", String(32), nullable=False),
    text_column("name"),
    text_column("node", required=True),
    reference("definition", required=True),
    moment_column("created", required=True),
    reference("instance"),
    reference("element"),
    text_column("correlation_key"),
    text_column("tenant"),
    text_column("process_id"),
    Index(None, "kind", "name"),
    Index(None, "instance"),
    Index(None, "definition"),
)
index_when(event_subscription, "ix_event_subscription_start", "instance IS NULL", "kind", "name")
index_when(event_subscription, "ix_event_subscription_start_of", "instance IS NULL", "definition")
index_when(
    event_subscription, "ix_event_subscription_correlation", "correlation_key IS NOT NULL", "correlation_key", "name"
)

message = Table(
    "message",  # published, and kept until it expires for what will wait for it
    metadata,
    key_column(),
    text_column("name", required=True),
    text_column("correlation_key", required=True),
    text_column("message_id"),
    text_column("tenant"),
    text_column("variables"),
    moment_column("published", required=True),
    moment_column("expires", required=True),
    text_column("correlated"),  # the processes that got it, as a JSON list: each gets it once
    Index(None, "name", "correlation_key"),
    Index(None, "expires"),
)
index_when(message, "ix_message_message_id", "message_id IS NOT NULL", "message_id")

incident = Table(
    "incident",
    metadata,
    key_column(),
    text_column("kind", required=True),
    reference("instance"),
    reference("element"),
    reference("definition"),
    text_column("node"),
    moment_column("created", required=True),
    text_column("message"),
    text_column("configuration"),
    reference("cause", required=True),
    reference("root_cause", required=True),
    text_column("failed_node"),
    reference("job_definition"),
    text_column("annotation"),
    text_column("tenant"),
    Index(None, "instance"),
    Index(None, "definition"),
    Index(None, "configuration"),
    Index(None, "created"),
)

batch = Table(
    "batch",
    metadata,
    key_column(),
    text_column("kind", required=True),
    number("total"),
    reference("seed_definition", required=True),
    reference("monitor_definition", required=True),
    reference("job_definition", required=True),
    moment_column("started", required=True),
    number("made"),
    number("per_seed", 100),
    number("per_job", 1),
    flag("suspended"),
    text_column("tenant"),
    text_column("user_id"),
    moment_column("executed"),
    text_column("payload"),
)

big_value = Table(
    "big_value",
    metadata,
    key_column(),
    reference("owner", required=True),  # the variable's, decision input's or output's key
    reference("instance"),
    Column("content", LargeBinary, nullable=False),
    Index(None, "owner"),
    Index(None, "instance"),
)
