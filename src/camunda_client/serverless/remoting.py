"""What every engine behind a wire has in common for functions: keys in a store beside it, one after the other.

A wire has no transaction that spans the key and the start. Every started instance therefore carries its key in the variable
`idempotencyKey`; who takes over an unfinished claim looks for that variable before it starts anything. This file knows no
engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any

from camunda_client.c7.task import ExternalTask
from camunda_client.errors import CamundaError
from camunda_client.serverless.once import Database, dynamodb, guarded
from camunda_client.serverless.workflows import (
    Action,
    Done,
    Execution,
    Message,
    Once,
    Start,
    WorkflowError,
)

KEY_VARIABLE = "idempotencyKey"  # without _: Camunda 7 could not be asked for it


class Remote(ABC):
    """Implements `Workflows`, but for what each engine has to say itself."""

    def __init__(self, keys: Database | None = None, dynamodb_table: str = "") -> None:
        self._keys = keys
        self._table = dynamodb_table

    @abstractmethod
    def start(self, start: Start, key: str | None) -> Execution:
        """Starts an instance that carries the key. Raises CamundaError."""

    @abstractmethod
    def started(self, key: str, start: Start) -> Execution | None:
        """The instance that carries the key. Raises CamundaError."""

    @abstractmethod
    def correlate(self, message: Message) -> list[Execution]:
        """Gives a message to who waits for it. Raises CamundaError."""

    @abstractmethod
    def as_now(self, execution: Execution) -> Execution:
        """What has become of an execution; the same where the engine does not say."""

    @abstractmethod
    def refused(self, action: Action, error: CamundaError) -> WorkflowError:
        """What an engine's refusal means to the caller of a function."""

    @abstractmethod
    def serve_one(self, topic: str, handle: Callable[[ExternalTask], Any], lock: timedelta) -> bool:
        """Works off one task of a topic; whether there was one. Raises CamundaError."""

    def run(self, actions: Sequence[Action], once: Once | None = None) -> Done:
        """See `Workflows`. Actions follow each other; each has a key of its own."""
        executions: list[Execution] = []
        repeated = once is not None and bool(actions)
        for place, action in enumerate(actions):
            done = self._guarded(action, once, place)
            executions.extend(done.executions)
            repeated = repeated and done.repeated
        if repeated:
            executions = [self.as_now(execution) for execution in executions]
        return Done(tuple(executions), repeated)

    def _guarded(self, action: Action, once: Once | None, place: int) -> Done:
        if once is None:
            return Done(tuple(self._perform(action, None)))
        own = Once(tuple(f"{key[:60]}.{place}" for key in once.keys), once.fingerprint) if place else once
        if self._table:
            return dynamodb(self._table, own, lambda: Done(tuple(self._perform(action, own.keys[0], look=True))))
        if self._keys is None:
            raise WorkflowError("No store of keys is configured: set UAEF_DB_URL or UAEF_IDEMPOTENCY_TABLE")
        return guarded(self._keys, own, lambda again: Done(tuple(self._perform(action, own.keys[0], look=again))))

    def _perform(self, action: Action, key: str | None, *, look: bool = False) -> list[Execution]:
        try:
            if isinstance(action, Message):
                return self.correlate(action)
            if look and key is not None and (found := self.started(key, action)):
                return [found]
            return [self.start(action, key)]
        except CamundaError as error:
            raise self.refused(action, error) from error

    def run_due(self, limit: int, seconds: float) -> int:
        """A server has a job executor of its own: nothing to do here."""
        return 0

    def serve(self, topic: str, handle: Callable[[ExternalTask], Any], limit: int, lock: timedelta) -> int:
        """See `Workflows`."""
        end = monotonic() + lock.total_seconds()
        served = 0
        while served < limit and monotonic() < end:
            try:
                if not self.serve_one(topic, handle, lock):
                    break
            except CamundaError as error:
                raise WorkflowError(f"The engine failed: {error.message}") from error
            served += 1
        return served

    def forget(self) -> int:
        """See `Workflows`; DynamoDB forgets by itself."""
        return self._keys.forget() if self._keys is not None else 0

    def close(self) -> None:
        """See `Workflows`."""
        if self._keys is not None:
            self._keys.close()
