"""What the core asks of an engine's API. An adapter implements `Source`; the core knows nothing else of any engine.

Adapters raise `camunda_client.errors`: EngineUnavailable (again later), NotFound (the job is gone), others (refused).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from camunda_client.worker.outcomes import Outcome


class Job(Protocol):
    """One locked piece of work."""

    @property
    def id(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def retries(self) -> int | None: ...
    @property
    def variables(self) -> Mapping[str, Any]: ...

    def mark_lost(self) -> None:
        """The lock is gone: the handler may look at `lost` and give up."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Topics that are fetched in one request, and how many jobs of them may be in work at once.

    Camunda 7 has one lane for all topics, Camunda 8 one for each job type.
    """

    topics: tuple[str, ...]
    capacity: int


J = TypeVar("J", bound=Job)


class Source(Protocol[J]):
    """An engine's API, seen by the core."""

    def lock_of(self, job: J) -> timedelta:
        """How long the lock of this job lasts, once fetched or extended."""

    def lanes(self) -> Sequence[Lane]:
        """What to fetch; fixed for the life of the source."""

    async def fetch(self, lane: Lane, limit: int) -> Sequence[J]:
        """Locks up to `limit` jobs, waiting a while for the first one; empty where none came."""

    async def report(self, job: J, outcome: Outcome) -> None:
        """Tells the engine how a job ended."""

    async def extend(self, job: J) -> None:
        """Starts the lock's time again."""

    async def release(self, job: J) -> None:
        """Gives a job back unfinished."""

    async def sweep(self) -> None:
        """Gives back what a fetch that was cut off may have locked without our knowing."""

    async def close(self) -> None:
        """Closes connections."""
