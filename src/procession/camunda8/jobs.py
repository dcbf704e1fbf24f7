"""Jobs: what a worker asks for, and what it is told of the jobs that it gets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from procession.bpmn.model import UserTask
from procession.camunda8.exchange import (
    DEFAULT_TENANT,
    number_member,
    object_member,
    objects_member,
    required,
    shown,
    shown_tenant,
    tenant_of,
    text_member,
    texts_member,
)
from procession.camunda8.problems import invalid
from procession.camunda8.searching import shown_time
from procession.camunda8.values import read_variables, shown_value
from procession.engine.engine import Engine
from procession.engine.wakening import Wanted
from procession.kernel.changing import CHANGING
from procession.kernel.commands import Values
from procession.kernel.records import Element, External, IdentityLink, Instance, Task, Wait
from procession.kernel.work import AD_HOC
from procession.storage.drivers import Asked, Later
from procession.storage.encoding import millis
from procession.storage.leases import TopicRequest, lease_external
from procession.storage.transaction import Transaction
from procession.storage.visible import ask_visible

DEFAULT_WAIT, MAX_WAIT = 10_000, 1_800_000
"""Milliseconds that a request waits for jobs where it does not say, and at most."""
MAX_JOBS = 10_000
DEFAULT_RETRIES = 3
_ATTRIBUTES = {
    "assignee": "assignee",
    "candidate_groups": "candidateGroups",
    "candidate_users": "candidateUsers",
    "due": "dueDate",
    "follow_up": "followUpDate",
    "priority": "priority",
}
_TASK_MOMENTS = {
    "create": "CREATING",
    "assignment": "ASSIGNING",
    "update": "UPDATING",
    "complete": "COMPLETING",
    "delete": "CANCELING",
}


@dataclass(frozen=True, slots=True)
class Activation:
    """A worker's request. `wait` and `timeout` are in milliseconds; `tenants` None is every tenant."""

    type: str
    worker: str
    timeout: int
    most: int
    wait: int
    variables: frozenset[str] | None
    tenants: tuple[str | None, ...] | None

    @property
    def wanted(self) -> Wanted:
        """What wakes it while it waits."""
        return Wanted([self.type], self.most if self.tenants is None else None)


def read_activation(body: Mapping[str, Any]) -> Activation:
    """The request that a body asks for. Raises one 400 that names all faults."""
    type_, timeout = text_member(body, "type"), number_member(body, "timeout")
    most, wait = number_member(body, "maxJobsToActivate"), number_member(body, "requestTimeout") or 0
    faults = []
    if not type_:
        faults.append("No type provided.")
    for name, number in (("timeout", timeout), ("maxJobsToActivate", most)):
        if number is None:
            faults.append(f"No {name} provided.")
        elif number < 1:
            faults.append(f"The value for {name} is '{number}' but must be greater than 0.")
    required(faults)
    named = texts_member(body, "fetchVariable")
    tenants = texts_member(body, "tenantIds")
    return Activation(
        type=type_ or "",
        worker=text_member(body, "worker") or "",
        timeout=timeout or 0,
        most=min(most or 0, MAX_JOBS),
        wait=0 if wait < 0 else min(wait or DEFAULT_WAIT, MAX_WAIT),
        variables=frozenset(named) if named else None,
        tenants=tuple(tenant_of(name) for name in tenants) if tenants else None,
    )


def elements_of(body: Mapping[str, Any], name: str) -> tuple[tuple[str, Values], ...]:
    """Elements that are to begin in an ad-hoc sub-process, each with its variables. Raises 400 for one without an id."""
    found = []
    for one in objects_member(body, name):
        id_ = text_member(one, "elementId")
        if not id_:
            raise invalid("No elementId provided.")
        found.append((id_, read_variables(object_member(one, "variables"))))
    return tuple(found)


def activate(engine: Engine, transaction: Transaction, asked: Activation) -> Asked[Later[list[dict[str, Any]]]]:
    """Locks jobs for the worker, and tells what it needs to know of each."""
    now = engine.clock()
    found: list[External] = []
    for request in _requests(asked):
        if len(found) < asked.most:
            found += yield from lease_external(transaction, [request], asked.worker, asked.most - len(found), now)
    if not found:
        return list
    visible = yield from ask_visible(transaction, [job.element for job in found])
    instances = transaction.ask(Instance, {job.instance for job in found})
    shapes = [(job, _shape(engine, transaction, job)) for job in found]

    def told() -> list[dict[str, Any]]:
        seen, of = visible(), {row.key: row for row in instances()}
        return [
            {**shape, "variables": _told(seen.get(job.element, {}), asked), **_of_instance(job, of.get(job.instance))}
            for job, shape in shapes
        ]

    return told


