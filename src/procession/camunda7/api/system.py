"""The engine itself: its name, the version whose API it speaks."""

from __future__ import annotations

from typing import Any

from procession.camunda7.exchange import Request, Response, answer
from procession.camunda7.routes import route

SPOKEN_VERSION = "7.24.0"


@route("GET", "/version")
def version(request: Request, engine: Any) -> Response:
    """The version of Camunda whose API this is."""
    return answer({"version": SPOKEN_VERSION})


@route("GET", "/engine", open=True)
def engines(request: Request, engine: Any) -> Response:
    """The names of the engines here."""
    return answer([{"name": "default"}])
