"""`python manage.py deploy_processes`: sends the models of all apps to the engine, if they have changed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from camunda_client.django.conf import client
from camunda_client.django.processes import process_files
from camunda_client.errors import BadRequest, CamundaError, SettingsError


class Command(BaseCommand):
    """Models are `processes/*.bpmn`, `*.dmn` and `*.form` in the folders of apps."""

    help = "Deploys the models of all installed apps in one transaction; what has not changed stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What can be said on the command line."""
        parser.add_argument("--name", default="django", help="name of the deployment")
        parser.add_argument("--tenant", help="deploy for a tenant")
        parser.add_argument("--dry-run", action="store_true", help="say what would be sent")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError with the engine's own report where a model is refused."""
        try:
            files = process_files()
        except ValueError as error:
            raise CommandError(str(error)) from None
        if not files:
            raise CommandError("No installed app has a folder `processes` with models")
        for path in files:
            self.stdout.write(f"  {path.name}")
        if options["dry_run"]:
            return
        try:
            with client() as engine:
                deployment = engine.deploy(
                    files,
                    name=options["name"],
                    source="django",
                    tenant_id=options["tenant"],
                    deploy_changed_only=True,
                )
        except BadRequest as error:
            raise CommandError(f"The engine refused the models: {error.message}") from None
        except (CamundaError, SettingsError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(self.style.SUCCESS(f"Deployment {deployment.id}"))
