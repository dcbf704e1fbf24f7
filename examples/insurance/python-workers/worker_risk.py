"""Prepares the facts of an application for the decision table `risk_rating`. Topic: `determine-riskgroup`.

A place for a call to a register of vehicles or to a model of one's own: what it returns are variables of the process.

    CAMUNDA_URL        http://localhost:8080/engine-rest
    CAMUNDA_USER       name for Basic authentication, if the server asks for it
    CAMUNDA_PASSWORD   its password
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from camunda_client import BpmnError, Worker
from camunda_client.c7 import ExternalTask

MINIMUM_AGE = 17
FACTS = ("vehicleMake", "vehicleModel", "region")

log = logging.getLogger("worker_risk")


def facts(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The four facts that the table rates, every one of them present: what the applicant left out is None.

    Raises BpmnError `INVALID_APPLICATION` for an age that cannot be one, or below the age at which one may drive.
    """
    age = variables.get("age")
    if isinstance(age, str):
        age = int(age) if age.strip().isdecimal() else -1
    if age is not None and not 0 <= age <= 130:
        raise BpmnError("INVALID_APPLICATION", "the age is not an age")
    if age is not None and age < MINIMUM_AGE:
        raise BpmnError("INVALID_APPLICATION", f"the applicant is younger than {MINIMUM_AGE}")
    return {"age": age} | {name: str(variables.get(name) or "").strip() or None for name in FACTS}


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # Camunda 7 goes on answering the long poll of a worker that has gone, and locks tasks for it: short polls and locks
    # (the worker renews its own) make that a matter of seconds.
    worker = Worker(lock_duration=10, poll_timeout=5)

    @worker.task("determine-riskgroup")
    def determine_riskgroup(task: ExternalTask) -> dict[str, Any]:
        found = facts(task.variables)
        log.info("%s: %s", task.variables.get("applicantName"), found)
        return found

    worker.run()


if __name__ == "__main__":
    main()
