"""Searches: filters with operators, sorting, offsets and cursors; what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from procession import open_engine
from procession.camunda8.api import cluster_variables
from procession.camunda8.entities import audit, batches, data, definitions, identity, instances, work
from procession.camunda8.searching import Field, text
from procession.engine.engine import Engine, EngineSettings
from procession.server.application import create_app
from procession.server.settings import Settings
from tests.camunda8.play import Play, job, process
from tests.server.calling import Caller

SIMPLE = process(f'<startEvent id="s"/>{job("a")}<endEvent id="e"/>', "s>a a>e")


@pytest.fixture(scope="module")
def filled(stored: Engine) -> Play:
    """Five instances, the first of which has ended. Searches are statements: they are tried on both databases."""
    api = Play(stored, Caller(create_app(stored, Settings(test_mode=True, auth=False))))
    api.deploy(SIMPLE)
    for number in range(5):
        api.start(n=number, text=f"t{number}", flag=number % 2 == 0)
    (first, *_) = api.jobs("a")
    api.got(f"/jobs/{first['jobKey']}/completion", {})
    return api


def found(api: Play, filters: dict[str, Any], **more: Any) -> list[str]:
    """The keys of the instances that meet a filter."""
    answer = api.got("/process-instances/search", {"filter": filters, **more})
    return [item["processInstanceKey"] for item in answer["items"]]


FILTERS: list[tuple[dict[str, Any], int]] = [
    ({}, 5),
    ({"state": "ACTIVE"}, 4),
    ({"state": {"$neq": "ACTIVE"}}, 1),
    ({"state": {"$in": ["COMPLETED", "TERMINATED"]}}, 1),
    ({"state": {"$notIn": ["COMPLETED"]}}, 4),
    ({"processDefinitionId": {"$like": "?"}}, 5),
    ({"processDefinitionId": {"$like": "q*"}}, 0),
    ({"endDate": {"$exists": True}}, 1),
    ({"startDate": {"$gt": "2001-01-01T00:00:00Z", "$lt": "2999-01-01T00:00:00Z"}}, 5),
    ({"processDefinitionVersion": {"$gte": 1, "$lte": 1}}, 5),
    ({"processDefinitionVersion": 2}, 0),
    ({"$or": [{"state": "COMPLETED"}, {"processDefinitionVersion": 1}]}, 5),
    ({"$or": [{"state": "COMPLETED"}, {"state": "TERMINATED"}], "hasIncident": False}, 1),
    ({"variables": [{"name": "n", "value": "3"}]}, 1),
    ({"variables": [{"name": "text", "value": '"t1"'}]}, 1),
    ({"variables": [{"name": "text", "value": {"$like": "t*"}}]}, 5),
    ({"variables": [{"name": "flag", "value": "true"}, {"name": "n", "value": {"$in": ["0", "1", "2"]}}]}, 2),
    ({"tenantId": "<default>"}, 5),
    ({"tenantId": "other"}, 0),
    ({"elementId": "a", "elementInstanceState": "ACTIVE"}, 4),
    ({"parentProcessInstanceKey": {"$exists": False}}, 5),
    ({"hasIncident": True}, 0),
    # the official Java client sends empty lists beside what it was asked for
    ({"tags": [], "variables": [], "$or": [], "state": {"$eq": "ACTIVE", "$in": [], "$notIn": []}}, 4),
    ({"variables": [{"name": "n", "value": {"$eq": "3", "$in": []}}]}, 1),
]


def test_filters(filled: Play) -> None:
    assert [(filters, len(found(filled, filters))) for filters, _ in FILTERS] == FILTERS


def test_sorting_and_offsets(filled: Play) -> None:
    upwards = found(filled, {}, sort=[{"field": "processInstanceKey"}])
    assert found(filled, {}, sort=[{"field": "processInstanceKey", "order": "DESC"}]) == upwards[::-1]
    assert found(filled, {}, page={"from": 1, "limit": 2}) == upwards[1:3]
    by_end = found(filled, {}, sort=[{"field": "endDate", "order": "DESC"}])
    assert by_end[0] == upwards[0]


@pytest.mark.parametrize("order", ["ASC", "DESC"])
@pytest.mark.parametrize("field", ["startDate", "endDate", "state", "processInstanceKey"])
def test_cursors_lead_through_everything_and_back(filled: Play, field: str, order: str) -> None:
    sort = [{"field": field, "order": order}]
    whole = found(filled, {}, sort=sort)
    seen: list[str] = []
    cursor, pages = None, []
    while True:
        page = {"limit": 2} if cursor is None else {"limit": 2, "after": cursor}
        answer = filled.got("/process-instances/search", {"sort": sort, "page": page})
        if not answer["items"]:
            break
        seen += [item["processInstanceKey"] for item in answer["items"]]
        pages.append(answer)
        cursor = answer["page"]["endCursor"]
        assert answer["page"]["totalItems"] == 5
    assert seen == whole
    back = {"limit": 2, "before": pages[2]["page"]["startCursor"]}
    answer = filled.got("/process-instances/search", {"sort": sort, "page": back})
    assert answer["items"] == pages[1]["items"]


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"nonsense": 1}},
        {"filter": {"state": {"$what": 1}}},
        {"filter": {"state": 7}},
        {"filter": {"startDate": "soon"}},
        {"filter": {"processInstanceKey": "abc"}},
        {"filter": []},
        {"sort": [{"field": "nonsense"}]},
        {"sort": [{"field": "state", "order": "UP"}]},
        {"page": {"limit": 10_001}},
        {"page": {"limit": -1}},
        {"page": {"after": "x"}},
        {"page": {"after": "x", "before": "y"}},
        {"filter": {"$or": {"a": 1}}},
        {"filter": {"variables": [{"name": "n"}]}},
    ],
)
def test_what_cannot_be_searched(api: Play, body: dict[str, Any]) -> None:
    assert api.refused("POST", "/process-instances/search", body)[0] == 400


ENTITIES = {
    "process-instances": instances.INSTANCES, "element-instances": instances.ELEMENTS, "variables": data.VARIABLES,
    "incidents": data.INCIDENTS, "jobs": work.JOBS, "user-tasks": work.USER_TASKS,
    "message-subscriptions": work.MESSAGE_SUBSCRIPTIONS, "process-definitions": definitions.PROCESSES,
    "decision-definitions": definitions.DECISIONS, "decision-requirements": definitions.REQUIREMENTS,
    "decision-instances": definitions.EVALUATIONS, "resources": definitions.RESOURCES,
    "batch-operations": batches.BATCHES, "batch-operation-items": batches.ITEMS, "audit-logs": audit.AUDIT_LOG,
    "users": identity.USERS, "groups": identity.GROUPS, "roles": identity.ROLES, "tenants": identity.TENANTS,
    "mapping-rules": identity.MAPPING_RULES, "authorizations": identity.AUTHORIZATIONS,
    "cluster-variables": cluster_variables.VARIABLES,
}  # fmt: skip
SAMPLES = ("1", 1, True, "2024-01-01T00:00:00Z", [])
OPERATORS = ("$eq", "$neq", "$gt", "$gte", "$lt", "$lte", "$like")


@pytest.mark.parametrize("path", ENTITIES)
def test_every_sorting_and_filter_makes_a_statement(filled: Play, path: str) -> None:
    entity = ENTITIES[path]
    sort = [{"field": name, "order": "DESC"} for name in entity.sorts]
    page = filled.got(f"/{path}/search", {"sort": sort, "page": {"limit": 1}})["page"]
    for name in ("after", "before") if page["endCursor"] else ():
        filled.got(f"/{path}/search", {"sort": sort, "page": {name: page["endCursor"]}})
    for name, found in entity.filters.items():
        asked = ((s, filled.ask("POST", f"/{path}/search", {"filter": {name: s}}).status_code) for s in SAMPLES)
        fit = [next(sample for sample, status in asked if status == 200)]
        if isinstance(found, Field):
            some = {"$exists": True, "$in": fit, "$notIn": fit}
            operators = some | {o: fit[0] for o in OPERATORS if takes(found, o)}
            filled.got(f"/{path}/search", {"filter": {name: operators}})


def takes(found: Field, operator: str) -> bool:
    """Texts are compared with patterns, everything else by size."""
    is_text = found.read is text(found.column).read
    return operator in ("$eq", "$neq") or (operator == "$like") is is_text


NEEDS = {
    "process-instances": "activity", "element-instances": "activity", "user-tasks": "activity", "variables": "audit",
    "incidents": "full", "jobs": "full", "decision-instances": "full", "batch-operations": "full",
    "batch-operation-items": "full", "audit-logs": "full", "process-definitions": "none", "resources": "none",
}  # fmt: skip
LEVELS = ["none", "activity", "audit", "full"]


@pytest.mark.parametrize("level", LEVELS[:-1])
def test_what_history_does_not_keep_is_no_empty_answer(level: str) -> None:
    with keeping(level) as api:
        for path, needed in NEEDS.items():
            if LEVELS.index(needed) <= LEVELS.index(level):
                assert api.items(path) == []
                continue
            status, title, detail = api.refused("POST", f"/{path}/search", {})
            assert (status, title) == (403, "FORBIDDEN")
            assert f"PROCESSION_HISTORY_LEVEL={needed}" in detail


def test_filters_that_history_keeps_nothing_for() -> None:
    with keeping("activity") as api:
        api.deploy(SIMPLE)
        api.start(n=1)
        assert [x["state"] for x in api.items("process-instances", processDefinitionId="p")] == ["ACTIVE"]
        for name, value in (("hasIncident", True), ("variables", [{"name": "n", "value": "1"}])):
            assert api.refused("POST", "/process-instances/search", {"filter": {name: value}})[0] == 403
        assert api.items("process-definitions")
        assert api.items("message-subscriptions") == []


@contextmanager
def keeping(level: str) -> Iterator[Play]:
    """The API of an engine that keeps so much history."""
    with open_engine("sqlite://", settings=EngineSettings(history=level)) as engine:
        yield Play(engine, Caller(create_app(engine, Settings(auth=False))))


def test_single_things(filled: Play) -> None:
    (variable, *_) = filled.items("variables", name="text")
    assert filled.got(f"/variables/{variable['variableKey']}")["value"] == variable["value"]
    (element, *_) = filled.items("element-instances", elementId="a")
    assert filled.got(f"/element-instances/{element['elementInstanceKey']}") == element
    assert element["type"] == "SERVICE_TASK"
    (definition,) = filled.items("process-definitions", isLatestVersion=True)
    key = definition["processDefinitionKey"]
    assert filled.got(f"/process-definitions/{key}") == definition
    assert filled.ask("GET", f"/process-definitions/{key}/xml").content == SIMPLE
    assert filled.ask("GET", f"/process-definitions/{key}/form").status_code == 204
    counted = {
        x["elementId"]: x for x in filled.got(f"/process-definitions/{key}/statistics/element-instances", {})["items"]
    }
    assert (counted["a"]["active"], counted["a"]["completed"]) == (4, 1)
    for path in (
        "process-instances",
        "element-instances",
        "variables",
        "incidents",
        "process-definitions",
        "user-tasks",
    ):
        assert filled.refused("GET", f"/{path}/5")[:2] == (404, "NOT_FOUND")


def test_expressions(api: Play) -> None:
    asked = {"expression": "=x + 1", "variables": {"x": 2}}
    assert api.got("/expression/evaluation", asked) == {
        "expression": "=x + 1",
        "result": 3,
        "warnings": [],
        "referencedSecrets": [],
    }
    assert api.got("/expression/evaluation", {"expression": "=missing"})["result"] is None
    assert api.refused("POST", "/expression/evaluation", {"expression": "=("})[0] == 400


def test_who_asks(api: Play) -> None:
    assert api.got("/authentication/me")["tenants"][0]["tenantId"] == "<default>"
    assert api.got("/topology")["clusterSize"] == 1
    assert api.ask("GET", "/status").status_code == 204
    assert api.got("/license")["validLicense"] is False