def _requests(asked: Activation) -> Sequence[TopicRequest]:
    if asked.tenants is None:
        return [TopicRequest(asked.type, asked.timeout)]
    named = [tenant for tenant in asked.tenants if tenant is not None]
    found = [TopicRequest(asked.type, asked.timeout, tenants=named)] if named else []
    return [*found, TopicRequest(asked.type, asked.timeout, without_tenant=True)] if None in asked.tenants else found


def _told(variables: Mapping[str, Any], asked: Activation) -> dict[str, Any]:
    wanted = asked.variables
    return {name: shown_value(v.value) for name, v in variables.items() if wanted is None or name in wanted}


def _of_instance(job: External, instance: Instance | None) -> dict[str, Any]:
    """What `_shape` leaves open, because the instance comes with the commit."""
    return {
        "tags": [] if instance is None else list(instance.tags),
        "rootProcessInstanceKey": shown(job.instance if instance is None else instance.root),
    }


def _shape(engine: Engine, transaction: Transaction, job: External) -> dict[str, Any]:
    definition = engine.definitions.definition(job.definition, transaction)
    task = _user_task(engine, transaction, job)
    return {
        "type": job.topic,
        "processDefinitionId": job.process_id,
        "processDefinitionVersion": definition.version,
        "elementId": job.node.removesuffix("#multiInstanceBody"),
        "customHeaders": {**job.headers, **_task_headers(task or {})},
        "worker": job.worker or "",
        "retries": DEFAULT_RETRIES if job.retries is None else job.retries,
        "deadline": 0 if job.locked_until is None else millis(job.locked_until),
        "variables": {},
        "tenantId": shown_tenant(job.tenant),
        "jobKey": str(job.key),
        "processInstanceKey": str(job.instance),
        "processDefinitionKey": str(job.definition),
        "elementInstanceKey": str(job.element),
        "kind": job_kind(job.listener),
        "listenerEventType": listener_event(job.listener),
        "userTask": task,
        "tags": [],
        "rootProcessInstanceKey": "",
        "businessId": job.business_key,
        "priority": job.priority,
        "physicalTenantId": DEFAULT_TENANT,
    }


def job_kind(listener: str | None) -> str:
    """What kind of job it is, by the moment whose listener it works for."""
    if listener is None:
        return "BPMN_ELEMENT"
    if listener == AD_HOC:
        return "AD_HOC_SUB_PROCESS"
    return "TASK_LISTENER" if listener in _TASK_MOMENTS else "EXECUTION_LISTENER"


def listener_event(listener: str | None) -> str:
    """The moment as the API calls it."""
    return "UNSPECIFIED" if listener is None or listener == AD_HOC else _TASK_MOMENTS.get(listener, listener.upper())


def _task_headers(task: Mapping[str, Any]) -> dict[str, str]:
    """What the headers of a listener's job say of its user task: all that it has, under reserved names."""
    told = {name: value for name, value in task.items() if value not in (None, "", [])}
    return {
        f"io.camunda.zeebe:{name}": json.dumps(value, separators=(",", ":")) if isinstance(value, list) else str(value)
        for name, value in told.items()
    }


def _user_task(engine: Engine, transaction: Transaction, job: External) -> dict[str, Any] | None:
    """The user task that a listener's job is about."""
    if job.listener not in _TASK_MOMENTS:
        return None
    node = engine.definitions.process(job.definition, transaction).nodes.get(job.node)
    found = transaction.fetch(Element, [job.element])
    keys = [key for kind, key in (found[0].attached if found else ()) if kind is Wait.TASK]
    tasks = transaction.fetch(Task, keys)
    if not tasks or not isinstance(node, UserTask):
        return None
    task = tasks[0]
    links = transaction.find(IdentityLink, "task = ?", [task.key])
    change: Mapping[str, Any] = found[0].note.get(CHANGING, {})
    asked: Mapping[str, Any] = change.get("attributes", {})
    due, follow_up = asked.get("due", task.due), asked.get("follow_up", task.follow_up)
    return {
        "action": change.get("action", ""),
        "assignee": asked.get("assignee", task.assignee),
        "candidateGroups": asked.get("candidate_groups", [x.group for x in links if x.group is not None]),
        "candidateUsers": asked.get("candidate_users", [x.user for x in links if x.user is not None]),
        "changedAttributes": [
            *(_ATTRIBUTES[name] for name in asked if name in _ATTRIBUTES),
            *(["variables"] if "own" in change else []),
        ],
        "dueDate": None if due is None else shown_time(millis(due)),
        "followUpDate": None if follow_up is None else shown_time(millis(follow_up)),
        "formKey": None,
        "priority": asked.get("priority", task.priority),
        "userTaskKey": str(task.key),
    }
