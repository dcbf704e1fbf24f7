"""Camunda 8's dialect for the engine: how it reads resources, what its definitions make, how it decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from procession.bpmn.model import Conditional, Message, Process, Signal, StartEvent, Timer
from procession.camunda8.bpmn import read_bpmn
from procession.dmn import DecisionRecord, compile_definitions, read_dmn
from procession.engine.dialect import (
    DecisionHead,
    DecisionsRead,
    FormHead,
    JobKind,
    ProcessesRead,
    Resources,
    StartTrigger,
    no_resources,
)
from procession.errors import ExpressionFailed, ParseFailed, Problem
from procession.expressions import MappingScope
from procession.kernel.events import DecisionEvaluated, DecisionInput, DecisionOutput
from procession.kernel.waiting import START_TIMER
from procession.kernel.world import Decided

NAME = "camunda8"
_KINDS = {".bpmn": "bpmn", ".bpmn20.xml": "bpmn", ".dmn": "dmn", ".form": "form"}


class Camunda8Dialect:
    """Implements `engine.dialect.Dialect`."""

    def kind_of(self, resource: str) -> str | None:
        return next((kind for ending, kind in _KINDS.items() if resource.endswith(ending)), None)

    def read_processes(self, data: bytes, resource: str, resources: Resources = no_resources) -> ProcessesRead:
        reading = read_bpmn(data, resource)
        if not reading.processes:
            problem = Problem("Must contain at least one executable process", 1, 1, ("definitions",), resource)
            raise ParseFailed(f"'{resource}' has no executable process", [problem])
        return ProcessesRead(reading.processes, reading.warnings)

    def read_decisions(self, data: bytes, resource: str) -> DecisionsRead:
        definitions = read_dmn(data, resource)
        compiled = compile_definitions(definitions)
        if compiled.faults:
            raise ParseFailed("Failed to parse the decisions", list(compiled.faults))
        heads = tuple(
            DecisionHead(x.id, x.name, definitions.namespace, _version_tag(x)) for x in definitions.decisions.values()
        )
        graph = (definitions.id or "", definitions.name, definitions.namespace)
        return DecisionsRead(heads, graph, compiled)

    def read_form(self, data: bytes, resource: str) -> FormHead:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            raise ParseFailed(f"'{resource}' is no JSON", [Problem("The form is no JSON", resource=resource)]) from None
        id_ = found.get("id") if isinstance(found, dict) else None
        if not isinstance(id_, str) or not id_.strip():
            problem = Problem("Expected the form id to be present, but none given", resource=resource)
            raise ParseFailed(f"'{resource}' has no form id", [problem])
        tag = found.get("versionTag")
        return FormHead(id_, tag if isinstance(tag, str) else None)

    def job_kinds(self, process: Process) -> Iterable[JobKind]:
        return [
            JobKind(start.id, START_TIMER, start.id)
            for start in _starts(process)
            if isinstance(start.definition, Timer)
        ]

    def start_triggers(self, process: Process) -> Iterable[StartTrigger]:
        for start in _starts(process):
            match start.definition:
                case Timer() as timer:
                    yield StartTrigger(start.id, "timer", None, timer)
                case Message(name=name):
                    yield StartTrigger(start.id, "message", str(name.evaluate(MappingScope({}))))
                case Signal(name=name):
                    yield StartTrigger(start.id, "signal", str(name.evaluate(MappingScope({}))))
                case Conditional():
                    yield StartTrigger(start.id, "conditional")

    def evaluate(
        self,
        model: Any,
        decision: str,
        variables: Mapping[str, Any],
        now: datetime,
        beans: Callable[[str], Any],
    ) -> Decided:
        found = model.evaluate(decision, variables, now)
        if found.value is None and found.warnings:
            failed = found.warnings[-1]
            raise ExpressionFailed(f"Expected to evaluate decision '{decision}', but {failed.message}")
        return Decided(found.rows, tuple(_evaluated(record) for record in found.decisions), value=found.value)


def _starts(process: Process) -> Iterator[StartEvent]:
    for id_ in process.starts.get(process.id, ()):
        start = process.nodes[id_]
        if isinstance(start, StartEvent):
            yield start


def _version_tag(decision: Any) -> str | None:
    tags: Mapping[str, str] = decision.attributes
    return next((value for name, value in tags.items() if name.endswith("}versionTag")), None)


def _evaluated(record: DecisionRecord) -> DecisionEvaluated:
    """What history takes down; the engine adds keys and definitions."""
    return DecisionEvaluated(
        key=0,
        decision=0,
        decision_id=record.decision_id,
        decision_name=record.decision_name,
        requirements=None,
        requirements_id=None,
        root=None,
        inputs=tuple(DecisionInput(x.clause_id, x.clause_name, x.type, x.value) for x in record.inputs),
        outputs=tuple(
            DecisionOutput(x.clause_id, x.clause_name, x.rule_id, x.rule_order, x.variable_name, x.type, x.value)
            for x in record.outputs
        ),
        collected=record.collected,
    )
