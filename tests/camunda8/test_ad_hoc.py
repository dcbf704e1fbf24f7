"""Ad-hoc sub-processes: what begins in them, when they are over, what is collected, and what workers decide."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.camunda8.dialogue import NODES, mapped
from tests.camunda8.play import Play, extended, job, process

INSIDE = job("A") + job("B") + job("C") + '<sequenceFlow id="i1" sourceRef="B" targetRef="C"/>'
COLLECTS = 'outputCollection="results" outputElement="=r"'
WORKED = '<zeebe:taskDefinition type="decide"/>'
TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"


def ad_hoc(
    active: str | None = "=begin",
    condition: str = "",
    more: str = "",
    extensions: str = "",
    inside: str = INSIDE,
    attributes: str = "",
) -> str:
    """An ad-hoc sub-process `ah`."""
    chosen = "" if active is None else f'activeElementsCollection="{active}"'
    said = f"<zeebe:adHoc {chosen} {more}/>" if chosen or more else ""
    until = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    return extended("adHocSubProcess", "ah", said + extensions, inside + until, attributes)


def deployed(api: Play, sub_process: str, more: str = "", flows: str = "") -> None:
    api.deploy(process(NODES + sub_process + more, f"s>ah ah>e {flows}"))


def key_of(api: Play) -> str:
    """The key of the sub-process."""
    (found,) = api.items("element-instances", processInstanceKey=api.instance, elementId="ah")
    return str(found["elementInstanceKey"])


def test_elements_begin_by_name_and_what_follows_them_goes_on(api: Play) -> None:
    deployed(api, ad_hoc())
    api.start(begin=["A", "B"])
    inner = "ah#innerInstance"
    assert api.active == ["A", "B", "ah", inner, inner]
    types = {x["elementId"]: x["type"] for x in api.items("element-instances", processInstanceKey=api.instance)}
    assert (types["ah"], types[inner]) == ("AD_HOC_SUB_PROCESS", "AD_HOC_SUB_PROCESS_INNER_INSTANCE")
    api.work("A")
    api.work("B")
    assert api.active == ["C", "ah", inner]
    api.work("C")
    assert api.state == "COMPLETED"


def test_what_can_begin_is_told(api: Play) -> None:
    extensions = (
        '<zeebe:taskDefinition type="A"/><zeebe:properties><zeebe:property name="p" value="q"/></zeebe:properties>'
    )
    asked = extended("serviceTask", "A", extensions, attributes='name="Ask"')
    inside = (
        asked.replace("<extensionElements>", "<documentation>How</documentation><extensionElements>", 1)
        + job("B")
        + '<intermediateThrowEvent id="t"/>'
        f'<boundaryEvent id="b" attachedToRef="A">{TIMER}</boundaryEvent>'
        '<sequenceFlow id="i1" sourceRef="t" targetRef="B"/><sequenceFlow id="i2" sourceRef="b" targetRef="B"/>'
    )
    deployed(api, ad_hoc(inside=inside))
    api.start(begin=["A"])
    (found,) = api.items("variables", processInstanceKey=api.instance, name="adHocSubProcessElements")
    told = [
        {"elementId": "A", "elementName": "Ask", "documentation": "How", "properties": {"p": "q"}},
        {"elementId": "t"},
    ]
    assert (json.loads(found["value"]), found["scopeKey"]) == (told, key_of(api))


@pytest.mark.parametrize("begin", [["A", "X"], ["C"], [1], "A", None])
def test_what_cannot_begin_is_an_incident(api: Play, begin: Any) -> None:
    deployed(api, ad_hoc())
    api.start(begin=begin)
    assert api.incidents == [("ah", "EXTRACT_VALUE_ERROR")]
    api.got(f"/element-instances/{api.instance}/variables", {"variables": {"begin": ["A"]}}, "PUT")
    api.resolve()
    api.work("A")
    assert api.state == "COMPLETED"


def test_results_are_collected(api: Play) -> None:
    deployed(api, ad_hoc(more=COLLECTS))
    api.start(begin=["A", "B", "A"])
    for found, result in zip(api.jobs("A"), (1, 2), strict=True):
        api.got(f"/jobs/{found['jobKey']}/completion", {"variables": {"r": result}})
    api.work("B", r=5)
    assert "results" not in api.variables
    api.work("C", r=3)
    assert (api.state, api.variables["results"]) == ("COMPLETED", "[1,2,3]")


@pytest.mark.parametrize(
    ("attributes", "left"), [("", []), ('cancelRemainingInstances="false"', ["B", "ah", "ah#innerInstance"])]
)
def test_a_completion_condition_ends_it(api: Play, attributes: str, left: list[str]) -> None:
    deployed(api, ad_hoc(condition="=done", more=COLLECTS, attributes=attributes))
    api.start(begin=["A", "B"], done=False)
    api.got(f"/element-instances/{api.instance}/variables", {"variables": {"done": True}}, "PUT")
    api.work("A", r=1)
    assert api.active == left
    if left:
        api.work("B")
        api.work("C", r=2)
    assert (api.state, api.variables["results"]) == ("COMPLETED", "[1,2]" if left else "[1]")


def test_while_the_condition_does_not_hold_it_waits(api: Play) -> None:
    deployed(api, ad_hoc(condition="=done"))
    api.start(begin=["A"], done=False)
    api.work("A")
    assert api.active == ["ah"]


def test_a_condition_that_is_none_is_an_incident(api: Play) -> None:
    deployed(api, ad_hoc(condition="=done"))
    api.start(begin=["A"], done="yes")
    api.work("A")
    assert api.incidents == [("ah#innerInstance", "EXTRACT_VALUE_ERROR")]
    api.got(f"/element-instances/{api.instance}/variables", {"variables": {"done": True}}, "PUT")
    api.resolve()
    assert api.state == "COMPLETED"


def test_its_mappings(api: Play) -> None:
    io = mapped("in begin =chosen", "out seen =count(results)")
    deployed(api, ad_hoc(more=COLLECTS, extensions=io))
    api.start(chosen=["A"])
    api.work("A", r=1)
    assert (api.state, api.variables) == ("COMPLETED", {"chosen": '["A"]', "results": "[1]", "seen": "1"})


def test_it_is_interrupted_as_a_whole(api: Play) -> None:
    api.got("/clock", {"timestamp": 1_800_000_000_000}, "PUT")
    deployed(api, ad_hoc(), f'<boundaryEvent id="b" attachedToRef="ah">{TIMER}</boundaryEvent>', "b>e")
    api.start(begin=["A", "B"])
    api.run_due(3_600_000)
    assert (api.state, api.jobs("A")) == ("COMPLETED", [])


def test_an_error_inside_it_is_caught_at_it(api: Play) -> None:
    caught = '<boundaryEvent id="b" attachedToRef="ah"><errorEventDefinition errorRef="err"/></boundaryEvent>'
    model = process(NODES + ad_hoc() + caught + job("x"), "s>ah ah>e b>x x>e", '<error id="err" errorCode="E"/>')
    api.deploy(model)
    api.start(begin=["A", "B"])
    (found,) = api.jobs("A")
    api.got(f"/jobs/{found['jobKey']}/error", {"errorCode": "E"})
    assert api.active == ["x"]


def test_event_sub_processes_inside_it(api: Play) -> None:
    api.got("/clock", {"timestamp": 1_800_000_000_000}, "PUT")
    event = (
        f'<subProcess id="es" triggeredByEvent="true"><startEvent id="ts" isInterrupting="false">{TIMER}</startEvent>'
        f'{job("x")}<sequenceFlow id="x1" sourceRef="ts" targetRef="x"/></subProcess>'
    )
    deployed(api, ad_hoc(inside=INSIDE + event))
    api.start(begin=["A"])
    api.run_due(3_600_000)
    assert api.active == ["A", "ah", "ah#innerInstance", "es", "x"]
    api.work("A")
    api.work("x")
    assert api.state == "COMPLETED"


# ---------------------------------------------------------------- begun from outside


def activate(api: Play, *names: str, **more: Any) -> tuple[int, str]:
    elements = [{"elementId": name, "variables": {"n": number}} for number, name in enumerate(names)]
    path = f"/element-instances/ad-hoc-activities/{more.pop('key', None) or key_of(api)}/activation"
    answer = api.ask("POST", path, {"elements": elements, **more})
    return answer.status_code, answer.json()["detail"] if answer.content else ""


def test_elements_are_begun_from_outside(api: Play) -> None:
    deployed(api, ad_hoc(None, more=COLLECTS))
    api.start()
    assert api.active == ["ah"]
    assert activate(api, "B", "A") == (204, "")
    assert api.work("A", r=1)["variables"]["n"] == 1
    assert activate(api, "A", cancelRemainingInstances=True) == (204, "")
    assert (api.jobs("B"), api.active) == ([], ["A", "ah", "ah#innerInstance"])
    api.work("A", r=2)
    assert (api.state, api.variables) == ("COMPLETED", {"results": "[1,2]"})


def test_elements_that_cannot_be_begun_from_outside(api: Play) -> None:
    deployed(api, ad_hoc(None))
    api.start()
    about = f"Expected to activate activities for ad-hoc sub-process with key '{key_of(api)}'"
    refused = "Command 'ACTIVATE' rejected with code '{}': "
    assert activate(api, "A", "X") == (
        404,
        f"{refused.format('NOT_FOUND')}{about}, but the given elements [X] do not exist.",
    )
    assert activate(api, "A", "A") == (
        400,
        f"{refused.format('INVALID_ARGUMENT')}{about}, but duplicate activities were given.",
    )
    assert activate(api, "A", key="123456789012345")[0] == 404
    assert activate(api, "A", key=api.instance)[0] == 404
    assert activate(api) == (400, "No elements provided.")


def test_an_element_is_begun_by_a_modification(api: Play) -> None:
    deployed(api, ad_hoc())
    api.start(begin=["A"])
    asked = {"activateInstructions": [{"elementId": "A"}], "terminateInstructions": []}
    api.got(f"/process-instances/{api.instance}/modification", asked)
    assert api.active == ["A", "A", "ah", "ah#innerInstance", "ah#innerInstance"]


# ---------------------------------------------------------------- decided by workers


def decide(api: Play, *names: str, **more: Any) -> dict[str, Any]:
    """Does the job of the sub-process."""
    elements = [{"elementId": name, "variables": {"n": number}} for number, name in enumerate(names)]
    return dict(api.work("decide", {"type": "adHocSubProcess", "activateElements": elements, **more}))


def test_a_worker_decides_what_begins_and_when_it_is_over(api: Play) -> None:
    deployed(api, ad_hoc(None, more=COLLECTS, extensions=WORKED))
    api.start()
    asked = decide(api, "A")
    assert (asked["kind"], asked["elementId"], asked["listenerEventType"]) == (
        "AD_HOC_SUB_PROCESS",
        "ah",
        "UNSPECIFIED",
    )
    assert asked["variables"]["adHocSubProcessElements"] == [{"elementId": "A"}, {"elementId": "B"}]
    assert api.jobs("decide") == []
    assert api.work("A", r=1)["variables"]["n"] == 0
    decide(api, "B", "A")
    api.work("A", r=2)
    decide(api, isCompletionConditionFulfilled=True, isCancelRemainingInstances=True)
    assert (api.state, api.variables, api.jobs("B")) == ("COMPLETED", {"results": "[1,2]"}, [])


def test_a_fulfilled_condition_waits_for_what_is_active(api: Play) -> None:
    deployed(api, ad_hoc(None, extensions=WORKED))
    api.start()
    decide(api, "A", "B")
    api.work("A")
    decide(api, isCompletionConditionFulfilled=True)
    assert api.active == ["B", "ah", "ah#innerInstance"]
    api.work("B")
    api.work("C")
    assert (api.state, api.jobs("decide")) == ("COMPLETED", [])


def test_a_job_is_made_anew_whenever_something_has_ended(api: Play) -> None:
    deployed(api, ad_hoc(None, extensions=WORKED))
    api.start()
    decide(api, "A", "B")
    api.work("A")
    (first,) = api.jobs("decide")
    api.work("B")
    api.work("C")
    assert api.refused("POST", f"/jobs/{first['jobKey']}/completion", {})[:2] == (404, "NOT_FOUND")
    decide(api, isCompletionConditionFulfilled=True)
    assert api.state == "COMPLETED"


def test_a_worker_may_cancel_what_is_active(api: Play) -> None:
    deployed(api, ad_hoc(None, extensions=WORKED))
    api.start()
    decide(api, "A", "B")
    api.work("A")
    decide(api, "A", isCancelRemainingInstances=True)
    assert api.active == ["A", "ah", "ah#innerInstance"]


def test_what_a_worker_cannot_decide(api: Play) -> None:
    deployed(api, ad_hoc(None, extensions=WORKED))
    api.start()
    (found,) = api.jobs("decide")
    path = f"/jobs/{found['jobKey']}/completion"
    result: dict[str, Any] = {"type": "adHocSubProcess", "activateElements": [{"elementId": "X"}]}
    assert api.refused("POST", path, {"result": result})[:2] == (404, "NOT_FOUND")
    result = {
        "type": "adHocSubProcess",
        "activateElements": [{"elementId": "A"}],
        "isCompletionConditionFulfilled": True,
    }
    assert api.refused("POST", path, {"result": result})[:2] == (400, "INVALID_ARGUMENT")
    api.got(f"/jobs/{found['jobKey']}/failure", {"retries": 0})
    assert api.incidents == [("ah", "AD_HOC_SUB_PROCESS_NO_RETRIES")]


def test_what_an_agent_fills_in_reaches_the_element(api: Play) -> None:
    io = mapped('in query =fromAi(toolCall.query, "What to look for", "string", {minLength: 1})')
    deployed(api, ad_hoc(None, extensions=WORKED, inside=job("A", io)))
    api.start()
    elements = [{"elementId": "A", "variables": {"toolCall": {"query": "x"}}}]
    api.work("decide", {"type": "adHocSubProcess", "activateElements": elements})
    assert api.work("A")["variables"]["query"] == "x"


# ---------------------------------------------------------------- what cannot be deployed

REFUSED = {
    "Must have at least one activity.": ad_hoc(inside=""),
    "Must not contain a start event.": ad_hoc(inside=INSIDE + '<startEvent id="is"/>'),
    "Must not contain an end event.": ad_hoc(inside=INSIDE + '<endEvent id="ie"/>'),
    "Must not define activeElementsCollection in combination with zeebe:taskDefinition.": ad_hoc(extensions=WORKED),
    "Must not define completionCondition in combination with zeebe:taskDefinition.": ad_hoc(
        None, "=done", extensions=WORKED
    ),
    "Expected expression but found static value 'A'. An expression must start with '=' (e.g. '=A').": ad_hoc("A"),
    "Expected expression but found static value 'done'.": ad_hoc(condition="done"),
    "outputElement:null and outputCollection:results.": ad_hoc(more='outputCollection="results"'),
    "outputElement:=r and outputCollection:null.": ad_hoc(more='outputElement="=r"'),
}


@pytest.mark.parametrize("text", REFUSED)
def test_ad_hoc_sub_processes_that_cannot_be(api: Play, text: str) -> None:
    model = process(NODES + REFUSED[text], "s>ah ah>e")
    answer = api.ask("POST", "/deployments", files={"resources": ("m.bpmn", model)})
    assert (answer.status_code, text in answer.json()["detail"]) == (400, True), answer.text
