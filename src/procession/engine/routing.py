"""Where instances meet: calls, errors that leave a called instance, messages, starts. All in one transaction.

A command is carried out, then what it asked of other instances, in the order of asking, until nothing is left to do.
"""

from __future__ import annotations

from typing import Any, Protocol, get_args, runtime_checkable

from procession.bpmn.model import Conditional, Failure, ListOf, MapOf, Script, StartEvent
from procession.engine import batches, cleanup_jobs, restarting, suspending
from procession.engine import commands as ec
from procession.engine.correlating import NoSubscriptions, broadcast, correlate, start_of
from procession.engine.publishing import await_message, publish, start_next
from procession.engine.unit import Envelope, Unit
from procession.errors import ExecutionFailed, Suspended, UnknownName
from procession.expressions import MappingScope
from procession.kernel import commands as c
from procession.kernel import world as w
from procession.kernel.handling import HANDLERS
from procession.kernel.records import Element, Instance, Job
from procession.kernel.stepping import Answer, Step
from procession.kernel.waiting import EVENT
from procession.storage.correlation import start_subscriptions
from procession.storage.drivers import at_once

MAX_CALLS = 1000
_REQUESTS = get_args(w.Request)


def carry_out(unit: Unit, command: Any, envelope: Envelope) -> Any:
    """Carries out any command that shares a transaction with others; gives its value."""
    if type(command) in HANDLERS:
        return perform(unit, command, envelope)
    match command:
        case ec.StartProcess():
            return start(unit, command, envelope)
        case ec.CorrelateMessage():
            return correlate(unit, command, envelope)
        case ec.PublishMessage():
            return publish(unit, command, envelope)
        case ec.SendSignal():
            return send_signal(unit, command, envelope)
        case ec.EvaluateConditions():
            return evaluate_conditions(unit, command, envelope)
        case ec.EvaluateDecision():
            return evaluate(unit, command, envelope)
        case ec.RestartInstance():
            return restarting.restart(unit, command, envelope)
        case ec.CreateBatch():
            return batches.create(unit, command, envelope)
        case ec.SuspendBatch():
            return batches.suspend(unit, command, envelope)
        case ec.DeleteBatch():
            return batches.delete(unit, command, envelope)
        case ec.CleanHistory():
            return cleanup_jobs.clean(unit, command, envelope)
        case ec.Together():
            return [carry_out(unit, one, envelope) for one in command.commands]
        case ec.Lease():
            return at_once(command.take(unit.transaction))()
        case Internal():
            return command.carry_out(unit)
    raise TypeError(f"{type(command).__name__} is no command")


@runtime_checkable
class Internal(Protocol):
    """A part of a deployment that runs as a command, so that it is undone and recorded like one."""

    def carry_out(self, unit: Unit) -> Any: ...


def perform(unit: Unit, command: c.Command, envelope: Envelope) -> Any:
    """A kernel command, and all that follows from it."""
    answer = unit.step(command, envelope)
    if answer.requests:
        follow(unit, answer, envelope)
    return answer.value


def follow(unit: Unit, answer: Answer, envelope: Envelope) -> None:
    """Does what a step has asked of other instances, each request with all that follows from it; then the step goes on."""
    waiting = _to_do(answer)
    while waiting:
        item = waiting.pop()
        if isinstance(item, _REQUESTS):
            waiting.extend(reversed(_answers(unit, item, envelope)))
        else:
            waiting.extend(_to_do(unit.go_on(item) if isinstance(item, Step) else unit.step(item, envelope)))


def _to_do(answer: Answer) -> list[Any]:
    """What is left of a step, the first last."""
    rest = [] if answer.rest is None else [answer.rest]
    return [*rest, *reversed(answer.requests)]


