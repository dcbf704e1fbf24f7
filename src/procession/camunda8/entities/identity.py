"""Users, groups, roles, tenants, mapping rules and authorizations, and who belongs to what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import String as SqlText
from sqlalchemy import and_, func, literal, null, select, true, union_all

from procession.camunda8.exchange import DEFAULT_TENANT
from procession.camunda8.problems import unreadable
from procession.camunda8.searching import Condition, Entity, Row, key, text
from procession.storage import schema
from procession.storage.queries.language import Asking

_u, _g, _m = schema.identity_user, schema.identity_group, schema.identity_membership
_r, _b = schema.identity_record, schema.identity_member
_rule, _grant = schema.identity_mapping_rule, schema.identity_authorization
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

# ---------------------------------------------------------------- roles, tenants


def _show_record(id_: str) -> Any:
    def show(row: Row) -> dict[str, Any]:
        return {id_: row["id"], "name": row["name"] or row["id"], "description": row["description"] or ""}

    return show


_roles = select(_r.c.id, _r.c.name, _r.c.description).where(_r.c.kind == "role").subquery("roles")

ROLES = Entity(
    name="Role",
    source=_roles,
    key=_roles.c.id,
    columns={name: _roles.c[name] for name in ("id", "name", "description")},
    filters={"roleId": text(_roles.c.id), "name": text(_roles.c.name)},
    sorts={"roleId": _roles.c.id, "name": _roles.c.name},
    show=_show_record("roleId"),
)

_used = select(
    union_all(
        select(literal(DEFAULT_TENANT, SqlText()).label("id")),
        select(schema.process_definition.c.tenant).where(schema.process_definition.c.tenant.isnot(None)),
        select(schema.decision_definition.c.tenant).where(schema.decision_definition.c.tenant.isnot(None)),
    ).subquery("used").c.id
).distinct().subquery("used_tenants")  # fmt: skip
_made = select(_r.c.id, _r.c.name, _r.c.description).where(_r.c.kind == "tenant")
_tenants = union_all(
    _made, select(_used.c.id, null(), null()).where(_used.c.id.not_in(select(_r.c.id).where(_r.c.kind == "tenant")))
).subquery("tenants")

TENANTS = Entity(
    name="Tenant",
    source=_tenants,
    key=_tenants.c.id,
    columns={name: _tenants.c[name] for name in ("id", "name", "description")},
    filters={"tenantId": text(_tenants.c.id), "name": text(func.coalesce(_tenants.c.name, _tenants.c.id))},
    sorts={
        "tenantId": _tenants.c.id,
        "name": func.coalesce(_tenants.c.name, _tenants.c.id),
        "key": _tenants.c.id,
    },
    show=_show_record("tenantId"),
)

# ---------------------------------------------------------------- mapping rules, authorizations


def show_rule(row: Row) -> dict[str, Any]:
    """A mapping rule."""
    return {
        "mappingRuleId": row["id"],
        "name": row["name"] or row["id"],
        "claimName": row["claim_name"],
        "claimValue": row["claim_value"],
    }


_RULE = {
    "mappingRuleId": _rule.c.id,
    "name": _rule.c.name,
    "claimName": _rule.c.claim_name,
    "claimValue": _rule.c.claim_value,
}
MAPPING_RULES = Entity(
    name="Mapping Rule",
    source=_rule,
    key=_rule.c.id,
    columns={name: _rule.c[name] for name in ("id", "name", "claim_name", "claim_value")},
    filters={name: text(column) for name, column in _RULE.items()},
    sorts=_RULE,
    show=show_rule,
)


def show_authorization(row: Row) -> dict[str, Any]:
    """An authorization."""
    return {
        "authorizationKey": str(row["key"]),
        "ownerId": row["owner"],
        "ownerType": row["owner_type"],
        "resourceType": row["resource_type"],
        "resourceId": row["resource"],
        "resourcePropertyName": row["property"],
        "permissionTypes": json.loads(row["permissions"]),
    }


def _among(column: Any) -> Any:
    def build(value: Any, asking: Asking) -> Condition:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise unreadable()
        return asking.among(column, value)

    return build


AUTHORIZATIONS = Entity(
    name="Authorization",
    source=_grant,
    key=_grant.c.key,
    columns={column.name: column for column in _grant.columns},
    filters={
        "ownerId": text(_grant.c.owner),
        "ownerType": text(_grant.c.owner_type),
        "resourceType": text(_grant.c.resource_type),
        "resourceIds": _among(_grant.c.resource),
        "resourcePropertyNames": _among(_grant.c.property),
        "authorizationKey": key(_grant.c.key),
    },
    sorts={
        "ownerId": _grant.c.owner,
        "ownerType": _grant.c.owner_type,
        "resourceType": _grant.c.resource_type,
        "resourceId": _grant.c.resource,
        "resourcePropertyName": _grant.c.property,
    },
    show=show_authorization,
)

# ---------------------------------------------------------------- who belongs to what


def _plain(member_kind: str, id_: str) -> Entity:
    return Entity(
        name="Member",
        source=_b,
        key=_b.c.member,
        columns={"member": _b.c.member},
        filters={id_: text(_b.c.member)},
        sorts={id_: _b.c.member},
        show=lambda row: {id_: row["member"]},
        always=_b.c.member_kind == member_kind,
    )


def _of(member_kind: str, entity: Entity) -> Entity:
    """Members that are shown as what they are."""
    return Entity(
        name=entity.name,
        source=entity.source.join(_b, _b.c.member == entity.key),
        key=entity.key,
        columns=entity.columns,
        filters=entity.filters,
        sorts=entity.sorts,
        show=entity.show,
        always=and_(true(), _b.c.member_kind == member_kind),
    )


MEMBERS_BY_KIND: Mapping[str, Entity] = {
    "user": _plain("user", "username"),
    "group": _plain("group", "groupId"),
    "client": _plain("client", "clientId"),
    "role": _of("role", ROLES),
    "mapping-rule": _of("mapping-rule", MAPPING_RULES),
}
"""What the members of a role, a tenant or a group look like, by their kind."""


def held_by(kind: str, holder: str) -> Condition:
    """Members of one role, tenant or group."""
    return and_(_b.c.kind.is_not_distinct_from(kind), _b.c.holder.is_not_distinct_from(holder))


ROLES_HOLDING = Entity(
    name="Role",
    source=_roles.join(_b, and_(_b.c.kind == "role", _b.c.holder == _roles.c.id)),
    key=_roles.c.id,
    columns=ROLES.columns,
    filters=ROLES.filters,
    sorts=ROLES.sorts,
    show=ROLES.show,
)


def holding(member_kind: str, member: str) -> Condition:
    """What one user, group, role, client or mapping rule belongs to."""
    return and_(_b.c.member_kind.is_not_distinct_from(member_kind), _b.c.member.is_not_distinct_from(member))
