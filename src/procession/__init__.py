"""Camunda-compatible process automation in Python.

    from procession import open_engine

    with open_engine("sqlite:///orders.db") as engine:
        engine.deploy(("order.bpmn", model))
        engine.start_process("order", {"amount": 12})

Names are imported when they are first used, so that `import procession` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from procession.embedding import open_engine as open_engine
    from procession.engine.engine import Engine as Engine
    from procession.engine.engine import EngineSettings as EngineSettings
    from procession.errors import ProcessionError as ProcessionError
    from procession.kernel.throwing import BpmnError as BpmnError

__version__ = "0.1.0"

_HOMES = {
    "BpmnError": "procession.kernel.throwing",
    "Engine": "procession.engine.engine",
    "EngineSettings": "procession.engine.engine",
    "ProcessionError": "procession.errors",
    "open_engine": "procession.embedding",
}
__all__ = ["BpmnError", "Engine", "EngineSettings", "ProcessionError", "__version__", "open_engine"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'procession' has no attribute {name!r}")
    return getattr(import_module(home), name)
