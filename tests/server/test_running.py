"""`procession serve` from start to SIGTERM, as a process of its own."""

from __future__ import annotations

import json
import signal
import threading
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from procession.cli.app import app
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
