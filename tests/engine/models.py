"""Models for the engine's tests: a row of nodes between a start `s` and an end `e`, and whatever else is given."""

from __future__ import annotations

import itertools
import re

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="t">'
)
MESSAGES = "".join(f'<message id="{name}" name="{name}"/>' for name in ("M", "N"))
ERROR = '<error id="E" errorCode="E1"/>'
USER = '<userTask id="u"/>'
RETRY_NEVER = "<camunda:failedJobRetryTimeCycle>R1/PT1S</camunda:failedJobRetryTimeCycle>"


def row(
    *nodes: str,
    id_: str = "p",
    extra: str = "",
    start: str = '<startEvent id="s"/>',
    end: str = '<endEvent id="e"/>',
    attributes: str = "",
) -> bytes:
    """A file with one process: start, the nodes one after the other, end; `extra` is anything else inside of it."""
    return file(process(*nodes, id_=id_, extra=extra, start=start, end=end, attributes=attributes))


def process(
    *nodes: str,
    id_: str = "p",
    extra: str = "",
    start: str = '<startEvent id="s"/>',
    end: str = '<endEvent id="e"/>',
    attributes: str = "",
) -> str:
    parts = [start, *nodes, end]
    ids = [_id(part) for part in parts]
    flows = "".join(flow(source, target) for source, target in itertools.pairwise(ids))
    return f'<process id="{id_}" isExecutable="true" {attributes}>{"".join(parts)}{flows}{extra}</process>'


def file(*processes: str) -> bytes:
    """A file of processes, with messages M and N and an error E (code E1)."""
    return f"{HEAD}{MESSAGES}{ERROR}{''.join(processes)}</definitions>".encode()


def flow(source: str, target: str, condition: str = "") -> str:
    inside = f'<conditionExpression xsi:type="tFormalExpression">{condition}</conditionExpression>' if condition else ""
    return f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'


def external(id_: str = "x", topic: str = "work") -> str:
    return f'<serviceTask id="{id_}" camunda:type="external" camunda:topic="{topic}"/>'


def expression(id_: str, text: str, attributes: str = "", inside: str = "") -> str:
    return f'<serviceTask id="{id_}" camunda:expression="{text}" {attributes}>{_extended(inside)}</serviceTask>'


def delegate(id_: str, name: str, attributes: str = "", inside: str = "") -> str:
    return f'<serviceTask id="{id_}" camunda:class="{name}" {attributes}>{_extended(inside)}</serviceTask>'


def message(id_: str, name: str = "M") -> str:
    """A receive task."""
    return f'<receiveTask id="{id_}" messageRef="{name}"/>'


def call(id_: str, called: str, mappings: str = "", attributes: str = "") -> str:
    return f'<callActivity id="{id_}" calledElement="{called}" {attributes}>{_extended(mappings)}</callActivity>'


def timer(kind: str, text: str) -> str:
    return f'<timerEventDefinition><time{kind} xsi:type="tFormalExpression">{text}</time{kind}></timerEventDefinition>'


def wait(id_: str, text: str, kind: str = "Duration") -> str:
    return f'<intermediateCatchEvent id="{id_}">{timer(kind, text)}</intermediateCatchEvent>'


def boundary(id_: str, at: str, definition: str, target: str, *, interrupting: bool = True) -> str:
    """A boundary event with a flow to `target`."""
    cancel = "" if interrupting else 'cancelActivity="false"'
    return f'<boundaryEvent id="{id_}" attachedToRef="{at}" {cancel}>{definition}</boundaryEvent>' + flow(id_, target)


def _extended(inside: str) -> str:
    return f"<extensionElements>{inside}</extensionElements>" if inside else ""


def _id(xml: str) -> str:
    found = re.search(r'\bid="([^"]+)"', xml)
    assert found is not None
    return found[1]
