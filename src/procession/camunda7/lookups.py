"""Finding one thing for an endpoint: by id, by the key and tenant of a definition; and reading variables of a scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, RowMapping, exists, select

from procession.camunda7.details import contents, decoded, written_value
from procession.camunda7.exchange import Response, answer_bytes
from procession.camunda7.problems import Answered, engine_error, invalid_request, rest_error
from procession.storage import schema
from procession.storage.queries import tasks
from procession.storage.queries.definitions import (
    DECISION_DEFINITION,
    DECISION_REQUIREMENTS,
    PROCESS_DEFINITION,
)
from procession.storage.queries.language import Query, QueryTable, as_key, first, rows
from procession.values import FileValue

NAMES: Mapping[str, tuple[QueryTable, str]] = {
    "process": (PROCESS_DEFINITION, "processDefinitionId"),
    "decision": (DECISION_DEFINITION, "decisionDefinitionId"),
    "decision requirements": (DECISION_REQUIREMENTS, "decisionRequirementsDefinitionId"),
}


def former_variables(connection: Connection, instance: int) -> dict[str, Any]:
    """The variables of an instance that has ended, as history kept them."""
    h, d = schema.history_variable, schema.history_detail.c
    # history shows what goes into a sub-process at the scope around it: its details know better
    inside = exists().where(d.variable == h.c.key, d.element != instance)
    statement = select(h).where(h.c.instance == instance, h.c.scope == instance, ~inside)
    found = connection.execute(statement.order_by(h.c.key)).mappings().all()
    big = contents(connection, found)
    return {row["name"]: written_value(row, big, deserialize=False, binary=True, name=row["name"]) for row in found}


@contextmanager
def reading(engine: Any) -> Iterator[Connection]:
    """A connection that sees what is committed."""
    with engine.storage.read() as connection:
        yield connection


def one(
    connection: Connection, engine: Any, table: QueryTable, id_: str, missing: Callable[[], Answered]
) -> RowMapping:
    """The row with an id of the API's. Raises what `missing` makes where there is none."""
    found = first(connection, table, as_key(id_), engine.clock())
    if found is None:
        raise missing()
    return found


def no_definition(kind: str, id_: str) -> Answered:
    """What most requests are answered that name a definition which is not there."""
    if kind == "process":
        return invalid_request(f"No matching definition with id {id_}", 404, 0)
    words = kind.split()
    variable = words[0] + "".join(word.capitalize() for word in words[1:]) + "Definition"
    status = 404 if kind == "decision" else 400
    return invalid_request(f"no deployed {kind} definition found with id '{id_}': {variable} is null", status, 0)


NO_PROCESS = "no deployed process definition found with id '{}': processDefinition is null"
"""What Camunda's engine says of an id that no process definition has."""


def definition(
    connection: Connection,
    engine: Any,
    kind: str,
    params: Mapping[str, str],
    missing: Callable[[str], Answered] | None = None,
) -> RowMapping:
    """The definition that a path names: `{id}`, or `{key}` with or without `{tenant}`, then its newest version.

    `kind` is process, decision or decision requirements. Raises 404 as Camunda does, or what `missing` makes of an id
    that there is none of.
    """
    table, by_id = NAMES[kind]
    now = engine.clock()
    if "id" in params:
        found = rows(connection, table, Query({by_id: params["id"]}, most=1), now)
        if not found:
            raise no_definition(kind, params["id"]) if missing is None else missing(params["id"])
        return found[0]
    tenant = params.get("tenant")
    filters: dict[str, Any] = {"key": params["key"], "latestVersion": True}
    filters.update({"withoutTenantId": True} if tenant is None else {"tenantIdIn": [tenant]})
    found = rows(connection, table, Query(filters, most=1), now)
    if not found:
        where = "no tenant-id" if tenant is None else f"tenant-id: {tenant}"
        raise rest_error(f"No matching {kind} definition with key: {params['key']} and {where}", 404)
    return found[0]


# ---------------------------------------------------------------- variables of a scope


class Scope:
    """Where variables are read: what it is called in messages, the scopes from the inside out."""

    def __init__(self, noun: str, keys: Sequence[int]) -> None:
        self.noun = noun
        self.keys = keys


