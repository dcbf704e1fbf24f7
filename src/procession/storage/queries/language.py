"""What query tables are written in: filters, sortings, and the statement that they make. No entity is named here.

A `QueryTable` says of one entity: where its rows come from, which columns are shown, which filters there are under
which names, and by what it can be sorted. A `Query` says what somebody asks for; `rows`, `first` and `count` answer
it. Values travel as parameters always, names are looked up in the tables always: nothing of a request ever becomes
SQL text.

The two databases differ in three things, which are settled here and nowhere else: `LIKE` (case-blind on SQLite, so
`GLOB` there), long lists (`json_each` against `= ANY`), and where NULL sorts (first when ascending, as Camunda's own
database has it).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Exists,
    FromClause,
    RowMapping,
    Select,
    String,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from procession.errors import Invalid
from procession.storage.asking import FEW
from procession.storage.drivers import SqliteDriver
from procession.storage.encoding import millis
from procession.storage.postgres import PostgresDriver

Condition = ColumnElement[bool]
Col = ColumnElement[Any]
MAX_PATTERN = 4000
KEY_TEXT = re.compile(r"[1-9]\d{0,18}", re.ASCII)


class Kind(StrEnum):
    """What a filter takes; a dialect reads parameters and bodies accordingly."""

    TEXT = "text"
    TEXTS = "texts"
    NUMBER = "number"  # 32 bits
    LONG = "long"  # 64 bits
    FLAG = "flag"  # only true filters
    MOMENT = "moment"  # a datetime
    VALUES = "values"  # a sequence of `Comparison` on variables
    MOMENTS = "moments"  # a sequence of (operator, datetime)
    VALUE = "value"  # any plain value
    SWITCH = "switch"  # true or false change how other filters work, none filters by itself


@dataclass(frozen=True, slots=True)
class Comparison:
    """A variable of that name compares so with a value: eq, neq, gt, gteq, lt, lteq, like, notLike."""

    name: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Asking:
    """Under what circumstances a query is asked: which database, what time it is, the switches that are on."""

    dialect: str
    now: int
    switches: frozenset[str] = frozenset()

    def like(self, column: Col, pattern: str, *, ignore_case: bool = False) -> Condition:
        """`%` any text, `_` any character, a backslash takes the next character as it stands."""
        if len(pattern) > MAX_PATTERN:
            raise Invalid(f"A pattern is longer than {MAX_PATTERN} characters")
        if ignore_case:
            column, pattern = func.lower(column), pattern.lower()
        if self.dialect == "sqlite":
            return column.op("GLOB", is_comparison=True)(literal(_glob(pattern)))
        trailing = len(pattern) - len(pattern.rstrip("\\"))
        return column.like(pattern + "\\" if trailing % 2 else pattern, escape="\\")

    def among(self, column: Col, values: Sequence[int] | Sequence[str]) -> Condition:
        """The column is one of the values; a list of any length is one parameter."""
        if not values:
            return false()
        if len(values) == 1:
            return column == values[0]
        if self.dialect == "sqlite":
            listed = func.json_each(json.dumps(list(values))).table_valued("value", name=f"listed_{id(values)}")
            return column.in_(select(listed.c.value))
        kind = BigInteger() if isinstance(values[0], int) else String()
        return column == any_(bindparam(None, list(values), type_=ARRAY(kind)))


def _glob(pattern: str) -> str:
    out: list[str] = []
    characters = iter(pattern)
    for character in characters:
        match character:
            case "%":
                if out[-1:] != ["*"]:
                    out.append("*")
            case "_":
                out.append("?")
            case _:
                if character == "\\":
                    character = next(characters, "\\")
                out.append(f"[{character}]" if character in "*?[" else character)
    return "".join(out)


Build = Callable[[Any, Asking], Condition]


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: what it takes, and the condition that it makes.

    `choices` are the texts that are allowed, if not all. Where the condition is no more than that `equals` is what `given`
    makes of the value (None: no row is), a query of such filters alone is a statement that is known beforehand.
    """

    kind: Kind
    build: Build
    choices: tuple[str, ...] = ()
    equals: Col | None = None
    given: Callable[[Any], Any] = lambda value: value


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a combination of filters; `type` is the name that a dialect gives such an error."""

    message: str
    type: str = "ProcessEngineException"
    status: int = 500


Rule = Callable[[Mapping[str, Any], frozenset[str]], Complaint | None]


@dataclass(frozen=True, slots=True)
class QueryTable:
    """All that can be asked of one entity. `key` is the column that tells rows apart and sorts them by default.

    `variable_sorts` sort by a variable's value: they take its name and type. `options` are names that a request may hold and
    that change nothing about which rows are found, `refused` names that are not served, each with the reason. `rules` look at
    the filters of a query and its switches; `always` is what every row must meet.
    """

    name: str
    source: FromClause
    key: Col
    columns: Mapping[str, Col]
    filters: Mapping[str, Filter]
    sorts: Mapping[str, Col]
    variable_sorts: Mapping[str, Callable[[str, str], Col]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    rules: Sequence[Rule] = ()
    always: Callable[[Asking], Condition | None] = lambda asking: None
    selected: Select[Any] = field(init=False, repr=False, compare=False)
    known: dict[Any, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        columns = (column.label(name) for name, column in self.columns.items())
        object.__setattr__(self, "selected", select(*columns).select_from(self.source))


class Query(Struct, frozen=True):
    """What is asked: values by filter name, groups of which one must hold, sorting, paging.

    `either` holds groups of filters: of every group at least one filter must hold. `sorting` is (column, ascending).
    """

    filters: Mapping[str, Any] = {}
    either: Sequence[Mapping[str, Any]] = ()
    sorting: Sequence[tuple[Col, bool]] = ()
    first: int = 0
    most: int | None = None
    switches: frozenset[str] = frozenset()
    also: Sequence[Condition] = ()


def conditions(table: QueryTable, query: Query, asking: Asking) -> list[Condition]:
    """Everything that a row must meet."""
    found = list(query.also)
    default = table.always(asking)
    if default is not None:
        found.append(default)
    for name, value in query.filters.items():
        found.append(table.filters[name].build(value, asking))
    for group in query.either:
        parts = [table.filters[name].build(value, asking) for name, value in group.items()]
        found.append(or_(*parts) if parts else true())
    return found


def _asking(connection: Connection, query: Query, now: datetime) -> Asking:
    return Asking(connection.dialect.name, millis(now), query.switches)


def rows(connection: Connection, table: QueryTable, query: Query, now: datetime) -> Sequence[RowMapping]:
    """The rows that meet the query, sorted and cut."""
    if query.most is not None and query.most <= 0:
        return []
    asking = _asking(connection, query, now)
    known = None if query.sorting or query.first else _known(connection.dialect, table, query, asking)
    if known is not None:
        found: Any = known.rows(connection, [*_given(table, query), 2**31 - 1 if query.most is None else query.most])
        return found  # type: ignore[no-any-return]
    statement = table.selected.where(*conditions(table, query, asking))
    for column, ascending in query.sorting:
        statement = statement.order_by(sorted_by(column, ascending=ascending))
    statement = statement.order_by(table.key)
    if query.most is not None:
        statement = statement.limit(query.most)
    elif query.first > 0:
        statement = statement.limit(2**31 - 1)
    if query.first > 0:
        statement = statement.offset(query.first)
    return connection.execute(statement).mappings().all()


def sorted_by(column: Col, *, ascending: bool) -> Col:
    """The order of a column, null first when ascending. Nothing is said of null where there is none: PostgreSQL would not see
    that an index on the column has this order."""
    if isinstance(column, Column) and not column.nullable:
        return column.asc() if ascending else column.desc()
    return column.asc().nulls_first() if ascending else column.desc().nulls_last()


def count(connection: Connection, table: QueryTable, query: Query, now: datetime) -> int:
    """How many rows meet the query; paging and sorting play no part."""
    asking = _asking(connection, query, now)
    known = _known(connection.dialect, table, query, asking, counting=True)
    if known is not None:
        return int(known.rows(connection, _given(table, query))[0]["count"])
    statement = select(func.count()).select_from(table.source).where(*conditions(table, query, asking))
    return int(connection.execute(statement).scalar_one())


def lookup(dialect: Dialect, table: QueryTable, query: Query) -> Lookup | None:
    """The query as a question that finds a handful of rows by key, where it is one: one row more than a few tells that it is
    none, see `asking`."""
    if query.sorting or query.first or (query.most is not None and query.most <= 0):
        return None
    columns = (table.filters[name].equals for name in query.filters)
    if not any(column is not None and column.name in _NARROW for column in columns):
        return None
    known = _known(dialect, table, query, Asking(dialect.name, 0, query.switches))
    if known is None:
        return None
    most = FEW + 1 if query.most is None else min(query.most, FEW + 1)
    return Lookup(known, [*_given(table, query), most])


_NARROW = frozenset({"key", "instance", "element", "task"})
"""Columns of which few rows have the same value."""


def _given(table: QueryTable, query: Query) -> list[Any]:
    return [table.filters[name].given(value) for name, value in query.filters.items()]


def _known(
    dialect: Dialect, table: QueryTable, query: Query, asking: Asking, *, counting: bool = False
) -> Known | None:
    """The statement for a query whose filters are equalities alone."""
    if query.either or query.also or table.always(asking) is not None:
        return None
    held, place = table.known, (asking.dialect, counting, tuple(query.filters))
    if place not in held:
        selected = select(func.count().label("count")).select_from(table.source) if counting else table.selected
        columns = [table.filters[name].equals for name in query.filters]
        plain = all(column is not None for column in columns) and not selected.compile(dialect=dialect).params
        rest = "" if counting else f" ORDER BY {table.key.compile(dialect=dialect)} LIMIT ?"
        held[place] = Known(dialect, selected, columns, rest) if plain else None
    known: Known | None = held[place]
    return known


class Known:
    """A statement for rows of which some columns have given values, and how its rows are read.

    It is by far the most frequent question; asked on the raw driver it takes a third of the time.
    """

    def __init__(self, dialect: Dialect, selected: Select[Any], columns: Sequence[Any], rest: str) -> None:
        met = " AND ".join(f"{column.compile(dialect=dialect)} = ?" for column in columns)
        self.statement = f"{selected.compile(dialect=dialect)}{' WHERE ' if met else ''}{met}{rest}"
        # a plan for any value would go along the keys of all rows, since for any number of rows it reckons with very many:
        # what is not found by key is planned with its values
        self._is_narrow = any(column.name in _NARROW for column in columns)
        # plain texts: SQLAlchemy's own are slow to find in a row
        shown = [(str(c.name), c.type.result_processor(dialect, None)) for c in selected.selected_columns]
        self._names = [name for name, _ in shown]
        self._reads = [(name, read) for name, read in shown if read is not None]

    def rows(self, connection: Connection, values: Sequence[Any]) -> list[dict[str, Any]]:
        """The rows that have these values."""
        raw: Any = connection.connection.driver_connection
        driver: SqliteDriver | PostgresDriver
        if connection.dialect.name == "sqlite":
            driver = SqliteDriver(raw)
        else:
            driver = PostgresDriver(raw, prepares=self._is_narrow)
        return self.read(driver.rows(self.statement, values))

    def read(self, found: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        """Rows as the database gives them, by the names of the table."""
        named = [dict(zip(self._names, row, strict=True)) for row in found]
        for name, read in self._reads:
            for row in named:
                row[name] = read(row[name])
        return named


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question that finds a handful of rows by key, and how its rows are read: see `asking`."""

    known: Known
    values: Sequence[Any]

    @property
    def statement(self) -> str:
        """The statement, its parameters marked `?`."""
        return self.known.statement

    def read(self, found: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
        """Rows as the database gives them, by the names of the table."""
        return self.known.read(found)


def first(connection: Connection, table: QueryTable, key: int | None, now: datetime) -> RowMapping | None:
    """The row with that key."""
    if key is None:
        return None
    return connection.execute(table.selected.where(table.key == key)).mappings().first()


# ---------------------------------------------------------------- filters, one function per shape


def text(column: Col, *, ignore_case: bool = False) -> Filter:
    """The column is that text."""
    if ignore_case:
        return Filter(Kind.TEXT, lambda value, asking: func.lower(column) == value.lower())
    return Filter(Kind.TEXT, lambda value, asking: column == value, equals=column)


def unlike_text(column: Col, *, ignore_case: bool = False) -> Filter:
    """The column is another text than that."""
    if ignore_case:
        return Filter(Kind.TEXT, lambda value, asking: func.lower(column) != value.lower())
    return Filter(Kind.TEXT, lambda value, asking: column != value)


def like(column: Col, *, ignore_case: bool = False) -> Filter:
    """The column matches that pattern."""
    return Filter(Kind.TEXT, lambda value, asking: asking.like(column, value, ignore_case=ignore_case))


def not_like(column: Col, *, ignore_case: bool = False) -> Filter:
    """The column does not match that pattern."""
    return Filter(Kind.TEXT, lambda value, asking: ~asking.like(column, value, ignore_case=ignore_case))


def texts(column: Col) -> Filter:
    """The column is one of these texts."""
    return Filter(Kind.TEXTS, lambda value, asking: asking.among(column, value))


def no_texts(column: Col) -> Filter:
    """The column is none of these texts, and not null."""
    return Filter(Kind.TEXTS, lambda value, asking: ~asking.among(column, value))


def as_key(value: str) -> int | None:
    """The key that a decimal text names, None where it cannot be one."""
    if not KEY_TEXT.fullmatch(value):
        return None
    number = int(value)
    return number if number < 2**63 else None


def as_keys(values: Iterable[str]) -> list[int]:
    """The keys among these texts."""
    return [key for key in (as_key(value) for value in values) if key is not None]


def as_activity_key(value: str) -> int | None:
    """The key in an activity instance's id: the id reads `node:key`, or is the bare key."""
    return as_key(value.rsplit(":", 1)[-1])


def activity(column: Col) -> Filter:
    """The column is the key of that activity instance."""

    def build(value: str, asking: Asking) -> Condition:
        number = as_activity_key(value)
        return false() if number is None else column == number

    return Filter(Kind.TEXT, build)


def activities(column: Col) -> Filter:
    """The column is the key of one of these activity instances."""
    return Filter(
        Kind.TEXTS,
        lambda value, asking: asking.among(column, [k for k in map(as_activity_key, value) if k is not None]),
    )


def key(column: Col) -> Filter:
    """The column is that key; a text that is no key matches nothing."""

    def build(value: str, asking: Asking) -> Condition:
        number = as_key(value)
        return false() if number is None else column == number

    return Filter(Kind.TEXT, build, equals=column, given=as_key)


def keys(column: Col) -> Filter:
    """The column is one of these keys."""
    return Filter(Kind.TEXTS, lambda value, asking: asking.among(column, as_keys(value)))


def no_keys(column: Col) -> Filter:
    """The column is none of these keys."""
    return Filter(Kind.TEXTS, lambda value, asking: ~asking.among(column, as_keys(value)))


def number(column: Col, kind: Kind = Kind.NUMBER) -> Filter:
    """The column is that number."""
    return Filter(kind, lambda value, asking: column == value)


def at_least(column: Col, kind: Kind = Kind.LONG) -> Filter:
    """The column is that number or more."""
    return Filter(kind, lambda value, asking: column >= value)


def at_most(column: Col, kind: Kind = Kind.LONG) -> Filter:
    """The column is that number or less."""
    return Filter(kind, lambda value, asking: column <= value)


def at(column: Col) -> Filter:
    """The moment is that, to the millisecond."""
    return Filter(Kind.MOMENT, lambda value, asking: column == millis(value))


def after(column: Col, *, inclusive: bool = False) -> Filter:
    """The moment is later."""
    if inclusive:
        return Filter(Kind.MOMENT, lambda value, asking: column >= millis(value))
    return Filter(Kind.MOMENT, lambda value, asking: column > millis(value))


def before(column: Col, *, inclusive: bool = False) -> Filter:
    """The moment is earlier."""
    if inclusive:
        return Filter(Kind.MOMENT, lambda value, asking: column <= millis(value))
    return Filter(Kind.MOMENT, lambda value, asking: column < millis(value))


def moments(column: Col) -> Filter:
    """Several comparisons of a moment with `gt` and `lt`."""

    def build(value: Sequence[tuple[str, datetime]], asking: Asking) -> Condition:
        return and_(*(column > millis(moment) if sign == "gt" else column < millis(moment) for sign, moment in value))

    return Filter(Kind.MOMENTS, build)


def flag(condition: Condition | Callable[[Asking], Condition]) -> Filter:
    """A condition that holds where the flag is true."""
    if callable(condition) and not isinstance(condition, ColumnElement):
        return Filter(Kind.FLAG, lambda value, asking: condition(asking))
    return Filter(Kind.FLAG, lambda value, asking: condition)


def switch() -> Filter:
    """Changes how other filters work; see `Asking.switches`."""
    return Filter(Kind.SWITCH, lambda value, asking: true())


def nothing(kind: Kind = Kind.TEXT) -> Filter:
    """A filter by what this engine has none of (cases of CMMN): no row meets it."""
    return Filter(kind, lambda value, asking: false())


def through(kind: Kind, build: Build, choices: tuple[str, ...] = ()) -> Filter:
    """A filter whose condition is made by a function of its own."""
    return Filter(kind, build, choices)


def inside(filter_: Filter, source: Table, *links: Condition) -> Filter:
    """A filter on another table's column: some row there, linked so, meets it."""
    return Filter(
        filter_.kind,
        lambda value, asking: some(source, *links, filter_.build(value, asking)),
        filter_.choices,
    )


def some(source: FromClause, *links: Condition) -> Exists:
    """Some row of another table meets these conditions."""
    return exists(select(literal(1)).select_from(source).where(*links).correlate_except(source))


def tenants(column: Col, include: str | None = None) -> dict[str, Filter]:
    """The filters on tenants; `include` names the one that adds rows without a tenant to `tenantIdIn`."""

    def build(value: Sequence[str], asking: Asking) -> Condition:
        listed = asking.among(column, value)
        return or_(listed, column.is_(None)) if include in asking.switches else listed

    found = {"tenantIdIn": Filter(Kind.TEXTS, build), "withoutTenantId": flag(column.is_(None))}
    if include:
        found[include] = switch()
    return found


NO_VALUE: Col = cast(null(), Text)
"""What rows are sorted by where they all lack it (cases of CMMN, types that have no order)."""
