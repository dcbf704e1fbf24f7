"""Messages, signals, conditions: what starts and wakes instances from outside."""

from __future__ import annotations

from typing import Any

from camunda_client.c8.models.message import (
    BroadcastSignalRequest,
    BroadcastSignalResponse,
    ConditionalsEvaluated,
    CorrelatedMessage,
    CorrelateMessageRequest,
    CorrelateMessageResponse,
    MessageSubscription,
    PublishMessageRequest,
    PublishMessageResponse,
)
from camunda_client.c8.requests import body, merged, post, read, search
from camunda_client.protocol import Flow, operation


class Messages:
    """Operations with messages and signals."""

    @operation
    def publish_message(
        self, /, request: PublishMessageRequest | None = None, **fields: Any
    ) -> Flow[PublishMessageResponse]:
        """Publishes a message: a request, or its fields such as `name="paid", correlation_key="A-7"`.

        Raises Conflict where a message with that `message_id` still lives.
        """
        answer = yield post("messages", "publication", body=merged(PublishMessageRequest, request, fields))
        return read(PublishMessageResponse, answer)

    @operation
    def correlate_message(
        self, /, request: CorrelateMessageRequest | None = None, **fields: Any
    ) -> Flow[CorrelateMessageResponse]:
        """Gives a message to whoever waits for it now, or starts what begins with it. Raises NotFound where nobody does."""
        answer = yield post("messages", "correlation", body=merged(CorrelateMessageRequest, request, fields))
        return read(CorrelateMessageResponse, answer)

    @operation
    def broadcast_signal(
        self, /, request: BroadcastSignalRequest | None = None, **fields: Any
    ) -> Flow[BroadcastSignalResponse]:
        """Sends a signal to all that wait for it."""
        answer = yield post("signals", "broadcast", body=merged(BroadcastSignalRequest, request, fields))
        return read(BroadcastSignalResponse, answer)

    @operation
    def evaluate_conditionals(
        self, variables: Any, *, process_definition_key: str | None = None, tenant_id: str | None = None
    ) -> Flow[ConditionalsEvaluated]:
        """Starts what begins with a condition that these variables make true."""
        request = body(variables=variables, process_definition_key=process_definition_key, tenant_id=tenant_id)
        answer = yield post("conditionals", "evaluation", body=request)
        return read(ConditionalsEvaluated, answer)

    search_message_subscriptions = search(
        MessageSubscription, "/message-subscriptions/search", "Those who wait for messages."
    )
    search_correlated_message_subscriptions = search(
        CorrelatedMessage, "/correlated-message-subscriptions/search", "Messages that reached somebody."
    )
