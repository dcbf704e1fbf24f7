"""`/user-tasks`: searched, assigned, changed, completed; their forms and variables.

Where listeners are asked first the answer comes when the last of them has answered, as the engine of Camunda 8 does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from procession.camunda8.entities.data import VARIABLES
from procession.camunda8.entities.work import USER_TASKS
from procession.camunda8.exchange import (
    NOTHING,
    Answer,
    Call,
    Steps,
    flag_member,
    number_member,
    object_member,
    route,
    text_member,
    texts_member,
)
from procession.camunda8.forms import show_form, task_form
from procession.camunda8.problems import Rejected, command_rejected, invalid
from procession.camunda8.searching import find, search
from procession.camunda8.values import read_variables
from procession.engine.polling import found
from procession.errors import Conflict, ExecutionFailed, Missing
from procession.kernel import commands as c
from procession.kernel.changing import CHANGING, DENIED
from procession.kernel.records import Element, Task
from procession.storage import schema

WAIT = 15.0
"""Seconds that a request waits for listeners."""
_NOUNS = {"ASSIGN": "Assignment", "CLAIM": "Assignment", "UPDATE": "Update", "COMPLETE": "Completion"}


@route("POST", "/user-tasks/search")
def search_tasks(call: Call) -> Answer:
    """User tasks that meet a filter."""
    return Answer(search(call, USER_TASKS))


@route("GET", "/user-tasks/{userTaskKey}")
def get_task(call: Call) -> Answer:
    """One user task."""
    row = find(call, USER_TASKS, call.key("userTaskKey"))
    with call.engine.storage.view() as transaction:
        form = None
        if row["form_ref"] is not None:
            form = task_form(call.engine, transaction, row["definition"], row["node"], row["form_ref"])
    return Answer(USER_TASKS.show({**row, "form": None if form is None else form.key}))


@route("GET", "/user-tasks/{userTaskKey}/form")
def get_form(call: Call) -> Answer:
    """The form of a task; nothing where it has none."""
    row = find(call, USER_TASKS, call.key("userTaskKey"))
    with call.engine.storage.view() as transaction:
        if row["form_ref"] is None:
            return NOTHING
        form = task_form(call.engine, transaction, row["definition"], row["node"], row["form_ref"])
        return NOTHING if form is None else Answer(show_form(transaction, form))


@route("POST", "/user-tasks/{userTaskKey}/variables/search")
def search_variables(call: Call) -> Answer:
    """The variables in the scopes from the task outwards."""
    scopes, variable = _scopes(call), schema.history_variable
    # the instance is the outermost scope: its variables are found by an index
    return Answer(search(call, VARIABLES, variable.c.instance.in_(scopes), variable.c.scope.in_(scopes)))


@route("POST", "/user-tasks/{userTaskKey}/effective-variables/search")
def search_effective(call: Call) -> Answer:
    """The variables that the task sees: an inner one hides an outer one."""
    scopes = _scopes(call)
    variable = schema.history_variable
    with call.engine.storage.view() as transaction:
        rows = transaction.driver.rows(
            "SELECT key, scope, name FROM history_variable WHERE instance IN ?? AND scope IN ??", [scopes, scopes]
        )
    seen: dict[str, tuple[int, int]] = {}
    for key, scope, name in rows:
        depth = scopes.index(scope)
        if name not in seen or depth < seen[name][0]:
            seen[name] = depth, key
    return Answer(search(call, VARIABLES, variable.c.key.in_([key for _, key in seen.values()])))


def _scopes(call: Call) -> list[int]:
    """The scopes that a task sees, its own element first."""
    row = find(call, USER_TASKS, call.key("userTaskKey"))
    scopes: list[int] = []
    with call.engine.storage.view() as transaction:
        at: int | None = row["element"]
        while at is not None and at not in scopes:
            scopes.append(at)
            parents = transaction.driver.rows("SELECT parent FROM history_activity WHERE key = ?", [at])
            at = parents[0][0] if parents else None
    instance = row["instance"]
    return scopes if instance is None or instance in scopes else [*scopes, instance]


# ---------------------------------------------------------------- changing


@route("POST", "/user-tasks/{userTaskKey}/assignment")
def assign(call: Call) -> Steps:
    """Assigns the task; without `allowOverride` only where nobody has it."""
    key, assignee = call.key("userTaskKey"), text_member(call.body, "assignee")
    if not assignee:
        raise invalid("No assignee provided")
    override = flag_member(call.body, "allowOverride", True)
    intent = "ASSIGN" if override else "CLAIM"
    action = text_member(call.body, "action") or ("assign" if override else "claim")
    if not override:
        task, _ = yield partial(_look, call, key)
        if task is not None and task.assignee not in (None, assignee):
            raise command_rejected(
                "CLAIM",
                "INVALID_STATE",
                f"Expected to claim user task with key '{key}', but it has already been assigned",
            )
    command = c.ChangeTask(key, {"assignee": assignee}, "Assign", asks="assignment", action=action)
    return (yield from _changed(call, key, intent, command))


@route("DELETE", "/user-tasks/{userTaskKey}/assignee")
def unassign(call: Call) -> Steps:
    """Nobody has the task any more."""
    key = call.key("userTaskKey")
    command = c.ChangeTask(key, {"assignee": None}, "Assign", asks="assignment", action="unassign")
    return (yield from _changed(call, key, "ASSIGN", command))


@route("PATCH", "/user-tasks/{userTaskKey}")
def update(call: Call) -> Steps:
    """Changes dates, candidates and priority; an empty text takes a date away."""
    key, changes = call.key("userTaskKey"), object_member(call.body, "changeset")
    action = text_member(call.body, "action")
    if not changes and action is None:
        raise invalid(
            'No update data provided. Provide at least an "action" or a non-null value for a supported attribute in '
            'the "changeset".'
        )
    command = c.ChangeTask(key, attributes_of(changes), "Update", asks="update", action=action or "update")
    return (yield from _changed(call, key, "UPDATE", command))


@route("POST", "/user-tasks/{userTaskKey}/completion")
def complete(call: Call) -> Steps:
    """The task is done."""
    key = call.key("userTaskKey")
    variables = read_variables(object_member(call.body, "variables"))
    command = c.CompleteTask(key, variables, action=text_member(call.body, "action") or "complete")
    return (yield from _changed(call, key, "COMPLETE", command))


def attributes_of(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The kernel's attributes for a changeset or a listener's corrections. Raises 400 for values that cannot be."""
    attributes: dict[str, Any] = {}
    for name, attribute in (("dueDate", "due"), ("followUpDate", "follow_up")):
        text = text_member(changes, name)
        if text is not None:
            attributes[attribute] = _date(name, text) if text else None
    for name, attribute in (("candidateUsers", "candidate_users"), ("candidateGroups", "candidate_groups")):
        if changes.get(name) is not None:
            attributes[attribute] = texts_member(changes, name)
    priority = number_member(changes, "priority")
    if priority is not None:
        if not 0 <= priority <= 100:
            raise invalid(f"The value for priority is '{priority}' but must be within the [0,100] range.")
        attributes["priority"] = priority
    if changes.get("assignee") is not None:
        attributes["assignee"] = text_member(changes, "assignee") or None
    return attributes