def _answers(unit: Unit, request: w.Request, envelope: Envelope) -> list[c.Command]:
    match request:
        case w.CallProcess():
            return [_called(unit, request)]
        case w.CallEnded():
            _meet(unit, request.caller)
            return [c.FinishCall(request.caller, request.called, request.variables)]
        case w.ErrorLeft():
            return _error_left(unit, request, envelope)
        case w.EscalationLeft():
            _meet(unit, request.caller)
            thrower = request.element
            asked = c.EscalateFromCall(request.caller, request.code, request.results, request.demand, thrower)
            return [asked] if thrower is None else [asked, c.GoOn(thrower)]
        case w.ThrowerGoesOn():
            return [c.GoOn(request.element)]
        case w.BroadcastSignal():
            reached = broadcast(
                unit,
                request.name,
                request.tenant,
                request.variables,
                asynchronous=request.asynchronous,
                business_key=request.business_key,
            )
            return [*reached, c.GoOn(request.element)]
        case w.AwaitMessage():
            await_message(unit, request, envelope)
            return []
        case w.CorrelationEnded():
            start_next(unit, request, envelope)
            return []
        case w.CancelCalled():
            unit.lock([request.called], wait=False)
            if unit.state.get(Instance, request.called) is None:
                return []
            outside, skips = request.outside, (request.skip_listeners, request.skip_mappings)
            return [c.CancelInstance(request.called, request.reason, *skips, inside=not outside, called=outside)]
        case w.CancelCaller():
            _meet(unit, request.caller)
            return [c.CancelElement(request.caller, request.reason)]
        case w.MirrorIncident():
            _meet(unit, request.caller)
            return [
                c.RaiseIncident(
                    request.caller, request.kind, request.message, cause=request.cause, root_cause=request.root_cause
                )
            ]
        case w.UnmirrorIncident():
            _meet(unit, request.caller)
            return [c.EndMirrored(request.caller, request.cause, request.resolved)]
        case w.DoJob():
            if request.job.kind == EVENT:
                return start_of(unit, request.job)
            _run_own(unit, request.job, envelope)
            return []
        case w.StartByTimer():
            return [c.StartInstance(request.definition, tenant=request.tenant, node=request.node)]


def _run_own(unit: Unit, job: Job, envelope: Envelope) -> None:
    if job.kind == cleanup_jobs.KIND:
        cleanup_jobs.run_job(unit, job, envelope)
    elif job.kind in suspending.KINDS:
        suspending.run_job(unit, job, envelope)
    else:
        batches.run_job(unit, job, envelope)


def _meet(unit: Unit, element: int) -> None:
    """Locks the instance of an element of another instance before it is read."""
    if unit.state.is_held(Element, element):
        return
    found = unit.transaction.instances_of(Element, [element])
    unit.lock([key for key in found.values() if key is not None], wait=False)


def _called(unit: Unit, request: w.CallProcess) -> c.Command:
    """Starts what a call activity calls; where that cannot be done the activity fails, or stops as an incident."""
    policies = unit.engine.definitions.process(request.definition, unit.transaction).policies
    if policies.failure is Failure.ROLL_BACK:
        return _call(unit, request)
    try:
        return _call(unit, request)
    except ExecutionFailed as error:
        return c.StopElement(request.element, "calledElementError", error.message)


def _call(unit: Unit, request: w.CallProcess) -> c.Command:
    unit.calls += 1
    if unit.calls > MAX_CALLS:
        raise ExecutionFailed(
            f"The process '{request.key}' was called {MAX_CALLS} times without reaching a wait state: it calls itself for ever"
        )
    definition = unit.engine.definitions.resolve_process(
        request.key, request.called.binding, request.version, request.tenant, request.definition, unit.transaction
    )
    if definition.suspended:
        raise Suspended(f"Process definition {definition.id} is suspended")
    return c.StartInstance(
        definition.key,
        request.variables,
        request.business_key,
        definition.tenant or request.tenant,
        caller=request.element,
        caller_instance=request.instance,
        root=request.root,
    )


def _error_left(unit: Unit, request: w.ErrorLeft, envelope: Envelope) -> list[c.Command]:
    """Asks the callers, one after the other, whether they catch the error; where nobody does, its path ends."""
    caller: int | None = request.caller
    results = request.results
    while caller is not None:
        _meet(unit, caller)
        answer = unit.step(c.RaiseFromCall(caller, request.code, request.message, results), envelope)
        follow(unit, answer, envelope)
        if answer.caught:
            return []
        caller, results = answer.value or (None, {})
    return [c.EndUncaught(request.element, request.code, request.message)]


