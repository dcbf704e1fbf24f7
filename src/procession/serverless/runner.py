"""Functions at a desk, without AWS: invoked once with an event, or served behind the paths of their template.

As in Lambda a function is a module at the top of its folder, handles one event at a time and keeps what it opened. A
variable that is set in the shell wins over the template's.
"""

from __future__ import annotations

import base64
import importlib
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from procession.errors import Invalid, Missing
from procession.serverless.template import Function, read_functions

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class LocalContext:
    """What Lambda tells a function about its call. `deadline` is of the monotonic clock, in seconds."""

    function_name: str
    deadline: float
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512

    @property
    def invoked_function_arn(self) -> str:
        """An address that leads nowhere."""
        return f"arn:aws:lambda:local:000000000000:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the time-out. Nothing stops a local function that is late."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class Runner:
    """The functions of a template, loaded on use."""

    def __init__(self, template: Path) -> None:
        self.functions = read_functions(template)
        if not self.functions:
            raise Invalid(f"The template {template} has no function")
        self._handlers: dict[str, Handler] = {}
        self._locks = {name: threading.Lock() for name in self.functions}

    def find(self, name: str) -> Function:
        """A function by its logical id, or by its handler (`module.function`). Raises Missing."""
        for function in self.functions.values():
            if name in (function.name, function.handler):
                return function
        known = ", ".join(f"{found.name} ({found.handler})" for found in self.functions.values())
        raise Missing(f"There is no function {name!r}; there are {known}")

    def invoke(self, function: Function, event: Any) -> Any:
        """Calls a function with an event, one at a time. Raises what the function raises."""
        with self._locks[function.name]:
            handler = self._handlers.get(function.name)
            if handler is None:
                handler = self._handlers[function.name] = load(function)
            return handler(event, LocalContext(function.name, time.monotonic() + function.timeout))

    def application(self) -> Starlette:
        """An ASGI application that serves the template's paths as API Gateway's REST API does."""
        from starlette.applications import Starlette
        from starlette.routing import Route

        def endpoint(function: Function) -> Callable[[Request], Any]:
            async def answer(request: Request) -> Response:
                return await self._answer(function, request)

            return answer

        routes = []
        for function in self.functions.values():
            for route in function.routes:
                methods = None if route.method == "ANY" else [route.method]
                routes.append(Route(route.path, endpoint(function), methods=methods))
        if not routes:
            raise Invalid("No function of the template has a path")
        return Starlette(routes=routes)

    async def _answer(self, function: Function, request: Request) -> Response:
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import JSONResponse

        event = rest_event(request, await request.body())
        try:
            result = await run_in_threadpool(self.invoke, function, event)
        except Exception as error:
            print(f"{function.name} failed: {type(error).__name__}: {error}", file=sys.stderr)
            return JSONResponse({"message": "Internal server error"}, 502)
        return _response(result)


def load(function: Function) -> Handler:
    """Imports a function's module from its folder and gives its handler. Raises Missing."""
    module, _, name = function.handler.rpartition(".")
    for variable, value in function.variables.items():
        os.environ.setdefault(variable, value)
    folder = str(function.folder.resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        handler = vars(importlib.import_module(module.replace("/", "."))).get(name)
    except ModuleNotFoundError as error:
        if error.name == "aws_lambda_powertools":
            raise Missing("The functions need aws-lambda-powertools: pip install 'procession[serverless]'") from error
        raise Missing(f"The handler {function.handler} cannot be imported: {error}") from error
    if not callable(handler):
        raise Missing(f"{module} has no function {name!r}")
    found: Handler = handler
    return found


def rest_event(request: Request, body: bytes) -> dict[str, Any]:
    """The event that API Gateway's REST API makes of a request."""
    multi: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        multi.setdefault("-".join(part.capitalize() for part in name.split("-")), []).append(value)
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    path = request.url.path
    return {
        "resource": path,
        "path": path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in multi.items()},
        "multiValueHeaders": multi,
        "queryStringParameters": dict(request.query_params) or None,
        "pathParameters": dict(request.path_params) or None,
        "requestContext": {
            "stage": "local",
            "requestId": str(uuid.uuid4()),
            "identity": {"sourceIp": request.client.host if request.client else ""},
        },
        "body": text if body else None,
        "isBase64Encoded": encoded,
    }


def _response(result: Any) -> Response:
    from starlette.responses import JSONResponse, Response

    if not isinstance(result, dict) or not isinstance(result.get("statusCode"), int):
        return JSONResponse({"message": "Internal server error"}, 502)  # as API Gateway does with a malformed answer
    content = result.get("body") or ""
    data = base64.b64decode(content) if result.get("isBase64Encoded") else str(content).encode()
    return Response(data, result["statusCode"], result.get("headers") or {})
