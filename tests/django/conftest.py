"""A Django project in this process whose database changes with every test: SQLite and PostgreSQL, fresh each time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from procession.django import close_engine
from procession.storage.columns import metadata
from tests import databases, postgres

ROWS = "CREATE TABLE own (number integer)"


def configured(url: str) -> dict[str, Any]:
    """Django's words for one of our URLs."""
    if url.startswith("sqlite"):
        found: dict[str, Any] = {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": url.removeprefix("sqlite:///"),
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 10},
        }
    else:
        parts = urlsplit(url)
        found = {"ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "HOST": parts.hostname}
        found |= {"USER": parts.username, "PASSWORD": parts.password, "PORT": parts.port}
    return connections.configure_settings({"default": found})["default"]


if not settings.configured:
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "camunda_client.django",
            "procession.django",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/nonexistent/none.db"}},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF="tests.django.urls",
        ALLOWED_HOSTS=["*"],
        USE_TZ=True,
        SECRET_KEY="for tests",
    )
    django.setup()


def use(url: str) -> None:
    """Lets `connections["default"]` mean this database from now on, in every thread."""
    connections.close_all()
    connections.settings["default"] = configured(url)
    if hasattr(connections._connections, "default"):
        del connections["default"]


def migrate(url: str) -> None:
    use(url)
    call_command("migrate", verbosity=0)
    with connections["default"].cursor() as cursor:
        cursor.execute(ROWS)
    connections.close_all()


@cache
def sqlite_template(folder: Path) -> Path:
    migrate(f"sqlite:///{folder}/template.db")
    return folder / "template.db"


@pytest.fixture(scope="session")
def template_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("django")


@pytest.fixture(scope="session")
def postgres_once() -> Iterator[str]:
    """One database for the tests of a worker, emptied after each: making one takes longer than most tests."""
    try:
        server = databases.server()
    except postgres.CannotRun as reason:
        pytest.skip(f"PostgreSQL cannot run here: {reason}")
    url = server.create_database()
    migrate(url)
    yield url
    server.drop_database(url)


def empty() -> None:
    """Deletes the rows of the engine, of the inbox, of the users and of `own`."""
    tables = ["own", "camunda_client_processedtask", "auth_user_user_permissions", "auth_user"]
    tables += [table.name for table in reversed(metadata.sorted_tables)]
    with connections["default"].cursor() as cursor:
        cursor.execute("; ".join(f'DELETE FROM "{name}"' for name in tables))


@pytest.fixture(params=["sqlite", "postgres"])
def project(request: pytest.FixtureRequest, tmp_path: Path, template_folder: Path) -> Iterator[str]:
    """The URL of a migrated database that Django uses, with a table `own` beside."""
    assert apps.ready
    url = f"sqlite:///{tmp_path}/project.db"
    if request.param == "sqlite":
        shutil.copy(sqlite_template(template_folder), tmp_path / "project.db")
    else:
        url = request.getfixturevalue("postgres_once")
    use(url)
    yield url
    close_engine()
    if request.param == "postgres":
        empty()
    connections.close_all()
