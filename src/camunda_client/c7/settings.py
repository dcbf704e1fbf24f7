"""Where the engine is and who we are there: arguments first, then the environment.

`CAMUNDA_URL`, `CAMUNDA_USER`, `CAMUNDA_PASSWORD`; the password may be in a file named by `CAMUNDA_PASSWORD_FILE`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from camunda_client.credentials import Basic
from camunda_client.environment import secret as secret
from camunda_client.errors import SettingsError

DEFAULT_URL = "http://localhost:8080/engine-rest"


class Camunda7Settings(BaseModel):
    """Address and credentials of a Camunda 7 engine. Printing it shows no password."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(DEFAULT_URL, description="Address of the REST API, with or without /engine-rest (CAMUNDA_URL)")
    user: str | None = Field(None, description="User for Basic authentication (CAMUNDA_USER)")
    password: SecretStr | None = Field(None, description="Its password (CAMUNDA_PASSWORD or CAMUNDA_PASSWORD_FILE)")

    @classmethod
    def load(
        cls,
        url: str | None = None,
        user: str | None = None,
        password: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Camunda7Settings:
        """Settings from arguments, else from the environment (`environment` replaces the process's own).

        A user and password inside the address are taken out of it, so that no log line shows them.
        The environment's credentials are for the environment's address: they are not sent to an address given as an
        argument with another host. Raises SettingsError.
        """
        env = os.environ if environment is None else environment
        env_url = env.get("CAMUNDA_URL", "").strip()
        root, url_user, url_password = _split(url or env_url or DEFAULT_URL)
        trusted = not url or not env_url or urlsplit(_split(env_url)[0]).netloc == urlsplit(root).netloc
        user = user or url_user or (env.get("CAMUNDA_USER") or None if trusted else None)
        if user and password is None:
            password = (
                url_password if url_password is not None else (secret(env, "CAMUNDA_PASSWORD") if trusted else None)
            )
        if password and not user:
            raise SettingsError("A password without a user: set CAMUNDA_USER as well")
        return cls(url=root, user=user, password=SecretStr(password) if password is not None else None)

    @property
    def credentials(self) -> Basic | None:
        """The same for workers."""
        if self.user is None:
            return None
        return Basic(self.user, self.password.get_secret_value() if self.password else "")

    @property
    def auth(self) -> httpx.Auth | None:
        """Basic authentication, or None without a user."""
        if self.user is None:
            return None
        return httpx.BasicAuth(self.user, self.password.get_secret_value() if self.password else "")


def _split(url: str) -> tuple[str, str | None, str | None]:
    """(root of the REST API, user, password) of an address as people write it."""
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https"):
        raise SettingsError("The engine's address must read like http://localhost:8080/engine-rest (CAMUNDA_URL)")
    netloc = f"[{host}]" if ":" in host else host
    netloc += f":{port}" if port else ""
    path = parts.path.rstrip("/")
    root = urlunsplit((parts.scheme, netloc, path or "/engine-rest", "", ""))
    user = unquote(parts.username) if parts.username else None
    return root, user, unquote(parts.password) if parts.password is not None else None
