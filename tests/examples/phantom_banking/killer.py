"""For the worker process of the tests: ends it as `kill -9` does, at the place that KILL_AT names."""

from __future__ import annotations

import os
import signal
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_save


def kill(**_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Killer(AppConfig):
    """`within` the transaction, after a wallet was written; or when it is `committed` and the engine knows nothing yet."""

    name = "tests.examples.phantom_banking.killer"
    label = "killer"

    def ready(self) -> None:
        """Places the kill."""
        from camunda_client.django import task_committed

        match os.environ.get("KILL_AT"):
            case "within":
                post_save.connect(kill, sender="wallets.Wallet", weak=False)
            case "committed":
                task_committed.connect(self.kill_after_creation, weak=False)

    @staticmethod
    def kill_after_creation(task: Any, **_: Any) -> None:
        if task.topic == "create-wallet":
            kill()
