"""What the endpoints of identity share: finding one of a kind by its id, writing, forgetting who has gone."""

from __future__ import annotations

from typing import Any

from procession.camunda8.exchange import Call
from procession.camunda8.problems import not_found
from procession.camunda8.searching import Entity, Row, reading, rows_of
from procession.storage.drivers import Driver


def one(call: Call, entity: Entity, id_: str) -> Row:
    """The row of that id. Raises 404."""
    with reading(call) as connection:
        rows = rows_of(connection, entity, [entity.key.is_not_distinct_from(id_)], 1)
    if not rows:
        raise not_found(entity.name, id_)
    return dict(rows[0])


def run(call: Call, statement: str, *parameters: Any) -> int:
    """Carries out a statement in a transaction of its own; how many rows it changed."""

    def work(driver: Driver) -> int:
        return driver.run(statement, list(parameters))

    return call.engine.atomically(work)


def forget_member(call: Call, kind: str, id_: str) -> None:
    """Takes what was deleted out of everything that it belonged to, and everybody out of it."""
    run(call, "DELETE FROM identity_member WHERE member_kind = ? AND member = ?", kind, id_)
    run(call, "DELETE FROM identity_member WHERE kind = ? AND holder = ?", kind, id_)
