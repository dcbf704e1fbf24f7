"""The clean-up of history as a job, as Camunda 7 has it: there is one, due when somebody asks for it, and idle otherwise.

Each run removes one batch and is due again at once, until nothing is left. The thread of `cleaning` needs no job.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from procession.engine import commands as ec
from procession.engine.unit import Envelope, Unit
from procession.kernel import events as e
from procession.kernel.records import Job

KIND = "history-cleanup"


def clean(unit: Unit, command: ec.CleanHistory, envelope: Envelope) -> int:
    """Makes the job due; gives its key. Without `immediately` it waits for its window, and is idle where there is none."""
    stored = unit.transaction.find(Job, "instance IS NULL AND kind = ?", [KIND])
    held = [job for job in stored if unit.state.get(Job, job.key) is not None]
    job = _planned(unit, held[0] if held else _new(unit), unit.now if command.immediately else None)
    unit.apply(e.JobChanged(job) if held else e.JobCreated(job))
    return job.key


def run_job(unit: Unit, job: Job, envelope: Envelope) -> None:
    """One batch; then the next at once where there may be more, else it is idle until the window opens again."""
    more = unit.engine.cleaner.clean(unit.transaction.driver) >= unit.engine.settings.cleanup_batch
    following = _planned(unit, _new(unit), unit.now if more else None)
    unit.apply(e.JobCreated(replace(following, due=following.due or job.due)))


def _new(unit: Unit) -> Job:
    return Job(
        key=unit.transaction.new_key(),
        kind=KIND,
        node=None,
        definition=None,
        job_definition=None,
        created=unit.now,
        retries=unit.engine.settings.default_retries,
        exclusive=False,
    )


def _planned(unit: Unit, job: Job, due: datetime | None) -> Job:
    window = unit.engine.cleaner.window
    if due is None and window is not None:
        begins, _ = window.around(unit.now)
        return replace(job, due=max(begins, unit.now), suspended=False)
    return replace(job, due=due, suspended=due is None)
