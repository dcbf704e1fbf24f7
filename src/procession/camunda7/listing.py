"""Lists and counts: from parameters or a body to a `Query`, from rows to JSON. One mechanism for every entity.

`listing(path, table, shape)` registers the routes of an entity. Names, kinds and sortings come from the query table, so that what
the URL, the body and the document say cannot differ. Unknown parameters are ignored and wrong ones refused with Camunda's words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import Connection, RowMapping

from procession.camunda7.dates import format_date, parse_date
from procession.camunda7.exchange import (
    Request,
    Response,
    answer,
    answer_count,
    flag_member,
    number_member,
    text_member,
    texts_member,
)
from procession.camunda7.problems import FALLBACK, Answered, engine_error, invalid_request
from procession.camunda7.routes import Steps, route
from procession.errors import Invalid
from procession.storage.encoding import moment
from procession.storage.queries.language import Col, Comparison, Filter, Kind, Query, QueryTable, count, lookup, rows

Convert = Callable[[Any], Any]
EXPRESSIONS_FORBIDDEN = (
    "Expressions are forbidden in adhoc queries. This behavior can be toggled in the process engine configuration"
)
_NUMBERS = {Kind.NUMBER: (32, "java.lang.Integer"), Kind.LONG: (64, "java.lang.Long")}
_ORDERS = {"asc": True, "desc": False}
COMPARATORS = ("eq", "neq", "gt", "gteq", "lt", "lteq", "like")


@dataclass(frozen=True, slots=True)
class Shape:
    """How a row becomes a JSON object: wire name to column and conversion; `constants` are always the same.

    `activities` are ids of activity instances: wire name to the columns of the key and of the node.
    """

    fields: Mapping[str, tuple[str, Convert | None]]
    constants: Mapping[str, Any] = field(default_factory=dict)
    activities: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def write(self, row: Mapping[str, Any] | RowMapping) -> dict[str, Any]:
        """The JSON object of one row."""
        written: dict[str, Any] = {}
        for name, (column, convert) in self.fields.items():
            value = row[column]
            written[name] = value if convert is None or value is None else convert(value)
        for name, (column, node) in self.activities.items():
            written[name] = activity_instance_id(row[column], row[node], row["instance"])
        written.update(self.constants)
        return written


def activity_instance_id(key: int | None, node: str | None, instance: int | None) -> str | None:
    """The id of an activity instance: `node:key`, the bare key of a process instance and above 64 characters."""
    if key is None:
        return None
    named = f"{node}:{key}"
    return str(key) if node is None or key == instance or len(named) > 64 else named


@lru_cache(1000)  # what a batch has done, and who asks about it, name one time again and again
def wire_date(value: int) -> str:
    """Stored milliseconds as Camunda's date."""
    return format_date(moment(value))


def shape(
    *same: str,
    constants: Iterable[str] | Mapping[str, Any] = (),
    activities: Mapping[str, tuple[str, str]] | None = None,
    **fields: str | tuple[str, Convert],
) -> Shape:
    """A shape: names that are columns as they stand, then `wire="column"` or `wire=("column", convert)`.

    `constants` are names that are null always, or a mapping of names to what they are.
    """
    named: dict[str, tuple[str, Convert | None]] = {name: (name, None) for name in same}
    for name, target in fields.items():
        named[name] = (target, None) if isinstance(target, str) else target
    fixed = dict(constants) if isinstance(constants, Mapping) else dict.fromkeys(constants)
    return Shape(named, fixed, activities or {})


def key(column: str) -> tuple[str, Convert]:
    """A key as a decimal text."""
    return column, str


def date(column: str) -> tuple[str, Convert]:
    """A moment as Camunda's date."""
    return column, wire_date


def flag(column: str) -> tuple[str, Convert]:
    """A boolean, whatever the database gives for one."""
    return column, bool


# ---------------------------------------------------------------- from the URL


def query_from_url(request: Request, table: QueryTable, *, paging: bool = True) -> Query:
    """The query that a URL asks for. Raises 400 as Camunda does for a value that does not fit its parameter."""
    filters: dict[str, Any] = {}
    switches: set[str] = set()
    ordered = sorting_from_url(request, table)
    seen: set[str] = set()
    for name, value in request.query:
        if name in seen:
            continue
        seen.add(name)
        _refuse_expression(name, table)
        found = table.filters.get(name)
        if found is None:
            continue
        parsed = _from_text(name, found, value)
        if found.kind is Kind.SWITCH:
            switches.update([name] if parsed else [])
        elif parsed is not None:
            filters[name] = parsed
    first, most = (request.whole("firstResult"), request.whole("maxResults")) if paging else (None, None)
    return _checked(table, Query(filters, (), ordered, first or 0, most, frozenset(switches)))


