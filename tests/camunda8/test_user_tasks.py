"""Listeners of user tasks: workers are asked first, and may correct or deny."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.camunda8.play import Play, extended, process


def listening(*events: str) -> bytes:
    """A process with one user task of ann's, whose listeners' jobs have the names of their events."""
    listeners = "".join(f'<zeebe:taskListener eventType="{event}" type="{event}" retries="2"/>' for event in events)
    task = extended(
        "userTask",
        "u",
        f'<zeebe:userTask/><zeebe:assignmentDefinition assignee="ann"/><zeebe:taskListeners>{listeners}</zeebe:taskListeners>',
    )
    return process(f'<startEvent id="s"/>{task}<endEvent id="e"/>', "s>u u>e")


def task_of(api: Play) -> dict[str, Any]:
    """The only user task."""
    (found,) = api.items("user-tasks", processInstanceKey=api.instance)
    return dict(found)


@contextmanager
def asked(ask: Callable[[], httpx.Response]) -> Iterator[list[httpx.Response]]:
    """A request that is answered when its listeners have been: its answer is there after the block."""
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(ask()))
    thread.start()
    try:
        yield answers
    finally:
        thread.join(20)


def awaited(api: Play, type_: str) -> dict[str, Any]:
    """The listener's job, as soon as it is there."""
    wanted = {"type": type_, "timeout": 60_000, "maxJobsToActivate": 1, "requestTimeout": 10_000}
    (found,) = api.got("/jobs/activation", wanted)["jobs"]
    return dict(found)


def test_a_creation_is_listened_to(api: Play) -> None:
    api.deploy(listening("creating", "assigning"))
    api.start()
    assert (task_of(api)["state"], task_of(api)["assignee"]) == ("CREATING", None)
    job = api.work("creating", {"type": "userTask", "corrections": {"priority": 80, "candidateGroups": ["g"]}})
    assert (job["kind"], job["listenerEventType"]) == ("TASK_LISTENER", "CREATING")
    assert job["userTask"]["userTaskKey"] == task_of(api)["userTaskKey"]
    assert (task_of(api)["state"], task_of(api)["priority"]) == ("ASSIGNING", 80)
    assigning = api.work("assigning", {"type": "userTask", "corrections": {"assignee": "bob"}})
    assert assigning["userTask"]["assignee"] == "ann"
    task = task_of(api)
    assert (task["state"], task["assignee"], task["candidateGroups"]) == ("CREATED", "bob", ["g"])


@pytest.mark.parametrize("denied", [False, True])
def test_an_assignment_is_denied_or_happens(api: Play, denied: bool) -> None:
    api.deploy(listening("assigning"))
    api.start()
    api.work("assigning")
    path = f"/user-tasks/{task_of(api)['userTaskKey']}"
    with asked(lambda: api.ask("POST", f"{path}/assignment", {"assignee": "bob"})) as answers:
        job = awaited(api, "assigning")
        assert job["userTask"]["action"] == "assign"
        result = {"type": "userTask", "denied": denied, "deniedReason": "busy" if denied else ""}
        api.got(f"/jobs/{job['jobKey']}/completion", {"result": result})
    (answer,) = answers
    assert answer.status_code == (409 if denied else 204)
    if denied:
        assert answer.json()["detail"].endswith("was denied by Task Listener. Reason to deny: 'busy'")
    assert task_of(api)["assignee"] == ("ann" if denied else "bob")


def test_a_denied_completion_sets_no_variables(api: Play) -> None:
    api.deploy(listening("completing"))
    api.start()
    path = f"/user-tasks/{task_of(api)['userTaskKey']}/completion"
    with asked(lambda: api.ask("POST", path, {"variables": {"n": 1}})) as answers:
        job = awaited(api, "completing")
        api.got(f"/jobs/{job['jobKey']}/completion", {"result": {"type": "userTask", "denied": True}})
    assert (answers[0].status_code, api.variables, task_of(api)["state"]) == (409, {}, "CREATED")
    with asked(lambda: api.ask("POST", path, {"variables": {"n": 2}})) as answers:
        job = awaited(api, "completing")
        api.got(f"/jobs/{job['jobKey']}/completion", {})
    assert (answers[0].status_code, api.variables, api.state) == (204, {"n": "2"}, "COMPLETED")


def test_a_listener_without_retries_is_an_incident(api: Play) -> None:
    api.deploy(listening("creating"))
    api.start()
    (job,) = api.jobs("creating")
    api.got(f"/jobs/{job['jobKey']}/failure", {"retries": 0, "errorMessage": "no"})
    assert api.incidents == [("u", "TASK_LISTENER_NO_RETRIES")]
    api.got(f"/jobs/{job['jobKey']}", {"changeset": {"retries": 1}}, "PATCH")
    api.resolve()
    api.work("creating")
    assert task_of(api)["state"] == "CREATED"


def test_an_update_is_corrected(api: Play) -> None:
    api.deploy(listening("updating"))
    api.start()
    path = f"/user-tasks/{task_of(api)['userTaskKey']}"
    with asked(lambda: api.ask("PATCH", path, {"changeset": {"priority": 10}, "action": "escalate"})) as answers:
        job = awaited(api, "updating")
        assert job["userTask"]["action"] == "escalate"
        corrections = {"priority": 20, "dueDate": "2030-01-01T00:00:00Z"}
        api.got(f"/jobs/{job['jobKey']}/completion", {"result": {"type": "userTask", "corrections": corrections}})
    assert answers[0].status_code == 204
    task = task_of(api)
    assert (task["priority"], task["dueDate"]) == (20, "2030-01-01T00:00:00.000Z")


@pytest.mark.parametrize("denied", [False, True])
def test_variables_of_a_task_are_an_update_that_is_listened_to(api: Play, denied: bool) -> None:
    api.deploy(listening("updating"))
    api.start(n=1)
    path = f"/element-instances/{task_of(api)['elementInstanceKey']}/variables"
    with asked(lambda: api.ask("PUT", path, {"variables": {"n": 2}})) as answers:
        job = awaited(api, "updating")
        assert (job["userTask"]["changedAttributes"], api.variables["n"]) == (["variables"], "1")
        api.got(f"/jobs/{job['jobKey']}/completion", {"result": {"type": "userTask", "denied": denied}})
    assert answers[0].status_code == (409 if denied else 204)
    assert (api.variables["n"], task_of(api)["state"]) == ("1" if denied else "2", "CREATED")
