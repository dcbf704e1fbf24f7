"""Where an instance stands: the tree of its activity instances, as Cockpit draws it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import select

from procession.bpmn.activity_types import activity_type
from procession.bpmn.model import Process
from procession.camunda7.exchange import Request, Response, answer
from procession.camunda7.listing import activity_instance_id
from procession.camunda7.lookups import one, reading
from procession.camunda7.problems import invalid_request
from procession.camunda7.routes import route
from procession.camunda7.shown_forms import process_model
from procession.kernel.compensation import COMPENSATES, KEPT
from procession.kernel.records import ASIDE, Phase
from procession.storage import schema
from procession.storage.encoding import mapping_from_json
from procession.storage.queries.runtime import PROCESS_INSTANCE

BODY = "#multiInstanceBody"
_TRANSITION = (Phase.BEFORE.value, Phase.AFTER.value, Phase.OUT.value)


@route("GET", "/process-instance/{id}/activity-instances")
def get_activity_instances(request: Request, engine: Any) -> Response:
    """The tree of activity instances; what waits for an asynchronous continuation is a transition instance."""
    id_ = request["id"]
    e, i = schema.element.c, schema.incident.c
    with reading(engine) as connection:
        missing = invalid_request(f"Process instance with id {id_} does not exist", 404)
        instance = one(connection, engine, PROCESS_INSTANCE, id_, lambda: missing)
        statement = (
            select(e.key, e.parent, e.node, e.phase, e.note).where(e.instance == instance["key"]).order_by(e.key)
        )
        # what is kept for compensation only is not in the tree
        elements = [row for row in connection.execute(statement).mappings() if f'"{ASIDE}"' not in (row["note"] or "")]
        found = select(i.key, i.element, i.node).where(i.instance == instance["key"]).order_by(i.key)
        incidents: dict[Any, list[dict[str, Any]]] = {}
        for row in connection.execute(found).mappings():
            entry = {"id": str(row["key"]), "activityId": row["node"]}
            incidents.setdefault(row["element"], []).append(entry)
        d = schema.process_definition.c
        named = select(d.key, d.name).where(d.id == instance["definition_id"])
        definition, name = connection.execute(named).one()
    model = process_model(engine, definition)
    recalled = _recalled(elements)
    around = {row["key"]: row["parent"] for row in elements}
    elements.sort(key=lambda row: (_depth(row["key"], around), row["key"] in recalled, row["key"]))
    names = {row["key"]: row["node"] for row in elements}
    siblings = Counter(row["parent"] for row in elements)
    nodes: dict[int, dict[str, Any]] = {}
    for row in elements:
        shown_by = _shown_by(row, elements, recalled)
        if shown_by is not None and shown_by in nodes:
            nodes[row["key"]] = nodes[shown_by]
            continue
        node = _node(row, instance, incidents.get(row["key"], []), model, name)
        if "targetActivityId" in node and siblings[row["parent"]] == 1 and not _in_parallel_loop(names, row, model):
            # a token that is alone in its scope has the scope's own execution in Camunda 7
            node["id"] = node["executionId"] = str(row["parent"])
        nodes[row["key"]] = node
        parent = nodes.get(row["parent"]) if row["parent"] is not None else None
        if parent is None:
            continue
        node["parentActivityInstanceId"] = activity_instance_id(row["parent"], names[row["parent"]], instance["key"])
        if "targetActivityId" in node:
            parent["childTransitionInstances"].append(node)
        elif "childActivityInstances" in parent:
            parent["childActivityInstances"].append(node)
    root = nodes.get(instance["key"])
    if root is None:
        raise missing
    return answer(root)


def _recalled(elements: list[Any]) -> dict[int, int]:
    """The scopes that are being compensated, with what recalled them."""
    found = {}
    for row in elements:
        if row["note"] and f'"{KEPT}"' in row["note"]:
            found[row["key"]] = int(mapping_from_json(row["note"])[COMPENSATES])
    return found


def _shown_by(row: Any, elements: list[Any], recalled: dict[int, int]) -> int | None:
    """A compensated scope inside another shows as that one beside its handlers, as its twin beside others like it."""
    if row["key"] not in recalled or row["parent"] not in recalled:
        return None
    beside = [one for one in elements if one["parent"] == row["parent"]]
    if any(one["key"] not in recalled for one in beside):
        return int(row["parent"])
    twin = next(one["key"] for one in beside if one["node"] == row["node"])
    return None if twin == row["key"] else int(twin)


def _depth(key: int, around: dict[int, int | None]) -> int:
    depth, at = 0, around.get(key)
    while at is not None:
        depth, at = depth + 1, around.get(at)
    return depth


def _in_parallel_loop(names: dict[int, str], row: Any, model: Process) -> bool:
    around = names.get(row["parent"], "")
    found = model.nodes.get(around.removesuffix(BODY)) if around.endswith(BODY) else None
    return found is not None and found.traits.loop is not None and not found.traits.loop.sequential


def _node(row: Any, instance: Any, incidents: list[dict[str, Any]], model: Process, name: str | None) -> dict[str, Any]:
    root = row["key"] == instance["key"]
    in_loop = row["node"].endswith(BODY)
    found = None if root or in_loop else model.nodes.get(row["node"])
    title = name if root else found.name if found is not None else None
    kind = "processDefinition" if root else "multiInstanceBody" if in_loop else activity_type(found) if found else ""
    shared: dict[str, Any] = {
        "id": activity_instance_id(row["key"], row["node"], instance["key"]),
        "parentActivityInstanceId": None,
        "activityId": instance["definition_id"] if root else row["node"],
        "activityName": title,
        "activityType": kind,
        "processInstanceId": str(instance["key"]),
        "processDefinitionId": instance["definition_id"],
        "incidentIds": [entry["id"] for entry in incidents],
        "incidents": incidents,
    }
    if not root and row["phase"] in _TRANSITION:
        return {
            **shared,
            "id": str(row["key"]),
            "executionId": str(row["key"]),
            "targetActivityId": row["node"],
        }
    return {
        **shared,
        "name": title,
        "childActivityInstances": [],
        "childTransitionInstances": [],
        "executionIds": [str(row["key"])],
    }
