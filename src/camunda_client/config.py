"""How to reach Camunda 8: `initialize_config(config=C8Config(…))` once, or the environment.

    import camunda_client.config as config

    config.initialize_config(config=config.C8Config(
        api=config.ApiConfig(baseUrl="http://localhost:8080"),
        auth=config.AuthConfig(selfManaged=config.SelfManagedAuthConfig(clientId=…, clientSecret=…, oidcTokenUrl=…)),
    ))

Without it the official variables are read: see `camunda_client.c8.environment`. Printing a configuration shows no secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from camunda_client.errors import SettingsError
from camunda_client.json_model import JsonBaseModel

__all__ = [
    "ApiConfig",
    "AuthConfig",
    "BasicAuthConfig",
    "C8Config",
    "JobConfig",
    "SaasAuthConfig",
    "SelfManagedAuthConfig",
    "TlsConfig",
    "config_help",
    "get_config",
    "initialize_config",
]

SAAS_TOKEN_URL = "https://login.cloud.camunda.io/oauth/token"
SAAS_AUDIENCE = "zeebe.camunda.io"


class _Settings(JsonBaseModel):
    """A group of settings: a name that does not exist is a mistake, not an extra."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(_faults(type(self).__name__, values, error)) from None


def _faults(model: str, values: Mapping[str, Any], error: ValidationError) -> str:
    """Every fault with its place; never a value, which may be a secret."""
    texts = []
    for fault in error.errors(include_url=False, include_input=False):
        where = ".".join([model, *(str(part) for part in fault["loc"])])
        name = str(fault["loc"][0]) if fault["loc"] else ""
        unset = name in values and values[name] is None
        texts.append(f"{where}: {fault['msg']}" + (" (it is None: is its environment variable set?)" if unset else ""))
    return "; ".join(texts)


class SelfManagedAuthConfig(_Settings):
    """OAuth client credentials of a self-managed cluster. All three unset: no authentication."""

    client_id: str | None = Field(default=None, description="The client's id")
    client_secret: SecretStr | None = Field(default=None, description="Its secret")
    oidc_token_url: str | None = Field(default=None, description="Where tokens are made")
    audience: str | None = Field(default=None, description="Asked for where the identity provider wants one")
    scope: str | None = Field(default=None, description="Asked for where the identity provider wants one")

    @model_validator(mode="after")
    def _whole(self) -> SelfManagedAuthConfig:
        given = {"clientId": self.client_id, "clientSecret": self.client_secret, "oidcTokenUrl": self.oidc_token_url}
        missing = [name for name, value in given.items() if not value]
        if 0 < len(missing) < len(given):
            raise ValueError(f"{' and '.join(missing)} missing: set all of {', '.join(given)}, or none")
        return self


class SaasAuthConfig(_Settings):
    """OAuth client credentials of Camunda's own cloud."""

    client_id: str = Field(description="The client's id")
    client_secret: SecretStr = Field(description="Its secret")
    authorization_server_url: str = Field(default=SAAS_TOKEN_URL, description="Where tokens are made")
    audience: str = Field(default=SAAS_AUDIENCE, description="Whom the token is for")


class BasicAuthConfig(_Settings):
    """User and password."""

    username: str = Field(description="The user")
    password: SecretStr = Field(description="The password")


class AuthConfig(_Settings):
    """Who we are: one of three ways, or none of them for a server without authentication."""

    self_managed: SelfManagedAuthConfig | None = Field(default=None, description="OAuth at a cluster of one's own")
    saas: SaasAuthConfig | None = Field(default=None, description="OAuth at Camunda's cloud")
    basic: BasicAuthConfig | None = Field(default=None, description="User and password")

    @model_validator(mode="after")
    def _one(self) -> AuthConfig:
        if sum(way is not None for way in (self.self_managed, self.saas, self.basic)) > 1:
            raise ValueError("give one of selfManaged, saas and basic")
        return self


