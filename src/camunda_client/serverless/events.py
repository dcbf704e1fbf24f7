"""The shapes in which a function is called, and the answer each caller expects.

| caller                         | recognised by                                           |
|--------------------------------|---------------------------------------------------------|
| HTTP API, function URL         | `version` is "2.0" and `requestContext.http`            |
| Application Load Balancer      | `requestContext.elb`                                    |
| REST API                       | `httpMethod` or `resource`                              |
| EventBridge rule, Scheduler    | `source` and `detail-type`; `detail` may be JSON text   |
| direct call with a request     | `body` (and perhaps `headers`): answered like REST      |
| direct call                    | anything else: the event itself is the input            |

A body that travels as base64 is decoded once. Bytes are never parsed and written again: signatures are over them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl

from camunda_client.serverless.json_text import BadJson, read_json


class Caller(Enum):
    """Who calls."""

    REST_API = "rest-api"
    HTTP_API = "http-api"
    FUNCTION_URL = "function-url"
    LOAD_BALANCER = "alb"
    EVENT_BRIDGE = "event-bridge"
    DIRECT_REQUEST = "direct-request"
    DIRECT = "direct"


class BadEvent(ValueError):
    """The event has a known shape with impossible content."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One call. `headers` have lower-case names and all values of each; `body` is raw bytes, `detail` the input of a
    call that has no body (a JSON object). `identity` is who the gateway says is calling, if it checked."""

    caller: Caller
    method: str = ""
    path: str = ""
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    detail: Mapping[str, Any] = field(default_factory=dict)
    source_address: str = ""
    client_subject: str = ""
    identity: str | None = None
    event_id: str | None = None
    multi_value_answer: bool = False

    @property
    def is_request(self) -> bool:
        """True where somebody waits for an HTTP answer."""
        return self.caller not in (Caller.DIRECT, Caller.EVENT_BRIDGE)

    def header(self, name: str) -> str | None:
        """The value of a header, whatever its case; None without it. Raises BadEvent where it is there more than once."""
        values = self.headers.get(name.lower(), ())
        if len(values) > 1:
            raise BadEvent(f"The header {name} is there {len(values)} times")
        return values[0] if values else None

    def input(self) -> Mapping[str, Any]:
        """The JSON object that the caller sent. Raises BadJson."""
        if not self.is_request:
            return self.detail
        value = read_json(self.body)
        if not isinstance(value, dict):
            raise BadJson("The body must be a JSON object")
        return value


def read_event(event: Mapping[str, Any]) -> Incoming:
    """What a Lambda event means. Raises BadEvent."""
    if not isinstance(event, Mapping):
        raise BadEvent("The event must be a JSON object")
    context = event.get("requestContext")
    context = context if isinstance(context, Mapping) else {}
    if event.get("version") == "2.0" and isinstance(context.get("http"), Mapping):
        return _http_api(event, context)
    if "elb" in context:
        return _rest(event, context, Caller.LOAD_BALANCER)
    if event.get("httpMethod") or event.get("resource"):
        return _rest(event, context, Caller.REST_API)
    if "detail-type" in event and "source" in event:
        return Incoming(Caller.EVENT_BRIDGE, detail=_detail(event), event_id=_text(event.get("id")))
    if "body" in event:
        return _rest(event, context, Caller.DIRECT_REQUEST)
    return Incoming(Caller.DIRECT, detail=event)


def answer(incoming: Incoming, status: int, body: Any, content_type: str = "application/json") -> dict[str, Any]:
    """The function's result: what the caller's gateway makes a response of. `body` is text or what JSON can write."""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    headers = {"Content-Type": content_type, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    result: dict[str, Any] = {"statusCode": status, "headers": headers, "body": text, "isBase64Encoded": False}
    if incoming.caller is Caller.LOAD_BALANCER:
        result["statusDescription"] = f"{status} {_REASONS.get(status, 'Status')}"
    if incoming.multi_value_answer:
        result["multiValueHeaders"] = {name: [value] for name, value in result.pop("headers").items()}
    return result


_REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 409: "Conflict"}
_REASONS |= {405: "Method Not Allowed", 413: "Content Too Large", 500: "Internal Server Error"}
_REASONS |= {503: "Service Unavailable"}


def _http_api(event: Mapping[str, Any], context: Mapping[str, Any]) -> Incoming:
    http = context["http"]
    domain = str(context.get("domainName") or "")
    caller = Caller.FUNCTION_URL if ".lambda-url." in domain else Caller.HTTP_API
    authentication = context.get("authentication") or {}
    certificate = authentication.get("clientCert") if isinstance(authentication, Mapping) else None
    # duplicates arrive joined with commas; whoever needs one value sees an impossible one then
    headers = {str(name).lower(): (str(value),) for name, value in (event.get("headers") or {}).items()}
    return Incoming(
        caller,
        method=str(http.get("method") or "").upper(),
        path=_without_stage(str(event.get("rawPath") or http.get("path") or ""), str(context.get("stage") or "")),
        headers=headers,
        query=dict(parse_qsl(str(event.get("rawQueryString") or ""), keep_blank_values=True)),
        body=_body(event),
        source_address=str(http.get("sourceIp") or ""),
        client_subject=_subject(certificate),
        identity=_identity(context),
        event_id=_text(context.get("requestId")),
    )


def _rest(event: Mapping[str, Any], context: Mapping[str, Any], caller: Caller) -> Incoming:
    single, multi = event.get("headers"), event.get("multiValueHeaders")
    headers: dict[str, tuple[str, ...]] = {}
    if isinstance(multi, Mapping) and multi:
        for name, values in multi.items():
            headers[str(name).lower()] = headers.get(str(name).lower(), ()) + tuple(
                str(value) for value in values or ()
            )
    elif isinstance(single, Mapping):
        for name, value in single.items():
            # two spellings of one name are two headers
            headers[str(name).lower()] = (*headers.get(str(name).lower(), ()), str(value))
    identity = context.get("identity") or {}
    address = str(identity.get("sourceIp") or "")
    if caller is Caller.LOAD_BALANCER:
        # the balancer appends the address that it saw; what stands before it is the client's own claim
        address = (headers.get("x-forwarded-for", ("",))[-1]).split(",")[-1].strip()
    return Incoming(
        caller,
        method=str(event.get("httpMethod") or ("POST" if caller is Caller.DIRECT_REQUEST else "")).upper(),
        path=str(event.get("path") or ""),
        headers=headers,
        query={str(name): str(value) for name, value in (event.get("queryStringParameters") or {}).items()},
        body=_body(event),
        source_address=address,
        client_subject=_subject(identity.get("clientCert")),
        identity=_identity(context),
        event_id=_text(context.get("requestId")),
        multi_value_answer=caller is Caller.LOAD_BALANCER and single is None and multi is not None,
    )


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body")
    if body is None:
        return b""
    if isinstance(body, Mapping | list):
        # only a direct call can hold a body that was never text
        return json.dumps(body).encode()
    if not isinstance(body, str):
        raise BadEvent("The body must be text")
    if event.get("isBase64Encoded"):
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            raise BadEvent("The body is not base64") from None
    try:
        return body.encode()
    except UnicodeEncodeError:
        raise BadEvent("The body has a lone surrogate") from None


def _detail(event: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = event.get("detail")
    if isinstance(detail, str):  # EventBridge Scheduler's default envelope
        try:
            detail = read_json(detail) if detail.strip() else {}
        except BadJson as error:
            raise BadEvent(f"The event's detail: {error}") from None
    if not isinstance(detail, Mapping | None):
        raise BadEvent("The event's detail must be a JSON object")
    found = dict(detail or {})
    resources = event.get("resources")
    if isinstance(resources, list) and resources and "schedule_name" not in found:
        found["schedule_name"] = str(resources[0]).rsplit("/", 1)[-1]
    if event.get("time"):
        found.setdefault("scheduled_time", event["time"])
    return found


def _identity(context: Mapping[str, Any]) -> str | None:
    """Who the gateway authenticated: a token's subject, an authorizer's principal or an IAM user."""
    authorizer = context.get("authorizer")
    if isinstance(authorizer, Mapping):
        jwt, iam = authorizer.get("jwt"), authorizer.get("iam")
        claims = (jwt or authorizer).get("claims") if isinstance(jwt or authorizer, Mapping) else None
        if isinstance(claims, Mapping) and claims.get("sub"):
            return str(claims["sub"])
        if isinstance(iam, Mapping) and iam.get("userArn"):
            return str(iam["userArn"])
        if authorizer.get("principalId"):
            return str(authorizer["principalId"])
    identity = context.get("identity")
    return _text(identity.get("userArn")) if isinstance(identity, Mapping) else None


def _subject(certificate: object) -> str:
    return str(certificate.get("subjectDN") or "") if isinstance(certificate, Mapping) else ""


def _without_stage(path: str, stage: str) -> str:
    prefix = f"/{stage}"
    if stage and stage != "$default" and (path == prefix or path.startswith(f"{prefix}/")):
        return path[len(prefix) :] or "/"
    return path


def _text(value: object) -> str | None:
    return str(value) if value else None
