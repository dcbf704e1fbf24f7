"""`/process-instances`: created, searched, cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from functools import partial
from typing import Any

from procession.camunda8.entities.instances import INSTANCES
from procession.camunda8.exchange import (
    NOTHING,
    Answer,
    Call,
    Steps,
    flag_member,
    number_member,
    object_member,
    objects_member,
    optional_key,
    route,
    tenant_of,
    text_member,
    texts_member,
)
from procession.camunda8.instances import created_shape, result_of
from procession.camunda8.problems import Rejected, command_rejected, invalid
from procession.camunda8.searching import find, get, search
from procession.camunda8.values import read_variables
from procession.engine import commands as ec
from procession.engine.polling import found
from procession.errors import ExecutionFailed, Invalid, Missing
from procession.kernel import commands as c
from procession.storage import repository

RESULT_WAIT = 15.0
"""Seconds that a request waits for a result, whatever it asks for."""


@route("POST", "/process-instances")
def create(call: Call) -> Steps:
    """Starts an instance; with `awaitCompletion` it answers when that has ended, with its variables."""
    tags, names = texts_member(call.body, "tags"), texts_member(call.body, "fetchVariables")
    awaited = flag_member(call.body, "awaitCompletion")
    started = yield from _started(call)
    if not awaited:
        return Answer(created_shape(started, {}, tags))

    async def look() -> tuple[dict[str, Any]] | None:
        return await asyncio.to_thread(result_of, call, started.instance, names)

    result = yield found(call.engine.endings_bell, look, RESULT_WAIT)
    if result is None:
        raise Rejected(
            504,
            "Request timed out between gateway and broker: the process instance has not completed",
            "java.util.concurrent.TimeoutException",
        )
    return Answer(created_shape(started, result[0], tags))


def _started(call: Call) -> Generator[Any, Any, ec.Started]:
    body = call.body
    key, id_ = optional_key(body, "processDefinitionKey"), text_member(body, "processDefinitionId")
    version = number_member(body, "processDefinitionVersion")
    if (key is None) == (id_ is None):
        names = "[processDefinitionId, processDefinitionKey]"
        raise invalid(f"At least one of {names} is required." if id_ is None else f"Only one of {names} is allowed.")
    tenant = tenant_of(text_member(body, "tenantId"))
    instructions = objects_member(body, "startInstructions")
    tag = text_member(body, "processDefinitionVersionTag")
    if id_ is not None and ((version is not None and version > 0) or tag is not None):
        key = yield partial(_definition, call, id_, version, tag, tenant)
    command = ec.StartProcess(
        process_id=id_ if key is None else None,
        definition=key,
        tenant=tenant,
        variables=read_variables(object_member(body, "variables")),
        business_key=text_member(body, "businessId"),
        tags=tuple(texts_member(body, "tags")),
        instructions=tuple(c.StartAt(str(one.get("elementId") or "")) for one in instructions),
    )
    try:
        started: ec.Started = yield command
    except Missing:
        what = f"process ID '{id_}'" if id_ is not None else f"key '{key}'"
        raise command_rejected(
            "CREATE", "NOT_FOUND", f"Expected to find process definition with {what}, but none found"
        ) from None
    except (Invalid, ExecutionFailed) as error:
        reason = error.message
        if command.instructions:
            with call.engine.storage.view() as transaction:
                known = call.engine.definitions
                found = key or known.latest(id_ or "", tenant, transaction).key
                nodes = known.process(found, transaction).nodes
            unknown = next(
                (x.node for x in command.instructions if isinstance(x, c.StartAt) and x.node not in nodes), None
            )
            if unknown is not None:
                reason = (
                    "Expected to create instance of process with start instructions but no element found with id "
                    f"'{unknown}'."
                )
        raise command_rejected("CREATE", "INVALID_ARGUMENT", reason) from None
    return started


def _definition(call: Call, id_: str, version: int | None, tag: str | None, tenant: str | None) -> int:
    """The key of the definition with a version, a version tag, or both. Raises 404."""
    kind = repository.ProcessDefinition
    with call.engine.storage.view() as transaction:
        tagged = None if tag is None else repository.tagged(transaction.driver, kind, id_, tag, tenant)
        if tagged is not None and not tagged:
            named = f"version tag '{tag}'"
        elif version is None or version <= 0:
            return max(tagged or (), key=lambda row: row.version).key
        else:
            row = repository.version(transaction.driver, kind, id_, version, tenant)
            if row is not None:
                return row.key
            named = f"version '{version}'"
    raise command_rejected(
        "CREATE",
        "NOT_FOUND",
        f"Expected to find process definition with process ID '{id_}' and {named}, but none found",
    )


@route("POST", "/process-instances/{processInstanceKey}/cancellation")
def cancel(call: Call) -> Steps:
    """Cancels an instance with everything in it."""
    key = call.key("processInstanceKey")
    try:
        yield c.CancelInstance(key, None, skip_mappings=True)
    except Missing:
        raise command_rejected(
            "CANCEL",
            "NOT_FOUND",
            f"Expected to cancel a process instance with key '{key}', but no such process was found",
        ) from None
    return NOTHING


@route("POST", "/process-instances/search")
def search_instances(call: Call) -> Answer:
    """Process instances that meet a filter."""
    return Answer(search(call, INSTANCES))


@route("GET", "/process-instances/{processInstanceKey}")
def get_instance(call: Call) -> Answer:
    """One process instance."""
    return Answer(get(call, INSTANCES, call.key("processInstanceKey")))


@route("GET", "/process-instances/{processInstanceKey}/call-hierarchy")
def call_hierarchy(call: Call) -> Answer:
    """The instances that led to this one, the outermost first."""
    hierarchy: list[dict[str, Any]] = []
    at: int | None = call.key("processInstanceKey")
    while at is not None:
        row = find(call, INSTANCES, at)
        hierarchy.append(
            {
                "processInstanceKey": str(row["key"]),
                "processDefinitionKey": str(row["definition"]),
                "processDefinitionName": row["definition_name"] or row["process_id"],
            }
        )
        at = row["caller_instance"]
    return Answer(hierarchy[::-1])
