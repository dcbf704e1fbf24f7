"""What waits for an element: continuations, timers, subscriptions. Made, and taken away, together with the element."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from procession.bpmn.model import Conditional, Message, Node, Signal, Timer, TimerKind
from procession.errors import ExpressionFailed
from procession.expressions import Expression, MappingScope
from procession.kernel import events as e
from procession.kernel.records import Element, External, Incident, Job, Subscription, Task, Wait
from procession.kernel.stepping import BODY, Step
from procession.kernel.world import AwaitMessage
from procession.temporal.cycles import duration_due, parse_cycle
from procession.temporal.dates import due_date
from procession.temporal.retries import RetryCycle, parse_retry_cycle

PUT_OFF, MAX_PUT_OFF = "putOff", 3
SUBSCRIPTION = "subscription"  # in the payload of a job that lets an event happen: what is reached
CONTINUATION = "async-continuation"
BOUNDARY_TIMER = "timer-transition"
CATCH_TIMER = "timer-intermediate-transition"
START_TIMER = "timer-start-event"
SCOPE_TIMER = "timer-start-event-subprocess"
TASK_TIMER = "timer-task-listener"
EVENT = "event"


def create_continuation(step: Step, element: Element, node: Node, configuration: str) -> None:
    """A job that lets the element go on in a transaction of its own."""
    loop = node.traits.loop
    inner = loop is not None and not element.node.endswith(BODY)
    exclusive = loop.exclusive if inner and loop is not None else node.traits.exclusive
    step.emit(
        e.JobCreated(new_job(step, element, node, CONTINUATION, element.node, configuration, exclusive=exclusive))
    )


def event_job(step: Step, element: Element, subscription: Subscription) -> None:
    """A job that lets a subscription be reached in a transaction of its own; as in Camunda 7 no job definition is for it."""
    node = step.process.nodes[subscription.node]
    job = new_job(step, element, node, EVENT, node.id, None, exclusive=node.traits.exclusive)
    payload = {SUBSCRIPTION: subscription.key}
    step.emit(e.JobCreated(replace(job, retries=step.world.default_retries(), payload=payload)))


def put_off(step: Step, element: Element, node: Node) -> None:
    """A step that does not end is cut in two: a job goes on here. What was put off too often becomes an incident."""
    from procession.kernel.incidents import raise_incident

    times = step.put_off + 1
    job = new_job(step, element, node, CONTINUATION, element.node, "async-before")
    job = replace(job, payload={PUT_OFF: times}, retries=0 if times > MAX_PUT_OFF else job.retries)
    step.emit(e.JobCreated(job))
    if times > MAX_PUT_OFF:
        raise_incident(
            step,
            element.key,
            "failedJob",
            f"The process '{step.process.id}' goes on and on without reaching a wait state: it loops for ever; put an "
            "asynchronous continuation or a wait state into the loop",
            configuration=str(job.key),
            failed_node=node.id,
        )


def new_job(
    step: Step,
    element: Element,
    node: Node,
    kind: str,
    at: str,
    configuration: str | None,
    *,
    due: datetime | None = None,
    repeat: str | None = None,
    exclusive: bool = True,
) -> Job:
    """A job of an element. Its priority is the job definition's, else the element's, else the process'."""
    instance = step.instance_of(element)
    found = step.world.job_definition(instance.definition, at, kind, configuration if kind == CONTINUATION else None)
    priority = found[1] if found is not None else None
    if priority is None:
        own = None if element.node.endswith(BODY) else node.traits.job_priority
        priority = priority_of(step, element.key, own or step.process.job_priority)
    return Job(
        key=step.world.new_key(),
        kind=kind,
        node=at,
        definition=instance.definition,
        job_definition=None if found is None else found[0],
        created=step.world.now,
        instance=instance.key,
        element=element.key,
        process_id=instance.process_id,
        configuration=configuration,
        due=due,
        retries=initial_retries(step, element.key, node, at),
        priority=priority,
        exclusive=exclusive,
        suspended=instance.suspended or (found is not None and found[2]),
        repeat=repeat,
        tenant=instance.tenant,
    )