def send_signal(unit: Unit, command: ec.SendSignal, envelope: Envelope) -> None:
    """Sends a signal to everything that waits for it, or to one execution."""
    for following in broadcast(
        unit, command.name, command.tenant, command.variables, command.execution, any_tenant=not command.without_tenant
    ):
        perform(unit, following, envelope)


def start(unit: Unit, command: ec.StartProcess, envelope: Envelope) -> ec.Started:
    """Starts an instance of the definition that the command names."""
    definitions = unit.engine.definitions
    if command.definition is not None:
        definition = definitions.definition(command.definition, unit.transaction)
    elif command.id is not None:
        definition = definitions.by_id(command.id, unit.transaction)
    else:
        definition = definitions.latest(command.process_id or "", command.tenant, unit.transaction)
    if definition.suspended:
        raise Suspended(f"Process definition {definition.id} is suspended")
    instance = perform(
        unit,
        c.StartInstance(
            definition.key,
            command.variables,
            command.business_key,
            definition.tenant,
            command.node,
            tags=command.tags,
            instructions=command.instructions,
            skip_listeners=command.skip_listeners,
            skip_mappings=command.skip_mappings,
            restarted=command.restarted,
        ),
        envelope,
    )
    return ec.Started(
        instance,
        definition.key,
        definition.id,
        definition.process_id,
        command.business_key,
        definition.tenant,
        unit.state.get(Instance, instance) is None,
        definition.version,
    )


def evaluate_conditions(unit: Unit, command: ec.EvaluateConditions, envelope: Envelope) -> tuple[ec.Started, ...]:
    """Starts what has a conditional start event that is true now."""
    waiting = start_subscriptions(
        unit.transaction,
        "conditional",
        None,
        tenant=command.tenant,
        without_tenant=command.without_tenant,
        definition=command.definition,
    )
    if not waiting:
        raise NoSubscriptions(
            "ENGINE-13043 No subscriptions were found during evaluation of the conditional start events."
        )
    scope = MappingScope({name: value.value for name, value in command.variables.items()}, unit.now)
    started = []
    for subscription in waiting:
        process = unit.engine.definitions.process(subscription.definition, unit.transaction)
        node = process.nodes[subscription.node]
        definition = node.definition if isinstance(node, StartEvent) else None
        if not isinstance(definition, Conditional) or not _holds(definition, scope, command):
            continue
        started.append(
            start(
                unit,
                ec.StartProcess(
                    definition=subscription.definition,
                    variables=command.variables,
                    business_key=command.business_key,
                    node=subscription.node,
                ),
                envelope,
            )
        )
    return tuple(started)


def _holds(definition: Conditional, scope: MappingScope, command: ec.EvaluateConditions) -> bool:
    if definition.variable_name is not None and definition.variable_name not in command.variables:
        return False
    condition = definition.condition
    expression = condition.expression if isinstance(condition, Script) else condition
    if expression is None or isinstance(expression, ListOf | MapOf):
        return False
    try:
        return expression.evaluate(scope) is True
    except UnknownName:
        return False


def evaluate(unit: Unit, command: ec.EvaluateDecision, envelope: Envelope) -> w.Decided:
    """Evaluates a decision outside of any process; history takes it down."""
    definitions = unit.engine.definitions
    if command.id is not None:
        found = definitions.decision_by_id(command.id, unit.transaction)
    else:
        found = definitions.latest_decision(command.decision_id or "", command.tenant, unit.transaction)
    values = {name: value.value for name, value in command.variables.items()}
    decided = definitions.evaluate(
        found,
        values,
        unit.now,
        unit.transaction.new_key,
        lambda name: unit.engine.registry.beans[name],
        unit.transaction,
    )
    for evaluation in decided.evaluations:
        unit.record(evaluation)
    return decided
