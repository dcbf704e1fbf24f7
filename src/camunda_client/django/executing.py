"""One task from its handler to what the engine is told: transaction, inbox, connections. This file knows no HTTP.

Rules:
- the first statement of the transaction takes the task's place in the inbox, so that two workers with the same task
  wait for each other and the second one finds what the first one did;
- what the engine is told exists before it is told: the outcome is stored with the work and told after the commit;
- what failed leaves nothing: neither work nor a row in the inbox.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import close_old_connections, transaction

from camunda_client.c7 import ExternalTask, TypedValue
from camunda_client.c7.values import encode_variables
from camunda_client.django.models import ProcessedTask
from camunda_client.django.registry import Registered
from camunda_client.django.signals import task_committed, task_failed
from camunda_client.worker.handlers import outcome_of
from camunda_client.worker.outcomes import Complete, Fail, Outcome, TaskFailure, ThrowError

log = logging.getLogger("camunda_client.django")


def runner(entry: Registered, database: str) -> Callable[[ExternalTask], Outcome]:
    """What the worker calls in its threads for one topic."""

    def run(task: ExternalTask) -> Outcome:
        close_old_connections()  # one that the database has dropped since must not fail this task
        try:
            return execute(entry, task, database)
        finally:
            close_old_connections()

    return run


def execute(entry: Registered, task: ExternalTask, database: str = "default") -> Outcome:
    """Runs a handler as the worker does; the outcome, durable by now. Raises what the handler raised."""
    replayed = False
    try:
        if entry.atomic:
            outcome, replayed = _atomically(entry, task, database)
        else:
            outcome = outcome_of(entry.call(task))
    except Exception as error:
        log.info("Task %s (%s): rolled back: %s", task.id, task.topic, type(error).__name__)
        task_failed.send_robust(sender=entry.function, task=task, error=error)
        raise
    if isinstance(outcome, Fail):
        task_failed.send_robust(sender=entry.function, task=task, error=outcome)
    else:
        if replayed:
            log.warning("Task %s (%s) was done before; its outcome is told again", task.id, task.topic)
        task_committed.send_robust(sender=entry.function, task=task, outcome=outcome, replayed=replayed)
    return outcome


def _atomically(entry: Registered, task: ExternalTask, database: str) -> tuple[Outcome, bool]:
    inbox = ProcessedTask.objects.using(database)
    place = ProcessedTask(
        task_id=task.id,
        topic=task.topic,
        worker_id=task.worker_id,
        process_instance_id=task.process_instance_id,
        business_key=task.business_key or "",
        outcome="",
    )
    # durable: were there a transaction around this one, the engine would be told of work that may still vanish
    with transaction.atomic(using=database, durable=True):
        inbox.bulk_create([place], ignore_conflicts=True)
        row = inbox.select_for_update().get(pk=task.id)
        if row.outcome:
            return _remembered(row), True
        outcome = outcome_of(entry.call(task))
        if task.lost:
            raise TaskFailure("The lock was lost before the work was done")
        if isinstance(outcome, Fail):
            transaction.set_rollback(True, using=database)
        else:
            row.outcome, row.answer = _stored(outcome)
            row.save(update_fields=["outcome", "answer"])
    return outcome, False


def _stored(outcome: Complete | ThrowError) -> tuple[str, dict[str, Any]]:
    """Raises TypeError or ValueError for values that cannot be sent: then the work is undone, too."""
    answer: dict[str, Any] = {"variables": encode_variables(outcome.variables)}
    if isinstance(outcome, Complete):
        return "complete", answer | {"local": encode_variables(outcome.local_variables)}
    return "bpmn_error", answer | {"code": outcome.code, "message": outcome.message}


def _remembered(row: ProcessedTask) -> Outcome:
    answer = row.answer
    variables = _typed(answer["variables"])
    if row.outcome == "complete":
        return Complete(variables, _typed(answer["local"]))
    return ThrowError(answer["code"], answer["message"], variables)


def _typed(variables: dict[str, dict[str, Any]]) -> dict[str, TypedValue]:
    return {name: TypedValue(v["type"], v["value"], v.get("valueInfo") or {}) for name, v in variables.items()}