def priority_of(step: Step, scope: int, expression: Expression | None) -> int:
    """The value of a priority; 0 for none, or where the expression cannot be evaluated, as in Camunda 7.

    Raises ExpressionFailed where it gives something that is no whole number.
    """
    try:
        value = 0 if expression is None else step.evaluate(scope, expression)
    except ExpressionFailed:
        return 0
    try:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError
        return int(value)
    except ValueError:
        raise ExpressionFailed(f"Priority value is not an Integer: {value!r}") from None


def initial_retries(step: Step, scope: int, node: Node, at: str) -> int:
    """How often a job at a node, or at its loop's body, is tried: as its retry cycle says, else the default."""
    cycle = retry_cycle(step, scope, node, at)
    return step.world.default_retries() if cycle is None else cycle.retries


def retry_cycle(step: Step, scope: int, node: Node, at: str) -> RetryCycle | None:
    """The retry cycle of a node, its loop's body or its turns; one that cannot be read counts as none, as in Camunda 7."""
    loop = node.traits.loop
    cycle = node.traits.retry if loop is None or at.endswith(BODY) else loop.retry
    if cycle is None:
        return None
    try:
        text = step.text(scope, cycle)
        return parse_retry_cycle(text) if text else None
    except ExpressionFailed:
        return None


def due_of(
    step: Step, scope: int | None, timer: Timer, since: datetime | None = None
) -> tuple[datetime | None, str | None]:
    """When a timer is due first, from `since` or now, and the cycle that it keeps. (None, …) where its cycle is over.

    Without a `scope` its expression sees nothing: a timer that starts a process.
    """
    now = since or step.world.now
    value = timer.value.evaluate(MappingScope({}, now)) if scope is None else step.evaluate(scope, timer.value)
    if isinstance(value, datetime):
        return value, None
    if not isinstance(value, str):
        raise ExpressionFailed(
            f"Timer expression '{timer.value.source}' must give a date or a text, not {value!r}", timer.value.source
        )
    return timer_due(timer.kind, value, now)


def timer_due(kind: TimerKind, text: str, now: datetime) -> tuple[datetime | None, str | None]:
    """As `due_of`, for the text that a timer's expression gave."""
    match kind:
        case TimerKind.DATE:
            return due_date(text, now), None
        case TimerKind.DURATION:
            return duration_due(text, now), None
        case TimerKind.CYCLE:
            cycle = parse_cycle(text).anchored(now)
            return cycle.first_due(now), cycle.text


def subscription_for(
    step: Step, element: Element, at: str, kind: str, name: str | None, correlation_key: str | None = None
) -> Subscription:
    """A subscription of an element, for the event at node `at`."""
    instance = step.instance_of(element)
    return Subscription(
        key=step.world.new_key(),
        kind=kind,
        name=name,
        node=at,
        definition=instance.definition,
        created=step.world.now,
        instance=instance.key,
        element=element.key,
        correlation_key=correlation_key,
        tenant=instance.tenant,
        process_id=instance.process_id,
    )


def message_subscription(step: Step, element: Element, at: str, message: Message) -> Subscription:
    """A message subscription of an element; its name is evaluated now."""
    key = None
    if message.correlation_key is not None:
        value = step.evaluate(element.key, message.correlation_key)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ExpressionFailed(
                f"Failed to extract the correlation key for '{message.correlation_key.source}': The value must be either "
                f"a string or a number, but was {value!r}",
                message.correlation_key.source,
            )
        key = str(value)
    return subscription_for(step, element, at, "message", step.text(element.key, message.name), key)


def open_subscription(step: Step, subscription: Subscription) -> None:
    """Opens a subscription; one with a correlation key gets what is kept for it."""
    step.emit(e.SubscriptionOpened(subscription))
    if subscription.correlation_key is not None and subscription.kind == "message":
        step.request(AwaitMessage(subscription.key))


