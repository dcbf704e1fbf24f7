"""What models of Camunda 8 do, seen through the API."""

from __future__ import annotations

import json

import pytest

from tests.camunda8.conftest import MODELS
from tests.camunda8.play import Play, extended, job, process

MAPPED = (
    '<zeebe:ioMapping><zeebe:input source="=x + 1" target="y"/><zeebe:input source="=y * 2" target="z.deep"/>'
    '<zeebe:output source="=r" target="out.a"/><zeebe:output source="=z.deep" target="out.b"/></zeebe:ioMapping>'
)


def test_mappings_make_scopes_and_nested_targets(api: Play) -> None:
    api.deploy(process(f'<startEvent id="s"/>{job("a", MAPPED)}<endEvent id="e"/>', "s>a a>e"))
    api.start(x=1)
    assert api.work("a", r="done", lost=1)["variables"] == {"x": 1, "y": 2, "z": {"deep": 4}}
    assert (api.state, api.variables) == ("COMPLETED", {"x": "1", "out": '{"a":"done","b":4}'})


def test_results_without_output_mappings_go_to_where_the_variable_is(api: Play) -> None:
    inputs = '<zeebe:ioMapping><zeebe:input source="=1" target="local"/></zeebe:ioMapping>'
    api.deploy(process(f'<startEvent id="s"/>{job("a", inputs)}<endEvent id="e"/>', "s>a a>e"))
    api.start()
    api.work("a", local=2, new=3)
    assert api.variables == {"new": "3"}


@pytest.mark.parametrize(
    ("condition", "x", "ended"),
    [("=x~>~5", 7, True), ("=x~>~5", 1, False), ('="text"', 1, None), ("=nothing", 1, None)],
)
def test_conditions(api: Play, condition: str, x: int, ended: bool | None) -> None:
    nodes = f'<startEvent id="s"/><exclusiveGateway id="g"/>{job("a")}<endEvent id="e"/>'
    api.deploy(process(nodes, f"s>g g>e:{condition} g>a:=not({condition[1:]})"))
    api.start(x=x)
    assert api.incidents == ([] if ended is not None else [("g", "EXTRACT_VALUE_ERROR")])
    if ended is not None:
        assert (api.state == "COMPLETED") is ended


def test_an_incident_is_resolved_once_its_cause_is_mended(api: Play) -> None:
    nodes = '<startEvent id="s"/><exclusiveGateway id="g"/><endEvent id="e"/><endEvent id="e2"/>'
    api.deploy(process(nodes, "s>g g>e:=x=1 g>e2:=x=2"))
    api.start(x=3)
    assert api.incidents == [("g", "CONDITION_ERROR")]
    api.resolve()
    assert api.incidents == [("g", "CONDITION_ERROR")]
    api.got(f"/element-instances/{api.instance}/variables", {"variables": {"x": 2}}, "PUT")
    api.resolve()
    assert (api.state, api.incidents) == ("COMPLETED", [])


def test_a_job_without_retries_waits_for_retries_and_for_its_incident(api: Play) -> None:
    api.deploy(process(f'<startEvent id="s"/>{job("a")}<endEvent id="e"/>', "s>a a>e"))
    api.start()
    (found,) = api.jobs("a")
    key = found["jobKey"]
    api.got(f"/jobs/{key}/failure", {"retries": 0, "errorMessage": "boom", "variables": {"why": 1}})
    assert api.incidents == [("a", "JOB_NO_RETRIES")]
    (incident,) = api.items("incidents", processInstanceKey=api.instance)
    assert (incident["errorMessage"], incident["jobKey"]) == ("boom", key)
    assert api.refused("POST", f"/incidents/{incident['incidentKey']}/resolution")[0] == 404
    api.got(f"/jobs/{key}", {"changeset": {"retries": 2}}, "PATCH")
    assert api.jobs("a") == []
    api.resolve()
    (again,) = api.jobs("a")
    assert (again["jobKey"], again["retries"], again["variables"]) == (key, 2, {"why": 1})
    api.got(f"/jobs/{key}/completion", {})
    assert api.state == "COMPLETED"


def test_an_error_goes_to_its_boundary_event_with_its_variables(api: Play) -> None:
    boundary = extended(
        "boundaryEvent",
        "b",
        '<zeebe:ioMapping><zeebe:output source="=reason" target="why"/></zeebe:ioMapping>',
        '<errorEventDefinition errorRef="err"/>',
        'attachedToRef="a"',
    )
    nodes = f'<startEvent id="s"/>{job("a")}{boundary}<endEvent id="e"/><endEvent id="e2"/>'
    api.deploy(process(nodes, "s>a a>e b>e2", '<error id="err" errorCode="E1"/>'))
    api.start()
    (found,) = api.jobs("a")
    api.got(f"/jobs/{found['jobKey']}/error", {"errorCode": "E1", "variables": {"reason": "x"}})
    assert (api.state, api.variables) == ("COMPLETED", {"why": '"x"'})


