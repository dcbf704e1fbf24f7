"""What is deployed: rows of deployments, resources and definitions, read and written. This file does not parse resources.

The functions take a `Driver`; `engine.definitions` and `engine.deployments` are built on exactly these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Table

from procession.storage import schema
from procession.storage.drivers import Driver, quoted
from procession.storage.encoding import millis, moment


class Deployment(Struct, frozen=True):
    key: int
    name: str | None
    source: str | None
    time: datetime
    tenant: str | None
    dialect: str | None = None


class ProcessDefinition(Struct, frozen=True):
    """One version of a process. `process_id` is what Camunda 7 calls its key; `history_ttl` is in days."""

    key: int
    id: str
    process_id: str
    version: int
    name: str | None
    category: str | None
    deployment: int
    resource_name: str
    diagram_resource: str | None
    version_tag: str | None
    history_ttl: int | None
    suspended: bool
    startable: bool
    has_start_form: bool
    tenant: str | None
    description: str | None = None


class ProcessStarter(Struct, frozen=True):
    """A user or a group that a process names as one who may start it."""

    key: int
    definition: int
    deployment: int
    user_id: str | None
    group_id: str | None


class DecisionDefinition(Struct, frozen=True):
    """One version of a decision; `requirements` is the key of its graph, if it is part of one."""

    key: int
    id: str
    decision_id: str
    version: int
    name: str | None
    category: str | None
    deployment: int
    resource_name: str
    diagram_resource: str | None
    requirements: int | None
    requirements_id: str | None
    version_tag: str | None
    history_ttl: int | None
    tenant: str | None


class DecisionRequirements(Struct, frozen=True):
    """One version of a decision requirements graph."""

    key: int
    id: str
    requirements_id: str
    version: int
    name: str | None
    category: str | None
    deployment: int
    resource_name: str
    diagram_resource: str | None
    tenant: str | None


class FormDefinition(Struct, frozen=True):
    """One version of a form."""

    key: int
    form_id: str
    version: int
    deployment: int
    resource_name: str
    version_tag: str | None
    tenant: str | None


class JobDefinition(Struct, frozen=True):
    """What jobs of one kind share; those of a batch belong to no process."""

    key: int
    definition: int | None
    process_id: str | None
    node: str | None
    type: str
    configuration: str | None
    suspended: bool
    priority: int | None
    deployment: int | None
    tenant: str | None


Row = (
    Deployment
    | ProcessDefinition
    | ProcessStarter
    | DecisionDefinition
    | DecisionRequirements
    | FormDefinition
    | JobDefinition
)
R = TypeVar("R", bound=Row)

_TABLES: dict[type[Any], Table] = {
    Deployment: schema.deployment,
    ProcessDefinition: schema.process_definition,
    ProcessStarter: schema.process_starter,
    DecisionDefinition: schema.decision_definition,
    DecisionRequirements: schema.decision_requirements,
    FormDefinition: schema.form_definition,
    JobDefinition: schema.job_definition,
}
_VERSIONED: dict[type[Any], str] = {
    ProcessDefinition: "process_id",
    DecisionDefinition: "decision_id",
    DecisionRequirements: "requirements_id",
    FormDefinition: "form_id",
}
_READ: dict[str, Callable[[Any], Any]] = {"suspended": bool, "startable": bool, "has_start_form": bool, "time": moment}
_READERS = {
    kind: [(place, _READ[name]) for place, name in enumerate(kind.__struct_fields__) if name in _READ]
    for kind in _TABLES
}
"""What is not stored as it is read, by place."""
_SELECT = {kind: f'SELECT {quoted(kind.__struct_fields__)} FROM "{table.name}"' for kind, table in _TABLES.items()}


def find(driver: Driver, kind: type[R], where: str, parameters: Sequence[Any] = (), rest: str = "") -> list[R]:
    """Rows that meet a condition, in the marks of `drivers`."""
    return ask(driver, kind, where, parameters, rest)()


def ask(
    driver: Driver, kind: type[R], where: str, parameters: Sequence[Any] = (), rest: str = ""
) -> Callable[[], list[R]]:
    """`find` whose rows are wanted later; see `Driver.ask`."""
    asked = driver.ask(f"{_SELECT[kind]} WHERE {where} {rest}", parameters)
    return lambda: [_from(kind, row) for row in asked()]


def get(driver: Driver, kind: type[R], key: int) -> R | None:
    """The row with a key."""
    return next(iter(find(driver, kind, "key = ?", [key])), None)


def by_id(driver: Driver, kind: type[R], id_: str) -> R | None:
    """The definition with an id of the API's."""
    return next(iter(find(driver, kind, "id = ?", [id_])), None)


def latest(driver: Driver, kind: type[R], name: str, tenant: str | None) -> R | None:
    """The newest version of a process, decision or graph of a tenant (None: of no tenant)."""
    return next(iter(ask_latest(driver, kind, name, tenant)()), None)


def ask_latest(driver: Driver, kind: type[R], name: str, tenant: str | None) -> Callable[[], list[R]]:
    """`latest` whose row, if any, is wanted later; see `Driver.ask`."""
    where = f"{_VERSIONED[kind]} = ? AND coalesce(tenant, '') = ?"
    return ask(driver, kind, where, [name, tenant or ""], "ORDER BY version DESC LIMIT 1")


def version(driver: Driver, kind: type[R], name: str, number: int, tenant: str | None) -> R | None:
    """One version of a process, decision or graph of a tenant."""
    where = f"{_VERSIONED[kind]} = ? AND version = ? AND coalesce(tenant, '') = ?"
    return next(iter(find(driver, kind, where, [name, number, tenant or ""])), None)


