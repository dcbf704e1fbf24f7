"""The engine's REST API as a Django view, under WSGI and ASGI alike.

Requests are carried by the server's own `EngineRest` on one event loop in a thread of this process, so that a long poll
needs no thread of its own there. What a request changes is durable when it is answered: it does not join a transaction
of Django's. Users are Django's: Basic authentication, active, with the permission `procession.use_rest`. No cookie is
looked at, which is why no CSRF token is asked for.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.db import close_old_connections, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from procession.camunda7.api import router
from procession.django.conf import EmbeddedSettings
from procession.django.engines import get_engine, when_closed
from procession.engine.engine import Engine
from procession.server.authentication import Authenticator
from procession.server.engine_rest import EngineRest

MAX_BODY = 10 * 1024 * 1024
"""Bytes of one request; deployments come in one, too."""
PERMISSION = "procession.use_rest"


class DjangoAuthenticator(Authenticator):
    """Django's users and password hashes, with the memory and the brakes of the server's own authentication."""

    def __init__(self) -> None:
        super().__init__(_hash_of)

    def _matches(self, stored: str | None, password: str) -> bool:
        if stored is None:
            make_password(password)  # a stranger costs as much time as a wrong password
            return False
        return check_password(password, stored)


def _hash_of(name: str) -> str | None:
    close_old_connections()
    try:
        model = get_user_model()
        user: Any = model._default_manager.filter(**{str(model.USERNAME_FIELD): name}).first()
        return user.password if user is not None and user.is_active and user.has_perm(PERMISSION) else None
    finally:
        close_old_connections()


class _Carrier:
    """An event loop in a thread, and the API at the addresses where it is mounted."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        settings = EmbeddedSettings.load()
        self._threads = settings.pool_size
        self._authenticator = DjangoAuthenticator() if settings.rest_access == "permission" else None
        self._apps: dict[str, EngineRest] = {}
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="procession-rest", daemon=True)
        self._thread.start()

    def app(self, prefix: str) -> EngineRest:
        """The API as mounted at `prefix`."""
        found = self._apps.get(prefix)
        if found is None:
            found = self._apps[prefix] = EngineRest(
                router(),
                self.engine,
                prefix=prefix,
                authenticator=self._authenticator,
                max_body=MAX_BODY,
                max_upload=MAX_BODY,
                threads=self._threads,
                observe=lambda *_: None,
            )
        return found

    def close(self) -> None:
        """Answers long polls, then ends the loop."""

        async def end() -> None:
            for app in self._apps.values():
                app.stop()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            if others:
                await asyncio.wait(others, timeout=5)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


_lock = threading.Lock()
_carrier: _Carrier | None = None


def _get_carrier() -> _Carrier:
    global _carrier
    engine = get_engine()
    with _lock:
        if _carrier is None or _carrier.engine is not engine:
            _carrier = _Carrier(engine)
            when_closed(_carrier.close)
        return _carrier


@csrf_exempt
@transaction.non_atomic_requests
async def engine_rest(request: HttpRequest, path: str = "") -> HttpResponse:
    """Answers one request of the REST API; `path` is what follows the address it is mounted at."""
    carrier = await asyncio.to_thread(_get_carrier)
    whole = request.path.rstrip("/") if not path else request.path
    prefix = whole[: len(whole) - len(path)].rstrip("/")
    body = request.read(MAX_BODY + 1)
    work = _answer(carrier.app(prefix), _scope(request), body)
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, carrier.loop))


def _scope(request: HttpRequest) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in request.headers.items()}
    headers["host"] = request.get_host()  # one of ALLOWED_HOSTS: links in answers are made of it
    return {
        "type": "http",
        "method": request.method,
        "path": request.path,
        "raw_path": request.get_full_path().partition("?")[0].encode("ascii", "replace"),
        "query_string": request.META.get("QUERY_STRING", "").encode("latin-1", "replace"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()],
        "scheme": request.scheme,
        "client": (request.META.get("REMOTE_ADDR", ""), 0),
    }


async def _answer(app: EngineRest, scope: dict[str, Any], body: bytes) -> HttpResponse:
    answer = HttpResponse()
    parts: list[bytes] = []
    told = False

    async def receive() -> dict[str, Any]:
        nonlocal told
        if told:
            await asyncio.Event().wait()  # who waits longer than its body learns of a client's going by cancellation
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status_code = message["status"]
            del answer.headers["Content-Type"]
            for name, value in message["headers"]:
                answer.headers[name.decode("latin-1").title()] = value.decode("latin-1")
        else:
            parts.append(message["body"])

    await app(scope, receive, send)
    answer.content = b"".join(parts)
    return answer
