"""Camunda 7's dialect for the engine: how it reads resources, what its definitions make, how it decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from procession.bpmn.model import Process
from procession.camunda7 import definitions
from procession.camunda7.bpmn import read_bpmn
from procession.engine.dialect import DecisionsRead, JobKind, ProcessesRead, StartTrigger
from procession.kernel.world import Decided

_BPMN = (".bpmn", ".bpmn20.xml")
_DMN = (".dmn", ".dmn11.xml")


class Camunda7Dialect:
    """Implements `engine.dialect.Dialect`."""

    def kind_of(self, resource: str) -> str | None:
        if resource.endswith(_BPMN):
            return "bpmn"
        return "dmn" if resource.endswith(_DMN) else None

    def read_processes(self, data: bytes, resource: str) -> ProcessesRead:
        reading = read_bpmn(data, resource)
        return ProcessesRead(reading.processes, reading.warnings)

    def read_decisions(self, data: bytes, resource: str) -> DecisionsRead:
        from procession.camunda7 import decisions

        return decisions.read_resource(data, resource)

    def job_kinds(self, process: Process) -> Iterable[JobKind]:
        return [JobKind(x.node_id, x.type, x.configuration) for x in definitions.job_definitions(process)]

    def start_triggers(self, process: Process) -> Iterable[StartTrigger]:
        waiting = [StartTrigger(x.node_id, x.kind, x.name) for x in definitions.start_subscriptions(process)]
        return [*waiting, *(StartTrigger(x.node_id, "timer", None, x.timer) for x in definitions.start_timers(process))]

    def evaluate(
        self,
        model: Any,
        decision: str,
        variables: Mapping[str, Any],
        now: datetime,
        beans: Callable[[str], Any],
    ) -> Decided:
        from procession.camunda7 import decisions

        return decisions.decide(model, decision, variables, now, beans)
