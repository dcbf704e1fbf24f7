"""The endpoints of `/v2`, one module a resource. A module registers its functions where it is imported: here."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from procession.camunda8.exchange import ROUTES, Route


def load() -> list[Route]:
    """Every operation that is served."""
    for module in iter_modules(__path__, f"{__name__}."):
        import_module(module.name)
    return ROUTES
