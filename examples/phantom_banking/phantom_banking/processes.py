"""How the bank's code starts and continues processes, whichever engine runs them.

Embedded, the process is part of the caller's transaction: the row and the process exist together or not at all.
Remote, the engine is told after the commit: a process never works on a row that does not exist. If the engine cannot be
reached at that moment the row stays without a process; the administration has an action to start it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction

from camunda_client.django import client
from camunda_client.errors import CamundaError

log = logging.getLogger("phantom_banking")


def start(process: str, business_key: str, variables: dict[str, Any], started: Callable[[str], None]) -> None:
    """Starts the newest version of a process; `started` is told the instance's id."""
    if settings.PHANTOM_ENGINE == "embedded":
        from procession.django import start_process

        started(str(start_process(process, variables, business_key=business_key).instance))
        return

    def send() -> None:
        try:
            with client() as engine:
                # an answer may have been lost, or this is the second attempt: one process for each key
                running = engine.process_instances(process_definition_key=process, business_key=business_key)
                instance = (
                    running[0] if running else engine.start_process(process, variables, business_key=business_key)
                )
        except CamundaError as error:
            log.error("%s for %s was not started: %s", process, business_key, error)
            return
        started(instance.id)

    transaction.on_commit(send)


def correlate(message: str, business_key: str) -> None:
    """Tells the process with this business key that something has happened; nothing where none waits for it."""
    if settings.PHANTOM_ENGINE == "embedded":
        from procession.django import correlate_message

        correlate_message(message, business_key=business_key)
        return

    def send() -> None:
        try:
            with client() as engine:
                engine.correlate_message(message, business_key=business_key)
        except CamundaError as error:
            log.error("Nobody heard %s for %s: %s", message, business_key, error)

    transaction.on_commit(send)