def test_an_error_that_nobody_catches_is_an_incident_and_its_job_comes_back(api: Play) -> None:
    api.deploy(process(f'<startEvent id="s"/>{job("a")}<endEvent id="e"/>', "s>a a>e"))
    api.start()
    (found,) = api.jobs("a")
    key = found["jobKey"]
    api.got(f"/jobs/{key}/error", {"errorCode": "E9", "errorMessage": "no"})
    assert api.incidents == [("a", "UNHANDLED_ERROR_EVENT")]
    assert api.refused("POST", f"/jobs/{key}/completion", {})[:2] == (409, "INVALID_STATE")
    api.resolve()
    assert api.work("a")["jobKey"] == key
    assert api.state == "COMPLETED"


def looped(sequential: bool, extra: str = "") -> bytes:
    """A service task for every item."""
    loop = (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"><extensionElements>'
        '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" outputCollection="results" '
        f'outputElement="=r"/></extensionElements>{extra}</multiInstanceLoopCharacteristics>'
    )
    return process(f'<startEvent id="s"/>{job("a", inside=loop)}<endEvent id="e"/>', "s>a a>e")


@pytest.mark.parametrize("sequential", [False, True])
def test_loops_collect_and_count_from_one(api: Play, sequential: bool) -> None:
    api.deploy(looped(sequential))
    api.start(items=["x", "y"])
    seen = []
    while found := api.jobs("a", 1):
        seen.append({name: found[0]["variables"][name] for name in ("item", "loopCounter")})
        result = f"{found[0]['variables']['item']}!"
        api.got(f"/jobs/{found[0]['jobKey']}/completion", {"variables": {"r": result}})
    assert seen == [{"item": "x", "loopCounter": 1}, {"item": "y", "loopCounter": 2}]
    assert (api.state, api.variables["results"]) == ("COMPLETED", '["x!","y!"]')


def test_a_completion_condition_sees_how_many_turns_there_are(api: Play) -> None:
    api.deploy(looped(False, "<completionCondition>= numberOfCompletedInstances &gt;= 1</completionCondition>"))
    api.start(items=[1, 2, 3])
    found = api.jobs("a", 1)
    api.got(f"/jobs/{found[0]['jobKey']}/completion", {"variables": {"r": 1}})
    assert (api.state, api.variables["results"]) == ("COMPLETED", "[1,null,null]")


def test_scripts_and_decisions(api: Play) -> None:
    script = extended("scriptTask", "a", '<zeebe:script expression="=x * 2" resultVariable="y"/>')
    rule = extended("businessRuleTask", "d", '<zeebe:calledDecision decisionId="dish" resultVariable="dish"/>')
    model = process(f'<startEvent id="s"/>{script}{rule}<endEvent id="e"/>', "s>a a>d d>e")
    api.deploy(MODELS / "dish.dmn")
    api.deploy(model)
    api.start(x=21, season="Winter")
    assert (api.state, api.variables["y"], api.variables["dish"]) == ("COMPLETED", "42", '"Stew"')
    (evaluated,) = api.items("decision-instances", processInstanceKey=api.instance)
    assert (evaluated["result"], evaluated["decisionDefinitionId"]) == ('"Stew"', "dish")
    shown = api.got(f"/decision-instances/{evaluated['decisionEvaluationInstanceKey']}")
    assert shown["matchedRules"][0]["evaluatedOutputs"][0]["outputValue"] == '"Stew"'


@pytest.mark.parametrize(
    ("attributes", "outputs", "parent"),
    [
        ("", "", {"x": "1", "r": "2"}),
        ('propagateAllChildVariables="false"', "", {"x": "1"}),
        ("", '<zeebe:ioMapping><zeebe:output source="=r + x" target="sum"/></zeebe:ioMapping>', {"x": "1", "sum": "3"}),
    ],
)
def test_calls_hand_variables_over(api: Play, attributes: str, outputs: str, parent: dict[str, str]) -> None:
    called = f'<zeebe:calledElement processId="child" {attributes}/>{outputs}'
    call = extended("callActivity", "c", called)
    api.deploy(
        process(f'<startEvent id="s"/>{call}<endEvent id="e"/>', "s>c c>e"),
        process(f'<startEvent id="s"/>{job("a")}<endEvent id="e"/>', "s>a a>e", id_="child"),
    )
    api.start(x=1)
    assert api.work("a", r=2)["variables"] == {"x": 1}
    assert (api.state, api.variables) == ("COMPLETED", parent)


