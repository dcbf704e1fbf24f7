"""`procession work`: the worker's own tests are in tests/camunda_client; here is what the command adds."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from procession.cli.app import app  # type: ignore[attr-defined]

PROGRAM = """
from camunda_client.worker import Handlers

handlers = Handlers()
twice = Handlers()

@twice.task("a")
def first(x: int) -> dict: ...

@twice.task("a")
def second(x: int) -> dict: ...
"""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["some_handlers:nothing"], "nothing called"),
        (["some_handlers"], "say which"),
        (["some_handlers:twice", "--engine", "c8"], "has a handler already"),
        (["some_handlers:handlers", "--engine", "c8", "--url", "ftp://x"], "must read like"),
        (["some_handlers:handlers", "--max-tasks", "0"], "at least 1"),
    ],
)
def test_a_command_line_that_is_wrong(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some_handlers.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    ended = CliRunner().invoke(app, ["work", *arguments])
    assert ended.exit_code == 2
    assert words in " ".join(ended.output.split())


def test_reloading_runs_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again: list[str] = []

    def run_reloading(command: list[str], folders: list[Path]) -> int:
        again.extend(command)
        return 7

    monkeypatch.setattr("camunda_client.worker.running.run_reloading", run_reloading)
    arguments = ["work", "work", "--engine", "c8", "--reload", "--url", "http://x"]
    monkeypatch.setattr("sys.argv", ["procession", *arguments])
    assert CliRunner().invoke(app, arguments).exit_code == 7
    assert again[1:] == ["-m", "camunda_client.worker.command", "work", "--engine", "c8", "--url", "http://x"]
