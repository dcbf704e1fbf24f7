"""What the server can be told, and where from: options, environment, files. One class, one table in the docs.

Names are `PROCESSION_…`; the variables of Camunda 7's containers are understood too, so that an existing compose file
starts this server as it stands. Every variable `X` may be replaced by `X_FILE`, which names a file that holds the
value.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from procession.engine.targets import Allowed, named

_MAX_SECRET_FILE = 64 * 1024
_EVERYWHERE = ("127.0.0.1", "0.0.0.0", "::")  # noqa: S104 — shown as localhost, not bound


class VariableSource(PydanticBaseSettingsSource):
    """Reads settings from the variables that `variable_names` tells, and from no other: `LOG_LEVEL` and `DATABASE` are not ours.

    A setting's value may also lie in the file that `X_FILE` names; a last line break is cut off. The file wins.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of one field, None where no variable names one."""
        variables = {name.lower(): value for name, value in os.environ.items()}
        names = variable_names(field, field_name)
        for name in names:
            path = variables.get(f"{name}_file".lower())
            if path:
                content = Path(path).read_bytes()
                if len(content) > _MAX_SECRET_FILE:
                    raise ValueError(f"The file that {name}_FILE names is larger than {_MAX_SECRET_FILE} bytes")
                return content.decode().rstrip("\r\n"), field_name, False
        return next((variables[name.lower()] for name in names if name.lower() in variables), None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """All values that variables give."""
        found: dict[str, Any] = {}
        for field_name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, field_name)
            if value is not None:
                found[field_name] = value
        return found


def variable_names(field: FieldInfo, field_name: str) -> tuple[str, ...]:
    """The environment variables that a setting is read from, the first one before the others."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(choice.upper() for choice in alias.choices if isinstance(choice, str) and choice != field_name)
    return (f"PROCESSION_{field_name.upper()}",)


def _also(name: str, *others: str) -> AliasChoices:
    """The setting's own name for code, its own variable, and the variables that other systems use."""
    return AliasChoices(name, f"PROCESSION_{name.upper()}", *others)


