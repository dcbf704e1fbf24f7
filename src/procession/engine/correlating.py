"""Messages find their receivers: waiting executions first, then start events, as Camunda 7 correlates."""

from __future__ import annotations

from collections.abc import Mapping

from procession.engine import commands as ec
from procession.engine.unit import Envelope, Unit
from procession.errors import ExecutionFailed, Invalid, ProcessionError
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.records import Element, Instance, Job, Subscription
from procession.kernel.waiting import EVENT, SUBSCRIPTION
from procession.storage.correlation import start_subscriptions, waiting_subscriptions
from procession.values import TypedValue


class NoSubscriptions(ExecutionFailed):
    """No process could start by a condition."""


class Mismatch(ProcessionError):
    """A message matches no receiver, or several where one was asked for."""


def correlate(unit: Unit, command: ec.CorrelateMessage, envelope: Envelope) -> tuple[ec.Correlated, ...]:
    """Gives the message to what waits for it. Raises Mismatch where none, or more than one, does."""
    if command.name is None and not (
        command.business_key or command.correlation_keys or command.local_keys or command.instance or command.execution
    ):
        raise Invalid("At least one of the following correlation criteria has to be present: messageName, businessKey, "
                      "correlationKeys, processInstanceId")  # fmt: skip
    waiting = [] if command.start_only else _waiting(unit, command)
    if len(waiting) > 1 and not command.all:
        raise Mismatch(
            f"ENGINE-13031 Cannot correlate a message with name '{command.name}' to a single execution. "
            f"{len(waiting)} executions match the correlation keys: {_described(command)}"
        )
    starts = _starts(unit, command) if not waiting or command.all else []
    if len(starts) > 1 and not command.all:
        raise Mismatch(
            f"ENGINE-13032 Cannot correlate a message with name '{command.name}' to a single process definition. "
            f"{len(starts)} process definitions match the correlations keys: {_described(command)}"
        )
    if not waiting and not starts and not command.all:
        raise Mismatch(
            f"Cannot correlate message '{command.name}': No process definition or execution matches the parameters"
        )
    done = [_deliver(unit, command, subscription, envelope) for subscription in waiting]
    done += [_start(unit, command, subscription, envelope) for subscription in starts]
    return tuple(x for x in done if x is not None)


def _waiting(unit: Unit, command: ec.CorrelateMessage) -> list[Subscription]:
    found = waiting_subscriptions(
        unit.transaction,
        "message",
        command.name,
        instance=command.instance,
        element=command.execution,
        business_key=command.business_key,
        variables=command.correlation_keys,
        local_variables=command.local_keys,
        tenant=command.tenant,
        without_tenant=command.without_tenant,
    )
    unit.lock({x.instance for x in found if x.instance is not None})
    # another command of this batch, or another node, may have been first
    stored = [x for x in found if unit.state.get(Subscription, x.key) is not None]
    return stored + [x for x in unit.state.unsaved(Subscription) if _is_meant(unit, command, x)]


def _is_meant(unit: Unit, command: ec.CorrelateMessage, own: Subscription) -> bool:
    """Whether the message is for a subscription that this transaction has opened, and no query finds yet.

    Camunda 7 does not look at those: a program that sends its commands in one transaction would not reach itself.
    """
    if own.kind != "message" or own.instance is None or command.name not in (None, own.name):
        return False
    instance = unit.state.need(Instance, own.instance)
    return (
        not instance.suspended
        and command.instance in (None, own.instance)
        and command.execution in (None, own.element)
        and command.business_key in (None, instance.business_key)
        and (own.tenant == command.tenant or (command.tenant is None and not command.without_tenant))
        and _holds(unit, own.instance, command.correlation_keys)
        and _holds(unit, own.element or 0, command.local_keys)
    )


def _holds(unit: Unit, scope: int, wanted: Mapping[str, TypedValue]) -> bool:
    """Whether a scope has these variables with equal type and value."""
    for name, value in wanted.items():
        found = unit.state.variable(scope, name)
        if found is None or (found.type, found.value) != (value.type, value.value):
            return False
    return True


def _starts(unit: Unit, command: ec.CorrelateMessage) -> list[Subscription]:
    if command.name is None or command.instance is not None or command.execution is not None or command.local_keys:
        return []
    return start_subscriptions(
        unit.transaction, "message", command.name, tenant=command.tenant, without_tenant=command.without_tenant
    )


def _deliver(
    unit: Unit, command: ec.CorrelateMessage, subscription: Subscription, envelope: Envelope
) -> ec.Correlated | None:
    from procession.engine.routing import perform

    if unit.state.get(Subscription, subscription.key) is None:
        return None
    perform(unit, c.TriggerSubscription(subscription.key, command.variables, command.local_variables), envelope)
    return ec.Correlated(
        subscription.instance or 0, subscription.element, ended=command.result and _ended(unit, subscription)
    )


