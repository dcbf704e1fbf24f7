"""Every shape of event, and JSON that nobody should send."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from camunda_client.serverless.events import BadEvent, Caller, answer, read_event
from camunda_client.serverless.json_text import BadJson, read_json

BODY = '{"a": 1}'
REST = {
    "resource": "/workflows/trigger",
    "path": "/workflows/trigger",
    "httpMethod": "POST",
    "headers": {"Content-Type": "application/json", "X-One": "1"},
    "multiValueHeaders": {"Content-Type": ["application/json"], "X-One": ["1"]},
    "queryStringParameters": {"q": "1"},
    "requestContext": {"stage": "prod", "identity": {"sourceIp": "1.2.3.4", "userArn": "arn:user"}, "requestId": "r"},
    "body": BODY,
    "isBase64Encoded": False,
}
HTTP = {
    "version": "2.0",
    "rawPath": "/prod/workflows/trigger",
    "rawQueryString": "q=1",
    "headers": {"content-type": "application/json", "x-one": "1"},
    "requestContext": {
        "domainName": "id.execute-api.us-east-1.amazonaws.com",
        "http": {"method": "POST", "path": "/prod/workflows/trigger", "sourceIp": "1.2.3.4"},
        "stage": "prod",
        "authorizer": {"jwt": {"claims": {"sub": "jane"}}},
    },
    "body": BODY,
    "isBase64Encoded": False,
}
URL = HTTP | {
    "rawPath": "/workflows/trigger",
    "body": base64.b64encode(BODY.encode()).decode(),
    "isBase64Encoded": True,
    "requestContext": {
        "domainName": "abc.lambda-url.us-east-1.on.aws",
        "http": {"method": "POST", "path": "/workflows/trigger", "sourceIp": "1.2.3.4"},
        "stage": "$default",
    },
}
ALB = {
    "requestContext": {"elb": {"targetGroupArn": "arn:tg"}},
    "httpMethod": "POST",
    "path": "/workflows/trigger",
    "queryStringParameters": {"q": "1"},
    "headers": {"x-one": "1", "x-forwarded-for": "6.6.6.6, 1.2.3.4"},
    "body": BODY,
    "isBase64Encoded": False,
}
ALB_MULTI = {name: value for name, value in ALB.items() if name != "headers"} | {
    "multiValueHeaders": {"x-one": ["1"], "x-forwarded-for": ["1.2.3.4"]}
}
SHAPES = {
    Caller.REST_API: REST,
    Caller.HTTP_API: HTTP,
    Caller.FUNCTION_URL: URL,
    Caller.LOAD_BALANCER: ALB,
}


@pytest.mark.parametrize("caller", SHAPES)
def test_requests(caller: Caller) -> None:
    found = read_event(SHAPES[caller])
    assert (found.caller, found.method, found.path) == (caller, "POST", "/workflows/trigger")
    assert (found.header("X-ONE"), found.query["q"], found.source_address) == ("1", "1", "1.2.3.4")
    assert found.body == BODY.encode()
    assert found.input() == {"a": 1}


def test_who_the_gateway_says_is_calling() -> None:
    assert [read_event(SHAPES[caller]).identity for caller in SHAPES] == ["arn:user", "jane", None, None]


def test_answers_have_the_form_of_their_caller() -> None:
    assert answer(read_event(REST), 202, {"a": 1})["body"] == '{"a":1}'
    assert "statusDescription" not in answer(read_event(HTTP), 202, {})
    assert answer(read_event(ALB), 202, {})["statusDescription"] == "202 Accepted"
    multi = answer(read_event(ALB_MULTI), 401, {})
    assert "headers" not in multi
    assert multi["multiValueHeaders"]["Content-Type"] == ["application/json"]


def test_the_direct_call_is_its_own_input() -> None:
    assert read_event({"definition_id": "x"}).input() == {"definition_id": "x"}
    assert read_event({"body": {"a": 1}}).input() == {"a": 1}
    assert read_event(REST | {"body": None, "headers": None, "multiValueHeaders": None}).body == b""


@pytest.mark.parametrize("detail", ["{", "[1]", [1], 5])
def test_details_that_are_no_objects(detail: Any) -> None:
    with pytest.raises(BadEvent):
        read_event({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": detail})


@pytest.mark.parametrize(
    "event", [None, [], "x", {"body": 5}, {"body": "!", "isBase64Encoded": True}, {"body": "\ud800"}]
)
def test_events_that_cannot_be(event: Any) -> None:
    with pytest.raises(BadEvent):
        read_event(event)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 101 + "1" + "}" * 101,
        "NaN",
        "[Infinity]",
        '{"a":-Infinity}',
        '{"a":1,"a":1}',
        '{"a":"\\ud800"}',
        '{"\\udc00":1}',
        '{"a":[["\\ud800"]]}',
        "1" * 100_000,
        "1e400",
        "0." + "1" * 1000,
        "",
        "{",
        b"\xff",
        "x" * 100,
    ],
    ids=range(16),
)
def test_json_that_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadJson):
        read_json(text)


@pytest.mark.parametrize(
    "text", ['{"a":"[[[[[["}', "[" * 100 + "]" * 100, '"\\ud83d\\ude00"', "1" * 400, "[1.5, null]"]
)
def test_json_that_is_read(text: str) -> None:
    assert read_json(text) == json.loads(text)
    assert read_json(text.encode()) == json.loads(text)


def test_json_has_a_size() -> None:
    with pytest.raises(BadJson):
        read_json(b"1" * 11, limit=10)
