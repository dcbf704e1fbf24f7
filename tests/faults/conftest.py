"""Engines on databases that have the schema, as the engine's own tests have them."""

from __future__ import annotations

from tests.engine.conftest import (
    engine,
    opener,
    postgres_once,
    postgres_schema_url,
    schema_url,
    sqlite_schema_url,
    sqlite_template,
)

__all__ = [
    "engine",
    "opener",
    "postgres_once",
    "postgres_schema_url",
    "schema_url",
    "sqlite_schema_url",
    "sqlite_template",
]
