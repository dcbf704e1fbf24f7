"""What the security processes work on, and the event log, which only grows."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from wallets.models import GrowingModel


class KycCase(models.Model):
    """Identity data of a customer, and what became of it. The data never become process variables."""

    class Status(models.TextChoices):
        """The customer's verification status."""

        PENDING = "pending"
        INCOMPLETE = "incomplete"
        REVIEW = "review"
        VERIFIED = "verified"
        REJECTED = "rejected"

    class Document(models.TextChoices):
        """Documents that are accepted."""

        PASSPORT = "passport"
        IDENTITY_CARD = "identity card"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="kyc_cases")
    full_name = models.CharField(max_length=255)
    birth_date = models.DateField(null=True, blank=True)
    country = models.CharField(max_length=2, blank=True)
    document = models.CharField(max_length=16, choices=Document, blank=True)
    document_number = models.CharField(max_length=32, blank=True)
    document_expires = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    reason = models.CharField(max_length=255, blank=True)
    process_instance_id = models.CharField(max_length=64, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "KYC case"

    def __str__(self) -> str:
        return f"KYC {self.pk}"

    @classmethod
    def verified(cls, user: object) -> bool:
        """True where the newest decided case of a user is verified."""
        decided = cls.objects.filter(user=user, status__in=(cls.Status.VERIFIED, cls.Status.REJECTED))
        newest = decided.order_by("-pk").first()
        return newest is not None and newest.status == cls.Status.VERIFIED


class Merchant(models.Model):
    """A business that wants to take payments. `monthly_volume` is in EUR."""

    class Status(models.TextChoices):
        """Where the application stands."""

        PENDING = "pending"
        APPROVED = "approved"
        REJECTED = "rejected"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="merchants")
    name = models.CharField(max_length=255)
    registration_number = models.CharField(max_length=32, unique=True)
    monthly_volume = models.DecimalField(max_digits=14, decimal_places=2)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    reason = models.CharField(max_length=255, blank=True)
    process_instance_id = models.CharField(max_length=64, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """Suspicious activity on a customer's account. `score` runs from 0 to 100."""

    class Status(models.TextChoices):
        """Where the alert stands."""

        OPEN = "open"
        HANDLED = "handled"
        INVESTIGATED = "investigated"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="alerts")
    kind = models.CharField(max_length=64)
    score = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=16, choices=Status, default=Status.OPEN)
    measures = models.JSONField(default=list)
    frozen_wallets = models.JSONField(default=list, help_text="Numbers of the wallets that this alert froze")
    process_instance_id = models.CharField(max_length=64, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.kind} ({self.score})"

    @property
    def severity(self) -> str:
        """low, medium or high."""
        return "high" if self.score >= 80 else "medium" if self.score >= 40 else "low"


class EmailVerification(models.Model):
    """An address to be verified. Of the token only a hash is kept: who reads the database cannot verify."""

    class Status(models.TextChoices):
        """Where the verification stands."""

        REQUESTED = "requested"
        SENT = "sent"
        VERIFIED = "verified"
        FAILED = "failed"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="email_verifications")
    email = models.EmailField()
    status = models.CharField(max_length=16, choices=Status, default=Status.REQUESTED)
    token_hash = models.CharField(max_length=64, blank=True, db_index=True)
    expires = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    verified = models.DateTimeField(null=True, blank=True)
    process_instance_id = models.CharField(max_length=64, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.email

    @staticmethod
    def hash_of(token: str) -> str:
        """What is stored of a token; it has 256 bits of chance, so that a plain hash is enough."""
        return hashlib.sha256(token.encode()).hexdigest()

    def renew_token(self) -> str:
        """A new token; the one before is void. The caller saves."""
        token = secrets.token_urlsafe(32)
        self.token_hash = self.hash_of(token)
        self.expires = timezone.now() + timedelta(hours=settings.EMAIL_TOKEN_HOURS)
        self.attempts += 1
        self.status = self.Status.SENT
        return token


class SecurityEvent(GrowingModel):
    """One line of the security event log."""

    class Level(models.TextChoices):
        """How much it matters."""

        INFO = "info"
        WARNING = "warning"
        CRITICAL = "critical"

    kind = models.CharField(max_length=64, db_index=True)
    level = models.CharField(max_length=16, choices=Level, default=Level.INFO)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    detail = models.JSONField(default=dict)
    process_instance_id = models.CharField(max_length=64, blank=True)
    task_id = models.CharField(max_length=64, blank=True)

    class Meta(GrowingModel.Meta):
        indexes: ClassVar = [models.Index(fields=["user", "created"])]

    def __str__(self) -> str:
        return self.kind
