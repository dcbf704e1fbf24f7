"""What is understood and not executed is refused by name, with the element and a remedy."""

from __future__ import annotations

import pytest

from procession.bpmn.unsupported import NOT_EXECUTED
from procession.errors import ParseFailed
from tests.bpmn.models import around, reading

SIGNAL = '<signal id="g" name="G"/>'
EXAMPLES = {
    "signal event": around(
        '<intermediateThrowEvent id="t"><signalEventDefinition signalRef="g"/></intermediateThrowEvent>', root=SIGNAL
    ),
    "escalation event": around(
        '<intermediateThrowEvent id="t"><escalationEventDefinition escalationRef="x"/></intermediateThrowEvent>',
        root='<escalation id="x" escalationCode="y"/>',
    ),
    "compensation": around('<intermediateThrowEvent id="t"><compensateEventDefinition/></intermediateThrowEvent>'),
    "conditional event": around(
        '<intermediateCatchEvent id="t"><conditionalEventDefinition><condition>${a}</condition>'
        "</conditionalEventDefinition></intermediateCatchEvent>"
    ),
    "cancel event": around(
        '<transaction id="x"><startEvent id="y"/><endEvent id="t"><cancelEventDefinition/></endEvent></transaction>'
    )
    .replace('<sequenceFlow id="f1" sourceRef="s" targetRef="t"/>', "")
    .replace('<sequenceFlow id="f2" sourceRef="t" targetRef="e"/>', ""),
    "link event": around('<intermediateCatchEvent id="t"><linkEventDefinition name="x"/></intermediateCatchEvent>'),
    "event sub-process": around(
        '<task id="x"/><subProcess id="t" triggeredByEvent="true"><startEvent id="y"><errorEventDefinition/></startEvent>'
        "</subProcess>"
    )
    .replace('targetRef="t"', 'targetRef="x"')
    .replace('sourceRef="t"', 'sourceRef="x"'),
    "transaction": around('<transaction id="t"/>'),
    "mail task": around('<serviceTask id="t" camunda:type="mail"/>'),
    "shell task": around('<serviceTask id="t" camunda:type="shell"/>'),
    "case call": around('<callActivity id="t" camunda:caseRef="x"/>'),
}


@pytest.mark.checklist(28, 1)
@pytest.mark.checklist(89, 2)
@pytest.mark.parametrize("name", NOT_EXECUTED)
def test_refused_by_name(name: str) -> None:
    with pytest.raises(ParseFailed) as failed:
        reading(EXAMPLES[name], {name: NOT_EXECUTED[name]})
    (problem,) = failed.value.problems
    assert problem.elements == ("t",)
    assert problem.line > 0
    assert f"{name} is not executed by this version; {NOT_EXECUTED[name]}" in problem.message


@pytest.mark.parametrize("name", NOT_EXECUTED)
def test_read_fully_where_it_is_not_refused(name: str) -> None:
    assert reading(EXAMPLES[name]).processes