def sorting_from_url(request: Request, table: QueryTable) -> list[tuple[Col, bool]]:
    """`sortBy` and `sortOrder`, both or neither."""
    by, order = request.param("sortBy"), request.param("sortOrder")
    if by is None and order is None:
        return []
    if order is not None and order not in _ORDERS:
        raise _cannot_set("sortOrder", order)
    if by is not None and by not in table.sorts:
        raise _cannot_set("sortBy", by)
    if by is None or order is None:
        raise invalid_request("Only a single sorting parameter specified. sortBy and sortOrder required")
    return [(table.sorts[by], _ORDERS[order])]


def _cannot_set(name: str, value: str, why: str | None = None) -> Answered:
    return invalid_request(f"Cannot set query parameter '{name}' to value '{value}'" + (f": {why}" if why else ""))


def _from_text(name: str, found: Filter, value: str) -> Any:
    match found.kind:
        case Kind.TEXT | Kind.VALUE:
            return _chosen(name, found, value)
        case Kind.TEXTS:
            return _split(value) or None
        case Kind.FLAG | Kind.SWITCH:
            if value not in ("true", "false"):
                raise _cannot_set(name, value, f"Cannot convert value {value} to java type java.lang.Boolean")
            return True if value == "true" else None
        case Kind.NUMBER | Kind.LONG:
            bits, java = _NUMBERS[found.kind]
            try:
                return number_member({name: float(value) if "." in value else value or "none"}, name, bits)
            except (Answered, ValueError):
                raise _cannot_set(name, value, f"Cannot convert value {value} to java type {java}") from None
        case Kind.MOMENT:
            try:
                return parse_date(value)
            except ValueError as error:
                raise _cannot_set(name, value, str(error)) from None
        case Kind.VALUES:
            return _comparisons_from_text(name, found, value)
        case Kind.MOMENTS:
            return _moments_from_text(name, value)


def _split(value: str) -> list[str]:
    """A list in a URL. Java's `split` drops empty items at the end, but an empty text is one empty item."""
    items = value.split(",")
    while len(items) > 1 and not items[-1]:
        items.pop()
    return [] if items == [""] and value else items


def _chosen(name: str, found: Filter, value: str) -> str:
    if found.choices and value not in found.choices:
        listed = " or ".join(f"'{choice}'" for choice in found.choices)
        raise invalid_request(f"Valid values for property '{name}' are {listed}, but was '{value}'")
    return value


def _comparisons_from_text(name: str, found: Filter, value: str) -> list[Comparison]:
    comparisons = []
    for item in value.split(","):
        parts = item.split("_")
        if len(parts) != 3 or not all(parts):
            raise _cannot_set(name, value, "variable query parameter has to have format KEY_OPERATOR_VALUE.")
        comparisons.append(_comparison(name, found, parts[0], parts[1], parts[2]))
    return comparisons


def _moments_from_text(name: str, value: str) -> list[tuple[str, datetime]]:
    items = []
    for item in value.split(","):
        sign, underscore, text = item.partition("_")
        if not underscore or not sign or not text:
            raise _cannot_set(name, value, "condition query parameter has to have format OPERATOR_VALUE.")
        items.append(_moment_comparison(name, sign, text))
    return items


def _moment_comparison(name: str, sign: str, text: str) -> tuple[str, datetime]:
    noun = {"dueDates": "due date", "createTimes": "create time"}.get(name, name)
    if sign not in ("gt", "lt"):
        raise invalid_request(f"Invalid {noun} comparator specified: {sign}")
    try:
        return sign, parse_date(text)
    except ValueError as error:
        raise invalid_request(f"Invalid {noun} format: {error}") from None


# ---------------------------------------------------------------- from a body


def query_from_body(request: Request, table: QueryTable, *, paging: bool = True) -> Query:
    """The query that a JSON body asks for; paging stays in the URL."""
    return query_from_document(request, request.json_object(), table, paging=paging)


