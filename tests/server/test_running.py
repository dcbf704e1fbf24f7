"""`procession serve` from start to SIGTERM, as a process of its own."""

from __future__ import annotations

import json
import signal
import threading
import urllib.request
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner

from procession.cli.app import app
from procession.errors import Unavailable
from procession.server.running import open_engine
from procession.server.settings import Settings
from tests.server.processes import serving


@pytest.mark.fault(20)
def test_it_serves_and_ends_on_sigterm(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        with urllib.request.urlopen(f"{url}/engine-rest/version", timeout=10) as answer:
            assert json.load(answer) == {"version": "7.24.0"}
        poll = threading.Thread(target=_long_poll, args=[url])
        poll.start()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        poll.join(10)
    # a clean end leaves nothing to recover
    assert not (tmp_path / "p.db-wal").exists()


def _long_poll(url: str) -> None:
    body = {"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 60_000}
    body["topics"] = [{"topicName": "t", "lockDuration": 1000}]
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/engine-rest/external-task/fetchAndLock", json.dumps(body).encode(), kind)
    try:
        with urllib.request.urlopen(request, timeout=30):
            pass
    except OSError:
        return


def test_a_wrong_option_is_said_in_words() -> None:
    done = CliRunner().invoke(app, ["serve", "--database", "mysql://x/y"])
    assert done.exit_code == 2
    assert "mysql" in done.output
    assert "Traceback" not in done.output


@pytest.mark.fault(8)
def test_a_database_that_comes_later_is_waited_for(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    server, _, name = postgres_url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:

        def allow(allowed: bool) -> None:
            admin.execute(sql.SQL(f"ALTER DATABASE {{}} ALLOW_CONNECTIONS {allowed}").format(sql.Identifier(name)))

        allow(False)
        with pytest.raises(Unavailable):
            open_engine(Settings(database=postgres_url, pool_timeout=0.1))
        later = threading.Timer(0.5, allow, [True])
        later.start()
        open_engine(Settings(database=postgres_url)).close()
        later.join()
    assert "does not answer yet" in caplog.text