class Settings(BaseSettings):
    """How a server runs. Values given in code win over files, files over the environment."""

    model_config = SettingsConfigDict(env_prefix="PROCESSION_", extra="ignore", populate_by_name=True)

    database: str = Field(
        default="sqlite:///procession.db",
        validation_alias=_also("database", "SPRING_DATASOURCE_URL"),
        description="`sqlite:///path`, `postgresql://user:password@host:port/name`, or the same with `jdbc:` before it",
    )
    database_user: str | None = Field(
        default=None,
        validation_alias=_also("database_user", "SPRING_DATASOURCE_USERNAME"),
        description="where the URL names none",
    )
    database_password: SecretStr | None = Field(
        default=None,
        validation_alias=_also("database_password", "SPRING_DATASOURCE_PASSWORD"),
        description="where the URL names none",
    )
    pool_size: int = Field(default=10, ge=1, le=1000, description="connections to PostgreSQL at most")
    pool_min: int = Field(default=1, ge=0, description="connections to PostgreSQL that are kept open")
    pool_timeout: float = Field(
        default=30.0,
        gt=0,
        description="seconds to wait for a free connection, and for a PostgreSQL that is still starting",
    )
    pool_lifetime: float = Field(default=600.0, gt=0, description="seconds after which an idle connection is closed")
    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8080, ge=0, le=65535, description="port to listen on")
    auth: bool = Field(
        default=False,
        validation_alias=_also("auth", "CAMUNDA_BPM_RUN_AUTH_ENABLED"),
        description="ask for HTTP Basic credentials under `/engine-rest`",
    )
    admin_user: str | None = Field(
        default=None,
        validation_alias=_also("admin_user", "CAMUNDA_BPM_ADMIN_USER_ID"),
        description="id of the first user",
    )
    admin_password: SecretStr | None = Field(
        default=None,
        validation_alias=_also("admin_password", "CAMUNDA_BPM_ADMIN_USER_PASSWORD"),
        description="password of the first user",
    )
    log_level: str = Field(
        default="INFO",
        validation_alias=_also("log_level", "LOGGING_LEVEL_ORG_CAMUNDA"),
        description="DEBUG, INFO, WARNING, ERROR",
    )
    history_level: str = Field(default="full", description="none, activity, audit or full")
    enforce_history_time_to_live: bool = Field(
        default=False, description="refuses processes without camunda:historyTimeToLive, as Camunda 7 does by default"
    )
    history_cleanup_window: str | None = Field(
        default=None, description="when expired history is removed, `22:00-06:00` in UTC; without it never by itself"
    )
    history_cleanup_batch: int = Field(
        default=200, ge=1, description="root instances that are removed in one transaction"
    )
    connector_private: str = Field(
        default="",
        description="what connectors of models may call beyond the public internet, separated by commas: networks "
        "(`10.1.0.0/16`), host names, `*` for everything",
    )
    connector_timeout: float = Field(default=10.0, gt=0, description="seconds that a connector's call may take")
    job_executor: bool = Field(default=True, description="run timers and asynchronous continuations on this node")
    modeler: bool = Field(
        default=False,
        description="serve a modeler of one's own as well: `/modeler/api/v1` (Web Modeler) and `/modeler/api/v2` (Hub)",
    )
    test_mode: bool = Field(
        default=False, description="serve `/oracle/clock` and `/oracle/reset`; never on a real installation"
    )
    max_body: int = Field(default=16 * 2**20, ge=1024, description="bytes that a request's body may have")
    max_upload: int = Field(
        default=64 * 2**20, ge=1024, description="bytes that a multipart form may have (deployments)"
    )
    threads: int = Field(default=40, ge=1, le=1000, description="requests that may be at work at once")
    feel_steps: int = Field(
        default=1_000_000, ge=1, description="steps, of about a microsecond, that one evaluation of FEEL may take"
    )
    feel_items: int = Field(default=100_000, ge=1, description="items of a list that FEEL builds or goes through")
    feel_text: int = Field(default=1_000_000, ge=1, description="characters of a string that FEEL builds")
    feel_depth: int = Field(default=100, ge=1, le=300, description="how deep FEEL expressions may be nested")
    shutdown_timeout: int = Field(default=10, ge=0, description="seconds that running requests get after SIGTERM")
    drain: float = Field(
        default=0.0,
        ge=0,
        description="seconds after SIGTERM in which everything is still answered while `/health/ready` says no",
    )
    workers: int = Field(default=1, ge=1, le=64, description="processes that answer, each a node of its own")
    max_requests: int = Field(
        default=1000, ge=1, description="requests at work or waiting for it; further ones are told to come back (503)"
    )
    request_timeout: float = Field(
        default=30.0,
        gt=0,
        description="seconds a client may take to send a request's head; ten times that for its body",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Code first, then files, then the environment."""
        return init_settings, VariableSource(settings_cls)

    @field_validator("database")
    @classmethod
    def _known_database(cls, url: str) -> str:
        url = url.removeprefix("jdbc:")
        scheme = url.split(":", 1)[0]
        if scheme not in ("sqlite", "postgresql", "postgres"):
            raise ValueError(f"a database '{scheme}' is not available; use postgresql://… or sqlite:///…")
        return url

    @field_validator("connector_private")
    @classmethod
    def _known_networks(cls, names: str) -> str:
        Allowed.read(named(names))
        return names

    @field_validator("history_level")
    @classmethod
    def _known_history_level(cls, level: str) -> str:
        level = level.lower()
        if level not in ("none", "activity", "audit", "full"):
            raise ValueError("one of none, activity, audit, full is expected")
        return level

    @field_validator("log_level")
    @classmethod
    def _known_log_level(cls, level: str) -> str:
        known = {"TRACE": "DEBUG", "DEBUG": "DEBUG", "INFO": "INFO", "WARN": "WARNING", "WARNING": "WARNING"}
        known |= {"ERROR": "ERROR", "FATAL": "CRITICAL", "CRITICAL": "CRITICAL", "OFF": "CRITICAL"}
        if level.upper() not in known:
            raise ValueError("one of DEBUG, INFO, WARNING, ERROR is expected")
        return known[level.upper()]

    @model_validator(mode="after")
    def _admin_is_whole(self) -> Settings:
        if self.admin_user is not None and self.admin_password is None:
            raise ValueError("the first user has no password: set PROCESSION_ADMIN_PASSWORD or …_FILE")
        return self

    @model_validator(mode="after")
    def _workers_share_a_database(self) -> Settings:
        if self.workers > 1 and self.database in ("sqlite://", "sqlite:///:memory:"):
            raise ValueError("several workers need a database that they share: a file or PostgreSQL, not sqlite://")
        return self

    def address(self, port: int) -> str:
        """Where a server that listens on this port answers, as shown to people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{'localhost' if self.host in _EVERYWHERE else host}:{port}"

    def database_url(self) -> str:
        """The database's URL with user and password put in where it names none."""
        parts = urlsplit(self.database)
        if parts.scheme == "sqlite" or parts.username or not self.database_user:
            return self.database
        credentials = quote(self.database_user, safe="")
        if self.database_password is not None:
            credentials += ":" + quote(self.database_password.get_secret_value(), safe="")
        return urlunsplit(parts._replace(netloc=f"{credentials}@{parts.netloc}"))
