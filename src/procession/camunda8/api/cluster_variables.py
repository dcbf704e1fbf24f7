"""`/cluster-variables`: values that expressions of every process read as `camunda.vars.cluster.NAME` or `camunda.vars.env.NAME`."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Text, cast, literal, null

from procession.camunda8.exchange import NOTHING, Answer, Call, object_member, route, text_member
from procession.camunda8.people import one, run
from procession.camunda8.problems import Rejected, command_rejected, invalid
from procession.camunda8.searching import Entity, Row, search, text
from procession.kernel.variables import MAX_NAME
from procession.storage import schema

TRUNCATED = 8191
"""Characters of a value that a search shows."""
_v = schema.cluster_variable


def _show(row: Row) -> dict[str, Any]:
    return {
        "name": row["name"],
        "value": row["value"],
        "scope": "GLOBAL",
        "tenantId": None,
        "metadata": {},
        "kind": "JSON",
    }


def _show_short(row: Row) -> dict[str, Any]:
    value: str = row["value"]
    return _show(row) | {"value": value[:TRUNCATED], "isTruncated": len(value) > TRUNCATED}


VARIABLES = Entity(
    name="Cluster Variable",
    source=_v,
    key=_v.c.name,
    columns={"name": _v.c.name, "value": _v.c.value},
    filters={
        "name": text(_v.c.name),
        "value": text(_v.c.value),
        "scope": text(literal("GLOBAL")),
        "tenantId": text(null()),
        "kind": text(literal("JSON")),
    },
    sorts={"name": _v.c.name, "value": _v.c.value, "scope": literal("GLOBAL"), "tenantId": cast(null(), Text)},
    show=_show_short,
)


@route("POST", "/cluster-variables/search")
def search_variables(call: Call) -> Answer:
    """Cluster variables that meet a filter."""
    return Answer(search(call, VARIABLES))


@route("GET", "/cluster-variables/global/{name}")
def get_variable(call: Call) -> Answer:
    """One cluster variable, its value whole."""
    return Answer(_show(one(call, VARIABLES, call.params["name"])))


def _value(call: Call) -> str:
    if "value" not in call.body:
        raise invalid("No value provided.")
    if call.body.get("kind") not in (None, "JSON"):
        raise Rejected(501, "Cluster variables hold JSON: secrets are not kept here.", "NOT_IMPLEMENTED")
    if object_member(call.body, "metadata"):
        raise Rejected(501, "Cluster variables have no metadata in this version.", "NOT_IMPLEMENTED")
    return json.dumps(call.body["value"], separators=(",", ":"), ensure_ascii=False)


@route("POST", "/cluster-variables/global")
def create_variable(call: Call) -> Answer:
    """A new cluster variable."""
    name, value = text_member(call.body, "name"), _value(call)
    if not name or len(name) > MAX_NAME:
        raise invalid("No name provided." if not name else f"The name is longer than {MAX_NAME} characters.")
    statement = "INSERT INTO cluster_variable (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING"
    if not run(call, statement, name, value):
        reason = f"Expected to create a cluster variable with name '{name}', but one with this name already exists"
        raise command_rejected("CREATE", "ALREADY_EXISTS", reason)
    return Answer(_show({"name": name, "value": value}))


@route("PUT", "/cluster-variables/global/{name}")
def change_variable(call: Call) -> Answer:
    """A new value; expressions that are evaluated from now on see it."""
    name, value = call.params["name"], _value(call)
    one(call, VARIABLES, name)
    run(call, "UPDATE cluster_variable SET value = ? WHERE name = ?", value, name)
    return Answer(_show({"name": name, "value": value}))


@route("DELETE", "/cluster-variables/global/{name}")
def delete_variable(call: Call) -> Answer:
    """Deletes a cluster variable."""
    one(call, VARIABLES, call.params["name"])
    run(call, "DELETE FROM cluster_variable WHERE name = ?", call.params["name"])
    return NOTHING
