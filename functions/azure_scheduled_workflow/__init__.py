"""Runs the workflow of a schedule on Azure: `SCHEDULE_NAME` (daily-report) names the schedule."""

from __future__ import annotations

import os

import azure.functions as func
from scheduled_workflow import handler

from camunda_client.serverless.azure import raise_failure


def main(timer: func.TimerRequest) -> None:
    """Calls the handler; a failure shows as a failed run."""
    raise_failure(handler({"schedule_name": os.environ.get("SCHEDULE_NAME", "daily-report")}, None))
