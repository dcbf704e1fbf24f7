"""Where the modeler is, who we are there, and what may be chosen: from the environment variables of a deployment.

| variable | meaning | default |
|---|---|---|
| `CAMUNDA_CLIENT_ID`, `CAMUNDA_CLIENT_SECRET` | OAuth client; the secret may be in `CAMUNDA_CLIENT_SECRET_FILE` | required |
| `CAMUNDA_OAUTH_URL` | token endpoint | required |
| `CAMUNDA_AUDIENCE` | audience of the token; empty for Keycloak | none |
| `CAMUNDA_MODELER_API_URL` | root of the API | required |
| `CAMUNDA_MODELER_API` | `v1` (Web Modeler) or `hub-v2` (Camunda Hub) | `v1` |
| `CAMUNDA_TOKEN_REQUEST` | `json` or `form`; an endpoint that answers 400 or 415 to JSON gets a form | `json` |
| `CAMUNDA_TARGET_PROJECT_NAME` | project (Hub: workspace), created where it does not exist | `DemoProject` |
| `CAMUNDA_PROCESS_APPLICATION_ID` | process application (Hub: project) that the folder goes into | none |
| `CAMUNDA_TRANSFER_CHECK` | `on`: models and forms are read before an upload; `lint`: with the engine's rules; `off` | `on` |
| `CAMUNDA_TRANSFER_SECONDS` | longest run in seconds, where less than the function's own limit | none |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from camunda_client.errors import SettingsError

APIS = ("v1", "hub-v2")
TOKEN_REQUESTS = ("json", "form")
CHECKS = ("on", "off", "lint")
DEFAULT_PROJECT = "DemoProject"
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What may stand in a path of the API as an id."""


@dataclass(frozen=True, slots=True)
class ModelerSettings:
    """See the head of this file. Its text form shows no secret."""

    client_id: str
    client_secret: str = field(repr=False)
    oauth_url: str
    modeler_api_url: str
    audience: str = ""
    api: str = "v1"
    token_request: str = "json"
    project_name: str = DEFAULT_PROJECT
    process_application_id: str | None = None
    check: str = "on"
    seconds: float | None = None

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> ModelerSettings:
        """Settings from the environment. Raises SettingsError, which names the variable."""
        return cls(
            client_id=_required(environment, "CAMUNDA_CLIENT_ID"),
            client_secret=_required(environment, "CAMUNDA_CLIENT_SECRET"),
            oauth_url=_address(environment, "CAMUNDA_OAUTH_URL"),
            audience=environment.get("CAMUNDA_AUDIENCE", ""),
            modeler_api_url=_address(environment, "CAMUNDA_MODELER_API_URL"),
            api=_choice(environment, "CAMUNDA_MODELER_API", APIS),
            token_request=_choice(environment, "CAMUNDA_TOKEN_REQUEST", TOKEN_REQUESTS),
            project_name=environment.get("CAMUNDA_TARGET_PROJECT_NAME") or DEFAULT_PROJECT,
            process_application_id=_id(environment, "CAMUNDA_PROCESS_APPLICATION_ID"),
            check=_choice(environment, "CAMUNDA_TRANSFER_CHECK", CHECKS),
            seconds=_seconds(environment, "CAMUNDA_TRANSFER_SECONDS"),
        )


def required_secret(environment: Mapping[str, str], name: str) -> str:
    """`NAME`, or the content of the file that `NAME_FILE` names. Raises SettingsError where neither is there."""
    return _required(environment, name)


def _required(environment: Mapping[str, str], name: str) -> str:
    if environment.get(name):
        return environment[name]
    path = environment.get(f"{name}_FILE")
    if not path:
        raise SettingsError(f"{name} is not set")
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE names {path!r}, which cannot be read: {type(error).__name__}") from None


def _address(environment: Mapping[str, str], name: str) -> str:
    address = _required(environment, name).strip().rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"{name} must be an http(s) address")
    if parts.username or parts.password:
        raise SettingsError(f"{name} must not hold credentials")
    return address


def _id(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name) or None
    if value is not None and not ID.fullmatch(value):
        raise SettingsError(f"{name} must be an id")
    return value


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = (environment.get(name) or choices[0]).strip().lower()
    if value not in choices:
        raise SettingsError(f"{name} must be one of {', '.join(choices)}")
    return value


def _seconds(environment: Mapping[str, str], name: str) -> float | None:
    text = environment.get(name)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 86_400:
        raise SettingsError(f"{name} must be a number of seconds")
    return value
