"""Tasks: done by people, by work, or by waiting for a message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from procession.bpmn.model import Form, Node, ReceiveTask, Reference, UserTask, WorkTask
from procession.errors import ExpressionFailed
from procession.expressions import Expression
from procession.kernel import events as e
from procession.kernel.behaviours.behaviour import Behaviour
from procession.kernel.cancelling import gone
from procession.kernel.changing import agreed, ask, asks_workers, assign
from procession.kernel.compensation import COMPENSATES
from procession.kernel.records import Element, IdentityLink, Task, Wait
from procession.kernel.stepping import Step
from procession.kernel.waiting import end_task, message_subscription, open_subscription, time_listeners
from procession.kernel.work import run_task_listeners, run_work
from procession.temporal.dates import due_date

DEFAULT_PRIORITY = 50
_NO_FORM = Form()
_TASK: Final = Wait.TASK


class Working(Behaviour):
    """Service, send, script and business rule tasks."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, WorkTask)
        if run_work(step, element, node, node.work):
            step.complete(element.key)


class Receiving(Behaviour):
    """A receive task waits for its message, or for a signal to its execution."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, ReceiveTask)
        # what compensates begins without the subscriptions of its scope in Camunda 7
        if node.message is not None and COMPENSATES not in element.note:
            open_subscription(step, message_subscription(step, element, node.id, node.message))


class HumanTask(Behaviour):
    """A user task: evaluated whole, then created with its links; listeners for create and assignment follow."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, UserTask)
        instance = step.instance_of(element)
        key = element.key
        form = node.form or _NO_FORM
        users = _names(step, key, node.candidate_users)
        groups = _names(step, key, node.candidate_groups)
        assignee = step.text(key, node.assignee)
        listens = bool(node.traits.listeners)
        asked = "create" if listens and asks_workers(step, element, "create") else None
        if asked is None and assignee is not None and asks_workers(step, element, "assignment"):
            asked = "assignment"
        task = Task(
            key=step.world.new_key(),
            instance=instance.key,
            element=key,
            definition=instance.definition,
            node=node.id,
            created=step.world.now,
            name=step.text(key, node.title),
            description=step.text(key, node.description),
            assignee=None if asked else assignee,
            priority=DEFAULT_PRIORITY if node.priority is None else _priority(step, key, node.priority),
            due=None if node.due is None else _date(step, key, node.due),
            follow_up=None if node.follow_up is None else _date(step, key, node.follow_up),
            form_key=None if form.key is None else _lenient(step, key, form.key),
            form_ref=None if form.reference is None else _lenient(step, key, form.reference.key),
            form_binding=None if form.reference is None else str(form.reference.binding),
            form_version=None if form.reference is None else _version(step, key, form.reference),
            suspended=instance.suspended,
            tenant=instance.tenant,
        )
        step.emit(e.TaskCreated(task))
        for user in users:
            step.emit(e.LinkAdded(IdentityLink(step.world.new_key(), task.key, "candidate", user, None, task.tenant)))
        for group in groups:
            step.emit(e.LinkAdded(IdentityLink(step.world.new_key(), task.key, "candidate", None, group, task.tenant)))
        if asked == "create":
            ask(step, element, task, asked, {"attributes": {}, "assignee": assignee})
            return
        if asked and assignee is not None:
            assign(step, element, task, assignee)
            return
        if not listens:
            return
        time_listeners(step, element, node)
        run_task_listeners(step, element, task.key, "create")
        if assignee is not None:
            run_task_listeners(step, element, task.key, "assignment")

    def confirmed(self, step: Step, element: Element, node: Node) -> None:
        event = agreed(step, element)
        if event == "delete":
            gone(step, step.view.need(Element, element.key))
        if event != "complete":
            return
        for task in step.attached(element, _TASK):
            end_task(step, step.view.need(Task, task), "completed")
        step.complete(element.key)


def _names(step: Step, scope: int, expressions: Iterable[Expression]) -> list[str]:
    """Each expression gives a name, names separated by commas, or a list of names."""
    found: list[str] = []
    for expression in expressions:
        value = step.evaluate(scope, expression)
        if isinstance(value, str):
            names: list[object] = [part.strip() for part in value.split(",")]
        elif isinstance(value, (list, tuple)):
            names = list(value)
        elif value is None:
            names = []
        else:
            raise ExpressionFailed(
                f"Expression '{expression.source}' must give a text or a list of texts", expression.source
            )
        found += [str(name) for name in names if name]
    return found


def _priority(step: Step, scope: int, expression: Expression) -> int:
    value = step.evaluate(scope, expression)
    if value is None or value == "":
        return DEFAULT_PRIORITY
    try:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError
        return int(value)
    except ValueError:
        raise ExpressionFailed(f"Priority does not resolve to a number: {value!r}") from None


def _date(step: Step, scope: int, expression: Expression) -> datetime | None:
    value = step.evaluate(scope, expression)
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        return due_date(value, step.world.now)
    raise ExpressionFailed(f"Due date expression does not resolve to a date or a text: {value!r}")


def _lenient(step: Step, scope: int, expression: Expression) -> str | None:
    """A form's key: Camunda 7 looks at it when somebody asks for the form, so it never keeps a task from being created."""
    try:
        return step.text(scope, expression)
    except ExpressionFailed:
        return None


def _version(step: Step, scope: int, reference: Reference) -> int | None:
    text = None if reference.version is None else _lenient(step, scope, reference.version)
    return int(text) if text is not None and text.isdecimal() else None