def test_a_call_of_a_process_that_is_not_there_is_an_incident(api: Play) -> None:
    call = extended("callActivity", "c", '<zeebe:calledElement processId="child"/>')
    api.deploy(process(f'<startEvent id="s"/>{call}<endEvent id="e"/>', "s>c c>e"))
    api.start()
    assert api.incidents == [("c", "CALLED_ELEMENT_ERROR")]
    api.deploy(process('<startEvent id="s"/><endEvent id="e"/>', "s>e", id_="child"))
    api.resolve()
    assert api.state == "COMPLETED"


def test_who_called_whom(api: Play) -> None:
    call = extended("callActivity", "c", '<zeebe:calledElement processId="child"/>')
    tag = '<zeebe:versionTag value="v1"/>'
    api.deploy(
        process(f'<startEvent id="s"/>{call}<endEvent id="e"/>', "s>c c>e", extensions=tag),
        process(f'<startEvent id="s"/>{job("a")}<endEvent id="e"/>', "s>a a>e", id_="child"),
    )
    asked = {"processDefinitionId": "p", "processDefinitionVersionTag": "v1"}
    caller = api.got("/process-instances", asked)["processInstanceKey"]
    assert api.refused("POST", "/process-instances", asked | {"processDefinitionVersionTag": "v2"})[0] == 404
    called = api.work("a")["processInstanceKey"]
    hierarchy = api.got(f"/process-instances/{called}/call-hierarchy")
    assert [one["processInstanceKey"] for one in hierarchy] == [caller, called]


# ---------------------------------------------------------------- messages

PAID = extended("message", "m", '<zeebe:subscription correlationKey="=key"/>', attributes='name="paid"')
CATCH = '<intermediateCatchEvent id="w"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'


def waiting(api: Play) -> None:
    api.deploy(process(f'<startEvent id="s"/>{CATCH}<endEvent id="e"/>', "s>w w>e", PAID))


def publish(api: Play, key: str, ttl: int = 0, **options: object) -> None:
    api.got("/messages/publication", {"name": "paid", "correlationKey": key, "timeToLive": ttl, **options})


def test_messages_find_their_correlation_key(api: Play) -> None:
    waiting(api)
    api.start(key="k1")
    publish(api, "other")
    assert api.active == ["w"]
    publish(api, "k1", variables={"amount": 3})
    assert (api.state, api.variables["amount"]) == ("COMPLETED", "3")


def test_a_message_is_kept_for_its_time(api: Play) -> None:
    waiting(api)
    publish(api, "k1", 60_000)
    publish(api, "k2", 1000)
    api.start(key="k1")
    assert api.state == "COMPLETED"
    api.got("/clock", {"timestamp": int(api.engine.clock().timestamp() * 1000) + 5000}, "PUT")
    api.start(key="k2")
    assert api.active == ["w"]


def test_a_process_gets_a_message_once(api: Play) -> None:
    waiting(api)
    publish(api, "k", 60_000)
    api.start(key="k")
    assert api.state == "COMPLETED"
    api.start(key="k")
    assert api.active == ["w"]


def test_a_message_id_is_taken_while_the_message_lives(api: Play) -> None:
    publish(api, "k", 60_000, messageId="1")
    body = {"name": "paid", "correlationKey": "k", "timeToLive": 60_000, "messageId": "1"}
    assert api.refused("POST", "/messages/publication", body)[:2] == (409, "ALREADY_EXISTS")


def test_correlation_wants_a_receiver_now(api: Play) -> None:
    waiting(api)
    asked = {"name": "paid", "correlationKey": "k"}
    assert api.refused("POST", "/messages/correlation", asked)[:2] == (404, "NOT_FOUND")
    instance = api.start(key="k")
    assert api.got("/messages/correlation", asked)["processInstanceKey"] == instance


def test_a_message_starts_one_instance_at_a_time_for_a_correlation_key(api: Play) -> None:
    start = '<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>'
    api.deploy(process(f'{start}{job("a")}<endEvent id="e"/>', "s>a a>e", '<message id="m" name="paid"/>'))
    for number in range(3):
        publish(api, "k", 60_000, variables={"n": number})
    publish(api, "", variables={"n": 9})
    assert [found["variables"]["n"] for found in api.jobs("a")] == [0, 9]
    (running,) = [x for x in api.items("jobs", state="CREATED") if x["type"] == "a"][:1]
    api.got(f"/jobs/{running['jobKey']}/completion", {})
    assert [found["variables"]["n"] for found in api.jobs("a")] == [1]


