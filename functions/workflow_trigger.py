"""Starts workflows: API Gateway, function URL, ALB, EventBridge, or a direct call.

`POST /workflows/trigger` with `definition_id`, `input_data`, `name`, `initiated_by`; see `camunda_client.serverless.functions`.
"""

from __future__ import annotations

import time
from typing import Any

from camunda_client.serverless.telemetry import Tracer, answered, count, fields, new_logger, new_metrics

logger = new_logger("workflow-trigger")
tracer = Tracer("workflow-trigger")
metrics = new_metrics("workflow-trigger")


@metrics.log_metrics
@tracer.capture_lambda_handler
def handler(event: Any, context: Any) -> dict[str, Any]:
    """Starts a workflow: 202 with `execution_id`, `status`, `workflow_name`; else `error`."""
    from camunda_client.serverless.functions import trigger
    from procession.serverless.home import workflows

    begun = time.monotonic()
    outcome = trigger(event, workflows)
    logger.log(outcome.level, outcome.message, extra=fields(outcome, context))
    count(metrics, "WorkflowTriggerCount", outcome, (time.monotonic() - begun) * 1000)
    return answered(outcome, event)
