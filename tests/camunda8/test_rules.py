"""What Camunda 8 refuses at deployment, in its words; recorded from Zeebe 8.8.21 unless it says otherwise."""

from __future__ import annotations

import pytest

from tests.camunda8.diagrams import CYCLE, ERR, MESSAGE, ROOTS, boundary, catch
from tests.camunda8.dialogue import NODES, mapped
from tests.camunda8.play import Play, extended, job, process

STATIC = "Expected expression but found static value '{0}'. An expression must start with '=' (e.g. '={0}')."
COVERAGE = "Please refer to the documentation for a list of supported elements: https://docs.camunda.io/docs/components/modeler/bpmn/bpmn-coverage/"


def looped(collection: str) -> str:
    """A task for each of a collection."""
    return job(
        "a",
        inside="<multiInstanceLoopCharacteristics><extensionElements>"
        f"<zeebe:loopCharacteristics {collection}/></extensionElements></multiInstanceLoopCharacteristics>",
    )


def gateway(kind: str, flows: str) -> str:
    """A gateway that names its outgoing flows."""
    named = "".join(f"<outgoing>{flow}</outgoing>" for flow in flows.split())
    return f'<{kind} id="a">{named}</{kind}><endEvent id="e2"/>'


REFUSED = {
    "transaction": (
        '<transaction id="a"><startEvent id="is"/></transaction>',
        "s>a a>e",
        "a",
        f"Elements of type 'Transaction' are currently not supported. {COVERAGE}",
    ),
    "complex gateway": (
        '<complexGateway id="a"/>',
        "s>a a>e",
        "a",
        f"Elements of type 'ComplexGateway' are currently not supported. {COVERAGE}",
    ),
    "condition without =": (
        '<exclusiveGateway id="a" default="f2"/><endEvent id="e2"/>',
        "s>a a>e:x a>e2",
        "f1 > conditionExpression",
        STATIC.format("x"),
    ),
    "exclusive without condition": (
        gateway("exclusiveGateway", "f1 f2"),
        "s>a a>e:=x a>e2",
        "f2",
        "Must have a condition or be default flow",
    ),
    "inclusive without condition": (
        gateway("inclusiveGateway", "f1 f2"),
        "s>a a>e:=x a>e2",
        "f2",
        "Must have a condition",
    ),
    "loop without =": (
        looped('inputCollection="items"'),
        "s>a a>e",
        "a > multiInstanceLoopCharacteristics > extensionElements > loopCharacteristics",
        STATIC.format("items"),
    ),
    "loop over nothing": (
        looped(""),
        "s>a a>e",
        "a > multiInstanceLoopCharacteristics > extensionElements > loopCharacteristics",
        "Expected expression but not found.",
    ),
    "script without work": (
        '<scriptTask id="a"/>',
        "s>a a>e",
        "a",
        "Must have either one 'zeebe:script' or one 'zeebe:taskDefinition' extension element",
    ),
    "script and job": (
        extended(
            "scriptTask", "a", '<zeebe:script expression="=1" resultVariable="y"/><zeebe:taskDefinition type="t"/>'
        ),
        "s>a a>e",
        "a",
        "Must have either one 'zeebe:script' or one 'zeebe:taskDefinition' extension element",
    ),
    "script without result": (
        extended("scriptTask", "a", '<zeebe:script expression="=1"/>'),
        "s>a a>e",
        "a > extensionElements > script",
        "Attribute 'resultVariable' must be present and not empty",
    ),
    "decision without result": (
        extended("businessRuleTask", "a", '<zeebe:calledDecision decisionId="d"/>'),
        "s>a a>e",
        "a > extensionElements > calledDecision",
        "Attribute 'resultVariable' must be present and not empty",
    ),
    "cycle that is waited for": (
        catch(CYCLE, "a"),
        "s>a a>e",
        "a",
        "Intermediate timer catch event must have either a time duration or a time date.",
    ),
    "duration that is none": (
        catch("<timerEventDefinition><timeDuration>abc</timeDuration></timerEventDefinition>", "a"),
        "s>a a>e",
        "a",
        "Invalid timer duration expression (Invalid duration format 'abc' for expression 'abc'.)",
    ),
    "form by id and reference": (
        extended("userTask", "a", '<zeebe:userTask/><zeebe:formDefinition formId="f" externalReference="x"/>'),
        "s>a a>e",
        "a > extensionElements > formDefinition",
        "Exactly one of the attributes 'formId, externalReference' must be present and not blank for native user tasks",
    ),
    "priority that is none": (
        extended("userTask", "a", '<zeebe:userTask/><zeebe:priorityDefinition priority="high"/>'),
        "s>a a>e",
        "a > extensionElements > priorityDefinition",
        "Expected static value to be a valid Number between 0 and 100, but found 'high'.",
    ),
    "binding that is none": (
        extended("callActivity", "a", '<zeebe:calledElement processId="x" bindingType="newest"/>'),
        "s>a a>e",
        "a > extensionElements > calledElement",
        "Attribute 'bindingType' must be one of: deployment, latest, versionTag",
    ),
    "binding without tag": (
        extended("callActivity", "a", '<zeebe:calledElement processId="x" bindingType="versionTag"/>'),
        "s>a a>e",
        "a > extensionElements > calledElement",
        "Attribute 'versionTag' must be present and not empty if 'bindingType' is 'versionTag'",
    ),
    "error caught twice": (
        job("a") + boundary("b1", "a", ERR) + boundary("b2", "a", ERR),
        "s>a a>e b1>e b2>e",
        "a",
        "Multiple error catch events with the same error code 'E1' are not supported on the same scope.",
    ),
    "message without name": (catch(MESSAGE, "a"), "s>a a>e", "m", "Name must be present and not empty"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(api: Play, case: str) -> None:
    nodes, flows, element, text = REFUSED[case]
    model = process(NODES + nodes, flows, ROOTS + '<message id="m"/>')
    answer = api.ask("POST", "/deployments", files={"resources": ("m.bpmn", model)})
    assert answer.status_code == 400
    assert f"- Element: {element}\n    - ERROR: {text}\n" in answer.json()["detail"], answer.json()["detail"]


ACCEPTED = {
    "one flow with a condition": ('<exclusiveGateway id="a"/>', "s>a a>e:=x>1"),
    "a default flow with a condition": (
        '<exclusiveGateway id="a" default="f2"/><endEvent id="e2"/>',
        "s>a a>e:=x>1 a>e2:=y",
    ),
    "a gateway without flows": ('<exclusiveGateway id="a"/>', "s>a"),
    "an input without =": (job("a", mapped("in y x")), "s>a a>e"),
    "an error without code": (job("a") + boundary("b", "a", "<errorEventDefinition/>"), "s>a a>e b>e"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_is_accepted(api: Play, case: str) -> None:
    nodes, flows = ACCEPTED[case]
    api.deploy(process(NODES + nodes, flows))


def test_the_last_flow_of_the_document_whose_condition_holds_is_taken(api: Play) -> None:
    gateway_ = '<exclusiveGateway id="g" default="f3"/><endEvent id="e2"/><endEvent id="e3"/>'
    api.deploy(process(NODES + gateway_, "s>g g>e:=x>1 g>e2:=x>0 g>e3"))
    api.start(x=5)
    ended = {item["elementId"] for item in api.items("element-instances", processInstanceKey=api.instance)}
    assert ended == {"s", "g", "e2"}
