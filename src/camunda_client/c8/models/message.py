"""Messages and signals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from camunda_client.c8.models.keys import Key
from camunda_client.json_model import JsonBaseModel


class PublishMessageRequest(JsonBaseModel):
    """A message that waits up to `time_to_live` milliseconds for somebody; one `message_id` is taken once while it lives."""

    name: str
    correlation_key: str = ""
    time_to_live: int = 0
    message_id: str | None = None
    variables: Any = None
    tenant_id: str | None = None


class PublishMessageResponse(JsonBaseModel):
    """A published message."""

    message_key: Key
    tenant_id: str = "<default>"


class CorrelateMessageRequest(JsonBaseModel):
    """A message for somebody who waits now."""

    name: str
    correlation_key: str = ""
    variables: Any = None
    tenant_id: str | None = None


class CorrelateMessageResponse(JsonBaseModel):
    """Who got the message."""

    message_key: Key
    process_instance_key: Key
    tenant_id: str = "<default>"


class BroadcastSignalRequest(JsonBaseModel):
    """A signal for all that wait for it."""

    signal_name: str
    variables: Any = None
    tenant_id: str | None = None


class BroadcastSignalResponse(JsonBaseModel):
    """A broadcast signal."""

    signal_key: Key
    tenant_id: str = "<default>"


class MessageSubscription(JsonBaseModel):
    """Somebody waits, or waited, for a message."""

    message_subscription_key: Key
    message_name: str = ""
    correlation_key: str | None = None
    message_subscription_state: str = ""
    element_id: str | None = None
    element_instance_key: Key | None = None
    process_instance_key: Key | None = None
    process_definition_key: Key | None = None
    process_definition_id: str | None = None
    last_updated_date: datetime | None = None
    tenant_id: str | None = None


class CorrelatedMessage(JsonBaseModel):
    """A message that reached somebody."""

    message_key: Key
    message_name: str = ""
    subscription_key: Key | None = None
    correlation_key: str | None = None
    correlation_time: datetime | None = None
    element_id: str | None = None
    process_instance_key: Key | None = None
    process_definition_id: str | None = None
    tenant_id: str | None = None


class StartedByCondition(JsonBaseModel):
    """An instance that a condition started."""

    process_definition_key: Key
    process_instance_key: Key


class ConditionalsEvaluated(JsonBaseModel):
    """The instances that true conditions started."""

    process_instances: list[StartedByCondition]
    tenant_id: str | None = None
