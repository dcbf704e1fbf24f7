"""The application: failures of workers go to the security event log as well."""

from __future__ import annotations

from django.apps import AppConfig


class SecurityConfig(AppConfig):
    """Security processes and their event log."""

    name = "security"

    def ready(self) -> None:
        """Listens to the workers."""
        from camunda_client.django import task_failed
        from security.events import record_failure

        task_failed.connect(record_failure, dispatch_uid="security.record_failure")
