"""Users, groups, roles, tenants, mapping rules and authorizations through the API."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.server.settings import Settings
from tests.camunda8.play import Play
from tests.server.calling import Caller


def test_users_and_groups(api: Play) -> None:
    ann = {"username": "ann", "name": "Ann", "email": "ann@example.org"}
    assert api.got("/users", ann | {"password": "x"}) == ann
    assert api.refused("POST", "/users", ann)[:2] == (409, "ALREADY_EXISTS")
    assert api.got("/users/ann") == ann
    assert api.items("users", name={"$like": "A*"}) == [ann]
    api.got("/users/ann", {"name": "Anna", "email": "a@b"}, "PUT")
    api.got("/groups", {"groupId": "g", "name": "G"})
    api.got("/groups/g/users/ann", method="PUT")
    assert api.items("groups/g/users") == [{"username": "ann"}]
    api.got("/groups/g/users/ann", method="DELETE")
    assert api.items("groups/g/users") == []
    assert api.items("groups", groupId="g") == [{"groupId": "g", "name": "G", "description": ""}]
    api.got("/users/ann", method="DELETE")
    api.got("/groups/g", method="DELETE")
    assert api.refused("GET", "/users/ann")[0] == api.refused("GET", "/groups/g")[0] == 404


def test_roles_and_who_has_them(api: Play) -> None:
    ops = {"roleId": "ops", "name": "Operators", "description": "On call"}
    assert api.got("/roles", ops) == ops == api.got("/roles/ops")
    assert api.refused("POST", "/roles", ops)[:2] == (409, "ALREADY_EXISTS")
    assert api.got("/roles/ops", {"name": "Ops", "description": ""}, "PUT")["name"] == "Ops"
    api.got("/users", {"username": "ann", "password": "x"})
    api.got("/groups", {"groupId": "g", "name": "G"})
    rule = {"mappingRuleId": "r", "name": "R", "claimName": "c", "claimValue": "v"}
    assert api.got("/mapping-rules", rule) == rule
    for path in ("users/ann", "groups/g", "clients/worker", "mapping-rules/r"):
        api.got(f"/roles/ops/{path}", method="PUT")
        assert api.refused("PUT", f"/roles/ops/{path}")[:2] == (409, "ALREADY_EXISTS")
    assert api.items("roles/ops/users") == [{"username": "ann"}]
    assert api.items("roles/ops/groups") == [{"groupId": "g"}]
    assert api.items("roles/ops/clients") == [{"clientId": "worker"}]
    assert api.items("roles/ops/mapping-rules") == [rule]
    assert [role["roleId"] for role in api.items("groups/g/roles")] == ["ops"]
    assert api.items("roles", name={"$like": "O*"})[0]["roleId"] == "ops"
    api.got("/users/ann", method="DELETE")
    assert api.items("roles/ops/users") == []
    api.got("/roles/ops/clients/worker", method="DELETE")
    assert api.refused("DELETE", "/roles/ops/clients/worker")[0] == 404
    assert api.refused("PUT", "/roles/ops/users/nobody")[0] == api.refused("PUT", "/roles/no/clients/c")[0] == 404
    api.got("/roles/ops", method="DELETE")
    assert api.refused("GET", "/roles/ops")[0] == 404
    assert api.items("groups/g/roles") == []


def test_tenants(api: Play) -> None:
    assert [tenant["tenantId"] for tenant in api.items("tenants")] == ["<default>"]
    assert api.got("/tenants/%3Cdefault%3E")["tenantId"] == "<default>"
    north = {"tenantId": "north", "name": "North", "description": ""}
    assert api.got("/tenants", north) == north
    assert api.refused("POST", "/tenants", {"tenantId": "<default>", "name": "x"})[0] == 409
    api.got("/roles", {"roleId": "ops", "name": "Operators"})
    api.got("/tenants/north/roles/ops", method="PUT")
    assert [role["roleId"] for role in api.items("tenants/north/roles")] == ["ops"]
    assert [tenant["tenantId"] for tenant in api.items("tenants")] == ["<default>", "north"]
    api.got("/tenants/north", method="DELETE")
    assert api.refused("DELETE", "/tenants/%3Cdefault%3E")[:2] == (409, "INVALID_STATE")


GRANT = {
    "ownerId": "ann",
    "ownerType": "USER",
    "resourceType": "PROCESS_DEFINITION",
    "resourceId": "*",
    "permissionTypes": ["READ"],
}


def test_authorizations_are_kept_where_everybody_may_come_in(api: Play) -> None:
    key = api.got("/authorizations", GRANT)["authorizationKey"]
    assert api.got(f"/authorizations/{key}") == GRANT | {"authorizationKey": key, "resourcePropertyName": None}
    assert api.items("authorizations", resourceIds=["*"], ownerType="USER") == [api.got(f"/authorizations/{key}")]
    api.got(f"/authorizations/{key}", GRANT | {"permissionTypes": ["READ", "CREATE"]}, "PUT")
    assert api.got(f"/authorizations/{key}")["permissionTypes"] == ["CREATE", "READ"]
    assert api.got("/authentication/me/authorizations/search", {})["authorizationsEnabled"] is False
    api.got(f"/authorizations/{key}", method="DELETE")
    assert api.refused("GET", f"/authorizations/{key}")[0] == 404
    assert api.refused("POST", "/authorizations", GRANT | {"ownerType": "X"})[0] == 400


def test_where_credentials_are_asked_for_nobody_is_to_believe_in_what_is_not_enforced(engine: Engine) -> None:
    settings = Settings(auth=True, admin_user="ann", admin_password=SecretStr("secret"))
    caller = Caller(create_app(engine, settings))
    for path, body in (("authorizations", GRANT), ("mapping-rules", {})):
        answer = caller.call("POST", f"/v2/{path}", json=body, auth=("ann", "secret"))
        assert (answer.status_code, answer.json()["title"]) == (403, "FORBIDDEN")


def test_who_asks_is_told_of_roles_and_tenants(engine: Engine) -> None:
    settings = Settings(auth=True, admin_user="ann", admin_password=SecretStr("secret"))
    caller = Caller(create_app(engine, settings))

    def ask(method: str, path: str, **options: Any) -> Any:
        answer = caller.call(method, f"/v2{path}", auth=("ann", "secret"), **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    ask("POST", "/roles", json={"roleId": "ops", "name": "Operators"})
    ask("POST", "/tenants", json={"tenantId": "north", "name": "North"})
    ask("PUT", "/roles/ops/users/ann")
    ask("PUT", "/tenants/north/users/ann")
    me = ask("GET", "/authentication/me")
    assert (me["roles"], [tenant["tenantId"] for tenant in me["tenants"]]) == (["ops"], ["<default>", "north"])
