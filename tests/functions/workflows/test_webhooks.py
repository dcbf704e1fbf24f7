"""Webhooks end to end: right senders start workflows once, everybody else nothing, and nothing is parsed too early."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import pytest

from camunda_client.serverless import webhook
from camunda_client.serverless.soap import ACKNOWLEDGEMENT
from functions import webhook_receiver, workflow_trigger
from procession.serverless.embedded import EmbeddedWorkflows
from tests.functions.workflows.models import body, instances, variables

SECRET = "s3cret"


def digest(text: str | bytes, secret: str = SECRET) -> str:
    data = text.encode() if isinstance(text, str) else text
    return hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()


def post(text: str, headers: dict[str, str], path: str = "/webhooks", **event: Any) -> dict[str, Any]:
    return webhook_receiver.handler(
        {"httpMethod": "POST", "path": path, "headers": headers, "body": text, **event}, None
    )


def github(text: str, delivery: str = "d-1", event: str = "push", **more: Any) -> dict[str, Any]:
    headers = {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": f"sha256={digest(text)}",
        "Content-Type": "application/json",
    }
    return post(text, headers | more.pop("headers", {}), **more)


def now() -> int:
    """Seconds since 1970, asked for when they are needed: signatures go stale within minutes."""
    return int(time.time())


def stripe(text: str, at: int | None = None, **more: Any) -> dict[str, Any]:
    at = now() if at is None else at
    return post(text, {"Stripe-Signature": f"t={at},v1={digest(f'{at}.{text}')}"}, **more)


@pytest.fixture
def receiver(deployed: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> EmbeddedWorkflows:
    """A receiver with secrets for the usual sources; every webhook starts `test-def`."""
    for source in ("GITHUB", "STRIPE", "SALESFORCE", "SHOP"):
        settings.setenv(f"WEBHOOK_SECRET_{source}", SECRET)
    settings.setenv("WEBHOOK_WORKFLOW_ID", "test-def")
    return deployed


# ---------------------------------------------------------------- each provider


def test_github(receiver: EmbeddedWorkflows) -> None:
    answer = github('{"ref":"refs/heads/main"}')
    assert answer["statusCode"] == 202
    assert variables(receiver, body(answer)["execution_id"])["webhook_event"] == "push"


def test_github_form(receiver: EmbeddedWorkflows) -> None:
    answer = github("payload=%7B%22a%22%3A1%7D", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert variables(receiver, body(answer)["execution_id"])["payload"] == {"a": 1}


def test_github_ping(receiver: EmbeddedWorkflows) -> None:
    answer = github('{"zen":"Keep it simple"}', event="ping")
    assert (answer["statusCode"], body(answer), instances(receiver)) == (200, {"status": "pong"}, 0)


def test_stripe(receiver: EmbeddedWorkflows) -> None:
    answer = stripe('{"id":"evt_1","type":"charge.succeeded"}')
    assert answer["statusCode"] == 202
    assert variables(receiver, body(answer)["execution_id"])["webhook_event"] == "charge.succeeded"


@pytest.mark.parametrize("header", ["X-SF-Signature-256", "X-Salesforce-Signature", "x-sfmc-ens-signature"])
def test_salesforce_base64(receiver: EmbeddedWorkflows, header: str) -> None:
    text = '{"a":1}'
    value = base64.b64encode(bytes.fromhex(digest(text))).decode()
    assert post(text, {"X-Webhook-Source": "salesforce", header: value})["statusCode"] == 202
    assert post(text + " ", {"X-Webhook-Source": "salesforce", header: value})["statusCode"] == 401


def test_salesforce_hex(receiver: EmbeddedWorkflows) -> None:
    assert post("{}", {"X-SF-Signature-256": digest("{}")})["statusCode"] == 202


def test_any_source(receiver: EmbeddedWorkflows) -> None:
    headers = {"X-Webhook-Source": "shop", "X-Webhook-Signature": f"sha256={digest('{}')}"}
    assert post("{}", headers)["statusCode"] == 202


def test_source_in_the_path(receiver: EmbeddedWorkflows) -> None:
    headers = {"X-Webhook-Signature": f"sha256={digest('{}')}"}
    assert post("{}", headers, "/webhooks/shop")["statusCode"] == 202


def test_described_provider(receiver: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> None:
    about = {"header": "X-CRM-Sig", "encoding": "base64", "timestamp_header": "X-CRM-Time", "scheme": "hmac"}
    settings.setenv("WEBHOOK_PROVIDERS", json.dumps({"crm": about}))
    settings.setenv("WEBHOOK_SECRET_CRM", '["new", "old"]')

    def send(at: int, secret: str) -> int:
        value = base64.b64encode(bytes.fromhex(digest(f"{at}.{{}}", secret))).decode()
        headers = {"X-Webhook-Source": "crm", "X-CRM-Sig": value, "X-CRM-Time": str(at)}
        return int(post("{}", headers)["statusCode"])

    at = now()
    assert [send(at, "new"), send(at - 5, "old"), send(at - 1000, "new"), send(at - 9, "x")] == [202, 202, 401, 401]


# ---------------------------------------------------------------- everybody else (bad inputs 21)


def _forged() -> dict[str, dict[str, Any]]:
    text, at = '{"id":"evt_1","type":"x"}', now()
    right = f"sha256={digest(text)}"
    bytes_again = base64.b64encode(base64.b64encode(text.encode())).decode()
    return {
        "missing header": {"headers": {"X-Webhook-Source": "github"}, "body": text},
        "MAC over other JSON": {"headers": {"X-Hub-Signature-256": right}, "body": '{"id": "evt_1", "type": "x"}'},
        "base64 twice": {"headers": {"X-Hub-Signature-256": right}, "body": bytes_again, "isBase64Encoded": True},
        "SHA-1 only": {"headers": {"X-Webhook-Source": "github", "X-Hub-Signature": "sha1=" + "0" * 40}, "body": text},
        "other provider's MAC": {"headers": {"Stripe-Signature": f"t={at},v1={digest(text)}"}, "body": text},
        "stale": {"headers": {"Stripe-Signature": f"t={at - 400},v1={digest(f'{at - 400}.{text}')}"}, "body": text},
        "future": {"headers": {"Stripe-Signature": f"t={at + 400},v1={digest(f'{at + 400}.{text}')}"}, "body": text},
        "unknown source": {"headers": {"X-Webhook-Source": "nobody", "X-Webhook-Signature": right}, "body": text},
        "generic on Stripe's own": {
            "headers": {"X-Webhook-Source": "stripe", "Stripe-Signature": f"t={at},v1={'0' * 64}",
                        "X-Webhook-Signature": right},
            "body": text,
        },
    }  # fmt: skip


@pytest.mark.parametrize("name", list(_forged()))
def test_forged_webhooks_start_nothing(receiver: EmbeddedWorkflows, name: str) -> None:
    answer = webhook_receiver.handler({"httpMethod": "POST", "path": "/webhooks", **_forged()[name]}, None)
    assert (answer["statusCode"], body(answer), instances(receiver)) == (401, {"error": "Unauthorized"}, 0)


def _malformed() -> dict[str, dict[str, Any]]:
    text, at = "{}", now()
    value = digest(text)
    return {
        "truncated hex": {"headers": {"X-Hub-Signature-256": f"sha256={value[:-2]}"}},
        "two t": {"headers": {"Stripe-Signature": f"t={at},t={at},v1={value}"}},
        "duplicate header": {"multiValueHeaders": {"X-Hub-Signature-256": [f"sha256={value}", "sha256=0"]}},
        "one header in two cases": {
            "headers": {"X-Hub-Signature-256": f"sha256={value}", "x-hub-signature-256": "sha256=0"}
        },
        "unknown source": {"headers": {"X-Webhook-Source": "nobody", "X-Webhook-Signature": "nonsense"}},
        "no source": {"headers": {}},
        "source with a path": {"headers": {"X-Webhook-Source": "../x", "X-Webhook-Signature": "sha256=0"}},
    }


@pytest.mark.parametrize("name", list(_malformed()))
def test_malformed_webhooks_start_nothing(receiver: EmbeddedWorkflows, name: str) -> None:
    event = {"httpMethod": "POST", "path": "/webhooks", "body": "{}", **_malformed()[name]}
    answer = webhook_receiver.handler(event, None)
    assert (answer["statusCode"], instances(receiver)) == (400, 0)


def test_upper_case_header_and_hex(receiver: EmbeddedWorkflows) -> None:
    assert post("{}", {"X-HUB-SIGNATURE-256": f"sha256={digest('{}').upper()}"})["statusCode"] == 202


def test_base64_body_is_decoded_once(receiver: EmbeddedWorkflows) -> None:
    text = '{"a": "ä"}'
    answer = github(text, body=base64.b64encode(text.encode()).decode(), isBase64Encoded=True)
    assert variables(receiver, body(answer)["execution_id"])["payload"] == {"a": "ä"}


def test_an_unconfigured_source_answers_like_a_configured_one(receiver: EmbeddedWorkflows) -> None:
    for signature in (f"sha256={'0' * 64}", "nonsense"):
        known, unknown = (
            post("{}", {"X-Webhook-Source": source, "X-Webhook-Signature": signature}) for source in ("shop", "nobody")
        )
        assert known == unknown


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"a":NaN}', '{"a":1,"a":2}', '{"a":"\\ud800"}', "9" * 5000, ""])
def test_a_bad_body_is_refused_only_after_its_sender_is_known(
    receiver: EmbeddedWorkflows, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert github(text)["statusCode"] == 400

    def never(*_: Any) -> None:
        raise AssertionError("parsed")

    for name in ("read_json", "parse_qs"):
        monkeypatch.setattr(webhook, name, never)
    answer = post(text, {"X-GitHub-Event": "push", "X-Hub-Signature-256": "sha256=" + "0" * 64})
    assert (answer["statusCode"], instances(receiver)) == (401, 0)


# ---------------------------------------------------------------- replays


def test_a_replayed_delivery_starts_nothing(receiver: EmbeddedWorkflows) -> None:
    first, second = github("{}"), github("{}")
    assert (first["statusCode"], second["statusCode"], instances(receiver)) == (202, 200, 1)
    assert body(second) == {"status": "duplicate", "execution_id": body(first)["execution_id"]}


def test_signed_bytes_under_another_delivery_id_are_a_replay(receiver: EmbeddedWorkflows) -> None:
    github('{"n":1}', "d-1")
    assert github('{"n":1}', "d-2")["statusCode"] == 200
    assert github('{"n":2}', "d-1")["statusCode"] == 200
    assert github('{"n":2}', "d-2")["statusCode"] == 202, "the replay above took no key"
    assert instances(receiver) == 2


def test_stripe_signs_each_try_anew(receiver: EmbeddedWorkflows) -> None:
    text = '{"id":"evt_7","type":"x"}'
    at = now()
    assert [stripe(text, at)["statusCode"], stripe(text, at + 20)["statusCode"], instances(receiver)] == [202, 200, 1]


def test_sources_that_share_a_secret_cannot_replay_each_other(
    receiver: EmbeddedWorkflows, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("WEBHOOK_SECRET", SECRET)
    for source, status in (("one", 202), ("two", 200)):
        headers = {"X-Webhook-Source": source, "X-Webhook-Signature": f"sha256={digest('{}')}"}
        assert post("{}", headers)["statusCode"] == status


def test_a_refused_delivery_may_come_again(receiver: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("WEBHOOK_WORKFLOW_ID", "not-yet")
    assert github("{}")["statusCode"] == 404
    settings.setenv("WEBHOOK_WORKFLOW_ID", "test-def")
    assert github("{}")["statusCode"] == 202


# ---------------------------------------------------------------- routes


def test_a_webhook_reaches_the_waiting_instance(receiver: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> None:
    routes = [
        {"source": "stripe", "event": "payment_intent.*", "message": "payment-received",
         "correlate": {"orderId": "/data/object/metadata/order"}, "variables": {"paid": "/data/object/amount"}},
        {"source": "github", "event": "push", "when": {"/ref": "refs/heads/main"}, "start": "wf-def-123",
         "business_key": "/after", "variables": {}},
    ]  # fmt: skip
    settings.setenv("WEBHOOK_ROUTES", json.dumps(routes))
    order = workflow_trigger.handler({"definition_id": "order", "input_data": {"orderId": "o-1"}}, None)
    workflow_trigger.handler({"definition_id": "order", "input_data": {"orderId": "o-2"}}, None)
    payment = {
        "id": "evt_1",
        "type": "payment_intent.succeeded",
        "data": {"object": {"amount": 12, "metadata": {"order": "o-1"}}},
    }
    answer = stripe(json.dumps(payment))
    assert (answer["statusCode"], body(answer)["execution_id"]) == (202, body(order)["execution_id"])
    assert variables(receiver, body(order)["execution_id"]) == {"orderId": "o-1", "paid": 12}
    assert stripe(json.dumps(payment))["statusCode"] == 200
    payment["id"] = "evt_2"
    assert stripe(json.dumps(payment))["statusCode"] == 409, "nobody waits any more"
    assert body(github('{"ref":"refs/heads/dev","after":"1"}')) == {"status": "ignored"}
    assert body(github('{"ref":"refs/heads/main","after":"1"}', "d-2"))["status"] == "completed"
    assert github('{"ref":"refs/heads/main"}', "d-3")["statusCode"] == 400


def test_two_routes_are_one_delivery(receiver: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> None:
    routes = [{"start": "test-def"}, {"start": "nothing-there"}]
    settings.setenv("WEBHOOK_ROUTES", json.dumps(routes))
    assert (github("{}")["statusCode"], instances(receiver)) == (404, 0)
    settings.setenv("WEBHOOK_ROUTES", json.dumps([routes[0], routes[0]]))
    answer = github("{}")
    assert (answer["statusCode"], instances(receiver), len(body(answer)["executions"])) == (202, 2, 2)


@pytest.mark.parametrize(
    "routes", ["[", "{}", "/no/such/file", '[{"start": "a", "message": "b"}]', "[{}]", '[{"start": "a", "x": 1}]']
)
def test_wrong_settings_are_ours_to_know(
    receiver: EmbeddedWorkflows, settings: pytest.MonkeyPatch, routes: str
) -> None:
    settings.setenv("WEBHOOK_ROUTES", routes)
    answer = github("{}")
    assert (answer["statusCode"], body(answer)) == (500, {"error": "The function is not configured"})


# ---------------------------------------------------------------- outbound messages (bad inputs 22)

ORGANIZATION = "00D5g00000Aa1Bc"


def soap(ids: list[str], organization: str = ORGANIZATION, before: str = "") -> str:
    notifications = "".join(
        f'<Notification><Id>{id_}</Id><sObject xsi:type="sf:Account" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"<sf:Id>001</sf:Id><sf:Name>Acme</sf:Name></sObject></Notification>"
        for id_ in ids
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
        f"<OrganizationId>{organization}</OrganizationId><ActionId>04k</ActionId><SessionId>TOP-SECRET</SessionId>"
        f"<EnterpriseUrl>https://x</EnterpriseUrl><PartnerUrl>https://x</PartnerUrl>{notifications}"
        "</notifications></soapenv:Body></soapenv:Envelope>"
    )


def outbound(text: str, address: str = "13.108.5.6", **identity: Any) -> dict[str, Any]:
    context = {"stage": "prod", "identity": {"sourceIp": address, **identity}}
    return post(text, {"X-Webhook-Source": "salesforce", "Content-Type": "text/xml"}, requestContext=context)


@pytest.fixture
def salesforce(receiver: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> EmbeddedWorkflows:
    about = {"scheme": "outbound-message", "organizations": [ORGANIZATION], "networks": ["13.108.0.0/14"]}
    settings.setenv("WEBHOOK_PROVIDERS", json.dumps({"salesforce": about}))
    return receiver


def test_outbound_message(salesforce: EmbeddedWorkflows, capfd: pytest.CaptureFixture[str]) -> None:
    answer = outbound(soap(["n1", "n2"]))
    assert (answer["statusCode"], answer["body"]) == (200, ACKNOWLEDGEMENT)
    assert answer["headers"]["Content-Type"] == "text/xml"
    assert instances(salesforce) == 2
    outbound(soap(["n2", "n3"]))
    assert instances(salesforce) == 3
    assert "TOP-SECRET" not in "".join(capfd.readouterr())


def test_outbound_message_of_the_18_character_id(salesforce: EmbeddedWorkflows) -> None:
    from camunda_client.serverless.salesforce import eighteen

    assert outbound(soap(["n1"], eighteen(ORGANIZATION)))["statusCode"] == 200


@pytest.mark.parametrize(
    ("text", "address", "status"),
    [
        (soap(["n1"], "00D000000000000"), "13.108.5.6", 401),
        (soap(["n1"]), "10.0.0.1", 401),
        (soap(["n1"]), "", 401),
        (soap(["n1"], before='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'), "13.108.5.6", 400),
        (soap(["n1"], before="<!DOCTYPE x>"), "13.108.5.6", 400),
        (soap([f"n{i}" for i in range(10_000)]), "13.108.5.6", 400),
        (soap([]), "13.108.5.6", 400),
        (soap([""]), "13.108.5.6", 400),
        ("<a>" * 100_000, "13.108.5.6", 400),
        ("no xml", "13.108.5.6", 400),
        (
            soap(["n1"]).replace("</ActionId>", f"</ActionId><OrganizationId>{ORGANIZATION}</OrganizationId>"),
            "13.108.5.6",
            400,
        ),
    ],
)
def test_bad_outbound_messages(salesforce: EmbeddedWorkflows, text: str, address: str, status: int) -> None:
    assert (outbound(text, address)["statusCode"], instances(salesforce)) == (status, 0)


def test_outbound_messages_by_client_certificate(salesforce: EmbeddedWorkflows, settings: pytest.MonkeyPatch) -> None:
    about = {"scheme": "outbound-message", "organizations": [ORGANIZATION], "client_subject": "CN=salesforce"}
    settings.setenv("WEBHOOK_PROVIDERS", json.dumps({"salesforce": about}))
    assert outbound(soap(["n1"]))["statusCode"] == 401
    assert outbound(soap(["n1"]), clientCert={"subjectDN": "CN=salesforce"})["statusCode"] == 200


def test_outbound_messages_without_a_list_are_refused(
    receiver: EmbeddedWorkflows, settings: pytest.MonkeyPatch
) -> None:
    about = {"scheme": "outbound-message", "organizations": [ORGANIZATION]}
    settings.setenv("WEBHOOK_PROVIDERS", json.dumps({"salesforce": about}))
    assert outbound(soap(["n1"]))["statusCode"] == 401
