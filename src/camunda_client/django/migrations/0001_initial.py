"""The inbox."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: ClassVar = []

    operations: ClassVar = [
        migrations.CreateModel(
            name="ProcessedTask",
            fields=[
                ("task_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("topic", models.CharField(max_length=255)),
                ("worker_id", models.CharField(max_length=255)),
                ("process_instance_id", models.CharField(blank=True, max_length=64)),
                ("business_key", models.CharField(blank=True, max_length=255)),
                ("outcome", models.CharField(max_length=16)),
                ("answer", models.JSONField(default=dict)),
                (
                    "processed",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True),
                ),
            ],
            options={
                "verbose_name": "processed task",
                "ordering": ["-processed"],
            },
        ),
    ]
