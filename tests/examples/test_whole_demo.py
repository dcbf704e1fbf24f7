"""The demonstration as a whole.

It comes after the tests that fetch tasks of the same topics by hand: the real Camunda goes on answering the long poll
of a worker that has gone, and locks tasks for it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.examples.rest import INSURANCE, Server


@pytest.mark.seed(4, 33, 37, 788)
def test_every_application_ends_as_it_has_to(server: Server, tmp_path: Path) -> None:
    """The models, both workers, people, timers, errors and messages, in one run of `demo.py`."""
    command = [sys.executable, str(INSURANCE / "demo.py"), "--url", server.root, "--once", "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All 11 applications ended as they have to." in done.stdout
