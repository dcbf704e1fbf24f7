"""Tables of frozen records, filled on demand, with one journal so that a failed command leaves no trace.

`State` is the unit of work of a batch: it holds what the batch has touched, whatever the instance. Reading goes through
`View` (all that a behaviour may see); writing through `put` and `remove`, which only `applying.py` calls. Cost follows what
is touched: rows are fetched by key, and by group (children of a scope, variables of a scope, links of a task) on first use.
This file does not know about SQL; a `Loader` fetches rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, TypeVar, cast

from msgspec import Struct

from procession.kernel.records import (
    Batch,
    Element,
    External,
    IdentityLink,
    Incident,
    Instance,
    Job,
    Record,
    Subscription,
    Task,
    Variable,
)

R = TypeVar("R", bound=Record)

TABLES: tuple[type[Any], ...] = (
    Instance,
    Element,
    Variable,
    Task,
    IdentityLink,
    External,
    Job,
    Subscription,
    Incident,
    Batch,
)
GROUPED_BY: dict[type[Any], str] = {Element: "parent", Variable: "scope", IdentityLink: "task"}
TOLD_APART_BY: dict[type[Any], str] = {Element: "node", Variable: "name"}
MANY_VARIABLES = 50
"""A scope with more of them gives them one at a time, by name: else each command would load what no command looks at."""
_SCOPES: dict[type[Any], type[Any]] = {Element: Task, Task: Element}
"""A scope of variables is the one or the other: where a key names one it needs no look-up that it is not the other."""

_NEVER_HELD: Any = object()
"""What is there before a record that nobody has looked for."""


class Loader(Protocol):
    """Fetches stored rows. All methods see one consistent, locked picture of the instances they touch."""

    def fetch(self, table: type[R], keys: Iterable[int]) -> list[R]:
        """The rows with these keys, in any order; missing ones are left out."""

    def fetch_group(self, table: type[R], group: int, only: str | None = None) -> list[R]:
        """The rows whose grouping column (`GROUPED_BY`) is `group`; with `only` of elements those at that node, of variables
        the one of that name (`TOLD_APART_BY`)."""


class View(Protocol):
    """What a behaviour may see of the state."""

    def get(self, table: type[R], key: int) -> R | None: ...
    def need(self, table: type[R], key: int) -> R: ...
    def children(self, scope: int, node: str | None = None) -> list[Element]: ...
    def variables(self, scope: int) -> dict[str, Variable]: ...
    def variable(self, scope: int, name: str) -> Variable | None: ...
    def links(self, task: int) -> list[IdentityLink]: ...


class EmptyLoader:
    """Nothing is stored: for tests and simulations."""

    def fetch(self, table: type[R], keys: Iterable[int]) -> list[R]:
        return []

    def fetch_group(self, table: type[R], group: int, only: str | None = None) -> list[R]:
        return []


class Changes(Struct, frozen=True):
    """What a batch did to one table."""

    inserted: list[Any]
    updated: list[Any]
    deleted: list[int]


class State:
    """The records that a batch has touched."""

    def __init__(self, loader: Loader | None = None) -> None:
        self._loader: Loader = loader or EmptyLoader()
        self._rows: dict[type[Any], dict[int, Any]] = {table: {} for table in TABLES}
        self._stored: dict[type[Any], dict[int, Any]] = {table: {} for table in TABLES}
        self._groups: dict[type[Any], dict[int, dict[int, None]]] = {table: {} for table in GROUPED_BY}
        self._named: dict[int, dict[str, int]] = {}  # keys of variables by scope and name
        self._whole: dict[type[Any], set[int]] = {table: set() for table in GROUPED_BY}
        self._made: set[int] = set()  # scopes that are new: nothing of them is stored
        self._part: set[tuple[int, str]] = set()
        self._apart: set[tuple[int, str]] = set()  # large variables that nobody has looked at
        self._looked_up: set[tuple[int, str]] = set()  # names of variables that were fetched alone, by scope
        self._journal: list[tuple[Any, Any]] = []  # what was there before, or `_NEVER_HELD`, and what is there now

    # ------------------------------------------------------------ reading

    def get(self, table: type[R], key: int) -> R | None:
        """The record, or None where there is none."""
        found: R | None
        try:
            found = self._rows[table][key]
        except KeyError:
            if table in _SCOPES and key in self._made:
                return None  # it is the key of another scope
            self.preload(table, (key,))
            found = self._rows[table][key]
        return found

    def need(self, table: type[R], key: int) -> R:
        """The record. Raises KeyError where there is none: a fault of the caller's, never of a user's."""
        record: R | None
        try:
            record = self._rows[table][key]
        except KeyError:
            record = self.get(table, key)
        if record is None:
            raise KeyError(f"{table.__name__} {key}")
        return record

    def last(self, table: type[R], key: int) -> R | None:
        """The record, or as it was stored where this batch removed it: for history, which tells of what is gone."""
        return self.get(table, key) or self.stored(table, key)

    def stored(self, table: type[R], key: int) -> R | None:
        """The record as it was loaded, whatever this batch did to it; None where it was not."""
        found: R | None = self._stored[table].get(key)
        return found

    def children(self, scope: int, node: str | None = None) -> list[Element]:
        """The live elements directly inside a scope, oldest first; with `node` only those at that node."""
        if not self._is_whole(Element, scope) and (node is None or (scope, node) not in self._part):
            self._absorb(Element, self._loader.fetch_group(Element, scope, node))
            if node is None:
                self._whole[Element].add(scope)
            else:
                self._part.add((scope, node))
        rows = self._rows[Element]
        found = [rows[key] for key in self._groups[Element].get(scope, ())]
        return sorted((e for e in found if node is None or e.node == node), key=lambda e: cast("int", e.key))

    def variables(self, scope: int) -> dict[str, Variable]:
        """The variables that live in one scope, by name."""
        self._need_variables(scope)
        for apart in [apart for apart in self._apart if apart[0] == scope]:
            self._look_up(*apart)
        rows, keys = self._rows[Variable], self._groups[Variable].get(scope, ())
        # in the order in which they were set, whatever was looked up first
        return {rows[key].name: rows[key] for key in (sorted(keys) if self._looked_up else keys)}

    def variable(self, scope: int, name: str) -> Variable | None:
        """The variable of that name that lives in one scope. Costs the same however many live there."""
        if (scope, name) in self._apart:
            self._look_up(scope, name)
        elif not self._is_whole(Variable, scope) and (scope, name) not in self._looked_up:
            owner = self._rows[Element].get(scope) or self._rows[Task].get(scope)
            if owner is not None and owner.variables > MANY_VARIABLES:
                self._look_up(scope, name)
            else:
                self._need_variables(scope)
        key = self._named.get(scope, {}).get(name)
        return None if key is None else cast("Variable | None", self._rows[Variable][key])

    def _look_up(self, scope: int, name: str) -> None:
        self._apart.discard((scope, name))
        self._looked_up.add((scope, name))
        self._absorb(Variable, self._loader.fetch_group(Variable, scope, name))

    def _need_variables(self, scope: int) -> None:
        if not self._is_whole(Variable, scope):
            owner = self._rows[Element].get(scope) or self._rows[Task].get(scope)
            if owner is None or owner.variables:
                self._absorb(Variable, self._loader.fetch_group(Variable, scope))
            self._whole[Variable].add(scope)

    def links(self, task: int) -> list[IdentityLink]:
        """The identity links of a task."""
        if not self._is_whole(IdentityLink, task):
            self._absorb(IdentityLink, self._loader.fetch_group(IdentityLink, task))
            self._whole[IdentityLink].add(task)
        return [self._rows[IdentityLink][key] for key in self._groups[IdentityLink].get(task, ())]

    def all(self, table: type[R]) -> Iterator[R]:
        """Every record of a table that this batch holds (not all that are stored)."""
        return (row for row in self._rows[table].values() if row is not None)

    def unsaved(self, table: type[R]) -> Iterator[R]:
        """Every record of a table that this batch has made: what no query of the database finds yet."""
        stored = self._stored[table]
        return (row for key, row in self._rows[table].items() if row is not None and key not in stored)

    # ------------------------------------------------------------ filling

    def preload(self, table: type[Any], keys: Iterable[int]) -> None:
        """Fetches rows by key in one go; keys that do not exist are remembered as absent."""
        rows = self._rows[table]
        missing = [key for key in dict.fromkeys(keys) if key not in rows]
        if missing:
            self._absorb(table, self._loader.fetch(table, missing))
            for key in missing:
                rows.setdefault(key, None)

    def take(self, table: type[Any], keys: Iterable[int], found: Iterable[Any]) -> None:
        """Takes in rows that were fetched; of `keys` those without a row are remembered as absent."""
        self._absorb(table, found)
        rows = self._rows[table]
        for key in keys:
            rows.setdefault(key, None)

    def preload_variables(
        self, scopes: Iterable[int], found: Iterable[Variable], apart: Iterable[tuple[int, str]] = ()
    ) -> None:
        """Takes in the variables of whole scopes that were fetched together; `apart` (scope, name) are there too, and are
        fetched when they are looked at."""
        self._absorb(Variable, found)
        self._whole[Variable].update(scopes)
        self._apart.update(apart)

    def preload_links(self, tasks: Iterable[int], found: Iterable[IdentityLink]) -> None:
        """Takes in the identity links of tasks that were fetched together."""
        self._absorb(IdentityLink, found)
        self._whole[IdentityLink].update(tasks)

    def is_held(self, table: type[Any], key: int) -> bool:
        """True where the key has been looked up before."""
        return key in self._rows[table]

    def _is_whole(self, table: type[Any], group: int) -> bool:
        return group in self._made or group in self._whole[table]

    def _absorb(self, table: type[Any], records: Iterable[Any]) -> None:
        rows, stored, is_grouped = self._rows[table], self._stored[table], table in GROUPED_BY
        others = self._rows[_SCOPES[table]] if table in _SCOPES else None
        for record in records:
            key = record.key
            if key not in rows:
                rows[key] = stored[key] = record
                if is_grouped:
                    self._enter(table, record)
                if others is not None:
                    others.setdefault(key, None)

    # ------------------------------------------------------------ writing (applying.py only)

    def put(self, record: Record) -> None:
        """Adds or replaces a record. `add` and `swap` do less where one is known to be new, or to stay in its group."""
        table, key = type(record), record.key
        rows = self._rows[table]
        old = rows.get(key)
        if old is not None:
            self.swap(old, record)
            if isinstance(record, Element) and old.parent != record.parent:
                self._leave(table, old)
                self._enter(table, record)
            return
        if key not in rows:
            self.add(record)
            return
        self._journal.append((None, record))
        rows[key] = record
        if table in GROUPED_BY:
            self._enter(table, record)

    def add(self, record: Record) -> None:
        """Adds a record that is new: nothing is stored under its key."""
        table, key = type(record), record.key
        self._journal.append((_NEVER_HELD, record))
        self._rows[table][key] = record
        if table in GROUPED_BY:
            self._enter(table, record)
        if table in _SCOPES:
            self._made.add(key)

    def swap(self, old: Record, new: Record) -> None:
        """Puts a record in the place of the one that is held under its key; it stays in its group."""
        self._journal.append((old, new))
        self._rows[type(new)][new.key] = new

    def remove(self, table: type[Record], key: int) -> None:
        """Deletes a record; deleting what is not there is a fault of the caller's (KeyError)."""
        self.drop(self.need(table, key))

    def drop(self, record: Record) -> None:
        """Deletes a record that is held."""
        table = type(record)
        self._journal.append((record, None))
        self._rows[table][record.key] = None
        if table in GROUPED_BY:
            self._leave(table, record)

    def mark(self) -> int:
        """A point to go back to with `undo`."""
        return len(self._journal)

    def undo(self, mark: int) -> None:
        """Takes back everything since `mark`."""
        while len(self._journal) > mark:
            before, now = self._journal.pop()
            record = before if now is None else now
            table, key = type(record), record.key
            was_held = before is not None and before is not _NEVER_HELD
            stays = was_held and now is not None and (table is not Element or now.parent == before.parent)
            if table in GROUPED_BY and not stays:
                if now is not None:
                    self._leave(table, now)
                if was_held:
                    self._enter(table, before)
            if before is _NEVER_HELD:
                del self._rows[table][key]
            else:
                self._rows[table][key] = before

    def _enter(self, table: type[Any], record: Any) -> None:
        """A record is in its group from now on."""
        group = getattr(record, GROUPED_BY[table])
        if group is not None:
            self._groups[table].setdefault(group, {})[record.key] = None
            if table is Variable:
                self._named.setdefault(group, {})[record.name] = record.key

    def _leave(self, table: type[Any], record: Any) -> None:
        """A record is in its group no more."""
        group = getattr(record, GROUPED_BY[table])
        if group is not None:
            self._groups[table][group].pop(record.key, None)
            if table is Variable and self._named[group].get(record.name) == record.key:
                del self._named[group][record.name]

    # ------------------------------------------------------------ saving

    def changes(self) -> dict[type[Any], Changes]:
        """What is not the same object as was loaded, per table."""
        found: dict[type[Any], Changes] = {}
        for table, rows in self._rows.items():
            stored = self._stored[table]
            inserted, updated, deleted = [], [], []
            for key, now in rows.items():
                before = stored.get(key)
                if now is before:
                    continue
                if before is None:
                    inserted.append(now)
                elif now is None:
                    deleted.append(key)
                else:
                    updated.append(now)
            if inserted or updated or deleted:
                found[table] = Changes(inserted, updated, deleted)
        return found