def query_from_document(request: Request, body: Mapping[str, Any], table: QueryTable, *, paging: bool = True) -> Query:
    """As `query_from_body`, for a query that is a part of a body."""
    filters, switches = _filters_of(body, table)
    either = []
    for group in _documents(body, "orQueries"):
        if group.get("orQueries"):
            raise invalid_request("Query parameter 'orQueries' cannot be nested")
        inner, more = _filters_of(group, table)
        either.append(inner)
        switches |= more
    sorting = [_sorting_of(entry, table) for entry in _documents(body, "sorting")]
    first, most = (request.whole("firstResult"), request.whole("maxResults")) if paging else (None, None)
    return _checked(table, Query(filters, either, sorting, first or 0, most, frozenset(switches)))


def _documents(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid_request(f"Cannot read the JSON of the request: '{name}' must be a list of objects")
    if len(value) > 1000:
        raise invalid_request(f"Cannot read the JSON of the request: '{name}' has more than 1000 entries")
    return value


def _filters_of(body: Mapping[str, Any], table: QueryTable) -> tuple[dict[str, Any], set[str]]:
    filters: dict[str, Any] = {}
    switches: set[str] = set()
    for name in body:
        if body[name] is None:
            continue
        _refuse_expression(name, table)
        found = table.filters.get(name)
        if found is None:
            continue
        parsed = _from_member(name, found, body)
        if found.kind is Kind.SWITCH:
            switches.update([name] if parsed else [])
        elif parsed is not None:
            filters[name] = parsed
    return filters, switches


def _from_member(name: str, found: Filter, body: Mapping[str, Any]) -> Any:
    match found.kind:
        case Kind.TEXT:
            text = text_member(body, name)
            return None if text is None else _chosen(name, found, text)
        case Kind.TEXTS:
            if isinstance(body[name], list) and None in body[name]:
                noun = {"taskIdIn": "taskIds"}.get(name, name)
                raise engine_error(f"{noun} contains null value", type="NullValueException")
            return texts_member(body, name) or None
        case Kind.FLAG | Kind.SWITCH:
            return flag_member(body, name) or None
        case Kind.NUMBER | Kind.LONG:
            return number_member(body, name, _NUMBERS[found.kind][0])
        case Kind.MOMENT:
            try:
                return parse_date(text_member(body, name) or "")
            except ValueError as error:
                raise invalid_request(str(error)) from None
        case Kind.VALUES:
            return [
                _comparison(name, found, item.get("name"), item.get("operator"), item.get("value"))
                for item in _documents(body, name)
            ] or None
        case Kind.MOMENTS:
            return [
                _moment_comparison(name, str(item.get("operator")), str(item.get("value")))
                for item in _documents(body, name)
            ] or None
        case Kind.VALUE:
            return _plain(body[name])


def _sorting_of(entry: Mapping[str, Any], table: QueryTable) -> tuple[Col, bool]:
    by, order = text_member(entry, "sortBy"), text_member(entry, "sortOrder")
    parameters = entry.get("parameters")
    column = table.sorts.get(by or "")
    if column is None and by is not None and by in table.variable_sorts and isinstance(parameters, dict):
        name, type_ = text_member(parameters, "variable"), text_member(parameters, "type")
        if name and type_:
            column = table.variable_sorts[by](name, type_)
    if column is None:
        message = "You should call any of the orderBy methods first before specifying a direction"
        raise engine_error(f"{message}: currentOrderingProperty is null", "NotValidException", 400)
    if order is None:
        message = "Invalid query: call asc() or desc() after using orderByXX(): direction is null"
        raise engine_error(message, "NotValidException", 400)
    if order not in _ORDERS:
        raise _cannot_set("sortOrder", order)
    return column, _ORDERS[order]


# ---------------------------------------------------------------- what both have


def _comparison(name: str, found: Filter, variable: Any, operator: Any, value: Any) -> Comparison:
    noun = {"taskVariables": "task variable", "processVariables": "process variable"}.get(name, "variable")
    if not isinstance(variable, str):
        raise engine_error("name is null", type="NullValueException")
    if operator not in (found.choices or COMPARATORS):
        raise invalid_request(f"Invalid {noun} comparator specified: {operator}")
    value = _plain(value)
    if operator in ("gt", "gteq", "lt", "lteq") and (value is None or isinstance(value, bool)):
        words = {"gt": "greater than", "gteq": "greater than or equal", "lt": "less than", "lteq": "less than or equal"}
        raise engine_error(f"Booleans and null cannot be used in '{words[operator]}' condition")
    return Comparison(variable, operator, value)


def _plain(value: Any) -> Any:
    """A value to compare with; a text in the form of a date is a date, as Camunda takes it."""
    if isinstance(value, dict | list):
        raise engine_error("Object values cannot be used to query")
    if isinstance(value, str) and 20 <= len(value) <= 40:
        try:
            return parse_date(value)
        except ValueError:
            return value
    return value


def _refuse_expression(name: str, table: QueryTable) -> None:
    if name in table.refused:
        raise engine_error(table.refused[name], "BadUserRequestException", 400)


def _checked(table: QueryTable, query: Query) -> Query:
    """Applies the table's rules on which filters may stand together."""
    for group in (query.filters, *query.either):
        for rule in table.rules:
            complaint = rule(group, query.switches)
            if complaint is not None:
                code = None if complaint.type == "InvalidRequestException" else FALLBACK
                raise Answered(complaint.status, complaint.type, complaint.message, code)
    return query


# ---------------------------------------------------------------- routes

Write = Callable[[Sequence[RowMapping], Request, Connection, Any], list[dict[str, Any]]]
"""Writes rows that a request asked for; what it needs beyond them it may read."""
Rows = Sequence[Mapping[str, Any]] | Sequence[RowMapping]
Plain = Callable[[Rows, Request], list[dict[str, Any]] | None]
"""Writes them from what they hold; None where the request wants to see more."""
_LISTED: dict[str, QueryTable] = {}


def listing(
    path: str,
    table: QueryTable,
    written: Shape | Write,
    *,
    plain: Plain | None = None,
    post: bool = True,
    count_by_post: bool | None = None,
) -> None:
    """Registers GET (and POST) of a list and of its count."""
    if isinstance(written, Shape):
        plain = _plainly(written)
        write = _written(plain)
    else:
        write = written

    def get_list(request: Request, engine: Any) -> Steps:
        """The entities that meet the parameters."""
        return (yield from _listed(engine, table, query_from_url(request, table), request, write, plain))

    def get_count(request: Request, engine: Any) -> Response:
        """How many entities meet the parameters."""
        return _count(engine, table, query_from_url(request, table, paging=False))

    def post_list(request: Request, engine: Any) -> Steps:
        """The entities that meet the query in the body."""
        return (yield from _listed(engine, table, query_from_body(request, table), request, write, plain))

    def post_count(request: Request, engine: Any) -> Response:
        """How many entities meet the query in the body."""
        return _count(engine, table, query_from_body(request, table, paging=False))

    _LISTED[path] = _LISTED[f"{path}/count"] = table
    route("GET", path)(get_list)
    route("GET", f"{path}/count")(get_count)
    if post:
        route("POST", path)(post_list)
    if post if count_by_post is None else count_by_post:
        route("POST", f"{path}/count")(post_count)


def _plainly(written: Shape) -> Plain:
    return lambda found, request: [written.write(row) for row in found]


def _written(plain: Plain) -> Write:
    return lambda found, request, connection, engine: plain(found, request) or []


def _listed(engine: Any, table: QueryTable, query: Query, request: Request, write: Write, plain: Plain | None) -> Steps:
    """A handful of rows found by key, and written without asking further, needs no thread; everything else gets one."""
    asked = None if plain is None else lookup(engine.storage.engine.dialect, table, query)
    if plain is not None and asked is not None:
        found = yield asked
        written = None if found is None else plain(found, request)
        if written is not None:
            return answer(written)
    response: Response = yield partial(_list, engine, table, query, request, write)
    return response


def _list(engine: Any, table: QueryTable, query: Query, request: Request, write: Write) -> Response:
    with engine.storage.read() as connection:
        try:
            found = rows(connection, table, query, engine.clock())
        except Invalid as error:
            raise invalid_request(error.message) from error
        return answer(write(found, request, connection, engine))


def _count(engine: Any, table: QueryTable, query: Query) -> Response:
    with engine.storage.read() as connection:
        try:
            return answer_count(count(connection, table, query, engine.clock()))
        except Invalid as error:
            raise invalid_request(error.message) from error


_JSON_TYPES = {Kind.NUMBER: "integer", Kind.LONG: "integer", Kind.FLAG: "boolean", Kind.SWITCH: "boolean"}


def documented_parameters() -> dict[str, dict[str, str]]:
    """Names and JSON types of the query parameters of every list, by path."""
    paging = {"sortBy": "string", "sortOrder": "string", "firstResult": "integer", "maxResults": "integer"}
    found = {}
    for path, table in _LISTED.items():
        names = {name: _JSON_TYPES.get(entry.kind, "string") for name, entry in table.filters.items()}
        found[path] = names if path.endswith("/count") else {**names, **paging}
    return found


def listed() -> Mapping[str, QueryTable]:
    """The query table of every list, by path."""
    return dict(_LISTED)
