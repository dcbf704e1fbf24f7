"""`/roles`, `/tenants`: made, changed, deleted; who belongs to them and to groups.

They are kept and shown. Nothing is refused because of them: whoever may ask at all may use every tenant, as in a Camunda 8
that runs without authorizations and without checks of tenants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from procession.camunda8.entities.identity import (
    GROUPS,
    MAPPING_RULES,
    MEMBERS_BY_KIND,
    ROLES,
    ROLES_HOLDING,
    TENANTS,
    USERS,
    held_by,
    holding,
)
from procession.camunda8.exchange import DEFAULT_TENANT, NOTHING, Answer, Call, route, text_member
from procession.camunda8.people import forget_member, one, run
from procession.camunda8.problems import command_rejected, invalid
from procession.camunda8.searching import Entity, search


@dataclass(frozen=True, slots=True)
class _Holder:
    """What somebody may belong to. `id` is the member that names it; `members` are kinds, by their place in paths."""

    kind: str
    path: str
    id: str
    entity: Entity
    members: Mapping[str, str]


_ROLE = _Holder(
    "role",
    "/roles",
    "roleId",
    ROLES,
    {"users": "user", "groups": "group", "clients": "client", "mapping-rules": "mapping-rule"},
)
_TENANT = _Holder("tenant", "/tenants", "tenantId", TENANTS, {**_ROLE.members, "roles": "role"})
_GROUP = _Holder("group", "/groups", "groupId", GROUPS, {"clients": "client", "mapping-rules": "mapping-rule"})
_IDS = {"user": "username", "group": "groupId", "client": "clientId", "role": "roleId", "mapping-rule": "mappingRuleId"}
_KNOWN: Mapping[str, Entity] = {"user": USERS, "group": GROUPS, "role": ROLES, "mapping-rule": MAPPING_RULES}


def _make(holder: _Holder) -> Callable[[Call], Answer]:
    def create(call: Call) -> Answer:
        id_, name = text_member(call.body, holder.id), text_member(call.body, "name")
        if not id_ or not name:
            raise invalid(" ".join(f"No {x} provided." for x, y in ((holder.id, id_), ("name", name)) if not y))
        description = text_member(call.body, "description")
        made = id_ != DEFAULT_TENANT and run(
            call,
            "INSERT INTO identity_record (kind, id, name, description) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO NOTHING",
            holder.kind,
            id_,
            name,
            description,
        )
        if not made:
            reason = (
                f"Expected to create {holder.kind} with ID '{id_}', but a {holder.kind} with this ID already exists"
            )
            raise command_rejected("CREATE", "ALREADY_EXISTS", reason)
        return Answer({holder.id: id_, "name": name, "description": description or ""}, 201)

    return create


def _change(holder: _Holder) -> Callable[[Call], Answer]:
    def update(call: Call) -> Answer:
        id_, name = call.params[holder.id], text_member(call.body, "name")
        description = text_member(call.body, "description")
        one(call, holder.entity, id_)
        run(
            call,
            "INSERT INTO identity_record (kind, id, name, description) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (kind, id) DO UPDATE SET name = excluded.name, description = excluded.description",
            holder.kind,
            id_,
            name,
            description,
        )
        return Answer({holder.id: id_, "name": name or id_, "description": description or ""})

    return update


def _delete(holder: _Holder) -> Callable[[Call], Answer]:
    def delete(call: Call) -> Answer:
        id_ = call.params[holder.id]
        one(call, holder.entity, id_)
        if not run(call, "DELETE FROM identity_record WHERE kind = ? AND id = ?", holder.kind, id_):
            reason = (
                f"Expected to delete {holder.kind} with ID '{id_}', but it is used by definitions or is the default"
            )
            raise command_rejected("DELETE", "INVALID_STATE", reason)
        forget_member(call, holder.kind, id_)
        return NOTHING

    return delete


def _assign(holder: _Holder, kind: str) -> Callable[[Call], Answer]:
    def assign(call: Call) -> Answer:
        id_, member = call.params[holder.id], call.params[_IDS[kind]]
        one(call, holder.entity, id_)
        if kind in _KNOWN:
            one(call, _KNOWN[kind], member)
        made = run(
            call,
            "INSERT INTO identity_member (kind, holder, member_kind, member) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (kind, holder, member_kind, member) DO NOTHING",
            holder.kind,
            id_,
            kind,
            member,
        )
        if not made:
            reason = (
                f"Expected to add {kind} with ID '{member}' to {holder.kind} with ID '{id_}', "
                f"but the {kind} is already assigned to it"
            )
            raise command_rejected("ADD_ENTITY", "ALREADY_EXISTS", reason)
        return NOTHING

    return assign


def _unassign(holder: _Holder, kind: str) -> Callable[[Call], Answer]:
    def unassign(call: Call) -> Answer:
        id_, member = call.params[holder.id], call.params[_IDS[kind]]
        one(call, holder.entity, id_)
        gone = run(
            call,
            "DELETE FROM identity_member WHERE kind = ? AND holder = ? AND member_kind = ? AND member = ?",
            holder.kind,
            id_,
            kind,
            member,
        )
        if not gone:
            reason = (
                f"Expected to remove {kind} with ID '{member}' from {holder.kind} with ID '{id_}', "
                f"but the {kind} is not assigned to it"
            )
            raise command_rejected("REMOVE_ENTITY", "NOT_FOUND", reason)
        return NOTHING

    return unassign


def _search(holder: _Holder, kind: str) -> Callable[[Call], Answer]:
    def search_members(call: Call) -> Answer:
        one(call, holder.entity, call.params[holder.id])
        return Answer(search(call, MEMBERS_BY_KIND[kind], held_by(holder.kind, call.params[holder.id])))

    return search_members


def _serve(method: str, path: str, handler: Callable[[Call], Answer], told: str) -> None:
    handler.__doc__ = told
    route(method, path)(handler)


def _register(holder: _Holder) -> None:
    for place, kind in holder.members.items():
        path, named = f"{holder.path}/{{{holder.id}}}/{place}", kind.replace("-", " ")
        one_path = f"{path}/{{{_IDS[kind]}}}"
        _serve("PUT", one_path, _assign(holder, kind), f"Puts a {named} into a {holder.kind}.")
        _serve("DELETE", one_path, _unassign(holder, kind), f"Takes a {named} out of a {holder.kind}.")
        _serve("POST", f"{path}/search", _search(holder, kind), f"The {named}s of a {holder.kind}.")


def _register_own(holder: _Holder) -> None:
    path = f"{holder.path}/{{{holder.id}}}"

    def get(call: Call) -> Answer:
        return Answer(holder.entity.show(one(call, holder.entity, call.params[holder.id])))

    def search_all(call: Call) -> Answer:
        return Answer(search(call, holder.entity))

    _serve("POST", holder.path, _make(holder), f"A new {holder.kind}.")
    _serve("PUT", path, _change(holder), f"Changes name and description of a {holder.kind}.")
    _serve("DELETE", path, _delete(holder), f"Deletes a {holder.kind}.")
    _serve("GET", path, get, f"One {holder.kind}.")
    _serve("POST", f"{holder.path}/search", search_all, f"{holder.kind.title()}s that meet a filter.")


for _holder in (_ROLE, _TENANT, _GROUP):
    _register(_holder)
for _holder in (_ROLE, _TENANT):
    _register_own(_holder)


@route("POST", "/groups/{groupId}/roles/search")
def search_roles_of_group(call: Call) -> Answer:
    """The roles that a group has."""
    group = call.params["groupId"]
    one(call, GROUPS, group)
    return Answer(search(call, ROLES_HOLDING, holding("group", group)))
