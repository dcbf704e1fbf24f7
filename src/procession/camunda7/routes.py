"""Routes as data: which function answers which method and path. Lists, documents and tests are derived from `ROUTES`.

A path is a template as `/task/{id}/variables/{name}`. A literal segment goes before a parameter, as JAX-RS orders
them; a parameter matches one segment, never a slash. Every route answers below `/engine-rest` and below
`/engine-rest/engine/{name}`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from inspect import iscoroutinefunction, isgeneratorfunction
from typing import Any, TypeVar
from urllib.parse import unquote

from procession.camunda7.exchange import Request, Response
from procession.camunda7.problems import Answered

Steps = Generator[Any, Any, Response]
"""An endpoint in steps, so that no thread waits for the engine: it yields commands, and gets what they give or raise.

It may yield a function too, which is called in a thread: where it asks the database. A `Lookup` is answered without one: its
rows, or None where it has to ask in a thread all the same. What it does itself must not block, but after an error it may.
"""
Handler = Callable[[Request, Any], Response | Awaitable[Response] | Steps]
H = TypeVar("H", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `open` ones need no credentials; `form` ones take a multipart body.

    `names` are the parameters of its path; `waits` says that its function is a coroutine, `in_steps` that it is a generator
    (`Steps`).
    """

    method: str
    path: str
    handler: Handler
    open: bool = False
    form: bool = False
    names: tuple[str, ...] = field(init=False, default=())
    waits: bool = field(init=False, default=False)
    in_steps: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        # asked once here instead of with every request
        names = tuple(segment[1:-1] for segment in self.segments if segment.startswith("{"))
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "waits", iscoroutinefunction(self.handler))
        object.__setattr__(self, "in_steps", isgeneratorfunction(self.handler))

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path between slashes."""
        return tuple(part for part in self.path.split("/") if part)


ROUTES: list[Route] = []


def route(method: str, *paths: str, open: bool = False, form: bool = False) -> Callable[[H], H]:
    """Registers a function `(request, engine) -> Response` for a method and one or several paths."""

    def register(handler: H) -> H:
        ROUTES.extend(Route(method, path, handler, open, form) for path in paths)
        return handler

    return register


@dataclass(slots=True)
class _Branch:
    literals: dict[str, _Branch] = field(default_factory=dict)
    parameter: _Branch | None = None
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    """Finds the route for a path: a tree of segments."""

    def __init__(self, routes: list[Route]) -> None:
        self._root = _Branch()
        for entry in routes:
            branch = self._root
            for segment in entry.segments:
                if segment.startswith("{"):
                    branch.parameter = branch.parameter or _Branch()
                    branch = branch.parameter
                else:
                    branch = branch.literals.setdefault(segment, _Branch())
            if entry.method in branch.routes:
                raise ValueError(f"Two functions answer {entry.method} {entry.path}")
            branch.routes[entry.method] = entry

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and the parameters of a raw path (still percent-encoded). Raises 404 or 405 as Camunda does."""
        if "//" in path or len(path) > 8192:
            raise Answered(404, "NotFoundException", "HTTP 404 Not Found")
        parts = tuple(part for part in path.split("/") if part)
        branch, values = self._walk(parts)
        entry = branch.routes.get("GET" if method == "HEAD" else method)
        if entry is None:
            raise Answered(405, "NotAllowedException", "HTTP 405 Method Not Allowed")
        return entry, dict(zip(entry.names, values, strict=True))

    def methods(self, path: str) -> tuple[str, ...]:
        """The methods that a path answers, in order."""
        branch, _ = self._walk(tuple(part for part in path.split("/") if part))
        return tuple(sorted(branch.routes))

    def _walk(self, parts: tuple[str, ...]) -> tuple[_Branch, list[str]]:
        # A literal may turn out to be a dead end (`/task/count` against `/task/{id}/form`): then the parameter is
        # tried.
        found = self._search(self._root, parts, 0)
        if found is None:
            raise Answered(404, "NotFoundException", "HTTP 404 Not Found")
        return found

    def _search(self, branch: _Branch, parts: tuple[str, ...], at: int) -> tuple[_Branch, list[str]] | None:
        if at == len(parts):
            return (branch, []) if branch.routes else None
        literal = branch.literals.get(parts[at])
        if literal is not None and (found := self._search(literal, parts, at + 1)) is not None:
            return found
        if branch.parameter is not None and (found := self._search(branch.parameter, parts, at + 1)) is not None:
            value = unquote(parts[at], errors="replace")
            return found[0], [value, *found[1]]
        return None
