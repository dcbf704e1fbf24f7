"""`procession transfer DIR` against the local modeler on a socket: no cloud anywhere."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import uvicorn
from starlette.applications import Starlette
from typer.testing import CliRunner, Result

from procession.cli.app import app
from procession.modeler import ModelerOptions, Store, modeler_routes, open_store
from tests.functions.camunda_transfer.world import BPMN, FOLDER, FORM, SERVICE, database_environment

LINT = Path(__file__).parent.parent / "lint"
DMN = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n"/>'


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The content of a modeler that listens on loopback, which the environment names."""
    content = open_store()
    routes = modeler_routes(content, ModelerOptions({"me": "secret"}))
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off"))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        root = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        environment = {
            "CAMUNDA_MODELER_API_URL": f"{root}/api/v1",
            "CAMUNDA_OAUTH_URL": f"{root}/oauth/token",
            "CAMUNDA_CLIENT_ID": "me",
            "CAMUNDA_CLIENT_SECRET": "secret",
            "DATABASE_HOST": "",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield content
        server.should_exit = True
        thread.join()
    content.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a main model, another, a form, a decision, a manifest, and JSON that is none of these."""
    home = tmp_path / "orders"
    (home / "parts").mkdir(parents=True)
    (home / "a-sub.bpmn").write_text(BPMN.format("a"))
    (home / "orders.bpmn").write_text(BPMN.format("orders"))
    (home / "parts" / "ask.form").write_text(FORM)
    (home / "parts" / "decide.dmn").write_text(DMN)
    (home / "package.json").write_text("{}")
    (home / "manifest.json").write_text(json.dumps({"serviceId": SERVICE, "serviceName": "Orders"}))
    return home


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["transfer", *map(str, arguments)])


def test_a_folder_goes_into_a_new_folder_each_time(store: Store, folder: Path) -> None:
    done = run(folder, "--json")
    assert (done.exit_code, json.loads(done.stdout)["uploadedFiles"]) == (0, 5), done.output
    assert sorted(row["name"] for row in store.files()) == [
        "a-sub.bpmn",
        "ask.form",
        "decide.dmn",
        "manifest.form",
        "orders.bpmn",
    ]
    assert run(folder).exit_code == 0
    assert len(store.files()) == 10


def test_into_brings_one_folder_up_to_date(store: Store, folder: Path) -> None:
    assert run(folder, "--into", "Latest").exit_code == 0
    (folder / "parts" / "ask.form").write_text('{"components": [], "id": "new"}')
    assert run(folder, "--into", "Latest").exit_code == 0
    assert {row["name"]: row["revision"] for row in store.files()} == {
        "a-sub.bpmn": 1,
        "ask.form": 2,
        "decide.dmn": 1,
        "manifest.form": 1,
        "orders.bpmn": 1,
    }
    assert [row["path"][0][1] for row in store.files()] == ["Latest"] * 5


def test_with_a_database_a_repeat_does_nothing_and_the_time_is_noted(
    store: Store, folder: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in database_environment(postgres_url).items():
        monkeypatch.setenv(name, value)
    with psycopg.connect(postgres_url, autocommit=True) as database:
        database.execute((FOLDER / "schema.sql").read_bytes())
        database.execute("INSERT INTO manual_services (id, name) VALUES (%s, 'Orders')", [SERVICE])
        assert [run(folder).exit_code for _ in range(2)] == [0, 0]
        assert len(store.files()) == 5
        row = database.execute("SELECT last_camunda_transfer IS NOT NULL FROM manual_services").fetchone()
        assert row == (True,)


def test_dry_run_lists_the_main_model_first_and_sends_nothing(folder: Path) -> None:
    done = run(folder, "--dry-run", "--name", "Orders")
    assert done.stdout.splitlines()[0] == "bpmn\torders.bpmn"
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 5)


def test_a_model_with_problems_is_exit_3(folder: Path) -> None:
    (folder / "bad.bpmn").write_text("<x/>")
    assert run(folder).exit_code == 3


def test_what_lint_finds_is_exit_3_unless_told_not_to(store: Store, folder: Path) -> None:
    (folder / "calls.bpmn").write_text((LINT / "unresolved-reference" / "bad-call.bpmn").read_text())
    done = run(folder)
    assert (done.exit_code, store.files()) == (3, [])
    assert (
        "calls.bpmn, line 6: there is no process 'nowhere' in these files (call, rule unresolved-reference)"
        in done.output
    )
    assert (run(folder, "--no-lint").exit_code, len(store.files())) == (0, 6)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", "["),
        ("manifest.json", '{"serviceId": "1"}'),
        ("parts/orders.bpmn", BPMN),
        ("latin.form", "\xe4"),
    ],
)
def test_a_folder_that_cannot_be_used_is_exit_2(folder: Path, name: str, content: str) -> None:
    (folder / name).write_bytes(content.encode("latin-1"))
    assert run(folder).exit_code == 2


def test_no_modeler_there_is_exit_4(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMUNDA_CLIENT_SECRET", "wrong")
    assert run(folder).exit_code == 4
    monkeypatch.delenv("CAMUNDA_OAUTH_URL")
    done = run(folder)
    assert (done.exit_code, "CAMUNDA_OAUTH_URL is not set" in done.output) == (2, True)
