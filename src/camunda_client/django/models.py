"""The inbox: one row for each task whose work is durable, written in the same transaction as the work.

A row that exists says: done, with this outcome. A row never exists without the work, nor the work without the row.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class ProcessedTask(models.Model):
    """An external task whose handler's transaction was committed, and what the engine is to be told of it.

    `outcome` is `complete` or `bpmn_error`; `answer` holds the variables in the engine's own notation.
    """

    task_id: models.CharField[str, str] = models.CharField(max_length=64, primary_key=True)
    topic: models.CharField[str, str] = models.CharField(max_length=255)
    worker_id: models.CharField[str, str] = models.CharField(max_length=255)
    process_instance_id: models.CharField[str, str] = models.CharField(max_length=64, blank=True)
    business_key: models.CharField[str, str] = models.CharField(max_length=255, blank=True)
    outcome: models.CharField[str, str] = models.CharField(max_length=16)
    answer = models.JSONField(default=dict)
    processed: models.DateTimeField[datetime, datetime] = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        verbose_name = "processed task"
        ordering: ClassVar = ["-processed"]

    def __str__(self) -> str:
        return f"{self.topic} {self.task_id}"
