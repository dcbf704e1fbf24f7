"""The settings of workers and clients: Django settings of these names, else environment variables, else defaults.

| name                                   | meaning                                                                      |
|----------------------------------------|------------------------------------------------------------------------------|
| `CAMUNDA_REST_URL` (or `CAMUNDA_URL`)  | address of the engine's REST API, with or without `/engine-rest`             |
| `CAMUNDA_USER`, `CAMUNDA_PASSWORD`     | Basic authentication; the password also from `CAMUNDA_PASSWORD_FILE`         |
| `CAMUNDA_CLIENT_ID`                    | the worker's id; unset, one is made of host, process and chance              |
| `CAMUNDA_CLIENT_MAX_TASKS`             | tasks in work at once, also what one fetch asks for at most                  |
| `CAMUNDA_CLIENT_LOCK_DURATION`         | milliseconds; renewed at a third of it while a handler runs                  |
| `CAMUNDA_CLIENT_ASYNC_RESPONSE_TIMEOUT`| milliseconds that a fetch waits for work                                     |
| `CAMUNDA_CLIENT_RETRIES`               | attempts before an incident                                                  |
| `CAMUNDA_CLIENT_GRACE`                 | milliseconds that handlers may go on after a stop was asked for              |
| `CAMUNDA_CLIENT_DATABASE`              | alias of the database that handlers and inbox use                            |
| `CAMUNDA_CLIENT_HEALTH_PORT`, `_HOST`  | where `start_camunda_workers` answers health checks; unset or 0: nowhere     |
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

from django.conf import settings as django_settings
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from camunda_client.c7 import Camunda7Client, Camunda7Settings
from camunda_client.c7.settings import secret
from camunda_client.errors import SettingsError


class DjangoSettings(BaseModel):
    """How a project's workers reach the engine and behave. Printing it shows no password. Times in milliseconds."""

    model_config = ConfigDict(frozen=True)

    rest_url: str = "http://localhost:8080/engine-rest"
    user: str | None = None
    password: SecretStr | None = None
    client_id: str | None = Field(None, max_length=255)
    client_max_tasks: int = Field(1, ge=1, le=1000)
    client_lock_duration: int = Field(10_000, ge=100, le=86_400_000)
    client_async_response_timeout: int = Field(5_000, ge=0, le=1_800_000)
    client_retries: int = Field(3, ge=1)
    client_grace: int = Field(20_000, ge=0)
    client_database: str = "default"
    client_health_port: int = Field(0, ge=0, le=65535)
    client_health_host: str = "127.0.0.1"

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The settings as they are now. Raises SettingsError naming every value that cannot be used."""
        env = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for field in cls.model_fields:
            value = _value(f"CAMUNDA_{field.upper()}", env)
            if value is not None:
                values[field] = value
        values.setdefault("rest_url", _value("CAMUNDA_URL", env) or cls.model_fields["rest_url"].default)
        if "password" not in values and (found := secret(env, "CAMUNDA_PASSWORD")) is not None:
            values["password"] = found
        try:
            loaded = cls.model_validate(values)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
            raise SettingsError(
                "; ".join(f"CAMUNDA_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in faults)
            ) from None
        loaded.engine()
        return loaded

    def engine(self) -> Camunda7Settings:
        """Address and credentials. Raises SettingsError."""
        password = self.password.get_secret_value() if self.password else None
        # an empty environment: what belongs to the address was read already
        return Camunda7Settings.load(self.rest_url, self.user, password, environment={})


def _value(name: str, environment: Mapping[str, str]) -> Any:
    """None where nothing was set; an empty text is nothing, as compose files leave it."""
    value = getattr(django_settings, name, None)
    if value is None:
        value = environment.get(name, "").strip()
    return None if value == "" else value


def client() -> Camunda7Client:
    """A client for the engine that the settings name, to start processes and complete user tasks from views.

    Use it as a context manager, or close it."""
    engine = DjangoSettings.load().engine()
    return Camunda7Client(engine.url, auth=engine.auth)
