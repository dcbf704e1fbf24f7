"""The two Camunda 8 clients. Every operation is written once, in the rooms this file puts together."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakKeyDictionary

import stamina

from camunda_client.c8.auth import credentials_of
from camunda_client.c8.cluster import Cluster, Documents
from camunda_client.c8.definitions import Definitions
from camunda_client.c8.instances import BatchOperations, ProcessInstances
from camunda_client.c8.jobs import Jobs
from camunda_client.c8.messages import Messages
from camunda_client.c8.tasks import Incidents, UserTasks, Variables
from camunda_client.config import ApiConfig, AuthConfig, C8Config, JobConfig, TlsConfig, get_config, when_changed
from camunda_client.credentials import Credentials, HeaderAuth
from camunda_client.errors import CamundaError, SettingsError
from camunda_client.protocol import Answer, Flow, Request
from camunda_client.transport import AsyncClient, SyncClient, WorkerClient

OVERLOAD_ATTEMPTS = 6
"""How often a request is sent while the cluster answers 429: it has not acted on it, so that this is always safe."""

T = TypeVar("T")
Verify = ssl.SSLContext | bool


class Operations(
    Jobs, ProcessInstances, Messages, Definitions, UserTasks, Incidents, Variables, BatchOperations, Cluster, Documents
):
    """Everything the clients can do."""


def api_root(address: str) -> str:
    """The root of the REST API for an address as people write it. Raises SettingsError; never repeats a password."""
    text = address.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            "The cluster's address must read like http://localhost:8080 (CAMUNDA_REST_ADDRESS, api.baseUrl)"
        )
    if parts.username or parts.password:
        raise SettingsError("The cluster's address must hold no password: use auth.basic, or CAMUNDA_BASIC_AUTH_…")
    where = parts.path.rstrip("/").removesuffix("/engine-rest")
    return urlunsplit((parts.scheme, parts.netloc, where if where.endswith("/v2") else f"{where}/v2", "", ""))


def tls_context(tls: TlsConfig) -> Verify:
    """How certificates are checked. Raises SettingsError where a file cannot be used."""
    if tls.ca is None and tls.certificate is None:
        return True
    try:
        context = ssl.create_default_context(cafile=tls.ca)
        if tls.certificate is not None:
            passphrase = tls.passphrase.get_secret_value() if tls.passphrase is not None else None
            context.load_cert_chain(tls.certificate, tls.key, passphrase)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"A certificate or key cannot be used ({type(error).__name__}): check api.tls") from None
    return context


def chosen(config: C8Config | str | Mapping[str, Any] | None, auth: AuthConfig | None) -> C8Config:
    """The configuration that a client's arguments mean: one given, or an address alone, or the process's own.

    The process's credentials are for the process's address: they are not sent to another one.
    """
    if isinstance(config, str):
        if auth is None:
            configured = get_config()
            same = api_root(configured.api.base_url) == api_root(config)
            auth = configured.auth if same else AuthConfig()
        return C8Config(api=ApiConfig(base_url=config), auth=auth)
    if isinstance(config, Mapping):
        config = C8Config(**config)
    found = config if config is not None else get_config()
    return found if auth is None else C8Config(api=found.api, auth=auth)


class Camunda8Client(Operations, SyncClient):
    """A blocking client: `Camunda8Client().create_process_instance(process_definition_id="order")`.

    `config` is a C8Config, a dict like one, or an address; by default what `initialize_config` was given, else the
    environment. `auth` overrides who we are. Requests that meet 429 are sent again after a pause.
    """

    def __init__(
        self,
        config: C8Config | str | Mapping[str, Any] | None = None,
        *,
        auth: AuthConfig | None = None,
        verify: Verify | None = None,
    ) -> None:
        found = chosen(config, auth)
        verify = tls_context(found.api.tls) if verify is None else verify
        credentials = credentials_of(found.auth, verify)
        self._usual = found.api.job
        super().__init__(api_root(found.api.base_url), HeaderAuth(credentials) if credentials else None, verify)

    def _send(self, request: Request) -> Answer:
        for attempt in stamina.retry_context(**_patience()):
            with attempt:
                return super()._send(request)
        raise AssertionError("one of the attempts returned or raised")


class AsyncCamunda8Client(Operations, AsyncClient):
    """The same operations, awaited: `await client.create_process_instance(…)`. Arguments as in `Camunda8Client`."""

    def __init__(
        self,
        config: C8Config | str | Mapping[str, Any] | None = None,
        *,
        auth: AuthConfig | None = None,
        verify: Verify | None = None,
    ) -> None:
        found = chosen(config, auth)
        verify = tls_context(found.api.tls) if verify is None else verify
        credentials = credentials_of(found.auth, verify)
        self._usual = found.api.job
        super().__init__(api_root(found.api.base_url), HeaderAuth(credentials) if credentials else None, verify)

    async def _send(self, request: Request) -> Answer:
        async for attempt in stamina.retry_context(**_patience()):
            with attempt:
                return await super()._send(request)
        raise AssertionError("one of the attempts returned or raised")


class Camunda8Wire(Operations, WorkerClient):
    """The operations for workers: cheap, and without patience of its own, because the worker has one."""

    def __init__(self, config: C8Config, credentials: Credentials | None, verify: Verify) -> None:
        self._usual = config.api.job
        super().__init__(api_root(config.api.base_url), credentials, verify)


def _patience() -> dict[str, Any]:
    return {
        "on": lambda error: isinstance(error, CamundaError) and error.status == 429,
        "attempts": OVERLOAD_ATTEMPTS,
        "wait_initial": 0.1,
        "wait_max": 3.0,
        "wait_jitter": 0.5,
        "timeout": 30.0,
    }


_lock = threading.Lock()
_blocking: Camunda8Client | None = None
_awaiting: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncCamunda8Client] = WeakKeyDictionary()


def default_client() -> Camunda8Client:
    """The client of the process's configuration, made when first needed and shared by all threads."""
    global _blocking
    if _blocking is None:
        with _lock:
            if _blocking is None:
                _blocking = Camunda8Client()
    return _blocking


def default_async_client() -> AsyncCamunda8Client:
    """The same for the running event loop."""
    loop = asyncio.get_running_loop()
    found = _awaiting.get(loop)
    if found is None:
        found = _awaiting[loop] = AsyncCamunda8Client()
    return found


class _OfThisProcess(Operations, AsyncClient):
    """The functions of `camunda_client.c8.api`, awaited: `await aio.activate_jobs("pay")`. One client for each event loop."""

    def __init__(self) -> None:
        """Connects to nothing: that waits for the first call, as the configuration does."""

    @property
    def job_config(self) -> JobConfig:
        return default_async_client().job_config

    async def drive(self, flow: Flow[T]) -> T:
        return await default_async_client().drive(flow)

    async def close(self) -> None:
        """Closes the running event loop's connections."""
        client = _awaiting.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()


aio = _OfThisProcess()


def _forget() -> None:
    global _blocking
    with _lock:
        before, _blocking = _blocking, None
        _awaiting.clear()
    if before is not None:
        before.close()


when_changed(_forget)