def test_a_correlation_key_that_is_nothing_is_an_incident(api: Play) -> None:
    waiting(api)
    api.start()
    assert api.incidents == [("w", "EXTRACT_VALUE_ERROR")]


# ---------------------------------------------------------------- other events


def test_signals_reach_all_who_wait_and_start(api: Play) -> None:
    catch = '<intermediateCatchEvent id="w"><signalEventDefinition signalRef="x"/></intermediateCatchEvent>'
    start = '<startEvent id="s"><signalEventDefinition signalRef="x"/></startEvent>'
    roots = '<signal id="x" name="alarm"/>'
    api.deploy(
        process(f'<startEvent id="s"/>{catch}<endEvent id="e"/>', "s>w w>e", roots),
        process(f'{start}{job("a")}<endEvent id="e"/>', "s>a a>e", roots, id_="q"),
    )
    api.start()
    api.got("/signals/broadcast", {"signalName": "alarm", "variables": {"n": 1}})
    assert (api.state, api.variables) == ("COMPLETED", {"n": "1"})
    assert api.work("a")["variables"] == {"n": 1}


def test_timers(api: Play) -> None:
    timer = (
        '<boundaryEvent id="b" attachedToRef="a" cancelActivity="true"><timerEventDefinition>'
        "<timeDuration>=duration(wait)</timeDuration></timerEventDefinition></boundaryEvent>"
    )
    api.deploy(process(f'<startEvent id="s"/>{job("a")}{timer}<endEvent id="e"/><endEvent id="e2"/>', "s>a a>e b>e2"))
    api.got("/clock", {"timestamp": 1_800_000_000_000}, "PUT")
    api.start(wait="PT1H")
    api.run_due(3_600_000)
    assert (api.state, api.jobs("a")) == ("COMPLETED", [])


def test_escalations_terminate_and_event_subprocesses(api: Play) -> None:
    inner = (
        '<startEvent id="is"/><intermediateThrowEvent id="t"><escalationEventDefinition escalationRef="esc"/>'
        f'</intermediateThrowEvent>{job("a")}<endEvent id="ie"/><sequenceFlow id="i1" sourceRef="is" targetRef="t"/>'
        '<sequenceFlow id="i2" sourceRef="t" targetRef="a"/><sequenceFlow id="i3" sourceRef="a" targetRef="ie"/>'
    )
    boundary = (
        '<boundaryEvent id="b" attachedToRef="sub" cancelActivity="false">'
        '<escalationEventDefinition escalationRef="esc"/></boundaryEvent>'
    )
    nodes = f'<startEvent id="s"/><subProcess id="sub">{inner}</subProcess>{boundary}{job("x")}'
    nodes += '<endEvent id="e"/><endEvent id="stop"><terminateEventDefinition/></endEvent>'
    api.deploy(process(nodes, "s>sub sub>e b>x x>stop", '<escalation id="esc" escalationCode="c"/>'))
    api.start()
    assert api.active == ["a", "sub", "x"]
    api.work("x")
    assert api.state == "COMPLETED"


def test_event_based_gateways(api: Play) -> None:
    definition = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    other = f'<intermediateCatchEvent id="o">{definition}</intermediateCatchEvent>'
    nodes = f'<startEvent id="s"/><eventBasedGateway id="g"/>{CATCH}{other}{job("a")}<endEvent id="e"/>'
    api.deploy(process(nodes, "s>g g>w g>o w>a o>e a>e", PAID))
    api.start(key="k")
    publish(api, "k", variables={"n": 1})
    assert api.work("a")["variables"] == {"key": "k", "n": 1}


def test_compensation(api: Play) -> None:
    handler = job("undo", attributes='isForCompensation="true"')
    nodes = (
        f'<startEvent id="s"/>{job("a")}<boundaryEvent id="b" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
        f'{handler}<endEvent id="e"><compensateEventDefinition/></endEvent>'
    )
    tie = b'<association id="as" sourceRef="b" targetRef="undo" associationDirection="One"/></process>'
    api.deploy(process(nodes, "s>a a>e").replace(b"</process>", tie))
    api.start()
    api.work("a")
    assert api.state == "ACTIVE"
    api.work("undo")
    assert api.state == "COMPLETED"


# ---------------------------------------------------------------- listeners and user tasks