def execution_scope(connection: Connection, engine: Any, id_: str, noun: str, *, local: bool) -> Scope:
    """The scopes that an execution sees: itself and, unless `local`, everything around it. Raises 500 as Camunda does."""
    key = as_key(id_)
    path = [] if key is None else _path(connection, key)
    if key is None or not path:
        raise engine_error(f"execution {id_} doesn't exist: execution is null", "NullValueException")
    return Scope(noun, path[:1] if local else path)


def task_scope(connection: Connection, engine: Any, id_: str, *, local: bool) -> Scope:
    """The scopes that a task sees: itself and, unless `local`, its execution and everything around that."""
    task = first(connection, tasks.TASK, as_key(id_), engine.clock())
    if task is None:
        raise engine_error(f"task {id_} doesn't exist: task is null", "NullValueException")
    outer = [] if local or task["element"] is None else _path(connection, task["element"])
    return Scope("task", [task["key"], *outer])


def _path(connection: Connection, key: int) -> list[int]:
    """An element and everything around it, the element first; empty where it does not exist."""
    e = schema.element.c
    up = select(e.key, e.parent).where(e.key == key).cte("up", recursive=True)
    outer = schema.element.alias("outer_element")
    up = up.union_all(select(outer.c.key, outer.c.parent).join(up, outer.c.key == up.c.parent))
    parents = dict(connection.execute(select(up.c.key, up.c.parent)).all())
    path: list[int] = []
    at = key if key in parents else None
    while at is not None and at in parents and len(path) <= len(parents):
        path.append(at)
        at = parents[at]
    return path


def scope_rows(connection: Connection, scope: Scope, names: Sequence[str] | None = None) -> dict[str, RowMapping]:
    """The variables that a scope sees, by name; an inner one hides an outer one. `names` picks some."""
    v = schema.variable.c
    statement = select(schema.variable).where(v.scope.in_(scope.keys))
    if names is not None:
        statement = statement.where(v.name.in_(list(names)))
    order = {key: index for index, key in enumerate(scope.keys)}
    found = sorted(connection.execute(statement).mappings(), key=lambda row: (-order[row["scope"]], row["key"]))
    return {row["name"]: row for row in found}


def scope_values(connection: Connection, scope: Scope) -> dict[str, Any]:
    """The plain values of the variables that a scope sees, by name."""
    found = scope_rows(connection, scope)
    big = contents(connection, found.values())
    return {name: decoded(row, big) for name, row in found.items()}


def scope_variables(
    connection: Connection, scope: Scope, *, deserialize: bool, names: Sequence[str] | None = None
) -> dict[str, Any]:
    """The variables that a scope sees, as typed values by name."""
    found = scope_rows(connection, scope, names)
    big = contents(connection, found.values())
    return {
        name: written_value(row, big, deserialize=deserialize, binary=True, name=name) for name, row in found.items()
    }


def scope_variable(connection: Connection, scope: Scope, name: str, *, deserialize: bool) -> dict[str, Any]:
    """One variable that a scope sees. Raises 404 where there is none."""
    found = scope_variables(connection, scope, deserialize=deserialize, names=[name])
    if name not in found:
        raise no_variable(scope, name)
    shown: dict[str, Any] = found[name]
    return shown


def no_variable(scope: Scope, name: str) -> Answered:
    """What is answered for a variable that is not there."""
    return invalid_request(f"{scope.noun} variable with name {name} does not exist", 404)


def value_data(connection: Connection, row: RowMapping, id_: str) -> Response:
    """The content of a Bytes or File variable as it is. Raises 400 for any other type."""
    value = decoded(row, contents(connection, [row]))
    match value:
        case FileValue():
            kind = value.mimetype or "application/octet-stream"
            if value.encoding and value.mimetype:
                kind = f"{kind}; encoding={value.encoding}"
            return answer_bytes(value.content, kind, value.filename)
        case bytes():
            return answer_bytes(value, "application/octet-stream", "data")
        case None if row["type"] in ("Bytes", "File"):
            return answer_bytes(b"", "application/octet-stream", "data")
        case _:
            raise invalid_request(f"Value of variable with id {id_} is not a binary value.")
