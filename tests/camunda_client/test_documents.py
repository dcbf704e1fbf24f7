"""The tutorial and the how-to, word for word, and the library's document: all against Procession's own /v2."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import camunda_client.config as config
from camunda_client.c8 import Camunda8Client
from camunda_client.c8.auth import get_token
from camunda_client.c8.worker import clear
from tests.camunda_client.fake_camunda8 import wait_until
from tests.camunda_client.test_seed_library import PROGRAMS
from tests.faults.workers import Server

DOCS = Path(__file__).resolve().parents[2] / "docs"


def blocks(document: str) -> list[str]:
    text = (DOCS / document).read_text(encoding="utf-8")
    return re.findall(r"```(?:python|xml)\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Procession on a SQLite file."""
    own = Server(tmp_path_factory.mktemp("served"))
    own.come()
    try:
        yield own.url
    finally:
        own.go()


def python(*arguments: str, folder: Path, url: str) -> str:
    """What a program prints."""
    environment = {"PATH": "/usr/bin:/bin", "CAMUNDA_REST_ADDRESS": url, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended.stdout


def test_the_tutorial(server: str, tmp_path: Path) -> None:
    model, start, orders, look, tests = blocks("tutorial/first-camunda-8-worker.md")
    files = {"order.bpmn": model, "start.py": start, "orders.py": orders, "look.py": look, "test_orders.py": tests}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert "deployed order" in python("start.py", folder=tmp_path, url=server)
    command = [sys.executable, "-m", "camunda_client.worker.command", "orders", "--engine", "c8", "--url", server]
    command += ["--poll-timeout", "0.5"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as worker:
        try:
            with Camunda8Client(server) as client:
                wait_until(lambda: len(client.search_process_instances(state="COMPLETED")) == 2, 90)
        finally:
            worker.terminate()
        assert worker.wait(60) == 0
    told = python("look.py", folder=tmp_path, url=server)
    assert "'receipt': '4242-80.00'" in told
    assert "'limit': 5000" in told
    assert told.count("COMPLETED") == 2
    assert "2 passed" in python("-m", "pytest", "-q", "-p", "no:cacheprovider", folder=tmp_path, url=server)


def test_the_how_to(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, handlers = blocks("how-to/from-local-to-cluster.md")
    try:
        exec(settings.replace("http://localhost:8080", server), {})  # noqa: S102 - a document's own program
        token, seconds = get_token()
        assert token
        assert seconds > 0
        from camunda_client.c8.api import get_cluster_topology

        assert get_cluster_topology().cluster_size == 1
    finally:
        config.reset_config()
    from camunda_client.testing import Complete, perform

    names: dict[str, object] = {}
    exec(handlers, names)  # noqa: S102
    outcome = perform(names["charge_card"], {"amount": 5, "card": "4242"})  # type: ignore[arg-type]
    assert outcome == Complete({"receipt": "4242-5.00"})


def test_the_how_to_of_workers(tmp_path: Path) -> None:
    for text in blocks("how-to/workers.md"):
        (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    assert "2 passed" in python("-m", "pytest", "-q", "-p", "no:cacheprovider", folder=tmp_path, url="http://localhost")


MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
    xmlns:modeler="http://camunda.org/schema/modeler/1.0" modeler:executionPlatform="Camunda Cloud"
    modeler:executionPlatformVersion="8.6.0" targetNamespace="seed">
  <process id="seed" isExecutable="true">
    <startEvent id="s"><outgoing>a</outgoing></startEvent><sequenceFlow id="a" sourceRef="s" targetRef="t"/>
    <serviceTask id="t"><extensionElements><zeebe:taskDefinition type="a-camunda-job-type"/></extensionElements>
      <incoming>a</incoming><outgoing>b</outgoing></serviceTask>
    <sequenceFlow id="b" sourceRef="t" targetRef="e"/><endEvent id="e"><incoming>b</incoming></endEvent>
  </process>
</definitions>"""


def test_the_librarys_programs_on_our_server(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("CAMUNDA_CLIENT_ID", "a-client"),
        ("CAMUNDA_CLIENT_SECRET", "its-secret"),
        ("CAMUNDA_TOKEN_URL", f"{server}/oauth/token"),
        ("CAMUNDA_API_BASE_URL", server),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "seed_application.py").write_text(PROGRAMS["application"])
    with Camunda8Client(server) as client:
        client.deploy_resources({"seed.bpmn": MODEL})
        keys = [client.create_process_instance(process_definition_id="seed").process_instance_key for _ in range(5)]
        try:
            import seed_application as module

            module.configure()

            def pressed(_: float) -> None:
                states = [client.get_process_instance(key).state for key in keys]
                if states != ["COMPLETED"] * 5:
                    time.sleep(0.05)
                    return
                raise KeyboardInterrupt

            monkeypatch.setattr(module, "time", SimpleNamespace(sleep=pressed))
            module.application_loop()
        finally:
            clear()
            config.reset_config()
            sys.modules.pop("seed_application", None)
        found = client.search_variables(process_instance_key=keys[0], name="output")
        assert [item.decoded for item in found] == ["some output for the next task"]
