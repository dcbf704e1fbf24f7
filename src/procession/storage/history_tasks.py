"""The history of human tasks: the task, its mark on the activity, its links, and who did what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procession.kernel import events as e
from procession.kernel.events import Stamp
from procession.kernel.records import IdentityLink, Task
from procession.storage import schema
from procession.storage.encoding import millis

if TYPE_CHECKING:
    from procession.storage.history import HistoryBatch


def task_created(batch: HistoryBatch, stamp: Stamp, event: e.TaskCreated) -> None:
    """A task row begins; its activity row names the task."""
    task = batch.tasks[event.task.key] = event.task
    batch.rows.add(
        schema.history_task,
        task.key,
        batch.origin(task.instance, task.definition, task.tenant),
        element=task.element,
        node=task.node,
        started=millis(task.created),
        **_attributes(task),
    )
    if task.element is not None:
        batch.rows.change(schema.history_activity, task.element, task=task.key, assignee=task.assignee)
    if task.assignee is not None:
        link_logged(batch, stamp, IdentityLink(0, task.key, "assignee", task.assignee, None, task.tenant), "add")
    if task.owner is not None:
        link_logged(batch, stamp, IdentityLink(0, task.key, "owner", task.owner, None, task.tenant), "add")


def task_changed(batch: HistoryBatch, stamp: Stamp, event: e.TaskChanged) -> None:
    """The task row follows; a change of assignee or owner is logged as links are."""
    task = batch.tasks[event.task.key] = event.task
    batch.rows.change(schema.history_task, task.key, **_attributes(task))
    if task.element is not None and "assignee" in event.changes:
        batch.rows.change(schema.history_activity, task.element, assignee=task.assignee)
    for type_ in ("assignee", "owner"):
        old, new = event.changes.get(type_, (None, None))
        for user, operation in ((old, "delete"), (new, "add")):
            if user is not None and old != new:
                link_logged(batch, stamp, IdentityLink(0, task.key, type_, user, None, task.tenant), operation)
    if event.operation in ("Suspend", "Activate"):
        return  # goes with its instance
    origin = batch.origin(task.instance, task.definition, task.tenant)
    changes = {_PROPERTIES.get(name, name): change for name, change in event.changes.items()}
    batch.log_operation(
        stamp, event.operation, "Task", changes, origin, category="TaskWorker", task=task.key, element=task.element
    )


def task_ended(batch: HistoryBatch, stamp: Stamp, event: e.TaskEnded) -> None:
    """The task row ends, and says why."""
    completed = event.reason == "completed"
    batch.rows.change(
        schema.history_task,
        event.task,
        ended=batch.time,
        delete_reason=event.reason,
        state="Completed" if completed else "Deleted",
    )
    task = batch.task(event.task) if completed and stamp.user is not None else None
    if task is not None:
        origin = batch.origin(task.instance, task.definition, task.tenant)
        change = {"delete": (False, True)}
        batch.log_operation(
            stamp, "Complete", "Task", change, origin, category="TaskWorker", task=task.key, element=task.element
        )


def link_added(batch: HistoryBatch, stamp: Stamp, event: e.LinkAdded) -> None:
    """A link is logged."""
    link_logged(batch, stamp, event.link, "add")


def link_removed(batch: HistoryBatch, stamp: Stamp, event: e.LinkRemoved) -> None:
    """The end of a link is logged, unless it goes with its task."""
    if event.logged:
        link_logged(batch, stamp, event.link, "delete")


def link_logged(batch: HistoryBatch, stamp: Stamp, link: IdentityLink, operation: str) -> None:
    """An entry of the identity link log: `operation` is add or delete."""
    if not batch.keeps_details:
        return
    task = batch.task(link.task)
    batch.rows.add(
        schema.history_link,
        batch.new_key(),
        batch.origin(task.instance if task else None, task.definition if task else None, link.tenant),
        time=batch.time,
        type=link.type,
        user_id=link.user,
        group_id=link.group,
        task=link.task,
        operation=operation,
        assigner=stamp.user,
    )


_PROPERTIES = {"due": "dueDate", "follow_up": "followUpDate", "parent_task": "parentTask"}


def _attributes(task: Task) -> dict[str, object]:
    return {
        "name": task.name,
        "description": task.description,
        "owner": task.owner,
        "assignee": task.assignee,
        "priority": task.priority,
        "due": None if task.due is None else millis(task.due),
        "follow_up": None if task.follow_up is None else millis(task.follow_up),
        "parent_task": task.parent_task,
        "state": task.state,
    }
