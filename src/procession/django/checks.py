"""`manage.py check`: whether the engine can live in the project's database."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Doubt
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from procession.django.conf import EmbeddedSettings, database_url


def check_database(**_: Any) -> list[CheckMessage]:
    """Every problem at once; nothing is connected to."""
    try:
        found = EmbeddedSettings.load()
        database_url(found.database)
    except (ImproperlyConfigured, TypeError) as error:
        return [Error(str(error), id="procession.E001")]
    problems: list[CheckMessage] = []
    connection = connections[found.database]
    mode = (connection.settings_dict.get("OPTIONS") or {}).get("transaction_mode")
    if connection.vendor == "sqlite" and mode not in ("IMMEDIATE", "EXCLUSIVE"):
        problems.append(
            Doubt(
                "A transaction that reads before the engine writes fails where another process wrote in between",
                hint='Set "transaction_mode": "IMMEDIATE" in the OPTIONS of this database.',
                id="procession.W001",
            )
        )
    if found.rest_access == "open" and not settings.DEBUG:
        problems.append(
            Doubt(
                "The engine's REST API asks nobody who they are", hint="PROCESSION['rest_access']", id="procession.W002"
            )
        )
    return problems
