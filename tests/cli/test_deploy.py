from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from camunda_client.c7 import Camunda7Client
from procession.cli.models import check, collect
from tests.camunda_client.fake_camunda import FakeCamunda
from tests.camunda_client.models import decision_model, external_task_model, fresh, user_task_model
from tests.cli.conftest import Run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a process and a decision, both never seen before."""
    process, decision = fresh("flow"), fresh("risk")
    (tmp_path / "flow.bpmn").write_bytes(user_task_model(process, "ann"))
    (tmp_path / "risk.dmn").write_bytes(decision_model(decision))
    (tmp_path / "notes.txt").write_text("not a model")
    return tmp_path


def changes(report: str) -> list[tuple[str, int | None, int | None]]:
    found: list[dict[str, Any]] = json.loads(report)["changes"]
    return [(row["state"], row["versionBefore"], row["versionAfter"]) for row in found]


def test_first_new_then_unchanged_then_changed(folder: Path, url: str, run: Run) -> None:
    name = fresh("deployment")
    first = run("deploy", folder, "--name", name, "--yes", "--json")
    assert first.exit_code == 0, first.stderr
    assert changes(first.stdout) == [("new", None, 1), ("new", None, 1)]
    assert json.loads(first.stdout)["deployment"]["name"] == name
    second = run("deploy", folder, "--name", name, "--yes", "--json")
    assert changes(second.stdout) == [("unchanged", 1, 1), ("unchanged", 1, 1)]
    assert json.loads(second.stdout)["deployment"] is None
    model = folder / "flow.bpmn"
    model.write_bytes(model.read_bytes().replace(b'name="Approve"', b'name="Approve it"'))
    third = run("deploy", folder, "--name", name, "--yes", "--json")
    assert changes(third.stdout) == [("changed", 1, 2), ("unchanged", 1, 1)]
    assert list(json.loads(third.stdout)["deployment"]["deployedProcessDefinitions"] or {}) != []


def test_the_preview_counts_running_instances(folder: Path, url: str, client: Camunda7Client, run: Run) -> None:
    report = json.loads(run("deploy", folder, "--yes", "--json").stdout)
    key = report["changes"][0]["key"]
    client.start_process(key)
    shown = run("deploy", folder, "--dry-run").stdout
    assert "1 on v1" in shown
    assert "unchanged" in shown
    assert "Nothing to do" in shown


def test_a_dry_run_changes_nothing(folder: Path, fake: FakeCamunda, run: Run) -> None:
    done = run("deploy", folder, "--dry-run")
    assert done.exit_code == 0
    assert "new" in done.stdout
    assert fake.deployments == []


def test_nobody_to_ask(folder: Path, fake: FakeCamunda, run: Run) -> None:
    done = run("deploy", folder)
    assert done.exit_code == 5
    assert "--yes" in done.stderr
    assert fake.deployments == []


@pytest.mark.parametrize(("answer", "code", "deployed"), [("y\n", 0, 1), ("n\n", 5, 0)])
def test_it_asks(
    folder: Path, fake: FakeCamunda, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, deployed: int
) -> None:
    monkeypatch.setattr("procession.cli.commands.deploy.can_ask", lambda: True)
    done = run("deploy", folder, input=answer)
    assert (done.exit_code, len(fake.deployments)) == (code, deployed)
    assert "Deploy 2 files?" in done.stderr


def test_a_bound_reference_takes_the_others_along(tmp_path: Path, fake: FakeCamunda, run: Run) -> None:
    flow = external_task_model("bound", "t").replace(
        b'<serviceTask id="work" camunda:type="external" camunda:topic="t"/>',
        b'<businessRuleTask id="work" camunda:decisionRef="rate" camunda:decisionRefBinding="deployment"/>',
    )
    (tmp_path / "flow.bpmn").write_bytes(flow)
    (tmp_path / "rate.dmn").write_bytes(decision_model("rate"))
    assert run("deploy", tmp_path, "--yes", "--no-check").exit_code == 0
    (tmp_path / "flow.bpmn").write_bytes(flow.replace(b'id="end"', b'id="end" name="End"'))
    report = run("deploy", tmp_path, "--yes", "--no-check", "--json").stdout
    assert changes(report) == [("changed", 1, 2), ("goes along", 1, 2)]
    assert len(fake.deployments[-1]["files"]) == 2


def test_forms_are_compared_with_the_last_deployment_of_that_name(tmp_path: Path, fake: FakeCamunda, run: Run) -> None:
    (tmp_path / "flow.bpmn").write_bytes(user_task_model("with_form", "ann"))
    (tmp_path / "ask.form").write_text('{"id": "ask"}')
    assert changes(run("deploy", tmp_path, "--yes", "--json").stdout) == [("new", None, None), ("new", None, 1)]
    assert changes(run("deploy", tmp_path, "--yes", "--json").stdout) == [
        ("unchanged", None, None),
        ("unchanged", 1, 1),
    ]
    (tmp_path / "ask.form").write_text('{"id": "ask", "components": []}')
    assert changes(run("deploy", tmp_path, "--yes", "--json").stdout)[0] == ("changed", None, None)


def test_problems_are_found_here_before_anything_is_sent(tmp_path: Path, fake: FakeCamunda, run: Run) -> None:
    model = tmp_path / "bad.bpmn"
    model.write_bytes(user_task_model("bad", "ann").replace(b'targetRef="end"', b'targetRef="nowhere"'))
    done = run("deploy", model, "--yes")
    assert done.exit_code == 3
    assert "nowhere" in done.stderr
    assert "bad.bpmn" in done.stderr
    assert fake.requests == []


def test_a_file_that_is_not_xml(tmp_path: Path, fake: FakeCamunda, run: Run) -> None:
    (tmp_path / "bad.dmn").write_text("<definitions>")
    assert run("deploy", tmp_path / "bad.dmn", "--yes", "--no-check").exit_code == 3


def test_the_servers_verdict_is_shown(tmp_path: Path, url: str, run: Run) -> None:
    model = tmp_path / "refused.bpmn"
    model.write_bytes(user_task_model(fresh("refused"), "ann").replace(b'<endEvent id="end"/>', b'<broken id="x"/>'))
    done = run("deploy", model, "--yes", "--no-check")
    assert done.exit_code == 3
    assert "broken" in done.stderr
    assert "Nothing was deployed" in done.stderr


@pytest.mark.parametrize("given", ["missing.bpmn", "empty"])
def test_nothing_to_deploy(tmp_path: Path, run: Run, given: str) -> None:
    (tmp_path / "empty").mkdir()
    assert run("deploy", tmp_path / given).exit_code == 2


def test_no_two_files_of_one_name(tmp_path: Path, run: Run) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "flow.bpmn").write_bytes(user_task_model("flow", "ann"))
    done = run("deploy", tmp_path / "one", tmp_path / "two")
    assert done.exit_code == 2
    assert "same name: flow.bpmn" in done.stderr


def test_what_a_file_defines(tmp_path: Path) -> None:
    idle = b'<process id="idle" isExecutable="false"/></definitions>'
    (tmp_path / "flow.bpmn").write_bytes(user_task_model("flow", "ann").replace(b"</definitions>", idle))
    (model,) = check(collect([tmp_path]), validate=False).models
    assert [(definition.kind, definition.key) for definition in model.definitions] == [("process", "flow")]
    assert not model.bound
