"""The project as a test sees it: commands in processes of their own, rows in its database."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / "examples" / "phantom_banking"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Project:
    """One database, one engine."""

    url: str
    engine: str

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CAMUNDA_", "DJANGO_"))}
        paths = {"PYTHONPATH": f"{ROOT}{os.pathsep}{HOME}", "PYTHONWARNINGS": "error"}
        mail = {"DJANGO_EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
        engine = {"DATABASE_URL": self.url, "CAMUNDA_REST_URL": self.engine}
        short = {"CAMUNDA_CLIENT_LOCK_DURATION": "1000", "CAMUNDA_CLIENT_ASYNC_RESPONSE_TIMEOUT": "500"}
        return kept | paths | mail | engine | short | {"DJANGO_SETTINGS_MODULE": "phantom_banking.settings"} | more

    def manage(self, *arguments: str, status: int = 0, **environment: str) -> str:
        """What `python manage.py …` says; asserts its exit code."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=HOME, env=self.environment(**environment), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def run(self, program: str, **environment: str) -> str:
        """What a program says that runs inside the project."""
        return self.manage("shell", "--no-imports", "-c", program, **environment)

    @contextlib.contextmanager
    def workers(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """`python manage.py start_camunda_workers` while the block runs."""
        command = [sys.executable, "manage.py", "start_camunda_workers", *arguments]
        child = subprocess.Popen(
            command,
            cwd=HOME,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # with a reloader there are two processes: the group ends as a whole
        )
        try:
            yield child
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate(timeout=10)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows as they are committed, looked at from outside."""
        if self.url.startswith("sqlite"):
            with contextlib.closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=10)) as connection:
                return connection.execute(statement).fetchall()
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    def count(self, table: str, where: str = "1 = 1") -> int:
        return int(self.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])
