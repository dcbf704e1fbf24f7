"""`kill -9` under load, on both databases: every instance ends once, nothing is lost or done twice."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from tests.faults.killing import check, die_and_recover, kill_and_restart


@pytest.mark.fault(1)
def test_killed_under_load(database_url: str, tmp_path: Path) -> None:
    outcome = kill_and_restart(database_url, tmp_path, total=20, kills=2, chance=random.Random(1))
    assert outcome.violations == []
    assert outcome.kills == 2


@pytest.mark.fault(1, 15)
def test_one_of_two_nodes_is_killed(postgres_url: str, tmp_path: Path) -> None:
    outcome = kill_and_restart(postgres_url, tmp_path, total=20, kills=1, nodes=2, chance=random.Random(2))
    assert outcome.violations == []
    assert outcome.kills == 1


@pytest.mark.parametrize("statement", [30, 77])
@pytest.mark.fault(1)
def test_killed_at_a_statement(database_url: str, tmp_path: Path, statement: int) -> None:
    outcome = die_and_recover(database_url, tmp_path, statement)
    assert (outcome.violations, outcome.kills) == ([], 1)


TAMPERED = {
    "an instance that never ended": "UPDATE history_instance SET state = 'ACTIVE' WHERE process_id = 'p' AND business_key = '0'",
    "an instance twice": "UPDATE history_instance SET business_key = '1' WHERE business_key = '0'",
    "a lost instance": "DELETE FROM history_instance WHERE business_key = '1'",
    "a token twice": "UPDATE history_activity SET node = 'user' WHERE node = 'timer'",
    "a token lost": "DELETE FROM history_activity WHERE node = 'last'",
    "a job that was lost": "DELETE FROM history_job_log WHERE state = 'successful' AND node = 'timer'",
    "a job that failed": "UPDATE history_job_log SET state = 'failed' WHERE state = 'successful' AND node = 'last'",
    "a task of a worker lost": "DELETE FROM history_external_log WHERE state = 'successful'",
    "half a completion": "DELETE FROM history_variable WHERE name = 'left'",
    "a task deleted": "UPDATE history_task SET delete_reason = 'deleted'",
    "something left over": "INSERT INTO event_subscription (key, kind, node, definition, created) VALUES (1, 'message', 'n', 1, 1)",
}


def test_the_check_sees_what_is_wrong(sqlite_url: str, tmp_path: Path) -> None:
    outcome = kill_and_restart(sqlite_url, tmp_path, total=2, kills=0, chance=random.Random(3))
    assert outcome.violations == []
    whole = (tmp_path / "procession.db").read_bytes()
    for what, statement in TAMPERED.items():
        copy = tmp_path / "copy.db"
        copy.write_bytes(whole)
        connection = sqlite3.connect(copy)
        with connection:
            assert connection.execute(statement).rowcount > 0, what
        connection.close()
        assert check(f"sqlite:///{copy}", tmp_path / "acknowledged", 2) != [], what
