"""Which function serves which topic. Filled while the apps' `camunda_workers` modules are imported.

This file knows neither the database nor the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from camunda_client.c7 import ExternalTask
from camunda_client.c7.worker import VALUES
from camunda_client.worker.handlers import Handler, HandlerSignatureError, read_handler

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Registered:
    """A handler and how it wants to be run. `atomic` False leaves transactions and double deliveries to the handler."""

    topic: str
    function: Callable[..., Any]
    handler: Handler
    atomic: bool
    variables: tuple[str, ...] | None
    options: Mapping[str, Any] = field(default_factory=dict)

    def call(self, task: ExternalTask) -> Any:
        """Calls the function with what its signature asks for. Raises TaskFailure where variables do not fit."""
        positional, named = self.handler.bind(task)
        return self.function(*positional, **named)


class Registry:
    """The handlers of a project by topic."""

    def __init__(self) -> None:
        self._by_topic: dict[str, Registered] = {}

    def add(self, entry: Registered) -> None:
        """Raises HandlerSignatureError where another function has the topic already."""
        before = self._by_topic.get(entry.topic)
        if before is not None and _name(before.function) != _name(entry.function):
            raise HandlerSignatureError(f"Topic {entry.topic!r} has a handler already: {_name(before.function)}")
        self._by_topic[entry.topic] = entry  # the same name again: its module was loaded anew

    def __getitem__(self, topic: str) -> Registered:
        return self._by_topic[topic]

    def __contains__(self, topic: object) -> bool:
        return topic in self._by_topic

    def __iter__(self) -> Iterator[Registered]:
        return iter(list(self._by_topic.values()))

    def __len__(self) -> int:
        return len(self._by_topic)

    @property
    def topics(self) -> list[str]:
        """Sorted names."""
        return sorted(self._by_topic)


handlers = Registry()
"""The project's."""


def external_task(
    topic: str,
    *,
    atomic: bool = True,
    variables: Sequence[str] | None = None,
    registry: Registry | None = None,
    **options: Any,
) -> Callable[[F], F]:
    """Decorator: the function serves `topic`. Its parameters are read as `camunda_client.worker.handlers` describes.

    The function itself stays as it is: a test calls it with a task, in its own transaction. The worker runs it in a
    transaction; what it returns is reported after the commit. An exception rolls back and costs an attempt; a raised
    `BpmnError` rolls back and goes to the process; a returned `task.bpmn_error(…)` commits and goes to the process.
    `variables` limits what is fetched; further options (`load_files`, `business_key`, …) are those of `Worker.task`.
    """

    def register(function: F) -> F:
        handler = read_handler(topic, function, ExternalTask, VALUES, "thread")
        if handler.is_async:
            raise HandlerSignatureError(f"{_name(function)}: transactions of Django are not for `async def` handlers")
        names = tuple(variables) if variables is not None else handler.reads
        (handlers if registry is None else registry).add(
            Registered(topic, function, handler, atomic, names, dict(options))
        )
        return function

    return register


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{getattr(function, '__qualname__', repr(function))}"
