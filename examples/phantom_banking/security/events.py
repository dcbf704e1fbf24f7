"""Writing the security event log: with the work in its transaction, and for failures after the rollback."""

from __future__ import annotations

import logging
from typing import Any

from camunda_client.django import ExternalTask
from security.models import SecurityEvent

log = logging.getLogger("security")
_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}


def record(
    kind: str, *, user: Any = None, level: str = "info", task: ExternalTask | None = None, **detail: Any
) -> SecurityEvent:
    """One event. `detail` holds ids and outcomes, never identity data or tokens."""
    log.log(_LEVELS[level], "%s %s", kind, detail)
    return SecurityEvent.objects.create(
        kind=kind,
        level=level,
        user=user,
        detail=detail,
        process_instance_id=task.process_instance_id if task else "",
        task_id=task.id if task else "",
    )


def record_failure(sender: Any, *, task: ExternalTask, error: Any, **_: Any) -> None:
    """A worker's transaction was rolled back. The message stays out of the log: it may quote data."""
    record("worker-failed", level="warning", task=task, topic=task.topic, error=type(error).__name__)
