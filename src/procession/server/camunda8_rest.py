"""`/v2`: what Camunda 8's endpoints are given, and how their answers and errors are written.

What reaches no endpoint is answered as Spring does it: plain errors instead of problem documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import unquote

import msgspec

from procession.camunda7.problems import Answered
from procession.camunda7.reading import read_form, read_object
from procession.camunda8.exchange import Answer, Call, File, Route
from procession.camunda8.problems import Rejected, rejection_of, unreadable
from procession.engine.engine import Engine
from procession.server.carrying import Arrived, Busy, Carrier, Observe, Plain, Unfit, Written
from procession.server.oauth import Tokens

JSON, PROBLEM = "application/json", "application/problem+json"
_REASONS = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Payload Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
}
_HINTS: Mapping[int, Mapping[str, str]] = {503: {"Retry-After": "1"}}
_NOTHING = Plain(204)

_encode = msgspec.json.Encoder().encode


class CamundaEight(Carrier[Route]):
    """An ASGI application over routes. `tokens` knows who asks."""

    def __init__(
        self,
        routes: list[Route],
        engine: Engine,
        *,
        prefix: str,
        tokens: Tokens,
        max_body: int,
        max_upload: int,
        threads: int,
        max_requests: int = 1000,
        test_mode: bool,
        observe: Observe,
    ) -> None:
        super().__init__(
            engine,
            prefix=prefix,
            max_body=max_body,
            max_upload=max_upload,
            threads=threads,
            max_requests=max_requests,
            observe=observe,
        )
        self._table = _Table(routes)
        self._tokens = tokens
        self._test_mode = test_mode

    def _find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        return self._table.find(method, path)

    async def _user(self, header: str | None, address: str) -> str | None:
        if self._tokens.is_quick(header):
            return self._tokens.who(header, address)
        user: str | None = await self._in_thread(partial(self._tokens.who, header, address))
        return user

    def _work(self, entry: Route, arrived: Arrived) -> Callable[[], Any]:
        kind = arrived.content_type.split(";", 1)[0].strip().lower()
        if entry.form:
            fits = kind == "multipart/form-data"
        else:
            fits = not arrived.body or kind == JSON or kind.endswith("+json")
        if not fits:
            raise Unfit(415, _REASONS[415])
        query = dict(arrived.query())

        def begin() -> Any:
            body, files, form = _read_form(arrived) if entry.form else (_read_json(arrived.body), (), {})
            return entry.handler(
                Call(
                    self._engine,
                    arrived.params,
                    query,
                    body,
                    arrived.user,
                    files,
                    form,
                    self._test_mode,
                    self._tokens.guards,
                    self._max_upload,
                )
            )

        return begin

    def _written(self, answer: Any) -> Written:
        assert isinstance(answer, Answer)
        if answer.value is None and answer.status == 204:
            return _NOTHING
        if answer.media_type is not None:
            return Plain(answer.status, answer.value, answer.media_type, answer.headers)
        return Plain(answer.status, _encode(answer.value), JSON, answer.headers)

    def _refusal(self, error: Exception, path: str) -> Written:
        if isinstance(error, Unfit):
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            reason = _REASONS.get(error.status, error.message)
            body = {"timestamp": now, "status": error.status, "error": reason, "path": path}
            return Plain(error.status, _encode(body), JSON)
        if isinstance(error, Busy):
            error = Rejected(503, error.message, "RESOURCE_EXHAUSTED")
        problem = rejection_of(error)
        return Plain(problem.status, _told(problem.body(path)), PROBLEM, _HINTS.get(problem.status, {}))


def _told(body: Mapping[str, Any]) -> bytes:
    """A problem may repeat what the client sent, which need not be text that JSON can hold."""
    try:
        return _encode(body)
    except UnicodeEncodeError:
        return _encode(
            {key: v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for key, v in body.items()}
        )


def _read_json(body: bytes) -> Mapping[str, Any]:
    try:
        return read_object(body) if body else {}
    except Answered:
        raise unreadable() from None


def _read_form(arrived: Arrived) -> tuple[Mapping[str, Any], tuple[File, ...], Mapping[str, str]]:
    try:
        parts = read_form(arrived.content_type, arrived.body)
        files = tuple(File(x.filename, x.content, x.content_type, x.name) for x in parts if x.filename is not None)
        return {}, files, {part.name: part.text for part in parts if part.filename is None}
    except Answered:
        raise unreadable() from None


class _Table:
    """Finds the route of a path: among those with as many parts, literal parts before parameters."""

    def __init__(self, routes: list[Route]) -> None:
        self._literal: dict[str, dict[str, Route]] = {}
        self._by_shape: dict[tuple[int, str], list[tuple[re.Pattern[str], dict[str, Route]]]] = {}
        for entry in routes:
            if "{" not in entry.path:
                self._literal.setdefault(entry.path, {})[entry.method] = entry
        patterns: dict[str, dict[str, Route]] = {}
        for entry in sorted(routes, key=lambda one: [part.startswith("{") for part in one.path.split("/")]):
            if "{" in entry.path:
                patterns.setdefault(entry.path, {})[entry.method] = entry
        for path, methods in patterns.items():
            pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + r"\Z")
            self._by_shape.setdefault(_shape(path), []).append((pattern, methods))

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """The route and the parameters of its path. Raises 404 or 405."""
        wanted = "GET" if method == "HEAD" else method
        methods = self._literal.get(path)
        known = methods is not None
        if methods is not None and wanted in methods:
            return methods[wanted], {}
        for pattern, those in self._by_shape.get(_shape(path), ()):
            match = pattern.match(path)
            if match is None:
                continue
            known = True
            if wanted in those:
                found = match.groupdict()
                return those[wanted], {name: unquote(value, errors="replace") for name, value in found.items()}
        raise Unfit(405 if known else 404, _REASONS[405 if known else 404])


def _shape(path: str) -> tuple[int, str]:
    """How many parts a path has, and its first one, which is never a parameter."""
    return path.count("/"), path.partition("/")[2].partition("/")[0]
