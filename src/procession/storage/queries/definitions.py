"""What can be asked of deployments and of what they define."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Join, Table, func, or_, select

from procession.storage import schema
from procession.storage.queries.language import (
    Asking,
    Col,
    Complaint,
    Condition,
    Filter,
    Kind,
    QueryTable,
    after,
    at,
    before,
    flag,
    key,
    like,
    number,
    some,
    tenants,
    text,
    texts,
    through,
)

_d = schema.deployment.c
_p = schema.process_definition.c


def definition_id(column: Col, definitions: Table = schema.process_definition) -> Filter:
    """The column holds the key of the definition with that id."""
    found = definitions.c
    return through(
        Kind.TEXT,
        lambda value, asking: column == select(found.key).where(found.id == value).scalar_subquery(),
    )


def with_definition(table: Table) -> Join:
    """A table and beside every row its process definition, where there is one."""
    return table.outerjoin(schema.process_definition, _p.key == table.c.definition)


DEPLOYMENT = QueryTable(
    "deployment",
    schema.deployment,
    _d.key,
    {"key": _d.key, "name": _d.name, "source": _d.source, "time": _d.time, "tenant": _d.tenant},
    {
        "id": key(_d.key),
        "name": text(_d.name),
        "nameLike": like(_d.name),
        "source": text(_d.source),
        "withoutSource": flag(_d.source.is_(None)),
        "after": after(_d.time),
        "before": before(_d.time),
        **tenants(_d.tenant, "includeDeploymentsWithoutTenantId"),
    },
    {"id": _d.key, "name": _d.name, "deploymentTime": _d.time, "tenantId": _d.tenant},
)


def _latest(table: Table, named: ColumnElement[Any], version: ColumnElement[Any]) -> Filter:
    other = table.alias()
    newest = (
        select(func.max(other.c.version))
        .where(other.c[named.name] == named, func.coalesce(other.c.tenant, "") == func.coalesce(table.c.tenant, ""))
        .scalar_subquery()
    )
    return flag(version == newest)


def _latest_rule(filters: Any, switches: frozenset[str]) -> Complaint | None:
    if "latestVersion" in filters and filters.keys() & {"version", "deploymentId"}:
        return Complaint(
            "Calling latest() can only be used in combination with key(String) and keyLike(String) or "
            "name(String) and nameLike(String)"
        )
    return None


def _shared(table: Table, named: str, include: str) -> dict[str, Filter]:
    """The filters that all three kinds of definition have."""
    c = table.c
    return {
        "name": text(c.name),
        "nameLike": like(c.name),
        "deploymentId": key(c.deployment),
        "key": text(c[named]),
        "keyLike": like(c[named]),
        "category": text(c.category),
        "categoryLike": like(c.category),
        "version": number(c.version),
        "latestVersion": _latest(table, c[named], c.version),
        "resourceName": text(c.resource_name),
        "resourceNameLike": like(c.resource_name),
        **tenants(c.tenant, include),
    }


def _versioned(table: Table) -> dict[str, Filter]:
    deployed: tuple[FromClause, Condition] = (schema.deployment, _d.key == table.c.deployment)
    return {
        "deployedAfter": through(
            Kind.MOMENT, lambda value, asking: some(*deployed, after(_d.time).build(value, asking))
        ),
        "deployedAt": through(Kind.MOMENT, lambda value, asking: some(*deployed, at(_d.time).build(value, asking))),
        "versionTag": text(table.c.version_tag),
        "versionTagLike": like(table.c.version_tag),
    }


def _deploy_time(table: Table) -> Col:
    return select(_d.time).where(_d.key == table.c.deployment).scalar_subquery()


def with_incidents(link: Condition) -> dict[str, Filter]:
    """Filters on the incidents that are linked so."""
    i = schema.incident.c
    shapes = {
        "incidentId": key(i.key),
        "incidentType": text(i.kind),
        "incidentMessage": text(i.message),
        "incidentMessageLike": like(i.message),
    }
    return {name: _incident(link, shape) for name, shape in shapes.items()}


def _incident(link: Condition, shape: Filter) -> Filter:
    def build(value: Any, asking: Asking) -> Condition:
        return some(schema.incident, link, shape.build(value, asking))

    return Filter(shape.kind, build)


def _startable_by(user: str, asking: Asking) -> Condition:
    s, m = schema.process_starter.c, schema.identity_membership.c
    groups = select(m.group_id).where(m.user_id == user)
    return some(schema.process_starter, s.definition == _p.key, or_(s.user_id == user, s.group_id.in_(groups)))


PROCESS_DEFINITION = QueryTable(
    "process definition",
    schema.process_definition,
    _p.key,
    {column.name: column for column in schema.process_definition.c},
    {
        "processDefinitionId": text(_p.id),
        "processDefinitionIdIn": texts(_p.id),
        "keysIn": texts(_p.process_id),
        **_shared(schema.process_definition, "process_id", "includeProcessDefinitionsWithoutTenantId"),
        **_versioned(schema.process_definition),
        "withoutVersionTag": flag(_p.version_tag.is_(None)),
        "startableBy": through(Kind.TEXT, _startable_by),
        "active": flag(~_p.suspended),
        "suspended": flag(_p.suspended),
        **with_incidents(schema.incident.c.definition == _p.key),
        "startableInTasklist": flag(_p.startable),
        "notStartableInTasklist": flag(~_p.startable),
    },
    {
        "category": _p.category,
        "key": _p.process_id,
        "id": _p.id,
        "name": _p.name,
        "version": _p.version,
        "deploymentId": _p.deployment,
        "deployTime": _deploy_time(schema.process_definition),
        "tenantId": _p.tenant,
        "versionTag": _p.version_tag,
    },
    options={"startablePermissionCheck": "who may start what is decided with authorizations, which are off"},
    rules=(_latest_rule,),
)

_dd = schema.decision_definition.c
_dr = schema.decision_requirements.c

DECISION_DEFINITION = QueryTable(
    "decision definition",
    schema.decision_definition.outerjoin(schema.decision_requirements, _dr.key == _dd.requirements),
    _dd.key,
    {**{column.name: column for column in schema.decision_definition.c}, "requirements_definition": _dr.id},
    {
        "decisionDefinitionId": text(_dd.id),
        "decisionDefinitionIdIn": texts(_dd.id),
        **_shared(schema.decision_definition, "decision_id", "includeDecisionDefinitionsWithoutTenantId"),
        **_versioned(schema.decision_definition),
        "decisionRequirementsDefinitionId": text(_dr.id),
        "decisionRequirementsDefinitionKey": text(_dd.requirements_id),
        "withoutDecisionRequirementsDefinition": flag(_dd.requirements.is_(None)),
    },
    {
        "category": _dd.category,
        "decisionRequirementsDefinitionKey": _dd.requirements_id,
        "key": _dd.decision_id,
        "id": _dd.id,
        "name": _dd.name,
        "version": _dd.version,
        "deploymentId": _dd.deployment,
        "deployTime": _deploy_time(schema.decision_definition),
        "versionTag": _dd.version_tag,
        "tenantId": _dd.tenant,
    },
    rules=(_latest_rule,),
)

DECISION_REQUIREMENTS = QueryTable(
    "decision requirements definition",
    schema.decision_requirements,
    _dr.key,
    {column.name: column for column in schema.decision_requirements.c},
    {
        "decisionRequirementsDefinitionId": text(_dr.id),
        "decisionRequirementsDefinitionIdIn": texts(_dr.id),
        **_shared(
            schema.decision_requirements,
            "requirements_id",
            "includeDecisionRequirementsDefinitionsWithoutTenantId",
        ),
    },
    {
        "id": _dr.id,
        "key": _dr.requirements_id,
        "name": _dr.name,
        "version": _dr.version,
        "deploymentId": _dr.deployment,
        "category": _dr.category,
        "tenantId": _dr.tenant,
    },
    rules=(_latest_rule,),
)

_jd = schema.job_definition.c

JOB_DEFINITION = QueryTable(
    "job definition",
    with_definition(schema.job_definition),
    _jd.key,
    {**{column.name: column for column in schema.job_definition.c}, "definition_id": _p.id},
    {
        "jobDefinitionId": key(_jd.key),
        "activityIdIn": texts(_jd.node),
        "processDefinitionId": text(_p.id),
        "processDefinitionKey": text(_jd.process_id),
        "jobType": text(_jd.type),
        "jobConfiguration": text(_jd.configuration),
        "active": flag(~_jd.suspended),
        "suspended": flag(_jd.suspended),
        "withOverridingJobPriority": flag(_jd.priority.is_not(None)),
        **tenants(_jd.tenant, "includeJobDefinitionsWithoutTenantId"),
    },
    {
        "jobDefinitionId": _jd.key,
        "activityId": _jd.node,
        "processDefinitionId": _p.id,
        "processDefinitionKey": _jd.process_id,
        "jobType": _jd.type,
        "jobConfiguration": _jd.configuration,
        "tenantId": _jd.tenant,
    },
)
