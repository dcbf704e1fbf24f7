"""Who may in, who has to wait, and what is told to strangers."""

from __future__ import annotations

import base64

import pytest

from procession.engine.engine import Engine
from procession.engine.users import keep_user, password_hash
from procession.errors import Unauthenticated
from procession.server.authentication import Authenticator, hash_password
from tests.server.conftest import Serve

HASH = hash_password("secret:ä")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def users() -> dict[str, str]:
    return {"demo": HASH}


@pytest.fixture
def authenticator(clock: Clock, users: dict[str, str]) -> Authenticator:
    return Authenticator(users.get, clock)


def test_the_right_password(authenticator: Authenticator) -> None:
    assert authenticator.user(basic("demo", "secret:ä")) == "demo"
    assert authenticator.user(basic("demo", "secret:ä").replace("Basic", "basic")) == "demo"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Bearer abc",
        "Basic " + base64.b64encode(b"demo").decode(),
        "Basic " + base64.b64encode(b":x").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + "A" * 10_000,
        basic("demo", "wrong"),
        basic("nobody", "secret:ä"),
        basic("demo\0", "secret:ä"),
    ],
)
def test_strangers(authenticator: Authenticator, header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        authenticator.user(header)


def test_who_guesses_waits_longer_each_time(authenticator: Authenticator, clock: Clock) -> None:
    waits = []
    for _ in range(7):
        with pytest.raises(Unauthenticated, match=r"^Unauthorized$"):
            authenticator.user(basic("demo", "wrong"), "10.0.0.1")
        with pytest.raises(Unauthenticated, match="try again later"):
            authenticator.user(basic("demo", "secret:ä"), "10.0.0.1")
        began = clock.now
        while True:
            clock.now += 1
            try:
                authenticator._failed[("demo", "10.0.0.1")]
            except KeyError:
                break
            if authenticator._failed[("demo", "10.0.0.1")][1] <= clock.now:
                break
        waits.append(clock.now - began)
    assert waits == [3, 6, 12, 24, 48, 60, 60]


def test_a_guesser_does_not_lock_others_out(authenticator: Authenticator) -> None:
    with pytest.raises(Unauthenticated):
        authenticator.user(basic("demo", "wrong"), "10.0.0.1")
    assert authenticator.user(basic("demo", "secret:ä"), "10.0.0.2") == "demo"


def test_a_changed_password_counts_at_once(authenticator: Authenticator, users: dict[str, str]) -> None:
    assert authenticator.user(basic("demo", "secret:ä")) == "demo"
    users["demo"] = hash_password("other")
    with pytest.raises(Unauthenticated):
        authenticator.user(basic("demo", "secret:ä"))


def test_what_is_remembered_ends(authenticator: Authenticator, clock: Clock, users: dict[str, str]) -> None:
    authenticator.user(basic("demo", "secret:ä"))
    clock.now = 301
    users.clear()
    with pytest.raises(Unauthenticated):
        authenticator.user(basic("demo", "secret:ä"))


def test_the_api_asks_for_credentials(serve: Serve) -> None:
    client = serve(auth=True, admin_user="demo", admin_password="demo")
    refused = client.call("GET", "/engine-rest/task")
    assert (refused.status_code, refused.json()["message"]) == (401, "Unauthorized")
    assert refused.headers["www-authenticate"].startswith("Basic ")
    assert client.call("GET", "/engine-rest/task", auth=("demo", "demo")).status_code == 200
    assert client.call("POST", "/engine-rest/deployment/create").status_code == 401


def test_users_of_the_database_get_in(serve: Serve, engine: Engine) -> None:
    client = serve(auth=True, admin_user="demo", admin_password="demo")
    assert client.call("GET", "/engine-rest/task", auth=("mary", "m")).status_code == 401
    keep_user(engine, "jonny", hash_password("j1"))
    assert client.call("GET", "/engine-rest/task", auth=("jonny", "j1")).status_code == 200
    keep_user(engine, "jonny", hash_password("j2"))
    assert client.call("GET", "/engine-rest/task", auth=("jonny", "j1")).status_code == 401


def test_the_settings_name_the_first_users_password(serve: Serve, engine: Engine) -> None:
    for password in ("one", "two"):
        client = serve(auth=True, admin_user="demo", admin_password=password)
        assert client.call("GET", "/engine-rest/task", auth=("demo", password)).status_code == 200
        stored = password_hash(engine, "demo")
        assert stored is not None
        assert password not in stored
        serve(auth=True, admin_user="demo", admin_password=password)
        assert password_hash(engine, "demo") == stored


def test_the_list_of_engines_is_open(serve: Serve) -> None:
    client = serve(auth=True, admin_user="demo", admin_password="demo")
    assert client.get("/engine") == [{"name": "default"}]


def test_authentication_needs_somebody(serve: Serve) -> None:
    with pytest.raises(ValueError, match="first user"):
        serve(auth=True)
