"""One transaction: loads what a batch touches, saves what it changed. This file does not know about commands.

Rows are read under the lock of their process instance: call `lock_instances` first, then load. Jobs and external tasks
are locked as they are read, because leases are written beside the instance's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from procession.kernel.records import (
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
from procession.kernel.state import GROUPED_BY, Changes, State
from procession.storage import schema
from procession.storage.drivers import Driver, quoted
from procession.storage.encoding import EncodedValue, encode_value
from procession.storage.rows import CODECS, VARIABLES

if TYPE_CHECKING:
    from procession.storage.history import HistoryBatch

R = TypeVar("R", bound=Record)

_LEASED = (External, Job)
_VARIABLE_SELECT = (
    "SELECT " + ", ".join(f'v."{name}"' for name in VARIABLES.columns) + ", b.content "
    "FROM variable v LEFT JOIN big_value b ON b.key = v.big WHERE "
)
_BIG = VARIABLES.columns.index("big")
_ATTACHED: tuple[type[Any], ...] = (Task, External, Job, Subscription, Incident)


class BigValues:
    """The contents that lie apart, written once per batch however many rows refer to them."""

    def __init__(self, new_key: Callable[[], int]) -> None:
        self._new_key = new_key
        self._keys: dict[tuple[int, int], int] = {}
        self._kept: list[Any] = []  # keeps values alive, so that no other object gets their identity
        self.rows: list[tuple[int, int, int | None, bytes]] = []

    def key_for(self, owner: int, value: Any, encoded: EncodedValue, instance: int | None) -> int | None:
        """The key of the content, None where the value has none. The same value of one owner is stored once."""
        if encoded.content is None:
            return None
        identity = (owner, id(value))
        key = self._keys.get(identity)
        if key is None:
            key = self._keys[identity] = self._new_key()
            self._kept.append(value)
            self.rows.append((key, owner, instance, encoded.content))
        return key


class Transaction:
    """A database transaction that implements `kernel.state.Loader`.

    `driver` runs further statements (see `correlation`, `leases`, `repository`); `new_key` makes keys.
    """

    def __init__(self, driver: Driver, new_key: Callable[[], int], *, keeps_history: bool = True) -> None:
        self.driver = driver
        self.memo: dict[Any, Any] = {}  # what was looked up in this transaction and cannot change in it
        self.new_key = new_key
        self._fetched: dict[type[Any], dict[int, Any]] = {}
        self._big_of: dict[int, int] = {}  # variable -> key of its stored content
        self._keeps_history = keeps_history

    # ------------------------------------------------------------ loading

    def fetch(self, table: type[R], keys: Iterable[int]) -> list[R]:
        """The stored records with these keys, in any order."""
        held = self._fetched.pop(table, None) or {}
        wanted = list(keys)
        found = [held[key] for key in wanted if key in held]
        missing = [key for key in wanted if key not in held]
        if missing:
            found += self._select(table, "key IN ??", [missing])
        return found

    def fetch_group(self, table: type[R], group: int, node: str | None = None) -> list[R]:
        """The stored records of a group (`GROUPED_BY`), for elements only those at `node` where it is given."""
        column = GROUPED_BY[table]
        if node is None:
            return self._select(table, f'"{column}" = ?', [group])
        return self._select(table, f'"{column}" = ? AND node = ?', [group, node])

    def find(self, table: type[R], where: str, parameters: Sequence[Any] = (), rest: str = "") -> list[R]:
        """Records that meet a condition in the marks of `drivers`; `rest` is ORDER BY and LIMIT."""
        return self._select(table, where, parameters, rest)

    def _select(self, table: type[R], where: str, parameters: Sequence[Any], rest: str = "") -> list[R]:
        if table is Variable:
            return cast("list[R]", self._variables(where, parameters, rest))
        codec = CODECS[table]
        lock = " {for update}" if table in _LEASED else ""
        order = " ORDER BY key" if lock and not rest else rest
        statement = f'SELECT {quoted(codec.columns)} FROM "{codec.table.name}" WHERE {where}{order}{lock}'
        return [codec.record_of(row) for row in self.driver.rows(statement, parameters)]

    def exists(self, table: type[Record], key: int) -> bool:
        """True where such a record is stored (it may be locked by another transaction)."""
        name = schema.variable.name if table is Variable else CODECS[table].table.name
        return bool(self.driver.rows(f'SELECT 1 FROM "{name}" WHERE key = ?', [key]))

    def _variables(self, where: str, parameters: Sequence[Any], rest: str = "") -> list[Variable]:
        # both tables have a `key`: the conditions that name it mean the variable's
        where = where.replace("key IN", "v.key IN")
        found = []
        for *row, content in self.driver.rows(_VARIABLE_SELECT + where + rest, parameters):
            variable = VARIABLES.record_of(row, content)
            if content is not None:
                self._big_of[variable.key] = row[_BIG]
            found.append(variable)
        if not rest:
            found.sort(key=lambda variable: variable.key)  # in the order in which they were set, as in memory
        return found

    def instances_of(self, table: type[Record], keys: Iterable[int]) -> dict[int, int | None]:
        """Which process instance each of these rows belongs to, so that it can be locked before the rows are read."""
        name = schema.variable.name if table is Variable else CODECS[table].table.name
        if table is IdentityLink:
            statement = "SELECT l.key, t.instance FROM identity_link l JOIN task t ON t.key = l.task WHERE l.key IN ??"
        elif table is Instance:
            statement = "SELECT key, key FROM instance WHERE key IN ??"
        else:
            statement = f'SELECT key, instance FROM "{name}" WHERE key IN ??'
        return dict(self.driver.rows(statement, [list(keys)]))

    def lock_instances(self, keys: Iterable[int], *, wait: bool = True) -> set[int]:
        """Locks process instances in the order of their keys; those that exist (and, without `wait`, are free).

        On SQLite the transaction holds the one write lock already.
        """
        wanted = sorted(set(keys))
        if not wanted:
            return set()
        lock = "{for update}" if wait else "{skip locked}"
        rows = self.driver.rows(f"SELECT key FROM instance WHERE key IN ?? ORDER BY key {lock}", [wanted])
        return {key for (key,) in rows}

    def load_closure(
        self,
        state: State,
        *,
        instances: Iterable[int] = (),
        elements: Iterable[int] = (),
        tasks: Iterable[int] = (),
        externals: Iterable[int] = (),
        jobs: Iterable[int] = (),
        subscriptions: Iterable[int] = (),
        incidents: Iterable[int] = (),
    ) -> None:
        """Loads what commands at these places need, in a dozen statements at most, however many keys.

        That is the records, their elements with all ancestors, what is attached to these elements, their instances,
        and the variables of all these scopes.
        """
        named = zip(_ATTACHED, (tasks, externals, jobs, subscriptions, incidents), strict=True)
        starts: set[int] = {*instances, *elements}
        for table, keys in named:
            wanted = list(keys)
            if wanted:
                state.preload(table, wanted)
                for record in (state.get(table, key) for key in wanted):
                    starts.update(key for key in (record and record.element, record and record.instance) if key)
        if starts:
            self._load_path(state, starts)
        wanted = list(tasks)
        if wanted:
            state.preload_links(wanted, self._select(IdentityLink, "task IN ??", [wanted]))
        scopes = [e.key for e in state.all(Element) if e.variables and not state.has_variables(e.key)]
        scopes += [t.key for t in state.all(Task) if t.variables and not state.has_variables(t.key)]
        if scopes:
            state.preload_variables(scopes, self._variables("scope IN ??", [scopes]))

    def _load_path(self, state: State, starts: set[int]) -> None:
        codec = CODECS[Element]
        columns = ", ".join(f'e."{name}"' for name in codec.columns)
        rows = self.driver.rows(
            "WITH RECURSIVE up(key, parent) AS ("
            "SELECT key, parent FROM element WHERE key IN ?? "
            "UNION SELECT p.key, p.parent FROM element p JOIN up ON p.key = up.parent) "
            f"SELECT {columns} FROM up JOIN element e ON e.key = up.key",
            [sorted(starts)],
        )
        found: list[Element] = [codec.record_of(row) for row in rows]
        self._fetched[Element] = {element.key: element for element in found}
        state.preload(Element, [element.key for element in found])
        state.preload(Instance, {element.instance for element in found})
        for table in _ATTACHED:
            wait = _WAIT_OF[table]
            keys = [key for element in found if element.key in starts for kind, key in element.attached if kind == wait]
            if keys:
                state.preload(table, keys)

    # ------------------------------------------------------------ saving

    def save(self, changes: Mapping[type[Any], Changes], history: HistoryBatch | None = None) -> None:
        """Writes what a batch changed and its history: one statement per table and kind of change."""
        big = BigValues(self.new_key)
        variables = changes.get(Variable)
        inserted, updated = [], []
        obsolete: list[int] = []
        if variables is not None:
            inserted = [self._variable_row(v, big) for v in variables.inserted]
            updated = [self._variable_row(v, big) for v in variables.updated]
            obsolete = self._obsolete(variables, history)
        if history is not None:
            history.encode(big)
        with self.driver.together():
            if obsolete:
                self.driver.delete(schema.big_value, obsolete)
            if big.rows:
                self.driver.insert(schema.big_value, ("key", "owner", "instance", "content"), big.rows)
            if variables is not None:
                # a name may move from a removed variable to a new one: deletes come first
                if variables.deleted:
                    self.driver.delete(schema.variable, variables.deleted)
                if updated:
                    self.driver.update(schema.variable, VARIABLES.columns, updated)
                if inserted:
                    self.driver.insert(schema.variable, VARIABLES.columns, inserted)
            for table, change in changes.items():
                if table is not Variable:
                    self._save_table(table, change)
            if history is not None:
                history.write(self.driver)

    def _save_table(self, table: type[Any], change: Changes) -> None:
        codec = CODECS[table]
        if change.deleted:
            self.driver.delete(codec.table, change.deleted)
        if change.updated:
            self.driver.update(codec.table, codec.columns, [codec.row(record) for record in change.updated])
        if change.inserted:
            self.driver.insert(codec.table, codec.columns, [codec.row(record) for record in change.inserted])

    def _variable_row(self, variable: Variable, big: BigValues) -> list[Any]:
        encoded = encode_value(variable.value)
        key = big.key_for(variable.key, variable.value, encoded, variable.instance)
        return VARIABLES.row(variable, encoded, key)

    def _obsolete(self, variables: Changes, history: HistoryBatch | None) -> list[int]:
        """Contents that nothing refers to any more. History keeps the last value, its details every one."""
        if not self._big_of:
            return []
        keeps_last = self._keeps_history if history is None else history.keeps_variables
        keeps_all = self._keeps_history if history is None else history.keeps_details
        gone = [] if keeps_all else [v.key for v in variables.updated]
        if not keeps_last:
            gone += variables.deleted
        return [self._big_of[key] for key in gone if key in self._big_of]

    def together(self) -> AbstractContextManager[None]:
        """See `Driver.together`."""
        return self.driver.together()


_WAIT_OF: dict[type[Any], str] = {
    Task: "task",
    External: "external",
    Job: "job",
    Subscription: "subscription",
    Incident: "incident",
}
