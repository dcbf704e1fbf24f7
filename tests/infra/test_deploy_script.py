"""infra/aws/deploy.sh with a stand-in for the aws command."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "infra" / "aws"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A copy of the folder, with the example of an account filled in."""
    copy = tmp_path / "aws"
    shutil.copytree(FOLDER, copy)
    (copy / "parameters" / "account.json").write_bytes((copy / "parameters" / "account.example.json").read_bytes())
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "aws").write_text('#!/usr/bin/env bash\nprintf "%s\\n" "$*" >>"$AWS_CALLS"\n')
    (commands / "aws").chmod(0o755)
    return copy


def deploy(there: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    calls = there.parent / "calls"
    environment = {"PATH": f"{there.parent / 'bin'}:{os.environ['PATH']}", "AWS_CALLS": str(calls)}
    done = subprocess.run(
        [str(there / "deploy.sh"), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    return done, calls.read_text().splitlines() if calls.exists() else []


def test_change_sets_are_shown_and_nothing_is_changed_without_yes(there: Path) -> None:
    done, calls = deploy(there, "prod")
    assert done.returncode == 0, done.stderr
    assert [call.split("--stack-name ")[1].split()[0] for call in calls] == [
        f"camunda-prod-{stack}" for stack in ("network", "database", "platform", "pipeline", "alarms", "identity")
    ]
    assert all("--no-execute-changeset" in call for call in calls)
    assert "Environment=prod InstanceClass=db.r6g.large Replica=true" in calls[1]
    assert "CorporateCidr=192.0.2.10/32" in calls[0]


def test_with_yes_one_stack_is_changed(there: Path) -> None:
    done, calls = deploy(there, "--yes", "dev", "database")
    assert (done.returncode, len(calls)) == (0, 1)
    assert "--no-execute-changeset" not in calls[0]


@pytest.mark.parametrize("arguments", [(), ("other",), ("account",)])
def test_another_environment_is_refused(there: Path, arguments: tuple[str, ...]) -> None:
    done, calls = deploy(there, *arguments)
    assert (done.returncode, calls, "usage" in done.stderr) == (2, [], True)


def test_without_the_account_nothing_begins(there: Path) -> None:
    (there / "parameters" / "account.json").unlink()
    done, calls = deploy(there, "dev")
    assert (done.returncode, calls, "account.json is missing" in done.stderr) == (2, [], True)
