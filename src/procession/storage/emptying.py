"""A clean slate, for tests: every row goes, the schema stays."""

from __future__ import annotations

from procession.storage import schema
from procession.storage.columns import metadata
from procession.storage.drivers import Driver

KEPT = (schema.node,)
"""Node numbers stay: keys are never used again, not even by a test."""


def empty_tables(driver: Driver) -> dict[str, int]:
    """Deletes all rows but those of `KEPT`; the number of rows that went, by table."""
    deleted = {}
    for table in reversed(metadata.sorted_tables):
        if table not in KEPT:
            gone = driver.run(f'DELETE FROM "{table.name}"')
            if gone > 0:
                deleted[table.name] = gone
    return deleted
