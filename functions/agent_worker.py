"""Serves external tasks of topic `agent`: each asks a language model. Call it every minute.

Input parameters and results: `camunda_client.serverless.agent`. The key is `UAEF_AGENT_ANTHROPIC_API_KEY`.
"""

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

logger = new_logger("agent-worker")
tracer = Tracer("agent-worker")
metrics = new_metrics("agent-worker")


@metrics.log_metrics
@tracer.capture_lambda_handler
def handler(event: Any, context: Any) -> dict[str, Any]:
    """Works off waiting agent tasks: 200 with the number of `tasks`."""
    from camunda_client.serverless.agent import serve
    from procession.serverless.home import workflows

    begun = time.monotonic()
    outcome = serve(event, workflows, seconds=seconds_left(context))
    logger.log(outcome.level, outcome.message, extra=fields(outcome, context))
    count(metrics, "AgentTickCount", outcome, (time.monotonic() - begun) * 1000)
    return answered(outcome, event)
