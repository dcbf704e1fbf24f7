"""Runs workflows by schedule: EventBridge Scheduler, EventBridge rules, CloudWatch Events.

The input names `definition_id`, or `schedule_name`, whose workflow is in `<SCHEDULE_NAME>_WORKFLOW_ID`.
"""

from __future__ import annotations

import time
from typing import Any

from camunda_client.serverless.telemetry import Tracer, answered, count, fields, new_logger, new_metrics

logger = new_logger("scheduled-workflow")
tracer = Tracer("scheduled-workflow")
metrics = new_metrics("scheduled-workflow")


@metrics.log_metrics
@tracer.capture_lambda_handler
def handler(event: Any, context: Any) -> dict[str, Any]:
    """Starts the workflow of a schedule: 202 with `execution_id`, `status`, `workflow_name`; else `error`."""
    from camunda_client.serverless.functions import schedule
    from procession.serverless.home import workflows

    begun = time.monotonic()
    outcome = schedule(event, workflows)
    logger.log(outcome.level, outcome.message, extra=fields(outcome, context))
    count(metrics, "ScheduledExecutionCount", outcome, (time.monotonic() - begun) * 1000)
    return answered(outcome, event)
