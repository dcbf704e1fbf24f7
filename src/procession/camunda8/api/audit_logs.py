"""`/audit-logs`: what users did. Nobody is named, and nothing is logged, where nobody has to say who he is."""

from __future__ import annotations

from procession.camunda8.entities.audit import AUDIT_LOG
from procession.camunda8.entities.work import USER_TASKS
from procession.camunda8.exchange import Answer, Call, route
from procession.camunda8.searching import find, get, search


@route("POST", "/audit-logs/search")
def search_log(call: Call) -> Answer:
    """Entries that meet a filter."""
    return Answer(search(call, AUDIT_LOG))


@route("GET", "/audit-logs/{auditLogKey}")
def get_entry(call: Call) -> Answer:
    """One entry."""
    return Answer(get(call, AUDIT_LOG, call.key("auditLogKey")))


@route("POST", "/user-tasks/{userTaskKey}/audit-logs/search")
def of_task(call: Call) -> Answer:
    """What was done with a user task."""
    key = call.key("userTaskKey")
    find(call, USER_TASKS, key)
    return Answer(search(call, AUDIT_LOG, AUDIT_LOG.columns["task"] == key))
