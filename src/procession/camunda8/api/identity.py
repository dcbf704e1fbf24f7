"""`/users`, `/groups`, `/tenants`: the engine's own identity service; `/roles`, `/mapping-rules`, `/authorizations`: it has none.

Passwords are hashed by the server, which alone knows how: users made here have none and cannot log in with one.
"""

from __future__ import annotations

from typing import Any

from procession.camunda8.entities.identity import (
    AUTHORIZATIONS,
    GROUPS,
    MAPPING_RULES,
    MEMBERS,
    ROLES,
    TENANTS,
    USERS,
)
from procession.camunda8.exchange import NOTHING, Answer, Call, route, text_member
from procession.camunda8.problems import Rejected, command_rejected, invalid, not_found
from procession.camunda8.searching import Entity, Row, reading, rows_of, search
from procession.storage import schema
from procession.storage.drivers import Driver

_members = schema.identity_membership


def _one(call: Call, entity: Entity, id_: str) -> Row:
    """The row of that id. Raises 404."""
    with reading(call) as connection:
        rows = rows_of(connection, entity, [entity.key.is_not_distinct_from(id_)], 1)
    if not rows:
        raise not_found(entity.name, id_)
    return dict(rows[0])


def _run(call: Call, statement: str, *parameters: Any) -> int:
    def work(driver: Driver) -> int:
        return driver.run(statement, list(parameters))

    return call.engine.atomically(work)


# ---------------------------------------------------------------- users


@route("POST", "/users/search")
def search_users(call: Call) -> Answer:
    """Users that meet a filter."""
    return Answer(search(call, USERS))


@route("GET", "/users/{username}")
def get_user(call: Call) -> Answer:
    """One user."""
    return Answer(USERS.show(_one(call, USERS, call.params["username"])))


@route("POST", "/users")
def create_user(call: Call) -> Answer:
    """A new user."""
    id_ = text_member(call.body, "username")
    if not id_:
        raise invalid("No username provided.")
    name, email = text_member(call.body, "name"), text_member(call.body, "email")
    made = _run(
        call,
        "INSERT INTO identity_user (id, first_name, email) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
        id_,
        name,
        email,
    )
    if not made:
        reason = f"Expected to create user with username '{id_}', but a user with this username already exists"
        raise command_rejected("CREATE", "ALREADY_EXISTS", reason)
    return Answer({"username": id_, "name": name, "email": email}, 201)


@route("PUT", "/users/{username}")
def change_user(call: Call) -> Answer:
    """Changes name and address of a user."""
    id_, name, email = call.params["username"], text_member(call.body, "name"), text_member(call.body, "email")
    _one(call, USERS, id_)
    _run(call, "UPDATE identity_user SET first_name = ?, last_name = NULL, email = ? WHERE id = ?", name, email, id_)
    return Answer({"username": id_, "name": name, "email": email})


@route("DELETE", "/users/{username}")
def delete_user(call: Call) -> Answer:
    """Deletes a user."""
    _one(call, USERS, call.params["username"])
    _run(call, "DELETE FROM identity_membership WHERE user_id = ?", call.params["username"])
    _run(call, "DELETE FROM identity_user WHERE id = ?", call.params["username"])
    return NOTHING


# ---------------------------------------------------------------- groups


@route("POST", "/groups/search")
def search_groups(call: Call) -> Answer:
    """Groups that meet a filter."""
    return Answer(search(call, GROUPS))


@route("GET", "/groups/{groupId}")
def get_group(call: Call) -> Answer:
    """One group."""
    return Answer(GROUPS.show(_one(call, GROUPS, call.params["groupId"])))


