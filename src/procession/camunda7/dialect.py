"""Camunda 7's dialect for the engine: how it reads resources, what its definitions make, how it decides."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from procession.bpmn.model import Process
from procession.camunda7 import decisions, definitions
from procession.camunda7.bpmn import read_bpmn
from procession.dmn.model import DecisionRecord
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
from procession.errors import ParseFailed, Problem
from procession.kernel.events import DecisionEvaluated, DecisionInput, DecisionOutput
from procession.kernel.world import Decided

_BPMN = (".bpmn", ".bpmn20.xml")
_DMN = (".dmn", ".dmn11.xml")
_FORM = ".form"


class Camunda7Dialect:
    """Implements `engine.dialect.Dialect`. With `enforce_time_to_live` a process must say how long its history lives."""

    def __init__(self, *, enforce_time_to_live: bool = False) -> None:
        self._enforce_time_to_live = enforce_time_to_live

    def kind_of(self, resource: str) -> str | None:
        if resource.endswith(_BPMN):
            return "bpmn"
        if resource.endswith(_FORM):
            return "form"
        return "dmn" if resource.endswith(_DMN) else None

    def read_processes(self, data: bytes, resource: str, resources: Resources = no_resources) -> ProcessesRead:
        reading = read_bpmn(data, resource, enforce_time_to_live=self._enforce_time_to_live, resources=resources)
        return ProcessesRead(reading.processes, reading.warnings)

    def read_decisions(self, data: bytes, resource: str) -> DecisionsRead:
        try:
            found = decisions.read_decisions(data, resource)
        except ParseFailed as error:
            # what is XML and no decision is an error without a list of problems in Camunda 7
            error.details["aborted"] = not error.message.startswith("The document")
            raise
        category = found.definitions.namespace
        heads = tuple(
            DecisionHead(
                x.id,
                x.name,
                category,
                decisions.version_tag(x),
                time_to_live(decisions.attribute(x, "historyTimeToLive")),
            )
            for x in found.executable
        )
        graph = found.requirements
        return DecisionsRead(heads, None if graph is None else (*graph, category), found)

    def read_form(self, data: bytes, resource: str) -> FormHead | None:
        """A form is found by its id; one without is only kept."""
        try:
            found = json.loads(data) if data.strip() else {}
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            message = f"ENGINE-09033 Could not parse Camunda Form resource {resource}: it is no JSON object"
            failed = ParseFailed(message, [Problem(message, resource=resource)])
            failed.details["aborted"] = True
            raise failed
        id_ = found.get("id")
        return FormHead(str(id_)) if id_ and isinstance(id_, str | int) else None

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
        found = model.evaluate(decision, variables, now, _Beans(beans))
        return Decided(found.rows, tuple(_evaluated(record) for record in found.decisions), found.types)


class _Beans(Mapping[str, Any]):
    """Registered beans, looked up when an expression names one."""

    def __init__(self, beans: Callable[[str], Any]) -> None:
        self._beans = beans

    def __getitem__(self, name: str) -> Any:
        return self._beans(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


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


def time_to_live(text: str | None) -> int | None:
    """Days from `30` or `P30D`; None for none, or for what is neither."""
    found = None if text is None else re.fullmatch(r"P?(\d{1,9})D?", text.strip())
    return None if found is None else int(found[1])
