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


def test_what_a_batch_is_for_is_told_one_by_one(api: Play) -> None:
    api.deploy(TWO)
    keys = [api.start() for _ in range(2)]
    begun = api.got("/process-instances/suspension", {"filter": {"processDefinitionId": "p"}})
    batch = {"batchOperationKey": begun["batchOperationKey"]}
    while api.engine.jobs.run_due():
        pass
    items = api.items("batch-operation-items", **batch)
    assert [(x["processInstanceKey"], x["state"], x["operationType"]) for x in items] == [
        (key, "COMPLETED", "SUSPEND_PROCESS_INSTANCE") for key in keys
    ]
    assert all(item["processedDate"] for item in items)
    assert api.items("batch-operation-items", state={"$neq": "COMPLETED"}, **batch) == []
    assert len(api.items("process-instances", **batch)) == 2
    assert api.jobs("a") == []
    run_batch(
        api,
        "/process-instances/resumption",
        {"filter": {"processDefinitionId": "p"}},
        type_="RESUME_PROCESS_INSTANCE",
    )
    assert len(api.jobs("a")) == 2


def test_an_instance_rests_goes_on_and_is_forgotten(api: Play) -> None:
    api.deploy(TWO)
    key = api.start()
    api.got(f"/process-instances/{key}/suspension", {})
    assert api.jobs("a") == []
    api.got(f"/process-instances/{key}/resumption", {})
    assert api.refused("POST", f"/process-instances/{key}/deletion")[:2] == (409, "INVALID_STATE")
    api.work("a")
    api.work("b")
    api.got(f"/process-instances/{key}/deletion", {})
    assert api.refused("GET", f"/process-instances/{key}")[0] == 404
    assert api.refused("POST", "/process-instances/5/suspension")[:2] == (404, "NOT_FOUND")


def test_retries_of_many_jobs(api: Play) -> None:
    api.deploy(TWO)
    api.start()
    (work,) = api.jobs("a")
    api.got(f"/jobs/{work['jobKey']}/failure", {"retries": 0, "errorMessage": "no"})
    body = {"filter": {"type": "a"}, "changeset": {"retries": 4}}
    run_batch(api, "/jobs/batch-update", body, type_="UPDATE_JOB")
    assert [job["retries"] for job in api.items("jobs", type="a")] == [4]
    assert api.refused("POST", "/jobs/batch-update", {**body, "changeset": {"timeout": 1}})[0] == 400


def test_cluster_variables_are_seen_by_expressions(api: Play) -> None:
    nodes = '<startEvent id="s"/><exclusiveGateway id="g" default="f1"/><endEvent id="e"/><endEvent id="f"/>'
    api.deploy(process(nodes, 's>g g>e g>f:=camunda.vars.cluster.region="north"'))
    api.start()
    assert [x["elementId"] for x in api.items("element-instances", type="END_EVENT")] == ["e"]
    made = api.got("/cluster-variables/global", {"name": "region", "value": "north"})
    assert (made["value"], made["scope"]) == ('"north"', "GLOBAL")
    assert api.refused("POST", "/cluster-variables/global", {"name": "region", "value": 1})[0] == 409
    api.start()
    assert [x["elementId"] for x in api.items("element-instances", processInstanceKey=api.instance)][-1] == "f"
    assert api.got("/cluster-variables/global/region", {"value": {"a": 1}}, "PUT")["value"] == '{"a":1}'
    assert [x["name"] for x in api.items("cluster-variables", name={"$like": "r*"})] == ["region"]
    api.got("/cluster-variables/global/region", method="DELETE")
    assert api.refused("GET", "/cluster-variables/global/region")[0] == 404