def wait_for(step: Step, element: Element, event_node: Node, kind: str) -> list[e.Event]:
    """The events that make an element wait for what a node catches; `kind` is that of a timer's job. Evaluates only."""
    match getattr(event_node, "definition", None):
        case Message() as message:
            return [e.SubscriptionOpened(message_subscription(step, element, event_node.id, message))]
        case Signal(name=name):
            text = step.text(element.key, name)
            return [e.SubscriptionOpened(subscription_for(step, element, event_node.id, "signal", text))]
        case Conditional():
            return [e.SubscriptionOpened(subscription_for(step, element, event_node.id, "conditional", None))]
        case Timer() as timer:
            due, repeat = due_of(step, element.key, timer)
            if due is None:
                return []
            job = new_job(
                step, element, event_node, kind, event_node.id, None, due=due, repeat=repeat, exclusive=timer.exclusive
            )
            return [e.JobCreated(job)]
    return []


def open_waits(step: Step, element: Element, nodes: Iterable[Node], kind: str) -> None:
    """Makes an element wait for what several nodes catch: evaluated all, then opened."""
    pending: list[e.Event] = []
    for node in nodes:
        pending += wait_for(step, element, node, kind)
    for event in pending:
        if isinstance(event, e.SubscriptionOpened):
            open_subscription(step, event.subscription)
        else:
            step.emit(event)


def time_listeners(step: Step, element: Element, node: Node) -> None:
    """Opens the timers of a user task's `timeout` listeners."""
    jobs = []
    for listener in node.traits.listeners:
        if listener.timer is not None:
            due, repeat = due_of(step, element.key, listener.timer)
            if due is not None:
                job = new_job(step, element, node, TASK_TIMER, node.id, listener.id, due=due, repeat=repeat)
                timer = f"{listener.timer.kind.name}: {listener.timer.value.source}"
                found = step.world.job_definition(job.definition or 0, node.id, TASK_TIMER, timer)
                jobs.append(job if found is None else replace(job, job_definition=found[0]))
    for job in jobs:
        step.emit(e.JobCreated(job))


def close_attached(
    step: Step,
    element: Element,
    reason: str = "deleted",
    task_reason: str = "deleted",
    *,
    listeners: bool = True,
    but: Wait | None = None,
) -> None:
    """Takes away all that still waits for an element, `but` one kind; called instances are asked to end."""
    attached = step.view.need(Element, element.key).attached
    if not attached:
        return
    from procession.kernel.incidents import end_incident
    from procession.kernel.work import run_task_listeners
    from procession.kernel.world import CancelCalled

    for kind, key in attached:
        match kind:
            case _ if kind is but:
                pass
            case Wait.TASK:
                if listeners and key not in step.told:
                    run_task_listeners(step, element, key, "delete", reason=task_reason)
                end_task(step, step.view.need(Task, key), task_reason)
            case Wait.EXTERNAL:
                step.emit(e.ExternalEnded(step.view.need(External, key), "deleted"))
            case Wait.JOB:
                step.emit(e.JobEnded(step.view.need(Job, key), "deleted"))
            case Wait.SUBSCRIPTION:
                step.emit(e.SubscriptionClosed(key))
            case Wait.INCIDENT:
                if step.view.get(Incident, key) is not None:
                    end_incident(step, step.view.need(Incident, key), resolved=False)
            case Wait.CALLED:
                if not step.leaves_called:
                    told = reason if step.outside is None else step.outside[0]
                    outside = step.outside is not None
                    step.request(CancelCalled(key, told, outside, not step.listens, not step.maps))


def end_task(step: Step, task: Task, reason: str) -> None:
    """A human task ends, with its links and its own variables."""
    if task.variables:
        step.drop_variables(task.key)
    for link in step.view.links(task.key):
        step.emit(e.LinkRemoved(link, logged=False))
    step.emit(e.TaskEnded(task.key, reason))


def repeat_job(step: Step, job: Job) -> Job | None:
    """The next job of a repeating timer; None where its cycle is over. A fresh key, the same cycle."""
    if job.repeat is None or job.due is None:
        return None
    due = parse_cycle(job.repeat).next_due(job.due, step.world.now)
    if due is None:
        return None
    return Job(
        key=step.world.new_key(), kind=job.kind, node=job.node, definition=job.definition, job_definition=job.job_definition,
        created=step.world.now, instance=job.instance, element=job.element, process_id=job.process_id,
        configuration=job.configuration, due=due, retries=step.world.default_retries(), priority=job.priority,
        exclusive=job.exclusive, suspended=job.suspended, repeat=job.repeat, tenant=job.tenant, payload=job.payload,
    )  # fmt: skip
