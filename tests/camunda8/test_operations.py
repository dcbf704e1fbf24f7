"""Operating what runs: modification, migration, batch operations."""

from __future__ import annotations

import pytest

from tests.camunda8.play import Play, job, process

TWO = process(f'<startEvent id="s"/>{job("a")}{job("b")}<endEvent id="e"/>', "s>a a>b b>e")


def test_elements_are_activated_moved_and_terminated(api: Play) -> None:
    api.deploy(TWO)
    key = api.start(x=1)
    api.got(
        f"/process-instances/{key}/modification",
        {"activateInstructions": [{"elementId": "b", "variableInstructions": [{"variables": {"n": 1}}]}]},
    )
    assert (api.active, api.variables["n"]) == (["a", "b"], "1")
    (element,) = api.items("element-instances", processInstanceKey=key, elementId="a", state="ACTIVE")
    instruction = {"elementInstanceKey": element["elementInstanceKey"]}
    api.got(f"/process-instances/{key}/modification", {"terminateInstructions": [instruction]})
    assert api.active == ["b"]
    moved = {"sourceElementInstruction": {"sourceType": "byId", "sourceElementId": "b"}, "targetElementId": "a"}
    api.got(f"/process-instances/{key}/modification", {"moveInstructions": [moved]})
    assert api.active == ["a"]


def test_an_instance_may_begin_anywhere(api: Play) -> None:
    api.deploy(TWO)
    asked = {"processDefinitionId": "p", "startInstructions": [{"elementId": "b"}]}
    api.instance = api.got("/process-instances", asked)["processInstanceKey"]
    assert api.active == ["b"]


def test_an_instance_goes_on_in_another_definition(api: Play) -> None:
    api.deploy(TWO)
    key = api.start(x=1)
    other = process(f'<startEvent id="s"/>{job("c")}<endEvent id="e"/>', "s>c c>e", id_="q")
    (item,) = api.deploy(other)["deployments"]
    target = item["processDefinition"]["processDefinitionKey"]
    plan = {
        "targetProcessDefinitionKey": target,
        "mappingInstructions": [{"sourceElementId": "a", "targetElementId": "c"}],
    }
    api.got(f"/process-instances/{key}/migration", plan)
    assert (api.active, api.got(f"/process-instances/{key}")["processDefinitionId"]) == (["c"], "q")
    (work,) = api.jobs("a")
    api.got(f"/jobs/{work['jobKey']}/completion", {})
    assert api.state == "COMPLETED"
    assert api.refused("POST", f"/process-instances/{key}/migration", plan)[0] == 404


def run_batch(api: Play, path: str, body: object, *, type_: str) -> None:
    """Begins a batch operation and lets the engine do it."""
    begun = api.got(path, body)
    assert begun["batchOperationType"] == type_
    while api.engine.jobs.run_due():
        pass
    shown = api.got(f"/batch-operations/{begun['batchOperationKey']}")
    assert (shown["state"], shown["operationsFailedCount"]) == ("COMPLETED", 0)
    assert shown["operationsCompletedCount"] == shown["operationsTotalCount"]
    assert api.items("batch-operations", operationType=type_) == [shown]


def test_many_are_cancelled(api: Play) -> None:
    api.deploy(TWO)
    for _ in range(3):
        api.start()
    run_batch(
        api,
        "/process-instances/cancellation",
        {"filter": {"processDefinitionId": "p"}},
        type_="CANCEL_PROCESS_INSTANCE",
    )
    assert len(api.items("process-instances", state="TERMINATED")) == 3


def test_many_incidents_are_resolved(api: Play) -> None:
    nodes = '<startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="e"/><endEvent id="f"/>'
    api.deploy(process(nodes, "s>g g>e:=x=1 g>f:=x=2"))
    for _ in range(2):
        key = api.start()
        api.got(f"/element-instances/{key}/variables", {"variables": {"x": 1}}, "PUT")
    run_batch(
        api, "/process-instances/incident-resolution", {"filter": {"hasIncident": True}}, type_="RESOLVE_INCIDENT"
    )
    assert len(api.items("process-instances", state="COMPLETED")) == 2


def test_many_are_moved(api: Play) -> None:
    api.deploy(TWO)
    api.start()
    body = {"filter": {"state": "ACTIVE"}, "moveInstructions": [{"sourceElementId": "a", "targetElementId": "b"}]}
    run_batch(api, "/process-instances/modification", body, type_="MODIFY_PROCESS_INSTANCE")
    assert api.active == ["b"]


@pytest.mark.parametrize("path", ["cancellation", "incident-resolution"])
def test_a_batch_wants_a_filter(api: Play, path: str) -> None:
    assert api.refused("POST", f"/process-instances/{path}", {})[0] == 400
