"""Variables of tasks, executions and process instances, changed: one, many, and binary content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from procession.camunda7.commanding import key_of, replying, submit
from procession.camunda7.exchange import NO_CONTENT, Request, Response, texts_member
from procession.camunda7.problems import Answered, invalid_request, rest_error
from procession.camunda7.reading import first_part
from procession.camunda7.routes import route
from procession.camunda7.values import read_value, read_variables
from procession.errors import Missing
from procession.kernel.commands import SetVariables
from procession.values import FileValue, TypedValue


def _variables(
    path: str, noun: str, gone: Callable[[str], str], gone_at_delete: Callable[[str], str], local: bool
) -> None:
    """Registers what changes the variables at a path; `noun` and `gone` are Camunda's words."""

    def change(
        request: Request, engine: Any, prefix: str, said: str, values: Any, remove: tuple[str, ...] = ()
    ) -> Response:
        missing = rest_error(prefix + said, code=0)
        with replying(prefix, {Missing: missing}, status=500, type="RestException"):
            submit(engine, request, SetVariables(key_of(request["id"]), values, local, remove))
        return NO_CONTENT

    def put(request: Request, engine: Any) -> Response:
        """Sets one variable."""
        name, prefix = request["name"], f"Cannot put {noun} variable {request['name']}: "
        value = read_value(request.json_object(), prefix)
        return change(request, engine, prefix, gone(request["id"]), {name: value})

    def put_data(request: Request, engine: Any) -> Response:
        """Sets one variable of type Bytes or File from a form."""
        prefix = f"Cannot put {noun} variable {request['name']}: "
        return change(request, engine, prefix, gone(request["id"]), {request["name"]: _uploaded(request)})

    def delete(request: Request, engine: Any) -> Response:
        """Deletes one variable."""
        prefix = f"Cannot delete {noun} variable {request['name']}: "
        return change(request, engine, prefix, gone_at_delete(request["id"]), {}, (request["name"],))

    def modify(request: Request, engine: Any) -> Response:
        """Sets and deletes several variables."""
        body, where = request.json_object(), f"Cannot modify variables for {noun}"
        values = read_variables(body.get("modifications"), f"{where}: ")
        remove = tuple(texts_member(body, "deletions") or ())
        return change(request, engine, f"{where} {request['id']}: ", gone(request["id"]), values, remove)

    route("PUT", f"{path}/{{name}}")(put)
    route("POST", f"{path}/{{name}}/data", form=True)(put_data)
    route("DELETE", f"{path}/{{name}}")(delete)
    route("POST", path)(modify)


def _uploaded(request: Request) -> TypedValue:
    if not request.body:
        raise Answered(415, "NotSupportedException", "HTTP 415 Unsupported Media Type")
    parts = request.form()
    data, kind = first_part(parts, "data"), first_part(parts, "valueType") or first_part(parts, "type")
    if data is None:
        raise invalid_request("No file with name 'data' found in the form")
    name = "File" if kind is None and data.filename else "Bytes" if kind is None else kind.text.strip()
    if name == "Bytes":
        return TypedValue("Bytes", data.content)
    if name != "File":
        raise invalid_request(f"Unsupported value type '{name}': a form carries Bytes or File")
    media, _, rest = (data.content_type or "application/octet-stream").partition(";")
    encoding = rest.partition("=")[2].strip() or None
    return TypedValue("File", FileValue(data.content, data.filename or "data", media.strip(), encoding))


def _no_execution(id_: str) -> str:
    return f"execution {id_} doesn't exist: execution is null"


def _no_task(id_: str) -> str:
    return f"task {id_} doesn't exist: task is null"


def _cannot_find_task(id_: str) -> str:
    return f"Cannot find task with id {id_}: task is null"


_variables("/task/{id}/variables", "task", _no_task, _cannot_find_task, False)
_variables("/task/{id}/localVariables", "task", _no_task, _cannot_find_task, True)
_variables("/process-instance/{id}/variables", "process instance", _no_execution, _no_execution, False)
_variables("/execution/{id}/localVariables", "execution", _no_execution, _no_execution, True)
