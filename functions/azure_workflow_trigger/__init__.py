"""Starts workflows on Azure: `POST /workflows/trigger`."""

from __future__ import annotations

import azure.functions as func
from workflow_trigger import handler

from camunda_client.serverless.azure import request_event, response_parts


def main(req: func.HttpRequest) -> func.HttpResponse:
    """The request as an event, the answer as a response."""
    return func.HttpResponse(**response_parts(handler(request_event(req), None)))
