"""`/messages`, `/signals`: what comes from outside."""

from __future__ import annotations

from procession.camunda8.entities.work import MESSAGE_SUBSCRIPTIONS
from procession.camunda8.exchange import (
    Answer,
    Call,
    Steps,
    number_member,
    object_member,
    route,
    shown_tenant,
    tenant_of,
    text_member,
)
from procession.camunda8.problems import command_rejected, invalid
from procession.camunda8.searching import search
from procession.camunda8.values import read_variables
from procession.engine import commands as ec
from procession.errors import AlreadyExists, Missing


def _message(call: Call, *, correlate: bool) -> ec.PublishMessage:
    name = text_member(call.body, "name")
    if not name:
        raise invalid("No messageName provided." if correlate else "No name provided.")
    return ec.PublishMessage(
        name,
        text_member(call.body, "correlationKey") or "",
        read_variables(object_member(call.body, "variables")),
        tenant_of(text_member(call.body, "tenantId")),
        0 if correlate else max(number_member(call.body, "timeToLive") or 0, 0),
        None if correlate else text_member(call.body, "messageId"),
        correlate,
    )


@route("POST", "/messages/publication")
def publish(call: Call) -> Steps:
    """Publishes a message; with a time to live it is kept for what will wait for it."""
    command = _message(call, correlate=False)
    try:
        published: ec.Published = yield command
    except AlreadyExists:
        raise command_rejected(
            "PUBLISH",
            "ALREADY_EXISTS",
            f"Expected to publish a new message with id '{command.message_id}', but a message with that id was already published",
        ) from None
    return Answer({"tenantId": shown_tenant(command.tenant), "messageKey": str(published.message)})


@route("POST", "/messages/correlation")
def correlate(call: Call) -> Steps:
    """Gives a message to who waits for it now."""
    command = _message(call, correlate=True)
    try:
        published: ec.Published = yield command
    except Missing as error:
        raise command_rejected("CORRELATE", "NOT_FOUND", error.message) from None
    return Answer(
        {
            "tenantId": shown_tenant(command.tenant),
            "messageKey": str(published.message),
            "processInstanceKey": str(published.instances[0]),
        }
    )


@route("POST", "/signals/broadcast")
def broadcast(call: Call) -> Steps:
    """A signal for everything that waits for it, and for what it starts."""
    name = text_member(call.body, "signalName")
    if not name:
        raise invalid("No signalName provided.")
    tenant = tenant_of(text_member(call.body, "tenantId"))
    variables = read_variables(object_member(call.body, "variables"))
    yield ec.SendSignal(name, variables, tenant=tenant, without_tenant=tenant is None)
    return Answer({"tenantId": shown_tenant(tenant), "signalKey": str(call.engine.storage.keys())})


@route("POST", "/message-subscriptions/search")
def subscriptions(call: Call) -> Answer:
    """What waits for messages."""
    return Answer(search(call, MESSAGE_SUBSCRIPTIONS))
