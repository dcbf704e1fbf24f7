"""Parts of models in few words: sub-processes, events and what they catch, listeners."""

from __future__ import annotations

from tests.camunda8.dialogue import ERROR, NODES
from tests.camunda8.play import extended, job, process


def model(id_: str, nodes: str, flows: str, roots: str = "", extensions: str = "") -> bytes:
    """A process between a start `s` and an end `e`."""
    return process(NODES + nodes, flows, roots, id_, extensions)


def inside(nodes: str, *flows: str) -> str:
    """The contents of a sub-process: nodes, and flows written `a>b`."""
    lines = []
    for number, flow in enumerate(flows):
        source, target = flow.split(">")
        lines.append(f'<sequenceFlow id="{source}-{target}-{number}" sourceRef="{source}" targetRef="{target}"/>')
        place = nodes.find(f'<boundaryEvent id="{source}"')
        if place >= 0:
            after = nodes.index(">", place) + 1
            nodes = f"{nodes[:after]}<outgoing>{source}-{target}-{number}</outgoing>{nodes[after:]}"
    return nodes + "".join(lines)


def sub(id_: str, nodes: str, *flows: str, attributes: str = "") -> str:
    """An embedded sub-process between its own start `is` and end `ie`."""
    own = f'<startEvent id="{id_}-s"/>{nodes}<endEvent id="{id_}-e"/>'
    return f'<subProcess id="{id_}" {attributes}>{inside(own, *flows)}</subProcess>'


def event_sub(id_: str, definition: str, nodes: str, *flows: str, interrupting: bool = True) -> str:
    """An event sub-process whose start is `<id>-s`."""
    attributes = "" if interrupting else 'isInterrupting="false"'
    start = f'<startEvent id="{id_}-s" {attributes}>{definition}</startEvent>'
    return f'<subProcess id="{id_}" triggeredByEvent="true">{inside(start + nodes, *flows)}</subProcess>'


def boundary(id_: str, host: str, definition: str, interrupting: bool = True) -> str:
    """A boundary event."""
    attributes = "" if interrupting else 'cancelActivity="false"'
    return f'<boundaryEvent id="{id_}" attachedToRef="{host}" {attributes}>{definition}</boundaryEvent>'


def listened(*listeners: str) -> str:
    """Execution listeners written `start type`."""
    lines = [f'<zeebe:executionListener eventType="{x.split()[0]}" type="{x.split()[1]}"/>' for x in listeners]
    return f"<zeebe:executionListeners>{''.join(lines)}</zeebe:executionListeners>"


def task_listened(*events: str) -> str:
    """Listeners of a user task; their jobs have the names of their events."""
    lines = [f'<zeebe:taskListener eventType="{event}" type="{event}"/>' for event in events]
    return f"<zeebe:userTask/><zeebe:taskListeners>{''.join(lines)}</zeebe:taskListeners>"


def ad_hoc(extensions: str, condition: str = "", attributes: str = "") -> str:
    """An ad-hoc sub-process `ah` of A, and of B before C."""
    until = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    nodes = inside(job("A") + job("B") + job("C"), "B>C")
    return extended("adHocSubProcess", "ah", extensions, nodes + until, attributes)


TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
CYCLE = "<timerEventDefinition><timeCycle>R2/PT1H</timeCycle></timerEventDefinition>"
MESSAGE = '<messageEventDefinition messageRef="m"/>'
ERR = '<errorEventDefinition errorRef="err"/>'
ESCALATION = '<escalationEventDefinition escalationRef="esc"/>'
SIGNAL = '<signalEventDefinition signalRef="sig"/>'
COMPENSATED = '<compensateEventDefinition id="cd1"/>'
COMPENSATES = '<compensateEventDefinition id="cd2"/>'
TERMINATE = "<terminateEventDefinition/>"
ROOTS = ERROR + '<escalation id="esc" escalationCode="c"/>'
HOUR = 3_600_000


def paid(name: str) -> str:
    """A message that is told apart by the variable `key`."""
    return extended("message", "m", '<zeebe:subscription correlationKey="=key"/>', attributes=f'name="{name}"')


def signal(name: str) -> str:
    """A signal."""
    return f'<signal id="sig" name="{name}"/>'


def catch(definition: str, id_: str = "w", name: str = "intermediateCatchEvent") -> str:
    """An event that waits, or throws."""
    return f'<{name} id="{id_}">{definition}</{name}>'


def throw(definition: str, id_: str = "t") -> str:
    """An event that throws."""
    return catch(definition, id_, "intermediateThrowEvent")
