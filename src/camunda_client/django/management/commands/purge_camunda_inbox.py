"""`python manage.py purge_camunda_inbox --days 30`: removes what no engine will ask for any more."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from camunda_client.django.conf import DjangoSettings
from camunda_client.django.models import ProcessedTask


class Command(BaseCommand):
    """A row is needed until the engine has heard of its outcome; days are far more than that takes."""

    help = "Deletes rows of the inbox that are older than some days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What can be said on the command line."""
        parser.add_argument("--days", type=int, default=30, help="keep this many days (default: 30)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says how many there were."""
        before = timezone.now() - timedelta(days=options["days"])
        rows = ProcessedTask.objects.using(DjangoSettings.load().client_database)
        deleted, _ = rows.filter(processed__lt=before).delete()
        self.stdout.write(f"{deleted} rows deleted")
