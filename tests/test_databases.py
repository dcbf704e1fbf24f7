"""The databases that tests get are real, empty and their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url

from tests import postgres


@pytest.mark.parametrize("round_number", [1, 2])
def test_a_database_is_fresh(database_url: str, round_number: int) -> None:
    url = make_url(database_url)
    engine = create_engine(url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE once (id BIGINT PRIMARY KEY)"))
    engine.dispose()


def test_a_template_is_prepared_once_and_copied(postgres_server: postgres.Server) -> None:
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE made (id BIGINT)")

    name = f"template_{os.getpid()}"
    postgres_server.create_template(name, prepare)
    postgres_server.create_template(name, prepare)
    url = postgres_server.create_database(name)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM made").fetchone() == (0,)
    assert len(prepared) == 1
    postgres_server.drop_database(url)


def test_no_one_enters_without_the_password(postgres_server: postgres.Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres_server.url().replace(postgres_server.password, "wrong"))


def test_the_server_goes_when_its_owner_is_killed(postgres_server: postgres.Server) -> None:
    program = "import time; from tests import postgres; print(postgres.start().folder, flush=True); time.sleep(600)"
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    folder = Path(owner.stdout.readline().strip())
    assert (folder / "data" / "PG_VERSION").exists()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    deadline = time.monotonic() + 20
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()
