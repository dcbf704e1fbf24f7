"""Which variables elements see, in a handful of statements for any number of elements. For answers to workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from procession.kernel.records import Variable
from procession.storage.drivers import Later
from procession.storage.transaction import Transaction

_UP = (
    "WITH RECURSIVE up(key, parent) AS (SELECT key, parent FROM element WHERE key IN ?? "
    "UNION SELECT p.key, p.parent FROM element p JOIN up ON p.key = up.parent)"
)


def visible_variables(
    tx: Transaction, elements: Iterable[int], *, local: Iterable[int] = ()
) -> Mapping[int, Mapping[str, Variable]]:
    """Per element the variables that it sees, by name; an inner one hides an outer one. `local` elements see their own only."""
    return ask_visible(tx, elements, local=local)()


def ask_visible(
    tx: Transaction, elements: Iterable[int], *, local: Iterable[int] = ()
) -> Later[Mapping[int, Mapping[str, Variable]]]:
    """`visible_variables`, wanted later."""
    wanted, own = list(elements), list(local)
    asked = [tx.ask_variables("v.scope IN ??", [own])] if own else []
    above: Later[list[tuple[Any, ...]]] = list
    if wanted:
        asked.append(tx.ask_variables(f"v.scope IN ({_UP} SELECT key FROM up)", [wanted]))
        above = tx.driver.ask(f"{_UP} SELECT key, parent FROM up", [wanted])

    def seen() -> Mapping[int, Mapping[str, Variable]]:
        parents: dict[int, int | None] = dict(above())
        by_scope: dict[int, list[Variable]] = {}
        for variable in {variable.key: variable for found in asked for variable in found()}.values():
            by_scope.setdefault(variable.scope, []).append(variable)
        paths = {key: [key] for key in own} | {key: _path(key, parents) for key in wanted}
        return {key: _seen(path, by_scope) for key, path in paths.items()}

    return seen


def _path(key: int, parents: Mapping[int, int | None]) -> list[int]:
    path: list[int] = []
    at: int | None = key
    while at is not None and at in parents and len(path) <= len(parents):
        path.append(at)
        at = parents[at]
    return path


def _seen(path: Sequence[int], by_scope: Mapping[int, list[Variable]]) -> dict[str, Variable]:
    seen: dict[str, Variable] = {}
    for scope in reversed(path):
        for variable in by_scope.get(scope, ()):
            seen[variable.name] = variable
    return seen
