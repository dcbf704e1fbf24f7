"""A modeler of one's own: the REST APIs of Web Modeler (v1) and Camunda Hub (v2) over one small store.

    store = open_store("sqlite:///models.db")
    app = Starlette(routes=modeler_routes(store))

What is uploaded here is kept, versioned and found again; it is not deployed.
"""

from __future__ import annotations

from procession.modeler.routes import ModelerOptions, modeler_routes
from procession.modeler.store import Store, open_store

__all__ = ["ModelerOptions", "Store", "modeler_routes", "open_store"]
