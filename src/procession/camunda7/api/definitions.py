"""Definitions and deployments, read: one by id or key, XML, statistics, resources, start forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, select

from procession.camunda7 import shapes
from procession.camunda7.deployed_forms import MARKUP, deployed_form
from procession.camunda7.exchange import NO_CONTENT, Request, Response, answer, answer_bytes, answer_form
from procession.camunda7.lookups import NO_PROCESS, definition, no_definition, reading
from procession.camunda7.problems import Answered, engine_error, invalid_request
from procession.camunda7.routes import route
from procession.camunda7.shown_forms import form_values, rendered_start_form, start_form
from procession.storage import schema
from procession.storage.queries.definitions import PROCESS_DEFINITION
from procession.storage.queries.language import Query, as_key, rows

PROCESS, DECISION, REQUIREMENTS = "/process-definition", "/decision-definition", "/decision-requirements-definition"
KINDS = {PROCESS: "process", DECISION: "decision", REQUIREMENTS: "decision requirements"}
_SHAPES = {
    "process": shapes.PROCESS_DEFINITION,
    "decision": shapes.DECISION_DEFINITION,
    "decision requirements": shapes.DECISION_REQUIREMENTS,
}


def paths(root: str, rest: str = "") -> tuple[str, str, str]:
    """The three ways to name a definition: by id, by key, by key and tenant."""
    return f"{root}/{{id}}{rest}", f"{root}/key/{{key}}{rest}", f"{root}/key/{{key}}/tenant-id/{{tenant}}{rest}"


def _no_process(status: int) -> Callable[[str], Answered]:
    return lambda id_: engine_error(NO_PROCESS.format(id_), "NotFoundException", status)


def _readable(root: str, kind: str) -> None:
    @route("GET", *paths(root))
    def get_definition(request: Request, engine: Any) -> Response:
        """The definition, by key its newest version."""
        with reading(engine) as connection:
            return answer(_SHAPES[kind].write(definition(connection, engine, kind, request.params)))

    @route("GET", *paths(root, "/xml"))
    def get_xml(request: Request, engine: Any) -> Response:
        """The resource that defines it, as text."""
        with reading(engine) as connection:
            row = definition(connection, engine, kind, request.params)
            text = _content(connection, row["deployment"], row["resource_name"]).decode("utf-8", "replace")
        member = "bpmn20Xml" if kind == "process" else "dmnXml"
        return answer({"id": row["id"], member: text})

    def no_picture(id_: str) -> Answered:
        message = NO_PROCESS.format(id_) if kind == "process" else no_definition(kind, id_).message
        return engine_error(
            message, "NotValidException" if kind == "decision requirements" else "NotFoundException", 400
        )

    @route("GET", *paths(root, "/diagram"))
    def get_diagram(request: Request, engine: Any) -> Response:
        """The picture that was deployed beside it; nothing where there is none."""
        with reading(engine) as connection:
            row = definition(connection, engine, kind, request.params, no_picture)
            name = row["diagram_resource"]
            if name is None:
                return NO_CONTENT
            content = _content(connection, row["deployment"], name)
        return answer_bytes(content, _MEDIA_TYPES[name.rsplit(".", 1)[-1]], name.rsplit("/", 1)[-1])


for _root, _kind in KINDS.items():
    _readable(_root, _kind)


def _content(connection: Connection, deployment: int, name: str) -> bytes:
    r = schema.resource.c
    found = connection.execute(select(r.content).where(r.deployment == deployment, r.name == name)).scalar()
    if found is None:
        raise engine_error(f"no resource found with name '{name}' in deployment '{deployment}'", "NullValueException")
    return bytes(found)


# ---------------------------------------------------------------- forms


def _no_start_form(id_: str) -> Answered:
    return invalid_request(f"Cannot get start form data for process definition {id_}", 400, 0)


@route("GET", *paths(PROCESS, "/startForm"))
def get_start_form(request: Request, engine: Any) -> Response:
    """Key or reference of the start form."""
    with reading(engine) as connection:
        row = definition(connection, engine, "process", request.params, _no_start_form)
    return answer(start_form(engine, row["key"], row["id"]))


@route("GET", *paths(PROCESS, "/form-variables"))
def get_start_form_variables(request: Request, engine: Any) -> Response:
    """The fields of the start form with their default values; `variableNames` picks some."""
    with reading(engine) as connection:
        row = definition(connection, engine, "process", request.params, _no_process(400))
    names = request.param("variableNames")
    return answer(form_values(engine, row["key"], None if names is None else names.split(",")))


@route("GET", *paths(PROCESS, "/rendered-form"))
def get_rendered_start_form(request: Request, engine: Any) -> Response:
    """The HTML of the generated start form."""
    with reading(engine) as connection:
        row = definition(connection, engine, "process", request.params, _no_process(400))
    text = rendered_start_form(engine, row["key"])
    if text is None:
        raise invalid_request(
            f"No matching rendered start form for process definition with the id {row['id']} found.", 404
        )
    return answer_form(text.encode(), MARKUP)


@route("GET", *paths(PROCESS, "/deployed-start-form"))
def get_deployed_start_form(request: Request, engine: Any) -> Response:
    """The start form that lies in a deployment, by key or reference."""
    with reading(engine) as connection:
        row = definition(
            connection, engine, "process", request.params, lambda id_: invalid_request(NO_PROCESS.format(id_), 404)
        )
        return answer_form(*deployed_form(connection, row["key"], start_form(engine, row["key"], row["id"])))


# ---------------------------------------------------------------- statistics

_CLASSES = "org.camunda.bpm.engine.rest.dto.repository"
"""Camunda names its class in these two answers, and so its clients may read it."""


@route("GET", f"{PROCESS}/statistics")
def get_definition_statistics(request: Request, engine: Any) -> Response:
    """Per definition: running instances and, where asked for, failed jobs and incidents."""
    with reading(engine) as connection:
        found = rows(connection, PROCESS_DEFINITION, Query(), engine.clock())
        i = schema.instance.c
        counted = connection.execute(select(i.definition, func.count()).group_by(i.definition))
        running: dict[Any, int] = dict(counted.all())
        extras = _Extras(connection, request, by_node=False)
    return answer(
        [
            {
                "@class": f"{_CLASSES}.ProcessDefinitionStatisticsResultDto",
                "id": row["id"],
                "instances": running.get(row["key"], 0),
                **extras.of((row["key"],)),
                "definition": shapes.PROCESS_DEFINITION.write(row),
            }
            for row in found
        ]
    )


@route("GET", *paths(PROCESS, "/statistics"))
def get_activity_statistics(request: Request, engine: Any) -> Response:
    """Per activity of a definition: instances and, where asked for, failed jobs and incidents."""
    with reading(engine) as connection:
        try:
            row = definition(connection, engine, "process", request.params)
        except Answered:
            if "id" in request.params:
                return answer([])
            raise
        e, i = schema.element.c, schema.instance.c
        leaf = and_(i.definition == row["key"], e.parent.is_not(None), e.node.not_like("%#multiInstanceBody"))
        joined = schema.element.join(schema.instance, i.key == e.instance)
        statement = select(e.node, func.count()).select_from(joined).where(leaf, e.children == 0).group_by(e.node)
        running: dict[str, int] = dict(connection.execute(statement).all())
        extras = _Extras(connection, request, by_node=True, definition=row["key"])
    nodes = sorted({*running, *extras.nodes()})
    kind = {"@class": f"{_CLASSES}.ActivityStatisticsResultDto"}
    return answer(
        [{**kind, "id": node, "instances": running.get(node, 0), **extras.of((row["key"], node))} for node in nodes]
    )


class _Extras:
    """Failed jobs and incidents of statistics, counted once for all rows."""

    def __init__(
        self, connection: Connection, request: Request, *, by_node: bool, definition: int | None = None
    ) -> None:
        kind = request.param("incidentsForType")
        flags = [request.flag(name) for name in ("incidents", "rootIncidents")]
        if sum(flags) + (kind is not None) > 1:
            message = "Only one of the query parameter includeIncidents or includeIncidentsForType can be set."
            raise invalid_request(message)
        self._by_node = by_node
        self._jobs: dict[tuple[Any, ...], int] = {}
        self._incidents: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        if request.flag("failedJobs"):
            self._count_jobs(connection, definition)
        if kind is not None or any(flags):
            self._count_incidents(connection, definition, kind, root_only=flags[1])

    def _count_jobs(self, connection: Connection, definition: int | None) -> None:
        j = schema.job.c
        group = [j.definition, j.node] if self._by_node else [j.definition]
        statement = select(*group, func.count()).where(j.retries == 0).group_by(*group)
        if definition is not None:
            statement = statement.where(j.definition == definition)
        self._jobs = {tuple(row[:-1]): row[-1] for row in connection.execute(statement)}

    def _count_incidents(
        self, connection: Connection, definition: int | None, kind: str | None, *, root_only: bool
    ) -> None:
        i = schema.incident.c
        group = [i.definition, i.node] if self._by_node else [i.definition]
        statement = select(*group, i.kind, func.count()).group_by(*group, i.kind).order_by(i.kind)
        if definition is not None:
            statement = statement.where(i.definition == definition)
        if kind is not None:
            statement = statement.where(i.kind == kind)
        if root_only:
            statement = statement.where(i.cause == i.key)
        for row in connection.execute(statement):
            entry = {"incidentType": row[-2], "incidentCount": row[-1]}
            self._incidents.setdefault(tuple(row[:-2]), []).append(entry)

    def nodes(self) -> Iterable[str]:
        """The activities that have any of them."""
        return [place[1] for place in (*self._jobs, *self._incidents) if place[1] is not None]

    def of(self, place: tuple[Any, ...]) -> Mapping[str, Any]:
        """What belongs to a definition, or to an activity of one."""
        return {"failedJobs": self._jobs.get(place, 0), "incidents": self._incidents.get(place, [])}


# ---------------------------------------------------------------- resources

_MEDIA_TYPES = {
    "bpmn": "application/xml",
    "xml": "application/xml",
    "dmn": "application/xml",
    "cmmn": "application/xml",
    "json": "application/json",
    "form": "application/json",
    "html": "text/html",
    "txt": "text/plain",
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "svg": "image/svg+xml",
}


def _resource(row: RowMapping) -> dict[str, Any]:
    return {"id": str(row["key"]), "name": row["name"], "deploymentId": str(row["deployment"])}


def _resources(connection: Connection, id_: str) -> list[RowMapping]:
    r = schema.resource.c
    statement = select(r.key, r.name, r.deployment).where(r.deployment == as_key(id_)).order_by(r.key)
    found = list(connection.execute(statement).mappings())
    if not found:
        raise invalid_request(f"Deployment resources for deployment id '{id_}' do not exist.", 404)
    return found


@route("GET", "/deployment/{id}/resources")
def get_resources(request: Request, engine: Any) -> Response:
    """The resources of a deployment."""
    with reading(engine) as connection:
        return answer([_resource(row) for row in _resources(connection, request["id"])])


@route("GET", "/deployment/{id}/resources/{resource}")
def get_resource(request: Request, engine: Any) -> Response:
    """One resource of a deployment."""
    with reading(engine) as connection:
        for row in _resources(connection, request["id"]):
            if str(row["key"]) == request["resource"]:
                return answer(_resource(row))
    message = f"Deployment resource with resource id '{request['resource']}' for deployment id '{request['id']}'"
    raise invalid_request(f"{message} does not exist.", 404)


@route("GET", "/deployment/{id}/resources/{resource}/data")
def get_resource_data(request: Request, engine: Any) -> Response:
    """The content of a resource, to save."""
    r = schema.resource.c
    statement = select(r.name, r.content).where(
        r.key == as_key(request["resource"]), r.deployment == as_key(request["id"])
    )
    with reading(engine) as connection:
        row = connection.execute(statement).mappings().first()
    if row is None:
        message = f"no resource found with id '{request['resource']}' in deployment '{request['id']}': resource is null"
        raise engine_error(message, "NullValueException")
    name: str = row["name"]
    kind = _MEDIA_TYPES.get(name.rsplit(".", 1)[-1].lower(), "application/octet-stream")
    return answer_bytes(bytes(row["content"]), kind, name.rsplit("/", 1)[-1])
