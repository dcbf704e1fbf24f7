"""Options that every command for a server has: where it is and who we are there.

The password comes from CAMUNDA_PASSWORD, from the file CAMUNDA_PASSWORD_FILE names, or is asked for: a command line is
no place for secrets.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from camunda_client.c7.client import Camunda7Client
from camunda_client.c7.settings import secret

Url = Annotated[
    str | None,
    typer.Option(
        "--url", "-u",
        help="Address of the server, with or without /engine-rest. Default: CAMUNDA_URL, else http://localhost:8080.",
    ),
]  # fmt: skip
User = Annotated[
    str | None,
    typer.Option("--user", help="User for Basic authentication. Default: CAMUNDA_USER. Password: CAMUNDA_PASSWORD."),
]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Tenant of the definitions.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def connect(url: str | None, user: str | None) -> Camunda7Client:
    """A client for the server the options name. Raises SettingsError."""
    password = None
    if user and secret(os.environ, "CAMUNDA_PASSWORD") is None and sys.stdin.isatty():
        password = typer.prompt(f"Password of {user}", hide_input=True, err=True)
    elif user:
        password = secret(os.environ, "CAMUNDA_PASSWORD")
    return Camunda7Client(url, user=user, password=password)
