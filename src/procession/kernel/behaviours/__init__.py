"""What each kind of element does. One class per kind, found by the type of its model class; all share `Behaviour`'s hooks."""

from __future__ import annotations

from procession.bpmn import model as m
from procession.kernel.behaviours import ad_hoc, calls, events, gateways, loops, scopes, tasks
from procession.kernel.behaviours.behaviour import Behaviour

_BY_TYPE: dict[type[m.Node], Behaviour] = {
    m.StartEvent: events.Passing(),
    m.CatchEvent: events.Catching(),
    m.ThrowEvent: events.Throwing(),
    m.EndEvent: events.Ending(),
    m.BoundaryEvent: events.Passing(),
    m.UserTask: tasks.HumanTask(),
    m.WorkTask: tasks.Working(),
    m.ReceiveTask: tasks.Receiving(),
    m.PassTask: events.Passing(),
    m.CallActivity: calls.Calling(),
    m.SubProcess: scopes.Embedded(),
    m.AdHocSubProcess: ad_hoc.AdHoc(),
    m.AdHocInner: ad_hoc.Inner(),
    m.ExclusiveGateway: gateways.Exclusive(),
    m.InclusiveGateway: gateways.Inclusive(),
    m.ParallelGateway: gateways.Parallel(),
    m.EventGateway: gateways.EventBased(),
}
_LOOP = loops.LoopBody()


def behaviour_of(node: m.Node, *, is_body: bool) -> Behaviour:
    """The behaviour of what is at a node, or of its loop's body."""
    return _LOOP if is_body else _BY_TYPE[type(node)]
