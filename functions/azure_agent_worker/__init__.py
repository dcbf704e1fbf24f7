"""Serves agent tasks on Azure, every minute."""

from __future__ import annotations

import azure.functions as func
from agent_worker import handler

from camunda_client.serverless.azure import raise_failure


def main(timer: func.TimerRequest) -> None:
    """Calls the handler; a failure shows as a failed run."""
    raise_failure(handler({}, None))
