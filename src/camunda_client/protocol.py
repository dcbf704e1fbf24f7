"""The protocol, written once: an operation is a generator that yields requests and receives answers.

    @operation
    def version(self) -> Flow[str]:
        answer = yield Request("GET", "/version")
        return str(answer.json()["version"])

`SyncClient` and `AsyncClient` (camunda_client.transport) drive the same generator, so that no operation exists twice:
`client.version()` is a `str` on the one and an awaitable of `str` on the other, for the type checker too.
This file does not know httpx; it opens no socket.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

from camunda_client.errors import BadRequest, EngineUnavailable, from_answer

if TYPE_CHECKING:
    from camunda_client.transport import AsyncClient, SyncClient

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

FilePart = tuple[str, tuple[str, bytes, str]]
"""Multipart: (field, (file name, content, media type))."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `path` is below the API's root; `timeout` is the longest wait for the answer in seconds."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    files: Sequence[FilePart] = ()
    timeout: float | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer below status 300."""

    status: int
    content: bytes
    media_type: str = ""

    def json(self) -> Any:
        """The decoded body; None where there is none. Raises EngineUnavailable for what is not JSON."""
        try:
            return json.loads(self.content) if self.content else None
        except ValueError:
            text = self.content[:80].decode("utf-8", "replace")
            raise EngineUnavailable(
                f"the answer is not JSON but {text!r}: is this the address of the REST API?", status=self.status
            ) from None


Flow = Generator[Request, Answer, T_co]


def checked(request: Request, status: int, content: bytes, media_type: str) -> Answer:
    """The answer, or the error that it stands for."""
    if status < 300:
        return Answer(status, content, media_type)
    if status < 400:
        raise BadRequest("it redirects: is this the address of the REST API?", status=status, request=str(request))
    body: Any = None
    if content:
        try:
            body = json.loads(content)
        except ValueError:
            body = content.decode("utf-8", "replace")
    raise from_answer(status, body, str(request))


class Operation(Generic[P, T]):
    """A generator method that both clients can call; see the head of this file."""

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        self.flow = flow
        self.__doc__ = flow.__doc__
        self.__name__ = flow.__name__

    @overload
    def __get__(self, client: None, owner: type) -> Operation[P, T]: ...
    @overload
    def __get__(self, client: SyncClient, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: AsyncClient, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, client: SyncClient | AsyncClient | None, owner: type) -> object:
        if client is None:
            return self
        flow = self.flow

        def call(*args: P.args, **kwargs: P.kwargs) -> object:
            return cast(Any, client).drive(flow(client, *args, **kwargs))

        call.__name__, call.__doc__, call.__wrapped__ = self.__name__, self.__doc__, flow  # type: ignore[attr-defined]
        return call


def operation(flow: Callable[Concatenate[Any, P], Flow[T]]) -> Operation[P, T]:
    """Turns a generator method into an operation of both clients."""
    return Operation(flow)
