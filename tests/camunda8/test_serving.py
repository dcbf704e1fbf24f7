"""Who may ask, and what is not a request at all."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from procession.engine import polling
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.server.settings import Settings
from tests.camunda8.play import Play, job, process
from tests.server.calling import Caller

CREDENTIALS = {"grant_type": "client_credentials", "client_id": "ann", "client_secret": "secret"}


@pytest.fixture
def guarded(engine: Engine) -> Caller:
    """A server that asks for credentials, and knows one user."""
    settings = Settings(auth=True, admin_user="ann", admin_password=SecretStr("secret"))
    return Caller(create_app(engine, settings))


def token(caller: Caller, **changed: str) -> httpx.Response:
    """Asks for a token."""
    return caller.call("POST", "/oauth/token", data=CREDENTIALS | changed)


def me(caller: Caller, authorization: str | None) -> httpx.Response:
    """Asks who asks."""
    headers = {} if authorization is None else {"Authorization": authorization}
    return caller.call("GET", "/v2/authentication/me", headers=headers)


def test_a_token_is_a_users(guarded: Caller) -> None:
    issued = token(guarded).json()
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 3600)
    assert me(guarded, f"Bearer {issued['access_token']}").json()["username"] == "ann"


def test_a_user_may_come_with_a_password(guarded: Caller) -> None:
    basic = httpx.BasicAuth("ann", "secret")
    header = next(basic.auth_flow(httpx.Request("GET", "http://x"))).headers["Authorization"]
    assert me(guarded, header).status_code == 200


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic bm9ib2R5OnNlY3JldA==", "Nonsense x"])
def test_others_stay_outside(guarded: Caller, authorization: str | None) -> None:
    answer = me(guarded, authorization)
    assert (answer.status_code, answer.json()["title"]) == (401, "UNAUTHORIZED")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_tokens_that_are_not_given(guarded: Caller, changed: dict[str, str], status: int, error: str) -> None:
    answer = token(guarded, **changed)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_without_authentication_every_client_gets_a_token(engine: Engine) -> None:
    caller = Caller(create_app(engine, Settings(auth=False)))
    issued = token(caller, client_secret="whatever").json()["access_token"]
    assert me(caller, f"Bearer {issued}").json()["username"] == "ann"
    assert me(caller, "Bearer of-another-server").status_code == 200


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": "{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": "[1]", "headers": {"Content-Type": "application/json"}}, 400),
        ({"content": "{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ({"content": "[" * 100_000, "headers": {"Content-Type": "application/json"}}, 400),
        ({"json": {"processDefinitionId": 7}}, 400),
        ({"json": {"processDefinitionId": "p", "variables": "x"}}, 400),
        ({"json": {"processDefinitionId": "p", "processDefinitionVersion": "1"}}, 400),
        ({"json": {"processDefinitionId": "p", "variables": {"\x00": 1}}}, 400),
        ({"json": {"processDefinitionKey": "9" * 30}}, 400),
    ],
)
def test_what_is_no_request(engine: Engine, options: dict[str, Any], status: int) -> None:
    caller = Caller(create_app(engine, Settings(auth=False)))
    assert caller.call("POST", "/v2/process-instances", **options).status_code == status


def test_too_much(engine: Engine) -> None:
    caller = Caller(create_app(engine, Settings(auth=False, max_body=1024, max_upload=1024)))
    big = {"processDefinitionId": "x" * 5000}
    assert caller.call("POST", "/v2/process-instances", json=big).status_code == 413
    files = {"resources": ("a.bpmn", b"x" * 5000)}
    assert caller.call("POST", "/v2/deployments", files=files).status_code == 413


def test_the_clock_is_test_modes(engine: Engine) -> None:
    caller = Caller(create_app(engine, Settings(auth=False)))
    assert caller.call("PUT", "/v2/clock", json={"timestamp": 0}).status_code == 403


# ---------------------------------------------------------------- under load

MODEL = process(f'<startEvent id="s"/>{job("a")}<endEvent id="e"/>', "s>a a>e")


def test_too_many_requests_are_told_to_come_back(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(create_app(engine, Settings(auth=False, max_requests=1)))
    entered, leave = threading.Event(), threading.Event()
    read = engine.storage.read

    def slowly() -> object:
        entered.set()
        leave.wait(20)
        return read()

    monkeypatch.setattr(engine.storage, "read", slowly)
    first = threading.Thread(target=caller.call, args=("POST", "/v2/jobs/search"))
    first.start()
    assert entered.wait(20)
    refused = caller.call("POST", "/v2/jobs/search")
    polled = caller.call("POST", "/v2/jobs/activation", json=asked(wait=-1))
    leave.set()
    first.join()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["title"] == "RESOURCE_EXHAUSTED"
    assert polled.status_code == 200  # who only waits for work does not count
    assert caller.call("POST", "/v2/jobs/search").status_code == 200


def asked(wait: int) -> dict[str, Any]:
    """A worker's request that waits so many milliseconds; -1 is not at all."""
    return {"type": "a", "timeout": 60_000, "maxJobsToActivate": 1, "requestTimeout": wait}


def test_who_waits_holds_no_thread_and_a_commit_wakes_him(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "POLL", 60.0)  # so that nothing but the bell can wake anybody
    app = create_app(engine, Settings(auth=False, threads=1, max_requests=2))
    Play(engine, Caller(app)).deploy(MODEL)

    async def play() -> list[Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", timeout=60) as client:
            polls = [asyncio.create_task(client.post("/v2/jobs/activation", json=asked(50_000))) for _ in range(20)]
            while len(engine.externals_bell._listeners) < 20:  # noqa: ASYNC110 — nothing tells of it
                await asyncio.sleep(0.01)
            ended = asyncio.create_task(
                client.post("/v2/process-instances", json={"processDefinitionId": "p", "awaitCompletion": True})
            )
            done, _ = await asyncio.wait(polls, return_when=asyncio.FIRST_COMPLETED)
            (work,) = [one for poll in done for one in poll.result().json()["jobs"]]
            completed = await client.post(f"/v2/jobs/{work['jobKey']}/completion", json={"variables": {"n": 1}})
            variables = (await ended).json()["variables"]
            app.state.stop()
            rest = [(await poll).status_code for poll in polls if poll not in done]
            return [completed.status_code, variables, set(rest)]

    assert asyncio.run(play()) == [204, {"n": 1}, {503}]


def test_a_server_that_drains_says_so(engine: Engine) -> None:
    app = create_app(engine, Settings(auth=False))
    assert "connection" not in Caller(app).call("GET", "/v2/topology").headers
    app.state.drain()
    assert Caller(app).call("GET", "/v2/topology").headers["connection"] == "close"
