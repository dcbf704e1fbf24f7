"""`python manage.py start_camunda_workers`: serves the project's external tasks until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import os
import signal
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import autoreload

from camunda_client.c7 import Worker
from camunda_client.django.conf import DjangoSettings
from camunda_client.django.health import serving
from camunda_client.django.working import make_worker
from camunda_client.errors import SettingsError


class Command(BaseCommand):
    """Options win over settings and environment (`camunda_client.django.conf`)."""

    help = "Serves the external tasks of all installed apps until SIGTERM or Ctrl-C; a second signal ends the grace."
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What can be said on the command line."""
        parser.add_argument(
            "topics", nargs="*", metavar="TOPIC", help="serve these only; patterns such as 'wallet-*'; default: all"
        )
        parser.add_argument(
            "--topics", nargs="+", dest="more_topics", default=[], metavar="TOPIC", help="the same as an option"
        )
        parser.add_argument("--concurrency", type=_positive, metavar="N", help="tasks in work at once")
        parser.add_argument("--worker-id", metavar="ID", help="who locks the tasks")
        parser.add_argument("--reload", action="store_true", help="start anew when the code changes (development)")
        parser.add_argument("--health-port", type=int, metavar="PORT", help="answer /health/live and /health/ready")
        parser.add_argument("--health-host", metavar="HOST", help="at this address (default: this machine only)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Returns, with exit code 0, after a graceful stop."""
        if options["reload"]:
            _reloading(lambda: self._worker(options))
            return
        with self._worker(options) as worker:
            worker.run()

    @contextmanager
    def _worker(self, options: dict[str, Any]) -> Iterator[Worker]:
        _show_log(options["verbosity"])
        try:
            settings = DjangoSettings.load()
            topics = [*options["topics"], *options["more_topics"]]
            worker = make_worker(settings, topics, concurrency=options["concurrency"], worker_id=options["worker_id"])
        except SettingsError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{worker.worker_id} serves {', '.join(sorted(worker.handlers))} of {worker.settings.url}")
        port = settings.client_health_port if options["health_port"] is None else options["health_port"]
        host = options["health_host"] or settings.client_health_host
        # the checks before the start used this thread's connection; while the worker runs nobody needs it
        connections.close_all()
        if not port:
            yield worker
        else:
            with serving(worker, settings.client_database, host, port):
                self.stdout.write(f"Health checks at http://{host}:{port}/health")
                self.stdout.flush()
                yield worker
        self.stdout.write("Worker stopped")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("at least 1")
    return number


def _show_log(verbosity: int) -> None:
    """A project without LOGGING for us would show warnings only: say what the worker does."""
    log = logging.getLogger("camunda_client")
    if not log.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
        log.addHandler(handler)
    if log.level == logging.NOTSET:
        log.setLevel({0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG))


def _reloading(make: Any) -> None:
    """Runs under Django's reloader. Before the process is replaced, and at its end, the worker finishes its tasks."""
    if os.environ.get(autoreload.DJANGO_AUTORELOAD_ENV) == "true":
        signal.signal(signal.SIGINT, signal.default_int_handler)
    else:
        # the watching parent would end its child a quarter of a second after Ctrl-C: the child alone hears of it
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    running: list[Worker] = []
    finished = threading.Event()

    def serve() -> None:
        try:
            with make() as worker:
                running.append(worker)
                worker.run()  # in the reloader's thread: signals are the main thread's
        finally:
            finished.set()

    def stop(**_: Any) -> None:
        for worker in running:
            worker.stop()
            finished.wait(worker.options.grace.total_seconds() + worker.poll_timeout.total_seconds())

    autoreload.file_changed.connect(stop, weak=False)
    try:
        autoreload.run_with_reloader(serve)
    finally:
        stop()
        autoreload.file_changed.disconnect(stop)
