"""Shapes that need more than their row:

tasks with their variables, variables with their values, decisions with inputs and outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select

from procession.bpmn.activity_types import waits_as_scope
from procession.bpmn.model import CallActivity, SubProcess
from procession.bpmn.validate import MULTI_INSTANCE_BODY
from procession.camunda7 import shapes
from procession.camunda7.exchange import Request
from procession.camunda7.listing import Rows, Shape, activity_instance_id, date, key, shape
from procession.camunda7.problems import Answered
from procession.camunda7.shown_forms import process_model
from procession.camunda7.values import typed
from procession.kernel.carrying import CARRIED
from procession.kernel.compensation import COMPENSATES, KEPT
from procession.kernel.records import ASIDE, Phase
from procession.storage import schema
from procession.storage.encoding import decode_value, mapping_from_json
from procession.storage.queries.former import columns_of
from procession.storage.queries.language import Asking

VALUE_COLUMNS = ("type", "form", "text_value", "long_value", "double_value", "bytes_value", "big", "info")
_UNREAD = ("bytes", "file")


def asking(connection: Connection) -> Asking:
    """Under what circumstances statements of this connection run; time plays no part in them."""
    return Asking(connection.dialect.name, 0)


def contents(connection: Connection, rows: Iterable[Mapping[str, Any] | RowMapping]) -> dict[int, bytes]:
    """The big values that rows refer to, by key; in one statement."""
    wanted = [row["big"] for row in rows if row["big"] is not None]
    if not wanted:
        return {}
    big = schema.big_value.c
    found = connection.execute(select(big.key, big.content).where(asking(connection).among(big.key, wanted)))
    return {number: bytes(content) for number, content in found}


def decoded(row: Mapping[str, Any] | RowMapping, big: Mapping[int, bytes]) -> Any:
    """The Python value of a row with value columns."""
    content = None
    if row["big"] is not None:
        # the content of bytes and files is not read for lists: what is decoded then is empty, and not shown
        content = big.get(row["big"], b"")
    return decode_value(
        row["form"], row["text_value"], row["long_value"], row["double_value"], row["bytes_value"], content
    )


def written_value(
    row: Mapping[str, Any] | RowMapping, big: Mapping[int, bytes], *, deserialize: bool, binary: bool, name: str = ""
) -> dict[str, Any]:
    """`type`, `value` and `valueInfo` of a row with value columns."""
    info = mapping_from_json(row["info"])
    shown = typed(decoded(row, big), row["type"], info, deserialize=deserialize, binary=binary, name=name)
    if "removal_time" in row and info.get("objectTypeName"):
        # running variables show the type with its parameters, history as it was given
        shown["valueInfo"]["objectTypeName"] = info["objectTypeName"]
    return shown


def _shown(row: RowMapping, big: Mapping[int, bytes], deserialize: bool) -> dict[str, Any]:
    """As `written_value`; what cannot be read is told in `errorMessage`, so that one value does not spoil a list."""
    try:
        return {
            **written_value(row, big, deserialize=deserialize, binary=False, name=row["name"]),
            "errorMessage": None,
        }
    except Answered as problem:
        return {
            **written_value(row, big, deserialize=False, binary=False),
            "value": None,
            "errorMessage": problem.message,
        }


_VARIABLE = shape(
    "name",
    id=key("key"),
    processDefinitionId="definition_id",
    processInstanceId=key("instance"),
    taskId=key("task"),
    tenantId="tenant",
    constants=("caseInstanceId", "caseExecutionId", "batchId"),
)
_HISTORY_VARIABLE = shape(
    "name",
    "state",
    id=key("key"),
    processDefinitionKey="process_id",
    processDefinitionId="definition_id",
    processInstanceId=key("instance"),
    taskId=key("task"),
    tenantId="tenant",
    createTime=date("created"),
    removalTime=date("removal_time"),
    rootProcessInstanceId=key("root"),
    constants=("caseDefinitionKey", "caseDefinitionId", "caseInstanceId", "caseExecutionId"),
)


def write_variables(
    found: Sequence[RowMapping], request: Request, connection: Connection, engine: Any
) -> list[dict[str, Any]]:
    """Variables of the running state or of history, with their values; the content of files and bytes is left out."""
    deserialize = request.flag("deserializeValues", True)
    big = contents(connection, [row for row in found if row["form"] not in _UNREAD])
    places = _places_of_tasks(connection, [row for row in found if row["task"] is not None])
    written = []
    for row in found:
        past = "state" in row
        scope, node = (row["scope"], row["node"]) if row["task"] is None else places.get(row["task"], (None, None))
        written.append(
            {
                **_shown(row, big, deserialize),
                **(_HISTORY_VARIABLE if past else _VARIABLE).write(row),
                "executionId": None if scope is None else str(scope),
                "activityInstanceId": activity_instance_id(scope, node, row["instance"])
                if past or scope is None or row["task"] is not None
                else _activity_instance(row, scope, connection, engine),
            }
        )
    return written


def _places_of_tasks(connection: Connection, rows: Sequence[RowMapping]) -> dict[int, tuple[int, str]]:
    """The elements that the tasks of variables, running or past ones, belong to: key and node."""
    if not rows:
        return {}
    t = schema.history_task.c if "state" in rows[0] else schema.task.c
    found = connection.execute(select(t.key, t.element, t.node).where(t.key.in_({row["task"] for row in rows})))
    return {row.key: (row.element, row.node) for row in found if row.element is not None}


def _activity_instance(row: RowMapping, scope: int, connection: Connection, engine: Any) -> str | None:
    if row["note"] and f'"{ASIDE}"' in row["note"]:
        return _around_kept(row, connection, engine)
    if row["phase"] == Phase.BEFORE.value:
        return None  # what came with a token that waits for its job
    if row["note"] and f'"{CARRIED}"' in row["note"] and _came_to_simple(row, engine):
        around = connection.execute(select(schema.element.c.node).where(schema.element.c.key == row["parent"])).scalar()
        return activity_instance_id(row["parent"], around, row["instance"])
    if row["phase"] == Phase.OUT.value:
        return None  # what an ended turn of a parallel loop leaves behind belongs to no activity instance any more
    if row["loop_counter"] is not None and row["definition"] is not None:
        # a turn that waits as a scope of its own has its loop's variables in Camunda 7 at the loop's body
        node = process_model(engine, row["definition"]).nodes.get(row["node"])
        loop = None if node is None else node.traits.loop
        own = loop is not None and row["name"] in ("loopCounter", loop.element_variable)
        if own and node is not None and waits_as_scope(node):
            return activity_instance_id(row["parent"], f"{row['node']}{MULTI_INSTANCE_BODY}", row["instance"])
    return activity_instance_id(scope, row["node"], row["instance"])


def _came_to_simple(row: RowMapping, engine: Any) -> bool:
    """Whether a variable came with a token to a simple activity, which has an execution of its own below in Camunda 7."""
    names = mapping_from_json(row["note"])[CARRIED]
    if not isinstance(names, list) or row["name"] not in names or row["node"].endswith(MULTI_INSTANCE_BODY):
        return False
    return not isinstance(process_model(engine, row["definition"]).nodes.get(row["node"]), SubProcess | CallActivity)


def _around_kept(row: RowMapping, connection: Connection, engine: Any) -> str | None:
    """What is kept for compensation shows at the activity that its scope is at now, where that is a simple one alone."""
    e = schema.element.c
    found = connection.execute(select(e.key, e.node, e.phase, e.note, e.children).where(e.parent == row["parent"]))
    beside = [one for one in found.mappings() if f'"{ASIDE}"' not in (one["note"] or "")]
    throwers = [mapping_from_json(one["note"])[COMPENSATES] for one in beside if f'"{KEPT}"' in (one["note"] or "")]
    if throwers:
        beside = [one for one in beside if one["key"] == throwers[0]]
    alone = beside[0] if len(beside) == 1 else None
    if alone is not None and alone["phase"] == Phase.AFTER.value:
        return activity_instance_id(alone["key"], alone["node"], row["instance"])  # which is over, and not in the tree
    if alone is not None and alone["phase"] == Phase.EXECUTE.value and not alone["children"]:
        model = process_model(engine, row["definition"])
        node = model.nodes.get(alone["node"])
        own = node is None or node.id in model.boundaries or node.traits.inputs or node.traits.outputs
        if not own and node is not None and not waits_as_scope(node):
            return activity_instance_id(alone["key"], alone["node"], row["instance"])
    around = connection.execute(select(e.node).where(e.key == row["parent"])).scalar()
    return activity_instance_id(row["parent"], around, row["instance"])


_DETAIL = shape(
    id=key("key"),
    type="kind",
    processDefinitionKey="process_id",
    processDefinitionId="definition_id",
    processInstanceId=key("instance"),
    executionId=key("element"),
    taskId=key("task"),
    tenantId="tenant",
    userOperationId="operation",
    time=date("time"),
    removalTime=date("removal_time"),
    rootProcessInstanceId=key("root"),
    constants=("caseDefinitionKey", "caseDefinitionId", "caseInstanceId", "caseExecutionId"),
    activities={"activityInstanceId": ("activity", "node")},
)


def write_details(
    found: Sequence[RowMapping], request: Request, connection: Connection, engine: Any
) -> list[dict[str, Any]]:
    """Updates of variables and submitted form fields."""
    deserialize = request.flag("deserializeValues", True)
    big = contents(connection, [row for row in found if row["form"] not in _UNREAD])
    return [_detail(row, big, deserialize) for row in found]


def _detail(row: RowMapping, big: Mapping[int, bytes], deserialize: bool) -> dict[str, Any]:
    written = _DETAIL.write(row)
    shown = _shown(row, big, deserialize)
    if row["kind"] == "formField":
        return {**written, "fieldId": row["name"], "fieldValue": shown["value"]}
    return {
        **written,
        "variableName": row["name"],
        "variableInstanceId": None if row["variable"] is None else str(row["variable"]),
        "variableType": shown["type"],
        "value": shown["value"],
        "valueInfo": shown["valueInfo"],
        "initial": bool(row["initial"]),
        "revision": row["revision"],
        "errorMessage": shown["errorMessage"],
    }


# ---------------------------------------------------------------- tasks


def task_object(row: Mapping[str, Any] | RowMapping) -> dict[str, Any]:
    """A task as Camunda shows it."""
    written = shapes.TASK.write(row)
    reference = None
    if row["form_ref"] is not None:
        reference = {"key": row["form_ref"], "binding": row["form_binding"], "version": row["form_version"]}
    written["camundaFormRef"] = reference
    return written


def write_tasks(
    found: Sequence[RowMapping], request: Request, connection: Connection, engine: Any
) -> list[dict[str, Any]]:
    """Tasks, and what else the request wants to see of them."""
    wanted = _wanted(request)
    written = _tasks(found, wanted)
    if _VARIABLES in wanted or _LOCAL_VARIABLES in wanted:
        _add_variables(written, found, connection, local=_VARIABLES not in wanted)
    return written


def plain_tasks(found: Rows, request: Request) -> list[dict[str, Any]] | None:
    """Tasks without their variables; None where the request wants to see those."""
    wanted = _wanted(request)
    return None if _VARIABLES in wanted or _LOCAL_VARIABLES in wanted else _tasks(found, wanted)


_VARIABLES, _LOCAL_VARIABLES = "withTaskVariablesInReturn", "withTaskLocalVariablesInReturn"
_COMMENTS = "withCommentAttachmentInfo"
_MORE = (_VARIABLES, _LOCAL_VARIABLES, _COMMENTS)


def _wanted(request: Request) -> set[str]:
    """What else a request wants to see of tasks."""
    wanted = {name for name, _ in request.query if name in _MORE and request.flag(name)}
    if request.method == "POST":
        body = request.json_object()
        wanted |= {name for name in _MORE if body.get(name) is True}
    return wanted


def _tasks(found: Rows, wanted: set[str]) -> list[dict[str, Any]]:
    written = [task_object(row) for row in found]
    if _COMMENTS in wanted:
        for entry in written:
            entry["attachment"] = entry["comment"] = False
    return written


def _add_variables(
    written: Sequence[dict[str, Any]], found: Sequence[RowMapping], connection: Connection, *, local: bool
) -> None:
    """Puts the variables that every task sees into its object: those of its instance, and its own above them."""
    v = schema.variable.c
    tasks = [row["key"] for row in found]
    instances = [] if local else [row["instance"] for row in found if row["instance"] is not None]
    condition = asking(connection).among(v.scope, [*tasks, *instances])
    rows = connection.execute(select(schema.variable).where(condition)).mappings().all()
    big = contents(connection, rows)
    by_scope: dict[int, dict[str, Any]] = {}
    for row in rows:
        value = written_value(row, big, deserialize=False, binary=True)
        by_scope.setdefault(row["scope"], {})[row["name"]] = value
    for entry, row in zip(written, found, strict=True):
        outer = by_scope.get(row["instance"], {}) if row["instance"] is not None else {}
        entry["variables"] = {**outer, **by_scope.get(row["key"], {})}


# ---------------------------------------------------------------- decisions


def write_decisions(
    found: Sequence[RowMapping], request: Request, connection: Connection, engine: Any
) -> list[dict[str, Any]]:
    """Decision instances; inputs and outputs where the request asks for them."""
    written = [shapes.HISTORY_DECISION.write(row) for row in found]
    deserialize = not request.flag("disableCustomObjectDeserialization")
    binary = not request.flag("disableBinaryFetching")
    for name, table, also in (
        ("inputs", schema.history_decision_input, _INPUT),
        ("outputs", schema.history_decision_output, _OUTPUT),
    ):
        if request.flag(f"include{name.capitalize()}"):
            clauses = _clauses(connection, table, also, [row["key"] for row in found], deserialize, binary)
            for entry, row in zip(written, found, strict=True):
                entry[name] = clauses.get(row["key"], [])
    return written


_INPUT = shape(
    id=key("key"),
    decisionInstanceId=key("decision_instance"),
    clauseId="clause_id",
    clauseName="clause_name",
    createTime=date("created"),
    removalTime=date("removal_time"),
    rootProcessInstanceId=key("root"),
    constants=("errorMessage",),
)
_OUTPUT = Shape(
    {
        **_INPUT.fields,
        "ruleId": ("rule_id", None),
        "ruleOrder": ("rule_order", None),
        "variableName": ("variable_name", None),
    },
    _INPUT.constants,
)


def _clauses(
    connection: Connection, table: Table, also: Shape, keys: Sequence[int], deserialize: bool, binary: bool
) -> dict[int, list[dict[str, Any]]]:
    owner = table.c.decision_instance
    shown = (column.label(column_name) for column_name, column in columns_of(table).items())
    rows = connection.execute(select(*shown).where(asking(connection).among(owner, keys)).order_by(table.c.key))
    found = rows.mappings().all()
    big = contents(connection, found)
    by_decision: dict[int, list[dict[str, Any]]] = {}
    for row in found:
        value = written_value(row, big, deserialize=deserialize, binary=binary)
        by_decision.setdefault(row["decision_instance"], []).append({**value, **also.write(row)})
    return by_decision
