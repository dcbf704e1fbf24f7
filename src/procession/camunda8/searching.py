"""Searches: filters with operators, sorting, offsets and cursors, as data. No entity is named here.

An `Entity` says of one kind of thing where its rows come from, which columns are read, by which names it is filtered and
sorted, and how a row is shown. Values travel as parameters always; names of a request are looked up in the entity and
become no SQL text. A cursor is the sorted values and the key of a row: what is added or removed before it moves no page.
"""

from __future__ import annotations

import base64
import json
import operator as operator_module
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import re2  # type: ignore[import-untyped]
from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, and_, false, func, not_, or_, select, true

from procession.camunda8.exchange import Call, key_of, object_member, objects_member
from procession.camunda8.problems import Rejected, invalid, not_found, unreadable
from procession.storage.encoding import millis, moment
from procession.storage.history import HistoryLevel
from procession.storage.queries.language import Asking

Column = ColumnElement[Any]
Condition = ColumnElement[bool]
DEFAULT_LIMIT, MAX_LIMIT = 100, 10_000
MAX_CONDITIONS = 1000
MAX_NAME = 100
"""Characters of a pattern that the names of states are compared with."""
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """What a filter or sorting names: its column, and how a value of the request is read for it. `exact` allows no operators."""

    column: Column
    read: Callable[[Any, str], Any]
    exact: bool = False


Build = Callable[[Any, Asking], Condition]
"""A filter with a condition of its own. Raises 400 for a value that it does not take."""


