"""What the README shows runs as it stands there."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import httpx

from tests.camunda7.served import served

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
SHELL = "\n".join(re.findall(r"^```\n(.*?)^```", README, re.MULTILINE | re.DOTALL)).replace("\\\n", " ")

ASSESS = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
 xmlns:camunda="http://camunda.org/schema/1.0/bpmn"><process id="assess" isExecutable="true">
<startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="t"/>
<serviceTask id="t" camunda:type="external" camunda:topic="determine-riskgroup"/>
<boundaryEvent id="b" attachedToRef="t"><errorEventDefinition errorRef="r"/></boundaryEvent>
<sequenceFlow id="c" sourceRef="t" targetRef="grown_up"/><endEvent id="grown_up"/>
<sequenceFlow id="d" sourceRef="b" targetRef="too_young"/><endEvent id="too_young"/></process>
<error id="r" errorCode="TOO_YOUNG"/></definitions>"""


def _block(word: str) -> str:
    (found,) = (block for block in PYTHON if word in block)
    return found


def _curls(address: str) -> list[list[str]]:
    """The README's calls, aimed at another server."""
    lines = [line for line in SHELL.splitlines() if line.startswith("curl ")]
    return [shlex.split(line.replace("http://localhost:8080/engine-rest", address)) for line in lines]


def test_an_engine_in_ones_own_program(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "own.py").write_text(_block("open_engine"), encoding="utf-8")
    ran = subprocess.run([sys.executable, "own.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(r"\d+ is waiting\n", ran.stdout)


def test_deploying_and_starting_with_curl(sqlite_url: str) -> None:
    """The calls are read, not handed to curl, which a machine may not have."""
    with served(sqlite_url) as (_, address):
        deploy, start = _curls(address)
        form = dict(part.split("=", 1) for option, part in pairwise(deploy) if option == "-F")
        files = {name: (path[1:], (ROOT / path[1:]).read_bytes()) for name, path in form.items() if path[0] == "@"}
        data = {name: value for name, value in form.items() if name not in files}
        made = httpx.post(deploy[-1], data=data, files=files)
        assert len(made.raise_for_status().json()["deployedProcessDefinitions"]) == 2
        body = start[start.index("-d") + 1]
        begun = httpx.post(start[-1], content=body, headers={"Content-Type": "application/json"})
        assert begun.raise_for_status().json()["ended"] is False


def test_a_worker(sqlite_url: str, tmp_path: Path) -> None:
    with served(sqlite_url) as (_, address):
        (tmp_path / "worker.py").write_text(
            _block("worker.run()").replace("http://localhost:8080/engine-rest", address)
        )
        httpx.post(f"{address}/deployment/create", files={"a.bpmn": ("a.bpmn", ASSESS)}).raise_for_status()
        ends = {_started(address, age): end for age, end in ((17, "too_young"), (18, "grown_up"))}
        worker = subprocess.Popen([sys.executable, "worker.py"], cwd=tmp_path, stderr=subprocess.PIPE)
        try:
            assert {instance: _end(address, instance) for instance in ends} == ends
        finally:
            worker.send_signal(signal.SIGTERM)
            _, said = worker.communicate(timeout=30)
        assert worker.returncode == 0, said


def _started(address: str, age: int) -> str:
    begun = httpx.post(f"{address}/process-definition/key/assess/start", json={"variables": {"age": {"value": age}}})
    return str(begun.raise_for_status().json()["id"])


def _end(address: str, instance: str) -> str:
    """The end event that an instance comes to, within half a minute."""
    deadline = time.monotonic() + 30
    query = {"processInstanceId": instance, "activityType": "noneEndEvent"}
    while not (found := httpx.get(f"{address}/history/activity-instance", params=query).json()):
        assert time.monotonic() < deadline, "the worker did not complete it"
        time.sleep(0.05)
    return str(found[0]["activityId"])
