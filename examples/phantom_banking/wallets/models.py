"""Wallet requests, wallets, and the audit trail, which only grows."""

from __future__ import annotations

import secrets
import uuid
from decimal import Decimal
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models


class GrowingQuerySet(models.QuerySet):
    """Rows that were written stay as they were."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refused."""
        raise TypeError(f"{self.model.__name__} is never changed")

    def delete(self) -> NoReturn:
        """Refused."""
        raise TypeError(f"{self.model.__name__} is never deleted")


class GrowingModel(models.Model):
    """A row that can be added and read, nothing else."""

    created = models.DateTimeField(auto_now_add=True, db_index=True)
    objects = GrowingQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering: ClassVar = ["-created", "-pk"]
        default_permissions = ("add", "view")

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only once."""
        if not self._state.adding:
            raise TypeError(f"{type(self).__name__} is never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused."""
        raise TypeError(f"{type(self).__name__} is never deleted")


def new_number() -> str:
    """A wallet number nobody can guess."""
    return f"PB{secrets.randbelow(10**14):014d}"


class WalletRequest(models.Model):
    """A customer asks for a wallet. `reference` is the business key of the process."""

    class Status(models.TextChoices):
        """Where the request stands."""

        REQUESTED = "requested"
        VALID = "valid"
        REFUSED = "refused"
        CREATED = "created"

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="wallet_requests")
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status, default=Status.REQUESTED)
    reason = models.CharField(max_length=255, blank=True)
    process_instance_id = models.CharField(max_length=64, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.currency} wallet for {self.user}"


class Wallet(models.Model):
    """Money of one customer in one currency. One request makes one wallet, whatever happens to workers."""

    class Status(models.TextChoices):
        """Whether money moves."""

        ACTIVE = "active"
        FROZEN = "frozen"

    number = models.CharField(max_length=16, unique=True, default=new_number, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="wallets")
    request = models.OneToOneField(WalletRequest, models.PROTECT, related_name="wallet")
    currency = models.CharField(max_length=3)
    balance = models.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    status = models.CharField(max_length=16, choices=Status, default=Status.ACTIVE)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.number


class AuditEntry(GrowingModel):
    """Who did what to which object. `actor` is a user's name or a worker's id."""

    actor = models.CharField(max_length=255)
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=255)
    detail = models.JSONField(default=dict)
    process_instance_id = models.CharField(max_length=64, blank=True)
    task_id = models.CharField(max_length=64, blank=True)

    class Meta(GrowingModel.Meta):
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
