"""`/process-instances/…`: suspended, resumed; the history of what has ended, deleted."""

from __future__ import annotations

from procession.camunda8.entities.definitions import EVALUATIONS
from procession.camunda8.entities.instances import INSTANCES
from procession.camunda8.exchange import NOTHING, Answer, Call, Steps, route
from procession.camunda8.problems import command_rejected, not_found
from procession.camunda8.searching import find, reading, rows_of
from procession.errors import Missing
from procession.kernel import commands as c
from procession.storage.removal import delete_decision_instances, delete_instances


@route("POST", "/process-instances/{processInstanceKey}/suspension")
def suspend(call: Call) -> Steps:
    """Nothing goes on in the instance, and its jobs are handed out no more."""
    return (yield from _suspended(call.key("processInstanceKey"), "SUSPEND", suspended=True))


@route("POST", "/process-instances/{processInstanceKey}/resumption")
def resume(call: Call) -> Steps:
    """The instance goes on."""
    return (yield from _suspended(call.key("processInstanceKey"), "RESUME", suspended=False))


def _suspended(key: int, intent: str, *, suspended: bool) -> Steps:
    try:
        yield c.SuspendInstance(key, suspended)
    except Missing:
        reason = f"Expected to {intent.lower()} a process instance with key '{key}', but no such process was found"
        raise command_rejected(intent, "NOT_FOUND", reason) from None
    return NOTHING


@route("POST", "/process-instances/{processInstanceKey}/deletion")
def delete(call: Call) -> Answer:
    """Deletes the history of an instance that has ended."""
    key = call.key("processInstanceKey")
    if find(call, INSTANCES, key)["ended"] is None:
        reason = f"Expected to delete process instance with key '{key}', but it is still running"
        raise command_rejected("DELETE", "INVALID_STATE", reason)
    call.engine.atomically(lambda driver: delete_instances(driver, [key]))
    return NOTHING


@route("POST", "/decision-instances/{decisionEvaluationKey}/deletion")
def delete_decision(call: Call) -> Answer:
    """Deletes an evaluation, with the decisions that were evaluated for it."""
    key = call.key("decisionEvaluationKey")
    with reading(call) as connection:
        rows = rows_of(connection, EVALUATIONS, [EVALUATIONS.columns["evaluation"] == key])
    if not rows:
        raise not_found("Decision Evaluation", key)
    call.engine.atomically(lambda driver: delete_decision_instances(driver, [row["key"] for row in rows]))
    return NOTHING
