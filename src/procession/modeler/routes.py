"""The routes of the modeler, for any Starlette application."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from procession.modeler.hub import HUB
from procession.modeler.serving import Gate, ModelerOptions, endpoint, token_endpoint
from procession.modeler.store import Store
from procession.modeler.v1 import V1

__all__ = ["ModelerOptions", "modeler_routes"]


def modeler_routes(
    store: Store,
    options: ModelerOptions | None = None,
    *,
    v1: str = "/api/v1",
    hub: str = "/api/v2",
    token: str | None = "/oauth/token",
) -> list[BaseRoute]:
    """Both APIs below the given paths, and the token endpoint (None for none) that they share.

    The store is given and stays the caller's: whoever opened it closes it.
    """
    gate = Gate(options or ModelerOptions())
    routes: list[BaseRoute] = [
        Route(root + path, endpoint(store, gate, handler), methods=[method])
        for root, table in ((v1, V1), (hub, HUB))
        for method, path, handler in table
    ]
    if token is not None:
        routes.append(Route(token, token_endpoint(gate), methods=["POST"]))
    return routes
