"""The tables of what is deployed, of people, and of the installation itself."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    func,
    text,
)

from procession.storage.columns import (
    Key,
    deployment_column,
    flag,
    key_column,
    metadata,
    moment_column,
    number,
    reference,
    text_column,
)

deployment = Table(
    "deployment",
    metadata,
    key_column(),
    text_column("name"),
    text_column("source"),
    moment_column("time", required=True),
    text_column("tenant"),
    text_column("dialect"),  # by which its resources are read; NULL for the engine's own
    Index(None, "name"),
    Index(None, "time"),
)


resource = Table(
    "resource",
    metadata,
    key_column(),
    deployment_column(),
    text_column("name", required=True),
    Column("content", LargeBinary, nullable=False),
    flag("generated"),
    Index(None, "deployment", "name", unique=True),
)

process_definition = Table(
    "process_definition",
    metadata,
    key_column(),
    text_column("id", required=True),  # `<process_id>:<version>:<key>`, or the bare key above 64 characters
    text_column("process_id", required=True),
    number("version", 1),
    text_column("name"),
    text_column("category"),
    deployment_column(),
    text_column("resource_name", required=True),
    text_column("diagram_resource"),
    text_column("version_tag"),
    number("history_ttl", None),  # days
    flag("suspended"),
    flag("startable", default=True),
    flag("has_start_form"),
    text_column("tenant"),
    text_column("description"),
    Index(None, "id", unique=True),
    Index(None, "deployment"),
)
Index(
    "uq_process_definition_version",
    process_definition.c.process_id,
    process_definition.c.version,
    func.coalesce(process_definition.c.tenant, text("''")),
    unique=True,
)

process_starter = Table(
    "process_starter",  # users and groups that a process names as those who may start it
    metadata,
    key_column(),
    reference("definition", required=True),
    deployment_column(),
    text_column("user_id"),
    text_column("group_id"),
    Index(None, "definition"),
    Index(None, "deployment"),
)

decision_definition = Table(
    "decision_definition",
    metadata,
    key_column(),
    text_column("id", required=True),
    text_column("decision_id", required=True),
    number("version", 1),
    text_column("name"),
    text_column("category"),
    deployment_column(),
    text_column("resource_name", required=True),
    text_column("diagram_resource"),
    reference("requirements"),
    text_column("requirements_id"),
    text_column("version_tag"),
    number("history_ttl", None),
    text_column("tenant"),
    Index(None, "id", unique=True),
    Index(None, "deployment"),
)
Index(
    "uq_decision_definition_version",
    decision_definition.c.decision_id,
    decision_definition.c.version,
    func.coalesce(decision_definition.c.tenant, text("''")),
    unique=True,
)

decision_requirements = Table(
    "decision_requirements",
    metadata,
    key_column(),
    text_column("id", required=True),
    text_column("requirements_id", required=True),
    number("version", 1),
    text_column("name"),
    text_column("category"),
    deployment_column(),
    text_column("resource_name", required=True),
    text_column("diagram_resource"),
    text_column("tenant"),
    Index(None, "id", unique=True),
    Index(None, "deployment"),
)
Index(
    "uq_decision_requirements_version",
    decision_requirements.c.requirements_id,
    decision_requirements.c.version,
    func.coalesce(decision_requirements.c.tenant, text("''")),
    unique=True,
)

job_definition = Table(
    "job_definition",
    metadata,
    key_column(),
    reference("definition"),  # NULL, as process, node and deployment, for those of a batch
    text_column("process_id"),
    text_column("node"),
    Column("type", String(64), nullable=False),
    text_column("configuration"),
    flag("suspended"),
    Column("priority", Key),
    Column("deployment", Key, ForeignKey("deployment.key", ondelete="CASCADE")),
    text_column("tenant"),
    Index(None, "definition"),
    Index(None, "deployment"),
)


form_definition = Table(
    "form_definition",
    metadata,
    key_column(),
    text_column("form_id", required=True),
    number("version", 1),
    deployment_column(),
    text_column("resource_name", required=True),
    text_column("version_tag"),
    text_column("tenant"),
    Index(None, "deployment"),
)
Index(
    "uq_form_definition_version",
    form_definition.c.form_id,
    form_definition.c.version,
    func.coalesce(form_definition.c.tenant, text("''")),
    unique=True,
)

former_definition = Table(
    "former_definition",  # of processes, decisions and requirements that were deleted without their history
    metadata,
    key_column(),
    text_column("id", required=True),
    Index(None, "id"),
)

identity_user = Table(
    "identity_user",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("first_name"),
    text_column("last_name"),
    text_column("email"),
    text_column("password_hash"),  # argon2id, with its parameters
    moment_column("locked_until"),
    number("failed_logins"),
)

identity_group = Table(
    "identity_group",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("name"),
    text_column("type"),
)

identity_membership = Table(
    "identity_membership",
    metadata,
    Column("user_id", Text, ForeignKey("identity_user.id", ondelete="CASCADE"), nullable=False),
    Column("group_id", Text, ForeignKey("identity_group.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("user_id", "group_id"),
    Index(None, "group_id"),
)

identity_record = Table(
    "identity_record",  # what Camunda 8's identity has by id, a name and a description: roles and tenants
    metadata,
    text_column("kind", required=True),
    text_column("id", required=True),
    text_column("name"),
    text_column("description"),
    PrimaryKeyConstraint("kind", "id"),
)

identity_mapping_rule = Table(
    "identity_mapping_rule",
    metadata,
    Column("id", Text, primary_key=True),
    text_column("name"),
    text_column("claim_name", required=True),
    text_column("claim_value", required=True),
)

identity_authorization = Table(
    "identity_authorization",
    metadata,
    key_column(),
    text_column("owner_type", required=True),
    text_column("owner", required=True),
    text_column("resource_type", required=True),
    text_column("resource"),
    text_column("property"),
    text_column("permissions", required=True),  # JSON
)

identity_member = Table(
    "identity_member",  # who belongs to a role, a tenant or a group, but for the users of a group
    metadata,
    text_column("kind", required=True),
    text_column("holder", required=True),
    text_column("member_kind", required=True),
    text_column("member", required=True),
    PrimaryKeyConstraint("kind", "holder", "member_kind", "member"),
    Index(None, "member"),
)

cluster_variable = Table(
    "cluster_variable",
    metadata,
    Column("name", Text, primary_key=True),
    text_column("value", required=True),  # JSON
)

node = Table(
    "node",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    text_column("holder", required=True),
    moment_column("expires", required=True),
)

metric = Table(
    "metric",
    metadata,
    key_column(),
    text_column("name", required=True),
    moment_column("time", required=True),
    Column("value", Key, nullable=False),
    text_column("reporter"),
    Index(None, "name", "time"),
)

property_ = Table(
    "property",
    metadata,
    Column("name", Text, primary_key=True),
    text_column("value"),
)
