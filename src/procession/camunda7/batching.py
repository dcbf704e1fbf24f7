"""Beginning a batch for an endpoint: which instances it is for, and what is answered about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from procession.camunda7 import shapes
from procession.camunda7.commanding import NOBODY, key_of, submit
from procession.camunda7.exchange import Request, Response, answer, texts_member
from procession.camunda7.listing import query_from_document
from procession.camunda7.lookups import reading
from procession.engine.commands import CreateBatch
from procession.kernel.records import Batch
from procession.storage.queries.batches import BATCH
from procession.storage.queries.history import HISTORY_INSTANCE
from procession.storage.queries.language import QueryTable, first, rows
from procession.storage.queries.runtime import PROCESS_INSTANCE


def begin(
    request: Request, engine: Any, kind: str, items: Iterable[int], work: Mapping[str, Any], per_job: int = 1
) -> Response:
    """Begins a batch and answers with it."""
    batch: Batch = submit(engine, request, CreateBatch(kind, tuple(dict.fromkeys(items)), work, per_job))
    with reading(engine) as connection:
        row = first(connection, BATCH, batch.key, engine.clock())
    return answer(None if row is None else shapes.BATCH.write(row))


def asked(
    request: Request, engine: Any, connection: Connection, body: Mapping[str, Any], queries: Mapping[str, QueryTable]
) -> list[int]:
    """The keys of what the queries in a body find."""
    found: list[int] = []
    for name, table in queries.items():
        document = body.get(name)
        if isinstance(document, dict):
            query = query_from_document(request, document, table, paging=False)
            found += [row["key"] for row in rows(connection, table, query, engine.clock())]
    return found


INSTANCES: Mapping[str, QueryTable] = {
    "processInstanceQuery": PROCESS_INSTANCE,
    "historicProcessInstanceQuery": HISTORY_INSTANCE,
}


def chosen_instances(
    request: Request, engine: Any, body: Mapping[str, Any], ids: str = "processInstanceIds"
) -> list[int]:
    """The instances that a body names by id and by queries. An id that cannot be one stays as the key of nobody."""
    named = [key_of(id_) for id_ in texts_member(body, ids) or ()]
    with reading(engine) as connection:
        named += asked(request, engine, connection, body, INSTANCES)
    return list(dict.fromkeys(named))


__all__ = ["INSTANCES", "NOBODY", "asked", "begin", "chosen_instances"]
