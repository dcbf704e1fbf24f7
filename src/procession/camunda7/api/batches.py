"""Batches: suspended, deleted, and their history deleted. What begins them stands with what they change."""

from __future__ import annotations

from typing import Any

from procession.camunda7.commanding import key_of, replying, submit
from procession.camunda7.exchange import NO_CONTENT, Request, Response, flag_member
from procession.camunda7.lookups import reading
from procession.camunda7.problems import invalid_request
from procession.camunda7.routes import route
from procession.engine.commands import DeleteBatch, SuspendBatch
from procession.errors import Missing
from procession.storage.queries.batches import HISTORY_BATCH
from procession.storage.queries.language import as_key, first
from procession.storage.removal import delete_batches


@route("PUT", "/batch/{id}/suspended")
def suspend(request: Request, engine: Any) -> Response:
    """Suspends or wakes a batch with its jobs."""
    id_, halted = request["id"], flag_member(request.json_object(), "suspended")
    verb = "suspend" if halted else "activate"
    with replying(replies={Missing: invalid_request(f"Unable to {verb} batch with id '{id_}'", 400, 0)}):
        submit(engine, request, SuspendBatch(key_of(id_), halted))
    return NO_CONTENT


@route("DELETE", "/batch/{id}")
def delete(request: Request, engine: Any) -> Response:
    """Deletes a batch at work; with `cascade` its history too."""
    id_ = request["id"]
    with replying(replies={Missing: invalid_request(f"Unable to delete batch with id '{id_}'", 400, 0)}):
        submit(engine, request, DeleteBatch(key_of(id_)))
    if request.flag("cascade"):
        _forget(engine, key_of(id_))
    return NO_CONTENT


@route("DELETE", "/history/batch/{id}")
def delete_history(request: Request, engine: Any) -> Response:
    """Deletes the history of a batch."""
    id_ = request["id"]
    with reading(engine) as connection:
        if first(connection, HISTORY_BATCH, as_key(id_), engine.clock()) is None:
            raise invalid_request(f"Unable to delete historic batch with id '{id_}'", 400, 0)
    _forget(engine, key_of(id_))
    return NO_CONTENT


def _forget(engine: Any, key: int) -> None:
    with engine.storage.transaction() as transaction:
        delete_batches(transaction.driver, [key])