class JobConfig(_Settings):
    """How jobs are worked on, unless a worker says otherwise. Times in milliseconds."""

    worker: str = Field(default="camunda-8-client-worker", description="The worker's name in the cluster's records")
    timeout: int = Field(default=10_000, ge=100, description="How long a job is ours; renewed at a third of it")
    max_jobs_to_activate: int = Field(default=64, ge=1, description="Jobs of one type in work at once")
    request_timeout: int | None = Field(
        default=None, ge=0, description="How long one poll waits for jobs (default 5,000)"
    )
    tenant_ids: list[str] | None = Field(default=None, description="Only jobs of these tenants")
    polling_interval: int | None = Field(
        default=None,
        ge=0,
        description="How long one poll waits, where request_timeout is not given: polls are long, nothing sleeps",
    )
    retry_back_off: int = Field(
        default=5_000, ge=0, description="Pause before a failed job's second attempt; doubles, with jitter"
    )
    grace: int = Field(default=20_000, ge=0, description="How long handlers may go on after a stop")

    @property
    def poll(self) -> int:
        """Milliseconds that one poll waits for jobs."""
        return next((value for value in (self.request_timeout, self.polling_interval) if value), 5_000)


class TlsConfig(_Settings):
    """Certificates, where the system's are not enough. Paths of PEM files."""

    ca: str | None = Field(default=None, description="Authorities to trust")
    certificate: str | None = Field(default=None, description="The client's own certificate")
    key: str | None = Field(default=None, description="Its key")
    passphrase: SecretStr | None = Field(default=None, description="The key's passphrase")


class ApiConfig(_Settings):
    """Where the cluster is."""

    base_url: str = Field(description="Address of the REST API, with or without /v2")
    job: JobConfig = Field(default=JobConfig(), description="How jobs are worked on")
    tls: TlsConfig = Field(default=TlsConfig(), description="Certificates")


class C8Config(_Settings):
    """Everything: where the cluster is and who we are there."""

    api: ApiConfig
    auth: AuthConfig = AuthConfig()


_config: C8Config | None = None
_forget: list[Callable[[], None]] = []


def initialize_config(config_dict: Mapping[str, Any] | None = None, config: C8Config | None = None) -> None:
    """Sets the configuration of this process, as an object or as a dict with the same names; the last call counts.

    Raises SettingsError naming every value that cannot be used.
    """
    global _config
    if (config is None) == (config_dict is None):
        raise SettingsError("Give initialize_config either config=C8Config(…) or a dict")
    _config = config if config is not None else read_config(config_dict or {})
    for forget in _forget:
        forget()


def read_config(values: Mapping[str, Any]) -> C8Config:
    """A configuration from plain values. Raises SettingsError naming each fault, never a secret."""
    return C8Config(**values)


def get_config() -> C8Config:
    """The configuration of this process: what `initialize_config` was given, else the environment. Raises SettingsError."""
    if _config is not None:
        return _config
    from camunda_client.c8.environment import config_from_environment

    return config_from_environment()


def reset_config() -> None:
    """Forgets what `initialize_config` was given: the environment counts again."""
    global _config
    _config = None
    for forget in _forget:
        forget()


def when_changed(forget: Callable[[], None]) -> None:
    """Calls `forget` whenever the configuration changes, so that nobody keeps a connection to the old address."""
    _forget.append(forget)


def config_help() -> str:
    """All settings with their meaning, as text."""
    lines: list[str] = []

    def tell(model: type[JsonBaseModel], depth: int) -> None:
        for name, field in model.model_fields.items():
            inner = next((kind for kind in _models(field.annotation)), None)
            about = f": {field.description}" if field.description else ""
            lines.append(f"{'  ' * depth}{to_camel(name)}{about}")
            if inner is not None:
                tell(inner, depth + 1)

    tell(C8Config, 0)
    return "\n".join(lines)


def _models(annotation: Any) -> list[type[JsonBaseModel]]:
    from typing import get_args

    return [
        kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type) and issubclass(kind, _Settings)
    ]
