"""A source of work in memory, with an engine's rules: locks that expire, jobs that are gone, outages on demand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from camunda_client.errors import BadRequest, CamundaError, EngineUnavailable, NotFound
from camunda_client.worker.outcomes import Fail, Outcome
from camunda_client.worker.source import Lane


@dataclass
class MemoryJob:
    id: str
    topic: str = "work"
    variables: Mapping[str, Any] = field(default_factory=dict)
    retries: int | None = None
    lost: bool = False

    def mark_lost(self) -> None:
        self.lost = True


@dataclass
class ScriptedSource:
    """`jobs` wait to be fetched, a report takes `telling` seconds; nothing is answered until the loop's time `down_until`;
    where it `hands_on`, what is released goes to whoever asks next."""

    jobs: deque[MemoryJob]
    capacity: int = 4
    topics: tuple[str, ...] = ("work",)
    lock: timedelta = timedelta(seconds=30)
    poll: float = 20.0
    telling: float = 0.001
    hands_on: bool = False
    down_until: float = 0.0
    answers: dict[str, list[CamundaError | str]] = field(default_factory=dict)
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)
    locked: dict[str, float] = field(default_factory=dict)
    handed_out: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    extended: list[str] = field(default_factory=list)
    fetch_limits: list[int] = field(default_factory=list)
    most_at_once: int = 0
    swept: bool = False
    closed: bool = False
    _told: tuple[int, Callable[[], None]] | None = None

    def when_told(self, jobs: int, call: Callable[[], None]) -> None:
        """Calls back once the outcomes of so many jobs are known."""
        self._told = (jobs, call)

    def lanes(self) -> Sequence[Lane]:
        return [Lane(self.topics, self.capacity)]

    def lock_of(self, job: MemoryJob) -> timedelta:
        return self.lock

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _answering(self) -> None:
        if self._now() < self.down_until:
            raise EngineUnavailable("connection refused")

    async def fetch(self, lane: Lane, limit: int) -> Sequence[MemoryJob]:
        self._answering()
        self.fetch_limits.append(limit)
        end = self._now() + self.poll
        while not self.jobs and self._now() < end:
            await asyncio.sleep(0.5)
            self._answering()
        got = [self.jobs.popleft() for _ in range(min(limit, len(self.jobs)))]
        for job in got:
            self.locked[job.id] = self._now() + self.lock.total_seconds()
            self.handed_out.append(job.id)
        self.most_at_once = max(self.most_at_once, len(self.locked))
        return got

    def _own(self, job: MemoryJob) -> None:
        if job.id not in self.locked:
            raise NotFound(f"{job.id} does not exist", status=404)
        if self.locked[job.id] < self._now():
            raise BadRequest(f"{job.id} is locked by somebody else", status=400)

    async def report(self, job: MemoryJob, outcome: Outcome) -> None:
        await asyncio.sleep(self.telling)
        self._answering()
        script = self.answers.get(job.id, [])
        step = script.pop(0) if script else None
        if isinstance(step, CamundaError):
            raise step
        self._own(job)
        self.outcomes.setdefault(job.id, []).append(outcome)
        del self.locked[job.id]
        if isinstance(outcome, Fail) and outcome.retries:
            again = MemoryJob(job.id, job.topic, job.variables, outcome.retries)
            asyncio.get_running_loop().call_later(outcome.retry_after.total_seconds(), self.jobs.append, again)
        if self._told is not None and len(self.outcomes) >= self._told[0]:
            self._told[1]()
        if step == "lose the answer":
            raise EngineUnavailable("read timed out")

    async def extend(self, job: MemoryJob) -> None:
        self._answering()
        self._own(job)
        self.extended.append(job.id)
        self.locked[job.id] = self._now() + self.lock.total_seconds()

    async def release(self, job: MemoryJob) -> None:
        self._answering()
        self._own(job)
        del self.locked[job.id]
        self.released.append(job.id)
        if self.hands_on:
            self.jobs.append(job)

    async def sweep(self) -> None:
        self.swept = True

    async def close(self) -> None:
        self.closed = True
