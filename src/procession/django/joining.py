"""Commands as part of Django's transaction: what they do commits with the project's rows, or is rolled back with them.

Outside of `atomic` each command is a transaction of its own. A command that fails raises an error of
`procession.errors` and leaves nothing, and the transaction around it stays usable: it runs in a savepoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from procession.django.conf import EmbeddedSettings
from procession.django.engines import get_engine
from procession.engine import commands as ec
from procession.kernel import commands as c
from procession.kernel.variables import typed
from procession.values import TypedValue


def submit(
    command: ec.AnyCommand, *, user: str | None = None, tenant: str | None = None, source: str | None = "django"
) -> Any:
    """Carries out any command of the engine in the present transaction; its value is durable when that commits."""
    engine = get_engine()
    alias = EmbeddedSettings.load().database
    connection: BaseDatabaseWrapper = connections[alias]
    with transaction.atomic(using=alias):
        if connection.vendor == "sqlite":
            _take_write_lock(connection)
        return engine.submit(
            command,
            user=user,
            tenant=tenant,
            source=source,
            connection=connection.connection,
            on_commit=lambda call: transaction.on_commit(call, using=alias, robust=True),
        )


def start_process(
    process_id: str,
    variables: Mapping[str, Any] | None = None,
    *,
    business_key: str | None = None,
    tenant: str | None = None,
    user: str | None = None,
) -> ec.Started:
    """Starts the newest version of a process with plain Python values."""
    command = ec.StartProcess(
        process_id=process_id, variables=_typed(variables), business_key=business_key, tenant=tenant
    )
    started: ec.Started = submit(command, user=user, tenant=tenant)
    return started


def complete_task(task: int, variables: Mapping[str, Any] | None = None, *, user: str | None = None) -> None:
    """Completes a human task."""
    submit(c.CompleteTask(task, dict(_typed(variables))), user=user)


def deploy(*resources: tuple[str, bytes], name: str | None = None, **options: Any) -> ec.Deployed:
    """Deploys resources (name, content); see `procession.engine.commands.Deploy`."""
    deployed: ec.Deployed = submit(ec.Deploy(resources, name, **options))
    return deployed


def correlate_message(
    name: str, *, business_key: str | None = None, variables: Mapping[str, Any] | None = None, **options: Any
) -> tuple[ec.Correlated, ...]:
    """Tells a message to the instance that waits for it; see `procession.engine.commands.CorrelateMessage`."""
    command = ec.CorrelateMessage(name, business_key=business_key, variables=_typed(variables), **options)
    correlated: tuple[ec.Correlated, ...] = submit(command)
    return correlated


def _take_write_lock(connection: BaseDatabaseWrapper) -> None:
    """Django begins transactions that only read; one that read before it writes would find the database changed.

    This takes the lock at once, or fails at once where somebody wrote since this transaction first read.
    """
    with connection.cursor() as cursor:
        cursor.execute("UPDATE node SET expires = expires WHERE number = -1")


def _typed(variables: Mapping[str, Any] | None) -> dict[str, TypedValue]:
    return {name: typed(value) for name, value in (variables or {}).items()}
