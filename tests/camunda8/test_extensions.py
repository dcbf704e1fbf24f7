"""`zeebe:` attributes one by one: which version is bound, what is handed over, what a job and a task say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.camunda8.conftest import MODELS
from tests.camunda8.dialogue import NODES
from tests.camunda8.play import Play, extended, job, process

DISH = (MODELS / "dish.dmn").read_bytes()
FORM = (MODELS / "look.form").read_bytes()


def child(work: str, tag: str = "") -> bytes:
    """A process that is called, with the job by which its version is told."""
    extensions = f'<zeebe:versionTag value="{tag}"/>' if tag else ""
    return process(NODES + job("i", type_=work), "s>i i>e", id_="child", extensions=extensions)


def calling(attributes: str) -> bytes:
    """A process that calls it."""
    call = extended("callActivity", "c", f'<zeebe:calledElement processId="child" {attributes}/>')
    return process(NODES + call, "s>c c>e")


@pytest.mark.parametrize(
    ("attributes", "work"),
    [
        ("", "third"),
        ('bindingType="latest"', "third"),
        ('bindingType="deployment"', "second"),
        ('bindingType="versionTag" versionTag="v1"', "first"),
    ],
)
def test_which_version_is_called(api: Play, attributes: str, work: str) -> None:
    api.deploy(child("first", "v1"))
    api.deploy(child("second"), calling(attributes))
    api.deploy(child("third"))
    api.start()
    api.work(work)
    assert api.state == "COMPLETED"


@pytest.mark.parametrize(("binding", "dish"), [("latest", '"Soup"'), ("deployment", '"Stew"')])
def test_which_version_is_decided_by(api: Play, binding: str, dish: str) -> None:
    rule = extended(
        "businessRuleTask", "d", f'<zeebe:calledDecision decisionId="dish" resultVariable="r" bindingType="{binding}"/>'
    )
    files = [
        ("resources", ("dish.dmn", DISH)),
        ("resources", ("m.bpmn", process(NODES + rule, "s>d d>e"))),
    ]
    assert api.ask("POST", "/deployments", files=files).is_success
    assert api.ask(
        "POST", "/deployments", files=[("resources", ("dish.dmn", DISH.replace(b"Stew", b"Soup")))]
    ).is_success
    api.start(season="Winter")
    assert (api.state, api.variables["r"]) == ("COMPLETED", dish)


@pytest.mark.parametrize(("binding", "title"), [("latest", b"New"), ("deployment", b"Old")])
def test_which_version_of_a_form_is_shown(api: Play, binding: str, title: bytes) -> None:
    task = extended("userTask", "u", f'<zeebe:userTask/><zeebe:formDefinition formId="look" bindingType="{binding}"/>')
    old = FORM.rstrip().removesuffix(b"}") + b', "title": "Old"}'
    files = [("resources", ("look.form", old)), ("resources", ("m.bpmn", process(NODES + task, "s>u u>e")))]
    assert api.ask("POST", "/deployments", files=files).is_success
    new = old.replace(b"Old", b"New")
    assert api.ask("POST", "/deployments", files=[("resources", ("look.form", new))]).is_success
    api.start()
    (found,) = api.items("user-tasks", processInstanceKey=api.instance)
    assert title.decode() in api.got(f"/user-tasks/{found['userTaskKey']}/form")["schema"]


@pytest.mark.parametrize(
    ("attributes", "seen"),
    [("", {"x": 1, "own": 2}), ('propagateAllParentVariables="false"', {"own": 2})],
)
def test_what_is_handed_to_a_called_process(api: Play, attributes: str, seen: dict[str, Any]) -> None:
    mapping = '<zeebe:ioMapping><zeebe:input source="=2" target="own"/></zeebe:ioMapping>'
    call = extended("callActivity", "c", f'<zeebe:calledElement processId="child" {attributes}/>{mapping}')
    api.deploy(child("i"), process(NODES + call, "s>c c>e"))
    api.start(x=1)
    assert api.work("i")["variables"] == seen


def test_what_a_job_says(api: Play) -> None:
    task = extended(
        "serviceTask",
        "a",
        '<zeebe:taskDefinition type="=kind" retries="=tries"/><zeebe:jobPriorityDefinition priority="=7"/>'
        '<zeebe:taskHeaders><zeebe:header key="k" value="v"/></zeebe:taskHeaders>',
    )
    api.deploy(process(NODES + task, "s>a a>e"))
    api.start(kind="a", tries=5)
    found = api.work("a")
    assert (found["type"], found["retries"], found["priority"], found["customHeaders"]) == ("a", 5, 7, {"k": "v"})


@pytest.mark.parametrize("element", ["sendTask", "serviceTask", "scriptTask", "businessRuleTask"])
def test_every_task_may_be_a_job(api: Play, element: str) -> None:
    api.deploy(process(NODES + extended(element, "a", '<zeebe:taskDefinition type="a"/>'), "s>a a>e"))
    api.start()
    api.work("a")
    assert api.state == "COMPLETED"


@pytest.mark.parametrize("element", ["intermediateThrowEvent", "endEvent"])
def test_messages_are_thrown_by_jobs(api: Play, element: str) -> None:
    event = extended(element, "a", '<zeebe:taskDefinition type="send"/>', '<messageEventDefinition messageRef="m"/>')
    flows = "s>a" if element == "endEvent" else "s>a a>e"
    api.deploy(process(NODES + event, flows, '<message id="m" name="x"/>'))
    api.start()
    api.work("send")
    assert api.state == "COMPLETED"


def test_an_embedded_form_is_named_by_the_job_of_its_task(api: Play) -> None:
    task = extended("userTask", "u", '<zeebe:formDefinition formKey="camunda-forms:bpmn:form_1"/>')
    form = '<zeebe:userTaskForm id="form_1">{"components":[]}</zeebe:userTaskForm>'
    api.deploy(process(NODES + task, "s>u u>e", extensions=form))
    api.start()
    assert api.work("io.camunda.zeebe:userTask")["customHeaders"] == {
        "io.camunda.zeebe:formKey": "camunda-forms:bpmn:form_1"
    }


def test_dates_priority_and_candidates_of_a_user_task(api: Play) -> None:
    task = extended(
        "userTask",
        "u",
        '<zeebe:userTask/><zeebe:assignmentDefinition candidateUsers="u1, u2" candidateGroups="=groups"/>'
        '<zeebe:taskSchedule dueDate="=due" followUpDate="2030-01-01T00:00:00Z"/><zeebe:priorityDefinition priority="30"/>',
    )
    api.deploy(process(NODES + task, "s>u u>e"))
    api.start(groups=["g"], due="2030-02-01T00:00:00+01:00")
    (found,) = api.items("user-tasks", processInstanceKey=api.instance)
    told = [found[name] for name in ("candidateUsers", "candidateGroups", "dueDate", "followUpDate", "priority")]
    assert told == [["u1", "u2"], ["g"], "2030-01-31T23:00:00.000Z", "2030-01-01T00:00:00.000Z", 30]
