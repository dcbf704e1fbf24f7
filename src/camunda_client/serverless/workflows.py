"""What a function asks of an engine, whichever it is: start, correlate, run what is due. Values and errors of that talk.

WorkflowError          500  the engine failed; the same call may succeed later
├── Unacceptable       400  the request itself is wrong
├── UnknownWorkflow    404  nothing is deployed under that id
└── Conflicting        409  the key was used for something else, or nobody (or more than one) waits for the message
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from camunda_client.c7.task import ExternalTask

Status = Literal["running", "completed", "failed"]
RETENTION = timedelta(days=30)
"""How long a key is remembered."""


class WorkflowError(Exception):
    """What was asked was not done, and nothing of it. The message is for the caller."""

    status = 500


class Unacceptable(WorkflowError):
    """The request itself is wrong."""

    status = 400


class UnknownWorkflow(WorkflowError):
    """Nothing is deployed under that id."""

    status = 404


class Conflicting(WorkflowError):
    """The present state forbids it."""

    status = 409


@dataclass(frozen=True, slots=True)
class Start:
    """Starts a workflow: `definition_id` is a definition's id, else the latest version of that key.

    `name` becomes the variable `name`, and the business key where none is given; `initiated_by` the start user.
    """

    definition_id: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    initiated_by: str | None = None
    business_key: str | None = None

    @property
    def key(self) -> str | None:
        """The business key of the instance."""
        return self.business_key or self.name

    @property
    def all_variables(self) -> dict[str, Any]:
        """The input and the name."""
        return {**self.variables, **({"name": self.name} if self.name is not None else {})}


@dataclass(frozen=True, slots=True)
class Message:
    """Gives a message to the one instance that waits for it, or starts what begins with it."""

    name: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    business_key: str | None = None
    correlation_keys: Mapping[str, Any] = field(default_factory=dict)


Action = Start | Message


@dataclass(frozen=True, slots=True)
class Once:
    """Does something only if none of `keys` was used before. `fingerprint` tells a repetition from a mistaken reuse."""

    keys: tuple[str, ...]
    fingerprint: str = ""

    @classmethod
    def of(cls, *keys: str, content: bytes = b"") -> Once:
        """Keys of any length and content; what is stored is their digest."""
        return cls(
            tuple(hashlib.sha256(key.encode("utf-8", "replace")).hexdigest() for key in keys),
            hashlib.sha256(content).hexdigest() if content else "",
        )


@dataclass(frozen=True, slots=True)
class Execution:
    """An instance that an action started or reached."""

    execution_id: str
    workflow_name: str
    status: Status = "running"
    definition_id: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of some actions; `repeated` where they had been done before and nothing happened now."""

    executions: tuple[Execution, ...]
    repeated: bool = False


class Workflows(Protocol):
    """An engine as functions see it."""

    def run(self, actions: Sequence[Action], once: Once | None = None) -> Done:
        """Carries out actions, all for one key. Raises WorkflowError."""

    def run_due(self, limit: int, seconds: float) -> int:
        """Runs timers and asynchronous continuations that are due, for about `seconds`; how many."""

    def serve(self, topic: str, handle: Callable[[ExternalTask], Any], limit: int, lock: timedelta) -> int:
        """Gives up to `limit` external tasks of a topic to a handler, one after the other; how many."""

    def forget(self) -> int:
        """Deletes keys that are older than `RETENTION`; how many."""

    def close(self) -> None:
        """Closes connections."""
