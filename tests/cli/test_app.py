from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from camunda_client.c7 import Camunda7Client, FileValue, TypedValue, XmlValue
from procession.cli.exits import MEANINGS, Exit, Quit
from procession.cli.registry import discover
from procession.cli.variables import read_variables
from tests.camunda_client.fake_camunda import FakeCamunda
from tests.camunda_client.models import decision_model, fresh, user_task_model
from tests.cli.conftest import Run


def test_every_command_is_found_and_explained(run: Run) -> None:
    commands = discover()
    assert {"deploy", "evaluate", "start", "tasks"} <= commands.keys()
    for name, function in commands.items():
        assert function.__doc__
        shown = run(*name.split(), "--help")
        assert shown.exit_code == 0
        assert "Exit codes" in shown.stdout


def test_every_exit_code_has_a_meaning() -> None:
    assert list(MEANINGS) == list(Exit)


def test_version(run: Run) -> None:
    assert run("--version").stdout.strip().count(".") == 2


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("a=1", 1),
        ("a=1.5", 1.5),
        ("a=true", True),
        ("a=null", None),
        ("a=Ann", "Ann"),
        ('a="1"', "1"),
        ('a={"b": [1]}', {"b": [1]}),
        ("a=", ""),
        ("a=x=y", "x=y"),
        ("a:String=1", "1"),
        ("a:Long=1", TypedValue("Long", 1)),
        ("a:double=1", 1.0),
        ("a:Boolean=TRUE", True),
        ("a:Date=2026-01-31T00:00:00Z", datetime(2026, 1, 31, tzinfo=UTC)),
        ("a:Json=[1]", [1]),
        ("a:Xml=<a/>", XmlValue("<a/>")),
    ],
)
def test_variables(given: str, value: Any) -> None:
    assert read_variables([given]) == {"a": value}


def test_variables_from_files(tmp_path: Path) -> None:
    text, scan = tmp_path / "text.json", tmp_path / "scan.pdf"
    text.write_text('{"b": 1, "c": 2}')
    scan.write_bytes(b"%PDF\xff")
    assert read_variables([f"a=@{text}"]) == {"a": {"b": 1, "c": 2}}
    assert read_variables([f"a:File=@{scan}"]) == {"a": FileValue(b"%PDF\xff", "scan.pdf")}
    assert read_variables([f"a:Bytes=@{scan}"]) == {"a": b"%PDF\xff"}
    assert read_variables(["c=3"], text) == {"b": 1, "c": 3}


@pytest.mark.parametrize(
    "given", ["a", "=1", "a:Strange=1", "a:Integer=x", "a:Boolean=1", "a=@/no/such/file", "a:Date=x"]
)
def test_variables_that_cannot_be_read(given: str) -> None:
    with pytest.raises(Quit) as caught:
        read_variables([given])
    assert caught.value.code == Exit.USAGE
    assert given in caught.value.message


@pytest.fixture
def process(client: Camunda7Client) -> str:
    """A process with a user task for a user of the same name."""
    key = fresh("flow")
    client.deploy({f"{key}.bpmn": user_task_model(key, key)}, name=key)
    return key


def test_start_and_tasks(url: str, client: Camunda7Client, process: str, run: Run) -> None:
    started = run("start", process, "--var", "age=17", "-v", "name=Ann", "--business-key", "b-1")
    assert started.exit_code == 0, started.stderr
    instance = client.process_instance(started.stdout.strip())
    assert instance.business_key == "b-1"
    assert client.process_variables(instance.id) == {"age": 17, "name": "Ann"}
    listed = run("tasks", "--assignee", process)
    assert "Approve" in listed.stdout
    (task,) = json.loads(run("tasks", "--assignee", process, "--json").stdout)
    assert (task["taskDefinitionKey"], task["processInstanceId"]) == ("approve", instance.id)


def test_start_with_json(url: str, process: str, run: Run) -> None:
    report = json.loads(run("start", process, "-v", "age=17", "--json").stdout)
    assert (report["definitionKey"], report["variables"]) == (process, {"age": 17})


def test_no_tasks(url: str, run: Run) -> None:
    done = run("tasks", "--assignee", fresh("nobody"))
    assert (done.exit_code, done.stdout) == (0, "")
    assert "No open tasks" in done.stderr


def test_evaluate_on_the_server(url: str, client: Camunda7Client, run: Run) -> None:
    key = fresh("risk")
    client.deploy({f"{key}.dmn": decision_model(key)}, name=key)
    assert json.loads(run("evaluate", key, "-v", "age=17", "--json").stdout) == [{"risk": "red"}]
    assert "green" in run("evaluate", key, "-v", "age=18").stdout
    assert run("evaluate", "no-such-decision").exit_code == 1


def test_evaluate_a_file_without_any_server(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "risk.dmn"
    file.write_bytes(decision_model("risk"))
    assert json.loads(run("evaluate", file, "-v", "age=17", "--json").stdout) == [{"risk": "red"}]
    assert json.loads(run("evaluate", file, "-v", "age:Long=18", "-d", "risk", "--json").stdout) == [{"risk": "green"}]
    assert "green" in run("evaluate", file, "-v", "age=18").stdout
    wrong = run("evaluate", file, "-v", "age=18", "-d", "other")
    assert (wrong.exit_code, "risk" in wrong.stderr) == (2, True)
    assert run("evaluate", tmp_path / "none.dmn").exit_code == 2


def test_evaluate_where_no_rule_matches(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "risk.dmn"
    file.write_bytes(decision_model("risk").replace(b"<text></text>", b"<text>&gt; 90</text>"))
    done = run("evaluate", file, "-v", "age=50")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "No rule matched" in done.stderr


def test_evaluate_a_broken_file(tmp_path: Path, run: Run) -> None:
    (tmp_path / "risk.dmn").write_text("<definitions/>")
    assert run("evaluate", tmp_path / "risk.dmn").exit_code == 3


def test_a_process_that_does_not_exist(url: str, run: Run) -> None:
    done = run("start", "no-such-process")
    assert done.exit_code == 1
    assert "no-such-process" in done.stderr


def test_no_engine(run: Run) -> None:
    done = run("tasks", "--url", "http://127.0.0.1:9")
    assert done.exit_code == 4
    assert "does not answer" in done.stderr


def test_wrong_credentials(fake: FakeCamunda, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.user = ("demo", "right")
    assert run("tasks").exit_code == 4
    monkeypatch.setenv("CAMUNDA_USER", "demo")
    monkeypatch.setenv("CAMUNDA_PASSWORD", "wrong-word")
    done = run("tasks")
    assert done.exit_code == 4
    assert "CAMUNDA_PASSWORD" in done.stderr
    assert "wrong-word" not in done.stderr
    monkeypatch.setenv("CAMUNDA_PASSWORD", "right")
    assert run("tasks").exit_code == 0


@pytest.mark.parametrize("arguments", [["tasks", "--url", "ftp://x"], ["tasks", "--limit", "0"], ["nonsense"]])
def test_wrong_command_lines(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_the_console_script_works() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from procession.cli.app import main; main()", "tasks", "--url", "http://127.0.0.1:9"],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=False,
    )
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
