"""One transaction: loads what a batch touches, saves what it changed. This file does not know about commands.

Rows are read under the lock of their process instance: `load` takes both, `lock_instances` the lock alone. Jobs and external tasks
are locked as they are read, because leases are written beside the instance's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

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
    Wait,
)
from procession.kernel.state import GROUPED_BY, MANY_VARIABLES, TOLD_APART_BY, Changes, State
from procession.storage import schema
from procession.storage.drivers import Asked, Driver, Later, quoted
from procession.storage.encoding import EncodedValue, encode_value
from procession.storage.keys import KeyMaker
from procession.storage.rows import CODECS, VARIABLES

if TYPE_CHECKING:
    from procession.storage.history import HistoryBatch

R = TypeVar("R", bound=Record)

_LEASED = (External, Job)
VARIABLE_COLUMNS = ", ".join(f'v."{name}"' for name in VARIABLES.columns)
"""The columns of a variable `v`."""
_VARIABLE_SELECT = f"SELECT {VARIABLE_COLUMNS}, b.content FROM variable v LEFT JOIN big_value b ON b.key = v.big WHERE "
_BIG, _SCOPE, _NAME = (VARIABLES.columns.index(name) for name in ("big", "scope", "name"))
_SELECT = {record: f'SELECT {quoted(codec.columns)} FROM "{codec.table.name}"' for record, codec in CODECS.items()}
_WAITS: dict[str, type[Any]] = {
    Wait.TASK: Task,
    Wait.EXTERNAL: External,
    Wait.JOB: Job,
    Wait.SUBSCRIPTION: Subscription,
    Wait.INCIDENT: Incident,
}
_key = attrgetter("key")
KEYS_AT_ONCE = 32
"""How many keys a transaction takes from the maker in one go."""


class _Loading(NamedTuple):
    """Statements that load what commands need. `instances`, `elements` and `variables` take the keys of each named table."""

    instances: str
    records: Mapping[type[Any], str]
    elements: str
    variables: str
    links: str


@cache
def _loading(tables: tuple[type[Any], ...]) -> _Loading:
    """The statements for commands that name records of these tables, in this order."""
    owners, starts = [], []
    for table in tables:
        name = CODECS[table].table.name
        if table is Instance:
            owners.append("SELECT key FROM instance WHERE key IN ??")
            starts.append("SELECT e.key, e.parent, e.variables FROM element e WHERE e.key IN ??")
        elif table is Element:
            owners.append("SELECT instance FROM element WHERE key IN ??")
            starts.append("SELECT e.key, e.parent, e.variables FROM element e WHERE e.key IN ??")
        else:
            owners.append(f"SELECT instance FROM {name} WHERE key IN ??")
            starts.append(
                f"SELECT e.key, e.parent, e.variables FROM {name} a JOIN element e ON e.key IN (a.element, a.instance) "
                "WHERE a.key IN ??"
            )
    up = (
        f"WITH RECURSIVE up(key, parent, variables) AS ({' UNION '.join(starts)} "
        "UNION SELECT p.key, p.parent, p.variables FROM element p JOIN up ON p.key = up.parent) "
    )
    elements, instances = CODECS[Element], CODECS[Instance]
    named = ", ".join(f'e."{name}"' for name in elements.columns)
    return _Loading(
        f"SELECT {quoted(instances.columns)} FROM instance WHERE key IN ({' UNION '.join(owners)}) ORDER BY key {{for update}}",
        {
            table: f"SELECT {quoted(CODECS[table].columns)} FROM {CODECS[table].table.name} WHERE key IN ??"
            + (" ORDER BY key {for update}" if table in _LEASED else "")
            for table in tables
            if table not in (Instance, Element)
        },
        f"{up}SELECT {named} FROM up JOIN element e ON e.key = up.key",
        # one list of scopes: with OR between two of them PostgreSQL reads the whole table
        f"{up}SELECT {VARIABLE_COLUMNS} FROM variable v WHERE v.scope IN ("
        f"SELECT up.key FROM up WHERE up.variables BETWEEN 1 AND {MANY_VARIABLES} "
        "UNION ALL SELECT task.key FROM task WHERE task.key IN ?? AND task.variables > 0) ORDER BY v.key",
        f"SELECT {quoted(CODECS[IdentityLink].columns)} FROM identity_link WHERE task IN ??",
    )


class BigValues:
    """The values of a batch, each taken apart once; and the contents that lie apart, written once however many rows refer
    to them."""

    def __init__(self, new_key: Callable[[], int]) -> None:
        self._new_key = new_key
        self._keys: dict[tuple[int, int], int] = {}
        self._encoded: dict[int, tuple[EncodedValue, Any]] = {}  # by identity, which lasts while the value is kept here
        self.rows: list[tuple[int, int, int | None, bytes]] = []

    def encode(self, value: Any) -> EncodedValue:
        """See `encode_value`."""
        found = self._encoded.get(id(value))
        if found is None:
            found = self._encoded[id(value)] = encode_value(value), value
        return found[0]

    def key_for(self, owner: int, value: Any, encoded: EncodedValue, instance: int | None) -> int | None:
        """The key of the content, None where the value has none. The same value of one owner is stored once."""
        if encoded.content is None:
            return None
        identity = (owner, id(value))
        key = self._keys.get(identity)
        if key is None:
            key = self._keys[identity] = self._new_key()
            self.rows.append((key, owner, instance, encoded.content))
        return key


class Transaction:
    """A database transaction that implements `kernel.state.Loader`.

    `driver` runs further statements (see `correlation`, `leases`, `repository`); `new_key` makes keys.
    """

    def __init__(self, driver: Driver, keys: KeyMaker, *, keeps_history: bool = True) -> None:
        self.driver = driver
        self.memo: dict[Any, Any] = {}  # what was looked up in this transaction and cannot change in it
        self._keys = keys
        self._next_keys = iter(range(0))
        self._big_of: dict[int, int] = {}  # variable -> key of its stored content
        self._keeps_history = keeps_history

    def new_key(self) -> int:
        """A new key. Raises Unavailable where the node's lease has run out."""
        key = next(self._next_keys, None)
        if key is None:
            self._next_keys = iter(self._keys.take(KEYS_AT_ONCE))
            key = next(self._next_keys)
        return key

    # ------------------------------------------------------------ loading

    def fetch(self, table: type[R], keys: Iterable[int]) -> list[R]:
        """The stored records with these keys, in any order."""
        return self._select(table, "key IN ??", [list(keys)])

    def ask(self, table: type[R], keys: Iterable[int]) -> Later[list[R]]:
        """`fetch`, wanted later and without a lock: see `Driver.ask`. Not for variables."""
        record_of = CODECS[table].record_of
        rows = self.driver.ask(f"{_SELECT[table]} WHERE key IN ??", [list(keys)])
        return lambda: [record_of(row) for row in rows()]

    def fetch_group(self, table: type[R], group: int, only: str | None = None) -> list[R]:
        """The stored records of a group (`GROUPED_BY`), with `only` those that it tells apart (`TOLD_APART_BY`)."""
        column = GROUPED_BY[table]
        if only is None:
            return self._select(table, f'"{column}" = ?', [group])
        return self._select(table, f'"{column}" = ? AND "{TOLD_APART_BY[table]}" = ?', [group, only])

    def find(self, table: type[R], where: str, parameters: Sequence[Any] = (), rest: str = "") -> list[R]:
        """Records that meet a condition in the marks of `drivers`; `rest` is ORDER BY and LIMIT."""
        return self._select(table, where, parameters, rest)

    def _select(self, table: type[R], where: str, parameters: Sequence[Any], rest: str = "") -> list[R]:
        if table is Variable:
            return cast("list[R]", self._variables(where, parameters, rest))
        codec = CODECS[table]
        lock = " {for update}" if table in _LEASED else ""
        order = " ORDER BY key" if lock and not rest else rest
        statement = f"{_SELECT[table]} WHERE {where}{order}{lock}"
        return [codec.record_of(row) for row in self.driver.rows(statement, parameters)]

    def exists(self, table: type[Record], key: int) -> bool:
        """True where such a record is stored (it may be locked by another transaction)."""
        name = schema.variable.name if table is Variable else CODECS[table].table.name
        return bool(self.driver.rows(f'SELECT 1 FROM "{name}" WHERE key = ?', [key]))

    def _variables(self, where: str, parameters: Sequence[Any], rest: str = "") -> list[Variable]:
        # both tables have a `key`: the conditions that name it mean the variable's
        where = where.replace("key IN", "v.key IN")
        return self._variables_of(self.driver.rows(_VARIABLE_SELECT + where + rest, parameters), in_order=bool(rest))

    def _variables_of(self, rows: Iterable[Sequence[Any]], *, in_order: bool = False) -> list[Variable]:
        found = []
        for *row, content in rows:
            variable = VARIABLES.record_of(row, content)
            if content is not None:
                self._big_of[variable.key] = row[_BIG]
            found.append(variable)
        if not in_order:
            found.sort(key=_key)  # in the order in which they were set, as in memory
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

    def loading(self, state: State, named: Mapping[type[Any], Collection[int]]) -> Asked[set[int]]:
        """Locks and loads what commands at these records need, asked all at once; the instances that are locked.

        That is the records, their instances, their elements with all ancestors, the links of tasks, the variables of all
        these scopes (but of those that have very many), and what is attached to the elements.
        """
        tables = sorted(named, key=lambda table: table.__name__)
        keys = [sorted(named[table]) for table in tables]
        sql = _loading(tuple(tables))
        instances = self.driver.ask(sql.instances, keys)
        records = [
            self.driver.ask(sql.records[table], [wanted])
            for table, wanted in zip(tables, keys, strict=True)
            if table in sql.records
        ]
        elements = self.driver.ask(sql.elements, keys)
        variables = self.driver.ask(sql.variables, [*keys, sorted(named.get(Task, ()))])
        tasks = list(named.get(Task, ()))
        links = self.driver.ask(sql.links, [tasks]) if tasks else None
        yield
        locked = [CODECS[Instance].record_of(row) for row in instances()]
        state.take(Instance, named.get(Instance, ()), locked)
        for table, found in zip((table for table in tables if table in sql.records), records, strict=True):
            state.take(table, named[table], map(CODECS[table].record_of, found()))
        path: list[Element] = [CODECS[Element].record_of(row) for row in elements()]
        state.take(Element, named.get(Element, ()), path)
        scopes = [element.key for element in path if element.variables <= MANY_VARIABLES] + tasks
        of_scopes = variables()
        state.preload_variables(
            scopes,
            [VARIABLES.record_of(row) for row in of_scopes if row[_BIG] is None],
            [(row[_SCOPE], row[_NAME]) for row in of_scopes if row[_BIG] is not None],
        )
        if links is not None:
            state.preload_links(tasks, map(CODECS[IdentityLink].record_of, links()))
        self._load_attached(state, path, named)
        return {instance.key for instance in locked}

    def _load_attached(self, state: State, path: Iterable[Element], named: Mapping[type[Any], Collection[int]]) -> None:
        """What is attached to the elements that commands are about: of most elements only what is loaded already."""
        starts = set(named.get(Instance, ())) | set(named.get(Element, ()))
        for table in _WAITS.values():
            for record in (state.get(table, key) for key in named.get(table, ())):
                starts.update(key for key in (record and record.element, record and record.instance) if key)
        wanted: dict[type[Any], list[int]] = {}
        for element in path:
            if element.key in starts:
                for kind, key in element.attached:
                    if kind in _WAITS:
                        wanted.setdefault(_WAITS[kind], []).append(key)
        for table, keys in wanted.items():
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
        encoded = big.encode(variable.value)
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
