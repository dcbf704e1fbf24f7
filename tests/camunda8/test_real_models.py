"""Models that people run on Camunda 8: each deploys, and is played to its end or until only an incident is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.camunda8.play import Play
from tests.conformance.corpora import folder

ROOT = folder("real-models") / "camunda8"
FILES = sorted(path for path in ROOT.rglob("*.bpmn"))
MOST_MOVES = 50
# what models read that only their makers' workers know
VARIABLES: dict[str, Any] = {
    "orderId": "o1", "order_id": "o1", "bookingReferenceId": "b1", "paymentRequestId": "p1", "reviewed": True,
    "correlationKey": "k", "key": "k", "items": [1, 2], "orders": [1], "x": 7, "prId": "1", "pullRequestId": "1",
}  # fmt: skip


def move(api: Play) -> bool:
    """Does one thing that the instance waits for; False where there is nothing."""
    here = {"processInstanceKey": api.instance}
    for job in api.items("jobs", state="CREATED", **here):
        api.jobs(job["type"])
        api.got(f"/jobs/{job['jobKey']}/completion", {"variables": VARIABLES})
        return True
    for task in api.items("user-tasks", state="CREATED", **here):
        api.got(f"/user-tasks/{task['userTaskKey']}/completion", {"variables": VARIABLES})
        return True
    for waits in api.items("message-subscriptions", **here):
        body = {"name": waits["messageName"], "correlationKey": waits["correlationKey"]}
        api.got("/messages/correlation", body)
        return True
    due = api.engine.jobs.run_due()
    if not due:
        api.run_due(400 * 86_400_000)
        return bool(api.items("element-instances", state="COMPLETED", **here)) and api.state != "ACTIVE"
    return True


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_deploys_and_runs(api: Play, path: Path) -> None:
    deployed = api.deploy(path)
    ids = [x["processDefinition"]["processDefinitionId"] for x in deployed["deployments"] if x["processDefinition"]]
    assert ids
    for process_id in ids:
        answer = api.ask("POST", "/process-instances", {"processDefinitionId": process_id, "variables": VARIABLES})
        if answer.status_code == 400:
            continue  # it starts by a message or a timer only
        api.instance = answer.json()["processInstanceKey"]
        for _ in range(MOST_MOVES):
            if api.state != "ACTIVE" or not move(api):
                break
        assert api.state == "COMPLETED" or api.incidents or api.active
