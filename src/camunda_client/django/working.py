"""Puts a worker together from the settings and the registered handlers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from fnmatch import fnmatchcase

from camunda_client.c7 import Worker
from camunda_client.django.conf import DjangoSettings
from camunda_client.django.executing import runner
from camunda_client.django.registry import Registered, Registry, handlers
from camunda_client.errors import SettingsError


def chosen(patterns: Collection[str] = (), registry: Registry | None = None) -> list[Registered]:
    """The handlers whose topics match one of `patterns` (`wallet-*`), all without any. Raises SettingsError for a
    pattern that matches nothing."""
    registry = handlers if registry is None else registry
    for pattern in patterns:
        if not any(fnmatchcase(topic, pattern) for topic in registry.topics):
            known = ", ".join(registry.topics) or "none"
            raise SettingsError(f"No handler serves the topic {pattern!r}; there are: {known}")
    return [
        registry[topic]
        for topic in registry.topics
        if not patterns or any(fnmatchcase(topic, pattern) for pattern in patterns)
    ]


def make_worker(
    settings: DjangoSettings,
    topics: Collection[str] = (),
    *,
    concurrency: int | None = None,
    worker_id: str | None = None,
    registry: Registry | None = None,
) -> Worker:
    """A worker for these topics that runs handlers in threads. Raises SettingsError where there is nothing to serve."""
    entries = chosen(topics, registry)
    if not entries:
        raise SettingsError("No handlers: write @external_task functions in the camunda_workers module of an app")
    engine = settings.engine()
    worker = Worker(
        engine.url,
        worker_id=worker_id or settings.client_id,
        max_tasks=concurrency or settings.client_max_tasks,
        lock_duration=_time(settings.client_lock_duration),
        poll_timeout=_time(settings.client_async_response_timeout),
        grace=_time(settings.client_grace),
        retries=settings.client_retries,
        execution="thread",
        auth=engine.auth,
    )
    for entry in entries:
        run = runner(entry, settings.client_database)
        worker.task(entry.topic, variables=entry.variables, **entry.options)(run)
    return worker


def _time(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)
