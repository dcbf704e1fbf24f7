"""Receives webhooks on Azure: `POST /webhooks`; senders are known by their signatures."""

from __future__ import annotations

import azure.functions as func
from webhook_receiver import handler

from camunda_client.serverless.azure import request_event, response_parts


def main(req: func.HttpRequest) -> func.HttpResponse:
    """The request as an event, the answer as a response."""
    return func.HttpResponse(**response_parts(handler(request_event(req), None)))
