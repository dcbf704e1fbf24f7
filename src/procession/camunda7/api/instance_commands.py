"""Process instances, changed: deleted, suspended; their history deleted; incidents annotated and resolved."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from procession.camunda7.commanding import NOBODY, key_of, replying, submit
from procession.camunda7.exchange import NO_CONTENT, Request, Response, flag_member, text_member, texts_member
from procession.camunda7.listing import query_from_document
from procession.camunda7.lookups import reading
from procession.camunda7.problems import engine_error, invalid_request
from procession.camunda7.routes import route
from procession.errors import Missing
from procession.kernel import commands as c
from procession.storage.queries.history import HISTORY_INSTANCE, HISTORY_VARIABLE
from procession.storage.queries.language import Query, as_key, first, rows
from procession.storage.queries.runtime import PROCESS_INSTANCE
from procession.storage.removal import annotate_operation as note_operation
from procession.storage.removal import delete_instances, delete_variables

BY_DEFINITION = "processDefinitionId or processDefinitionKey should be set to update the suspension state."


@route("DELETE", "/process-instance/{id}")
def delete(request: Request, engine: Any) -> Response:
    """Ends an instance with everything in it."""
    skip_listeners, skip_mappings = request.flag("skipCustomListeners"), request.flag("skipIoMappings")
    try:
        command = c.CancelInstance(
            key_of(request["id"]),
            None,
            skip_listeners,
            skip_mappings,
            skip_called=request.flag("skipSubprocesses"),
        )
        submit(engine, request, command)
    except Missing as error:
        if request.flag("failIfNotExists", True):
            message = f"No process instance found for id '{request['id']}': processInstance is null"
            raise invalid_request(message, 404, 0) from error
    return NO_CONTENT


@route("PUT", "/process-instance/{id}/suspended")
def suspend(request: Request, engine: Any) -> Response:
    """Suspends or wakes an instance; one that is not there is left alone."""
    halted = flag_member(request.json_object(), "suspended")
    with suppress(Missing):
        submit(engine, request, c.SuspendInstance(key_of(request["id"]), halted))
    return NO_CONTENT


@route("PUT", "/process-instance/suspended")
def suspend_many(request: Request, engine: Any) -> Response:
    """Suspends or wakes the instances with these ids, of a query, or of a definition."""
    body = request.json_object()
    halted = flag_member(body, "suspended")
    with reading(engine) as connection:
        found = _chosen(request, engine, connection, body)
    for key in dict.fromkeys(found):
        with suppress(Missing):
            submit(engine, request, c.SuspendInstance(key, halted))
    return NO_CONTENT


def _chosen(request: Request, engine: Any, connection: Connection, body: Mapping[str, Any]) -> list[int]:
    ids, query = texts_member(body, "processInstanceIds"), body.get("processInstanceQuery")
    past = body.get("historicProcessInstanceQuery")
    id_, name = text_member(body, "processDefinitionId"), text_member(body, "processDefinitionKey")
    if id_ is not None and name is not None:
        raise invalid_request(f"Only one of {BY_DEFINITION}")
    if ids is None and query is None and past is None and id_ is None and name is None:
        raise invalid_request(f"Either {BY_DEFINITION}")
    now = engine.clock()
    found = [key for key in map(key_of, ids or ()) if key != NOBODY]
    for document, table in ((query, PROCESS_INSTANCE), (past, HISTORY_INSTANCE)):
        if isinstance(document, dict):
            asked = query_from_document(request, document, table, paging=False)
            found += [row["key"] for row in rows(connection, table, asked, now)]
    if id_ is not None or name is not None:
        filters: dict[str, Any] = {"processDefinitionId": id_} if id_ is not None else {"processDefinitionKey": name}
        tenant = text_member(body, "processDefinitionTenantId")
        if tenant is not None:
            filters["tenantIdIn"] = [tenant]
        elif flag_member(body, "processDefinitionWithoutTenantId"):
            filters["withoutTenantId"] = True
        found += [row["key"] for row in rows(connection, PROCESS_INSTANCE, Query(filters), now)]
    return found


@route("DELETE", "/history/process-instance/{id}")
def delete_history(request: Request, engine: Any) -> Response:
    """Deletes the history of an instance that has ended."""
    id_ = request["id"]
    with reading(engine) as connection:
        row = first(connection, HISTORY_INSTANCE, as_key(id_), engine.clock())
    if row is None or row["ended"] is None:
        if not request.flag("failIfNotExists", True) and row is None:
            return NO_CONTENT
        raise invalid_request(f"Historic process instance with id {id_} does not exist", 404, 0)
    with engine.storage.transaction() as transaction:
        delete_instances(transaction.driver, [row["key"]])
    return NO_CONTENT


@route("DELETE", "/history/process-instance/{id}/variable-instances")
def delete_variables_of(request: Request, engine: Any) -> Response:
    """Deletes the history of the variables of an instance."""
    id_ = request["id"]
    with reading(engine) as connection:
        if first(connection, HISTORY_INSTANCE, as_key(id_), engine.clock()) is None:
            message = f"No historic process instance found with id: {id_}: instance is null"
            raise invalid_request(message, 404)
    return _forget(engine, "instance", key_of(id_))


@route("DELETE", "/history/variable-instance/{id}")
def delete_variable(request: Request, engine: Any) -> Response:
    """Deletes the history of one variable."""
    id_ = request["id"]
    with reading(engine) as connection:
        if first(connection, HISTORY_VARIABLE, as_key(id_), engine.clock()) is None:
            raise invalid_request(f"No historic variable instance found with id: {id_}: variable is null", 404, 0)
    return _forget(engine, "key", key_of(id_))


def _forget(engine: Any, where: str, key: int) -> Response:
    with engine.storage.transaction() as transaction:
        delete_variables(transaction.driver, where, key)
    return NO_CONTENT


@route("PUT", "/history/user-operation/{operation}/set-annotation")
def annotate_operation(request: Request, engine: Any) -> Response:
    """Writes a note on what a user did."""
    return _note(request, engine, text_member(request.json_object(), "annotation"))


@route("PUT", "/history/user-operation/{operation}/clear-annotation")
def clear_operation(request: Request, engine: Any) -> Response:
    """Takes the note away."""
    return _note(request, engine, None)


def _note(request: Request, engine: Any, annotation: str | None) -> Response:
    with engine.storage.transaction() as transaction:
        found = note_operation(transaction.driver, request["operation"], annotation)
    if not found:
        raise engine_error("operation is null", "BadUserRequestException", 400)
    return NO_CONTENT


# ---------------------------------------------------------------- incidents


@route("PUT", "/incident/{id}/annotation")
def annotate(request: Request, engine: Any) -> Response:
    """Writes a note on an incident."""
    return _annotate(request, engine, text_member(request.json_object(), "annotation"))


@route("DELETE", "/incident/{id}/annotation")
def clear_annotation(request: Request, engine: Any) -> Response:
    """Takes the note away."""
    return _annotate(request, engine, None)


def _annotate(request: Request, engine: Any, annotation: str | None) -> Response:
    missing = engine_error("incident is null", "BadUserRequestException", 400)
    with replying(replies={Missing: missing}):
        submit(engine, request, c.AnnotateIncident(key_of(request["id"]), annotation))
    return NO_CONTENT


@route("DELETE", "/incident/{id}")
def resolve(request: Request, engine: Any) -> Response:
    """Resolves an incident of the user's own."""
    id_ = request["id"]
    missing = invalid_request(f"Cannot find an incident with id '{id_}': incident is null", 404)
    with replying(replies={Missing: missing}, status=400, type="InvalidRequestException", code=None):
        submit(engine, request, c.ResolveIncident(key_of(id_)))
    return NO_CONTENT
