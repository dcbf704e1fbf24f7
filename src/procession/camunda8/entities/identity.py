"""Users, groups and tenants: those of the engine's own identity service."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, cast, false, func, literal, null, select, union

from procession.camunda8.exchange import DEFAULT_TENANT
from procession.camunda8.searching import Entity, Row, text
from procession.storage import schema

_u, _g, _m = schema.identity_user, schema.identity_group, schema.identity_membership
_name = func.trim(func.coalesce(_u.c.first_name, "") + " " + func.coalesce(_u.c.last_name, ""))


def _show_user(row: Row) -> dict[str, Any]:
    return {"username": row["id"], "name": row["name"] or row["id"], "email": row["email"] or ""}


USERS = Entity(
    name="User",
    source=_u,
    key=_u.c.id,
    columns={"id": _u.c.id, "name": _name, "email": _u.c.email},
    filters={"username": text(_u.c.id), "name": text(_name), "email": text(_u.c.email)},
    sorts={"username": _u.c.id, "name": _name, "email": _u.c.email},
    show=_show_user,
)


def _show_group(row: Row) -> dict[str, Any]:
    return {"groupId": row["id"], "name": row["name"] or row["id"], "description": ""}


GROUPS = Entity(
    name="Group",
    source=_g,
    key=_g.c.id,
    columns={"id": _g.c.id, "name": _g.c.name},
    filters={"groupId": text(_g.c.id), "name": text(_g.c.name)},
    sorts={"groupId": _g.c.id, "name": _g.c.name},
    show=_show_group,
)

MEMBERS = Entity(
    name="Member",
    source=_m,
    key=_m.c.user_id,
    columns={"user_id": _m.c.user_id},
    filters={"username": text(_m.c.user_id)},
    sorts={"username": _m.c.user_id},
    show=lambda row: {"username": row["user_id"]},
)

_known = union(
    select(literal(DEFAULT_TENANT, String()).label("id")),
    select(schema.process_definition.c.tenant).where(schema.process_definition.c.tenant.isnot(None)),
    select(schema.decision_definition.c.tenant).where(schema.decision_definition.c.tenant.isnot(None)),
).subquery("tenants")

TENANTS = Entity(
    name="Tenant",
    source=_known,
    key=_known.c.id,
    columns={"id": _known.c.id},
    filters={"tenantId": text(_known.c.id), "name": text(_known.c.id)},
    sorts={"tenantId": _known.c.id, "name": _known.c.id, "key": _known.c.id},
    show=lambda row: {"tenantId": row["id"], "name": row["id"], "description": ""},
)


def _nothing(name: str, *members: str) -> Entity:
    """What the identity service does not have: every search finds none."""
    names = ("id", *members)
    empty = select(*(cast(null(), String).label(member) for member in names)).where(false()).subquery(name)
    return Entity(
        name=name,
        source=empty,
        key=empty.c.id,
        columns={member: empty.c[member] for member in names},
        filters={member: text(empty.c[member]) for member in members},
        sorts={member: empty.c[member] for member in members},
        show=dict,
    )


ROLES = _nothing("Role", "roleId", "name")
MAPPING_RULES = _nothing("MappingRule", "mappingRuleId", "claimName", "claimValue", "name")
AUTHORIZATIONS = _nothing("Authorization", "ownerId", "ownerType", "resourceType", "resourceIds")
