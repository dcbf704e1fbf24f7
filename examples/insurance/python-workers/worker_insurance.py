"""Policies, documents and letters of the insurance process: every topic but the rating.

A letter goes to the log; put the mail service in `write`.

    CAMUNDA_URL        http://localhost:8080/engine-rest
    CAMUNDA_USER       name for Basic authentication, if the server asks for it
    CAMUNDA_PASSWORD   its password
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from camunda_client import BpmnError, Worker
from camunda_client.c7 import ExternalTask

UNREADABLE = "unreadable"

LETTERS: dict[str, str] = {
    "send-policy": "Your policy {policyNumber} is enclosed. The premium is {premium} per year.",
    "send-rejection": "We are sorry that we cannot insure your car: {rejectionReason}.",
    "return-application": "We return your application: {rejectionReason}.",
    "request-documents": "Please send us: {requestedDocuments}. We wait for {documentTimeout}.",
    "reject-documents": "We could not use what you sent us: {documents}.",
    "send-timeout-notice": "We have waited for your documents and close the request.",
    "send-reminder": "An application has been waiting for two days.",
}
ABSENT = {
    "rejectionReason": "the risk is beyond what we take",
    "requestedDocuments": "a copy of your driving licence",
    "documentTimeout": "three days",
}
STAFF_LETTERS = {"send-reminder"}

log = logging.getLogger("worker_insurance")


def policy_number(business_key: str) -> str:
    """The number of the policy: the same for the same application, so that a repeated task issues no second policy."""
    return f"P-{zlib.crc32(business_key.encode()):08X}"


def letter(topic: str, variables: Mapping[str, Any]) -> tuple[str, str]:
    """Whom a topic's letter goes to, and its text."""
    known = {name: value for name, value in variables.items() if value not in (None, "")}
    text = LETTERS[topic].format_map(_Gaps(ABSENT | known))
    if topic in STAFF_LETTERS:
        return str(known.get("staff", "underwriting")), text
    name = str(known.get("applicantName", "Sir or Madam"))
    address = known.get("applicantEmail")
    return (f"{name} <{address}>" if address else name), text


class _Gaps(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "–"


def write(recipient: str, text: str) -> None:
    """Sends a letter. Here: into the log."""
    log.info("to %s: %s", recipient, text)


def issue_policy(task: ExternalTask) -> dict[str, Any]:
    """A policy for an accepted application."""
    return {"policyNumber": policy_number(task.business_key or task.process_instance_id)}


def validate_documents(task: ExternalTask) -> dict[str, Any]:
    """Checks what the applicant sent.

    Raises BpmnError `DOCUMENTS_INVALID` where nothing came or nobody can read it.
    """
    documents = str(task.variables.get("documents") or "")
    if not documents or UNREADABLE in documents:
        raise BpmnError("DOCUMENTS_INVALID", "the documents cannot be read")
    return {"documentsValid": True}


def post(topic: str) -> Callable[[ExternalTask], None]:
    """The handler of a topic that is one letter."""

    def send(task: ExternalTask) -> None:
        write(*letter(topic, task.variables))

    return send


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # Camunda 7 goes on answering the long poll of a worker that has gone, and locks tasks for it: short polls and locks
    # (the worker renews its own) make that a matter of seconds.
    worker = Worker(lock_duration=10, poll_timeout=5)
    worker.subscribe("issue-policy", issue_policy)
    worker.subscribe("validate-documents", validate_documents)
    for topic in LETTERS:
        worker.subscribe(topic, post(topic))
    worker.run()


if __name__ == "__main__":
    main()
