"""The transfer as a serverless function: an event in, an HTTP answer out. For one container, kept between events.

| status | body | when |
|---|---|---|
| 200 | `success` true, project, folder, `uploadedFiles` | every file is there |
| 207 | the same with `success` false, `failedFiles`, `failures` | some are not; the same request goes on with these |
| 400 | `success` false, `error`, `field`, for models `problems` | the body is wrong, or a model cannot work |
| 409 | `success` false, `error`, with `Retry-After` | the same transfer is running right now |
| 500 | `success` false, `error` | everything else |

Every answer has `Access-Control-Allow-Origin: *`. Errors and log lines never hold a credential.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

import httpx

from camunda_client.errors import CamundaError, NotAuthenticated, SettingsError
from camunda_client.modeler.backend import ModelFile
from camunda_client.modeler.body import TransferRequest, event_body, read_request
from camunda_client.modeler.checking import Finding, check
from camunda_client.modeler.client import CamundaClient
from camunda_client.modeler.clock import Clock
from camunda_client.modeler.errors import AlreadyRunning, BadBody, DatabaseUnavailable
from camunda_client.modeler.journal import content_hash
from camunda_client.modeler.postgres import Database, PostgresJournal, record_transfer
from camunda_client.modeler.settings import ModelerSettings
from camunda_client.modeler.transfer import Report, transfer

log = logging.getLogger("camunda_client.modeler")

HEADERS = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}


Examine = Callable[[Sequence[ModelFile]], list[Finding]]
"""Gives the reasons not to upload these files."""


class Context(Protocol):
    """What Lambda says of an invocation, as far as it is used here."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is ended."""


class TransferFunction:
    """Keeps the token, the HTTP connections and one database connection from event to event."""

    def __init__(
        self,
        environment: Mapping[str, str],
        clock: Clock | None = None,
        http: httpx.Client | None = None,
        lint: Examine | None = None,
    ) -> None:
        self.environment = environment
        self.clock = clock or Clock()
        self.http = http
        self.lint = lint
        self.database = Database(environment)
        self._client: CamundaClient | None = None

    def __call__(self, event: Any, context: Context | None = None) -> dict[str, Any]:
        """Answers one event."""
        answer = self._answer(event, context)
        if isinstance(event, Mapping) and "elb" in (event.get("requestContext") or {}):
            status = HTTPStatus(answer["statusCode"])
            answer["statusDescription"] = f"{status.value} {status.phrase}"
        return answer

    def _answer(self, event: Any, context: Context | None) -> dict[str, Any]:
        try:
            request = read_request(event_body(event))
            settings = ModelerSettings.load(self.environment)
            findings = self._examine(request, settings)
            if findings:
                return _findings(findings)
            return _report(self._transfer(request, settings, context))
        except BadBody as error:
            log.warning("Bad request", extra={"event": "bad_body", "field": error.field})
            return _response(400, {"success": False, "error": str(error), "field": error.field})
        except AlreadyRunning as error:
            log.warning("Already running", extra={"event": "already_running"})
            body = {"success": False, "error": error.message}
            return _response(409, body, {"Retry-After": str(math.ceil(error.retry_after))})
        except (CamundaError, DatabaseUnavailable, SettingsError) as error:
            if isinstance(error, NotAuthenticated):
                self._client = None  # a rotated secret is read with the next event
            log.error("Transfer failed", extra={"event": "failed", "reason": str(error)})
            return _response(500, {"success": False, "error": str(error)})
        except Exception as error:  # the caller gets an answer, whatever happens; details belong in the log
            log.exception("Transfer failed", extra={"event": "failed", "reason": type(error).__name__})
            return _response(
                500, {"success": False, "error": f"Unexpected fault ({type(error).__name__}); see the log"}
            )

    def _examine(self, request: TransferRequest, settings: ModelerSettings) -> list[Finding]:
        if settings.check == "off":
            return []
        if settings.check == "on":
            return check(request.files)
        if self.lint is None:
            raise SettingsError("CAMUNDA_TRANSFER_CHECK is lint, and the package `procession` is not installed here")
        return self.lint(request.files)

    def _transfer(self, request: TransferRequest, settings: ModelerSettings, context: Context | None) -> Report:
        if self._client is None or self._client.connection.settings != settings:
            self._client = CamundaClient(settings, clock=self.clock, http=self.http)
        service = request.service_id or ""
        journal = PostgresJournal(self.database, self.clock, service, content_hash(request, settings))
        record = partial(record_transfer, self.database, service)
        return transfer(request, self._client, journal, record, _seconds(settings, context))


def _seconds(settings: ModelerSettings, context: Context | None) -> float | None:
    limits = [] if settings.seconds is None else [settings.seconds]
    if hasattr(context, "get_remaining_time_in_millis") and context is not None:
        limits.append(context.get_remaining_time_in_millis() / 1000)
    return min(limits, default=None)


def _report(report: Report) -> dict[str, Any]:
    body = {
        "success": report.complete,
        "projectId": report.project.id,
        "projectName": report.project.name,
        "projectUrl": report.project_url,
        "folderId": report.folder.id,
        "folderName": report.folder.name,
        "uploadedFiles": report.uploaded,
        "failedFiles": len(report.failures),
        "failures": [{"name": name, "error": error} for name, error in report.failures],
    }
    return _response(200 if report.complete else 207, body)


def _findings(findings: list[Finding]) -> dict[str, Any]:
    log.warning("Models with problems", extra={"event": "findings", "findings": [str(finding) for finding in findings]})
    first = findings[0]
    problems = [
        {"field": finding.field, "file": finding.file, "line": finding.line, "message": finding.message}
        for finding in findings
    ]
    return _response(400, {"success": False, "error": str(first), "field": first.field, "problems": problems})


def _response(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"statusCode": status, "headers": {**HEADERS, **(headers or {})}, "body": json.dumps(body)}
