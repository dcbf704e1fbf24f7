"""The application: the engine's tables come with `manage.py migrate`."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_migrate


class ProcessionConfig(AppConfig):
    """`"procession.django"` in INSTALLED_APPS."""

    name = "procession.django"
    label = "procession"
    verbose_name = "Procession"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Nothing is opened yet: that is for the process that uses the engine."""
        from procession.django.checks import check_database

        register(check_database, "procession")
        post_migrate.connect(_migrate, sender=self, dispatch_uid="procession.migrate")


def _migrate(*, using: str, **_: Any) -> None:
    from procession.django.conf import EmbeddedSettings, database_url
    from procession.storage import open_storage

    if using == EmbeddedSettings.load().database:
        open_storage(database_url(using)).close()
