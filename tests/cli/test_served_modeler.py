"""`procession transfer DIR` over HTTP to the modeler of `procession serve --modeler`, with its users and on its database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from procession import open_engine
from procession.server.application import create_app

PROGRAM = Path(sys.executable).with_name("procession")
BPMN = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
    '<process id="p" isExecutable="true"><startEvent id="s"/></process></definitions>'
)
Served = Callable[..., str]


@contextmanager
def serving(database: str, folder: Path, *options: str, **environment: str) -> Iterator[str]:
    """A server of its own on a free port; gives its address."""
    log = folder / "server.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(PROGRAM), "serve", "--port", "0", "--no-job-executor", "--database", database, *options],
            env={"PATH": os.environ["PATH"], **environment}, cwd=folder, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while "answers at " not in (said := log.read_text(encoding="utf-8")):
            assert child.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.05)
        yield said.split("answers at ")[1].split("/engine-rest")[0].replace("localhost", "127.0.0.1")
    finally:
        child.terminate()
        child.wait(30)


@pytest.fixture
def served(tmp_path: Path, database_url: str) -> Iterator[Served]:
    with ExitStack() as stack:

        def serve(*options: str, **environment: str) -> str:
            return stack.enter_context(serving(database_url, tmp_path, *options, **environment))

        yield serve


def transfer(folder: Path, root: str, secret: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "CAMUNDA_MODELER_API_URL": f"{root}/modeler/api/v1",
        "CAMUNDA_OAUTH_URL": f"{root}/oauth/token",
        "CAMUNDA_CLIENT_ID": "admin",
        "CAMUNDA_CLIENT_SECRET": secret,
        "CAMUNDA_TARGET_PROJECT_NAME": "Orders",
    }
    return subprocess.run(
        [str(PROGRAM), "transfer", str(folder), "--json"], env=environment, capture_output=True, text=True, check=False
    )


def test_a_folder_is_transferred_and_found_again(served: Served, tmp_path: Path) -> None:
    """With authentication: the modeler's clients are the engine's users."""
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "orders.bpmn").write_text(BPMN)
    (folder / "ask.form").write_text('{"type": "default", "components": []}')
    users = {"PROCESSION_ADMIN_USER": "admin", "PROCESSION_ADMIN_PASSWORD": "s3cret"}
    root = served("--modeler", "--auth", **users)
    done = transfer(folder, root, "s3cret")
    assert (done.returncode, json.loads(done.stdout)["uploadedFiles"]) == (0, 2), done.stderr
    found = httpx.post(f"{root}/modeler/api/v1/files/search", json={}, auth=("admin", "s3cret")).json()
    assert sorted(item["name"] for item in found["items"]) == ["ask.form", "orders.bpmn"]
    assert httpx.post(f"{root}/modeler/api/v1/files/search", json={}).status_code == 401
    assert transfer(folder, root, "wrong").returncode == 4


def test_without_a_store_there_is_no_modeler() -> None:
    with open_engine("sqlite://") as engine:
        assert TestClient(create_app(engine)).get("/modeler/api/v1/info").status_code == 404
