"""The workflows that the functions' tests start, and how the tests look at what became of them."""

from __future__ import annotations

import json
from typing import Any

from procession.serverless.embedded import EmbeddedWorkflows

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def bpmn(process: str, inside: str, outside: str = "", name: str = "") -> bytes:
    """A BPMN file with one process."""
    title = f' name="{name}"' if name else ""
    return (
        f'<definitions xmlns="{BPMN}" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
        f'targetNamespace="test">{outside}'
        f'<process id="{process}"{title} isExecutable="true" camunda:historyTimeToLive="P1D">{inside}</process>'
        "</definitions>"
    ).encode()


def straight(process: str, middle: str = "", name: str = "") -> bytes:
    """A process from start to end, perhaps with one node `m` in between."""
    flows = (
        '<sequenceFlow id="a" sourceRef="s" targetRef="m"/><sequenceFlow id="b" sourceRef="m" targetRef="e"/>'
        if middle
        else '<sequenceFlow id="a" sourceRef="s" targetRef="e"/>'
    )
    return bpmn(process, f'<startEvent id="s"/>{middle}<endEvent id="e"/>{flows}', name=name)


MODELS: dict[str, bytes] = {
    "test.bpmn": straight("test", '<userTask id="m"/>'),
    "test-def.bpmn": straight("test-def", '<userTask id="m"/>', name="Test workflow"),
    "wf-def-123.bpmn": straight("wf-def-123"),
    "later.bpmn": straight("later", '<task id="m" camunda:asyncBefore="true"/>'),
    "broken.bpmn": straight(
        "broken", '<serviceTask id="m" camunda:asyncBefore="true" camunda:expression="${nothing.there}"/>'
    ),
    "broken-now.bpmn": straight("broken-now", '<serviceTask id="m" camunda:expression="${nothing.there}"/>'),
    "agent.bpmn": straight(
        "agent",
        '<serviceTask id="m" camunda:type="external" camunda:topic="agent"><extensionElements><camunda:inputOutput>'
        '<camunda:inputParameter name="prompt">Classify the ticket.</camunda:inputParameter>'
        '<camunda:inputParameter name="data">${ticket}</camunda:inputParameter>'
        '<camunda:inputParameter name="output_schema">{"properties": {"category": {"type": "string"}}, '
        '"required": ["category"]}</camunda:inputParameter>'
        "</camunda:inputOutput></extensionElements></serviceTask>",
    ),
    "order.bpmn": bpmn(
        "order",
        '<startEvent id="s"/><intermediateCatchEvent id="m"><messageEventDefinition messageRef="paid"/>'
        '</intermediateCatchEvent><userTask id="t"/><endEvent id="e"/><sequenceFlow id="a" sourceRef="s" targetRef="m"/>'
        '<sequenceFlow id="b" sourceRef="m" targetRef="t"/><sequenceFlow id="c" sourceRef="t" targetRef="e"/>',
        '<message id="paid" name="payment-received"/>',
    ),
    "waiting.bpmn": bpmn(
        "waiting",
        '<startEvent id="s"/><intermediateCatchEvent id="m"><timerEventDefinition><timeDuration>PT0S</timeDuration>'
        '</timerEventDefinition></intermediateCatchEvent><endEvent id="e"/><sequenceFlow id="a" sourceRef="s" '
        'targetRef="m"/><sequenceFlow id="b" sourceRef="m" targetRef="e"/>',
    ),
}


def body(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer's JSON."""
    read: dict[str, Any] = json.loads(answer["body"])
    return read


def instances(workflows: EmbeddedWorkflows) -> int:
    """How many instances were ever started."""
    with workflows.engine.storage.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM history_instance").scalar() or 0)


def variables(workflows: EmbeddedWorkflows, instance: str) -> dict[str, Any]:
    """The variables of a running instance."""
    from procession.storage.visible import visible_variables

    with workflows.engine.storage.transaction() as transaction:
        found = visible_variables(transaction, [int(instance)])
    return {name: variable.value for name, variable in next(iter(found.values()), {}).items()}
