"""Definitions in memory: models read once, found by key, id, version, tag or as the latest. The database has the say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, cast

from msgspec import structs
from msgspec.structs import replace

from procession.bpmn.model import Binding, Process
from procession.engine.dialect import DecisionsRead, Dialect, Dialects
from procession.errors import ExecutionFailed, Missing, NoNumber
from procession.kernel.world import Decided
from procession.storage import Transaction, repository
from procession.storage.drivers import Driver
from procession.storage.repository import DecisionDefinition, JobDefinition, ProcessDefinition

KEPT = 1000


class Definitions:
    """A cache over `storage.repository`. Safe to use from several threads; what was changed is forgotten by `forget`."""

    def __init__(self, dialects: Dialects) -> None:
        self._dialects = dialects
        self._lock = threading.Lock()
        self._rows: dict[int, ProcessDefinition] = {}
        self._decisions: dict[int, DecisionDefinition] = {}
        self._processes: dict[int, Process] = {}
        self._models: dict[tuple[int, str], DecisionsRead] = {}
        self._read_by: dict[int, str | None] = {}  # deployment -> the name of its dialect
        self._jobs: dict[int, dict[tuple[str, str, str | None], JobDefinition]] = {}

    def forget(self) -> None:
        """Forgets everything that is held: definitions were changed or deleted."""
        with self._lock:
            for held in (self._rows, self._decisions, self._processes, self._models, self._jobs, self._read_by):
                held.clear()

    # ------------------------------------------------------------ processes

    def definition(self, key: int, transaction: Transaction) -> ProcessDefinition:
        """The row of a process definition. Raises Missing where there is none."""
        row = self._rows.get(key)
        if row is None:
            row = repository.get(transaction.driver, ProcessDefinition, key)
            if row is None:
                raise Missing(f"no deployed process definition found with id '{key}': processDefinition is null")
            self._keep(self._rows, key, row)
        return row

    def by_id(self, id_: str, transaction: Transaction) -> ProcessDefinition:
        """The row of the process definition with an id of the API's. Raises Missing where there is none."""
        row: ProcessDefinition | None = next(iter(self._asked(("id", id_), transaction)), None)
        if row is None:
            raise Missing(f"no deployed process definition found with id '{id_}': processDefinition is null")
        return row

    def expect(self, wanted: Iterable[tuple[Any, ...]], transaction: Transaction) -> None:
        """Asks for definitions before they are needed, so that the questions travel together: ("id", id) or ("latest",
        process id, tenant)."""
        for one in wanted:
            self._asked(one, transaction, now=False)

    def _asked(
        self, wanted: tuple[Any, ...], transaction: Transaction, *, now: bool = True
    ) -> Sequence[ProcessDefinition]:
        # one look-up a batch: what others deploy meanwhile is for the next batch
        found = transaction.memo.get(wanted)
        if found is None:
            kind, name, *rest = wanted
            if kind == "id":
                found = repository.ask(transaction.driver, ProcessDefinition, "id = ?", [name])
            else:
                found = repository.ask_latest(transaction.driver, ProcessDefinition, name, *rest)
            transaction.memo[wanted] = found
        if now and callable(found):
            found = found()
            # none is asked for again: the batch itself may deploy it
            transaction.memo[wanted] = found or None
        return cast("Sequence[ProcessDefinition]", found) if now else ()

    def latest(self, process_id: str, tenant: str | None, transaction: Transaction) -> ProcessDefinition:
        """The newest version of a process of a tenant. Raises Missing where there is none."""
        row: ProcessDefinition | None
        row = next(iter(self._asked(("latest", process_id, tenant), transaction)), None)
        if row is None:
            of = f" and tenant-id '{tenant}'" if tenant else ""
            raise Missing(f"no processes deployed with key '{process_id}'{of}: processDefinition is null")
        return row

    def process(self, key: int, transaction: Transaction) -> Process:
        """The model of a process definition."""
        found = self._processes.get(key)
        if found is None:
            row = self.definition(key, transaction)
            data = repository.resource(transaction.driver, row.deployment, row.resource_name)
            dialect = self.dialect_of(row.deployment, transaction)
            beside = partial(repository.resource, transaction.driver, row.deployment)
            read = dialect.read_processes(data or b"", row.resource_name, beside)
            found = next(p for p in read.processes if p.id == row.process_id)
            self._keep(self._processes, key, found)
        return found

    def resolve_process(
        self,
        process_id: str,
        binding: Binding,
        version: str | None,
        tenant: str | None,
        caller: int,
        transaction: Transaction,
    ) -> ProcessDefinition:
        """The definition that a call activity of definition `caller` means. Raises ExecutionFailed where there is none."""
        found = self._bound(ProcessDefinition, process_id, binding, version, tenant, caller, transaction)
        if found is None:
            raise ExecutionFailed(
                f"no processes deployed with key = '{process_id}'{_binding_text(binding, version)}: processDefinition is null"
            )
        return found

    def job_definition(
        self, definition: int, node: str, kind: str, configuration: str | None, transaction: Transaction
    ) -> tuple[int, int | None, bool] | None:
        """Key, overriding priority and suspension of the job definition of a node."""
        held = self._jobs.get(definition)
        if held is None:
            rows = repository.find(transaction.driver, JobDefinition, "definition = ?", [definition])
            held = {}
            for row in rows:
                assert row.node is not None, "those of a batch have no process definition"
                held[row.node, row.type, row.configuration] = row
                held.setdefault((row.node, row.type, None), row)
            self._keep(self._jobs, definition, held)
        found = held.get((node, kind, configuration))
        return None if found is None else (found.key, found.priority, found.suspended)

    # ------------------------------------------------------------ decisions

    def decision_by_id(self, id_: str, transaction: Transaction) -> DecisionDefinition:
        """The decision with an id of the API's. Raises Missing where there is none."""
        row = repository.by_id(transaction.driver, DecisionDefinition, id_)
        if row is None:
            raise Missing(f"no deployed decision definition found with id '{id_}': decisionDefinition is null")
        return row

    def latest_decision(self, decision_id: str, tenant: str | None, transaction: Transaction) -> DecisionDefinition:
        """The newest version of a decision of a tenant. Raises Missing where there is none."""
        row = repository.latest(transaction.driver, DecisionDefinition, decision_id, tenant)
        if row is None:
            of = f" and tenant-id '{tenant}'" if tenant else ""
            raise Missing(f"no decision definition deployed with key '{decision_id}'{of}: decisionDefinition is null")
        return row

    def resolve_decision(
        self,
        decision_id: str,
        binding: Binding,
        version: Any,
        tenant: str | None,
        caller: int,
        transaction: Transaction,
    ) -> DecisionDefinition:
        """The decision that a business rule task of definition `caller` means. Raises ExecutionFailed where there is none."""
        found = self._bound(DecisionDefinition, decision_id, binding, version, tenant, caller, transaction)
        if found is None:
            raise ExecutionFailed(
                f"no decision definition deployed with key = '{decision_id}'{_binding_text(binding, version)}: "
                "decisionDefinition is null"
            )
        return found

    def evaluate(
        self,
        decision: DecisionDefinition,
        variables: Mapping[str, Any],
        now: datetime,
        new_key: Callable[[], int],
        beans: Callable[[str], Any],
        transaction: Transaction,
    ) -> Decided:
        """Evaluates a decision with all that it requires; the evaluations get keys and the definitions' keys."""
        read = self._model(decision, transaction)
        decided = self.dialect_of(decision.deployment, transaction).evaluate(
            read.model, decision.decision_id, variables, now, beans
        )
        if not decided.evaluations:
            return decided
        siblings = {
            row.decision_id: row
            for row in repository.in_deployment(transaction.driver, DecisionDefinition, decision.deployment)
            if row.resource_name == decision.resource_name
        }
        root = new_key()
        placed = []
        for evaluation in decided.evaluations:
            asked = evaluation.decision_id == decision.decision_id
            row = siblings.get(evaluation.decision_id, decision)
            placed.append(
                replace(
                    evaluation,
                    key=root if asked else new_key(),
                    root=None if asked else root,
                    decision=row.key,
                    decision_name=row.name,
                    requirements=row.requirements,
                    requirements_id=row.requirements_id,
                    tenant=row.tenant,
                )
            )
        return structs.replace(decided, evaluations=tuple(placed))

    def _model(self, decision: DecisionDefinition, transaction: Transaction) -> DecisionsRead:
        at = (decision.deployment, decision.resource_name)
        found = self._models.get(at)
        if found is None:
            data = repository.resource(transaction.driver, *at)
            dialect = self.dialect_of(decision.deployment, transaction)
            found = dialect.read_decisions(data or b"", decision.resource_name)
            self._keep(self._models, at, found)
        return found

    # ------------------------------------------------------------ finding

    def dialect_of(self, deployment: int, transaction: Transaction) -> Dialect:
        """The dialect that a deployment's resources are read by."""
        if deployment not in self._read_by:
            row = repository.get(transaction.driver, repository.Deployment, deployment)
            self._keep(self._read_by, deployment, None if row is None else row.dialect)
        return self._dialects.named(self._read_by[deployment])

    def _bound(
        self,
        kind: type[repository.R],
        name: str,
        binding: Binding,
        version: Any,
        tenant: str | None,
        caller: int,
        transaction: Transaction,
    ) -> repository.R | None:
        driver: Driver = transaction.driver
        match binding:
            case Binding.LATEST:
                return repository.latest(driver, kind, name, tenant)
            case Binding.DEPLOYMENT:
                deployment = self.definition(caller, transaction).deployment
                attribute = "process_id" if kind is ProcessDefinition else "decision_id"
                rows = repository.in_deployment(driver, kind, deployment)
                return next((row for row in rows if getattr(row, attribute) == name), None)
            case Binding.VERSION:
                try:
                    number = int(str(version))
                except ValueError:
                    raise NoNumber(f'For input string: "{version}"') from None
                return repository.version(driver, kind, name, number, tenant)
            case Binding.VERSION_TAG:
                found = repository.tagged(driver, kind, name, str(version), tenant)
                if len(found) > 1:
                    raise ExecutionFailed(f"Found more than one definition for key '{name}' and versionTag '{version}'")
                return found[0] if found else None

    def _keep(self, held: dict[Any, Any], key: Any, value: Any) -> None:
        with self._lock:
            if len(held) >= KEPT:
                held.pop(next(iter(held)))
            held[key] = value


def _binding_text(binding: Binding, version: Any) -> str:
    if binding is Binding.VERSION:
        return f" and version = '{version}'"
    if binding is Binding.VERSION_TAG:
        return f" and versionTag = '{version}'"
    return ""