def _ended(unit: Unit, subscription: Subscription) -> bool:
    """True where what waited is gone; what comes after it is another execution."""
    return subscription.element is None or unit.state.get(Element, subscription.element) is None


def _start(unit: Unit, command: ec.CorrelateMessage, subscription: Subscription, envelope: Envelope) -> ec.Correlated:
    from procession.engine.routing import start

    variables: Mapping[str, TypedValue] = {**command.correlation_keys, **command.variables}
    started = start(
        unit,
        ec.StartProcess(
            definition=subscription.definition,
            variables=variables,
            business_key=command.business_key,
            node=subscription.node,
        ),
        envelope,
    )
    return ec.Correlated(started.instance, started=started)


def _described(command: ec.CorrelateMessage) -> str:
    def plain(values: Mapping[str, TypedValue]) -> object:
        return {name: value.value for name, value in values.items()} if values else "null"

    return (
        f"CorrelationSet [businessKey={command.business_key or 'null'}, processInstanceId={command.instance or 'null'}, "
        f"processDefinitionId=null, correlationKeys={plain(command.correlation_keys)}, "
        f"localCorrelationKeys={plain(command.local_keys)}, tenantId={command.tenant or 'null'}, "
        f"isTenantIdSet={str(command.without_tenant or command.tenant is not None).lower()}, isExecutionsOnly=false]"
    )


def broadcast(
    unit: Unit,
    name: str,
    tenant: str | None,
    variables: Mapping[str, TypedValue],
    execution: int | None = None,
    *,
    any_tenant: bool = False,
    asynchronous: bool = False,
    business_key: str | None = None,
) -> list[c.Command]:
    """The commands that give a signal to everything that waits for it; a throw event reaches its own tenant and none.

    What it starts gets the `business_key`. Where it is `asynchronous`, catch events and process starts take it by jobs, as
    in Camunda 7 without its variables.
    """
    stored = waiting_subscriptions(unit.transaction, "signal", name, element=execution)
    unit.lock({x.instance for x in stored if x.instance is not None}, wait=False)
    waiting = {x.key: x for x in stored if unit.state.get(Subscription, x.key) is not None}
    # what this very transaction has opened is not stored yet
    for own in unit.state.unsaved(Subscription):
        if own.kind == "signal" and own.name == name and own.instance is not None and execution in (None, own.element):
            waiting[own.key] = own
    found: list[c.Command] = [
        c.TriggerSubscription(x.key, variables, optional=True, later=asynchronous)
        for x in sorted(waiting.values(), key=lambda x: x.key)
        if _reaches(x.tenant, tenant, any_tenant)
    ]
    starts = [] if execution is not None else start_subscriptions(unit.transaction, "signal", name)
    if execution is not None and not found:
        raise ExecutionFailed(f"Execution '{execution}' has not subscribed to a signal event with name '{name}'.")
    starts = [x for x in starts if _reaches(x.tenant, tenant, any_tenant)]
    if asynchronous:
        for start in starts:
            unit.apply(e.JobCreated(_start_job(unit, start)))
        return found
    begun = (c.StartInstance(x.definition, variables, business_key, x.tenant, x.node) for x in starts)
    return [*found, *begun]


def _start_job(unit: Unit, subscription: Subscription) -> Job:
    process = unit.engine.definitions.process(subscription.definition, unit.transaction)
    priority = process.nodes[subscription.node].traits.job_priority or process.job_priority
    return Job(
        key=unit.transaction.new_key(),
        kind=EVENT,
        node=subscription.node,
        definition=subscription.definition,
        process_id=process.id,
        job_definition=None,
        created=unit.now,
        retries=unit.engine.settings.default_retries,
        priority=priority.evaluate(unit.scope()) if priority is not None and priority.constant else 0,
        payload={SUBSCRIPTION: subscription.key},
        tenant=subscription.tenant,
    )


def start_of(unit: Unit, job: Job) -> list[c.Command]:
    """What a job starts; nothing where the definition is suspended or no longer waits for the event."""
    found = start_subscriptions(unit.transaction, "signal", None, definition=job.definition)
    return [
        c.StartInstance(x.definition, tenant=x.tenant, node=x.node) for x in found if x.key == job.payload[SUBSCRIPTION]
    ]


def _reaches(owner: str | None, tenant: str | None, any_tenant: bool) -> bool:
    return (any_tenant and tenant is None) or owner is None or owner == tenant
