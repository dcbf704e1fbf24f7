"""The tables of history: what `storage.history` writes and Camunda 7's history queries filter by."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    Index,
    String,
    Table,
    text,
)

from procession.storage.columns import (
    Key,
    flag,
    index_by_end,
    index_when,
    key_column,
    metadata,
    moment_column,
    number,
    origin_columns,
    reference,
    text_column,
    value_columns,
)

history_instance = Table(
    "history_instance",
    metadata,
    key_column(),
    *origin_columns(),  # `instance` is the row's own key, so that filters are the same for every history table
    text_column("business_key"),
    moment_column("started", required=True),
    moment_column("ended"),
    reference("duration"),  # milliseconds
    text_column("start_user"),
    text_column("start_node"),
    text_column("end_node"),
    text_column("delete_reason"),
    Column("state", String(32), nullable=False),
    reference("caller"),
    reference("caller_instance"),
    reference("restarted_from"),
    text_column("tags"),
    Index(None, "definition", "started"),
    Index(None, "process_id", "started"),
    Index(None, "started"),
    index_by_end(),
    Index(None, "root"),
)
index_when(history_instance, "ix_history_instance_business_key", "business_key IS NOT NULL", "business_key")
index_when(history_instance, "ix_history_instance_caller_instance", "caller_instance IS NOT NULL", "caller_instance")
index_when(history_instance, "ix_history_instance_removal_time", "removal_time IS NOT NULL", "removal_time")
index_when(history_instance, "ix_history_instance_unfinished", "duration IS NULL", "started")

history_activity = Table(
    "history_activity",
    metadata,
    key_column(),  # the element's key: Camunda's activity instance id
    *origin_columns(),
    reference("parent"),  # key of the activity (or the instance) around it
    text_column("node", required=True),
    text_column("name"),
    Column("type", String(64), nullable=False),
    moment_column("started", required=True),
    moment_column("ended"),
    reference("duration"),
    flag("canceled"),
    flag("scope_completed"),
    reference("task"),
    text_column("assignee"),
    reference("called_instance"),
    Index(None, "instance"),
    Index(None, "definition", "node"),
    Index(None, "started"),
)

history_task = Table(
    "history_task",
    metadata,
    key_column(),
    *origin_columns(),
    reference("element"),
    text_column("node"),
    text_column("name"),
    text_column("description"),
    text_column("owner"),
    text_column("assignee"),
    moment_column("started", required=True),
    moment_column("ended"),
    reference("duration"),
    text_column("delete_reason"),
    number("priority", 50),
    moment_column("due"),
    moment_column("follow_up"),
    reference("parent_task"),
    Column("state", String(32)),
    Index(None, "instance"),
    Index(None, "started"),
    index_by_end(),
)
index_when(history_task, "ix_history_task_assignee", "assignee IS NOT NULL", "assignee")

history_variable = Table(
    "history_variable",
    metadata,
    key_column(),  # the variable's key
    *origin_columns(),
    reference("scope", required=True),  # the element or task it lives in
    reference("task"),
    text_column("name", required=True),
    *value_columns(),
    moment_column("created", required=True),
    number("revision"),
    Column("state", String(16), nullable=False),  # CREATED or DELETED
    Index(None, "instance"),
    Index(None, "name"),
)

history_detail = Table(
    "history_detail",
    metadata,
    key_column(),
    *origin_columns(),
    Column("kind", String(16), nullable=False),  # variableUpdate or formField
    moment_column("time", required=True),
    reference("element"),  # the scope it was set in
    reference("activity"),  # the element whose work set it
    reference("task"),
    reference("variable"),
    text_column("name"),  # of the variable, or the form field's id
    *value_columns(),
    number("revision"),
    flag("initial"),
    text_column("operation"),
    text_column("user_id"),
    Index(None, "instance"),
    Index(None, "variable"),
)

history_incident = Table(
    "history_incident",
    metadata,
    key_column(),
    *origin_columns(),
    text_column("kind", required=True),
    reference("element"),
    text_column("node"),
    text_column("failed_node"),
    moment_column("created", required=True),
    moment_column("ended"),
    reference("duration"),
    text_column("message"),
    text_column("configuration"),
    text_column("history_configuration"),  # key of the job log or external task log entry that tells the failure
    reference("cause"),
    reference("root_cause"),
    reference("job_definition"),
    Column("state", String(16), nullable=False),  # open, resolved or deleted
    text_column("annotation"),
    Index(None, "instance"),
    Index(None, "created"),
)

history_job_log = Table(
    "history_job_log",
    metadata,
    key_column(),
    *origin_columns(),
    moment_column("time", required=True),
    Column("state", String(16), nullable=False),  # created, failed, successful or deleted
    reference("job", required=True),
    moment_column("due"),
    number("retries"),
    Column("priority", Key, nullable=False, server_default=text("0")),
    text_column("error_message"),
    text_column("stacktrace"),
    reference("job_definition"),
    Column("type", String(64)),
    text_column("configuration"),
    text_column("node"),
    text_column("failed_node"),
    reference("element"),
    reference("deployment"),
    text_column("hostname"),
    Index(None, "job"),
    Index(None, "instance"),
    Index(None, "time"),
)

index_when(history_job_log, "ix_history_job_log_configuration", "node IS NULL", "configuration")

history_external_log = Table(
    "history_external_log",
    metadata,
    key_column(),
    *origin_columns(),
    moment_column("time", required=True),
    Column("state", String(16), nullable=False),  # created, failed, successful or deleted
    reference("external", required=True),
    text_column("topic"),
    text_column("worker"),
    number("retries", None),
    Column("priority", Key, nullable=False, server_default=text("0")),
    text_column("error_message"),
    text_column("error_details"),
    text_column("node"),
    reference("element"),
    text_column("listener"),
    Index(None, "external"),
    Index(None, "instance"),
    Index(None, "time"),
)

history_decision = Table(
    "history_decision",
    metadata,
    key_column(),
    *origin_columns(),
    reference("decision", required=True),
    text_column("decision_id", required=True),
    text_column("decision_name"),
    reference("requirements"),
    text_column("requirements_id"),
    reference("root_decision"),  # NULL for the decision that was asked for
    moment_column("time", required=True),
    reference("element"),
    text_column("node"),
    Column("collected", Double),
    text_column("user_id"),
    Index(None, "instance"),
    Index(None, "root_decision"),
    Index(None, "decision_id"),
    Index(None, "time"),
)

index_when(
    history_decision,
    "ix_history_decision_removal_time",
    "instance IS NULL AND removal_time IS NOT NULL",
    "removal_time",
)

history_decision_input = Table(
    "history_decision_input",
    metadata,
    key_column(),
    *origin_columns(),
    reference("decision_instance", required=True),
    text_column("clause_id"),
    text_column("clause_name"),
    *value_columns(),
    moment_column("created", required=True),
    Index(None, "decision_instance"),
)

history_decision_output = Table(
    "history_decision_output",
    metadata,
    key_column(),
    *origin_columns(),
    reference("decision_instance", required=True),
    text_column("clause_id"),
    text_column("clause_name"),
    text_column("rule_id"),
    number("rule_order", None),
    text_column("variable_name"),
    *value_columns(),
    moment_column("created", required=True),
    Index(None, "decision_instance"),
)

history_link = Table(
    "history_link",
    metadata,
    key_column(),
    *origin_columns(),
    moment_column("time", required=True),
    text_column("type", required=True),
    text_column("user_id"),
    text_column("group_id"),
    reference("task"),
    Column("operation", String(16), nullable=False),  # add or delete
    text_column("assigner"),
    Index(None, "task"),
)

operation_log = Table(
    "operation_log",
    metadata,
    key_column(),
    *origin_columns(),
    moment_column("time", required=True),
    text_column("user_id"),
    text_column("operation"),  # groups the entries of one request
    text_column("operation_type", required=True),
    text_column("entity_type", required=True),
    text_column("category"),
    text_column("property"),
    text_column("old_value"),
    text_column("new_value"),
    text_column("annotation"),
    reference("deployment"),
    reference("element"),
    reference("task"),
    reference("job"),
    reference("job_definition"),
    reference("external"),
    Index(None, "operation"),
    Index(None, "instance"),
    Index(None, "task"),
    Index(None, "time"),
)

history_batch = Table(
    "history_batch",
    metadata,
    key_column(),
    *origin_columns(),
    text_column("kind", required=True),
    number("total"),
    reference("seed_definition", required=True),
    reference("monitor_definition", required=True),
    reference("job_definition", required=True),
    number("per_seed", 100),
    number("per_job", 1),
    text_column("user_id"),
    moment_column("started", required=True),
    moment_column("executed"),
    moment_column("ended"),
    Index(None, "started"),
)

history_batch_item = Table(
    "history_batch_item",  # what each job of a batch was for
    metadata,
    key_column(),
    reference("batch", required=True),
    reference("job", required=True),
    reference("item", required=True),
    Index(None, "batch"),
    Index(None, "job"),
    Index(None, "item"),
)

HISTORY: tuple[Table, ...] = (
    history_instance,
    history_activity,
    history_task,
    history_variable,
    history_detail,
    history_incident,
    history_job_log,
    history_external_log,
    history_decision,
    history_decision_input,
    history_decision_output,
    history_link,
    operation_log,
    history_batch,
)
"""Every history table; each has the columns of `_origin`."""
