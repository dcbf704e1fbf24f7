"""Calls to other systems that a model asks for, kept away from this machine's own neighbourhood.

A host name is resolved once, every address is looked at, and the connection is made to an address that passed, so that a
name cannot mean one thing to the guard and another to the socket. Redirects go through the same gate. Addresses that are
not of the public internet (loopback, private, link-local such as a cloud's metadata service, multicast) are refused
unless `private` names them. This file does not know what is called, or why.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import httpx

from procession.engine.targets import Address, Allowed

MAX_BYTES = 16 << 20


class Forbidden(httpx.TransportError):
    """The target is none that may be called."""


class TooMuch(httpx.TransportError):
    """The answer is larger, or takes longer, than it may."""


class _Guarded(httpx.BaseTransport):
    """Sends a request to an address of its host that may be called; the host's name stays in the request and in TLS."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._inner = httpx.HTTPTransport(retries=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        if request.url.scheme not in ("http", "https") or not host:
            raise Forbidden(f"'{request.url.scheme}' is not called: only http and https are", request=request)
        address = self._address(host, port, request)
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=str(address)),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return self._inner.handle_request(pinned)

    def _address(self, host: str, port: int, request: httpx.Request) -> Address:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"The host '{host}' is not known: {error}", request=request) from error
        addresses = dict.fromkeys(ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found)
        for address in addresses:
            if self._allowed.permits(host, address):
                return address
        shown = ", ".join(map(str, addresses))
        raise Forbidden(
            f"The host '{host}' ({shown}) is not of the public internet; `connector_private` names what may be called"
            " besides",
            request=request,
        )

    def close(self) -> None:
        self._inner.close()


@dataclass(frozen=True, slots=True)
class Call:
    """What to send. Times in seconds."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None = None
    connect_timeout: float | None = None
    read_timeout: float | None = None
    redirects: bool = True


class Caller:
    """Calls other systems; safe to use from several threads. `timeout` is how long a call may take in all."""

    def __init__(self, allowed: Allowed, timeout: float) -> None:
        self._timeout = timeout
        self._client = httpx.Client(
            transport=_Guarded(allowed), trust_env=False, max_redirects=20, headers={"User-Agent": "Procession"}
        )

    def call(self, call: Call) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer, decompressed. Raises httpx.TransportError, InvalidURL and their like."""
        ends = time.monotonic() + self._timeout
        limits = httpx.Timeout(
            self._timeout,
            connect=min(call.connect_timeout or self._timeout, self._timeout),
            read=min(call.read_timeout or self._timeout, self._timeout),
        )
        with self._client.stream(
            call.method, call.url, headers=dict(call.headers), content=call.content, timeout=limits,
            follow_redirects=call.redirects,
        ) as response:  # fmt: skip
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise TooMuch(f"The answer has more than {MAX_BYTES} bytes", request=response.request)
                if time.monotonic() > ends:
                    raise TooMuch(f"The answer took more than {self._timeout} seconds", request=response.request)
            return response.status_code, dict(_last(response.headers)), bytes(body)

    def close(self) -> None:
        """Closes the connections that are kept."""
        self._client.close()


def _last(headers: httpx.Headers) -> Iterable[tuple[str, str]]:
    """Each header as it was written; of several alike the last, as Camunda's connector has it."""
    for name, value in headers.raw:
        yield name.decode("ascii", "replace"), value.decode("latin-1")
