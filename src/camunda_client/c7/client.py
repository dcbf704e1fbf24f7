"""The two Camunda 7 clients. Every operation is written once, in the rooms this file puts together."""

from __future__ import annotations

import ssl

import httpx

from camunda_client.c7.deployments import Deployments
from camunda_client.c7.processes import Processes
from camunda_client.c7.settings import Camunda7Settings
from camunda_client.c7.tasks import ExternalTasks, UserTasks
from camunda_client.transport import AsyncClient, SyncClient, WorkerClient


class Operations(Deployments, Processes, UserTasks, ExternalTasks):
    """Everything the clients can do."""


class Camunda7Client(Operations, SyncClient):
    """A blocking client: `Camunda7Client().start_process("invoice", {"amount": 12.5})`.

    `url` (with or without `/engine-rest`), `user` and `password` default to the environment (`Camunda7Settings`);
    `auth` takes any other scheme, `verify` an SSL context (client certificates, private authorities).
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        user: str | None = None,
        password: str | None = None,
        auth: httpx.Auth | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        settings = Camunda7Settings.load(url, user, password)
        super().__init__(settings.url, auth or settings.auth, verify)


class AsyncCamunda7Client(Operations, AsyncClient):
    """The same operations, awaited: `await client.start_process("invoice")`. Arguments as in `Camunda7Client`."""

    def __init__(
        self,
        url: str | None = None,
        *,
        user: str | None = None,
        password: str | None = None,
        auth: httpx.Auth | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        settings = Camunda7Settings.load(url, user, password)
        super().__init__(settings.url, auth or settings.auth, verify)


class Camunda7Wire(Operations, WorkerClient):
    """The operations for workers, at little cost (`camunda_client.wire`)."""