@dataclass(frozen=True, slots=True)
class Looking(Asking):
    """What a filter is read under, with the connection that it is asked on: for what SQL alone cannot compare."""

    connection: Connection | None = None
    level: HistoryLevel = HistoryLevel.FULL


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of thing that can be searched. `name` is what messages call it; `key` is the column that tells rows apart.

    `level` is the history level from which on there is anything to find; `needs` are the filters that need a higher one.
    """

    name: str
    source: FromClause
    key: Column
    columns: Mapping[str, Column]
    filters: Mapping[str, Field | Build]
    sorts: Mapping[str, Column]
    show: Callable[[Row], dict[str, Any]]
    always: Condition | None = None
    level: HistoryLevel = HistoryLevel.NONE
    needs: Mapping[str, HistoryLevel] = field(default_factory=dict)
    extend: Callable[[Connection, Sequence[Row]], Sequence[Row]] = field(default=lambda connection, rows: rows)


# ---------------------------------------------------------------- fields


def text(column: Column) -> Field:
    """A text, with `$like` and the rest."""
    return Field(column, _text)


def key(column: Column) -> Field:
    """A key."""
    return Field(column, _key)


def number(column: Column) -> Field:
    """A whole number."""
    return Field(column, _number)


def time(column: Column) -> Field:
    """A moment."""
    return Field(column, _time)


def states(conditions: Mapping[str, Condition]) -> Build:
    """A text out of a closed list, each told by a condition of its own: no two hold at once, and indexes serve them."""

    def build(value: Any, asking: Asking) -> Condition:
        if isinstance(value, str):
            return conditions.get(value, false())
        if not isinstance(value, dict):
            raise unreadable()
        names = [name for name in conditions if all(_holds(name, *one) for one in value.items())]
        return or_(false(), *(conditions[name] for name in names))

    return build


def _holds(name: str, operator: str, operand: Any) -> bool:
    match operator, operand:
        case "$eq", str():
            return name == operand
        case "$neq", str():
            return name != operand
        case "$exists", bool():
            return operand
        case "$in" | "$notIn", list() if all(isinstance(one, str) for one in operand):
            return (name in operand) is (operator == "$in")
        case "$like", str():
            return re2.fullmatch(_like_regex(operand), name) is not None
    raise unreadable()


def _like_regex(pattern: str) -> str:
    characters = iter(pattern[:MAX_NAME])
    out = []
    for character in characters:
        match character:
            case "*":
                out.append(".*")
            case "?":
                out.append(".")
            case _:
                plain = next(characters, character) if character == "\\" else character
                out.append(re2.escape(plain))
    return "".join(out)


def flag(condition: Column) -> Build:
    """A condition that must hold, or must not."""

    def build(value: Any, asking: Asking) -> Condition:
        if not isinstance(value, bool):
            raise unreadable()
        return condition if value else not_(condition)

    return build


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise unreadable()
    return value


def _key(value: Any, name: str) -> int:
    return key_of(value, name)


def _number(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise unreadable()
    return value


def _time(value: Any, name: str) -> int:
    if not isinstance(value, str):
        raise unreadable()
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise invalid(
            f"The provided {name} '{value}' cannot be parsed as a date according to RFC 3339, section 5.6."
        ) from None
    return millis(found)


def shown_time(value: int | None) -> str | None:
    """A moment as the API shows it."""
    if value is None:
        return None
    return moment(value).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def like_pattern(value: str) -> str:
    """The pattern of `Asking.like` for one with `*` and `?`."""
    out = []
    characters = iter(value)
    for character in characters:
        match character:
            case "*":
                out.append("%")
            case "?":
                out.append("_")
            case "\\":
                out.append("\\" + next(characters, "\\"))
            case "%" | "_":
                out.append("\\" + character)
            case _:
                out.append(character)
    return "".join(out)


def compared(found: Field, value: Any, name: str, asking: Asking) -> Condition:
    """The condition of a filter: a plain value, or an object of operators of which all must hold."""
    if not isinstance(value, dict):
        plain: Condition = found.column == found.read(value, name)
        return plain
    conditions = []
    for operator, operand in value.items():
        conditions.append(_operated(found, operator, operand, name, asking))
    return and_(true(), *conditions)


def met_by(value: Any, name: str) -> Callable[[int], bool]:
    """What a filter on whole numbers says of one, for numbers that no column holds. Raises 400."""
    operators: Mapping[str, Any] = value if isinstance(value, dict) else {"$eq": value}
    for operator, operand in operators.items():
        if operator in ("$in", "$notIn") and isinstance(operand, list):
            for one in operand:
                _number(one, name)
        elif operator in _COMPARISONS:
            _number(operand, name)
        elif operator != "$exists" or not isinstance(operand, bool):
            raise unreadable()

    def met(found: int) -> bool:
        return all(_meets(found, operator, operand) for operator, operand in operators.items())

    return met


def _meets(found: int, operator: str, operand: Any) -> bool:
    if operator in ("$in", "$notIn"):
        return (found in operand) is (operator == "$in")
    return bool(operand if operator == "$exists" else _COMPARISONS[operator](found, operand))


def _operated(found: Field, operator: str, operand: Any, name: str, asking: Asking) -> Condition:
    column, read = found.column, found.read
    if operator == "$exists":
        if not isinstance(operand, bool):
            raise unreadable()
        return column.isnot(None) if operand else column.is_(None)
    if operator in ("$in", "$notIn"):
        listed = asking.among(column, _values(found, operand, name))
        return listed if operator == "$in" else not_(listed)
    if operator == "$like" and read is _text:
        return asking.like(column, like_pattern(_text(operand, name)))
    compare = _COMPARISONS.get(operator)
    if compare is None or (read is _text and operator not in ("$eq", "$neq")):
        raise unreadable()
    condition: Condition = compare(column, read(operand, name))
    # what has no value is another than any
    return or_(condition, column.is_(None)) if operator == "$neq" else condition


_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "$eq": operator_module.eq,
    "$neq": operator_module.ne,
    "$gt": operator_module.gt,
    "$gte": operator_module.ge,
    "$lt": operator_module.lt,
    "$lte": operator_module.le,
}


def _values(found: Field, operand: Any, name: str) -> list[Any]:
    if not isinstance(operand, list) or len(operand) > MAX_LIMIT:
        raise unreadable()
    return [found.read(value, name) for value in operand]


# ---------------------------------------------------------------- searching


@contextmanager
def reading(call: Call) -> Iterator[Connection]:
    """A connection to look with."""
    with call.engine.storage.read() as connection:
        yield connection


def asking_of(call: Call, connection: Connection) -> Looking:
    """Under what circumstances a filter is read."""
    now, level = millis(call.engine.clock()), _level(call)
    return Looking(connection.dialect.name, now, connection=connection, level=level)


def _level(call: Call) -> HistoryLevel:
    return HistoryLevel[call.engine.settings.history.upper()]


def require(level: HistoryLevel, kept: HistoryLevel, what: str) -> None:
    """Raises 403 where history keeps less than is asked for: nobody shall take that for an empty answer."""
    if kept < level:
        raise Rejected(
            403,
            f"{what} is known from history level '{level.name.lower()}' on, and this engine keeps '{kept.name.lower()}': "
            f"set PROCESSION_HISTORY_LEVEL={level.name.lower()}",
        )


def require_level(call: Call, level: HistoryLevel, what: str) -> None:
    """The same for what is read without an entity."""
    require(level, _level(call), what)


def search(call: Call, entity: Entity, *also: Condition, filters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a search request answers: a page, and the items on it. `also` must hold besides; `filters` instead of the body's."""
    with reading(call) as connection:
        chosen = object_member(call.body, "filter") if filters is None else filters
        conditions = [*also, *conditions_of(entity, chosen, asking_of(call, connection))]
        return _page(connection, entity, conditions, call.body)


