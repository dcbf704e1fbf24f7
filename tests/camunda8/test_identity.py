"""Users, groups and tenants through the API."""

from __future__ import annotations

import pytest

from tests.camunda8.play import Play


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


def test_tenants(api: Play) -> None:
    assert [tenant["tenantId"] for tenant in api.items("tenants")] == ["<default>"]
    assert api.got("/tenants/%3Cdefault%3E")["tenantId"] == "<default>"


@pytest.mark.parametrize("path", ["roles", "mapping-rules", "authorizations"])
def test_what_there_is_none_of(api: Play, path: str) -> None:
    assert api.items(path) == []
    assert api.refused("POST", f"/{path}", {})[0] == 403
