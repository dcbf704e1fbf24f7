"""Messages as Camunda 8 has them: found by name and correlation key, kept for a time, given to each process once.

A start event takes a message with a correlation key only while no instance runs that such a message has started; what is
kept meanwhile starts the next one when that has ended.
"""

from __future__ import annotations

from datetime import timedelta

from procession.engine import commands as ec
from procession.engine.unit import Envelope, Unit
from procession.errors import AlreadyExists, Missing
from procession.kernel import commands as c
from procession.kernel import world as w
from procession.kernel.records import Instance, Subscription
from procession.storage import messages
from procession.storage.correlation import start_subscriptions
from procession.storage.messages import Message


def publish(unit: Unit, command: ec.PublishMessage, envelope: Envelope) -> ec.Published:
    """Publishes; see `commands.PublishMessage`."""
    tx = unit.transaction
    messages.expire(tx, unit.now)
    if command.message_id and messages.is_known(
        tx, command.name, command.correlation_key, command.message_id, command.tenant, unit.now
    ):
        raise AlreadyExists(f"a message with id '{command.message_id}' is already published")
    message = Message(
        tx.new_key(),
        command.name,
        command.correlation_key,
        command.message_id or None,
        command.tenant,
        command.variables,
        unit.now,
        unit.now + timedelta(milliseconds=max(command.time_to_live, 0)),
    )
    if command.time_to_live > 0:
        messages.keep(tx, message)
    reached: list[int] = []
    for subscription in _waiting(unit, message):
        if subscription.process_id in message.correlated or unit.state.get(Subscription, subscription.key) is None:
            continue
        message = _give(unit, message, subscription.process_id or "", command.time_to_live > 0)
        reached.append(subscription.instance or 0)
        _deliver(unit, subscription, message, envelope)
    for start in _starts(unit, message):
        message = _give(unit, message, start.process_id or "", command.time_to_live > 0)
        reached.append(_start(unit, start, message, envelope))
    if command.correlate and not reached:
        raise Missing(
            f"Expected to find subscription for message with name '{command.name}' and correlation key "
            f"'{command.correlation_key}', but none was found."
        )
    return ec.Published(message.key, tuple(reached))


def await_message(unit: Unit, request: w.AwaitMessage, envelope: Envelope) -> None:
    """Gives what is kept to a subscription that has just been opened, the oldest first."""
    subscription = unit.state.get(Subscription, request.subscription)
    if subscription is None:
        return
    name, key = subscription.name or "", subscription.correlation_key or ""
    for message in messages.waiting(unit.transaction, name, key, subscription.tenant, unit.now):
        if unit.state.get(Subscription, subscription.key) is None:
            return
        process = subscription.process_id or ""
        if process not in message.correlated:
            _deliver(unit, subscription, messages.give(unit.transaction, message, process), envelope)


def start_next(unit: Unit, request: w.CorrelationEnded, envelope: Envelope) -> None:
    """An instance that a message had started has ended: the oldest one that is kept for the process starts the next."""
    starts = [
        x
        for x in start_subscriptions(unit.transaction, "message", None)
        if x.process_id == request.process_id and x.tenant == request.tenant
    ]
    found = [
        (message, start)
        for start in starts
        for message in messages.waiting(
            unit.transaction, start.name or "", request.correlation_key, request.tenant, unit.now
        )
        if request.process_id not in message.correlated
    ]
    if found:
        message, start = min(found, key=lambda pair: pair[0].key)
        _start(unit, start, messages.give(unit.transaction, message, request.process_id), envelope)


def _waiting(unit: Unit, message: Message) -> list[Subscription]:
    stored = unit.transaction.find(
        Subscription,
        "kind = 'message' AND name = ? AND correlation_key = ? AND instance IS NOT NULL",
        [message.name, message.correlation_key],
    )
    unit.lock({x.instance for x in stored if x.instance is not None})
    known = {x.key: x for x in stored if unit.state.get(Subscription, x.key) is not None}
    for own in unit.state.unsaved(Subscription):
        same = own.kind == "message" and own.name == message.name and own.correlation_key == message.correlation_key
        if same and own.instance is not None:
            known[own.key] = own
    return [x for _, x in sorted(known.items()) if x.tenant == message.tenant]


def _starts(unit: Unit, message: Message) -> list[Subscription]:
    found = start_subscriptions(unit.transaction, "message", message.name)
    return [
        x
        for x in found
        if x.tenant == message.tenant
        and x.process_id not in message.correlated
        and not (message.correlation_key and _runs(unit, x.process_id or "", message))
    ]


def _runs(unit: Unit, process_id: str, message: Message) -> bool:
    """True where an instance that such a message started still runs, stored or in this very batch."""
    for own in unit.state.all(Instance):
        if (own.process_id, own.correlation_key, own.tenant) == (process_id, message.correlation_key, message.tenant):
            return True
    return messages.is_started(unit.transaction, process_id, message.correlation_key, message.tenant)


def _give(unit: Unit, message: Message, process_id: str, kept: bool) -> Message:
    if kept:
        return messages.give(unit.transaction, message, process_id)
    return Message(
        message.key, message.name, message.correlation_key, message.message_id, message.tenant, message.variables,
        message.published, message.expires, (*message.correlated, process_id),
    )  # fmt: skip


def _deliver(unit: Unit, subscription: Subscription, message: Message, envelope: Envelope) -> None:
    from procession.engine.routing import perform

    perform(unit, c.TriggerSubscription(subscription.key, message.variables, optional=True), envelope)


def _start(unit: Unit, start: Subscription, message: Message, envelope: Envelope) -> int:
    from procession.engine.routing import perform

    key = message.correlation_key or None
    command = c.StartInstance(
        start.definition, message.variables, tenant=start.tenant, node=start.node, correlation_key=key
    )
    instance: int = perform(unit, command, envelope)
    return instance
