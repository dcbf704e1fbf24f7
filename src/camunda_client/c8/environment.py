"""Camunda 8's official environment variables, and those that programs of this library use, as a configuration.

| setting            | variables, the first that is set counts                                                       |
|--------------------|-----------------------------------------------------------------------------------------------|
| address            | `CAMUNDA_REST_ADDRESS`, `CAMUNDA_API_BASE_URL`, `ZEEBE_REST_ADDRESS`, `CAMUNDA_URL`             |
| Camunda's cloud    | `CAMUNDA_CLUSTER_ID` and `CAMUNDA_CLUSTER_REGION` instead of an address                         |
| kind of login      | `CAMUNDA_AUTH_STRATEGY`: `NONE`, `BASIC` or `OAUTH`; unset, what the other variables suggest    |
| OAuth client       | `CAMUNDA_CLIENT_ID`, `ZEEBE_CLIENT_ID`; `CAMUNDA_CLIENT_SECRET`, `ZEEBE_CLIENT_SECRET`          |
| token address      | `CAMUNDA_OAUTH_URL`, `CAMUNDA_TOKEN_URL`, `ZEEBE_AUTHORIZATION_SERVER_URL`                      |
| audience, scope    | `CAMUNDA_TOKEN_AUDIENCE`, `ZEEBE_TOKEN_AUDIENCE`; `CAMUNDA_TOKEN_SCOPE`, `ZEEBE_TOKEN_SCOPE`    |
| Basic              | `CAMUNDA_BASIC_AUTH_USERNAME`, `CAMUNDA_BASIC_AUTH_PASSWORD`                                    |
| certificates       | `CAMUNDA_MTLS_CA_PATH`, `ZEEBE_CA_CERTIFICATE_PATH`; `CAMUNDA_MTLS_CERT_PATH`, `CAMUNDA_MTLS_KEY_PATH`, `CAMUNDA_MTLS_KEY_PASSPHRASE` |
| tenant             | `CAMUNDA_DEFAULT_TENANT_ID`, `ZEEBE_TENANT_ID`                                                  |
| workers            | `CAMUNDA_WORKER_NAME`, `CAMUNDA_WORKER_TIMEOUT`, `CAMUNDA_WORKER_MAX_CONCURRENT_JOBS`, `CAMUNDA_WORKER_REQUEST_TIMEOUT` |

Every one may come from a file: `CAMUNDA_CLIENT_SECRET_FILE`.
"""  # noqa: E501

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from camunda_client.config import SAAS_AUDIENCE, SAAS_TOKEN_URL, C8Config, read_config
from camunda_client.environment import first
from camunda_client.errors import SettingsError

DEFAULT_ADDRESS = "http://localhost:8080"
ADDRESS = ("CAMUNDA_REST_ADDRESS", "CAMUNDA_API_BASE_URL", "ZEEBE_REST_ADDRESS")
CLIENT_ID = ("CAMUNDA_CLIENT_ID", "ZEEBE_CLIENT_ID")
CLIENT_SECRET = ("CAMUNDA_CLIENT_SECRET", "ZEEBE_CLIENT_SECRET")
TOKEN_URL = ("CAMUNDA_OAUTH_URL", "CAMUNDA_TOKEN_URL", "ZEEBE_AUTHORIZATION_SERVER_URL")
AUDIENCE = ("CAMUNDA_TOKEN_AUDIENCE", "ZEEBE_TOKEN_AUDIENCE")
SCOPE = ("CAMUNDA_TOKEN_SCOPE", "ZEEBE_TOKEN_SCOPE")
STRATEGIES = ("NONE", "BASIC", "OAUTH")

_JOB = {
    "worker": ("CAMUNDA_WORKER_NAME",),
    "timeout": ("CAMUNDA_WORKER_TIMEOUT",),
    "max_jobs_to_activate": ("CAMUNDA_WORKER_MAX_CONCURRENT_JOBS",),
    "request_timeout": ("CAMUNDA_WORKER_REQUEST_TIMEOUT",),
}
_TLS = {
    "ca": ("CAMUNDA_MTLS_CA_PATH", "ZEEBE_CA_CERTIFICATE_PATH"),
    "certificate": ("CAMUNDA_MTLS_CERT_PATH",),
    "key": ("CAMUNDA_MTLS_KEY_PATH",),
    "passphrase": ("CAMUNDA_MTLS_KEY_PASSPHRASE",),
}


def config_from_environment(environment: Mapping[str, str] | None = None) -> C8Config:
    """The configuration that the environment describes. Raises SettingsError naming the variable that is missing."""
    env = os.environ if environment is None else environment
    job: dict[str, Any] = {field: value for field, names in _JOB.items() if (value := first(env, names))}
    if tenant := first(env, ("CAMUNDA_DEFAULT_TENANT_ID", "ZEEBE_TENANT_ID")):
        job["tenant_ids"] = [tenant]
    tls = {field: value for field, names in _TLS.items() if (value := first(env, names))}
    return read_config({"api": {"base_url": _address(env), "job": job, "tls": tls}, "auth": _auth(env)})


def _cluster(env: Mapping[str, str]) -> str | None:
    return first(env, ("CAMUNDA_CLUSTER_ID",))


def _address(env: Mapping[str, str]) -> str:
    if found := first(env, ADDRESS):
        return found
    if cluster := _cluster(env):
        region = first(env, ("CAMUNDA_CLUSTER_REGION",))
        if not region:
            raise SettingsError("CAMUNDA_CLUSTER_ID is set, CAMUNDA_CLUSTER_REGION is missing (such as bru-2)")
        return f"https://{region}.zeebe.camunda.io/{cluster}"
    return first(env, ("CAMUNDA_URL",)) or DEFAULT_ADDRESS


def _auth(env: Mapping[str, str]) -> dict[str, Any]:
    strategy = (first(env, ("CAMUNDA_AUTH_STRATEGY",)) or "").upper()
    if strategy and strategy not in STRATEGIES:
        raise SettingsError(f"CAMUNDA_AUTH_STRATEGY must be one of {', '.join(STRATEGIES)}")
    user = first(env, ("CAMUNDA_BASIC_AUTH_USERNAME",))
    client_id, secret = first(env, CLIENT_ID), first(env, CLIENT_SECRET)
    if strategy == "OAUTH" or (not strategy and client_id and secret):
        return _oauth(env, client_id, secret)
    if strategy == "BASIC" or (not strategy and user):
        password = first(env, ("CAMUNDA_BASIC_AUTH_PASSWORD",))
        if not user or password is None:
            raise SettingsError("Set both CAMUNDA_BASIC_AUTH_USERNAME and CAMUNDA_BASIC_AUTH_PASSWORD")
        return {"basic": {"username": user, "password": password}}
    return {}


def _oauth(env: Mapping[str, str], client_id: str | None, secret: str | None) -> dict[str, Any]:
    if not client_id or not secret:
        raise SettingsError("CAMUNDA_AUTH_STRATEGY=OAUTH needs CAMUNDA_CLIENT_ID and CAMUNDA_CLIENT_SECRET")
    client = {"client_id": client_id, "client_secret": secret}
    url, audience, scope = first(env, TOKEN_URL), first(env, AUDIENCE), first(env, SCOPE)
    if _cluster(env) and not first(env, ADDRESS):
        return {
            "saas": client | {"authorization_server_url": url or SAAS_TOKEN_URL, "audience": audience or SAAS_AUDIENCE}
        }
    if not url:
        raise SettingsError("A client id and secret without an address for tokens: set CAMUNDA_OAUTH_URL")
    return {"self_managed": client | {"oidc_token_url": url, "audience": audience, "scope": scope}}
