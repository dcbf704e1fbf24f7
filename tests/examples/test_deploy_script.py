"""The controlled deployment: `deploy-process.sh`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.examples.rest import INSURANCE, Server, fresh, process

needs_bash = pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="bash or curl is missing")
SCRIPT = INSURANCE / "scripts" / "deploy-process.sh"


def deploy(
    server: Server, *arguments: str, answer: str = "yes\n", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SCRIPT), *arguments],
        cwd=INSURANCE,
        input=answer,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "CAMUNDA_URL": server.root} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@needs_bash
def test_the_script_shows_asks_and_deploys(server: Server) -> None:
    name = f"{fresh('release')};type=text/plain"
    done = deploy(server, name)
    assert done.returncode == 0, done.stderr
    assert "DEPLOYMENT PREVIEW" in done.stdout
    assert f'"name":"{name}"' in done.stdout.replace('": "', '":"')
    assert "Deployment complete" in done.stdout


@needs_bash
def test_the_script_deploys_nothing_without_a_yes(server: Server) -> None:
    name = fresh("release")
    for answer in ("no\n", ""):
        done = deploy(server, name, answer=answer)
        assert (done.returncode, "Deployment cancelled." in done.stdout) == (0, True)
    assert server.ask("GET", "/deployment", params={"name": name}) == []


@needs_bash
def test_the_script_takes_several_files_with_spaces_in_their_names(server: Server, tmp_path: Path) -> None:
    key = fresh("spaced")
    folder = tmp_path / "my models"
    folder.mkdir()
    paths = [folder / f"{key} {number}.bpmn" for number in (1, 2)]
    body = '<bpmn:startEvent id="start" />'
    for number, path in enumerate(paths):
        path.write_text(process(f"{key}_{number}", body), encoding="utf-8")
    done = deploy(server, key, *map(str, paths))
    assert done.returncode == 0, done.stdout + done.stderr
    (deployment,) = server.ask("GET", "/deployment", params={"name": key})
    names = {one["name"] for one in server.ask("GET", f"/deployment/{deployment['id']}/resources")}
    assert names == {path.name for path in paths}


@needs_bash
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x", "nowhere.bpmn"], "file not found"),
        (["x", "README.md"], "neither .bpmn nor .dmn"),
        (["x", "camunda/risk_rating.dmn", "./camunda/risk_rating.dmn"], "two files of one name"),
    ],
)
def test_the_script_refuses(server: Server, arguments: list[str], said: str) -> None:
    done = deploy(server, *arguments)
    assert done.returncode == 1
    assert said in done.stderr


@needs_bash
def test_the_script_fails_when_the_server_refuses(server: Server, tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_text("<x>", encoding="utf-8")
    done = deploy(server, "broken", str(broken), ASSUME_YES="1")
    assert done.returncode == 1
    assert "Deployment complete" not in done.stdout


@needs_bash
def test_the_script_says_when_nothing_listens() -> None:
    done = deploy(Server("http://127.0.0.1:9"), "x")
    assert done.returncode == 1
    assert "not reachable" in done.stderr
