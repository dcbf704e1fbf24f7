"""The ASGI application of a server: the REST APIs of Camunda 7 and Camunda 8, pages, health, metrics.

    /engine-rest/…                     `camunda7.api`, also as /engine-rest/engine/default/…
    /v2/…                              `camunda8.api`, and /cluster/v2/…
    /oauth/token                       tokens for clients of Camunda 8 that insist on them
    /engine-rest/openapi.json          what is served there
    /camunda/app/{welcome,…}/          pages that say what runs
    /health/live  /health/ready        for orchestrators
    /metrics                           for Prometheus
    /modeler/api/v1  /modeler/api/v2   a modeler, where there is a store for it
    /oracle/clock  /oracle/reset       with test mode only

The engine is given and stays the caller's: whoever made it closes it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from procession.camunda7.api import load, router
from procession.camunda7.listing import documented_parameters
from procession.camunda7.openapi import document
from procession.camunda8.api import load as camunda8_routes
from procession.engine.engine import Engine
from procession.engine.users import keep_user, password_hash
from procession.server.authentication import Authenticator, hash_password, is_password
from procession.server.camunda8_rest import CamundaEight
from procession.server.carrying import Carrier
from procession.server.engine_rest import EngineRest
from procession.server.metrics import CONTENT_TYPE, Metrics
from procession.server.oauth import Tokens, token_route
from procession.server.oracle import oracle_routes
from procession.server.overview import DOWN, UP, inner_state, overview, readiness
from procession.server.pages import APPS, HEADERS, page
from procession.server.settings import Settings
from procession.server.version import VERSION

if TYPE_CHECKING:
    from procession.modeler import Store

log = logging.getLogger("procession.server")

PREFIX = "/engine-rest"
PREFIX_8, CLUSTER_8 = "/v2", "/cluster"
MODELER = "/modeler/api"


class Application(Starlette):
    """Starlette, but the REST APIs, which answer their own errors, are asked without its layers in between."""

    def __init__(self, routes: list[BaseRoute], direct: Mapping[str, Carrier[Any]]) -> None:
        super().__init__(routes=routes)
        self._direct = direct
        self._pages = {route.path for route in routes if isinstance(route, Route)}

    def carrier(self, path: str) -> Carrier[Any] | None:
        """Who answers a path, where it belongs to an API."""
        first, slash, _ = path[1:].partition("/")
        return self._direct.get(f"/{first}") if slash and path not in self._pages else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            direct = self.carrier(scope["path"])
            if direct is not None:
                await direct(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


def create_app(engine: Any, settings: Settings | None = None, modeler: Store | None = None) -> Application:
    """The application over an engine that is open. `app.state.stop()` lets long polls go, before the server ends.

    `modeler` is the store of the modeler that is served, if one is; it stays the caller's as well.
    """
    settings = settings or Settings()

    def counts() -> Mapping[str, int] | None:
        try:
            return overview(engine)
        except Exception:  # a page and a gauge must not fail because the database does
            log.warning("The database does not answer", exc_info=True)
            return None

    metrics = Metrics(counts, partial(inner_state, engine))
    authenticator = _authenticator(engine, settings) if settings.auth else None
    rest = EngineRest(
        router(),
        engine,
        prefix=PREFIX,
        authenticator=authenticator,
        max_body=settings.max_body,
        max_upload=settings.max_upload,
        threads=settings.threads,
        max_requests=settings.max_requests,
        observe=metrics.observe,
    )
    tokens = Tokens(authenticator)
    camunda8 = CamundaEight(
        camunda8_routes(),
        engine,
        prefix=PREFIX_8,
        tokens=tokens,
        max_body=settings.max_body,
        max_upload=settings.max_upload,
        threads=settings.threads,
        max_requests=settings.max_requests,
        test_mode=settings.test_mode,
        observe=metrics.observe,
    )
    described = document(load(), VERSION, documented_parameters())

    async def openapi(request: Request) -> Response:
        return JSONResponse(described)

    async def app_page(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in APPS:
            return Response("Not Found", 404, media_type="text/plain")
        shown = await run_in_threadpool(counts) if not settings.auth else {}
        return HTMLResponse(page(name, VERSION, shown), headers=HEADERS)

    async def live(request: Request) -> Response:
        return JSONResponse({"status": UP})

    async def ready(request: Request) -> Response:
        found = await run_in_threadpool(readiness, engine)
        if app.state.draining:
            found["status"] = DOWN
        return JSONResponse(found, 200 if found["status"] == UP else 503)

    async def exposed(request: Request) -> Response:
        return Response(await run_in_threadpool(metrics.text), headers={"Content-Type": CONTENT_TYPE})

    async def home(request: Request) -> Response:
        return RedirectResponse("/camunda/app/welcome/", 302)

    routes: list[BaseRoute] = [
        Route(f"{PREFIX}/openapi.json", openapi),
        Mount(PREFIX, app=rest),
        Mount(PREFIX_8, app=camunda8),
        Mount(CLUSTER_8, app=camunda8),
        token_route(tokens, "/oauth/token"),
        Route("/camunda/app/{name}", app_page),
        Route("/camunda/app/{name}/", app_page),
        Route("/camunda/app/{name}/{rest:path}", app_page),
        Route("/camunda", home),
        Route("/camunda/", home),
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", exposed),
        Route("/", home),
    ]
    if modeler is not None:
        from procession.modeler import ModelerOptions, modeler_routes  # a server without one starts without it

        options = ModelerOptions(who=tokens.who, max_body=settings.max_upload)
        routes.extend(modeler_routes(modeler, options, v1=f"{MODELER}/v1", hub=f"{MODELER}/v2", token=None))
    if settings.test_mode:
        routes.extend(oracle_routes(engine))
    app = Application(routes, {PREFIX: rest, PREFIX_8: camunda8, CLUSTER_8: camunda8})

    def stop() -> None:
        rest.stop()
        camunda8.stop()

    def drain() -> None:
        app.state.draining = True
        rest.drain()
        camunda8.drain()

    app.state.stop = stop
    app.state.drain = drain
    app.state.draining = False
    return app


def _authenticator(engine: Engine, settings: Settings) -> Authenticator:
    """Asks the database who there is; the first user of the settings is written there, with the password they name."""
    if settings.admin_user is None or settings.admin_password is None:
        raise ValueError("Authentication needs a first user: set PROCESSION_ADMIN_USER and PROCESSION_ADMIN_PASSWORD")
    user, password = settings.admin_user, settings.admin_password.get_secret_value()
    stored = password_hash(engine, user)
    if stored is None or not is_password(stored, password):
        keep_user(engine, user, hash_password(password))
    return Authenticator(partial(password_hash, engine))
