"""The security processes' objects and the event log for the bank's people: to look at."""

from __future__ import annotations

from django.contrib import admin
from wallets.admin import ReadOnlyAdmin

from security.models import Alert, EmailVerification, KycCase, Merchant, SecurityEvent


@admin.register(KycCase)
class KycCaseAdmin(ReadOnlyAdmin):
    """KYC cases."""

    list_display = ("id", "user", "country", "document", "status", "reason", "created")
    list_filter = ("status", "country")
    search_fields = ("user__username", "process_instance_id")


@admin.register(Merchant)
class MerchantAdmin(ReadOnlyAdmin):
    """Merchants."""

    list_display = ("name", "owner", "registration_number", "monthly_volume", "status", "reason", "created")
    list_filter = ("status",)
    search_fields = ("name", "registration_number", "owner__username")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts and what was done."""

    list_display = ("kind", "user", "score", "severity", "status", "created")
    list_filter = ("status", "kind")
    search_fields = ("user__username", "process_instance_id")


@admin.register(EmailVerification)
class EmailVerificationAdmin(ReadOnlyAdmin):
    """Verifications, without anything that could be used to verify."""

    list_display = ("email", "user", "status", "attempts", "verified", "created")
    list_filter = ("status",)
    search_fields = ("email", "user__username")
    exclude = ("token_hash",)


@admin.register(SecurityEvent)
class SecurityEventAdmin(ReadOnlyAdmin):
    """The security event log."""

    list_display = ("created", "kind", "level", "user", "process_instance_id")
    list_filter = ("level", "kind")
    search_fields = ("user__username", "process_instance_id", "task_id")
    date_hierarchy = "created"
