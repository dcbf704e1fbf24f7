"""Wallets, requests and the audit trail for the bank's people."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from wallets.models import AuditEntry, Wallet, WalletRequest
from wallets.services import start_process


class ReadOnlyAdmin(admin.ModelAdmin):
    """To look at: rows come from processes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


@admin.register(WalletRequest)
class WalletRequestAdmin(ReadOnlyAdmin):
    """Requests, with an action for those that no process works on."""

    list_display = ("reference", "user", "currency", "status", "reason", "process_instance_id", "created")
    list_filter = ("status", "currency")
    search_fields = ("reference", "user__username", "process_instance_id")
    actions = ("start_again",)

    @admin.action(description="Start the process of requests that have none", permissions=["view"])
    def start_again(self, request: HttpRequest, queryset: QuerySet[WalletRequest]) -> None:
        """After the engine could not be reached."""
        if not request.user.has_perm("wallets.change_walletrequest"):
            self.message_user(request, "You may not start processes.", level="ERROR")
            return
        waiting = list(queryset.filter(process_instance_id="", status=WalletRequest.Status.REQUESTED))
        for row in waiting:
            start_process(row)
        self.message_user(request, f"{len(waiting)} processes asked for.")


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    """Wallets."""

    list_display = ("number", "user", "currency", "balance", "status", "created")
    list_filter = ("status", "currency")
    search_fields = ("number", "user__username")


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what, when."""

    list_display = ("created", "actor", "action", "subject", "process_instance_id")
    list_filter = ("action",)
    search_fields = ("subject", "actor", "process_instance_id")
    date_hierarchy = "created"
