"""The names that history and activity-instance trees give to kinds of elements. They are Camunda 7's, and public API there."""

from __future__ import annotations

from procession.bpmn import model as m

_START: dict[type[object], str] = {
    m.Message: "messageStartEvent",
    m.Timer: "startTimerEvent",
    m.Signal: "signalStartEvent",
    m.Error: "errorStartEvent",
    m.Escalation: "escalationStartEvent",
    m.Conditional: "conditionalStartEvent",
    m.Compensation: "compensationStartEvent",
}
_CATCH: dict[type[object], str] = {
    m.Message: "intermediateMessageCatch",
    m.Timer: "intermediateTimer",
    m.Signal: "intermediateSignalCatch",
    m.Conditional: "intermediateConditional",
    m.Link: "intermediateLinkCatch",
}
_THROW: dict[type[object], str] = {
    m.Message: "intermediateMessageThrowEvent",
    m.Signal: "intermediateSignalThrow",
    m.Escalation: "intermediateEscalationThrowEvent",
    m.Compensation: "intermediateCompensationThrowEvent",
}
_END: dict[type[object], str] = {
    m.Message: "messageEndEvent",
    m.Signal: "signalEndEvent",
    m.Error: "errorEndEvent",
    m.Escalation: "escalationEndEvent",
    m.Terminate: "terminateEndEvent",
    m.Compensation: "compensationEndEvent",
    m.Cancel: "cancelEndEvent",
}
_BOUNDARY: dict[type[object], str] = {
    m.Message: "boundaryMessage",
    m.Timer: "boundaryTimer",
    m.Signal: "boundarySignal",
    m.Error: "boundaryError",
    m.Escalation: "boundaryEscalation",
    m.Conditional: "boundaryConditional",
    m.Compensation: "compensationBoundaryCatch",
    m.Cancel: "cancelBoundaryCatch",
}
_PLAIN: dict[type[m.Node], str] = {
    m.UserTask: "userTask",
    m.ReceiveTask: "receiveTask",
    m.CallActivity: "callActivity",
    m.ExclusiveGateway: "exclusiveGateway",
    m.InclusiveGateway: "inclusiveGateway",
    m.ParallelGateway: "parallelGateway",
    m.EventGateway: "eventBasedGateway",
}


def activity_type(node: m.Node, body: bool = False) -> str:
    """The type name of a node; `body` asks for that of its multi-instance body."""
    if body:
        return "multiInstanceBody"
    match node:
        case m.StartEvent():
            return _START.get(type(node.definition), "startEvent")
        case m.CatchEvent():
            return _CATCH[type(node.definition)]
        case m.ThrowEvent(definition=m.Message(work=None)):
            return "intermediateNoneThrowEvent"
        case m.EndEvent(definition=m.Message(work=None)):
            return "endEvent"
        case m.ThrowEvent():
            return _THROW.get(type(node.definition), "intermediateNoneThrowEvent")
        case m.EndEvent():
            return _END.get(type(node.definition), "noneEndEvent")
        case m.BoundaryEvent():
            return _BOUNDARY[type(node.definition)]
        case m.AdHocSubProcess() | m.AdHocInner():
            return node.kind
        case m.SubProcess():
            return "transaction" if node.transaction else "subProcess"
        case m.WorkTask() | m.PassTask():
            return node.kind
    return _PLAIN[type(node)]


def waits_as_scope(node: m.Node) -> bool:
    """Whether Camunda 7 gives a simple activity a scope of its own while it waits, as multi-instance turns show."""
    if isinstance(node, m.UserTask):
        return any(listener.timer is not None for listener in node.traits.listeners)
    if isinstance(node, m.ReceiveTask):
        return node.message is not None
    return isinstance(node, m.WorkTask) and isinstance(node.work, m.ExternalWork)
