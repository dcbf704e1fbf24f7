"""The models that are measured: a human task or an external task between start and end; and models of any length."""

from __future__ import annotations

import itertools

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


# ---------------------------------------------------------------- models that grow, for the curves


def chain(length: int, node: str = '<userTask id="{id}"/>') -> bytes:
    """`length` nodes one after the other."""
    nodes = "".join(node.format(id=f"n{place}") for place in range(length))
    ids = ["s", *(f"n{place}" for place in range(length)), "e"]
    flows = "".join(
        f'<sequenceFlow id="f{place}" sourceRef="{source}" targetRef="{target}"/>'
        for place, (source, target) in enumerate(itertools.pairwise(ids))
    )
    return _process(f'<startEvent id="s"/>{nodes}<endEvent id="e"/>{flows}')


def fork(branches: int, node: str = '<userTask id="{id}"/>') -> bytes:
    """`branches` nodes at once, between two parallel gateways."""
    nodes = "".join(
        node.format(id=f"n{place}")
        + f'<sequenceFlow id="in{place}" sourceRef="fork" targetRef="n{place}"/>'
        + f'<sequenceFlow id="out{place}" sourceRef="n{place}" targetRef="join"/>'
        for place in range(branches)
    )
    return _process(
        '<startEvent id="s"/><parallelGateway id="fork"/><parallelGateway id="join"/><endEvent id="e"/>'
        '<sequenceFlow id="f1" sourceRef="s" targetRef="fork"/><sequenceFlow id="f2" sourceRef="join" targetRef="e"/>'
        + nodes
    )


def loop(*, sequential: bool = False, tag: str = "userTask") -> bytes:
    """A multi-instance over the variable `items`."""
    return _process(
        '<startEvent id="s"/><endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="n"/>'
        f'<sequenceFlow id="f2" sourceRef="n" targetRef="e"/><{tag} id="n"><multiInstanceLoopCharacteristics '
        f'isSequential="{str(sequential).lower()}" camunda:collection="items" camunda:elementVariable="item"/></{tag}>'
    )


def _process(content: str) -> bytes:
    return f'{_HEAD}<process id="{GROWING}" isExecutable="true">{content}</process></definitions>'.encode()


GROWING = "growing"
MESSAGE = (
    f'{_HEAD}<message id="m1" name="m"/><process id="{GROWING}" isExecutable="true"><startEvent id="s"/>'
    '<receiveTask id="n" messageRef="m1"/><endEvent id="e"/><sequenceFlow id="f1" sourceRef="s" targetRef="n"/>'
    '<sequenceFlow id="f2" sourceRef="n" targetRef="e"/></process></definitions>'
).encode()
