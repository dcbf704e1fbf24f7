"""The REST API under `/engine-rest`: one module per resource.

How to add a route
------------------
1. Open the module of the resource (or write a new one: every module of this package is loaded by `load()`).
2. Write a plain function and say where it answers::

       @route("POST", "/task/{id}/claim")
       def claim(request: Request, engine: Engine) -> Response:
           body = request.json_object()
           with wrapping(f"Cannot claim task {request['id']}: ", status=500, type="RestException"):
               engine.submit(ClaimTask(as_key(request["id"]) or 0, text_member(body, "userId")))
           return NO_CONTENT

   - `request["id"]` is a parameter of the path, `request.param("name")` one of the URL, `request.user` who asks.
   - `request.json_object()`, `request.json()`, `request.form()` read the body within limits and answer 400 themselves.
     `text_member`, `flag_member`, `number_member`, `texts_member` (`camunda7.exchange`) read members as Camunda's
     reader does.
   - Values: `read_variables(body.get("variables"))` gives Python values by name; `typed(value)` writes one
     (`camunda7.values`).
   - `answer(value)`, `answer_count(n)`, `answer_text(text)`, `NO_CONTENT` make responses.
   - Errors: raise `invalid_request(…)`, `rest_error(…)` or `engine_error(…)`, or let ours through, `wrapping(…)` adds
     what the endpoint says in front and changes status and type by kind of error (`camunda7.problems`).
3. A function that waits (long polling) is written `async def`; all others run on the thread pool and may block on the
   database.
4. Paths with and without a tenant, or by id and by key, are several paths of one decorator.
5. Reads go through the query tables (`camunda7.listing`), never through SQL in an endpoint.

Names of path parameters are free, one literal segment goes before a parameter, and two functions for one operation
are refused.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from procession.camunda7.routes import ROUTES, Route, Router


@cache
def load() -> tuple[Route, ...]:
    """Imports every module of this package, which registers its routes, and returns them all in order of path."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return tuple(sorted(ROUTES, key=lambda entry: (entry.path, entry.method)))


@cache
def router() -> Router:
    """The router over all routes."""
    return Router(list(load()))
