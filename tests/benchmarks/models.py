"""The two models that are measured: a human task, and an external task, between start and end."""

from __future__ import annotations

_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' targetNamespace="bench">'
)


def _row(id_: str, node: str) -> bytes:
    return (
        f'{_HEAD}<process id="{id_}" isExecutable="true" camunda:historyTimeToLive="P30D"><startEvent id="s"/>{node}'
        '<endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="n"/>'
        '<sequenceFlow id="f2" sourceRef="n" targetRef="e"/></process></definitions>'
    ).encode()


USER = "bench-user"
EXTERNAL = "bench-external"
TOPIC = "bench"
MODELS = {
    USER: _row(USER, '<userTask id="n"/>'),
    EXTERNAL: _row(EXTERNAL, f'<serviceTask id="n" camunda:type="external" camunda:topic="{TOPIC}"/>'),
}