def tagged(driver: Driver, kind: type[R], name: str, tag: str, tenant: str | None) -> list[R]:
    """The versions with a tag."""
    where = f"{_VERSIONED[kind]} = ? AND version_tag = ? AND coalesce(tenant, '') = ?"
    return find(driver, kind, where, [name, tag, tenant or ""])


def in_deployment(driver: Driver, kind: type[R], deployment: int) -> list[R]:
    """The definitions of a deployment."""
    return find(driver, kind, "deployment = ?", [deployment], "ORDER BY key")


def lock_deployments(driver: Driver) -> None:
    """Lets one deployment happen at a time, so that versions are contiguous."""
    if driver.name == "postgresql":
        driver.rows("SELECT pg_advisory_xact_lock(?)", [7_240_003])


def add(driver: Driver, rows: Iterable[Row]) -> None:
    """Writes new rows of any kind."""
    by_kind: dict[type[Any], list[Row]] = {}
    for row in rows:
        by_kind.setdefault(type(row), []).append(row)
    for kind, found in by_kind.items():
        names = kind.__struct_fields__
        driver.insert(_TABLES[kind], names, [[_plain(getattr(row, name)) for name in names] for row in found])


def add_resources(driver: Driver, deployment: int, resources: Iterable[tuple[int, str, bytes]]) -> None:
    """Keeps the resources (key, name, content) of a deployment."""
    rows = [[key, deployment, name, content, False] for key, name, content in resources]
    driver.insert(schema.resource, ["key", "deployment", "name", "content", "generated"], rows)


def resource(driver: Driver, deployment: int, name: str) -> bytes | None:
    """The content of a resource."""
    found = driver.rows("SELECT content FROM resource WHERE deployment = ? AND name = ?", [deployment, name])
    return bytes(found[0][0]) if found else None


def resources(driver: Driver, deployment: int) -> list[tuple[str, bytes]]:
    """Name and content of every resource of a deployment."""
    statement = "SELECT name, content FROM resource WHERE deployment = ? ORDER BY key"
    return [(name, bytes(content)) for name, content in driver.rows(statement, [deployment])]


def latest_deployment(driver: Driver, name: str | None, source: str | None, tenant: str | None) -> Deployment | None:
    """The newest deployment of that name, source and tenant, for filtering duplicates; `source` None matches any."""
    where = "coalesce(name, '') = ? AND coalesce(tenant, '') = ?"
    values: list[Any] = [name or "", tenant or ""]
    if source is not None:
        where += " AND source = ?"
        values.append(source)
    return next(iter(find(driver, Deployment, where, values, "ORDER BY time DESC, key DESC LIMIT 1")), None)


def change_definition(driver: Driver, key: int, column: str, value: Any) -> None:
    """Sets one column of a process definition: `suspended` or `history_ttl`."""
    driver.update(schema.process_definition, ["key", column], [[key, value]])


def change_decision(driver: Driver, key: int, column: str, value: Any) -> None:
    """Sets one column of a decision definition: `history_ttl`."""
    driver.update(schema.decision_definition, ["key", column], [[key, value]])


def change_job_definition(driver: Driver, key: int, column: str, value: Any) -> None:
    """Sets one column of a job definition: `suspended` or `priority`."""
    driver.update(schema.job_definition, ["key", column], [[key, value]])


def delete_definitions(driver: Driver, keys: Sequence[int], *, remember: bool = True) -> None:
    """Deletes process definitions with their job definitions; history goes on naming them where they are remembered."""
    if remember:
        _remember(driver, "process_definition", "key IN ??", list(keys))
    driver.run("DELETE FROM job_definition WHERE definition IN ??", [list(keys)])
    driver.run("DELETE FROM process_starter WHERE definition IN ??", [list(keys)])
    driver.run("DELETE FROM process_definition WHERE key IN ??", [list(keys)])


def delete_resource(driver: Driver, key: int) -> None:
    """Deletes a form, or a decision requirements graph with its decisions; history goes on naming them."""
    _remember(driver, "decision_definition", "requirements = ?", key)
    _remember(driver, "decision_requirements", "key = ?", key)
    driver.run("DELETE FROM decision_definition WHERE requirements = ?", [key])
    driver.run("DELETE FROM decision_requirements WHERE key = ?", [key])
    driver.run("DELETE FROM form_definition WHERE key = ?", [key])


def delete_deployment(driver: Driver, key: int, *, remember: bool = True) -> None:
    """Deletes a deployment with its resources and definitions; history goes on naming them where they are remembered."""
    if remember:
        for table in ("process_definition", "decision_definition", "decision_requirements"):
            _remember(driver, table, "deployment = ?", key)
    versioned = ("process_definition", "decision_definition", "decision_requirements", "form_definition")
    for table in ("job_definition", "process_starter", *versioned, "resource"):
        driver.run(f'DELETE FROM "{table}" WHERE deployment = ?', [key])
    driver.run("DELETE FROM deployment WHERE key = ?", [key])


def _remember(driver: Driver, table: str, which: str, value: object) -> None:
    driver.run(f'INSERT INTO former_definition (key, id) SELECT key, id FROM "{table}" WHERE {which}', [value])


def _from(kind: type[R], row: Sequence[Any]) -> R:
    values = list(row)
    for place, read in _READERS[kind]:
        values[place] = read(values[place])
    return kind(*values)


def _plain(value: Any) -> Any:
    return millis(value) if isinstance(value, datetime) else value
