"""Which nodes of one process may go on as which nodes of another: plans made and judged, in Camunda 7's words.

An activity's scope is the sub-process, process or multi-instance body around it; the scope of an event is what it belongs to:
the activity of a boundary event, the scope around an event sub-process, the gateway before an event, else the event itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from procession.bpmn import model as m
from procession.bpmn.activity_types import activity_type
from procession.kernel.commands import MoveNode
from procession.kernel.placing import scope_around
from procession.kernel.stepping import BODY

_PERSISTENT = (m.Message, m.Signal, m.Timer, m.Conditional)
_SUPPORTED = frozenset(
    {
        "SubProcessActivityBehavior", "UserTaskActivityBehavior", "BoundaryEventActivityBehavior",
        "ParallelMultiInstanceActivityBehavior", "SequentialMultiInstanceActivityBehavior", "ReceiveTaskActivityBehavior",
        "CallActivityBehavior", "IntermediateCatchEventActivityBehavior", "EventBasedGatewayActivityBehavior",
        "EventSubProcessActivityBehavior", "EventSubProcessStartEventActivityBehavior", "ExternalTaskActivityBehavior",
        "ParallelGatewayActivityBehavior", "InclusiveGatewayActivityBehavior", "IntermediateConditionalEventBehavior",
        "BoundaryConditionalEventActivityBehavior", "EventSubProcessStartConditionalEventActivityBehavior",
    }
)  # fmt: skip
_WORK = {
    m.ExternalWork: "ExternalTaskActivityBehavior",
    m.ExpressionWork: "ServiceTaskExpressionActivityBehavior",
    m.ConnectorWork: "ServiceTaskConnectorActivityBehavior",
    m.ScriptWork: "ScriptTaskActivityBehavior",
    m.DecisionWork: "DmnBusinessRuleTaskActivityBehavior",
}
_KINDS = {
    m.UserTask: "UserTaskActivityBehavior",
    m.ReceiveTask: "ReceiveTaskActivityBehavior",
    m.CallActivity: "CallActivityBehavior",
    m.PassTask: "TaskActivityBehavior",
    m.EventGateway: "EventBasedGatewayActivityBehavior",
    m.ExclusiveGateway: "ExclusiveGatewayActivityBehavior",
    m.InclusiveGateway: "InclusiveGatewayActivityBehavior",
    m.ParallelGateway: "ParallelGatewayActivityBehavior",
}
_ENDS = {
    m.Error: "ErrorEndEventActivityBehavior",
    m.Terminate: "TerminateEndEventActivityBehavior",
    m.Cancel: "CancelEndEventActivityBehavior",
    m.Signal: "ThrowSignalEventActivityBehavior",
    m.Escalation: "ThrowEscalationEventActivityBehavior",
    m.Compensation: "CompensationEventActivityBehavior",
}
_SUB_PROCESSES = {"SubProcessActivityBehavior", "EventSubProcessActivityBehavior"}


class Plan:
    """A plan between two processes."""

    def __init__(self, source: m.Process, target: m.Process, moves: Sequence[MoveNode]) -> None:
        self.source = source
        self.target = target
        self.moves = list(moves)

    def problems(self) -> list[tuple[MoveNode, list[str]]]:
        """What is wrong, move by move; nothing for a move that is right."""
        sound = [x for x in self.moves if _exists(self.source, x.source) and _exists(self.target, x.target)]
        found = []
        for move in self.moves:
            failures = list(self._judge(move, sound)) if move in sound else self._absent(move)
            if failures:
                found.append((move, failures))
        return found

    def _absent(self, move: MoveNode) -> list[str]:
        failures = []
        if not _exists(self.source, move.source):
            failures.append(f"Source activity '{move.source}' does not exist")
        if not _exists(self.target, move.target):
            failures.append(f"Target activity '{move.target}' does not exist")
        return failures

    def _judge(self, move: MoveNode, moves: Sequence[MoveNode]) -> Iterator[str]:
        before, after = behaviour(self.source, move.source), behaviour(self.target, move.target)
        if before != after and not {before, after} <= _SUB_PROCESSES:
            yield f"Activities have incompatible types ({before} is not compatible with {after})"
        same = [x for x in moves if x.source == move.source]
        if len(same) > 1:
            shown = ", ".join(
                f"ValidatingMigrationInstructionImpl{{sourceActivity=Activity({x.source}), "
                f"targetActivity=Activity({x.target})}}"
                for x in same
            )
            yield f"There are multiple mappings for source activity id '{move.source}': {shown}"
        yield from self._events(move)
        yield from self._loops(move, moves)
        yield from self._gateways(move, moves)
        yield from self._event_scopes(move, moves)
        if move.update and not _persistent(self.source, move.source):
            yield "Cannot update event trigger because the activity does not define a persistent event trigger"
        yield from self._ancestors(move, moves)
        if _conditional(self.source, move.source) and not move.update:
            yield "Conditional event has to migrate with update event trigger."

    def _events(self, move: MoveNode) -> Iterator[str]:
        before, after = _node(self.source, move.source), _node(self.target, move.target)
        if _is_trigger(self.source, before) and _is_trigger(self.target, after):
            types = activity_type(before, False), activity_type(after, False)
            if types[0] != types[1]:
                yield f"Events are not of the same type ({types[0]} != {types[1]})"

    def _loops(self, move: MoveNode, moves: Sequence[MoveNode]) -> Iterator[str]:
        aims = {x.target for x in moves}
        for scope in _scopes(self.target, move.target):
            if scope in aims:
                break
            if scope.endswith(BODY):
                yield (
                    f"Target activity '{move.target}' is a descendant of multi-instance body '{scope}' that is not mapped "
                    "from the source process definition."
                )
                break
        if move.target.endswith(BODY) and move.target.removesuffix(BODY) not in aims:
            yield "Must map the inner activity of a multi-instance body when the body is mapped"
        if move.source.endswith(BODY) and move.source.removesuffix(BODY) not in {x.source for x in moves}:
            yield "Cannot remove the inner activity of a multi-instance body when the body is mapped"

    def _gateways(self, move: MoveNode, moves: Sequence[MoveNode]) -> Iterator[str]:
        before, after = _node(self.source, move.source), _node(self.target, move.target)
        if not isinstance(after, m.ParallelGateway | m.InclusiveGateway):
            return
        if len(before.incoming) > len(after.incoming):
            yield (
                "The target gateway must have at least the same number of incoming sequence flows that the source gateway "
                "has"
            )
        scope = scope_around(self.source, move.source)
        if scope != self.source.id and all(x.source != scope for x in moves):
            yield f"The gateway's flow scope '{scope}' must be mapped"
        if sum(x.target == move.target for x in moves) > 1:
            yield f"Only one gateway can be mapped to gateway '{move.target}'"

    def _event_scopes(self, move: MoveNode, moves: Sequence[MoveNode]) -> Iterator[str]:
        before = event_scope(self.source, move.source)
        node = _node(self.source, move.source)
        if before is None or (isinstance(node, m.BoundaryEvent) and isinstance(node.definition, m.Compensation)):
            return
        after = event_scope(self.target, move.target)
        if after is None:
            yield f"The source activity's event scope ({before}) must be mapped but the target activity has no event scope"
            return
        if before == self.source.id:
            mapped: str | None = self.target.id
        else:
            mapped = next((x.target for x in moves if x.source == before), None)
        if mapped != after:
            yield (
                f"The source activity's event scope ({before}) must be mapped to the target activity's event scope "
                f"({after})"
            )

    def _ancestors(self, move: MoveNode, moves: Sequence[MoveNode]) -> Iterator[str]:
        by_source = {x.source: x for x in moves}
        closest = next((by_source[x] for x in _scopes(self.source, move.source) if x in by_source), None)
        if closest is not None and closest.target not in _scopes(self.target, move.target):
            yield (
                f"The closest mapped ancestor '{closest.source}' is mapped to scope '{closest.target}' which is not an "
                f"ancestor of target scope '{move.target}'"
            )


def generate(source: m.Process, target: m.Process, *, update: bool = False) -> list[MoveNode]:
    """A plan by equal ids, for what can migrate; `update` has what events wait for made anew."""
    plan = Plan(source, target, [])

    def inside(scope: str, aim: str) -> None:
        found = []
        for name in _children(source, scope):
            if not (_exists(target, name) and name in _children(target, aim)):
                continue
            if not (_supported(source, name) and _supported(target, name)):
                continue
            anew = _conditional(source, name) or (update and _persistent(source, name))
            found.append(MoveNode(name, name, anew))
        plan.moves += found
        while wrong := {x.source for x, _ in plan.problems()}:
            plan.moves = [x for x in plan.moves if x.source not in wrong]
        for move in found:
            if move in plan.moves:
                inside(move.source, move.target)

    inside(source.id, target.id)
    return plan.moves


def behaviour(process: m.Process, name: str) -> str:
    """The class that carries an activity out in Camunda 7: what must be alike."""
    node = _node(process, name)
    if name.endswith(BODY):
        sequential = node.traits.loop is not None and node.traits.loop.sequential
        return ("Sequential" if sequential else "Parallel") + "MultiInstanceActivityBehavior"
    conditional = isinstance(getattr(node, "definition", None), m.Conditional)
    match node:
        case m.SubProcess(triggered=triggered):
            return "EventSubProcessActivityBehavior" if triggered else "SubProcessActivityBehavior"
        case m.BoundaryEvent(definition=m.Cancel()):
            return "CancelBoundaryEventActivityBehavior"
        case m.BoundaryEvent():
            return "BoundaryConditionalEventActivityBehavior" if conditional else "BoundaryEventActivityBehavior"
        case m.CatchEvent(definition=m.Link()):
            return "IntermediateCatchLinkEventActivityBehavior"
        case m.CatchEvent():
            return "IntermediateConditionalEventBehavior" if conditional else "IntermediateCatchEventActivityBehavior"
        case m.StartEvent():
            if not _starts_event(process, node):
                return "NoneStartEventActivityBehavior"
            named = "StartConditional" if conditional else "Start"
            return f"EventSubProcess{named}EventActivityBehavior"
        case m.EndEvent(definition=definition):
            return _ENDS.get(type(definition), "NoneEndEventActivityBehavior")
        case m.ThrowEvent(definition=definition):
            return _ENDS.get(type(definition), "IntermediateThrowNoneEventActivityBehavior")
        case m.WorkTask(work=m.DelegateWork(class_name=class_name)):
            return "ClassDelegateActivityBehavior" if class_name else "ServiceTaskDelegateExpressionActivityBehavior"
        case m.WorkTask(work=work):
            return _WORK[type(work)]
        case m.PassTask(kind="manualTask"):
            return "ManualTaskActivityBehavior"
    return _KINDS[type(node)]


def event_scope(process: m.Process, name: str) -> str | None:
    """What an event belongs to; None for what is no event, or belongs to the scope that it lies in."""
    node = _node(process, name)
    match node:
        case m.BoundaryEvent(attached_to=host):
            return host + BODY if process.nodes[host].traits.loop is not None else host
        case m.StartEvent() if _starts_event(process, node):
            return process.nodes[node.scope].scope
        case m.CatchEvent():
            before = [process.nodes[process.flows[flow].source] for flow in node.incoming]
            return next((x.id for x in before if isinstance(x, m.EventGateway)), node.id)
        case m.ReceiveTask(message=message) if message is not None and not name.endswith(BODY):
            return node.id
    return None


def _exists(process: m.Process, name: str) -> bool:
    node = process.nodes.get(name.removesuffix(BODY))
    return node is not None and (not name.endswith(BODY) or node.traits.loop is not None)


def _node(process: m.Process, name: str) -> m.Node:
    return process.nodes[name.removesuffix(BODY)]


def _scopes(process: m.Process, name: str) -> list[str]:
    """The scopes around an activity, nearest first, without the process itself."""
    found = []
    while (name := scope_around(process, name)) != process.id:
        found.append(name)
    return found


def _children(process: m.Process, scope: str) -> list[str]:
    if scope.endswith(BODY):
        return [scope.removesuffix(BODY)]
    return [
        node.id + BODY if node.traits.loop is not None else node.id
        for node in process.nodes.values()
        if node.scope == scope
    ]


def _starts_event(process: m.Process, node: m.Node) -> bool:
    around = process.nodes.get(node.scope)
    return isinstance(around, m.SubProcess) and around.triggered


def _is_trigger(process: m.Process, node: m.Node) -> bool:
    return isinstance(node, m.BoundaryEvent) or (isinstance(node, m.StartEvent) and _starts_event(process, node))


def _is_event(process: m.Process, node: m.Node) -> bool:
    return isinstance(node, m.CatchEvent) or _is_trigger(process, node)


def _definition(node: m.Node) -> object:
    return node.message if isinstance(node, m.ReceiveTask) else getattr(node, "definition", None)


def _persistent(process: m.Process, name: str) -> bool:
    return event_scope(process, name) is not None and isinstance(_definition(_node(process, name)), _PERSISTENT)


def _conditional(process: m.Process, name: str) -> bool:
    node = _node(process, name)
    return _is_event(process, node) and isinstance(_definition(node), m.Conditional)


def _supported(process: m.Process, name: str) -> bool:
    node = _node(process, name)
    if node.for_compensation:
        return False
    definition = _definition(node)
    passive = isinstance(definition, (*_PERSISTENT, m.Compensation))
    if (isinstance(node, m.BoundaryEvent) or _is_event(process, node)) and not passive:
        return False
    asynchronous = node.traits.async_before or node.traits.async_after
    return behaviour(process, name) in _SUPPORTED or asynchronous
