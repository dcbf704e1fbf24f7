"""What the reader makes of the standard's elements."""

from __future__ import annotations

import pytest

from procession.bpmn import model as m
from procession.bpmn.problems import MOST_PROBLEMS
from procession.camunda7.bpmn import read_bpmn
from procession.errors import ParseFailed
from tests.bpmn.models import HEAD, MESSAGE, around, process, read, reading

TIMER = "<timerEventDefinition><timeDuration>PT5M</timeDuration></timerEventDefinition>"


def node(xml: str, id_: str = "t") -> m.Node:
    return read(xml).nodes[id_]


def test_flows_keep_the_order_of_the_document() -> None:
    model = read(
        process(
            '<sequenceFlow id="b" sourceRef="t" targetRef="e"/><task id="t"/><sequenceFlow id="a" sourceRef="t" targetRef="e"/>'
        )
    )
    assert model.nodes["t"].outgoing == ("b", "a")
    assert model.nodes["e"].incoming == ("b", "a")


@pytest.mark.parametrize(
    ("xml", "kind"),
    [
        ('<task id="t"/>', m.PassTask),
        ('<manualTask id="t"/>', m.PassTask),
        ('<userTask id="t"/>', m.UserTask),
        ('<receiveTask id="t"/>', m.ReceiveTask),
        ('<exclusiveGateway id="t"/>', m.ExclusiveGateway),
        ('<inclusiveGateway id="t"/>', m.InclusiveGateway),
        ('<parallelGateway id="t"/>', m.ParallelGateway),
        ('<intermediateThrowEvent id="t"/>', m.ThrowEvent),
        ('<callActivity id="t" calledElement="x"/>', m.CallActivity),
        ('<subProcess id="t"><startEvent id="x"/></subProcess>', m.SubProcess),
        ('<transaction id="t"/>', m.SubProcess),
    ],
)
def test_kinds(xml: str, kind: type[m.Node]) -> None:
    found = node(around(xml))
    assert isinstance(found, kind)
    assert found.kind == xml[1:].split()[0]


def test_lines_count_from_one() -> None:
    assert node(around('<task id="t"/>')).line == 6


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (TIMER, "Timer PT5M"),
        ('<messageEventDefinition messageRef="m"/>', "Message M"),
        ('<signalEventDefinition signalRef="g"/>', "Signal G"),
        ("<conditionalEventDefinition><condition>${a}</condition></conditionalEventDefinition>", "Conditional ${a}"),
        ('<linkEventDefinition name="L"/>', "Link L"),
    ],
)
def test_caught(definition: str, expected: str) -> None:
    xml = around(
        f'<intermediateCatchEvent id="t">{definition}</intermediateCatchEvent>',
        root=MESSAGE + '<signal id="g" name="G"/>',
    )
    found = node(xml)
    assert isinstance(found, m.CatchEvent)
    match found.definition:
        case m.Timer(value=value):
            told = value.source
        case m.Message(name=name) | m.Signal(name=name):
            told = name.source
        case m.Conditional(condition=condition):
            assert not isinstance(condition, m.Script | m.ListOf | m.MapOf)
            told = condition.source
        case m.Link(name=link):
            told = link
        case other:
            told = repr(other)
    assert f"{type(found.definition).__name__} {told}" == expected


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ('<errorEventDefinition errorRef="er"/>', m.Error("boom")),
        ('<errorEventDefinition errorRef="unknown"/>', m.Error("unknown")),
        ("<terminateEventDefinition/>", m.Terminate()),
        ('<escalationEventDefinition escalationRef="es"/>', m.Escalation("up")),
        ('<compensateEventDefinition activityRef="t"/>', m.Compensation("t")),
        ("", None),
    ],
)
def test_thrown_at_the_end(definition: str, expected: m.EventDefinition | None) -> None:
    root = '<error id="er" errorCode="boom"/><escalation id="es" escalationCode="up"/>'
    found = node(around('<task id="t"/>', root=root, end=f'<endEvent id="e">{definition}</endEvent>'), "e")
    assert isinstance(found, m.EndEvent)
    assert found.definition == expected


def test_boundaries_are_listed_and_error_events_always_interrupt() -> None:
    model = read(
        around(
            '<task id="t"/>',
            extra=f'<boundaryEvent id="b1" attachedToRef="t" cancelActivity="false">{TIMER}</boundaryEvent>'
            '<boundaryEvent id="b2" attachedToRef="t" cancelActivity="false"><errorEventDefinition/></boundaryEvent>',
        )
    )
    assert model.boundaries == {"t": ("b1", "b2")}
    first, second = model.nodes["b1"], model.nodes["b2"]
    assert isinstance(first, m.BoundaryEvent)
    assert isinstance(second, m.BoundaryEvent)
    assert (first.interrupting, second.interrupting) == (False, True)


