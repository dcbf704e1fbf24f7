"""The engine itself: its name, the version whose API it speaks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from procession.camunda7.dates import format_date
from procession.camunda7.exchange import NO_CONTENT, Request, Response, answer
from procession.camunda7.lookups import reading
from procession.camunda7.problems import Answered
from procession.camunda7.routes import route
from procession.storage import schema
from procession.storage.encoding import millis, moment

SPOKEN_VERSION = "7.24.0"


@route("GET", "/version")
def version(request: Request, engine: Any) -> Response:
    """The version of Camunda whose API this is."""
    return answer({"version": SPOKEN_VERSION})


@route("GET", "/deployment/registered")
def registered(request: Request, engine: Any) -> Response:
    """The ids of the deployments whose jobs this node runs: all of them."""
    with reading(engine) as connection:
        d = schema.deployment.c
        return answer([str(key) for key in connection.execute(select(d.key).order_by(d.key)).scalars()])


@route("GET", "/schema/log")
@route("POST", "/schema/log")
def schema_log(request: Request, engine: Any) -> Response:
    """What was installed: there is one entry, for the version whose API this is."""
    wanted = request.json_object().get("version") if request.method == "POST" else request.param("version")
    with reading(engine) as connection:
        d = schema.deployment.c
        began = connection.execute(select(func.min(d.time))).scalar() or millis(engine.clock())
    entry = {"id": "0", "timestamp": format_date(moment(began)), "version": SPOKEN_VERSION}
    return answer([entry] if wanted in (None, SPOKEN_VERSION) else [])


@route("GET", "/telemetry/configuration")
def telemetry(request: Request, engine: Any) -> Response:
    """Nothing is ever sent anywhere."""
    return answer({"enableTelemetry": False})


@route("POST", "/telemetry/configuration")
def set_telemetry(request: Request, engine: Any) -> Response:
    """Taken note of, as Camunda 7.24 does: it sends nothing either."""
    request.json_object()
    return NO_CONTENT


@route("GET", "/telemetry/data")
def telemetry_data(request: Request, engine: Any) -> Response:
    """What this installation is; it leaves the machine only where somebody asks here."""
    driver = engine.storage.dialect
    internals = {"database": {"vendor": driver, "version": None}, "commands": {}, "metrics": {}, "webapps": []}
    product = {"name": "Procession", "version": SPOKEN_VERSION, "edition": "community", "internals": internals}
    return answer({"installation": engine.settings.name, "product": product})


@route("DELETE", "/metrics/task-worker")
def forget_task_workers(request: Request, engine: Any) -> Response:
    """Who worked on tasks is counted from history itself; there is nothing else to delete."""
    return NO_CONTENT


@route("GET", "/identity/password-policy")
@route("POST", "/identity/password-policy")
def password_policy(request: Request, engine: Any) -> Response:
    """There is none, and Camunda 7 answers 404 where none is set."""
    raise Answered(404, "NotFoundException", "No password policy is set")


@route("GET", "/engine", open=True)
def engines(request: Request, engine: Any) -> Response:
    """The names of the engines here."""
    return answer([{"name": "default"}])
