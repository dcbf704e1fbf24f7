"""Projects, process applications, folders, files and their versions, kept in a database.

This file knows neither API: its rows are dicts with the columns of `tables`. Names are not unique; a file's revision
counts its changes, and a change that names another revision is a conflict.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Engine, RowMapping, Table, create_engine, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from procession.errors import Conflict, Invalid, Missing
from procession.modeler.tables import APPLICATIONS, FILES, FOLDERS, METADATA, PROJECTS, VERSIONS

Row = dict[str, Any]

TYPES = ("bpmn", "dmn", "form", "connector_template", "rpa", "markdown", "tests")
LONGEST_NAME = 255
DEEPEST = 64
"""Letters in a name; levels of folders."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Store:
    """The modeler's content. Safe to use from several threads. Errors: Missing, Conflict, Invalid."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = _utc_now) -> None:
        self._engine = engine
        self._now = now
        # In memory there is one connection for all threads.
        self._alone: AbstractContextManager[Any] = (
            threading.RLock() if isinstance(engine.pool, StaticPool) else nullcontext()
        )
        METADATA.create_all(engine)

    def close(self) -> None:
        """Closes the database."""
        self._engine.dispose()

    def projects(self) -> list[Row]:
        """All projects, the oldest first."""
        return self._all(PROJECTS)

    def project(self, project_id: str) -> Row:
        """One project."""
        with self._read() as connection:
            return _one(connection, PROJECTS, project_id)

    def project_content(self, project_id: str) -> tuple[list[Row], list[Row], list[Row]]:
        """Folders, files and process applications anywhere in a project."""
        within = {"project_id": project_id}
        return self._all(FOLDERS, **within), self.files(**within), self._all(APPLICATIONS, **within)

    def create_project(self, name: Any, actor: str) -> Row:
        """A new project."""
        with self._change() as connection:
            return self._insert(connection, PROJECTS, actor, name=_name(name))

    def rename_project(self, project_id: str, name: Any, actor: str) -> Row:
        """Another name for a project."""
        return self._rename(PROJECTS, project_id, name, actor)

    def delete_project(self, project_id: str) -> None:
        """Deletes a project that holds nothing."""
        with self._change() as connection:
            _one(connection, PROJECTS, project_id)
            for table in (APPLICATIONS, FOLDERS, FILES):
                if connection.execute(select(table.c.id).where(table.c.project_id == project_id).limit(1)).first():
                    raise Conflict("The project is not empty")
            connection.execute(PROJECTS.delete().where(PROJECTS.c.id == project_id))

    def application(self, application_id: str) -> Row:
        """One process application."""
        with self._read() as connection:
            return _one(connection, APPLICATIONS, application_id)

    def application_content(self, application_id: str) -> tuple[list[Row], list[Row]]:
        """Folders and files at the root of a process application."""
        return (
            self._all(FOLDERS, application_id=application_id, parent_id=None),
            self.files(application_id=application_id, folder_id=None),
        )

    def create_application(self, project_id: Any, name: Any, actor: str) -> Row:
        """A new process application in a project."""
        with self._change() as connection:
            project = _one(connection, PROJECTS, project_id)
            return self._insert(connection, APPLICATIONS, actor, name=_name(name), project_id=project["id"])

    def rename_application(self, application_id: str, name: Any, actor: str) -> Row:
        """Another name for a process application."""
        return self._rename(APPLICATIONS, application_id, name, actor)

    def delete_application(self, application_id: str) -> None:
        """Deletes a process application with all it holds."""
        with self._change() as connection:
            _one(connection, APPLICATIONS, application_id)
            _delete_files(connection, FILES.c.application_id, application_id)
            connection.execute(FOLDERS.delete().where(FOLDERS.c.application_id == application_id))
            connection.execute(APPLICATIONS.delete().where(APPLICATIONS.c.id == application_id))

    def folder(self, folder_id: str) -> Row:
        """One folder."""
        with self._read() as connection:
            return _one(connection, FOLDERS, folder_id)

    def folder_content(self, folder_id: str) -> tuple[list[Row], list[Row]]:
        """Folders and files directly in a folder."""
        return self._all(FOLDERS, parent_id=folder_id), self.files(folder_id=folder_id)

    def create_folder(self, name: Any, place: Mapping[str, Any], actor: str) -> Row:
        """A new folder; `place` names `project_id`, `application_id` or the folder above as `folder_id`."""
        with self._change() as connection:
            found = _place(connection, place)
            above = found.pop("folder_id")
            if len(_path(connection, above)) >= DEEPEST:
                raise Invalid(f"Folders are nested deeper than {DEEPEST}")
            return self._insert(connection, FOLDERS, actor, name=_name(name), parent_id=above, **found)

    def rename_folder(self, folder_id: str, name: Any, actor: str) -> Row:
        """Another name for a folder."""
        return self._rename(FOLDERS, folder_id, name, actor)

    def delete_folder(self, folder_id: str) -> None:
        """Deletes a folder with all it holds."""
        with self._change() as connection:
            _one(connection, FOLDERS, folder_id)
            waiting = [folder_id]
            while waiting:
                current = waiting.pop()
                waiting += connection.scalars(select(FOLDERS.c.id).where(FOLDERS.c.parent_id == current))
                _delete_files(connection, FILES.c.folder_id, current)
                connection.execute(FOLDERS.delete().where(FOLDERS.c.id == current))

    def files(self, **where: str | None) -> list[Row]:
        """Files without their content, with their `path`: (id, name) of the folders from the root down."""
        with self._read() as connection:
            rows = _select(connection, FILES, where, without="content")
            paths: dict[str | None, list[tuple[str, str]]] = {}
            for row in rows:
                above = row["folder_id"]
                if above not in paths:
                    paths[above] = _path(connection, above)
                row["path"] = paths[above]
            return rows

    def file(self, file_id: str) -> Row:
        """A file with its content and path."""
        with self._read() as connection:
            return _file(connection, file_id)

    def create_file(self, name: Any, kind: Any, content: Any, place: Mapping[str, Any], actor: str) -> Row:
        """A new file of revision 1."""
        with self._change() as connection:
            found = _place(connection, place)
            made = self._insert(
                connection,
                FILES,
                actor,
                name=_name(name),
                type=_type(kind),
                content=_text(content, "content"),
                revision=1,
                **found,
            )
            return made | {"path": _path(connection, made["folder_id"])}

    def update_file(self, file_id: str, revision: Any, changes: Mapping[str, Any], actor: str) -> Row:
        """Another `name`, `content` or place for the file whose revision is still this one, else Conflict."""
        if isinstance(revision, bool) or not isinstance(revision, int):
            raise Invalid("revision must be a whole number")
        with self._change() as connection:
            known = _file(connection, file_id)
            values: Row = {}
            if changes.get("name") is not None:
                values["name"] = _name(changes["name"])
            if changes.get("content") is not None:
                values["content"] = _text(changes["content"], "content")
            place = {key: changes[key] for key in ("project_id", "application_id", "folder_id") if changes.get(key)}
            if place:
                values |= _place(connection, place)
            values |= {"revision": known["revision"] + 1, "updated": self._now(), "updated_by": actor}
            same = FILES.update().where(FILES.c.id == file_id, FILES.c.revision == revision)
            if known["revision"] != revision or connection.execute(same.values(**values)).rowcount != 1:
                raise Conflict("There was a revision conflict while processing your file.")
            return _file(connection, file_id)

    def delete_file(self, file_id: str) -> None:
        """Deletes a file with its versions."""
        with self._change() as connection:
            _one(connection, FILES, file_id)
            _delete_files(connection, FILES.c.id, file_id)

    def versions(self) -> list[Row]:
        """All versions without their content, the oldest first."""
        with self._read() as connection:
            return _select(connection, VERSIONS, {}, without="content")

    def version(self, version_id: str) -> Row:
        """A version with its content."""
        with self._read() as connection:
            return _one(connection, VERSIONS, version_id)

    def create_version(self, file_id: Any, name: Any, description: Any, public: Any, actor: str) -> Row:
        """Keeps a file's present content under a name."""
        with self._change() as connection:
            file = _one(connection, FILES, file_id)
            return self._insert(
                connection,
                VERSIONS,
                actor,
                name=_name(name if name is not None else f"Version {file['revision']}"),
                file_id=file["id"],
                description=_text(description, "description") if description else "",
                organization_public=public is True,
                content=file["content"],
            )

    def update_version(self, version_id: str, name: Any, description: Any, actor: str) -> Row:
        """Another name or description for a version."""
        with self._change() as connection:
            _one(connection, VERSIONS, version_id)
            values: Row = {"updated": self._now(), "updated_by": actor}
            if name is not None:
                values["name"] = _name(name)
            if description is not None:
                values["description"] = _text(description, "description")
            connection.execute(VERSIONS.update().where(VERSIONS.c.id == version_id).values(**values))
            return _one(connection, VERSIONS, version_id)

    def delete_version(self, version_id: str) -> None:
        """Deletes a version."""
        with self._change() as connection:
            _one(connection, VERSIONS, version_id)
            connection.execute(VERSIONS.delete().where(VERSIONS.c.id == version_id))

    def restore_version(self, version_id: str, actor: str) -> Row:
        """Makes a version's content the file's again, as a new revision."""
        version = self.version(version_id)
        revision = self.file(version["file_id"])["revision"]
        return self.update_file(version["file_id"], revision, {"content": version["content"]}, actor)

    @contextmanager
    def _change(self) -> Iterator[Connection]:
        with self._alone, self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._alone, self._engine.connect() as connection:
            yield connection

    def _all(self, table: Table, **where: str | None) -> list[Row]:
        with self._read() as connection:
            return _select(connection, table, where)

    def _insert(self, connection: Connection, table: Table, actor: str, **values: Any) -> Row:
        now = self._now()
        row = {
            "id": str(uuid.uuid4()),
            **values,
            "created": now,
            "created_by": actor,
            "updated": now,
            "updated_by": actor,
        }
        connection.execute(table.insert().values(**row))
        return row

    def _rename(self, table: Table, row_id: str, name: Any, actor: str) -> Row:
        with self._change() as connection:
            _one(connection, table, row_id)
            values = {"name": _name(name), "updated": self._now(), "updated_by": actor}
            connection.execute(table.update().where(table.c.id == row_id).values(**values))
            return _one(connection, table, row_id)


