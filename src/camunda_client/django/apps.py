"""The application: finds every app's `camunda_workers` module and registers the checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register
from django.utils.module_loading import autodiscover_modules


class CamundaConfig(AppConfig):
    """`"camunda_client.django"` in INSTALLED_APPS."""

    name = "camunda_client.django"
    label = "camunda_client"
    verbose_name = "Camunda"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Handlers register themselves when their module is imported."""
        from camunda_client.django.checks import check_all

        register(check_all, "camunda")
        autodiscover_modules("camunda_workers")
