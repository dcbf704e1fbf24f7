"""One entity by its id: `GET /…/{id}`. What is missing is told in the words that Camunda has for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from procession.camunda7 import shapes
from procession.camunda7.details import write_decisions, write_details, write_variables
from procession.camunda7.exchange import NO_CONTENT, Request, Response, answer, answer_text
from procession.camunda7.listing import Shape, Write
from procession.camunda7.lookups import one, reading, value_data
from procession.camunda7.problems import Answered, invalid_request, rest_error
from procession.camunda7.routes import route
from procession.storage import schema
from procession.storage.encoding import millis
from procession.storage.queries import batches, definitions, history, logs, runtime
from procession.storage.queries.language import Asking, QueryTable, as_key

Missing = Callable[[str], Answered]


def _missing(template: str) -> Missing:
    return lambda id_: invalid_request(template.format(id_), 404)


def single(path: str, table: QueryTable, written: Shape | Write, missing: Missing) -> None:
    """Registers `GET {path}/{id}`."""

    @route("GET", f"{path}/{{id}}")
    def get_one(request: Request, engine: Any) -> Response:
        """The entity with that id."""
        id_ = request["id"]
        with reading(engine) as connection:
            key = id_.rsplit(":", 1)[-1] if table is history.HISTORY_ACTIVITY else id_
            row = one(connection, engine, table, key, lambda: missing(id_))
            if isinstance(written, Shape):
                return answer(written.write(row))
            return answer(written([row], request, connection, engine)[0])


_NO_VARIABLE = _missing("Variable instance with Id '{}' does not exist.")
_NO_PAST_VARIABLE = _missing("Historic variable instance with Id '{}' does not exist.")
_NO_DETAIL = _missing("Historic detail with Id '{}' does not exist.")

single("/deployment", definitions.DEPLOYMENT, shapes.DEPLOYMENT, _missing("Deployment with id '{}' does not exist"))
single(
    "/job-definition",
    definitions.JOB_DEFINITION,
    shapes.JOB_DEFINITION,
    _missing("Job Definition with id {} does not exist"),
)
single(
    "/process-instance",
    runtime.PROCESS_INSTANCE,
    shapes.PROCESS_INSTANCE,
    _missing("Process instance with id {} does not exist"),
)
single("/execution", runtime.EXECUTION, shapes.EXECUTION, _missing("Execution with id {} does not exist"))
single(
    "/external-task",
    runtime.EXTERNAL_TASK,
    shapes.EXTERNAL_TASK,
    lambda id_: rest_error(f"External task with id {id_} does not exist", 404),
)
single("/batch", batches.BATCH, shapes.BATCH, _missing("Batch with id '{}' does not exist"))
single(
    "/history/batch",
    batches.HISTORY_BATCH,
    shapes.HISTORY_BATCH,
    _missing("Historic batch with id '{}' does not exist"),
)
single("/job", runtime.JOB, shapes.JOB, _missing("Job with id {} does not exist"))
single("/incident", runtime.INCIDENT, shapes.INCIDENT, _missing("No matching incident with id {}"))
single("/variable-instance", runtime.VARIABLE, write_variables, _NO_VARIABLE)
single(
    "/history/process-instance",
    history.HISTORY_INSTANCE,
    shapes.HISTORY_INSTANCE,
    _missing("Historic process instance with id {} does not exist"),
)
single(
    "/history/activity-instance",
    history.HISTORY_ACTIVITY,
    shapes.HISTORY_ACTIVITY,
    _missing("Historic activity instance with id '{}' does not exist"),
)
single("/history/variable-instance", history.HISTORY_VARIABLE, write_variables, _NO_PAST_VARIABLE)
single("/history/detail", history.HISTORY_DETAIL, write_details, _NO_DETAIL)
single(
    "/history/decision-instance",
    logs.HISTORY_DECISION,
    write_decisions,
    _missing("Historic decision instance with id '{}' does not exist"),
)
single(
    "/history/job-log",
    logs.HISTORY_JOB_LOG,
    shapes.HISTORY_JOB_LOG,
    _missing("Historic job log with id {} does not exist"),
)
single(
    "/history/external-task-log",
    logs.HISTORY_EXTERNAL_LOG,
    shapes.HISTORY_EXTERNAL_LOG,
    _missing("Historic external task log with id {} does not exist"),
)

# ---------------------------------------------------------------- what hangs on them


def _data(path: str, table: QueryTable, missing: Missing) -> None:
    @route("GET", f"{path}/{{id}}/data")
    def get_data(request: Request, engine: Any) -> Response:
        """The content of a Bytes or File value."""
        id_ = request["id"]
        with reading(engine) as connection:
            row = one(connection, engine, table, id_, lambda: missing(id_))
            return value_data(connection, row, id_)


_data("/variable-instance", runtime.VARIABLE, _NO_VARIABLE)
_data("/history/variable-instance", history.HISTORY_VARIABLE, _NO_PAST_VARIABLE)
_data("/history/detail", history.HISTORY_DETAIL, _NO_DETAIL)


def _long_text(path: str, column: Any, missing: Callable[[str], Answered]) -> None:
    """A text that lists leave out; empty where there is none."""

    @route("GET", path)
    def get_text(request: Request, engine: Any) -> Response:
        """The text as it was recorded."""
        number = as_key(request["id"])
        with reading(engine) as connection:
            found = connection.execute(select(column).where(column.table.c.key == number)).first()
        if found is None:
            raise missing(request["id"])
        return answer_text(found[0]) if found[0] is not None else NO_CONTENT


_long_text(
    "/job/{id}/stacktrace",
    schema.job.c.stacktrace,
    lambda id_: invalid_request(f"No job found with id {id_}: job is null", 404),
)
_long_text(
    "/external-task/{id}/errorDetails",
    schema.external_task.c.error_details,
    lambda id_: Answered(500, "NullValueException", f"No external task found with id {id_}: externalTask is null", 0),
)
_long_text(
    "/history/job-log/{id}/stacktrace",
    schema.history_job_log.c.stacktrace,
    lambda id_: invalid_request(f"No historic job log found with id {id_}: historicJobLog is null", 404),
)
_long_text(
    "/history/external-task-log/{id}/error-details",
    schema.history_external_log.c.error_details,
    lambda id_: invalid_request(
        f"No historic external task log found with id {id_}: historicExternalTaskLog is null", 404
    ),
)


@route("GET", "/external-task/topic-names")
def topic_names(request: Request, engine: Any) -> Response:
    """The topics that external tasks wait under, in order."""
    x = schema.external_task.c
    statement = select(x.topic).distinct().order_by(x.topic)
    filters = runtime.EXTERNAL_TASK.filters
    with reading(engine) as connection:
        asking = Asking(connection.dialect.name, millis(engine.clock()))
        names = {"withLockedTasks": "locked", "withUnlockedTasks": "notLocked", "withRetriesLeft": "withRetriesLeft"}
        for parameter, filter_ in names.items():
            if request.flag(parameter):
                statement = statement.where(filters[filter_].build(True, asking))
        return answer([topic for (topic,) in connection.execute(statement)])


@route("GET", "/execution/{id}/messageSubscriptions/{name}")
def message_subscription(request: Request, engine: Any) -> Response:
    """The message event that an execution waits for under that name."""
    s, e = schema.event_subscription, schema.element.c
    key = as_key(request["id"])
    around = select(e.instance).where(e.key == key).scalar_subquery()
    with reading(engine) as connection:
        found = connection.execute(select(s).where(s.c.instance == around, s.c.element == key)).mappings()
        row = next((one for one in found if (one["kind"], one["name"]) == ("message", request["name"])), None)
    if row is None:
        named = f"for execution {request['id']} named {request['name']}"
        raise invalid_request(f"Message event subscription {named} does not exist", 404)
    return answer(shapes.EVENT_SUBSCRIPTION.write(row))
