"""Every model of the corpora gets the verdict the real Camunda 7 gave: what is made, or who is to blame."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from procession.bpmn.model import Process, StartEvent
from procession.bpmn.reader import read_definitions
from procession.camunda7.bpmn import Camunda7
from procession.camunda7.definitions import job_definitions
from procession.errors import ParseFailed
from tests.conformance import corpora

# Refused with a list of problems by us, with a general error by Camunda 7: an element with ten thousand attributes.
KNOWN = {"BpmnParseTest.testParseProcessDefinitionFSP.bpmn20.xml"}


@cache
def recordings() -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for name, models in (("bpmn", corpora.folder("bpmn")), ("real-models", corpora.folder("real-models") / "camunda7")):
        around = corpora.folder("camunda7-recordings") / name
        for path in sorted(around.rglob("*.json")):
            model = models / path.relative_to(around).with_suffix("")
            if model.suffix != ".dmn":
                found.append((model, json.loads(path.read_text())))
    return found


def facts(process: Process) -> dict[str, Any]:
    """What a recording tells of a process that can be seen without running it."""
    initial = process.nodes.get(process.initial or "")
    form = initial.form if isinstance(initial, StartEvent) else None
    jobs = [{"at": j.node_id, "type": j.type, "config": j.configuration} for j in job_definitions(process)]
    told = {
        "key": process.id,
        "name": process.name,
        "category": process.category,
        "tag": process.version_tag,
        "timeToLive": process.history_time_to_live,
        "hidden": None if process.startable_in_tasklist else True,
        "form": form.key.source if form is not None and form.key is not None else None,
        "jobs": sorted(jobs, key=str) or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def recorded(process: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in process.items() if name not in ("version", "timers", "fields")}
    if "rendered-form" in told.get("form", ""):
        del told["form"]
    if "jobs" in told:
        told["jobs"] = sorted(({k: j[k] for k in ("at", "type", "config")} for j in told["jobs"]), key=str)
    return told


def ours(model: Path) -> dict[str, Any]:
    try:
        found = read_definitions(model.read_bytes(), Camunda7(refused={}), model.name)
    except ParseFailed as failed:
        if failed.details.get("aborted"):
            return {"rejected": "ProcessEngineException"}
        return {"rejected": sorted({i for p in failed.problems for i in (p.elements or (f"line {p.line}",))})}
    return {process.id: facts(process) for process in found.processes}


def test_verdicts_are_camundas() -> None:
    differ = {}
    for model, recording in recordings():
        deployment, found = recording["deployment"], ours(model)
        if "rejected" in deployment:
            told = deployment["rejected"]
            expected: dict[str, Any] = {"rejected": told.get("problems", told["type"])}
        else:  # a recording also tells of the companions that were deployed with the model
            expected = {p["key"]: recorded(p) for p in deployment["processes"] if p["key"] in found}
        if found != expected:
            differ[model.name] = (found, expected)
    assert set(differ) == KNOWN, differ


def test_the_corpora_are_there() -> None:
    assert len(recordings()) > 890


@pytest.mark.parametrize("path", sorted(corpora.folder("bpmn-miwg").rglob("*.bpmn")), ids=lambda path: path.stem)
def test_models_of_other_tools_are_read_or_refused(path: Path) -> None:
    """Interchange files of many vendors: whatever they are, the answer is a reading or a list of problems."""
    assert isinstance(ours(path), dict)
