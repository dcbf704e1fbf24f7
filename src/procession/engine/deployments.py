"""Deploying resources and taking them away; suspending what was deployed. Each runs in a transaction of its own.

A new version of a process takes over its message and timer starts from the version before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from procession.bpmn.model import Process, StartEvent, Timer
from procession.engine import commands as ec
from procession.engine.dialect import DecisionsRead, Dialect, FormHead, ProcessesRead
from procession.engine.reusing import newest_versions
from procession.engine.unit import Envelope, Unit
from procession.errors import ExecutionFailed, Invalid, Missing, ParseFailed, Problem
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.records import Instance, Job, Subscription
from procession.kernel.waiting import START_TIMER, timer_due
from procession.storage import repository
from procession.storage.removal import delete_decisions, delete_history
from procession.storage.repository import (
    DecisionDefinition,
    DecisionRequirements,
    Deployment,
    FormDefinition,
    JobDefinition,
    ProcessDefinition,
    ProcessStarter,
)

ID_LENGTH = 64
MODELS = (".bpmn20.xml", ".bpmn", ".dmn11.xml", ".dmn")
PICTURES = ("png", "jpg", "gif", "svg")


@dataclass(slots=True)
class _Reading:
    processes: list[tuple[str, ProcessesRead]] = field(default_factory=list)
    decisions: list[tuple[str, DecisionsRead]] = field(default_factory=list)
    forms: list[tuple[str, FormHead]] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def ids(self) -> list[tuple[str, str, str]]:
        """(kind, id, resource) of everything that has versions."""
        found = [("process", p.id, name) for name, read in self.processes for p in read.processes]
        found += [("decision", d.id, name) for name, read in self.decisions for d in read.decisions]
        found += [("requirements", r.requirements[0], name) for name, r in self.decisions if r.requirements]
        return found + [("form", form.id, name) for name, form in self.forms]


def deploy(unit: Unit, command: ec.Deploy, envelope: Envelope) -> ec.Deployed:
    """Deploys; see `commands.Deploy`."""
    if not command.resources:
        raise Invalid("No deployment resources contained in the form upload.")
    driver = unit.transaction.driver
    repository.lock_deployments(driver)
    resources = dict(command.resources)
    if command.filter_duplicates:
        before = repository.latest_deployment(driver, command.name, command.source, command.tenant)
        if before is not None:
            kept = _newest_contents(unit, command)
            changed = {name: data for name, data in resources.items() if kept.get(name) != data}
            if not changed:
                return _deployed(unit, before, (), existing=True)
            if command.changed_only:
                resources = changed
    read = _read(unit, unit.engine.dialects.named(command.dialect), resources)
    new_key = unit.transaction.new_key
    time, tenant = command.time or unit.now, command.tenant
    deployment = Deployment(new_key(), command.name, command.source, time, tenant, command.dialect)
    if command.reuse:
        held = newest_versions(driver, read.ids(), tenant, resources)
        if held is not None:
            return ec.Deployed(deployment.key, command.name, command.source, time, tenant, *held)
    repository.add(driver, [deployment])
    repository.add_resources(driver, deployment.key, [(new_key(), name, data) for name, data in resources.items()])
    for resource, processes in read.processes:
        for process in processes.processes:
            _add_process(unit, deployment, resource, process, _diagram(resources, resource, process.id), envelope)
    for resource, decisions in read.decisions:
        _add_decisions(unit, deployment, resource, decisions, resources)
    for resource, form in read.forms:
        _add_form(unit, deployment, resource, form)
    unit.forget_definitions()
    return _deployed(unit, deployment, tuple(str(problem) for problem in read.warnings))


def _diagram(resources: Iterable[str], resource: str, id_: str) -> str | None:
    """The picture of a definition among what is deployed with it: `order.png` or `order.orderProcess.png` of `order.bpmn`."""
    stem = next((resource.removesuffix(x) for x in MODELS if resource.endswith(x)), resource)
    wanted = [f"{stem}{own}.{kind}" for kind in PICTURES for own in (f".{id_}", "")]
    return next((name for name in wanted if name in resources), None)


def _newest_contents(unit: Unit, command: ec.Deploy) -> dict[str, bytes]:
    """The newest content of each resource among the deployments of that name and tenant."""
    driver = unit.transaction.driver
    contents: dict[str, bytes] = {}
    where = "coalesce(name, '') = ? AND coalesce(tenant, '') = ?"
    for before in repository.find(
        driver, Deployment, where, [command.name or "", command.tenant or ""], "ORDER BY time, key"
    ):
        if command.source is None or before.source == command.source:
            contents.update(repository.resources(driver, before.key))
    return contents


def _read(unit: Unit, dialect: Dialect, resources: dict[str, bytes]) -> _Reading:
    found = _Reading()
    problems: list[Problem] = []
    warnings: list[Problem] = []
    failure: ParseFailed | None = None
    for name, data in resources.items():
        try:
            match dialect.kind_of(name):
                case "bpmn":
                    processes = dialect.read_processes(data, name, resources.get)
                    found.processes.append((name, processes))
                    warnings += processes.warnings
                case "dmn":
                    decisions = dialect.read_decisions(data, name)
                    found.decisions.append((name, decisions))
                    warnings += decisions.warnings
                case "form":
                    form = dialect.read_form(data, name)
                    found.forms += [] if form is None else [(name, form)]
        except ParseFailed as error:
            if error.details.get("aborted"):
                raise
            failure = error
            problems += [dataclasses.replace(p, resource=p.resource or name) for p in error.problems]
            warnings += error.warnings
    if failure is not None:
        if len(resources) == 1:
            raise failure
        raise ParseFailed("ENGINE-09005 Could not parse BPMN process.", problems, warnings)
    _refuse_twins(found)
    found.warnings = warnings
    return found


def _refuse_twins(read: _Reading) -> None:
    seen: set[tuple[str, str]] = set()
    for kind, id_, _ in read.ids():
        if (kind, id_) in seen and kind != "requirements":
            raise ExecutionFailed(
                f"The deployment contains definitions with the same key '{id_}' (id attribute), this is not allowed"
            )
        seen.add((kind, id_))


def definition_id(name: str, version: int, key: int) -> str:
    """The id of a definition in the API: `name:version:key`, or the bare key where that is too long."""
    full = f"{name}:{version}:{key}"
    return full if len(full) <= ID_LENGTH else str(key)


# ---------------------------------------------------------------- processes


def _add_process(
    unit: Unit, deployment: Deployment, resource: str, process: Process, diagram: str | None, envelope: Envelope
) -> None:
    driver, new_key = unit.transaction.driver, unit.transaction.new_key
    before = repository.latest(driver, ProcessDefinition, process.id, deployment.tenant)
    key = new_key()
    version = 1 if before is None else before.version + 1
    start = None if process.initial is None else process.nodes[process.initial]
    form = start.form if isinstance(start, StartEvent) else None
    definition = ProcessDefinition(
        key=key,
        id=definition_id(process.id, version, key),
        process_id=process.id,
        version=version,
        name=process.name,
        category=process.category,
        deployment=deployment.key,
        resource_name=resource,
        diagram_resource=diagram,
        version_tag=process.version_tag,
        history_ttl=process.history_time_to_live,
        suspended=False,
        startable=process.startable_in_tasklist,
        has_start_form=form is not None and form.key is not None,
        tenant=deployment.tenant,
        description=process.documentation,
    )
    starters = [ProcessStarter(new_key(), key, deployment.key, user, None) for user in process.candidate_users]
    starters += [ProcessStarter(new_key(), key, deployment.key, None, group) for group in process.candidate_groups]
    kinds = [
        JobDefinition(
            new_key(), key, process.id, kind.node, kind.type, kind.configuration, False, None, deployment.key,
            deployment.tenant,
        )
        for kind in _dialect(unit, deployment).job_kinds(process)
    ]  # fmt: skip
    repository.add(driver, [definition, *kinds, *starters])
    unit.run(_Starts(_dialect(unit, deployment), definition, process, tuple(kinds), before), envelope)


def _dialect(unit: Unit, deployment: Deployment) -> Dialect:
    return unit.engine.dialects.named(deployment.dialect)


@dataclass(frozen=True, slots=True)
class _Starts:
    """What waits to start a new version, in place of what waited for the version before."""

    dialect: Dialect
    definition: ProcessDefinition
    process: Process
    kinds: tuple[JobDefinition, ...]
    before: ProcessDefinition | None

    def carry_out(self, unit: Unit) -> None:
        if self.before is not None:
            close_starts(unit, self.before.key)
        for trigger in self.dialect.start_triggers(self.process):
            if trigger.timer is not None:
                self._timer(unit, trigger.node, trigger.timer)
            else:
                self._subscribe(unit, trigger.node, trigger.kind, trigger.name)

    def _subscribe(self, unit: Unit, node: str, kind: str, name: str | None) -> None:
        definition = self.definition
        if kind == "message" and self.process.policies.single_starts:
            _refuse_taken(unit, name, definition)
        unit.apply(
            e.SubscriptionOpened(
                Subscription(
                    unit.transaction.new_key(), kind, name, node, definition.key, unit.now, tenant=definition.tenant,
                    process_id=definition.process_id,
                )
            )
        )  # fmt: skip

    def _timer(self, unit: Unit, node: str, timer: Timer) -> None:
        definition = self.definition
        value = timer.value.evaluate(unit.scope())
        due, repeat = (value, None) if not isinstance(value, str) else timer_due(timer.kind, value, unit.now)
        if due is None:
            return
        kind = next(k for k in self.kinds if k.node == node and k.type == START_TIMER)
        priority = self.process.nodes[node].traits.job_priority or self.process.job_priority
        number = None if priority is None else priority.evaluate(unit.scope())
        unit.apply(
            e.JobCreated(
                Job(
                    unit.transaction.new_key(), START_TIMER, node, definition.key, kind.key, unit.now,
                    process_id=definition.process_id, configuration=node, due=due, repeat=repeat,
                    retries=unit.engine.settings.default_retries, priority=int(number or 0), tenant=definition.tenant,
                )
            )
        )  # fmt: skip


def _refuse_taken(unit: Unit, name: str | None, definition: ProcessDefinition) -> None:
    stored = unit.transaction.find(Subscription, "kind = 'message' AND name = ? AND instance IS NULL", [name or ""])
    # what this very deployment has opened is not stored yet
    own = [x for x in unit.state.unsaved(Subscription) if (x.kind, x.name, x.instance) == ("message", name, None)]
    if any(
        x.process_id != definition.process_id
        and x.tenant == definition.tenant
        and unit.state.get(Subscription, x.key) is not None
        for x in (*stored, *own)
    ):
        raise ExecutionFailed(
            f"ENGINE-09030 Cannot deploy process definition '{definition.resource_name}': there already is a message event "
            f"subscription for the message with name '{name}'."
        )


def close_starts(unit: Unit, definition: int) -> None:
    """Takes away what waits to start instances of a definition."""
    for subscription in unit.transaction.find(Subscription, "definition = ? AND instance IS NULL", [definition]):
        if unit.state.get(Subscription, subscription.key) is not None:
            unit.apply(e.SubscriptionClosed(subscription.key))
    for job in unit.transaction.find(Job, "definition = ? AND instance IS NULL", [definition]):
        if unit.state.get(Job, job.key) is not None:
            unit.apply(e.JobEnded(job, "deleted"))


# ---------------------------------------------------------------- decisions


def _add_decisions(
    unit: Unit, deployment: Deployment, resource: str, read: DecisionsRead, resources: Iterable[str]
) -> None:
    driver, new_key = unit.transaction.driver, unit.transaction.new_key
    graph: DecisionRequirements | None = None
    if read.requirements is not None:
        id_, name, category = read.requirements
        before = repository.latest(driver, DecisionRequirements, id_, deployment.tenant)
        key, version = new_key(), 1 if before is None else before.version + 1
        graph = DecisionRequirements(
            key, definition_id(id_, version, key), id_, version, name, category, deployment.key, resource,
            _diagram(resources, resource, id_), deployment.tenant,
        )  # fmt: skip
        repository.add(driver, [graph])
    rows = []
    for head in read.decisions:
        older = repository.latest(driver, DecisionDefinition, head.id, deployment.tenant)
        key, version = new_key(), 1 if older is None else older.version + 1
        rows.append(
            DecisionDefinition(
                key=key,
                id=definition_id(head.id, version, key),
                decision_id=head.id,
                version=version,
                name=head.name,
                category=head.category,
                deployment=deployment.key,
                resource_name=resource,
                diagram_resource=_diagram(resources, resource, head.id),
                requirements=None if graph is None else graph.key,
                requirements_id=None if graph is None else graph.requirements_id,
                version_tag=head.version_tag,
                history_ttl=head.history_ttl,
                tenant=deployment.tenant,
            )
        )
    repository.add(driver, rows)


def _add_form(unit: Unit, deployment: Deployment, resource: str, form: FormHead) -> None:
    driver = unit.transaction.driver
    before = repository.latest(driver, FormDefinition, form.id, deployment.tenant)
    version = 1 if before is None else before.version + 1
    key = unit.transaction.new_key()
    row = FormDefinition(key, form.id, version, deployment.key, resource, form.version_tag, deployment.tenant)
    repository.add(driver, [row])


def _deployed(unit: Unit, deployment: Deployment, warnings: Iterable[str], *, existing: bool = False) -> ec.Deployed:
    driver = unit.transaction.driver

    def rows(kind: type[Any]) -> tuple[dict[str, Any], ...]:
        if existing:
            return ()
        return tuple(structs.asdict(row) for row in repository.in_deployment(driver, kind, deployment.key))

    return ec.Deployed(
        deployment.key,
        deployment.name,
        deployment.source,
        deployment.time,
        deployment.tenant,
        rows(ProcessDefinition),
        rows(DecisionDefinition),
        rows(DecisionRequirements),
        rows(FormDefinition),
        tuple(warnings),
    )


# ---------------------------------------------------------------- deleting and suspending


def delete_deployment(unit: Unit, command: ec.DeleteDeployment, envelope: Envelope) -> None:
    driver = unit.transaction.driver
    if repository.get(driver, Deployment, command.deployment) is None:
        raise Missing(f"Deployment with id '{command.deployment}' do not exist")
    for definition in repository.in_deployment(driver, ProcessDefinition, command.deployment):
        _empty(unit, definition, command.cascade, envelope, command.skip_listeners, command.skip_mappings)
    if command.cascade:
        decisions = repository.in_deployment(driver, DecisionDefinition, command.deployment)
        delete_decisions(driver, [row.key for row in decisions])
    repository.delete_deployment(driver, command.deployment, remember=not command.cascade)
    unit.forget_definitions()


def delete_definition(unit: Unit, command: ec.DeleteDefinition, envelope: Envelope) -> None:
    driver = unit.transaction.driver
    definition = unit.engine.definitions.definition(command.definition, unit.transaction)
    _empty(unit, definition, command.cascade, envelope)
    repository.delete_definitions(driver, [definition.key], remember=not command.cascade)
    unit.forget_definitions()


def delete_resource(unit: Unit, command: ec.DeleteResource, envelope: Envelope) -> None:
    repository.delete_resource(unit.transaction.driver, command.key)
    unit.forget_definitions()


def _empty(
    unit: Unit,
    definition: ProcessDefinition,
    cascade: bool,
    envelope: Envelope,
    skip_listeners: bool = False,
    skip_mappings: bool = False,
) -> None:
    """Ends what runs on a definition, and gives its starts back to the version before."""
    running = unit.transaction.find(Instance, "definition = ?", [definition.key])
    if running and not cascade:
        raise ExecutionFailed(
            "ENGINE-03076 Deletion of process definition without cascading failed. Process definition with id: "
            f"{definition.id} can't be deleted, because there are {len(running)} dependent process instances."
        )
    for instance in running:
        unit.lock([instance.key])
        if unit.state.get(Instance, instance.key) is not None:
            cancel = c.CancelInstance(instance.key, "deleted process definition", skip_listeners, skip_mappings)
            unit.run(cancel, envelope)
    driver = unit.transaction.driver
    newest = repository.latest(driver, ProcessDefinition, definition.process_id, definition.tenant)
    unit.run(_Close(definition.key), envelope)
    if newest is not None and newest.key == definition.key:
        older = repository.find(
            driver,
            ProcessDefinition,
            "process_id = ? AND coalesce(tenant, '') = ? AND deployment <> ?",
            [definition.process_id, definition.tenant or "", definition.deployment],
            "ORDER BY version DESC LIMIT 1",
        )
        for row in older:
            process = unit.engine.definitions.process(row.key, unit.transaction)
            kinds = tuple(repository.find(driver, JobDefinition, "definition = ?", [row.key]))
            dialect = unit.engine.definitions.dialect_of(row.deployment, unit.transaction)
            unit.run(_Starts(dialect, row, process, kinds, None), envelope)
    if cascade:
        delete_history(driver, definition.key)


@dataclass(frozen=True, slots=True)
class _Close:
    definition: int

    def carry_out(self, unit: Unit) -> None:
        close_starts(unit, self.definition)