def conditions_of(entity: Entity, filters: Mapping[str, Any], asking: Asking) -> list[Condition]:
    """Everything that a row must meet. Raises 403 where history keeps nothing of it."""
    kept = asking.level if isinstance(asking, Looking) else HistoryLevel.FULL
    require(entity.level, kept, entity.name)
    for name, level in entity.needs.items():
        if name in filters:
            require(level, kept, f"{entity.name}: the filter '{name}'")
    found = [] if entity.always is None else [entity.always]
    found += _filtered(entity, filters, asking, [MAX_CONDITIONS])
    return found


def _filtered(entity: Entity, filters: Mapping[str, Any], asking: Asking, left: list[int]) -> list[Condition]:
    conditions: list[Condition] = []
    for name, value in filters.items():
        left[0] -= 1
        if left[0] < 0:
            raise invalid("The filter has too many conditions.")
        if isinstance(value, dict):
            value = {operator: operand for operator, operand in value.items() if not unasked(operand)}
        if unasked(value):
            continue
        if name == "$or":
            if not isinstance(value, list) or not all(isinstance(group, dict) for group in value):
                raise unreadable()
            conditions.append(or_(false(), *(and_(true(), *_filtered(entity, group, asking, left)) for group in value)))
            continue
        found = entity.filters.get(name)
        if found is None:
            raise unreadable(f"Request property [filter.{name}] cannot be parsed")
        conditions.append(compared(found, value, name, asking) if isinstance(found, Field) else found(value, asking))
    return conditions


def unasked(value: Any) -> bool:
    """What clients write without meaning it: the official Java client sends empty lists beside what it was asked for."""
    return value is None or value == []


def find(call: Call, entity: Entity, key: int, *also: Condition) -> Row:
    """The row with a key. Raises 404, and 403 where history keeps nothing of it."""
    require_level(call, entity.level, entity.name)
    with reading(call) as connection:
        conditions = [entity.key == key, *also]
        if entity.always is not None:
            conditions.append(entity.always)
        statement = (
            select(*(c.label(n) for n, c in entity.columns.items())).select_from(entity.source).where(*conditions)
        )
        row = connection.execute(statement).mappings().first()
        if row is None:
            raise not_found(entity.name, key)
        return next(iter(entity.extend(connection, [dict(row)])))


def get(call: Call, entity: Entity, key: int) -> dict[str, Any]:
    """One thing as it is shown. Raises 404."""
    return entity.show(find(call, entity, key))


def rows_of(
    connection: Connection, entity: Entity, conditions: Sequence[Condition], most: int = MAX_LIMIT
) -> Sequence[RowMapping]:
    """The rows that meet conditions, the oldest first."""
    statement = select(*(c.label(n) for n, c in entity.columns.items())).select_from(entity.source).where(*conditions)
    return connection.execute(statement.order_by(entity.key).limit(most)).mappings().all()


