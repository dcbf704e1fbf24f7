"""`/mapping-rules`, `/authorizations`: kept and shown, not enforced.

This version checks who asks, not what they may do. A server that asks for credentials therefore refuses to make an
authorization or a mapping rule: nobody shall believe that it protects. One that lets everybody in keeps them, so that
scripts which set up a cluster run here as they are.
"""

from __future__ import annotations

import json
from typing import Any

from procession.camunda8.entities.identity import AUTHORIZATIONS, MAPPING_RULES
from procession.camunda8.exchange import NOTHING, Answer, Call, route, text_member, texts_member
from procession.camunda8.people import forget_member, one, run
from procession.camunda8.problems import Rejected, command_rejected, invalid
from procession.camunda8.searching import find, get, search

_OWNERS = ("CLIENT", "GROUP", "MAPPING_RULE", "ROLE", "UNSPECIFIED", "USER")


def _harmless(call: Call) -> None:
    if call.guarded:
        raise Rejected(
            403,
            "Authorizations and mapping rules are not enforced by this version: every user who may log in may do "
            "everything. They are kept only by a server that asks for no credentials",
        )


# ---------------------------------------------------------------- mapping rules


@route("POST", "/mapping-rules/search")
def search_rules(call: Call) -> Answer:
    """Mapping rules that meet a filter."""
    return Answer(search(call, MAPPING_RULES))


@route("GET", "/mapping-rules/{mappingRuleId}")
def get_rule(call: Call) -> Answer:
    """One mapping rule."""
    return Answer(MAPPING_RULES.show(one(call, MAPPING_RULES, call.params["mappingRuleId"])))


def _rule(call: Call, id_: str | None) -> dict[str, str]:
    names = ("mappingRuleId", "name", "claimName", "claimValue")
    found = {name: (id_ if name == "mappingRuleId" else None) or text_member(call.body, name) or "" for name in names}
    missing = [f"No {name} provided." for name, value in found.items() if not value]
    if missing:
        raise invalid(" ".join(missing))
    return found


@route("POST", "/mapping-rules")
def create_rule(call: Call) -> Answer:
    """A new mapping rule."""
    _harmless(call)
    rule = _rule(call, None)
    made = run(
        call,
        "INSERT INTO identity_mapping_rule (id, name, claim_name, claim_value) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (id) DO NOTHING",
        *rule.values(),
    )
    if not made:
        reason = (
            f"Expected to create mapping rule with id '{rule['mappingRuleId']}', but a mapping rule with this id "
            "already exists"
        )
        raise command_rejected("CREATE", "ALREADY_EXISTS", reason)
    return Answer(rule, 201)


@route("PUT", "/mapping-rules/{mappingRuleId}")
def change_rule(call: Call) -> Answer:
    """Changes a mapping rule."""
    _harmless(call)
    rule = _rule(call, call.params["mappingRuleId"])
    one(call, MAPPING_RULES, rule["mappingRuleId"])
    id_, *changed = rule.values()
    run(call, "UPDATE identity_mapping_rule SET name = ?, claim_name = ?, claim_value = ? WHERE id = ?", *changed, id_)
    return Answer(rule)


@route("DELETE", "/mapping-rules/{mappingRuleId}")
def delete_rule(call: Call) -> Answer:
    """Deletes a mapping rule."""
    id_ = call.params["mappingRuleId"]
    one(call, MAPPING_RULES, id_)
    run(call, "DELETE FROM identity_mapping_rule WHERE id = ?", id_)
    forget_member(call, "mapping-rule", id_)
    return NOTHING


# ---------------------------------------------------------------- authorizations


@route("POST", "/authorizations/search")
def search_authorizations(call: Call) -> Answer:
    """Authorizations that meet a filter."""
    return Answer(search(call, AUTHORIZATIONS))


@route("POST", "/authentication/me/authorizations/search")
def search_own(call: Call) -> Answer:
    """Authorizations of who asks; that they are not enforced is part of the answer."""
    grants = AUTHORIZATIONS.columns
    own = grants["owner_type"].in_(["USER", "CLIENT"]) & grants["owner"].is_not_distinct_from(call.user)
    return Answer({"authorizationsEnabled": False, **search(call, AUTHORIZATIONS, own)})


@route("GET", "/authorizations/{authorizationKey}")
def get_authorization(call: Call) -> Answer:
    """One authorization."""
    return Answer(get(call, AUTHORIZATIONS, call.key("authorizationKey")))


def _authorization(call: Call) -> list[Any]:
    body = call.body
    owner, owner_type = text_member(body, "ownerId"), text_member(body, "ownerType")
    resource_type, permissions = text_member(body, "resourceType"), texts_member(body, "permissionTypes")
    resource, named = text_member(body, "resourceId"), text_member(body, "resourcePropertyName")
    given = (("ownerId", owner), ("ownerType", owner_type), ("resourceType", resource_type))
    faults = [f"No {name} provided." for name, value in given if not value]
    if not permissions:
        faults.append("No permissionTypes provided.")
    if (resource is None) == (named is None):
        faults.append("Exactly one of [resourceId, resourcePropertyName] is required.")
    if owner_type and owner_type not in _OWNERS:
        faults.append(f"Unexpected value '{owner_type}' for enum field 'ownerType'. Use any of {list(_OWNERS)}.")
    if faults:
        raise invalid(" ".join(faults))
    return [owner_type, owner, resource_type, resource, named, json.dumps(sorted(set(permissions)))]


@route("POST", "/authorizations")
def create_authorization(call: Call) -> Answer:
    """A new authorization."""
    _harmless(call)
    key = call.engine.storage.keys()
    run(
        call,
        "INSERT INTO identity_authorization (key, owner_type, owner, resource_type, resource, property, permissions) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        key,
        *_authorization(call),
    )
    return Answer({"authorizationKey": str(key)}, 201)


@route("PUT", "/authorizations/{authorizationKey}")
def change_authorization(call: Call) -> Answer:
    """Changes an authorization."""
    _harmless(call)
    key = call.key("authorizationKey")
    find(call, AUTHORIZATIONS, key)
    run(
        call,
        "UPDATE identity_authorization SET owner_type = ?, owner = ?, resource_type = ?, resource = ?, property = ?, "
        "permissions = ? WHERE key = ?",
        *_authorization(call),
        key,
    )
    return NOTHING


@route("DELETE", "/authorizations/{authorizationKey}")
def delete_authorization(call: Call) -> Answer:
    """Deletes an authorization."""
    key = call.key("authorizationKey")
    find(call, AUTHORIZATIONS, key)
    run(call, "DELETE FROM identity_authorization WHERE key = ?", key)
    return NOTHING
