"""What is kept between requests, on both databases: messages, forms, changes that listeners are asked about, batches."""

from __future__ import annotations

from typing import Any

import pytest

from procession.engine.engine import Engine
from tests.camunda8.conftest import MODELS
from tests.camunda8.play import Play, extended, job, process


@pytest.fixture
def engine(stored: Engine) -> Engine:
    """On SQLite and on PostgreSQL."""
    return stored


def test_everything_once(api: Play) -> None:
    start = '<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>'
    api.deploy(process(f'{start}{job("a")}<endEvent id="e"/>', "s>a a>e", '<message id="m" name="go"/>'))
    for number in range(2):
        body = {
            "name": "go",
            "correlationKey": "k",
            "timeToLive": 60_000,
            "variables": {"n": number, "deep": {"x": [1.5]}},
        }
        api.got("/messages/publication", body)
    assert api.work("a")["variables"] == {"n": 0, "deep": {"x": [1.5]}}
    assert api.work("a")["variables"]["n"] == 1

    listeners = '<zeebe:taskListeners><zeebe:taskListener eventType="creating" type="look"/></zeebe:taskListeners>'
    task = extended("userTask", "u", f'<zeebe:userTask/><zeebe:formDefinition formId="look"/>{listeners}')
    api.deploy(MODELS / "look.form")
    api.deploy(process(f'<startEvent id="s"/>{task}<endEvent id="e"/>', "s>u u>e", id_="q"))
    api.start("q", x=1)
    corrections = {"dueDate": "2030-01-01T00:00:00Z", "candidateGroups": ["g"]}
    api.work("look", {"type": "userTask", "corrections": corrections})
    (shown,) = api.items("user-tasks", candidateGroup="g", state="CREATED")
    assert api.got(f"/user-tasks/{shown['userTaskKey']}/form")["formId"] == "look"
    seen = api.got(f"/user-tasks/{shown['userTaskKey']}/effective-variables/search", {"filter": {}})["items"]
    assert [item["name"] for item in seen] == ["x"]

    begun = api.got("/process-instances/cancellation", {"filter": {"processDefinitionId": "q"}})
    while api.engine.jobs.run_due():
        pass
    assert api.got(f"/batch-operations/{begun['batchOperationKey']}")["state"] == "COMPLETED"
    assert api.state == "TERMINATED"

    api.deploy(MODELS / "dish.dmn")
    asked = {"decisionDefinitionId": "dish", "variables": {"season": "Winter"}}
    assert api.got("/decision-definitions/evaluation", asked)["output"] == '"Stew"'
    (evaluated,) = api.items("decision-instances")
    assert api.got(f"/decision-instances/{evaluated['decisionEvaluationInstanceKey']}")["result"] == '"Stew"'


def test_user_tasks_are_found_by_variables_and_tags(api: Play) -> None:
    inputs = '<zeebe:ioMapping><zeebe:input source="=who + 1" target="inside"/></zeebe:ioMapping>'
    api.deploy(process(f'<startEvent id="s"/>{extended("userTask", "u", f"<zeebe:userTask/>{inputs}")}', "s>u"))
    for who in (1, 2):
        api.got("/process-instances", {"processDefinitionId": "p", "variables": {"who": who}, "tags": [f"t{who}"]})
    wanted: list[tuple[dict[str, Any], int]] = [
        ({"processInstanceVariables": [{"name": "who", "value": "1"}]}, 1),
        ({"processInstanceVariables": [{"name": "inside", "value": "2"}]}, 0),
        ({"localVariables": [{"name": "inside", "value": "2"}], "processInstanceVariables": []}, 1),
        ({"localVariables": [{"name": "who", "value": "1"}]}, 0),
        ({"localVariables": [{"name": "inside", "value": {"$in": ["2", "3"]}}]}, 2),
        ({"tags": ["t2"]}, 1),
    ]
    assert [(filters, len(api.items("user-tasks", **filters))) for filters, _ in wanted] == wanted


def test_the_result_of_an_instance(api: Play) -> None:
    api.deploy(process('<startEvent id="s"/><endEvent id="e"/>', "s>e"))
    asked = {"processDefinitionId": "p", "variables": {"a": 1, "b": [2]}, "awaitCompletion": True}
    assert api.got("/process-instances", asked)["variables"] == {"a": 1, "b": [2]}
    assert api.got("/process-instances", asked | {"fetchVariables": ["b"]})["variables"] == {"b": [2]}
