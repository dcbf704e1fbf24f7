"""Receives webhooks: GitHub, Stripe, Salesforce, or any source that signs with `X-Webhook-Signature`.

`POST /webhooks`; see `camunda_client.serverless.webhook` for the rules, `providers` and `routing` for the settings.
"""

from __future__ import annotations

import time
from typing import Any

from camunda_client.serverless.telemetry import Tracer, answered, count, fields, new_logger, new_metrics

logger = new_logger("webhook-receiver")
tracer = Tracer("webhook-receiver")
metrics = new_metrics("webhook-receiver")


@metrics.log_metrics
@tracer.capture_lambda_handler
def handler(event: Any, context: Any) -> dict[str, Any]:
    """Verifies a webhook and starts or reaches the workflows of its routes."""
    from camunda_client.serverless.webhook import receive
    from procession.serverless.home import workflows

    begun = time.monotonic()
    outcome = receive(event, workflows)
    logger.log(outcome.level, outcome.message, extra=fields(outcome, context))
    count(metrics, "WebhookReceiptCount", outcome, (time.monotonic() - begun) * 1000)
    return answered(outcome, event)
