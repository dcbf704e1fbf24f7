"""What the engine asks of a dialect: how resources are read, and what their definitions make at deployment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from procession.bpmn.model import Process, Timer
from procession.errors import Invalid, Problem
from procession.kernel.world import Decided


@dataclass(frozen=True, slots=True)
class JobKind:
    """A job definition: at which node, Camunda's type, and configuration."""

    node: str
    type: str
    configuration: str | None


@dataclass(frozen=True, slots=True)
class StartTrigger:
    """A start event that waits from deployment on: for a message or signal by `name`, or for `timer`."""

    node: str
    kind: str
    name: str | None = None
    timer: Timer | None = None


@dataclass(frozen=True, slots=True)
class DecisionHead:
    """What a deployment keeps about a decision. `requirements` is the id of its graph, None where it stands alone."""

    id: str
    name: str | None
    category: str | None = None
    version_tag: str | None = None
    history_ttl: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionsRead:
    """A DMN resource: its decisions, and its requirements graph where it has more than one."""

    decisions: tuple[DecisionHead, ...]
    requirements: tuple[str, str | None, str | None] | None  # id, name, category
    model: Any
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class FormHead:
    """What a deployment keeps about a form."""

    id: str
    version_tag: str | None = None


Resources = Callable[[str], bytes | None]


def no_resources(name: str) -> None:
    """For a file that is read by itself."""


@dataclass(frozen=True, slots=True)
class ProcessesRead:
    """A BPMN resource."""

    processes: tuple[Process, ...]
    warnings: tuple[Problem, ...] = ()


class Dialect(Protocol):
    """Implemented by `camunda7` and `camunda8`."""

    def kind_of(self, resource: str) -> str | None:
        """`bpmn`, `dmn`, `form`, or None for a resource that is only kept (scripts, images)."""

    def read_processes(self, data: bytes, resource: str, resources: Resources = ...) -> ProcessesRead:
        """`resources` gives the other files of the deployment by name. Raises ParseFailed with every problem."""

    def read_decisions(self, data: bytes, resource: str) -> DecisionsRead:
        """Raises ParseFailed with every problem."""

    def read_form(self, data: bytes, resource: str) -> FormHead | None:
        """None for a form that is only kept. Raises ParseFailed. Asked for resources of the kind `form` alone."""

    def job_kinds(self, process: Process) -> Iterable[JobKind]:
        """The job definitions of a process."""

    def start_triggers(self, process: Process) -> Iterable[StartTrigger]:
        """What starts the process by itself."""

    def evaluate(
        self,
        model: Any,
        decision: str,
        variables: Mapping[str, Any],
        now: datetime,
        beans: Callable[[str], Any],
    ) -> Decided:
        """Evaluates a decision of a model read by `read_decisions`. The evaluations' keys are 0: the engine gives them."""


class Dialects:
    """The dialects of an engine: its own, and further ones by name. A deployment says by which it is read."""

    def __init__(self, own: Dialect, further: Mapping[str, Dialect] | None = None) -> None:
        self._own = own
        self._further = dict(further or {})

    def named(self, name: str | None) -> Dialect:
        """The dialect of that name, the engine's own for None. Raises Invalid for one that the engine was not given."""
        if name is None:
            return self._own
        found = self._further.get(name)
        if found is None:
            known = ", ".join(sorted(self._further)) or "none"
            raise Invalid(f"This engine does not read the dialect '{name}'; besides its own it knows: {known}")
        return found
