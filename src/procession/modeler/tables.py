"""The tables of the modeler's store, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, MetaData, String, Table, Text

METADATA = MetaData()


def _table(name: str, *columns: Column[str] | Column[str | None] | Column[int] | Column[bool]) -> Table:
    return Table(
        f"modeler_{name}",
        METADATA,
        Column("id", String(36), primary_key=True),
        Column("name", String(255), nullable=False),
        *columns,
        Column("created", DateTime(timezone=True), nullable=False),
        Column("created_by", String(255), nullable=False),
        Column("updated", DateTime(timezone=True), nullable=False),
        Column("updated_by", String(255), nullable=False),
    )


def _id(name: str, optional: bool = True) -> Column[str]:
    return Column(name, String(36), nullable=optional)


PROJECTS = _table("projects")
APPLICATIONS = _table("applications", _id("project_id", False))
FOLDERS = _table("folders", _id("project_id", False), _id("application_id"), _id("parent_id"))
FILES = _table(
    "files",
    _id("project_id", False),
    _id("application_id"),
    _id("folder_id"),
    Column("type", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content", Text, nullable=False),
)
VERSIONS = _table(
    "versions",
    _id("file_id", False),
    Column("description", Text, nullable=False),
    Column("organization_public", Boolean, nullable=False),
    Column("content", Text, nullable=False),
)

for _table_, _column in (
    (APPLICATIONS, "project_id"),
    (FOLDERS, "project_id"),
    (FILES, "project_id"),
    (FILES, "folder_id"),
    (VERSIONS, "file_id"),
):
    Index(f"ix_{_table_.name}_{_column}", _table_.c[_column])
