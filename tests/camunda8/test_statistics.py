"""Statistics, what was used, and what users did, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from procession.camunda8.entities.instances import hash_code
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.server.settings import Settings
from tests.camunda8.play import Play, extended, job, process
from tests.server.calling import Caller

EVER = {"from": "2001-01-01T00:00:00Z", "to": "2999-01-01T00:00:00Z"}


@pytest.fixture
def engine(stored: Engine) -> Iterator[Engine]:
    """Statements are tried on both databases."""
    yield stored
    stored.reset()


@pytest.fixture
def busy(api: Play) -> Play:
    """Two instances of version 1, one of which stands still, and one of version 2."""
    nodes = f'<startEvent id="s"/>{job("a")}<endEvent id="e"/>'
    api.deploy(process(nodes, "s>a a>e"))
    api.start(n=1)
    api.start(m=2)
    first, _ = api.jobs("a")
    api.got(f"/jobs/{first['jobKey']}/failure", {"retries": 0, "errorMessage": "boom"})
    api.deploy(process(f'<startEvent id="s"/>{job("b")}<endEvent id="e"/>', "s>b b>e"))
    api.start(k=3)
    return api


def test_running_instances_are_counted(busy: Play) -> None:
    (row,) = busy.got("/process-definitions/statistics/process-instances", {})["items"]
    assert (row["processDefinitionId"], row["hasMultipleVersions"], row["tenantId"]) == ("p", True, "<default>")
    assert (row["activeInstancesWithoutIncidentCount"], row["activeInstancesWithIncidentCount"]) == (2, 1)
    body = {"filter": {"processDefinitionId": "p"}, "sort": [{"field": "processDefinitionVersion", "order": "DESC"}]}
    rows = busy.got("/process-definitions/statistics/process-instances-by-version", body)["items"]
    assert [(x["processDefinitionVersion"], x["activeInstancesWithIncidentCount"]) for x in rows] == [(2, 0), (1, 1)]
    names = busy.items(f"process-definitions/{rows[1]['processDefinitionKey']}/variable-names")
    assert sorted(x["name"] for x in names) == ["m", "n"]


def test_incidents_are_counted(busy: Play) -> None:
    (row,) = busy.got("/incidents/statistics/process-instances-by-error", {})["items"]
    assert row == {"errorHashCode": hash_code("boom"), "errorMessage": "boom", "activeInstancesWithErrorCount": 1}
    body = {"filter": {"errorHashCode": row["errorHashCode"]}}
    (of,) = busy.got("/incidents/statistics/process-instances-by-definition", body)["items"]
    assert (of["processDefinitionVersion"], of["activeInstancesWithErrorCount"]) == (1, 1)
    assert len(busy.items("process-instances", incidentErrorHashCode=row["errorHashCode"])) == 1
    assert busy.items("process-instances", incidentErrorHashCode={"$neq": row["errorHashCode"]}) == []


@pytest.mark.parametrize(
    ("text", "hashed"), [("", 0), ("boom", 3029739), ("polygenelubricants", -(2**31)), ("😀", 1772899)]
)
def test_errors_are_known_by_javas_hash(text: str, hashed: int) -> None:
    assert hash_code(text) == hashed


def test_jobs_are_counted(busy: Play) -> None:
    busy.work("b")
    found: dict[str, Any] = {x["jobType"]: x for x in busy.got("/jobs/statistics/by-types", {"filter": EVER})["items"]}
    assert {name: [row[x]["count"] for x in ("created", "completed", "failed")] for name, row in found.items()} == {
        "a": [2, 0, 1],
        "b": [1, 1, 0],
    }
    of_a = {"filter": EVER | {"jobType": "a"}}
    (worker,) = busy.got("/jobs/statistics/by-workers", of_a)["items"]
    assert (worker["worker"], worker["failed"]["count"]) == ("w", 1)
    (error,) = busy.got("/jobs/statistics/errors", of_a)["items"]
    assert error == {"errorCode": "", "errorMessage": "boom", "workers": 1}
    whole = busy.ask("GET", "/jobs/statistics/global", params=EVER).json()
    assert (whole["created"]["count"], whole["completed"]["count"], whole["isIncomplete"]) == (3, 1, False)
    assert busy.refused("POST", "/jobs/statistics/errors", {"filter": EVER})[0] == 400


def test_messages_that_are_waited_for_are_counted(api: Play) -> None:
    start = '<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>'
    api.deploy(process(f'{start}<endEvent id="e"/>', "s>e", '<message id="m" name="go"/>'))
    (row,) = api.got("/process-definitions/statistics/message-subscriptions", {})["items"]
    assert (row["activeSubscriptions"], row["processInstancesWithActiveSubscriptions"]) == (1, 0)
    body = {"filter": {"messageName": "other"}}
    assert api.got("/process-definitions/statistics/message-subscriptions", body)["items"] == []


def test_what_was_used_is_counted(busy: Play) -> None:
    params = {"startTime": EVER["from"], "endTime": EVER["to"], "withTenants": "true"}
    used = busy.ask("GET", "/system/usage-metrics", params=params).json()
    counts = {"processInstances": 3, "decisionInstances": 0, "assignees": 0}
    assert used == counts | {"activeTenants": 1, "tenants": {"<default>": counts}}


def test_what_users_did_is_told(engine: Engine) -> None:
    settings = Settings(auth=True, admin_user="ann", admin_password=SecretStr("secret"))
    caller = Caller(create_app(engine, settings))

    def ask(method: str, path: str, **options: Any) -> Any:
        answer = caller.call(method, f"/v2{path}", auth=("ann", "secret"), **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    model = process(
        f'<startEvent id="s"/>{extended("userTask", "u", "<zeebe:userTask/>")}<endEvent id="e"/>', "s>u u>e"
    )
    ask("POST", "/deployments", files=[("resources", ("p.bpmn", model))])
    ask("POST", "/process-instances", json={"processDefinitionId": "p"})
    (task,) = ask("POST", "/user-tasks/search", json={})["items"]
    path = f"/user-tasks/{task['userTaskKey']}"
    ask("POST", f"{path}/assignment", json={"assignee": "bob"})
    ask("DELETE", f"{path}/assignee")
    ask("POST", f"{path}/completion", json={})
    entries = ask("POST", f"{path}/audit-logs/search", json={"sort": [{"field": "auditLogKey"}]})["items"]
    assert [(x["operationType"], x["actorId"], x["entityType"]) for x in entries] == [
        (operation, "ann", "USER_TASK") for operation in ("ASSIGN", "UNASSIGN", "COMPLETE")
    ]
    assert ask("GET", f"/audit-logs/{entries[0]['auditLogKey']}") == entries[0]
    wanted = {"filter": {"actorId": "ann", "operationType": "COMPLETE"}}
    assert ask("POST", "/audit-logs/search", json=wanted)["items"] == entries[2:]
