"""Camunda's own clients for Node.js and Java, unmodified, against our server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.camunda8.sockets import listening
from tests.fetching import TOOLS, fetch_java, fetch_node

HERE = Path(__file__).parent
SECONDS = 120.0


@pytest.fixture
def address() -> Iterator[str]:
    """A server on a socket."""
    with listening() as found:
        yield found


def said(command: list[str], folder: Path) -> str:
    """What a program says that comes to its end."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout.strip()


def node(script: str, *arguments: str) -> Any:
    """What a script in JavaScript says in its last line, which is JSON."""
    folder = TOOLS / "clients" / "node"
    program = fetch_node(folder, HERE / "node" / "package.json")
    if program is None:
        pytest.skip("there is no Node.js with npm here")
    # modules are looked for beside the script
    (folder / script).write_bytes((HERE / "node" / script).read_bytes())
    return json.loads(said([program, script, *arguments], folder).splitlines()[-1])


def java(folder: str, program: str, *arguments: str) -> str:
    """What a program of one file says."""
    fetched = TOOLS / "clients" / folder
    runtime = fetch_java(fetched, HERE / folder / "pom.xml")
    if runtime is None:
        pytest.skip("there is no Java with Maven here")
    return said([runtime, "-cp", "lib/*", str(HERE / folder / program), *arguments], fetched)


# ---------------------------------------------------------------- external tasks of Camunda 7

KINDS = ("complete", "fail", "refuse", "unlock")
GIVEN = {
    "when": {"value": "2024-01-02T03:04:05.000+0000", "type": "Date"},
    "data": {"value": '{"a": 1}', "type": "Json"},
}


class Engine:
    """The instances that the clients of external tasks work on."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._client.post("/deployment/create", files={"m": ("m.bpmn", (HERE / "work.bpmn").read_bytes())})
        for kind in KINDS:
            variables = {"kind": {"value": kind}, **GIVEN}
            body = {"businessKey": f"order {kind}", "variables": variables}
            self._client.post("/process-definition/key/work/start", json=body).raise_for_status()

    def get(self, path: str, **query: Any) -> Any:
        return self._client.get(path, params=query).raise_for_status().json()

    def ends(self) -> dict[str, str]:
        """The end event that each instance came to, by its kind."""
        instances = {one["id"]: one["businessKey"] for one in self.get("/history/process-instance")}
        reached = self.get("/history/activity-instance", activityType="noneEndEvent")
        return {instances[one["processInstanceId"]]: one["activityId"] for one in reached}

    def made(self, kind: str) -> dict[str, tuple[str, Any]]:
        """The variables that a client made: type and value."""
        (instance,) = self.get("/history/process-instance", processInstanceBusinessKey=f"order {kind}")
        found = self.get("/history/variable-instance", processInstanceId=instance["id"], deserializeValues=False)
        return {one["name"]: (one["type"], one["value"]) for one in found if one["name"] not in ("kind", *GIVEN)}

    def outcomes(self) -> None:
        """What must have become of the four instances."""
        assert self.ends() == {"order complete": "done", "order refuse": "refusal", "order unlock": "done"}
        (incident,) = self.get("/incident")
        assert (incident["incidentType"], incident["incidentMessage"]) == ("failedExternalTask", "no")
        for kind in ("complete", "refuse"):
            made = self.made(kind)
            assert made["whole"] == ("Integer", 7)
            assert made["broken"] == ("Double", 5.5)
            assert made["truth"] == ("Boolean", True)
            assert made["moment"] == ("Date", "1970-01-01T00:00:00.000+0000")
            assert json.loads(made["list"][1]) == [1, {"a": "b"}]
            assert "passing" not in made  # transient
        assert self.made("complete")["inside"] == ("String", "x")
        assert self.made("unlock") == {}


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    """Four instances whose tasks wait."""
    with httpx.Client(base_url=f"{address}/engine-rest") as client:
        yield Engine(client)


def test_external_tasks_in_javascript(address: str, engine: Engine) -> None:
    seen = node("external_tasks.mjs", address)
    moment = "2024-01-02T03:04:05.000Z"
    assert seen == [[kind, f"order {kind}", {"colour": "red"}, moment, {"a": 1}] for kind in KINDS]
    engine.outcomes()


def test_external_tasks_in_java(address: str, engine: Engine) -> None:
    seen = java("java7", "ExternalTasks.java", address)
    assert seen == "{" + ", ".join(f"{kind}=[order {kind}, {{colour=red}}, 1704164645000]" for kind in KINDS) + "}"
    engine.outcomes()
    assert engine.made("complete")["before"] == ("String", "1")
    assert {engine.made("complete")[name][0] for name in ("bytes", "file")} == {"Bytes", "File"}


# ---------------------------------------------------------------- Camunda 8

ELEMENTS = ["s", "t", "u", "m", "e"]


def test_camunda_8_in_javascript(address: str) -> None:
    assert node("orchestration.mjs", address, str(HERE / "order.bpmn")) == {
        "job": {"currency": "EUR", "amount": 5},
        "candidateGroups": ["sales"],
        "assignee": "demo",
        "taskVariables": ["amount", "charged", "key"],
        "variables": ["amount", "charged", "key", "looked", "paid"],
        "elements": [f"{element} COMPLETED" for element in ELEMENTS],
        "xml": True,
        "incident": [["JOB_NO_RETRIES", "no money"]],
        "cancelled": "TERMINATED",
        "topology": 1,
    }


def test_camunda_8_in_java(address: str) -> None:
    assert java("java8", "Orchestration.java", address, str(HERE / "order.bpmn")).splitlines() == [
        'job {currency=EUR} {"amount":5}',
        "groups [sales]",
        "assigned demo 70",
        'variables [amount=5, charged=10, key="k1", looked=true, paid=1]',
        f"elements [{', '.join(f'{element}:COMPLETED' for element in ELEMENTS)}]",
        "xml true",
        "statistics 5",
        "incident JOB_NO_RETRIES no money",
        "cancelled TERMINATED",
        "topology 1",
    ]
