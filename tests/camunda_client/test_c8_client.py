"""The Camunda 8 clients: settings from everywhere, tokens, bad answers, filters and pages. Nothing secret is ever told."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina

import camunda_client.config as config
from camunda_client.c8 import AsyncCamunda8Client, Camunda8Client
from camunda_client.c8.auth import TokenCredentials, TokenRequest, get_token
from camunda_client.c8.client import api_root, chosen
from camunda_client.c8.environment import config_from_environment
from camunda_client.c8.requests import criteria
from camunda_client.config import (
    ApiConfig,
    AuthConfig,
    BasicAuthConfig,
    C8Config,
    JobConfig,
    SaasAuthConfig,
    SelfManagedAuthConfig,
)
from camunda_client.errors import (
    BadRequest,
    EngineUnavailable,
    NotAuthenticated,
    NotFound,
    ServiceException,
    SettingsError,
)
from tests.camunda_client.fake_camunda8 import SECRET, FakeCamunda8, fake_camunda8


@pytest.fixture
def cluster() -> Iterator[tuple[str, FakeCamunda8]]:
    with fake_camunda8() as pair:
        yield pair


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    """Retries happen, without their pauses."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


def oauth(url: str, secret: str = SECRET) -> C8Config:
    own = SelfManagedAuthConfig(client_id="me", client_secret=secret, oidc_token_url=f"{url}/oauth/token")
    return C8Config(api=ApiConfig(base_url=url), auth=AuthConfig(self_managed=own))


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("http://localhost:8080", "http://localhost:8080/v2"),
        ("http://localhost:8080/", "http://localhost:8080/v2"),
        ("http://localhost:8080/v2/", "http://localhost:8080/v2"),
        ("localhost:8080", "http://localhost:8080/v2"),
        ("http://localhost:8080/engine-rest", "http://localhost:8080/v2"),
        ("https://bru-2.zeebe.camunda.io/abc", "https://bru-2.zeebe.camunda.io/abc/v2"),
    ],
)
def test_addresses_as_people_write_them(given: str, root: str) -> None:
    assert api_root(given) == root


@pytest.mark.parametrize("given", ["", "ftp://host", "http://", "http://host:port", "http://me:pa55word@host"])
def test_addresses_that_cannot_be_used(given: str) -> None:
    with pytest.raises(SettingsError) as raised:
        api_root(given)
    assert "pa55word" not in str(raised.value)


def test_official_variables() -> None:
    found = config_from_environment(
        {
            "ZEEBE_REST_ADDRESS": "http://z:1",
            "ZEEBE_CLIENT_ID": "me",
            "ZEEBE_CLIENT_SECRET": SECRET,
            "ZEEBE_AUTHORIZATION_SERVER_URL": "http://login/token",
            "ZEEBE_TOKEN_AUDIENCE": "zeebe-api",
            "ZEEBE_TOKEN_SCOPE": "all",
            "CAMUNDA_WORKER_MAX_CONCURRENT_JOBS": "7",
            "CAMUNDA_DEFAULT_TENANT_ID": "t1",
        }
    )
    own = found.auth.self_managed
    assert own is not None
    assert (found.api.base_url, own.client_id, own.audience, own.scope) == ("http://z:1", "me", "zeebe-api", "all")
    assert (found.api.job.max_jobs_to_activate, found.api.job.tenant_ids) == (7, ["t1"])
    assert SECRET not in repr(found)