def open_store(url: str = "sqlite://", now: Callable[[], datetime] = _utc_now) -> Store:
    """A store in the database of this URL, by default in memory. Its tables are made where they are missing."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return Store(create_engine(address.set(drivername="postgresql+psycopg"), pool_pre_ping=True), now)
    options: dict[str, Any] = {"connect_args": {"timeout": 30, "check_same_thread": False}}
    if address.database in (None, "", ":memory:"):
        options["poolclass"] = StaticPool
    engine = create_engine(address, **options)

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions begin where we say so, below

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return Store(engine, now)


def _one(connection: Connection, table: Table, row_id: Any) -> Row:
    if not isinstance(row_id, str):
        raise Invalid("An id must be text")
    row = connection.execute(table.select().where(table.c.id == row_id)).mappings().first()
    if row is None:
        raise Missing(f"There is no {table.name.removeprefix('modeler_').rstrip('s')} {row_id!r}")
    return _aware(row)


def _select(connection: Connection, table: Table, where: Mapping[str, str | None], without: str = "") -> list[Row]:
    columns: list[Column[Any]] = [column for column in table.columns if column.name != without]
    query = select(*columns).order_by(table.c.created, table.c.id)
    for name, value in where.items():
        query = query.where(table.c[name].is_(None) if value is None else table.c[name] == value)
    return [_aware(row) for row in connection.execute(query).mappings()]


def _file(connection: Connection, file_id: str) -> Row:
    row = _one(connection, FILES, file_id)
    return row | {"path": _path(connection, row["folder_id"])}


def _delete_files(connection: Connection, column: Column[Any], value: str) -> None:
    gone = select(FILES.c.id).where(column == value)
    connection.execute(VERSIONS.delete().where(VERSIONS.c.file_id.in_(gone)))
    connection.execute(FILES.delete().where(column == value))


def _place(connection: Connection, place: Mapping[str, Any]) -> Row:
    """Project, process application and folder of a place; what it does not name follows from the innermost it names."""
    project_id, application_id = place.get("project_id"), place.get("application_id")
    folder_id = place.get("folder_id")
    found: Row = {"project_id": project_id, "application_id": application_id, "folder_id": None}
    if folder_id is not None:
        folder = _one(connection, FOLDERS, folder_id)
        found = {name: folder[name] for name in ("project_id", "application_id")} | {"folder_id": folder["id"]}
    elif application_id is not None:
        found["project_id"] = _one(connection, APPLICATIONS, application_id)["project_id"]
    elif project_id is not None:
        _one(connection, PROJECTS, project_id)
    else:
        raise Invalid("A project, a process application or a folder must be named")
    for name, given in (("project_id", project_id), ("application_id", application_id)):
        if given is not None and given != found[name]:
            raise Missing(f"{given!r} does not hold the place that is named with it")
    return found


def _path(connection: Connection, folder_id: str | None) -> list[tuple[str, str]]:
    path: list[tuple[str, str]] = []
    while folder_id is not None and len(path) <= DEEPEST:
        folder = _one(connection, FOLDERS, folder_id)
        path.insert(0, (folder["id"], folder["name"]))
        folder_id = folder["parent_id"]
    return path


def _aware(row: RowMapping) -> Row:
    # SQLite keeps no time zone; what it holds is UTC.
    times = {name: row[name] for name in ("created", "updated")}
    return {str(name): value for name, value in row.items()} | {
        name: at if at.tzinfo else at.replace(tzinfo=UTC) for name, at in times.items()
    }


def _name(value: Any) -> str:
    text = _text(value, "name")
    if not 1 <= len(text) <= LONGEST_NAME or "\0" in text:
        raise Invalid(f"name must have 1 to {LONGEST_NAME} characters")
    return text


def _type(value: Any) -> str:
    name = _text(value, "fileType").lower().replace("-", "_")
    name = "connector_template" if name == "element_template" else name
    if name not in TYPES:
        raise Invalid(f"fileType must be one of {', '.join(TYPES)}")
    return name


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise Invalid(f"{name} must be text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise Invalid(f"{name} has a character that is none") from None
    if "\0" in value:
        raise Invalid(f"{name} has a character that is none")
    return value
