"""The setting `PROCESSION`, a dictionary. Every entry is optional.

| entry          | meaning                                                                                     |
|----------------|---------------------------------------------------------------------------------------------|
| `database`     | alias of the database that holds the engine's tables (default: `default`)                   |
| `history`      | none, activity, audit or full (default)                                                     |
| `job_executor` | timers and asynchronous continuations run on threads of this process (default: False)       |
| `pool_size`    | connections of the engine's own, for REST and jobs (default: 5)                             |
| `rest_access`  | `permission` (default): Basic authentication of Django's users who may `procession.use_rest`;|
|                | `open`: nobody is asked, for an address that others guard                                   |
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from sqlalchemy.engine import URL

HISTORY = ("none", "activity", "audit", "full")
ACCESS = ("permission", "open")


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """The entries of `PROCESSION`; see the head of this file."""

    database: str = "default"
    history: str = "full"
    job_executor: bool = False
    pool_size: int = 5
    rest_access: str = "permission"

    @classmethod
    def load(cls) -> EmbeddedSettings:
        """The settings as they are now. Raises ImproperlyConfigured."""
        given = getattr(settings, "PROCESSION", None) or {}
        unknown = set(given) - {field.name for field in fields(cls)}
        if unknown:
            raise ImproperlyConfigured(f"PROCESSION has no entry {', '.join(sorted(unknown))}")
        found = cls(**given)
        if found.database not in connections.settings:
            raise ImproperlyConfigured(f"PROCESSION['database'] names {found.database!r}, which is not in DATABASES")
        if found.history not in HISTORY or found.rest_access not in ACCESS:
            raise ImproperlyConfigured(f"PROCESSION: history is one of {HISTORY}, rest_access one of {ACCESS}")
        return found


def database_url(alias: str) -> str:
    """The engine's URL for a database of the project. Raises ImproperlyConfigured for one it cannot use."""
    found: dict[str, Any] = connections[alias].settings_dict
    name, vendor = str(found["NAME"] or ""), connections[alias].vendor
    if vendor == "sqlite":
        if not name or ":memory:" in name or "mode=memory" in name:
            raise ImproperlyConfigured(
                "Procession needs a database file: a SQLite database in memory cannot be shared between connections. "
                'For tests set DATABASES[…]["TEST"]["NAME"]'
            )
        return f"sqlite:///{quote(name, safe='/ ')}" if "%" in name else f"sqlite:///{name}"
    if vendor != "postgresql":
        raise ImproperlyConfigured(f"Procession needs SQLite or PostgreSQL, not {vendor}")
    options = found.get("OPTIONS") or {}
    query = {
        key: str(value) for key, value in options.items() if key.startswith("ssl") or key in ("service", "passfile")
    }
    url = URL.create(
        "postgresql",
        username=found["USER"] or None,
        password=found["PASSWORD"] or None,
        host=found["HOST"] or None,
        port=int(found["PORT"]) if found["PORT"] else None,
        database=name or None,
        query=query,
    )
    return url.render_as_string(hide_password=False)
