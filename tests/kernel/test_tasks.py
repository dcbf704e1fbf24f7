"""Human tasks: what the model says of them, and their life between creation and completion."""

from __future__ import annotations

from datetime import timedelta

import pytest

from procession.errors import ExecutionFailed, Invalid, Missing, ProcessionError
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.records import Task
from procession.kernel.variables import typed
from tests.kernel.diagram import boundary, diagram, error, exclusive, user
from tests.kernel.harness import NOW, KernelPlay, on_kernel


def one(**attributes: str) -> KernelPlay:
    """A process of one user task `a`, started with n = 1 and names = ["x", "y"]."""
    return on_kernel(diagram("s > a > e", a=user(**attributes))).start(n=1, names=["x", "y"])


# ---------------------------------------------------------------- attributes


def test_attributes_are_expressions() -> None:
    task = one(name="T ${n}", assignee="${names[0]}", priority="${n + 6}", form_key="f-${n}").task("a")
    assert (task.name, task.assignee, task.priority, task.form_key) == ("T 1", "x", 7, "f-1")
    assert (task.state, task.delegation, task.created) == ("Created", None, NOW)


@pytest.mark.parametrize(("written", "expected"), [("", 50), ("0", 0), ("-5", -5), ("${'7'}", 7), ("${null}", 50)])
def test_priorities(written: str, expected: int) -> None:
    assert one(priority=written).task("a").priority == expected


@pytest.mark.parametrize("written", ["${names}", "${true}", "${'x'}"])
def test_what_is_no_priority(written: str) -> None:
    with pytest.raises(ProcessionError, match="Priority does not resolve to a number"):
        one(priority=written)


@pytest.mark.parametrize("written", ["PT1H", "2026-03-02T13:00:00Z", "${now() + 0}", "${'PT1H'}"])
def test_dates(written: str) -> None:
    if "now" in written:
        with pytest.raises(ProcessionError):
            one(due_date=written)
        return
    task = one(due_date=written, follow_up_date=written).task("a")
    assert (task.due, task.follow_up) == (NOW + timedelta(hours=1), NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("x", ["x"]),
        ("x, y,x", ["x", "y", "x"]),
        ("${names}", ["x", "y"]),
        ("a,${names}", ["a", "x", "y"]),
        ("${null}", []),
    ],
)
def test_candidates(written: str, expected: list[str]) -> None:
    assert one(candidate_users=written).links("a") == [("candidate", name, None) for name in expected]
    assert one(candidate_groups=written).links("a") == [("candidate", None, name) for name in expected]


# ---------------------------------------------------------------- claim, delegate, resolve


def test_claiming() -> None:
    play = one()
    key = play.task("a").key
    play.when(c.ClaimTask(key, "mary"))
    play.when(c.ClaimTask(key, "mary"))
    assert play.task("a").assignee == "mary"
    with pytest.raises(ExecutionFailed, match="already claimed"):
        play.when(c.ClaimTask(key, "peter"))
    play.when(c.ClaimTask(key, None))
    assert play.task("a").assignee is None
    assert play.task("a").state == "Updated"


def test_delegating_and_resolving() -> None:
    play = one(assignee="mary")
    key = play.task("a").key
    play.when(c.DelegateTask(key, "peter"))
    task = play.task("a")
    assert (task.assignee, task.owner, task.delegation) == ("peter", "mary", "PENDING")
    play.when(c.ResolveTask(key, {"done": typed(True)}))
    task = play.task("a")
    assert (task.assignee, task.owner, task.delegation) == ("mary", "mary", "RESOLVED")
    assert play.variables["done"] is True
    assert play.complete("a").ended


def test_a_delegated_task_may_be_completed() -> None:
    play = one(assignee="mary")
    play.when(c.DelegateTask(play.task("a").key, "peter"))
    assert play.complete("a").ended


def test_delegating_keeps_an_owner() -> None:
    play = one(assignee="mary")
    play.when(c.ChangeTask(play.task("a").key, {"owner": "boss"}, "SetOwner"))
    play.when(c.DelegateTask(play.task("a").key, "peter"))
    assert play.task("a").owner == "boss"