def test_execution_listeners_are_jobs(api: Play) -> None:
    listeners = (
        '<zeebe:executionListeners><zeebe:executionListener eventType="start" type="before"/>'
        '<zeebe:executionListener eventType="end" type="after" retries="1"/></zeebe:executionListeners>'
    )
    api.deploy(process(f'<startEvent id="s"/>{job("a", listeners)}<endEvent id="e"/>', "s>a a>e"))
    api.start()
    before = api.work("before", n=1)
    assert (before["kind"], before["listenerEventType"]) == ("EXECUTION_LISTENER", "START")
    assert api.work("a")["variables"] == {"n": 1}
    (after,) = api.jobs("after")
    api.got(f"/jobs/{after['jobKey']}/failure", {"retries": 0})
    assert api.incidents == [("a", "EXECUTION_LISTENER_NO_RETRIES")]


NATIVE = (
    '<zeebe:userTask/><zeebe:assignmentDefinition assignee="=who" candidateUsers="u1"'
    ' candidateGroups="=[&quot;g1&quot;,&quot;g2&quot;]"/>'
    '<zeebe:taskSchedule dueDate="=&quot;2030-01-02T03:04:05Z&quot;"/><zeebe:priorityDefinition priority="=70"/>'
    '<zeebe:formDefinition externalReference="my-form"/>'
)


def tasked(api: Play, extensions: str = NATIVE) -> None:
    task = extended("userTask", "u", extensions, attributes='name="U"')
    api.deploy(process(f'<startEvent id="s"/>{task}<endEvent id="e"/>', "s>u u>e"))


def test_user_tasks_as_they_are_shown(api: Play) -> None:
    tasked(api)
    api.start(who="ann")
    (task,) = api.items("user-tasks", processInstanceKey=api.instance)
    told = {
        name: task[name]
        for name in ("assignee", "candidateGroups", "candidateUsers", "priority", "dueDate", "state", "name")
    }
    assert told == {
        "assignee": "ann", "candidateGroups": ["g1", "g2"], "candidateUsers": ["u1"], "priority": 70,
        "dueDate": "2030-01-02T03:04:05.000Z", "state": "CREATED", "name": "U",
    }  # fmt: skip
    assert task["externalFormReference"] == "my-form"
    assert api.items("user-tasks", candidateGroup="g2") == api.items("user-tasks", assignee={"$like": "a*"}) == [task]
    assert api.items("user-tasks", priority={"$gt": 70}) == []


def test_user_tasks_are_changed(api: Play) -> None:
    tasked(api)
    api.start(who="ann")
    (task,) = api.items("user-tasks")
    path = f"/user-tasks/{task['userTaskKey']}"
    assert api.refused("POST", f"{path}/assignment", {"assignee": "bob", "allowOverride": False})[0] == 409
    api.got(f"{path}/assignment", {"assignee": "bob"})
    api.got(path, {"changeset": {"candidateGroups": ["g3"], "dueDate": "", "priority": 10}}, "PATCH")
    changed = api.got(path)
    assert (changed["assignee"], changed["candidateGroups"], changed["dueDate"], changed["priority"]) == (
        "bob",
        ["g3"],
        None,
        10,
    )
    api.got(f"{path}/assignee", method="DELETE")
    assert api.got(path)["assignee"] is None
    assert api.refused("PATCH", path, {"changeset": {"priority": 101}})[0] == 400
    api.got(f"{path}/completion", {"variables": {"ok": True}})
    assert (api.state, api.variables["ok"], api.got(path)["state"]) == ("COMPLETED", "true", "COMPLETED")
    assert api.refused("POST", f"{path}/completion", {})[0] == 404


def test_a_user_task_without_the_mark_is_a_job(api: Play) -> None:
    tasked(api, '<zeebe:assignmentDefinition assignee="=who"/>')
    api.start(who="ann")
    found = api.work("io.camunda.zeebe:userTask")
    assert found["customHeaders"] == {"io.camunda.zeebe:assignee": "ann"}
    assert (api.state, api.items("user-tasks")) == ("COMPLETED", [])


def test_variables_of_jobs_are_chosen(api: Play) -> None:
    api.deploy(process(f'<startEvent id="s"/>{job("a")}<endEvent id="e"/>', "s>a a>e"))
    api.start(x=1, y={"deep": [1, None]})
    asked = {"type": "a", "timeout": 1000, "maxJobsToActivate": 1, "fetchVariable": ["y"]}
    assert api.got("/jobs/activation", asked)["jobs"][0]["variables"] == {"y": {"deep": [1, None]}}
    assert json.loads(api.variables["y"]) == {"deep": [1, None]}
