"""The REST API as a Django view: Django's users, the engine's answers, workers and clients as they are."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import AsyncClient, Client, override_settings

from procession.django import close_engine, deploy, start_process
from procession.django.rest import MAX_BODY
from tests.engine.models import USER, external, row

pytestmark = pytest.mark.usefixtures("project")
ROOT = "/bpm/engine-rest"


@pytest.fixture
def user(project: str) -> User:
    made = User.objects.create_user("ada", password="secret")
    made.user_permissions.add(Permission.objects.get(codename="use_rest"))
    return made


def basic(name: str = "ada", password: str = "secret") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def post(path: str, body: Any, **headers: str) -> Any:
    return Client().post(f"{ROOT}{path}", json.dumps(body), content_type="application/json", headers=basic() | headers)


def test_requests_are_answered(user: User) -> None:
    deploy(("p.bpmn", row(USER)))
    answer = post("/process-definition/key/p/start", {"businessKey": "b", "variables": {"n": {"value": 1}}})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["links"][0]["href"].startswith("http://testserver/bpm/engine-rest/process-instance/")
    found = Client().get(f"{ROOT}/task?processInstanceBusinessKey=b", headers=basic()).json()
    assert [task["taskDefinitionKey"] for task in found] == ["u"]
    assert post(f"/task/{found[0]['id']}/complete", {}).status_code == 204
    assert Client().get(f"{ROOT}/process-instance/count", headers=basic()).json() == {"count": 0}


def test_errors_are_the_engines(user: User) -> None:
    answer = post("/process-definition/key/none/start", {})
    assert (answer.status_code, answer.json()["type"]) == (404, "RestException")
    assert Client().get(f"{ROOT}/nothing/here", headers=basic()).status_code == 404
    assert post("/task", "x" * MAX_BODY).status_code == 413


def test_only_users_with_the_permission_come_in(user: User) -> None:
    path = f"{ROOT}/process-instance"
    assert Client().get(path).status_code == 401
    assert Client().get(path, headers=basic(password="wrong")).status_code == 401
    assert Client().get(path, headers=basic("nobody")).status_code == 401
    User.objects.create_user("bob", password="secret")
    assert Client().get(path, headers=basic("bob")).status_code == 401
    close_engine()  # the brake after a failure is in its memory
    assert Client().get(path, headers=basic()).status_code == 200
    User.objects.filter(username="ada").update(is_active=False)
    assert Client().get(path, headers=basic()).status_code == 401


def test_a_cookie_is_no_way_in(user: User) -> None:
    browser = Client()
    browser.cookies["sessionid"] = "anything"
    assert browser.get(f"{ROOT}/process-instance").status_code == 401


@override_settings(PROCESSION={"rest_access": "open"})
def test_open_access_asks_nobody() -> None:
    assert Client().get(f"{ROOT}/process-instance").json() == []


@override_settings(PROCESSION={"rest_access": "open"})
def test_a_long_poll_is_woken_by_a_commit_of_djangos(project: str) -> None:
    deploy(("p.bpmn", row(external("x", "work"))))
    body = {"workerId": "w", "maxTasks": 1, "asyncResponseTimeout": 8000}
    body["topics"] = [{"topicName": "work", "lockDuration": 1000}]
    answers: list[Any] = []

    def poll() -> None:
        answers.append(post("/external-task/fetchAndLock", body).json())

    thread = threading.Thread(target=poll)
    began = time.monotonic()
    thread.start()
    time.sleep(0.2)
    start_process("p")
    thread.join()
    assert [task["topicName"] for task in answers[0]] == ["work"]
    assert time.monotonic() - began < 5


@override_settings(PROCESSION={"rest_access": "open"})
def test_it_serves_asgi_as_well(project: str) -> None:
    async def ask() -> list[int]:
        asked = [AsyncClient().get(f"{ROOT}/engine") for _ in range(5)]
        return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert asyncio.run(ask()) == [200] * 5
