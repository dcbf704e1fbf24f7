"""`/users`, `/groups`: the engine's own identity service.

Passwords are hashed by the server, which alone knows how: users made here have none and cannot log in with one.
"""

from __future__ import annotations

from procession.camunda8.entities.identity import GROUPS, MEMBERS, USERS
from procession.camunda8.exchange import NOTHING, Answer, Call, route, text_member
from procession.camunda8.people import forget_member, one, run
from procession.camunda8.problems import command_rejected, invalid, not_found
from procession.camunda8.searching import search
from procession.storage import schema

_members = schema.identity_membership


# ---------------------------------------------------------------- users


@route("POST", "/users/search")
def search_users(call: Call) -> Answer:
    """Users that meet a filter."""
    return Answer(search(call, USERS))


@route("GET", "/users/{username}")
def get_user(call: Call) -> Answer:
    """One user."""
    return Answer(USERS.show(one(call, USERS, call.params["username"])))


@route("POST", "/users")
def create_user(call: Call) -> Answer:
    """A new user."""
    id_ = text_member(call.body, "username")
    if not id_:
        raise invalid("No username provided.")
    name, email = text_member(call.body, "name"), text_member(call.body, "email")
    made = run(
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
    one(call, USERS, id_)
    run(call, "UPDATE identity_user SET first_name = ?, last_name = NULL, email = ? WHERE id = ?", name, email, id_)
    return Answer({"username": id_, "name": name, "email": email})


@route("DELETE", "/users/{username}")
def delete_user(call: Call) -> Answer:
    """Deletes a user."""
    one(call, USERS, call.params["username"])
    run(call, "DELETE FROM identity_membership WHERE user_id = ?", call.params["username"])
    run(call, "DELETE FROM identity_user WHERE id = ?", call.params["username"])
    forget_member(call, "user", call.params["username"])
    return NOTHING


# ---------------------------------------------------------------- groups


@route("POST", "/groups/search")
def search_groups(call: Call) -> Answer:
    """Groups that meet a filter."""
    return Answer(search(call, GROUPS))


@route("GET", "/groups/{groupId}")
def get_group(call: Call) -> Answer:
    """One group."""
    return Answer(GROUPS.show(one(call, GROUPS, call.params["groupId"])))


@route("POST", "/groups")
def create_group(call: Call) -> Answer:
    """A new group."""
    id_, name = text_member(call.body, "groupId"), text_member(call.body, "name")
    if not id_ or not name:
        raise invalid("groupId and name are required.")
    made = run(
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
    one(call, GROUPS, id_)
    run(call, "UPDATE identity_group SET name = ? WHERE id = ?", name, id_)
    return Answer({"groupId": id_, "name": name, "description": ""})


@route("DELETE", "/groups/{groupId}")
def delete_group(call: Call) -> Answer:
    """Deletes a group."""
    one(call, GROUPS, call.params["groupId"])
    run(call, "DELETE FROM identity_membership WHERE group_id = ?", call.params["groupId"])
    run(call, "DELETE FROM identity_group WHERE id = ?", call.params["groupId"])
    forget_member(call, "group", call.params["groupId"])
    return NOTHING


@route("POST", "/groups/{groupId}/users/search")
def search_members(call: Call) -> Answer:
    """The users of a group."""
    group = call.params["groupId"]
    one(call, GROUPS, group)
    return Answer(search(call, MEMBERS, _members.c.group_id.is_not_distinct_from(group)))


@route("PUT", "/groups/{groupId}/users/{username}")
def add_member(call: Call) -> Answer:
    """Puts a user into a group."""
    group, user = call.params["groupId"], call.params["username"]
    one(call, GROUPS, group)
    one(call, USERS, user)
    run(
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
    one(call, GROUPS, group)
    if not run(call, "DELETE FROM identity_membership WHERE user_id = ? AND group_id = ?", user, group):
        raise not_found("Member", user)
    return NOTHING
