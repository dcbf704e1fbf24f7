"""A webhook on its way to a workflow: verified over its raw bytes, then parsed, then routed, and never twice.

The order is the rule of this file: nothing of a body is read before its sender is known.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from camunda_client.serverless import salesforce
from camunda_client.serverless.events import Incoming, answer
from camunda_client.serverless.functions import Open, Outcome, Refusal, execution_body, guarded
from camunda_client.serverless.json_text import MAX_BYTES, BadJson, read_json
from camunda_client.serverless.providers import Provider, has_own_secret, read_providers, source_of, verify
from camunda_client.serverless.routing import Route, choose, read_routes
from camunda_client.serverless.signatures import Malformed, Unverified
from camunda_client.serverless.soap import ACKNOWLEDGEMENT
from camunda_client.serverless.workflows import Once

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing that happened, as a webhook tells it: at most once is anything started for its keys."""

    source: str
    event: str
    payload: Any
    keys: tuple[str, ...]


def receive(
    event: Any, open_workflows: Open, environment: Mapping[str, str] | None = None, clock: Clock = time.time
) -> Outcome:
    """Answers 202 for what was started or reached, 200 for a repetition, a ping, or what no route wants.

    400 for a header or body that cannot be read, 401 (without a reason) for a sender that cannot be verified.
    """
    variables = os.environ if environment is None else environment

    def work(incoming: Incoming) -> Outcome:
        return _receive(incoming, open_workflows, variables, clock)

    return guarded("webhook_receiver", event, work)


def verification_wanted(environment: Mapping[str, str]) -> bool:
    """`VERIFY_WEBHOOK_SIGNATURE`: only a clear no switches it off."""
    return environment.get("VERIFY_WEBHOOK_SIGNATURE", "true").strip().lower() not in ("false", "0", "no", "off")


def _receive(incoming: Incoming, open_workflows: Open, environment: Mapping[str, str], clock: Clock) -> Outcome:
    if len(incoming.body) > MAX_BYTES:
        raise Refusal(400, f"The body has more than {MAX_BYTES} bytes")
    source = source_of(incoming)
    if source is None:
        raise Refusal(400, "X-Webhook-Source is missing")
    provider = read_providers(environment.get("WEBHOOK_PROVIDERS", "")).get(source) or Provider(source)
    checked = verification_wanted(environment)
    try:
        if checked:
            verify(incoming, provider, environment, clock())
        scope = source if not checked or has_own_secret(environment, source) else "*"
        deliveries = _read(incoming, provider, checked, scope)
    except Malformed as error:
        raise Refusal(400, "The signature is malformed") from error
    except Unverified as error:
        raise Refusal(401, "Unauthorized") from error
    routes = read_routes(environment.get("WEBHOOK_ROUTES", ""), environment.get("WEBHOOK_WORKFLOW_ID", ""))
    if provider.scheme == "outbound-message":
        for delivery in deliveries:
            _deliver(incoming, delivery, routes, open_workflows)
        fields = {"source": source, "notifications": len(deliveries)}
        return Outcome(answer(incoming, 200, ACKNOWLEDGEMENT, "text/xml"), "webhook_received", fields)
    return _deliver(incoming, deliveries[0], routes, open_workflows)


