"""Dialogues with `/v2`: models and raw requests, to be had with our server and with a real Camunda 8.

A step is a request; `{name}` in its path or body stands for what an earlier answer gave (`keep`: name to a path in it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.camunda8.play import extended, process


@dataclass(frozen=True)
class Step:
    """One request, and what is kept of its answer."""

    method: str
    path: str
    body: Any = None
    keep: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dialogue:
    """What is deployed first, and what is said then."""

    name: str
    models: tuple[tuple[str, bytes], ...]
    steps: tuple[Step, ...]


def post(path: str, body: Any = None, **keep: str) -> Step:
    """A POST."""
    return Step("POST", path, {} if body is None else body, keep)


def start(process_id: str, **variables: Any) -> Step:
    """Starts an instance, whose key is kept as `i`."""
    return post(
        "/process-instances", {"processDefinitionId": process_id, "variables": variables}, i="processInstanceKey"
    )


def result(process_id: str, **variables: Any) -> Step:
    """Starts an instance and waits for its end."""
    body = {"processDefinitionId": process_id, "variables": variables, "awaitCompletion": True}
    return post("/process-instances", body, i="processInstanceKey")


def jobs(kind: str, most: int = 5, **more: Any) -> Step:
    """Activates jobs; the first one's key is kept as `j`."""
    body = {"type": kind, "timeout": 60_000, "maxJobsToActivate": most, "requestTimeout": 2000, "worker": "w", **more}
    return post("/jobs/activation", body, j="jobs.0.jobKey")


def complete(**variables: Any) -> Step:
    """Completes the job that was kept."""
    return post("/jobs/{j}/completion", {"variables": variables})


NODES = '<startEvent id="s"/><endEvent id="e"/>'


def one(id_: str, node: str, roots: str = "", name: str = "a", more: str = "") -> tuple[str, bytes]:
    """A process s > node > e; boundary events and what lies behind them come as `more`."""
    flows = f"s>{name} {name}>e" + (" b>e2" if more else "")
    end = '<endEvent id="e2"/>' if more else ""
    return f"{id_}.bpmn", process(NODES + node + more + end, flows, roots, id_)


def mapped(*lines: str) -> str:
    """Mappings: `in y =x + 1`."""
    found = []
    for line in lines:
        kind, target, source = line.split(" ", 2)
        name = "input" if kind == "in" else "output"
        found.append(f'<zeebe:{name} source="{source.replace(chr(34), "&quot;")}" target="{target}"/>')
    return f"<zeebe:ioMapping>{''.join(found)}</zeebe:ioMapping>"


def loop(sequential: bool, condition: str = "") -> str:
    """A loop over `items`."""
    inside = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"><extensionElements>'
        '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" outputCollection="results" '
        f'outputElement="=r"/></extensionElements>{inside}</multiInstanceLoopCharacteristics>'
    )


PAID = extended("message", "m", '<zeebe:subscription correlationKey="=key"/>', attributes='name="paid{n}"')
CATCH = '<intermediateCatchEvent id="a"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
ERROR = '<error id="err" errorCode="E1"/>'
CAUGHT = '<boundaryEvent id="b" attachedToRef="a"><errorEventDefinition errorRef="err"/></boundaryEvent>'


def paid(name: str) -> str:
    """The message `paid` under another name, so that dialogues do not meet."""
    return PAID.replace("{n}", name)


def message(name: str, key: str, ttl: int = 0, path: str = "publication", **more: Any) -> Step:
    """Publishes or correlates."""
    body: dict[str, Any] = {"name": name, "correlationKey": key, **more}
    if path == "publication":
        body["timeToLive"] = ttl
    return post(f"/messages/{path}", body)


def scripted(text: str) -> str:
    """A script task whose result is `r`."""
    shown = text.replace('"', "&quot;").replace("<", "&lt;")
    return extended("scriptTask", "a", f'<zeebe:script expression="{shown}" resultVariable="r"/>')
