"""The model that is killed again and again: every kind of wait at once, a call, and a join that needs all of them."""

from __future__ import annotations

import itertools

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="t">'
)
DURATION = '<timeDuration xsi:type="tFormalExpression">PT0.05S</timeDuration>'
BRANCHES = {
    "work": ['<serviceTask id="work" camunda:type="external" camunda:topic="work"/>'],
    "user": ['<userTask id="user"/>'],
    "timer": [
        f'<intermediateCatchEvent id="timer"><timerEventDefinition>{DURATION}</timerEventDefinition></intermediateCatchEvent>'
    ],
    "later": ['<manualTask id="later" camunda:asyncBefore="true"/>', '<callActivity id="call" calledElement="q"/>'],
}


def _flow(source: str, target: str) -> str:
    return f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}"/>'


def _process() -> str:
    xml = ['<startEvent id="s"/><parallelGateway id="fork"/><parallelGateway id="join"/>', _flow("s", "fork")]
    for nodes in BRANCHES.values():
        xml += nodes
        ids = ["fork", *(node.split('"')[1] for node in nodes), "join"]
        xml += [_flow(source, target) for source, target in itertools.pairwise(ids)]
    xml += [
        '<manualTask id="last" camunda:asyncBefore="true"/><endEvent id="e"/>',
        _flow("join", "last"),
        _flow("last", "e"),
    ]
    return f'<process id="p" isExecutable="true">{"".join(xml)}</process>'


CALLED = (
    '<process id="q" isExecutable="true"><startEvent id="qs"/><endEvent id="qe"/>'
    '<serviceTask id="inner" camunda:type="external" camunda:topic="work"/>'
    f"{_flow('qs', 'inner')}{_flow('inner', 'qe')}</process>"
)
MODEL = f"{HEAD}{_process()}{CALLED}</definitions>".encode()

VISITS = {"s": 1, "fork": 1, "work": 1, "user": 1, "timer": 1, "later": 1, "call": 1, "join": 4, "last": 1, "e": 1}
CALLED_VISITS = {"qs": 1, "inner": 1, "qe": 1}
JOBS = 3  # of an instance: timer, later, last
EXTERNALS = 2  # work, and inner in what it calls