def test_saas_from_its_variables(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    found = config_from_environment(
        {
            "CAMUNDA_CLUSTER_ID": "c-1",
            "CAMUNDA_CLUSTER_REGION": "bru-2",
            "CAMUNDA_CLIENT_ID": "me",
            "CAMUNDA_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        }
    )
    assert found.api.base_url == "https://bru-2.zeebe.camunda.io/c-1"
    assert found.auth.saas is not None
    assert found.auth.saas.client_secret.get_secret_value() == SECRET
    assert found.auth.saas.authorization_server_url == "https://login.cloud.camunda.io/oauth/token"


def test_basic_and_none_from_variables() -> None:
    basic = {"CAMUNDA_BASIC_AUTH_USERNAME": "ann", "CAMUNDA_BASIC_AUTH_PASSWORD": SECRET}
    assert config_from_environment(basic).auth.basic is not None
    assert config_from_environment({"CAMUNDA_AUTH_STRATEGY": "NONE"} | basic).auth == AuthConfig()
    assert config_from_environment({}).api.base_url == "http://localhost:8080"
    assert config_from_environment({"CAMUNDA_CLIENT_ID": "a-worker"}).auth == AuthConfig()


@pytest.mark.parametrize(
    ("variables", "remedy"),
    [
        ({"CAMUNDA_AUTH_STRATEGY": "KERBEROS"}, "NONE, BASIC, OAUTH"),
        ({"CAMUNDA_AUTH_STRATEGY": "OAUTH"}, "CAMUNDA_CLIENT_SECRET"),
        ({"CAMUNDA_CLIENT_ID": "a", "CAMUNDA_CLIENT_SECRET": SECRET}, "CAMUNDA_OAUTH_URL"),
        ({"CAMUNDA_BASIC_AUTH_USERNAME": "a"}, "CAMUNDA_BASIC_AUTH_PASSWORD"),
        ({"CAMUNDA_CLUSTER_ID": "a"}, "CAMUNDA_CLUSTER_REGION"),
        ({"CAMUNDA_WORKER_TIMEOUT": "soon"}, "timeout"),
        ({"CAMUNDA_CLIENT_SECRET_FILE": "/nowhere", "CAMUNDA_CLIENT_ID": "a"}, "CAMUNDA_CLIENT_SECRET_FILE"),
    ],
)
def test_variables_that_cannot_be_used_say_what_to_do(variables: dict[str, str], remedy: str) -> None:
    with pytest.raises(SettingsError) as raised:
        config_from_environment(variables)
    assert remedy in str(raised.value)
    assert SECRET not in str(raised.value)


def test_wrong_configurations_say_what_to_do() -> None:
    cases: list[tuple[Any, str]] = [
        (lambda: ApiConfig(baseUrl=None), "is its environment variable set"),
        (lambda: SelfManagedAuthConfig(clientId="a", clientSecret=SECRET), "oidcTokenUrl missing"),
        (lambda: JobConfig(timout=5), "timout"),
        (lambda: JobConfig(maxJobsToActivate=0), "maxJobsToActivate"),
        (lambda: SaasAuthConfig(clientSecret=SECRET), "clientId"),
        (
            lambda: AuthConfig(
                basic={"username": "a", "password": SECRET}, saas={"clientId": "a", "clientSecret": "b"}
            ),
            "one of",
        ),
        (lambda: config.initialize_config(), "initialize_config"),
        (lambda: config.initialize_config({"api": {}}), "baseUrl"),
    ]
    for attempt, words in cases:
        with pytest.raises(SettingsError) as raised:
            attempt()
        assert words in str(raised.value)
        assert SECRET not in str(raised.value)


def test_nothing_set_is_no_authentication() -> None:
    own = SelfManagedAuthConfig(clientId=None, clientSecret=None, oidcTokenUrl=None)
    found = C8Config(api=ApiConfig(baseUrl="http://x"), auth=AuthConfig(selfManaged=own))
    with pytest.raises(SettingsError, match="no OAuth client"):
        get_token(found)


def test_credentials_are_for_the_address_they_came_with(monkeypatch: pytest.MonkeyPatch) -> None:
    basic = AuthConfig(basic=BasicAuthConfig(username="ann", password=SECRET))
    config.initialize_config(config=C8Config(api=ApiConfig(base_url="http://mine"), auth=basic))
    try:
        assert chosen("http://mine/v2", None).auth == basic
        assert chosen("http://other", None).auth == AuthConfig()
        assert chosen(None, None).auth == basic
    finally:
        config.reset_config()


def test_help_names_every_setting() -> None:
    text = config.config_help()
    assert "oidcTokenUrl" in text
    assert "maxJobsToActivate: Jobs of one type in work at once" in text


# ---------------------------------------------------------------- tokens


def token_server(answers: list[httpx.Response], asked: list[str]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.content.decode())
        return answers.pop(0)

    return httpx.MockTransport(answer)


def bearer(token: str, life: int = 100) -> httpx.Response:
    return httpx.Response(200, json={"access_token": token, "expires_in": life})


def credentials(answers: list[httpx.Response], asked: list[str], clock: list[float]) -> TokenCredentials:
    wanted = TokenRequest("http://login/token", "me", SECRET, "aud", "all")
    return TokenCredentials(wanted, now=lambda: clock[0], transport=token_server(answers, asked))


def test_a_token_is_kept_and_renewed_early() -> None:
    clock, asked = [0.0], list[str]()
    own = credentials([bearer("a"), bearer("b")], asked, clock)
    assert (own.header(), own.header(), len(asked)) == ("Bearer a", "Bearer a", 1)
    assert "audience=aud" in asked[0]
    assert "scope=all" in asked[0]
    clock[0] = 89.0
    assert own.header() == "Bearer a"
    clock[0] = 91.0
    assert (own.fresh, own.header(), own.token()[1]) == (False, "Bearer b", 100)
    assert SECRET not in repr(own)


def test_while_the_token_server_is_away_the_old_token_serves() -> None:
    clock, asked = [0.0], list[str]()
    own = credentials([bearer("a"), *[httpx.Response(503)] * 3, bearer("b")], asked, clock)
    own.header()
    clock[0] = 95.0
    assert own.header() == "Bearer a"
    clock[0] = 101.0
    assert own.header() == "Bearer b"


def test_a_refused_token_is_replaced_once() -> None:
    clock, asked = [0.0], list[str]()
    own = credentials([bearer("a"), bearer("b")], asked, clock)
    used = own.header()
    assert own.refused(used)
    assert own.refused(used)
    assert (own.header(), len(asked)) == ("Bearer b", 2)


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        ([httpx.Response(401, text=f"bad secret {SECRET}")], NotAuthenticated, "CAMUNDA_CLIENT_SECRET"),
        ([httpx.Response(200, text="<html>")], NotAuthenticated, "CAMUNDA_OAUTH_URL"),
        ([httpx.Response(200, json={"token": 1})], NotAuthenticated, "access_token"),
        ([httpx.Response(429)] * 3, EngineUnavailable, "cannot answer now"),
    ],
)
def test_no_token(answers: list[httpx.Response], kind: type[Exception], words: str) -> None:
    own = credentials(answers, [], [0.0])
    with pytest.raises(kind, match=words) as raised:
        own.header()
    assert isinstance(raised.value, ServiceException)
    assert SECRET not in str(raised.value)
    assert not answers


