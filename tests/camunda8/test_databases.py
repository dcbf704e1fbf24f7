"""What is kept between requests, on both databases: messages, forms, changes that listeners are asked about, batches."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from procession import open_engine
from procession.engine.engine import Engine
from tests.camunda8.conftest import MODELS
from tests.camunda8.play import Play, extended, job, process


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """On SQLite and on PostgreSQL."""
    with open_engine(database_url) as opened:
        yield opened


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
