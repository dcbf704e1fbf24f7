"""How much of everything there is, for the pages and the gauges; and whether the database answers at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from procession.storage import schema

_COUNTED = {
    "Deployments": schema.deployment,
    "Process definitions": schema.process_definition,
    "Decision definitions": schema.decision_definition,
    "Process instances": schema.instance,
    "Tasks": schema.task,
    "External tasks": schema.external_task,
    "Jobs": schema.job,
    "Incidents": schema.incident,
}
_STATEMENT = select(
    *(select(func.count()).select_from(table).scalar_subquery().label(name) for name, table in _COUNTED.items())
)


def overview(engine: Any) -> Mapping[str, int]:
    """The number of rows by name, in one statement. Raises Unavailable where the database does not answer."""
    with engine.storage.read() as connection:
        return dict(connection.execute(_STATEMENT).mappings().one())


def answers(engine: Any) -> bool:
    """True where the database answers; costs next to nothing, since orchestrators ask every few seconds."""
    with engine.storage.read() as connection:
        return bool(connection.execute(select(1)).scalar_one())
