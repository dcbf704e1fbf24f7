"""Writing the audit trail: in the transaction of what it tells of."""

from __future__ import annotations

from typing import Any

from camunda_client.django import ExternalTask
from wallets.models import AuditEntry


def audit(action: str, subject: object, *, task: ExternalTask | None = None, actor: str = "", **detail: Any) -> None:
    """One line. With a task, its worker is the actor and its process instance is noted."""
    AuditEntry.objects.create(
        actor=actor or (task.worker_id if task else "system"),
        action=action,
        subject=f"{type(subject).__name__}:{subject}" if not isinstance(subject, str) else subject,
        detail=detail,
        process_instance_id=task.process_instance_id if task else "",
        task_id=task.id if task else "",
    )
