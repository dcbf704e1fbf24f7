"""`/process-instances`: created, searched, cancelled."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from procession.camunda8.entities.instances import INSTANCES
from procession.camunda8.exchange import (
    NOTHING,
    Answer,
    Call,
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
from procession.camunda8.instances import created_shape, definition_version, result_of
from procession.camunda8.problems import Rejected, command_rejected, invalid
from procession.camunda8.searching import find, get, search
from procession.camunda8.values import read_variables
from procession.engine import commands as ec
from procession.errors import ExecutionFailed, Invalid, Missing
from procession.kernel import commands as c
from procession.storage import repository

RESULT_WAIT = 15.0
"""Seconds that a request waits for a result, whatever it asks for."""
POLL = 1.0


@route("POST", "/process-instances")
async def create(call: Call) -> Answer:
    """Starts an instance; with `awaitCompletion` it answers when that has ended, with its variables."""
    started, version = await asyncio.to_thread(_start, call)
    tags = texts_member(call.body, "tags")
    if not flag_member(call.body, "awaitCompletion"):
        return Answer(created_shape(started, version, {}, tags))
    names = texts_member(call.body, "fetchVariables")
    loop, rung = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(rung.set)

    forget = call.engine.endings_bell.listen(wake)
    until = time.monotonic() + RESULT_WAIT
    try:
        while True:
            rung.clear()
            found = await asyncio.to_thread(result_of, call, started.instance, names)
            if found is not None:
                return Answer(created_shape(started, version, found, tags))
            left = until - time.monotonic()
            if left <= 0:
                raise Rejected(
                    504,
                    "Request timed out between gateway and broker: the process instance has not completed",
                    "java.util.concurrent.TimeoutException",
                )
            with suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), min(left, POLL))
    finally:
        forget()


def _start(call: Call) -> tuple[ec.Started, int]:
    body = call.body
    key, id_ = optional_key(body, "processDefinitionKey"), text_member(body, "processDefinitionId")
    version = number_member(body, "processDefinitionVersion")
    if (key is None) == (id_ is None):
        names = "[processDefinitionId, processDefinitionKey]"
        raise invalid(f"At least one of {names} is required." if id_ is None else f"Only one of {names} is allowed.")
    tenant = tenant_of(text_member(body, "tenantId"))
    instructions = objects_member(body, "startInstructions")
    if id_ is not None and version is not None and version > 0:
        with call.engine.storage.view() as transaction:
            row = repository.version(transaction.driver, repository.ProcessDefinition, id_, version, tenant)
        if row is None:
            raise command_rejected(
                "CREATE",
                "NOT_FOUND",
                f"Expected to find process definition with process ID '{id_}' and version '{version}', but none found",
            )
        key = row.key
    tag = text_member(body, "processDefinitionVersionTag")
    if id_ is not None and tag is not None:
        with call.engine.storage.view() as transaction:
            tagged = repository.tagged(transaction.driver, repository.ProcessDefinition, id_, tag, tenant)
        if not tagged:
            raise command_rejected(
                "CREATE",
                "NOT_FOUND",
                f"Expected to find process definition with process ID '{id_}' and version tag '{tag}', but none found",
            )
        key = max(tagged, key=lambda row: row.version).key
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
        started: ec.Started = call.submit(command)
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
    return started, definition_version(call, started.definition)


@route("POST", "/process-instances/{processInstanceKey}/cancellation")
def cancel(call: Call) -> Answer:
    """Cancels an instance with everything in it."""
    key = call.key("processInstanceKey")
    try:
        call.submit(c.CancelInstance(key, None, skip_listeners=True, skip_mappings=True))
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
    found: list[dict[str, Any]] = []
    at: int | None = call.key("processInstanceKey")
    while at is not None:
        row = find(call, INSTANCES, at)
        found.append(
            {
                "processInstanceKey": str(row["key"]),
                "processDefinitionKey": str(row["definition"]),
                "processDefinitionName": row["definition_name"] or row["process_id"],
            }
        )
        at = row["caller_instance"]
    return Answer(found[::-1])
