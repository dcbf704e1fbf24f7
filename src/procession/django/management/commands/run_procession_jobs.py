"""`python manage.py run_procession_jobs`: timers and asynchronous continuations, in a process of their own."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from procession.django.engines import close_engine, get_engine


class Command(BaseCommand):
    """For projects that leave `PROCESSION["job_executor"]` off in their web processes."""

    help = "Runs due timers and asynchronous continuations until SIGTERM or Ctrl-C."
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What can be said on the command line."""
        parser.add_argument("--once", action="store_true", help="run what is due now and return")

    def handle(self, *args: Any, **options: Any) -> None:
        """Returns after a stop, when running jobs have ended."""
        engine = get_engine()
        try:
            if options["once"]:
                self.stdout.write(f"{engine.jobs.run_due()} jobs run")
                return
            stop = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            engine.start()
            self.stdout.write("Jobs run as they become due")
            stop.wait()
        finally:
            close_engine()
