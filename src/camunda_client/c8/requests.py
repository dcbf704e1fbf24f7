"""Requests as pieces: paths, bodies, filters, pages. What every room of operations builds on.

Filters are keywords: `state="ACTIVE", process_instance_key={"$in": [a, b]}`; a list means `$in`, None means "not given",
names are the API's own in snake_case (`or_` is `$or`). This file does not know which filters exist: the cluster says so.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic.alias_generators import to_camel

from camunda_client.c8.models.search import Page
from camunda_client.errors import EngineUnavailable
from camunda_client.json_model import JsonBaseModel
from camunda_client.protocol import Answer, Flow, Operation, Request, operation

M = TypeVar("M", bound=JsonBaseModel)
R = TypeVar("R", bound=JsonBaseModel)

Sort = str | Sequence[str]
"""`"startDate"`, `"-startDate"` (descending) or several of them."""

PATIENCE = 15.0
"""Seconds an answer may come later than a long poll's own end."""


def path(*parts: object) -> str:
    """`path("jobs", key, "completion")`: quoted, below /v2."""
    return "/" + "/".join(quote(str(part), "") for part in parts)


def post(*parts: object, body: Any = None, timeout: float | None = None) -> Request:
    """A POST; without a body an empty object is sent, because an empty text is refused here and there."""
    return Request("POST", path(*parts), json={} if body is None else body, timeout=timeout)


def body(**fields: Any) -> dict[str, Any]:
    """A JSON object from keywords; None is left out."""
    return {to_camel(name): value for name, value in fields.items() if value is not None}


def merged(kind: type[R], request: R | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a request given as an object or as keywords."""
    if request is not None and fields:
        raise TypeError(f"give either a {kind.__name__} or its fields, not both")
    return (request if request is not None else kind(**fields)).body()


def read(model: type[M], answer: Answer) -> M:
    """The answer as a model. Raises EngineUnavailable where it has another shape: something between us and the cluster."""
    try:
        return model.model_validate(answer.json())
    except ValueError as error:
        raise EngineUnavailable(
            f"the answer is no {model.__name__}: is this the address of a Camunda 8 REST API? ({_first_fault(error)})",
            status=answer.status,
        ) from None


def _first_fault(error: ValueError) -> str:
    return " ".join(str(error).split("\n")[1:3]).strip()[:200] or type(error).__name__


def milliseconds(moment: timedelta | datetime | int) -> int:
    """Camunda 8's unit: of a duration, or since 1970."""
    if isinstance(moment, timedelta):
        return round(moment.total_seconds() * 1000)
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError("a moment needs its time zone: datetime(…, tzinfo=UTC)")
        return round(moment.timestamp() * 1000)
    return moment


def criteria(filters: Mapping[str, Any]) -> dict[str, Any]:
    """A filter from keywords."""
    return {_name(name): _criterion(value) for name, value in filters.items() if value is not None}


def _name(name: str) -> str:
    return "$or" if name == "or_" else to_camel(name.rstrip("_"))


def _criterion(value: Any) -> Any:
    match value:
        case Mapping() if not any(str(name).startswith("$") for name in value):
            return criteria(value)
        case list() | tuple() | set() | frozenset() if not any(isinstance(item, Mapping) for item in value):
            return {"$in": list(value)}
        case list() | tuple():
            return [criteria(item) if isinstance(item, Mapping) else item for item in value]
    return value


def _order(sort: Sort) -> list[dict[str, str]]:
    names = [sort] if isinstance(sort, str) else list(sort)
    return [{"field": to_camel(name.lstrip("-")), "order": "DESC" if name.startswith("-") else "ASC"} for name in names]


def pages(
    model: type[M],
    where: str,
    *,
    sort: Sort | None,
    limit: int | None,
    start: int | None,
    after: str | None,
    before: str | None,
    every: bool,
    filters: Mapping[str, Any],
    params: Mapping[str, str] | None = None,
) -> Generator[Request, Answer, Page[M]]:
    """One page of a search, or with `every` all of them put together."""
    page = {"limit": limit, "from": start, "after": after, "before": before}
    request: dict[str, Any] = {"page": {name: value for name, value in page.items() if value is not None}}
    if sort is not None:
        request["sort"] = _order(sort)
    if wanted := criteria(filters):
        request["filter"] = wanted
    request = {name: value for name, value in request.items() if value}
    answer = yield Request("POST", where, params or {}, json=request)
    found = read(Page[model], answer)  # type: ignore[valid-type]
    latest: Page[M] = found
    while every and latest.items and latest.page.end_cursor:
        request["page"] = {"after": latest.page.end_cursor} | ({"limit": limit} if limit else {})
        answer = yield Request("POST", where, params or {}, json=request)
        latest = read(Page[model], answer)  # type: ignore[valid-type]
        found.items.extend(latest.items)
    return found


def search(model: type[M], where: str, about: str) -> Operation[..., Page[M]]:
    """The operation that searches at `where`. All searches have the same arguments."""

    def flow(
        self: Any,
        *,
        sort: Sort | None = None,
        limit: int | None = None,
        start: int | None = None,
        after: str | None = None,
        before: str | None = None,
        every: bool = False,
        **filters: Any,
    ) -> Flow[Page[M]]:
        return (
            yield from pages(
                model,
                where,
                sort=sort,
                limit=limit,
                start=start,
                after=after,
                before=before,
                every=every,
                filters=filters,
            )
        )

    flow.__doc__ = (
        f"{about} Filters are keywords (`camunda_client.c8.requests`); `sort` names fields, `-` before a name turns it\n"
        "        round; `limit`, and one of `start`, `after`, `before`, choose a page; `every` brings all pages."
    )
    flow.__name__ = "search_" + where.rstrip("/").removesuffix("/search").rpartition("/")[2].replace("-", "_")
    return operation(flow)


def get(model: type[M], folder: str, about: str) -> Operation[[str], M]:
    """The operation that reads one thing by its key. It raises NotFound."""

    def flow(self: Any, key: str) -> Flow[M]:
        answer = yield Request("GET", path(folder, key))
        return read(model, answer)

    flow.__doc__ = f"{about} Raises NotFound."
    flow.__name__ = "get_" + folder.removesuffix("s").replace("-", "_")
    return operation(flow)