def count(connection: Connection, entity: Entity, conditions: Sequence[Condition]) -> int:
    """How many rows meet conditions."""
    statement = select(func.count()).select_from(entity.source).where(*conditions)
    return int(connection.execute(statement).scalar_one())


def _page(
    connection: Connection, entity: Entity, conditions: Sequence[Condition], body: Mapping[str, Any]
) -> dict[str, Any]:
    sorting = _sorting(entity, objects_member(body, "sort"))
    page = object_member(body, "page")
    limit = _whole(page, "limit", DEFAULT_LIMIT)
    first = _whole(page, "from", 0)
    after, before = page.get("after"), page.get("before")
    if limit > MAX_LIMIT:
        raise invalid(f"The value for page.limit is '{limit}' but must be not more than {MAX_LIMIT}.")
    if sum(x is not None for x in (after, before, page.get("from"))) > 1:
        raise invalid("Only one of [from, after, before] is allowed.")
    columns = {name: column.label(name) for name, column in entity.columns.items()}
    places = [column.label(f"sorted_{at}") for at, (column, _) in enumerate(sorting)]
    statement = select(*columns.values(), *places).select_from(entity.source).where(*conditions)
    backwards = before is not None
    cursor = after if after is not None else before
    if cursor is not None:
        statement = statement.where(_beyond(sorting, _read_cursor(cursor, len(sorting)), backwards))
    for column, ascending in sorting:
        up = ascending is not backwards
        statement = statement.order_by(column.asc().nulls_first() if up else column.desc().nulls_last())
    rows = list(connection.execute(statement.limit(limit).offset(first)).mappings().all())
    if backwards:
        rows.reverse()
    total = count(connection, entity, conditions)
    items = [entity.show(row) for row in entity.extend(connection, [dict(row) for row in rows])]
    return {
        "items": items,
        "page": {
            "totalItems": total,
            "hasMoreTotalItems": False,
            "startCursor": _cursor(rows[0], len(sorting)) if rows else None,
            "endCursor": _cursor(rows[-1], len(sorting)) if rows else None,
        },
    }


def _whole(page: Mapping[str, Any], name: str, default: int) -> int:
    value = page.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value >= 2**31:
        raise unreadable()
    if value < 0:
        raise invalid(f"The value for page.{name} is '{value}' but must be a non-negative numeric value.")
    return value


def _sorting(entity: Entity, asked: Sequence[Mapping[str, Any]]) -> list[tuple[Column, bool]]:
    sorting = []
    for one in asked:
        name, order = one.get("field"), one.get("order") or "ASC"
        if not isinstance(name, str):
            raise invalid("Sort field must not be null.")
        if name not in entity.sorts:
            raise unreadable(
                f"Unexpected value '{name}' for enum field 'field'. Use any of the following values: "
                f"[{', '.join(entity.sorts)}]"
            )
        if not isinstance(order, str) or order.upper() not in ("ASC", "DESC"):
            raise invalid(f"Unknown sortOrder: {order}.")
        sorting.append((entity.sorts[name], order.upper() == "ASC"))
    sorting.append((entity.key, True))
    return sorting


def _beyond(sorting: Sequence[tuple[Column, bool]], values: Sequence[Any], backwards: bool) -> Condition:
    """What comes after (or before) a row with these values in a sorting; nulls are the smallest."""
    alternatives = []
    for at, (column, ascending) in enumerate(sorting):
        equal = [c.is_(None) if v is None else c == v for (c, _), v in zip(sorting[:at], values, strict=False)]
        value, up = values[at], ascending is not backwards
        if up:
            beyond = column.isnot(None) if value is None else column > value
        else:
            beyond = false() if value is None else or_(column < value, column.is_(None))
        alternatives.append(and_(true(), *equal, beyond))
    return or_(false(), *alternatives)


def _cursor(row: RowMapping, places: int) -> str:
    values = [row[f"sorted_{at}"] for at in range(places)]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def _read_cursor(cursor: Any, places: int) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, TypeError):
        values = None
    plain = isinstance(values, list) and all(v is None or isinstance(v, str | int | float) for v in values)
    if not plain or len(values) != places:
        raise invalid(f"Invalid search cursor: '{cursor}'.")
    return list(values)