def _deliver(incoming: Incoming, delivery: Delivery, routes: tuple[Route, ...], open_workflows: Open) -> Outcome:
    fields: dict[str, Any] = {"source": delivery.source, "event": delivery.event[:200]}
    if delivery.source == "github" and delivery.event == "ping":
        return Outcome(answer(incoming, 200, {"status": "pong"}), "webhook_ping", fields)
    actions = choose(routes, delivery.source, delivery.event, delivery.payload)
    if not actions:
        return Outcome(answer(incoming, 200, {"status": "ignored"}), "webhook_ignored", fields)
    done = open_workflows().run(actions, Once.of(*delivery.keys))
    executions = [execution_body(execution) for execution in done.executions]
    fields["execution_id"] = [execution.execution_id for execution in done.executions]
    if done.repeated:
        body = {"status": "duplicate", "execution_id": executions[0]["execution_id"]} if executions else {}
        return Outcome(answer(incoming, 200, body or {"status": "duplicate"}), "webhook_repeated", fields)
    failed = any(execution.status == "failed" for execution in done.executions)
    accepted: dict[str, Any] = dict(executions[0]) if executions else {"status": "completed"}
    if len(executions) > 1:
        accepted["executions"] = executions
    level = logging.ERROR if failed else logging.INFO
    return Outcome(answer(incoming, 202, accepted), "webhook_received", fields, level)


# ---------------------------------------------------------------- reading what was verified


def _read(incoming: Incoming, provider: Provider, checked: bool, scope: str) -> list[Delivery]:
    source = provider.source
    if provider.scheme == "outbound-message":
        return _read_outbound(incoming, provider, checked)
    payload = _payload(incoming, provider)
    event = _event_name(incoming, provider, payload)
    return [Delivery(source, event, payload, _keys(incoming, provider, payload, scope))]


def _read_outbound(incoming: Incoming, provider: Provider, checked: bool) -> list[Delivery]:
    if checked:
        message = salesforce.read_verified(incoming, provider.sender)
    else:
        from camunda_client.serverless.soap import BadSoap, read_outbound

        try:
            message = read_outbound(incoming.body)
        except BadSoap as error:
            raise Refusal(400, str(error)) from None
    return [
        Delivery(
            provider.source,
            found.type,
            {"id": found.id, "type": found.type, "organization": message.organization, "fields": found.fields},
            (f"{provider.source}:notification:{found.id}",),
        )
        for found in message.notifications
    ]


def _payload(incoming: Incoming, provider: Provider) -> Any:
    kind = (incoming.header("Content-Type") or "").split(";", 1)[0].strip().lower()
    if kind != "application/x-www-form-urlencoded" or incoming.body[:1] in (b"{", b"["):
        return read_json(incoming.body)
    try:
        form = parse_qs(incoming.body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=1000)
    except (UnicodeDecodeError, ValueError):
        raise BadJson("The body is not a form") from None
    if provider.scheme == "github" or set(form) == {"payload"}:
        values = form.get("payload", [])
        if len(values) != 1:
            raise BadJson("The form must have one payload")
        return read_json(values[0])
    return {name: values[0] if len(values) == 1 else values for name, values in form.items()}


def _event_name(incoming: Incoming, provider: Provider, payload: Any) -> str:
    for header in (provider.event_header, "X-Webhook-Event"):
        named = incoming.header(header) if header else None
        if named:
            return named
    for member in ("type", "event", "event_type"):
        named = payload.get(member) if isinstance(payload, dict) else None
        if isinstance(named, str):
            return named
    return ""


def _keys(incoming: Incoming, provider: Provider, payload: Any, scope: str) -> tuple[str, ...]:
    """What makes a delivery the same as an earlier one.

    The signed bytes do (with their signed time, where there is one); so does the provider's own id, which may come with
    other bytes but is not signed. Stripe signs each try anew: its event's id is inside the body and decides alone.
    """
    if provider.scheme == "stripe" and isinstance(payload, dict) and isinstance(payload.get("id"), str):
        return (f"{provider.source}:event:{payload['id']}",)
    signed = hashlib.sha256(incoming.body)
    if provider.timestamp_header:
        signed.update(b"." + (incoming.header(provider.timestamp_header) or "").encode())
    keys = [f"{scope}:signed:{signed.hexdigest()}"]  # under a shared secret one source's bytes are good for another
    for header in (provider.delivery_header, "X-Webhook-Id", "Idempotency-Key"):
        named = incoming.header(header) if header else None
        if named:
            keys.append(f"{provider.source}:delivery:{named}")
            break
    return tuple(keys)
