"""The management commands where they refuse, and what they send to an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from camunda_client.c7 import Worker
from camunda_client.django import ExternalTask
from camunda_client.django.health import report
from camunda_client.django.registry import Registry, external_task
from tests.camunda_client.fake_camunda import fake_camunda

pytestmark = pytest.mark.usefixtures("project")
MODEL = '<process id="p"><serviceTask camunda:topic="work"/></process>'


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    external_task("work", registry=registry)(nothing)
    monkeypatch.setattr("camunda_client.django.working.handlers", registry)


def nothing(task: ExternalTask) -> None: ...


def test_options_win_over_settings(capsys: pytest.CaptureFixture[str]) -> None:
    ran: list[Worker] = []
    with (
        mock.patch.object(Worker, "run", autospec=True, side_effect=ran.append),
        override_settings(CAMUNDA_CLIENT_ID="one"),
    ):
        call_command("start_camunda_workers", "wor*", worker_id="two", concurrency=3)
        call_command("start_camunda_workers", more_topics=["work"])
    assert [(worker.worker_id, worker.max_tasks, list(worker.handlers)) for worker in ran] == [
        ("two", 3, ["work"]),
        ("one", 1, ["work"]),
    ]
    assert "two serves work of http://localhost:8080/engine-rest" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["walet"], {}, "No handler serves the topic 'walet'; there are: work"),
        ([], {"CAMUNDA_CLIENT_MAX_TASKS": "many"}, "CAMUNDA_CLIENT_MAX_TASKS"),
        ([], {"CAMUNDA_REST_URL": "ftp://x"}, "address must read like"),
        (["--concurrency", "0"], {}, "--concurrency"),
    ],
)
def test_what_cannot_be_started(arguments: list[str], settings: dict[str, Any], words: str) -> None:
    with override_settings(**settings), pytest.raises(CommandError, match=words):
        call_command("start_camunda_workers", *arguments)


@pytest.mark.seed(5, 120)
def test_a_worker_that_does_not_run_is_down() -> None:
    worker = Worker("http://localhost:1")
    worker.task("work")(nothing)
    found = report(worker, "default")
    assert (found["status"], found["database"], found["topics"]) == ("DOWN", True, ["work"])


def test_models_are_deployed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.bpmn").write_text(MODEL)
    found = mock.patch("camunda_client.django.management.commands.deploy_processes.process_files")
    with fake_camunda() as (url, engine), override_settings(CAMUNDA_REST_URL=url), found as files:
        files.return_value = [tmp_path / "p.bpmn"]
        call_command("deploy_processes", dry_run=True)
        assert engine.deployments == []
        call_command("deploy_processes")
        assert [row["files"] for row in engine.deployments] == [{"p.bpmn": MODEL.encode()}]
        (tmp_path / "p.bpmn").write_text("<broken/>")
        with pytest.raises(CommandError, match="Could not parse"):
            call_command("deploy_processes")
        files.return_value = []
        with pytest.raises(CommandError, match="processes"):
            call_command("deploy_processes")
        engine.down = True
        files.return_value = [tmp_path / "p.bpmn"]
        with pytest.raises(CommandError, match="503"):
            call_command("deploy_processes")
    assert "p.bpmn" in capsys.readouterr().out
