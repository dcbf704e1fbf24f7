"""Where workflows run, by the environment, opened once per container and kept.

| variable                 | meaning                                                                              |
|--------------------------|--------------------------------------------------------------------------------------|
| `UAEF_DB_URL`            | PostgreSQL (or SQLite) of the embedded engine; also as a file or a secret's name      |
| `UAEF_ENGINE`            | `embedded`, or `camunda7`: the server that `CAMUNDA_URL` names, or `camunda8`         |
| `UAEF_DB_POOL_SIZE`      | connections per container (1: a container handles one event at a time)                |
| `UAEF_MODELS`            | a folder whose .bpmn and .dmn files are deployed when a container starts, if changed  |
| `UAEF_IDEMPOTENCY_TABLE` | a DynamoDB table of keys, asked before the database                                   |
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from camunda_client.errors import SettingsError
from camunda_client.serverless.once import Database, dynamodb
from camunda_client.serverless.secrets import read_secret
from camunda_client.serverless.workflows import Action, Done, Once, Workflows

NAMES = (
    *("UAEF_DB_URL", "UAEF_DB_URL_FILE", "UAEF_ENGINE", "UAEF_DB_POOL_SIZE", "UAEF_MODELS", "UAEF_IDEMPOTENCY_TABLE"),
    *("CAMUNDA_URL", "CAMUNDA_USER", "CAMUNDA_PASSWORD", "CAMUNDA_PASSWORD_FILE"),
    *("CAMUNDA_REST_ADDRESS", "CAMUNDA_API_BASE_URL", "ZEEBE_REST_ADDRESS", "CAMUNDA_CLUSTER_ID"),
)

_open: dict[tuple[str | None, ...], Workflows] = {}
_lock = threading.Lock()


def workflows(environment: Mapping[str, str] | None = None) -> Workflows:
    """What this container has open for these settings; opened on first use. Raises SettingsError, ProcessionError."""
    environment = os.environ if environment is None else environment
    chosen = tuple(environment.get(name) for name in NAMES)
    found = _open.get(chosen)
    if found is None:
        with _lock:
            found = _open.get(chosen)
            if found is None:
                found = _open[chosen] = _opened(environment)
    return found


def close() -> None:
    """Closes everything that is open; the next call opens it again."""
    with _lock:
        while _open:
            _open.popitem()[1].close()


def _opened(environment: Mapping[str, str]) -> Workflows:
    kind = environment.get("UAEF_ENGINE") or "embedded"
    if kind == "camunda7":
        return _remote(environment)
    if kind == "camunda8":
        return _cluster(environment)
    if kind != "embedded":
        raise SettingsError("UAEF_ENGINE must be embedded, camunda7 or camunda8")
    from procession import open_engine
    from procession.serverless.embedded import EmbeddedWorkflows
    from procession.storage import PoolSettings

    url = database_url(environment)
    if url is None:
        raise SettingsError("UAEF_DB_URL is not set: postgresql://user:password@host/database")
    size = environment.get("UAEF_DB_POOL_SIZE") or "1"
    if not size.isdecimal() or not int(size):
        raise SettingsError("UAEF_DB_POOL_SIZE must be a number of connections")
    engine = open_engine(url, pool=PoolSettings(size=int(size), connect_timeout=10.0))
    embedded = EmbeddedWorkflows(engine)
    try:
        _deploy(embedded, environment.get("UAEF_MODELS"))
    except BaseException:
        engine.close()
        raise
    table = environment.get("UAEF_IDEMPOTENCY_TABLE")
    return WithTable(embedded, table) if table else embedded


def database_url(environment: Mapping[str, str]) -> str | None:
    """The database's URL as the engine writes it: names of other drivers are taken out of the scheme."""
    url = read_secret(environment, "UAEF_DB_URL")
    if not url:
        return None
    scheme, separator, rest = url.partition("://")
    if scheme == "postgres" or scheme.startswith("postgresql+"):
        scheme = "postgresql"
    return scheme + separator + rest


def _remote(environment: Mapping[str, str]) -> Workflows:
    from camunda_client.c7 import Camunda7Client
    from camunda_client.c7.settings import Camunda7Settings
    from camunda_client.serverless.remote import RemoteWorkflows

    settings = Camunda7Settings.load(environment=environment)
    client = Camunda7Client(settings.url, auth=settings.auth)
    url = database_url(environment)
    return RemoteWorkflows(client, Database(url) if url else None, environment.get("UAEF_IDEMPOTENCY_TABLE") or "")


def _cluster(environment: Mapping[str, str]) -> Workflows:
    from camunda_client.c8.client import Camunda8Client
    from camunda_client.c8.environment import config_from_environment
    from camunda_client.serverless.remote_camunda8 import Camunda8Workflows

    client = Camunda8Client(config_from_environment(environment))
    url = database_url(environment)
    return Camunda8Workflows(client, Database(url) if url else None, environment.get("UAEF_IDEMPOTENCY_TABLE") or "")


def _deploy(embedded: Workflows, folder: str | None) -> None:
    if not folder:
        return
    from procession.serverless.embedded import EmbeddedWorkflows

    paths = sorted(path for path in Path(folder).rglob("*") if path.suffix in (".bpmn", ".dmn") and path.is_file())
    if not paths:
        raise SettingsError(f"UAEF_MODELS names {folder!r}, which has no .bpmn or .dmn file")
    assert isinstance(embedded, EmbeddedWorkflows)
    resources = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in paths]
    embedded.engine.deploy(*resources, name="serverless", filter_duplicates=True, changed_only=True)


class WithTable:
    """Embedded workflows behind a DynamoDB table: repetitions are answered by the table, the promise is the database's."""

    def __init__(self, inner: Workflows, table: str) -> None:
        self._inner = inner
        self._table = table
        self.run_due, self.serve, self.forget, self.close = inner.run_due, inner.serve, inner.forget, inner.close

    def run(self, actions: Sequence[Action], once: Once | None = None) -> Done:
        """See `Workflows`."""
        if once is None:
            return self._inner.run(actions)
        return dynamodb(self._table, once, lambda: self._inner.run(actions, once))
