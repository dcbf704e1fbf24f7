"""Azure Functions call with requests and timers: both become events that the handlers know, answers become responses.

The objects are those of the package `azure-functions`, which Azure provides; here only their shape is known.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit


class Request(Protocol):
    """What is used of `azure.functions.HttpRequest`."""

    @property
    def method(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def params(self) -> Mapping[str, str]: ...
    def get_body(self) -> bytes: ...


def request_event(request: Request) -> dict[str, Any]:
    """The event of a request, in the shape of an HTTP API. The body travels as base64: no byte of it changes."""
    path = urlsplit(request.url).path
    headers = {name.lower(): value for name, value in request.headers.items()}
    # Azure's front appends the address that it saw, with its port
    address = headers.get("x-forwarded-for", "").split(",")[-1].strip()
    if address.count(":") == 1:
        address = address.split(":", 1)[0]
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": urlencode(dict(request.params)),
        "headers": headers,
        "requestContext": {
            "http": {"method": request.method, "path": path, "sourceIp": address},
            "requestId": headers.get("x-ms-request-id", ""),
        },
        "body": base64.b64encode(request.get_body()).decode(),
        "isBase64Encoded": True,
    }


def response_parts(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `azure.functions.HttpResponse`."""
    return {"body": answer["body"], "status_code": answer["statusCode"], "headers": dict(answer["headers"])}


def raise_failure(answer: Mapping[str, Any]) -> None:
    """For timers, whose answer nobody reads: raises RuntimeError for a failure, so that Azure shows the run as failed."""
    if answer["statusCode"] >= 400:
        raise RuntimeError(str(answer["body"]))
