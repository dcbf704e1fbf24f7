"""Which variables elements see, in one statement for any number of elements. For answers to workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from procession.kernel.records import Variable
from procession.storage.drivers import Asked, Later, at_once
from procession.storage.rows import VARIABLES
from procession.storage.transaction import VARIABLE_COLUMNS, Transaction

_WANTED = "SELECT key, parent FROM element WHERE key IN ??"
_OWN = "SELECT key, CAST(NULL AS BIGINT) FROM element WHERE key IN ??"
_KEY = 3  # the place of a variable's key in the answer
Seen = Mapping[str, Variable]


@cache
def _statement(*starts: str) -> str:
    return (
        f"WITH RECURSIVE up(key, parent) AS ({' UNION '.join(starts)} "
        "UNION SELECT p.key, p.parent FROM element p JOIN up ON p.key = up.parent) "
        f"SELECT up.key, up.parent, b.content, {VARIABLE_COLUMNS} FROM up "
        "LEFT JOIN variable v ON v.scope = up.key LEFT JOIN big_value b ON b.key = v.big"
    )


def visible_variables(tx: Transaction, elements: Iterable[int], *, local: Iterable[int] = ()) -> Mapping[int, Seen]:
    """Per element the variables that it sees, by name; an inner one hides an outer one. `local` elements see their own only."""
    return at_once(ask_visible(tx, elements, local=local))()


def ask_visible(
    tx: Transaction, elements: Iterable[int], *, local: Iterable[int] = ()
) -> Asked[Later[Mapping[int, Seen]]]:
    """`visible_variables`, wanted later. What several ask side by side is one question."""
    question = tx.memo.get(_Question)
    if question is None or question.is_asked:
        question = tx.memo[_Question] = _Question()
    wanted, own = list(elements), list(local)
    question.wanted.update(wanted)
    question.own.update(own)
    yield
    question.ask(tx)
    return lambda: (
        {key: question.seen(key, alone=False) for key in wanted} | {key: question.seen(key, alone=True) for key in own}
    )


class _Question:
    """What several want to know, and the answer once it is here."""

    def __init__(self) -> None:
        self.wanted: set[int] = set()
        self.own: set[int] = set()
        self.is_asked = False
        self._rows: Later[list[tuple[Any, ...]]] = list
        self._parents: dict[int, int] = {}
        self._by_scope: dict[int, dict[int, Variable]] | None = None

    def ask(self, tx: Transaction) -> None:
        """Asks for all; whoever comes later finds it asked."""
        if not self.is_asked:
            self.is_asked = True
            starts = {text: sorted(keys) for text, keys in ((_WANTED, self.wanted), (_OWN, self.own)) if keys}
            if starts:
                self._rows = tx.driver.ask(_statement(*starts), list(starts.values()))

    def seen(self, element: int, *, alone: bool) -> Seen:
        """The variables that an element sees."""
        if self._by_scope is None:
            self._by_scope = self._read()
        found: dict[str, Variable] = {}
        for scope in reversed((element,) if alone else self._path(element)):
            for variable in self._by_scope.get(scope, {}).values():
                found[variable.name] = variable
        return found

    def _read(self) -> dict[int, dict[int, Variable]]:
        found: dict[int, dict[int, Variable]] = {}
        # in the order in which they were set
        for scope, parent, content, *row in sorted(self._rows(), key=lambda row: row[_KEY] or 0):
            of_scope = found.setdefault(scope, {})
            if parent is not None:
                self._parents[scope] = parent
            key = row[0]
            if key is not None and key not in of_scope:
                of_scope[key] = VARIABLES.record_of(row, content)
        return found

    def _path(self, element: int) -> Sequence[int]:
        path: list[int] = []
        at: int | None = element
        while at is not None and len(path) <= len(self._parents):
            path.append(at)
            at = self._parents.get(at)
        return path
