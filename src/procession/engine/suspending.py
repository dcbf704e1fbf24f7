"""Definitions and their jobs suspended and woken, now or at a later time; priorities and retries of a definition's jobs.

What is to happen later is a job of the engine's own, named as Camunda 7 names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import structs

from procession.engine import commands as ec
from procession.engine.unit import Envelope, Unit
from procession.errors import Missing
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.records import Instance, Job
from procession.storage import repository
from procession.storage.repository import JobDefinition

_DEFINITION, _JOBS = "processdefinition", "job-definition"
KINDS = frozenset(f"{verb}-{what}" for verb in ("suspend", "activate") for what in (_DEFINITION, _JOBS))


def suspend_definition(unit: Unit, command: ec.SuspendDefinition, envelope: Envelope) -> None:
    """A definition with its starts and its job definitions, and where it is asked for its instances."""
    definition = unit.engine.definitions.definition(command.definition, unit.transaction)
    if command.at is not None:
        _later(unit, _DEFINITION, command.suspended, command.at, definition.key, command.instances, envelope)
        return
    driver = unit.transaction.driver
    repository.change_definition(driver, definition.key, "suspended", command.suspended)
    for kind in repository.find(driver, JobDefinition, "definition = ?", [definition.key]):
        repository.change_job_definition(driver, kind.key, "suspended", command.suspended)
    starts = unit.transaction.find(Job, "definition = ? AND instance IS NULL", [definition.key])
    unit.run(_SuspendJobs(tuple(job.key for job in starts), command.suspended), envelope)
    if command.instances:
        for instance in unit.transaction.find(Instance, "definition = ?", [definition.key]):
            unit.lock([instance.key])
            unit.run(c.SuspendInstance(instance.key, command.suspended), envelope)
    unit.forget_definitions()


def set_time_to_live(unit: Unit, command: ec.SetTimeToLive, envelope: Envelope) -> None:
    """How long history is kept: of what ends from now on."""
    driver = unit.transaction.driver
    change = repository.change_decision if command.decision else repository.change_definition
    change(driver, command.definition, "history_ttl", command.days)
    unit.forget_definitions()


def change_job_definition(unit: Unit, command: ec.ChangeJobDefinition, envelope: Envelope) -> None:
    """A job definition, and where it is asked for its jobs."""
    driver = unit.transaction.driver
    row = repository.get(driver, JobDefinition, command.job_definition)
    if row is None:
        raise Missing(f"Job definition with id '{command.job_definition}' does not exist")
    if command.suspended is not None and command.at is not None:
        _later(unit, _JOBS, command.suspended, command.at, row.key, command.jobs, envelope)
        return
    if command.suspended is not None:
        repository.change_job_definition(driver, row.key, "suspended", command.suspended)
    if command.set_priority:
        repository.change_job_definition(driver, row.key, "priority", command.priority)
    unit.forget_definitions()
    if not command.jobs and command.retries is None:
        return
    for job in unit.transaction.find(Job, "job_definition = ?", [row.key]):
        if job.instance is not None:
            unit.lock([job.instance])
        if unit.state.get(Job, job.key) is None or (command.retries is not None and job.retries > 0):
            continue
        priority = command.priority if command.set_priority and command.jobs else None
        suspended = command.suspended if command.jobs else None
        due: dict[str, Any] = {"set_due": True, "due": command.due} if command.set_due else {}
        unit.run(c.ChangeJob(job.key, command.retries, priority, suspended, **due), envelope)


def run_job(unit: Unit, job: Job, envelope: Envelope) -> None:
    """The time has come. What was deleted meanwhile is left alone."""
    verb, _, what = job.kind.partition("-")
    key, inside = job.payload["key"], job.payload["inside"]
    try:
        if what == _DEFINITION:
            suspend_definition(unit, ec.SuspendDefinition(key, verb == "suspend", inside), envelope)
        else:
            change_job_definition(unit, ec.ChangeJobDefinition(key, verb == "suspend", jobs=inside), envelope)
    except Missing:
        return


@dataclass(frozen=True, slots=True)
class _SuspendJobs:
    jobs: tuple[int, ...]
    suspended: bool

    def carry_out(self, unit: Unit) -> None:
        for key in self.jobs:
            job = unit.state.get(Job, key)
            if job is not None:
                unit.apply(e.JobChanged(structs.replace(job, suspended=self.suspended)))


@dataclass(frozen=True, slots=True)
class _Remember:
    job: Job

    def carry_out(self, unit: Unit) -> None:
        unit.apply(e.JobCreated(self.job))


def _later(unit: Unit, what: str, suspended: bool, at: datetime, key: int, inside: bool, envelope: Envelope) -> None:
    job = Job(
        key=unit.transaction.new_key(),
        kind=f"{'suspend' if suspended else 'activate'}-{what}",
        node=None,
        definition=None,
        job_definition=None,
        created=unit.now,
        due=at,
        retries=unit.engine.settings.default_retries,
        exclusive=False,
        payload={"key": key, "inside": inside},
    )
    unit.run(_Remember(job), envelope)