def test_scopes_starts_and_event_subprocesses() -> None:
    model = read(
        around(
            '<subProcess id="t"><startEvent id="x"/></subProcess>',
            extra=f'<subProcess id="es" triggeredByEvent="true"><startEvent id="y">{TIMER}</startEvent></subProcess>',
        )
    )
    assert model.scope_of("x") == "t"
    assert model.starts == {"p": ("s",), "t": ("x",), "es": ("y",)}
    assert model.event_subprocesses["p"] == ("es",)


@pytest.mark.parametrize(
    ("start", "initial"),
    [
        ('<startEvent id="s"/>', "s"),
        ('<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent>', "s"),
        ('<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent><startEvent id="n"/>', "n"),
        (f'<startEvent id="s">{TIMER}</startEvent>', "s"),
    ],
)
def test_initial(start: str, initial: str) -> None:
    assert read(process("", root=MESSAGE, start=start)).initial == initial


def test_flows_into_a_throwing_link_lead_to_the_catching_one() -> None:
    model = read(
        process(
            '<sequenceFlow id="f" sourceRef="s" targetRef="l"/>'
            '<intermediateThrowEvent id="l"><linkEventDefinition name="x"/></intermediateThrowEvent>'
            '<intermediateCatchEvent id="c"><linkEventDefinition name="x"/></intermediateCatchEvent>'
        )
    )
    assert model.flows["f"].target == "c"
    assert "l" not in model.nodes


def test_a_compensation_boundary_knows_its_handler() -> None:
    model = read(
        around(
            '<task id="t"/>',
            extra='<task id="undo" isForCompensation="true"/><boundaryEvent id="b" attachedToRef="t">'
            "<compensateEventDefinition/></boundaryEvent>",
            end='<endEvent id="e"/><association id="a" sourceRef="b" targetRef="undo"/>',
        )
    )
    event = model.nodes["b"]
    assert isinstance(event, m.BoundaryEvent)
    assert event.definition == m.Compensation("undo")
    assert model.nodes["undo"].for_compensation


def test_what_camunda_ignores_is_ignored_with_a_warning() -> None:
    found = reading(around('<task id="t"/>', extra='<adHocSubProcess id="a"/>'))
    assert [w.elements for w in found.warnings] == [("a",)]
    assert "a" not in found.processes[0].nodes


def test_only_executable_processes_are_read() -> None:
    assert reading(HEAD + '<process id="a"/><process id="b" isExecutable="false"/></definitions>').processes == ()


def test_all_problems_come_at_once_with_positions() -> None:
    xml = around('<serviceTask id="t"/>', extra='<sequenceFlow id="f3" sourceRef="t" targetRef="nobody"/>')
    with pytest.raises(ParseFailed) as failed:
        reading(xml)
    found = [(p.elements, p.line, p.column, p.resource) for p in failed.value.problems]
    assert ((), 11, 15, "a.bpmn") in found  # the reference to nothing, at the end of the file
    assert (("t",), 6, 22, "a.bpmn") in found
    assert (("f3",), 8, 57, "a.bpmn") in found


def test_a_cyclic_call_is_legal() -> None:
    found = node(around('<callActivity id="t" calledElement="p"/>'))
    assert isinstance(found, m.CallActivity)
    assert found.called.key.source == "p"


def test_ten_thousand_self_loops_are_read() -> None:
    flows = "".join(f'<sequenceFlow id="f{i}" sourceRef="t" targetRef="t"/>' for i in range(10_000))
    assert len(read(process('<task id="t"/>' + flows)).flows) == 10_000


def test_of_very_many_problems_the_first_are_told() -> None:
    flows = "".join(f'<sequenceFlow id="f{i}" sourceRef="t" targetRef="x"/>' for i in range(5_000))
    with pytest.raises(ParseFailed) as failed:
        reading(process('<task id="t"/>' + flows))
    assert len(failed.value.problems) == MOST_PROBLEMS + 1
    assert f"{5_001 - MOST_PROBLEMS} more" in failed.value.problems[-1].message


def test_more_flows_than_allowed_are_refused_before_reading() -> None:
    flow = b'<sequenceFlow id="f" sourceRef="t" targetRef="t"/>'
    with pytest.raises(ParseFailed, match="are allowed"):
        read_bpmn(
            HEAD.encode() + b'<process id="p" isExecutable="true">' + flow * 400_000 + b"</process></definitions>"
        )
