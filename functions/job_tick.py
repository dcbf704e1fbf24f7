"""Runs what is due: timers and asynchronous continuations. In Lambda this is the job executor; call it every minute."""

from __future__ import annotations

import time
from typing import Any

from camunda_client.serverless.telemetry import (
    Tracer,
    answered,
    count,
    fields,
    new_logger,
    new_metrics,
    seconds_left,
)

logger = new_logger("job-tick")
tracer = Tracer("job-tick")
metrics = new_metrics("job-tick")


@metrics.log_metrics
@tracer.capture_lambda_handler
def handler(event: Any, context: Any) -> dict[str, Any]:
    """Runs due jobs and forgets old keys: 200 with the number of `jobs`."""
    from camunda_client.serverless.functions import tick
    from procession.serverless.home import workflows

    begun = time.monotonic()
    outcome = tick(event, workflows, seconds=seconds_left(context))
    logger.log(outcome.level, outcome.message, extra=fields(outcome, context))
    count(metrics, "JobTickCount", outcome, (time.monotonic() - begun) * 1000)
    return answered(outcome, event)
