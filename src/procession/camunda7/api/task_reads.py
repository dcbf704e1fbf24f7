"""Tasks and scopes, read: one task, its form, its links, and the variables of tasks, instances and executions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, select

from procession.camunda7.deployed_forms import MARKUP, deployed_form
from procession.camunda7.details import write_tasks
from procession.camunda7.exchange import Request, Response, answer, answer_form
from procession.camunda7.lookups import (
    Scope,
    execution_scope,
    no_variable,
    one,
    reading,
    scope_rows,
    scope_values,
    scope_variable,
    scope_variables,
    task_scope,
    value_data,
)
from procession.camunda7.problems import Answered, engine_error, invalid_request, rest_error
from procession.camunda7.routes import route
from procession.camunda7.shown_forms import rendered_task_form, task_form, task_form_values
from procession.storage import schema
from procession.storage.queries import tasks
from procession.storage.queries.language import as_key, first


@route("GET", "/task/{id}")
def get_task(request: Request, engine: Any) -> Response:
    """The task."""
    id_ = request["id"]
    with reading(engine) as connection:
        missing = invalid_request(f"No matching task with id {id_}", 404)
        row = one(connection, engine, tasks.TASK, id_, lambda: missing)
        return answer(write_tasks([row], request, connection, engine)[0])


@route("GET", "/task/{id}/form")
def get_form(request: Request, engine: Any) -> Response:
    """Key or reference of the task's form."""
    id_ = request["id"]
    with reading(engine) as connection:
        missing = rest_error(f"Cannot get form for task {id_}", 400, 0)
        row = one(connection, engine, tasks.TASK, id_, lambda: missing)
    return answer(task_form(engine, row))


@route("GET", "/task/{id}/form-variables")
def get_form_variables(request: Request, engine: Any) -> Response:
    """The variables that the task sees and the fields of its form; `variableNames` picks some."""
    id_, names = request["id"], request.param("variableNames")
    picked = None if names is None else names.split(",")
    with reading(engine) as connection:
        row = first(connection, tasks.TASK, as_key(id_), engine.clock())
        if row is None:
            message = f"Cannot find task with id '{id_}'.: task is null"
            raise engine_error(message, "BadUserRequestException", 400)
        scope = task_scope(connection, engine, id_, local=False)
        deserialize = request.flag("deserializeValues", True)
        found = scope_variables(connection, scope, deserialize=deserialize, names=picked)
        known = scope_values(connection, scope)
    return answer({**task_form_values(engine, row, picked, known), **found})


@route("GET", "/task/{id}/rendered-form")
def get_rendered_form(request: Request, engine: Any) -> Response:
    """The HTML of the task's generated form."""
    id_ = request["id"]
    with reading(engine) as connection:
        missing = engine_error(f"Task '{id_}' not found: task is null", "NullValueException")
        row = one(connection, engine, tasks.TASK, id_, lambda: missing)
        known = scope_values(connection, task_scope(connection, engine, id_, local=False))
    text = rendered_task_form(engine, row, known)
    if text is None:
        raise invalid_request(f"No matching rendered form for task with the id {id_} found.", 404)
    return answer_form(text.encode(), MARKUP)


@route("GET", "/task/{id}/deployed-form")
def get_deployed_form(request: Request, engine: Any) -> Response:
    """The form of the task that lies in a deployment, by key or reference."""
    id_ = request["id"]
    with reading(engine) as connection:
        missing = engine_error(f"Task '{id_}' not found: task is null", "NullValueException")
        row = one(connection, engine, tasks.TASK, id_, lambda: missing)
        if row["definition"] is None:
            raise invalid_request(f"The task '{id_}' belongs to no process: it has no form")
        return answer_form(*deployed_form(connection, row["definition"], task_form(engine, row)))


@route("GET", "/task/{id}/identity-links")
def get_identity_links(request: Request, engine: Any) -> Response:
    """Candidates, assignee and owner; `type` picks one kind."""
    link = schema.identity_link.c
    with reading(engine) as connection:
        row = first(connection, tasks.TASK, as_key(request["id"]), engine.clock())
        if row is None:
            raise engine_error(f"Cannot find task with id {request['id']}: task is null", "NullValueException")
        statement = select(link.user_id, link.group_id, link.type).where(link.task == row["key"]).order_by(link.key)
        links = [
            {"userId": user, "groupId": group, "type": type_}
            for user, group, type_ in connection.execute(statement)
            if type_ not in ("assignee", "owner")
        ]
    attributes = [(type_, row[type_]) for type_ in ("assignee", "owner") if row[type_] is not None]
    links += [{"userId": user, "groupId": None, "type": type_} for type_, user in attributes]
    wanted = request.param("type")
    return answer([entry for entry in links if wanted is None or entry["type"] == wanted])


# ---------------------------------------------------------------- variables

Find = Callable[[Connection, Any, str], Scope]


@contextmanager
def _getting(noun: str, name: str) -> Iterator[None]:
    """What the engine says about one variable is wrapped; what the REST layer says of it is not."""
    try:
        yield
    except Answered as problem:
        if problem.code is None:
            raise
        message = f"Cannot get {noun} variable {name}: {problem.message}"
        raise rest_error(message, problem.status, problem.code) from problem


def _variables(path: str, noun: str, find: Find) -> None:
    """Registers the reading of all variables of a scope, of one, and of one's content."""

    @route("GET", path)
    def get_variables(request: Request, engine: Any) -> Response:
        """The variables that the scope sees."""
        with reading(engine) as connection:
            scope = find(connection, engine, request["id"])
            deserialize = request.flag("deserializeValues", True)
            return answer(scope_variables(connection, scope, deserialize=deserialize))

    @route("GET", f"{path}/{{name}}")
    def get_variable(request: Request, engine: Any) -> Response:
        """One variable that the scope sees."""
        name = request["name"]
        with reading(engine) as connection, _getting(noun, name):
            scope = find(connection, engine, request["id"])
            deserialize = request.flag("deserializeValue", True)
            return answer(scope_variable(connection, scope, name, deserialize=deserialize))

    @route("GET", f"{path}/{{name}}/data")
    def get_data(request: Request, engine: Any) -> Response:
        """The content of a Bytes or File variable."""
        name = request["name"]
        with reading(engine) as connection, _getting(noun, name):
            scope = find(connection, engine, request["id"])
            found = scope_rows(connection, scope, [name])
            if name not in found:
                raise no_variable(scope, name)
            return value_data(connection, found[name], request["id"])


def _of_task(*, local: bool) -> Find:
    return lambda connection, engine, id_: task_scope(connection, engine, id_, local=local)


def _of_execution(noun: str, *, local: bool) -> Find:
    return lambda connection, engine, id_: execution_scope(connection, engine, id_, noun, local=local)


_variables("/task/{id}/variables", "task", _of_task(local=False))
_variables("/task/{id}/localVariables", "task", _of_task(local=True))
_variables("/process-instance/{id}/variables", "process instance", _of_execution("process instance", local=True))
_variables("/execution/{id}/localVariables", "execution", _of_execution("execution", local=True))
