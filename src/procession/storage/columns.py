"""The kinds of column that the tables are made of. The rules they follow stand at the head of `schema.py`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
    true,
)

BIG_VALUE = 4000
"""Values whose content has more characters or bytes than this are stored apart, in `big_value`."""

Key = BigInteger().with_variant(Integer(), "sqlite")
Time = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key_column() -> Column[int]:
    return Column("key", Key, primary_key=True, autoincrement=False)


def reference(name: str, *, required: bool = False) -> Column[int]:
    return Column(name, Key, nullable=not required)


def moment_column(name: str, *, required: bool = False) -> Column[int]:
    return Column(name, Time, nullable=not required)


def text_column(name: str, *, required: bool = False) -> Column[str]:
    return Column(name, Text, nullable=not required)


def flag(name: str, *, default: bool = False) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=true() if default else false())


def number(name: str, default: int | None = 0) -> Column[int]:
    if default is None:
        return Column(name, Integer)
    return Column(name, Integer, nullable=False, server_default=text(str(default)))


def value_columns() -> list[Column[Any]]:
    """The columns that hold one typed value (`storage.encoding.EncodedValue`)."""
    return [
        Column("type", String(64), nullable=False),
        Column("form", String(16), nullable=False),
        Column("text_value", Text),
        Column("long_value", Key),
        Column("double_value", Double),
        Column("bytes_value", LargeBinary),
        Column("big", Key),
        Column("info", Text),
    ]


def origin_columns() -> list[Column[Any]]:
    """What every history row carries for filters and clean-up."""
    return [
        reference("instance"),
        reference("root"),
        reference("definition"),
        text_column("process_id"),
        text_column("tenant"),
        moment_column("removal_time"),
    ]


def index_when(table: Table, name: str, condition: str, *columns: str, unique: bool = False) -> None:
    """A partial index; both databases have them."""
    where = text(condition)
    Index(name, *(table.c[c] for c in columns), unique=unique, sqlite_where=where, postgresql_where=where)


def index_by_end() -> Index:
    """By `ended`, null first as lists sort it: PostgreSQL goes by an index only where both say the same. What has not ended
    is told apart by the key, else all of it would be read and sorted for the first page."""
    return Index(None, "ended", "key", postgresql_ops={"ended": "NULLS FIRST"})


def deployment_column() -> Column[int]:
    return Column("deployment", Key, ForeignKey("deployment.key", ondelete="CASCADE"), nullable=False)