def test_changes_tell_old_and_new() -> None:
    play = one()
    play.when(c.ChangeTask(play.task("a").key, {"priority": 3, "name": None}, "Update"))
    (event,) = play.events
    assert isinstance(event, e.TaskChanged)
    assert event.changes == {"priority": (50, 3)}


# ---------------------------------------------------------------- links


def test_links_come_and_go() -> None:
    play = one(candidate_users="x")
    key = play.task("a").key
    play.when(c.LinkIdentity(key, "candidate", group="g"))
    play.when(c.LinkIdentity(key, "candidate", group="g"))
    play.when(c.LinkIdentity(key, "reviewer", user="r"))
    assert play.links("a") == [("candidate", "x", None), ("candidate", None, "g"), ("reviewer", "r", None)]
    play.when(c.LinkIdentity(key, "candidate", user="x", remove=True))
    play.when(c.LinkIdentity(key, "candidate", user="nobody", remove=True))
    assert play.links("a") == [("candidate", None, "g"), ("reviewer", "r", None)]
    assert play.complete("a").empty


def test_links_of_assignee_and_owner_are_attributes() -> None:
    play = one()
    key = play.task("a").key
    play.when(c.LinkIdentity(key, "assignee", user="mary"))
    play.when(c.LinkIdentity(key, "owner", user="boss"))
    assert (play.task("a").assignee, play.task("a").owner) == ("mary", "boss")
    play.when(c.LinkIdentity(key, "assignee", user="mary", remove=True))
    assert play.task("a").assignee is None
    with pytest.raises(Invalid):
        play.when(c.LinkIdentity(key, "owner", group="g"))


@pytest.mark.parametrize("who", [None, "x"])
def test_a_link_names_one_user_or_one_group(who: str | None) -> None:
    play = one()
    with pytest.raises(Invalid, match="but not both"):
        play.when(c.LinkIdentity(play.task("a").key, "candidate", user=who, group=who))


# ---------------------------------------------------------------- completion, errors, deletion


def test_completing_brings_variables_local_ones_for_the_task_alone() -> None:
    play = one()
    play.when(c.CompleteTask(play.task("a").key, {"n": typed(2)}, {"n": typed(3)}))
    assert play.variables["n"] == 2
    assert play.empty


def test_a_task_is_completed_once() -> None:
    play = on_kernel(diagram("s > a > b > e")).start()
    key = play.task("a").key
    play.complete("a")
    with pytest.raises(Missing, match="task is null"):
        play.when(c.CompleteTask(key))


def test_the_end_of_a_task_tells_why() -> None:
    model = diagram("s > a > x > e; b > e2", x=exclusive(), b=boundary("a", error("E")))
    play = on_kernel(model).start().complete("a")
    assert [x.reason for x in play.log if isinstance(x, e.TaskEnded)] == ["completed"]
    play = on_kernel(model).start().throw("a", "E")
    assert [x.reason for x in play.log if isinstance(x, e.TaskEnded)] == ["deleted"]


def test_a_task_of_a_process_cannot_be_deleted() -> None:
    play = one()
    with pytest.raises(ExecutionFailed, match="part of a running process"):
        play.when(c.DeleteTask(play.task("a").key))


def test_tasks_without_a_process() -> None:
    play = on_kernel(diagram("s > e"))
    key = play.when(c.CreateTask({"name": "alone", "priority": 3}))
    play.when(c.SetVariables(key, {"x": typed(1)}))
    play.when(c.ClaimTask(key, "mary"))
    play.when(c.LinkIdentity(key, "candidate", group="g"))
    (task,) = play.store.all(Task)
    assert (task.name, task.assignee, task.variables, task.instance) == ("alone", "mary", 1, None)
    with pytest.raises(Invalid, match="belongs to no process"):
        play.when(c.ThrowError("E", task=key))
    play.when(c.CompleteTask(key))
    assert play.empty
    other = play.when(c.CreateTask({"name": "gone"}))
    play.when(c.DeleteTask(other))
    assert play.empty


def test_an_escalation_that_nobody_catches_is_refused() -> None:
    play = one()
    with pytest.raises(ProcessionError, match=r"Execution with id 'a' throws .* 'X', but no escalation handler"):
        play.when(c.ThrowEscalation(play.task("a").key, "X", {"n": typed(9)}))
    assert play.variables["n"] == 1
