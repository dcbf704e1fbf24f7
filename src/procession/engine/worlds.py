"""The world that a step sees: the engine's clock, keys, definitions, beans and delegates, as of one command."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from procession.bpmn.model import DelegateWork, Process, Reference
from procession.engine import connectors
from procession.errors import ConnectorFailed, ExecutionFailed
from procession.expressions import Bean, Scope
from procession.kernel.world import Decided

if TYPE_CHECKING:
    from procession.engine.engine import Engine
    from procession.engine.unit import Envelope, Unit


class UserCodeInBatch(Exception):
    """The command runs user code, which must not happen while others wait: it runs again, alone."""


class EngineWorld:
    """Implements `kernel.world.World` for one command of a unit."""

    def __init__(self, unit: Unit, envelope: Envelope) -> None:
        self._unit = unit
        self._engine: Engine = unit.engine
        self.now: datetime = unit.now
        self.user = envelope.user
        self.new_key = unit.transaction.new_key

    def process(self, definition: int) -> Process:
        return self._engine.definitions.process(definition, self._unit.transaction)

    def definition_id(self, definition: int) -> str:
        return self._engine.definitions.definition(definition, self._unit.transaction).id

    def job_definition(
        self, definition: int, node: str, kind: str, configuration: str | None
    ) -> tuple[int, int | None, bool] | None:
        return self._engine.definitions.job_definition(definition, node, kind, configuration, self._unit.transaction)

    def default_retries(self) -> int:
        return self._engine.settings.default_retries

    def bean(self, name: str) -> Any:
        bean = self._engine.registry.beans[name]
        self._alone()
        return bean

    def shared(self, name: str) -> Any:
        """Cluster variables, as `camunda.vars.cluster` and `camunda.vars.env`."""
        if name != "camunda":
            raise KeyError(name)
        transaction = self._unit.transaction
        found = transaction.memo.get("cluster variables")
        if found is None:
            rows = transaction.driver.rows("SELECT name, value FROM cluster_variable")
            found = transaction.memo["cluster variables"] = {name: json.loads(value) for name, value in rows}
        return {"vars": {"cluster": found, "env": found}}

    def call(self, work: DelegateWork, bean: Any, execution: Bean) -> Any:
        name = work.class_name
        if name is not None:
            delegate = self._engine.registry.delegates.get(name)
            if delegate is None:
                raise ExecutionFailed(
                    f"ENGINE-09008 Exception while instantiating class '{name}': ENGINE-09017 Cannot load class '{name}': "
                    "no delegate is registered under this name"
                )
        elif callable(bean):
            delegate = bean
        else:
            raise ExecutionFailed(
                f"Delegate expression {work.expression.source if work.expression else ''} did neither resolve to a "
                "registered delegate nor to a callable"
            )
        self._alone()
        return delegate(execution)

    def connect(self, connector: str, given: Mapping[str, Any], execution: Bean) -> Mapping[str, Any]:
        own = self._engine.registry.delegates.get(f"connector:{connector}")
        if own is None and connector not in connectors.IDS:
            raise ConnectorFailed(f"No connector found for connector id '{connector}'")
        self._alone()
        if own is None:
            return self._engine.connectors.call(connector, given)
        found = own(execution)
        return found if isinstance(found, Mapping) else {}

    def script(self, language: str, text: str, scope: Scope) -> Any:
        runner = self._engine.registry.scripts.get(language.lower())
        if runner is None:
            raise ExecutionFailed(f"Can't find scripting engine for '{language}'")
        self._alone()
        return runner(text, scope)

    def decide(self, decision: Reference, definition: int, scope: Scope, variables: Mapping[str, Any]) -> Decided:
        definitions, transaction = self._engine.definitions, self._unit.transaction
        key = decision.key.evaluate(scope)
        version = None if decision.version is None else decision.version.evaluate(scope)
        tenant = definitions.definition(definition, transaction).tenant
        if decision.tenant is not None:
            tenant = decision.tenant.evaluate(scope)
        found = definitions.resolve_decision(str(key), decision.binding, version, tenant, definition, transaction)
        return definitions.evaluate(found, variables, self._unit.now, self.new_key, self.bean, transaction)

    def _alone(self) -> None:
        if not self._unit.alone:
            raise UserCodeInBatch
