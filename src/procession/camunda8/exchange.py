"""A request and its answer as the endpoints see them, and reading what a body holds. This file knows no sockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from inspect import iscoroutinefunction, isgeneratorfunction
from typing import Any, TypeVar

from procession.camunda8.problems import Rejected, invalid, unreadable
from procession.engine.engine import Engine

DEFAULT_TENANT = "<default>"
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True)
class File:
    """A file of a multipart request."""

    name: str
    content: bytes
    content_type: str | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `params` come from the path, `body` is the JSON object (empty for none), `form` what a multipart has."""

    engine: Engine
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]
    user: str | None = None
    files: tuple[File, ...] = ()
    form: Mapping[str, str] = field(default_factory=dict)
    test_mode: bool = False
    guarded: bool = False
    """True where the server asks for credentials."""
    max_upload: int = 0
    """Bytes that a deployment may have."""

    def submit(self, command: Any) -> Any:
        """Sends a command in the name of who asks; gives its value."""
        return self.engine.submit(command, user=self.user, source="rest")

    def key(self, name: str) -> int:
        """A key in the path. Raises 400 for what is none."""
        return key_of(self.params[name], name)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an endpoint answers: a JSON value, or bytes with their media type; None is no body."""

    value: Any = None
    status: int = 200
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


NOTHING = Answer(None, 204)
Steps = Generator[Any, Any, Answer]
"""An endpoint in steps, so that no thread waits for the engine: it yields commands, and gets what they give or raise.

It may also yield a function, which is called in a thread, or a coroutine, which is awaited as long as the client is there.
What it does itself must not block, but after an error it may.
"""
Handler = Callable[[Call], Answer | Awaitable[Answer] | Steps]
H = TypeVar("H", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Route:
    """One operation below `/v2`. `open` ones need no credentials, `form` ones take a multipart body.

    `waits` says that its function is a coroutine, `in_steps` that it is a generator (`Steps`).
    """

    method: str
    path: str
    handler: Handler
    open: bool = False
    form: bool = False
    waits: bool = field(init=False, default=False)
    in_steps: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        # asked once here instead of with every request
        object.__setattr__(self, "waits", iscoroutinefunction(self.handler))
        object.__setattr__(self, "in_steps", isgeneratorfunction(self.handler))


ROUTES: list[Route] = []


def route(method: str, path: str, *, open: bool = False, form: bool = False) -> Callable[[H], H]:
    """Registers a function from a `Call` to an `Answer` for a method and a path."""

    def register(handler: H) -> H:
        ROUTES.append(Route(method, path, handler, open, form))
        return handler

    return register


# ---------------------------------------------------------------- reading bodies


def key_of(value: Any, name: str) -> int:
    """A key: decimal text, or a number as older clients send it. Raises 400."""
    if isinstance(value, int) and not isinstance(value, bool) and -1 <= value <= LARGEST_KEY:
        return value
    text = str(value)
    if text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and len(text) < 20:
        return min(int(text), LARGEST_KEY)
    raise unreadable(f"Failed to convert '{name}' with value: '{value}'")


def optional_key(body: Mapping[str, Any], name: str) -> int | None:
    """A key in a body, or None."""
    value = body.get(name)
    return None if value is None else key_of(value, name)


def text_member(body: Mapping[str, Any], name: str) -> str | None:
    """A text in a body, or None. Raises 400 for anything else."""
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise unreadable()


def number_member(body: Mapping[str, Any], name: str) -> int | None:
    """A whole number in a body, or None. Raises 400 for anything else."""
    value = body.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63):
        return value
    raise unreadable()


def flag_member(body: Mapping[str, Any], name: str, default: bool = False) -> bool:
    """A boolean in a body. Raises 400 for anything else."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    raise unreadable()


def object_member(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object in a body, empty for none. Raises 400 for anything else."""
    value = body.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise unreadable()


def objects_member(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects in a body, empty for none. Raises 400 for anything else."""
    value = body.get(name)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise unreadable()


def texts_member(body: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts in a body, empty for none. Raises 400 for anything else."""
    value = body.get(name)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise unreadable()


def required(faults: list[str]) -> None:
    """Raises one 400 that tells all faults, if there are any."""
    if faults:
        raise invalid(" ".join(faults))


def tenant_of(value: str | None) -> str | None:
    """The engine's tenant for one of the API's: the default tenant is none."""
    return None if value in (None, "", DEFAULT_TENANT) else value


def shown_tenant(value: str | None) -> str:
    """The API's tenant for one of the engine's."""
    return value or DEFAULT_TENANT


def shown(key: int | None) -> str | None:
    """A key as the API shows it."""
    return None if key is None else str(key)


__all__ = [
    "DEFAULT_TENANT",
    "NOTHING",
    "ROUTES",
    "Answer",
    "Call",
    "File",
    "Rejected",
    "Route",
    "flag_member",
    "key_of",
    "number_member",
    "object_member",
    "objects_member",
    "optional_key",
    "required",
    "route",
    "shown",
    "shown_tenant",
    "tenant_of",
    "text_member",
    "texts_member",
]
