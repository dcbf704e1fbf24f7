"""`manage.py check`: settings that cannot be used, models whose topics nobody serves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Doubt
from django.db import connections

from camunda_client.django.conf import DjangoSettings
from camunda_client.django.processes import external_topics, process_files
from camunda_client.django.registry import handlers
from camunda_client.errors import SettingsError

SHORT_LOCK = 1000
LOCAL = {"localhost", "127.0.0.1", "::1"}


def check_all(
    *, app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Every problem at once; nothing is connected to."""
    try:
        settings = DjangoSettings.load()
    except SettingsError as error:
        return [Error(str(error), hint="See camunda_client.django.conf for names and units.", id="camunda.E001")]
    return [*_settings(settings), *_topics()]


def _settings(settings: DjangoSettings) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    alias = settings.client_database
    if alias not in connections.settings:
        found.append(Error(f"CAMUNDA_CLIENT_DATABASE names {alias!r}, which is not in DATABASES", id="camunda.E002"))
    elif settings.client_max_tasks > 1 and "sqlite" in connections.settings[alias]["ENGINE"]:
        found.append(
            Doubt(
                "SQLite writes one transaction at a time: several tasks at once only wait for each other",
                hint="Leave CAMUNDA_CLIENT_MAX_TASKS at 1, or use PostgreSQL.",
                id="camunda.W001",
            )
        )
    if settings.client_lock_duration < SHORT_LOCK:
        found.append(
            Doubt(
                f"CAMUNDA_CLIENT_LOCK_DURATION is {settings.client_lock_duration} milliseconds",
                hint="A pause of the process or the network of that length gives its tasks to another worker.",
                id="camunda.W002",
            )
        )
    address = urlsplit(settings.engine().url)
    if settings.engine().auth is not None and address.scheme == "http" and address.hostname not in LOCAL:
        found.append(Doubt("CAMUNDA_REST_URL sends credentials without TLS", id="camunda.W003"))
    return found


def _topics() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if not len(handlers):
        hint = "Write @external_task functions in the camunda_workers module of an installed app."
        found.append(Doubt("No app has a handler for external tasks", hint=hint, id="camunda.W004"))
    try:
        files = process_files()
    except ValueError as error:
        return [*found, Error(str(error), id="camunda.E003")]
    for path in files:
        if path.suffix == ".bpmn":
            found.extend(_unserved(path))
    return found


def _unserved(path: Path) -> list[CheckMessage]:
    try:
        topics = external_topics(path.read_bytes())
    except ValueError as error:
        return [Error(f"{path.name}: {error}", obj=str(path), id="camunda.E003")]
    hint = "Fine where another program does; else its tasks wait for ever."
    return [
        Doubt(f"{path.name}: nobody serves the topic {topic!r}", hint=hint, obj=str(path), id="camunda.W005")
        for topic in sorted(topics - set(handlers.topics))
    ]