@route("POST", "/groups")
def create_group(call: Call) -> Answer:
    """A new group."""
    id_, name = text_member(call.body, "groupId"), text_member(call.body, "name")
    if not id_ or not name:
        raise invalid("groupId and name are required.")
    made = _run(
        call,
        "INSERT INTO identity_group (id, name, type) VALUES (?, ?, 'WORKFLOW') ON CONFLICT (id) DO NOTHING",
        id_,
        name,
    )
    if not made:
        reason = f"Expected to create group with ID '{id_}', but a group with this ID already exists"
        raise command_rejected("CREATE", "ALREADY_EXISTS", reason)
    return Answer({"groupId": id_, "name": name, "description": ""}, 201)


@route("PUT", "/groups/{groupId}")
def change_group(call: Call) -> Answer:
    """Changes the name of a group."""
    id_, name = call.params["groupId"], text_member(call.body, "name")
    _one(call, GROUPS, id_)
    _run(call, "UPDATE identity_group SET name = ? WHERE id = ?", name, id_)
    return Answer({"groupId": id_, "name": name, "description": ""})


@route("DELETE", "/groups/{groupId}")
def delete_group(call: Call) -> Answer:
    """Deletes a group."""
    _one(call, GROUPS, call.params["groupId"])
    _run(call, "DELETE FROM identity_membership WHERE group_id = ?", call.params["groupId"])
    _run(call, "DELETE FROM identity_group WHERE id = ?", call.params["groupId"])
    return NOTHING


@route("POST", "/groups/{groupId}/users/search")
def search_members(call: Call) -> Answer:
    """The users of a group."""
    group = call.params["groupId"]
    _one(call, GROUPS, group)
    return Answer(search(call, MEMBERS, _members.c.group_id.is_not_distinct_from(group)))


@route("PUT", "/groups/{groupId}/users/{username}")
def add_member(call: Call) -> Answer:
    """Puts a user into a group."""
    group, user = call.params["groupId"], call.params["username"]
    _one(call, GROUPS, group)
    _one(call, USERS, user)
    _run(
        call,
        "INSERT INTO identity_membership (user_id, group_id) VALUES (?, ?) ON CONFLICT (user_id, group_id) DO NOTHING",
        user,
        group,
    )
    return NOTHING


@route("DELETE", "/groups/{groupId}/users/{username}")
def remove_member(call: Call) -> Answer:
    """Takes a user out of a group."""
    group, user = call.params["groupId"], call.params["username"]
    _one(call, GROUPS, group)
    if not _run(call, "DELETE FROM identity_membership WHERE user_id = ? AND group_id = ?", user, group):
        raise not_found("Member", user)
    return NOTHING


# ---------------------------------------------------------------- tenants, and what there is none of


@route("POST", "/tenants/search")
def search_tenants(call: Call) -> Answer:
    """The default tenant, and those that definitions belong to."""
    return Answer(search(call, TENANTS))


@route("GET", "/tenants/{tenantId}")
def get_tenant(call: Call) -> Answer:
    """One tenant."""
    return Answer(TENANTS.show(_one(call, TENANTS, call.params["tenantId"])))


@route("POST", "/roles/search")
def search_roles(call: Call) -> Answer:
    """There are no roles: every search is empty."""
    return Answer(search(call, ROLES))


@route("POST", "/mapping-rules/search")
def search_mapping_rules(call: Call) -> Answer:
    """There are no mapping rules: every search is empty."""
    return Answer(search(call, MAPPING_RULES))


@route("POST", "/authorizations/search")
def search_authorizations(call: Call) -> Answer:
    """There are no authorizations of Camunda 8's kind: every search is empty."""
    return Answer(search(call, AUTHORIZATIONS))


@route("POST", "/tenants")
@route("POST", "/roles")
@route("POST", "/mapping-rules")
@route("POST", "/authorizations")
def refuse(call: Call) -> Answer:
    """What the identity service does not keep cannot be made."""
    raise Rejected(
        403,
        "Tenants, roles, mapping rules and authorizations of Camunda 8 are not kept by this version: "
        "name the tenant when you deploy, and use groups and Camunda 7's authorizations",
    )