def test_many_threads_fetch_one_token(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    fake.needs_token = True
    with Camunda8Client(oauth(url)) as client:
        threads = [threading.Thread(target=client.get_cluster_topology) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert fake.issued == 1


def test_a_token_that_ends_in_flight_is_replaced(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    fake.needs_token = True
    with Camunda8Client(oauth(url)) as client:
        client.get_cluster_topology()
        fake.tokens.clear()
        client.get_cluster_topology()
    assert fake.issued == 2


def test_nothing_secret_is_logged(cluster: tuple[str, FakeCamunda8], caplog: pytest.LogCaptureFixture) -> None:
    url, fake = cluster
    fake.needs_token = True
    caplog.set_level(logging.DEBUG)
    with Camunda8Client(oauth(url)) as client:
        client.get_cluster_topology()
    with Camunda8Client(oauth(url, secret="another-s3cr3t")) as client, pytest.raises(NotAuthenticated) as raised:
        client.get_cluster_topology()
    told = (
        caplog.text
        + "".join(str(record.__dict__) for record in caplog.records)
        + str(raised.value)
        + repr(raised.value)
    )
    for secret in (SECRET, "another-s3cr3t", "token-1"):
        assert secret not in told


def test_basic_authentication(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    fake.basic = httpx.BasicAuth("ann", SECRET)._auth_header
    known = C8Config(
        api=ApiConfig(base_url=url), auth=AuthConfig(basic=BasicAuthConfig(username="ann", password=SECRET))
    )
    with Camunda8Client(known) as client:
        assert client.get_cluster_topology().cluster_size == 1
    with (
        Camunda8Client(url, auth=AuthConfig()) as client,
        pytest.raises(NotAuthenticated, match="check the credentials"),
    ):
        client.get_cluster_topology()


# ---------------------------------------------------------------- bad answers


def test_overload_is_waited_for(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    fake.faults = [("topology", "429"), ("topology", "429")]
    with Camunda8Client(url) as client:
        assert client.get_cluster_topology().cluster_size == 1

    async def go() -> None:
        fake.faults = [("topology", "429"), ("topology", "429")]
        async with AsyncCamunda8Client(url) as client:
            assert (await client.get_cluster_topology()).cluster_size == 1

    asyncio.run(go())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("503", "send the same again later"),
        ("malformed", "is this the address of the REST API"),
        ("half", "GET /topology.*is the engine running"),
        ("cut", "GET /topology.*is the engine running"),
    ],
)
def test_answers_that_cannot_be_used_say_what_to_do(cluster: tuple[str, FakeCamunda8], fault: str, words: str) -> None:
    url, fake = cluster
    with Camunda8Client(url) as client:
        fake.faults = [("topology", fault)]
        with pytest.raises(EngineUnavailable, match=words):
            client.get_cluster_topology()
        assert client.get_cluster_topology().cluster_size == 1


def test_overload_that_does_not_end_says_what_to_do(
    cluster: tuple[str, FakeCamunda8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("camunda_client.c8.client.OVERLOAD_ATTEMPTS", 2)
    url, fake = cluster
    fake.faults = [("topology", "429")] * 2
    with Camunda8Client(url) as client, pytest.raises(EngineUnavailable, match="send less at a time"):
        client.get_cluster_topology()


def test_an_answer_of_another_shape_is_named(cluster: tuple[str, FakeCamunda8]) -> None:
    url, _ = cluster
    with Camunda8Client(url) as client, pytest.raises(EngineUnavailable, match="no Deployment"):
        list(client.drive(_deployment_read_from_topology()))  # type: ignore[arg-type]


def _deployment_read_from_topology() -> Any:
    from camunda_client.c8.models import Deployment
    from camunda_client.c8.requests import read
    from camunda_client.protocol import Request

    answer = yield Request("GET", "/topology")
    return read(Deployment, answer)


def test_problems_become_errors_with_their_words(cluster: tuple[str, FakeCamunda8]) -> None:
    url, _ = cluster
    with Camunda8Client(url) as client:
        with pytest.raises(NotFound, match="no such job 5") as missing:
            client.complete_job("5")
        with pytest.raises(BadRequest, match="No type, timeout"):
            client.activate_jobs("", timeout=1)
    assert missing.value.type == "NOT_FOUND"
    assert missing.value.request == "POST /jobs/5/completion"


# ---------------------------------------------------------------- requests


def test_filters_are_keywords() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert criteria(
        {
            "state": ["ACTIVE", "COMPLETED"],
            "process_definition_id": "one",
            "start_date": {"$gt": moment},
            "variables": [{"name": "a", "value": "1"}],
            "or_": [{"has_incident": True}, {"element_id": "x"}],
            "tenant_id": None,
        }
    ) == {
        "state": {"$in": ["ACTIVE", "COMPLETED"]},
        "processDefinitionId": "one",
        "startDate": {"$gt": moment},
        "variables": [{"name": "a", "value": "1"}],
        "$or": [{"hasIncident": True}, {"elementId": "x"}],
    }


def test_searches_bring_a_page_or_all(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    with Camunda8Client(url) as client:
        page = client.search_process_instances(sort=["-startDate", "state"], limit=2, state="ACTIVE")
        assert [item.process_instance_key for item in page] == ["0", "1"]
        assert (len(page), page.page.total_items) == (2, 3)
        assert fake.requests[-1][2] == {
            "page": {"limit": 2},
            "sort": [{"field": "startDate", "order": "DESC"}, {"field": "state", "order": "ASC"}],
            "filter": {"state": "ACTIVE"},
        }
        assert [task.user_task_key for task in client.search_user_tasks(every=True)] == ["0", "1", "2"]
        assert [item.decoded for item in client.search_variables(every=True, truncate_values=False)] == ["v", "v", "v"]


def test_connections_are_reused(cluster: tuple[str, FakeCamunda8]) -> None:
    url, fake = cluster
    with Camunda8Client(url) as client:
        for _ in range(10):
            client.get_cluster_topology()
    assert fake.connections == 1