def _date(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment
    except ValueError:
        pass
    raise invalid(f"The provided {name} '{text}' cannot be parsed as a date according to RFC 3339, section 5.6.")


def _changed(call: Call, key: int, intent: str, command: Any) -> Steps:
    """Sends a command about a task, and waits until its listeners have answered."""
    verb = intent.lower()
    try:
        yield command
    except Missing:
        raise command_rejected(
            intent, "NOT_FOUND", f"Expected to {verb} user task with key '{key}', but no such user task was found"
        ) from None
    except (Conflict, ExecutionFailed) as error:
        raise command_rejected(
            intent, "INVALID_STATE", f"Expected to {verb} user task with key '{key}', but {error.message}"
        ) from None
    return (yield from agreed(call, key, intent))


def agreed(call: Call, key: int, intent: str) -> Steps:
    """Waits until the listeners of a task have answered. Raises 409 where they denied what was asked for."""
    verb = intent.lower()
    outcome = yield partial(_outcome, call, key)
    if outcome is None:

        async def look() -> tuple[Mapping[str, Any] | None] | None:
            return await asyncio.to_thread(_outcome, call, key)

        outcome = yield found(call.engine.externals_bell, look, WAIT)
    if outcome is None:
        raise Rejected(504, "Request timed out between gateway and broker: listeners have not answered")
    (denied,) = outcome
    if denied is not None and denied["event"] == "delete":
        text = f"Expected to {verb} user task with key '{key}', but it is in state 'CANCELING'"
        raise command_rejected(intent, "INVALID_STATE", text)
    if denied is not None:
        raise _denied(key, intent, denied)
    return NOTHING


def _outcome(call: Call, key: int) -> tuple[Mapping[str, Any] | None] | None:
    """What became of a change: None while listeners are asked, else in a tuple what it gave way to, how it was denied, or None."""
    task, element = _look(call, key)
    note = {} if element is None else element.note
    if task is None:
        return (None,)
    if note.get(CHANGING, {}).get("event") == "delete":
        return (note[CHANGING],)
    return None if CHANGING in note else (note.get(DENIED),)


def _denied(key: int, intent: str, denied: Mapping[str, Any]) -> Rejected:
    reason = f" Reason to deny: '{denied['reason'] or ''}'"
    what = f"{_NOUNS[intent]} of the User Task with key '{key}' was denied by Task Listener."
    return command_rejected(intent, "INVALID_STATE", what + reason)


def _look(call: Call, key: int) -> tuple[Task | None, Element | None]:
    with call.engine.storage.view() as transaction:
        task = next(iter(transaction.find(Task, "key = ?", [key])), None)
        if task is None or task.element is None:
            return task, None
        return task, next(iter(transaction.find(Element, "key = ?", [task.element])), None)
