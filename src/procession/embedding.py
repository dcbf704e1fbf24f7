"""Opening an engine in one's own program.

from procession import open_engine

with open_engine("sqlite:///orders.db") as engine:
    engine.deploy(("order.bpmn", model))
    engine.start_process("order", {"amount": 12})
"""

from __future__ import annotations

from procession.camunda7.dialect import Camunda7Dialect
from procession.camunda8.dialect import NAME as CAMUNDA8
from procession.camunda8.dialect import Camunda8Dialect
from procession.engine.clock import Clock
from procession.engine.engine import Engine, EngineSettings
from procession.storage import PoolSettings, open_storage


def open_engine(
    database: str = "sqlite://",
    *,
    settings: EngineSettings | None = None,
    pool: PoolSettings | None = None,
    clock: Clock | None = None,
    job_executor: bool = False,
) -> Engine:
    """An engine for Camunda 7's models on a database (`sqlite:///file.db`, `sqlite://` in memory, `postgresql://…`).

    `engine.deploy(…, dialect="camunda8")` reads models as Camunda 8 does.
    The schema is created or brought up to date. With `job_executor` timers and asynchronous continuations run by
    themselves on threads; without it, `engine.jobs.run_due()` runs what is due. Close the engine when done.
    """
    storage = open_storage(database, pool)
    dialects = {CAMUNDA8: Camunda8Dialect()}
    engine = Engine(storage, Camunda7Dialect(), dialects=dialects, settings=settings, clock=clock)
    if job_executor:
        engine.start()
    return engine
