"""Handlers that belong to no engine yet: decorated once, served by a Camunda 7 or a Camunda 8 worker.

    from camunda_client.worker import Handlers

    handlers = Handlers()

    @handlers.task("charge-card", lock_duration=30)
    def charge(amount: float) -> dict: ...

`Worker(…).include(handlers)`, or `camunda-worker module:handlers --engine c8`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from camunda_client.worker.execution import Execution

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Registered:
    """A function, what it serves, and the options that its decorator was given."""

    topic: str
    function: Callable[..., Any]
    options: Mapping[str, Any]


class Handlers:
    """A list of handlers."""

    def __init__(self) -> None:
        self.registered: list[Registered] = []

    def task(
        self,
        topic: str,
        *,
        variables: Sequence[str] | None = None,
        execution: Execution | None = None,
        lock_duration: timedelta | float | None = None,
        max_tasks: int | None = None,
        **options: Any,
    ) -> Callable[[F], F]:
        """Decorator: the function serves the topic (Camunda 7) or job type (Camunda 8).

        `variables`: what to fetch, by default what the signature names. `execution`: where it runs. `lock_duration`
        (timedelta or seconds) and `max_tasks` are this topic's own. Further options are those of one engine's `task`.
        """

        def register(function: F) -> F:
            shared = {
                "variables": variables,
                "execution": execution,
                "lock_duration": lock_duration,
                "max_tasks": max_tasks,
            }
            self.add(topic, function, {name: value for name, value in (shared | options).items() if value is not None})
            return function

        return register

    def add(self, topic: str, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
        """Registers a function that exists already. A later one for the same topic takes the earlier one's place where it
        is the same function loaded anew; otherwise the worker refuses both."""
        again = [
            item
            for item in self.registered
            if item.topic == topic
            and (item.function.__module__, item.function.__qualname__) == (function.__module__, function.__qualname__)
        ]
        for item in again:
            self.registered.remove(item)
        self.registered.append(Registered(topic, function, dict(options)))

    def clear(self) -> None:
        """Forgets all handlers."""
        self.registered.clear()

    def __len__(self) -> int:
        return len(self.registered)
