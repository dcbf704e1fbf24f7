"""Whatever is sent to `/v2` is answered: by a problem document that tells the fault, never by a failure of ours."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procession.camunda8.api import load
from procession.camunda8.exchange import Route
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.server.settings import Settings
from tests.camunda8.play import Play, job, process
from tests.server.calling import Caller

NAMES = (
    "filter", "page", "sort", "from", "limit", "after", "before", "field", "order", "variables", "name", "value", "state",
    "$in", "$like", "$or", "$exists", "$gt", "processInstanceKey", "processDefinitionKey", "processDefinitionId", "type",
    "timeout", "maxJobsToActivate", "fetchVariable", "tenantIds", "changeset", "retries", "priority", "dueDate", "result",
    "corrections", "assignee", "candidateUsers", "elementId", "startInstructions", "activateInstructions", "elements",
    "moveInstructions", "terminateInstructions", "mappingInstructions", "migrationPlan", "targetProcessDefinitionKey",
    "sourceElementId", "targetElementId", "variableInstructions", "correlationKey", "timeToLive", "messageId",
    "signalName", "expression", "scopeKey", "timestamp", "username", "groupId", "roleId", "tenantId", "ownerId",
    "ownerType", "permissionTypes", "resourceId", "resourceType", "errorCode", "errorHashCode", "jobType", "to", "tags",
    "startDate", "businessId", "processDefinitionVersion", "decisionDefinitionId", "local", "action", "mappingRuleId",
)  # fmt: skip
"""Names that mean something somewhere, so that what is wrong is met behind the first check too."""
TEXTS = (
    "",
    "p",
    "a",
    "5",
    "-1",
    "\x00",
    "\ud800",
    "=1 +",
    "*",
    "2024-01-01T00:00:00Z",
    "<default>",
    "ACTIVE",
    "x" * 300,
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([2**63, -(2**63), 2**31, 10**40, 0])
    | st.sampled_from(TEXTS)
    | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
bodies = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)
segments = st.sampled_from(("5", "-1", "abc", "9" * 30, "%00", "%FF", "p", "%ED%A0%80")) | st.text(
    min_size=1, max_size=6
).map(lambda text: quote(text, safe="", errors="replace"))
raw = st.binary(max_size=60) | st.sampled_from(
    [
        b"{",
        b"[1]",
        b"null",
        b'"x"',
        b"NaN",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a":' * 10_000,
        b'{"a": "\\ud800"}',
        b"\xff\xfe",
    ]
)
kinds = st.sampled_from(
    ["application/json", "text/plain", "", "multipart/form-data", "multipart/form-data; boundary=x"]
)

LENIENT = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@cache
def routes() -> list[Route]:
    """Every operation but those that wait, or change the time, for a reason."""
    return [one for one in load() if one.path not in ("/jobs/activation", "/clock")]


@pytest.fixture
def running(stored: Engine) -> Caller:
    """A server on each database, with an instance to hurt."""
    caller = Caller(create_app(stored, Settings(test_mode=True, auth=False)))
    api = Play(stored, caller)
    api.deploy(process(f'<startEvent id="s"/>{job("a")}<endEvent id="e"/>', "s>a a>e"))
    api.start(n=1)
    return caller


def told(answer: httpx.Response) -> None:
    """It succeeded, or tells in the API's way what is wrong."""
    assert answer.status_code < 500 or answer.status_code == 501, answer.text
    if not answer.is_error:
        return
    body = answer.json()
    if answer.headers["content-type"] == "application/problem+json":
        assert body["status"] == answer.status_code
        assert body["detail"]
        assert body["title"]
        assert body["instance"]
    else:
        assert answer.status_code in (404, 405, 413, 415), answer.text
        assert set(body) == {"timestamp", "status", "error", "path"}


@LENIENT
@given(data=st.data())
def test_any_json_is_answered(running: Caller, data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from(routes()), "route")
    path = re.sub(r"\{\w+\}", lambda _: data.draw(segments, "segment"), entry.path)
    body: dict[str, Any] = data.draw(bodies, "body")
    body.pop("awaitCompletion", None)
    content = encoded(body)
    told(running.call(entry.method, f"/v2{path}", content=content, headers={"Content-Type": "application/json"}))


def encoded(body: Any) -> bytes:
    """JSON as careless clients write it: NaN, lone surrogates and all."""
    return json.dumps(body, ensure_ascii=True).encode()


@LENIENT
@given(body=raw, kind=kinds, data=st.data())
def test_any_bytes_are_answered(running: Caller, body: bytes, kind: str, data: st.DataObject) -> None:
    entry = data.draw(st.sampled_from([one for one in routes() if one.method != "GET"]), "route")
    path = re.sub(r"\{\w+\}", "5", entry.path)
    told(running.call(entry.method, f"/v2{path}", content=body, headers={"Content-Type": kind}))


@LENIENT
@given(body=bodies)
def test_any_activation_is_answered(running: Caller, body: dict[str, Any]) -> None:
    content = encoded(body | {"requestTimeout": -1})
    told(running.call("POST", "/v2/jobs/activation", content=content, headers={"Content-Type": "application/json"}))


JSON = {"Content-Type": "application/json"}
START, FOUND = ("POST", "/process-instances"), ("POST", "/process-instances/search")
UNREAD = "Failed to read request"
UNKNOWN = "Request property [filter.nonsense] cannot be parsed"
NEGATIVE = "The value for page.limit is '-1' but must be a non-negative numeric value."


@pytest.mark.parametrize(
    ("operation", "options", "detail"),
    [
        (("POST", "/jobs/abc/completion"), {"json": {}}, "Failed to convert 'jobKey' with value: 'abc'"),
        (("GET", "/process-instances/x"), {}, "Failed to convert 'processInstanceKey' with value: 'x'"),
        (("POST", "/jobs/activation"), {"json": {"type": 7}}, UNREAD),
        (START, {"content": "{", "headers": JSON}, UNREAD),
        (START, {"content": '{"a": NaN}', "headers": JSON}, UNREAD),
        (FOUND, {"json": {"filter": {"nonsense": 1}}}, UNKNOWN),
        (FOUND, {"json": {"page": {"limit": -1}}}, NEGATIVE),
    ],
)
def test_what_is_said(running: Caller, operation: tuple[str, str], options: dict[str, Any], detail: str) -> None:
    answer = running.call(operation[0], f"/v2{operation[1]}", **options)
    assert (answer.status_code, answer.json()["detail"]) == (400, detail)


def test_unknown_members_of_a_body_are_nobodys_business(running: Caller) -> None:
    body = {"processDefinitionId": "p", "nonsense": {"a": 1}}
    assert running.call("POST", "/v2/process-instances", json=body).status_code == 200
