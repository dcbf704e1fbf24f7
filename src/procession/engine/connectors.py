"""`http-connector` and `soap-http-connector` as Camunda 7 has them: parameters in, an answer out.

The faults' texts are those of Camunda's connector. A program that embeds the engine may put a callable of its own in the
place of a connector, or add one: a delegate registered as `connector:<id>`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from procession.engine.targets import Allowed
from procession.errors import ConnectorFailed
from procession.values import Long

if TYPE_CHECKING:
    from procession.engine.outgoing import Caller

HTTP, SOAP = "http-connector", "soap-http-connector"
IDS = frozenset({HTTP, SOAP})
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
_CARRY = ("POST", "PUT", "PATCH")
_FOLLOW = ("GET", "HEAD")
"""Methods that a redirect is followed for, as HttpClient 4 does; others get the answer that redirects."""
_NUMBERS = frozenset({"connection-timeout", "connection-request-timeout", "max-redirects", "socket-timeout"})
_TRUTHS = frozenset(
    {
        "authentication-enabled", "circular-redirects-allowed", "content-compression-enabled", "decompression-enabled",
        "expect-continue-enabled", "normalize-uri", "relative-redirects-allowed", "stale-connection-check-enabled",
    }
)  # fmt: skip
_ELSEWHERE = frozenset(
    {"cookie-spec", "local-address", "proxy", "proxy-preferred-auth-scheme", "target-preferred-auth-schemes"}
)


class Connectors:
    """The connectors of an engine. `private` names what they may call beyond the public internet; `timeout` in seconds."""

    def __init__(self, private: tuple[str, ...], timeout: float) -> None:
        self._allowed = Allowed.read(private)
        self._timeout = timeout
        self._mutex = threading.Lock()
        self._caller: Caller | None = None

    def call(self, connector: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """`statusCode`, `headers`, and `response` where the answer may have a body. Raises ConnectorFailed."""
        import httpx  # what calls nobody starts without it

        from procession.engine.outgoing import Call

        url, payload = _text(given, "url"), _text(given, "payload")
        if url is None or not url.strip():
            raise ConnectorFailed("HTCL-02005 Request url required.")
        method = "POST" if connector == SOAP else _text(given, "method")
        if method not in _METHODS:
            raise ConnectorFailed(
                f"HTCL-02006 Unknown or unsupported HTTP method '{'null' if method is None else method}'"
            )
        options = _options(_map(given, "request-config"))
        call = Call(
            method,
            url,
            {str(name): _header(name, value) for name, value in _map(given, "headers").items() if name and value},
            (payload or "").encode() if method in _CARRY else None,
            _seconds(options.get("connection-timeout")),
            _seconds(options.get("socket-timeout")),
            method in _FOLLOW and options.get("relative-redirects-allowed", True) and options.get("max-redirects") != 0,
        )
        try:
            status, headers, body = self._open().call(call)
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ConnectorFailed(
                f"HTCL-02007 Unable to execute HTTP request: {error or type(error).__name__}"
            ) from error
        text = body.decode("utf-8", "replace")
        if str(options.get("throw-http-error", "")).lower() == "true" and 400 <= status <= 599:
            raise ConnectorFailed(f"HTCL-02010 HTTP request failed with Status Code: {status} , Response: {text}")
        found: dict[str, Any] = {"statusCode": status, "headers": headers}
        if method != "HEAD" and status not in (204, 205, 304):  # then there is none, not an empty one
            found["response"] = text
        return found

    def _open(self) -> Caller:
        with self._mutex:
            if self._caller is None:
                from procession.engine.outgoing import Caller

                self._caller = Caller(self._allowed, self._timeout)
            return self._caller

    def close(self) -> None:
        """Closes what is open."""
        with self._mutex:
            caller, self._caller = self._caller, None
        if caller is not None:
            caller.close()


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise ConnectorFailed(f"The connector's parameter '{name}' must be a text, but is {value!r}")
    return value


def _map(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConnectorFailed(f"The connector's parameter '{name}' must be a map, but is {value!r}")
    return value


def _header(name: object, value: object) -> str:
    if not isinstance(value, str):
        raise ConnectorFailed(f"The header '{name}' must be a text, but is {value!r}")
    return value


def _options(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of a request, each of the type that it has to have. A number of JUEL is a Long, which none is."""
    for name, value in given.items():
        number = isinstance(value, int) and not isinstance(value, bool | Long)
        if value is not None and (
            (name in _NUMBERS and not number) or (name in _TRUTHS and not isinstance(value, bool))
        ):
            raise ConnectorFailed(f"HTCL-02008 Invalid value for request configuration option: {name}")
        if name in _ELSEWHERE:
            raise ConnectorFailed(
                f"The request configuration option '{name}' is not available; remove it from 'request-config'"
            )
    return given


def _seconds(milliseconds: int | None) -> float | None:
    """None where it is not limited: 0 and less in HttpClient."""
    return None if milliseconds is None or milliseconds <= 0 else milliseconds / 1000
