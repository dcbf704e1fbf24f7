"""The first tables."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import wallets.models


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("actor", models.CharField(max_length=255)),
                ("action", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=255)),
                ("detail", models.JSONField(default=dict)),
                ("process_instance_id", models.CharField(blank=True, max_length=64)),
                ("task_id", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "ordering": ["-created", "-pk"],
                "abstract": False,
                "default_permissions": ("add", "view"),
            },
        ),
        migrations.CreateModel(
            name="WalletRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("currency", models.CharField(max_length=3)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("valid", "Valid"),
                            ("refused", "Refused"),
                            ("created", "Created"),
                        ],
                        default="requested",
                        max_length=16,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=255)),
                ("process_instance_id", models.CharField(blank=True, max_length=64)),
                ("created", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wallet_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Wallet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "number",
                    models.CharField(default=wallets.models.new_number, editable=False, max_length=16, unique=True),
                ),
                ("currency", models.CharField(max_length=3)),
                ("balance", models.DecimalField(decimal_places=2, default=Decimal(0), max_digits=18)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("frozen", "Frozen")], default="active", max_length=16
                    ),
                ),
                ("created", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="wallets", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="wallet", to="wallets.walletrequest"
                    ),
                ),
            ],
        ),
    ]
