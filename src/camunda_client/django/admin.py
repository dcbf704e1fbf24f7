"""The inbox for people to look at. Nothing is added, changed or deleted by hand: rows are proofs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from camunda_client.django.models import ProcessedTask


@admin.register(ProcessedTask)
class ProcessedTaskAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """What was done, for which process instance, when."""

    list_display = ("processed", "topic", "outcome", "business_key", "process_instance_id", "worker_id")
    list_filter = ("topic", "outcome")
    search_fields = ("task_id", "process_instance_id", "business_key")
    date_hierarchy = "processed"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never; `purge_camunda_inbox` removes what is old."""
        return False
