"""Answers health checks of a worker process: `/health/live`, `/health/ready`, and `/health` with the numbers.

Ready means: the worker runs, the engine answered its last request, and the database answers.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.db import close_old_connections, connections
from django.db.utils import Error as DatabaseError

from camunda_client.c7 import Worker

log = logging.getLogger("camunda_client.django")


def database_answers(alias: str) -> bool:
    """Asks the database next to nothing, on a connection of this thread that is closed again."""
    close_old_connections()
    connection = connections[alias]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    except DatabaseError:
        return False
    finally:
        connection.close()


def report(worker: Worker, database: str) -> dict[str, Any]:
    """What a check is told."""
    status = worker.status()
    answers = database_answers(database)
    return {
        "status": "UP" if status.running and status.connected and answers else "DOWN",
        "database": answers,
        "worker_id": worker.worker_id,
        "topics": sorted(worker.handlers),
        **asdict(status),
    }


@contextmanager
def serving(worker: Worker, database: str, host: str, port: int) -> Iterator[int]:
    """Answers in threads of its own while the block runs; gives the port (chosen by the system for port 0)."""
    server = ThreadingHTTPServer((host, port), _handler(lambda: report(worker, database)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="camunda-health", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(report: Callable[[], dict[str, Any]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            match self.path:
                case "/health/live":
                    self._answer(200, {"status": "UP"})
                case "/health/ready":
                    status = report()["status"]
                    self._answer(200 if status == "UP" else 503, {"status": status})
                case "/health":
                    self._answer(200, report())
                case _:
                    self._answer(404, {"status": "NOT FOUND"})

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            log.debug("health: " + format, *args)

    return Handler
