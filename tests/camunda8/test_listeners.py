"""Execution listeners of processes and elements, and listeners to the cancellation of user tasks, as workers meet them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.camunda8.dialogue import NODES
from tests.camunda8.play import Play, extended, job, process
from tests.camunda8.test_user_tasks import asked, awaited, task_of


def listened(*listeners: str) -> str:
    """Execution listeners written `start type`."""
    lines = [
        f'<zeebe:executionListener eventType="{event}" type="{type_}"/>'
        for event, type_ in (x.split() for x in listeners)
    ]
    return f"<zeebe:executionListeners>{''.join(lines)}</zeebe:executionListeners>"


BOTH = listened("start before", "end after")
NATIVE = (
    '<zeebe:userTask/><zeebe:taskListeners><zeebe:taskListener eventType="canceling" type="ask"/></zeebe:taskListeners>'
)
TASK = extended("userTask", "u", NATIVE)
TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"


# ---------------------------------------------------------------- processes


def test_a_process_is_listened_to(api: Play) -> None:
    api.deploy(process(NODES + job("a"), "s>a a>e", extensions=BOTH))
    api.start(x=1)
    assert (api.active, api.jobs("a")) == ([], [])
    before = api.work("before", n=1)
    assert (before["kind"], before["listenerEventType"], before["elementId"]) == ("EXECUTION_LISTENER", "START", "p")
    assert api.work("a", r=2)["variables"] == {"x": 1, "n": 1}
    assert (api.state, api.active) == ("ACTIVE", [])
    assert api.work("after", m=3)["variables"] == {"x": 1, "n": 1, "r": 2}
    assert (api.state, api.variables) == ("COMPLETED", {"x": "1", "n": "1", "r": "2", "m": "3"})


def test_listeners_of_a_process_come_one_after_the_other(api: Play) -> None:
    api.deploy(process(NODES, "s>e", extensions=listened("start one", "start two", "end three", "end four")))
    api.start()
    for type_ in ("one", "two", "three", "four"):
        assert api.state == "ACTIVE"
        api.work(type_)
    assert api.state == "COMPLETED"


def test_a_process_that_is_called_answers_its_caller_after_its_listeners(api: Play) -> None:
    call = extended("callActivity", "c", '<zeebe:calledElement processId="child"/>')
    api.deploy(process(NODES + call, "s>c c>e"), process(NODES, "s>e", id_="child", extensions=BOTH))
    api.start(x=1)
    api.work("before")
    assert api.active == ["c"]
    api.work("after", r=2)
    assert (api.state, api.variables) == ("COMPLETED", {"x": "1", "r": "2"})


def test_a_process_that_is_cancelled_has_no_end_listeners(api: Play) -> None:
    api.deploy(process(NODES + job("a"), "s>a a>e", extensions=BOTH))
    api.start()
    api.work("before")
    api.got(f"/process-instances/{api.instance}/cancellation", {})
    assert (api.state, api.jobs("after")) == ("TERMINATED", [])
    api.start()
    api.got(f"/process-instances/{api.instance}/cancellation", {})
    assert (api.state, api.jobs("before")) == ("TERMINATED", [])


def test_a_terminated_process_is_listened_to(api: Play) -> None:
    api.deploy(
        process('<startEvent id="s"/><endEvent id="e"><terminateEventDefinition/></endEvent>', "s>e", extensions=BOTH)
    )
    api.start()
    api.work("before")
    api.work("after")
    assert api.state == "COMPLETED"


def test_what_starts_a_process_is_kept_while_it_is_listened_to(api: Play) -> None:
    start = extended(
        "startEvent",
        "s",
        '<zeebe:ioMapping><zeebe:output source="=n" target="taken"/></zeebe:ioMapping>',
        '<messageEventDefinition messageRef="m"/>',
    )
    roots = extended("message", "m", '<zeebe:subscription correlationKey="=key"/>', attributes='name="go"')
    api.deploy(process(start + job("a") + '<endEvent id="e"/>', "s>a a>e", roots, extensions=BOTH))
    api.got("/messages/publication", {"name": "go", "correlationKey": "", "variables": {"n": 7}, "timeToLive": 0})
    api.work("before")
    assert api.work("a")["variables"] == {"taken": 7}


def test_a_listened_process_begins_where_it_is_told(api: Play) -> None:
    api.deploy(process(NODES + job("a") + job("b"), "s>a a>b b>e", extensions=BOTH))
    created = api.got(
        "/process-instances",
        {"processDefinitionId": "p", "startInstructions": [{"elementId": "b"}], "variables": {"x": 1}},
    )
    api.instance = created["processInstanceKey"]
    api.work("before")
    assert api.active == ["b"]
    assert api.work("b")["variables"] == {"x": 1}


def test_a_process_listener_without_retries_is_an_incident(api: Play) -> None:
    api.deploy(process(NODES, "s>e", extensions=BOTH))
    api.start()
    (before,) = api.jobs("before")
    api.got(f"/jobs/{before['jobKey']}/failure", {"retries": 0, "errorMessage": "no"})
    assert api.incidents == [("p", "EXECUTION_LISTENER_NO_RETRIES")]
    api.got(f"/jobs/{before['jobKey']}", {"changeset": {"retries": 1}}, "PATCH")
    api.resolve()
    api.work("before")
    api.work("after")
    assert api.state == "COMPLETED"


def test_a_process_listener_whose_type_cannot_be_said_is_an_incident(api: Play) -> None:
    listener = (
        '<zeebe:executionListeners><zeebe:executionListener eventType="start" type="=kind"/></zeebe:executionListeners>'
    )
    api.deploy(process(NODES, "s>e", extensions=listener))
    api.start()
    assert api.incidents == [("p", "EXTRACT_VALUE_ERROR")]
    api.got(f"/element-instances/{api.instance}/variables", {"variables": {"kind": "found"}}, "PUT")
    api.resolve()
    api.work("found")
    assert api.state == "COMPLETED"


def test_nothing_happens_to_a_process_that_waits_for_its_end_listeners(api: Play) -> None:
    roots = extended("message", "m", '<zeebe:subscription correlationKey="=key"/>', attributes='name="go"')
    inside = (
        '<subProcess id="sub" triggeredByEvent="true"><startEvent id="es"><messageEventDefinition messageRef="m"/>'
        '</startEvent><endEvent id="ee"/><sequenceFlow id="i1" sourceRef="es" targetRef="ee"/></subProcess>'
    )
    api.deploy(process(NODES + inside, "s>e", roots, extensions=listened("end after")))
    api.start(key="k")
    assert api.refused("POST", "/messages/correlation", {"name": "go", "correlationKey": "k"})[0] == 404
    api.work("after")
    assert api.state == "COMPLETED"


# ---------------------------------------------------------------- elements


@pytest.mark.parametrize(
    ("element", "inside", "name"),
    [
        (
            "subProcess",
            '<startEvent id="i1"/><endEvent id="i2"/><sequenceFlow id="i3" sourceRef="i1" targetRef="i2"/>',
            "a",
        ),
        ("task", "", "a"),
        ("manualTask", "", "a"),
        ("intermediateThrowEvent", "", "a"),
        ("intermediateCatchEvent", '<linkEventDefinition name="x"/>', "a"),
    ],
)
def test_elements_are_listened_to(api: Play, element: str, inside: str, name: str) -> None:
    api.deploy(process(NODES + extended(element, name, BOTH, inside), "s>a a>e"))
    api.start()
    api.work("before")
    api.work("after")
    assert api.state == "COMPLETED"


def test_start_listeners_choose_the_path_of_a_gateway(api: Play) -> None:
    gateway = extended("exclusiveGateway", "g", listened("start before"))
    api.deploy(process(NODES + gateway + '<endEvent id="e2"/>', "s>g g>e:=x=1 g>e2:=x=2"))
    api.start()
    api.work("before", x=2)
    ended = [item["elementId"] for item in api.items("element-instances", processInstanceKey=api.instance)]
    assert (api.state, "e2" in ended) == ("COMPLETED", True)


def test_end_listeners_of_events(api: Play) -> None:
    boundary = extended(
        "boundaryEvent", "b", listened("end bound"), '<errorEventDefinition errorRef="err"/>', 'attachedToRef="a"'
    )
    start, end = extended("startEvent", "s", listened("end started")), extended("endEvent", "e", BOTH)
    model = process(start + job("a") + boundary + end, "s>a a>e b>e", '<error id="err" errorCode="E"/>')
    api.deploy(model)
    api.start()
    api.work("started")
    (found,) = api.jobs("a")
    api.got(f"/jobs/{found['jobKey']}/error", {"errorCode": "E"})
    for type_ in ("bound", "before", "after"):
        api.work(type_)
    assert api.state == "COMPLETED"


def test_a_listener_has_the_headers_of_its_element_too(api: Play) -> None:
    own = '<zeebe:taskHeaders><zeebe:header key="a" value="own"/></zeebe:taskHeaders>'
    listener = f'<zeebe:executionListener eventType="start" type="before">{own}</zeebe:executionListener>'
    headers = (
        '<zeebe:taskHeaders><zeebe:header key="a" value="x"/><zeebe:header key="b" value="y"/></zeebe:taskHeaders>'
    )
    api.deploy(
        process(
            NODES + job("a", f"{headers}<zeebe:executionListeners>{listener}</zeebe:executionListeners>"), "s>a a>e"
        )
    )
    api.start()
    assert api.work("before")["customHeaders"] == {"a": "own", "b": "y"}


def test_a_listener_throws_no_error(api: Play) -> None:
    api.deploy(process(NODES, "s>e", extensions=BOTH))
    api.start()
    (before,) = api.jobs("before")
    status, title, detail = api.refused("POST", f"/jobs/{before['jobKey']}/error", {"errorCode": "E"})
    assert (status, title) == (409, "INVALID_STATE")
    assert "Cannot throw BPMN error from EXECUTION_LISTENER job with key" in detail


REFUSED = {
    "Found '2' duplicates based on eventType[start] and type[x]": job("a", listened("start x", "start x")),
    "'end' are not supported by gateway element": extended("exclusiveGateway", "a", listened("end x")),
    "Attribute 'type' must be present and not empty": job(
        "a", '<zeebe:executionListeners><zeebe:executionListener eventType="start"/></zeebe:executionListeners>'
    ),
    "Attribute 'eventType' must be present and not empty": job(
        "a", '<zeebe:executionListeners><zeebe:executionListener type="x"/></zeebe:executionListeners>'
    ),
    "An execution listener has no event type 'take'": job("a", listened("take x")),
    "Task listeners are only allowed on Camunda user tasks.": extended(
        "userTask",
        "a",
        '<zeebe:taskListeners><zeebe:taskListener eventType="creating" type="x"/></zeebe:taskListeners>',
    ),
    "A task listener has no event type 'started'": extended(
        "userTask",
        "a",
        '<zeebe:userTask/><zeebe:taskListeners><zeebe:taskListener eventType="started" type="x"/></zeebe:taskListeners>',
    ),
}


@pytest.mark.parametrize("text", REFUSED)
def test_listeners_that_cannot_be(api: Play, text: str) -> None:
    answer = api.ask("POST", "/deployments", files={"resources": ("m.bpmn", process(NODES + REFUSED[text], "s>a a>e"))})
    assert (answer.status_code, text in answer.json()["detail"]) == (400, True), answer.text


# ---------------------------------------------------------------- cancellation of user tasks


def by_timer(api: Play) -> None:
    api.run_due(3_600_000)


def by_cancellation(api: Play) -> None:
    api.got(f"/process-instances/{api.instance}/cancellation", {})


def by_a_terminate_end_event(api: Play) -> None:
    api.work("go")


BOUNDARY = f'<boundaryEvent id="b" attachedToRef="u">{TIMER}</boundaryEvent>'
SUBPROCESS = (
    f'<subProcess id="sub">{TASK}<startEvent id="is"/><sequenceFlow id="i1" sourceRef="is" targetRef="u"/></subProcess>'
)
EVENT = (
    f'<subProcess id="es" triggeredByEvent="true"><startEvent id="ts">{TIMER}</startEvent>{job("x")}'
    '<sequenceFlow id="x1" sourceRef="ts" targetRef="x"/></subProcess>'
)
END = '<endEvent id="t"><terminateEventDefinition/></endEvent>'


@pytest.mark.parametrize(
    ("nodes", "flows", "cancel", "meanwhile", "then"),
    [
        (TASK, "s>u u>e", by_cancellation, [], []),
        (TASK + BOUNDARY + job("x"), "s>u u>e b>x", by_timer, [], ["x"]),
        (SUBPROCESS + BOUNDARY.replace('"u"', '"sub"') + job("x"), "s>sub sub>e b>x", by_timer, [], ["x"]),
        (SUBPROCESS, "s>sub sub>e", by_cancellation, [], []),
        (TASK + EVENT, "s>u u>e", by_timer, [], ["es", "x"]),
        (f'<parallelGateway id="g"/>{TASK}{job("go")}{END}', "s>g g>u g>go go>t u>e", by_a_terminate_end_event, [], []),
        (f'<parallelGateway id="g"/>{TASK}{job("y")}', "s>g g>u g>y y>e u>e", by_cancellation, [], []),
    ],
)
def test_a_cancellation_is_listened_to(
    api: Play, nodes: str, flows: str, cancel: Callable[[Play], None], meanwhile: list[str], then: list[str]
) -> None:
    api.got("/clock", {"timestamp": 1_800_000_000_000}, "PUT")
    api.deploy(process(NODES + nodes, flows))
    api.start()
    cancel(api)
    (listening,) = api.jobs("ask")
    assert (listening["kind"], listening["listenerEventType"]) == ("TASK_LISTENER", "CANCELING")
    assert (api.state, task_of(api)["state"], api.jobs("y"), api.jobs("x")) == ("ACTIVE", "CANCELING", [], [])
    api.got(f"/jobs/{listening['jobKey']}/completion", {})
    assert (task_of(api)["state"], api.active) == ("CANCELED", then)
    if not then:
        assert api.state == ("COMPLETED" if cancel is by_a_terminate_end_event else "TERMINATED")


def test_a_cancellation_is_not_asked_for_twice(api: Play) -> None:
    api.deploy(process(NODES + TASK, "s>u u>e"))
    api.start()
    by_cancellation(api)
    assert api.refused("POST", f"/process-instances/{api.instance}/cancellation", {})[:2] == (404, "NOT_FOUND")
    api.work("ask")
    assert api.state == "TERMINATED"


def test_a_cancellation_is_corrected_and_not_denied(api: Play) -> None:
    api.deploy(process(NODES + TASK, "s>u u>e"))
    api.start()
    by_cancellation(api)
    (found,) = api.jobs("ask")
    path = f"/jobs/{found['jobKey']}/completion"
    assert api.refused("POST", path, {"result": {"type": "userTask", "denied": True}})[:2] == (400, "INVALID_ARGUMENT")
    assert api.refused("POST", path, {"variables": {"x": 1}})[:2] == (400, "INVALID_ARGUMENT")
    api.got(path, {"result": {"type": "userTask", "corrections": {"priority": 90, "assignee": "ann"}}})
    assert (api.state, task_of(api)["priority"], task_of(api)["assignee"]) == ("TERMINATED", 90, "ann")


def test_a_listener_of_a_cancellation_may_fail(api: Play) -> None:
    api.deploy(process(NODES + TASK, "s>u u>e"))
    api.start()
    by_cancellation(api)
    (found,) = api.jobs("ask")
    api.got(f"/jobs/{found['jobKey']}/failure", {"retries": 0, "errorMessage": "no"})
    assert api.incidents == [("u", "TASK_LISTENER_NO_RETRIES")]
    api.got(f"/jobs/{found['jobKey']}", {"changeset": {"retries": 1}}, "PATCH")
    api.resolve()
    api.work("ask")
    assert (api.state, api.incidents) == ("TERMINATED", [])


def test_a_listener_of_a_cancellation_whose_type_cannot_be_said_is_an_incident(api: Play) -> None:
    api.deploy(process(NODES + TASK.replace('type="ask"', 'type="=kind"'), "s>u u>e"))
    api.start()
    by_cancellation(api)
    assert api.incidents == [("u", "EXTRACT_VALUE_ERROR")]
    api.got(f"/element-instances/{api.instance}/variables", {"variables": {"kind": "found"}}, "PUT")
    api.resolve()
    api.work("found")
    assert api.state == "TERMINATED"


def test_a_loop_whose_condition_holds_ends_when_its_other_turns_are_gone(api: Play) -> None:
    loop = (
        '<multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection="=[1,2]"/>'
        "</extensionElements><completionCondition>=true</completionCondition></multiInstanceLoopCharacteristics>"
    )
    task = TASK.replace("</userTask>", loop + "</userTask>")
    api.deploy(process(NODES + task + job("a"), "s>u u>a a>e"))
    api.start()
    first, _ = api.items("user-tasks", processInstanceKey=api.instance)
    api.got(f"/user-tasks/{first['userTaskKey']}/completion", {})
    assert api.jobs("a") == []
    api.work("ask")
    api.work("a")
    assert api.state == "COMPLETED"


def test_a_completion_that_is_asked_about_gives_way_to_a_cancellation(api: Play) -> None:
    both = TASK.replace(
        "<zeebe:taskListeners>", '<zeebe:taskListeners><zeebe:taskListener eventType="completing" type="sure"/>'
    )
    api.deploy(process(NODES + both, "s>u u>e"))
    api.start()
    path = f"/user-tasks/{task_of(api)['userTaskKey']}/completion"
    with asked(lambda: api.ask("POST", path, {})) as answers:
        awaited(api, "sure")
        by_cancellation(api)
    assert (answers[0].status_code, api.jobs("sure")) == (409, [])
    api.work("ask")
    assert api.state == "TERMINATED"


def test_the_assignee_of_the_process_is_corrected_when_it_is_assigned(api: Play) -> None:
    native = (
        '<zeebe:userTask/><zeebe:assignmentDefinition assignee="ann"/><zeebe:taskListeners>'
        '<zeebe:taskListener eventType="creating" type="made"/></zeebe:taskListeners>'
    )
    api.deploy(process(NODES + extended("userTask", "u", native), "s>u u>e"))
    api.start()
    (found,) = api.jobs("made")
    assert found["customHeaders"]["io.camunda.zeebe:priority"] == "50"
    answer = {"result": {"type": "userTask", "corrections": {"assignee": "bob"}}}
    assert api.refused("POST", f"/jobs/{found['jobKey']}/completion", answer)[:2] == (400, "INVALID_ARGUMENT")
