"""Settings and checks of both applications. Nothing here connects to a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import override_settings

from camunda_client.django import registry
from camunda_client.django.conf import DjangoSettings, client
from camunda_client.django.processes import external_topics
from camunda_client.django.registry import Registry, external_task
from camunda_client.django.working import chosen, make_worker
from camunda_client.errors import SettingsError
from camunda_client.worker import HandlerSignatureError
from procession.django.conf import EmbeddedSettings, database_url
from tests.django.conftest import use

SEED = {
    "CAMUNDA_REST_URL": "http://localhost:8080/engine-rest",
    "CAMUNDA_CLIENT_ID": "phantom-worker",
    "CAMUNDA_CLIENT_MAX_TASKS": "1",
    "CAMUNDA_CLIENT_LOCK_DURATION": "10000",
    "CAMUNDA_CLIENT_ASYNC_RESPONSE_TIMEOUT": "5000",
}


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Registry:
    found = Registry()
    for name in ("checks", "registry", "working"):
        monkeypatch.setattr(f"camunda_client.django.{name}.handlers", found)
    external_task("wallet-a")(lambda task: None)
    external_task("wallet-b")(lambda task: None)
    external_task("kyc")(lambda task: None)
    return found


@pytest.fixture(autouse=True)
def database(tmp_path: Path) -> None:
    use(f"sqlite:///{tmp_path}/unused.db")


def ids(tag: str) -> list[str | None]:
    return [message.id for message in run_checks(tags=[tag])]


@pytest.mark.seed(5, 27)
def test_the_variables_of_the_seed(handlers: Registry) -> None:
    settings = DjangoSettings.load(SEED)
    worker = make_worker(settings, registry=handlers)
    assert (worker.settings.url, worker.worker_id, worker.max_tasks) == (SEED["CAMUNDA_REST_URL"], "phantom-worker", 1)
    assert (worker.lock_duration.total_seconds(), worker.poll_timeout.total_seconds()) == (10, 5)
    assert sorted(worker.handlers) == ["kyc", "wallet-a", "wallet-b"]


def test_a_django_setting_wins_over_the_environment() -> None:
    with override_settings(CAMUNDA_REST_URL="http://engine:1", CAMUNDA_CLIENT_MAX_TASKS=7):
        found = DjangoSettings.load(SEED)
    assert (found.rest_url, found.client_max_tasks, found.client_id) == ("http://engine:1", 7, "phantom-worker")


def test_credentials_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    env = {"CAMUNDA_USER": "demo", "CAMUNDA_PASSWORD_FILE": str(tmp_path / "secret")}
    found = DjangoSettings.load(env)
    assert found.engine().auth is not None
    assert "hush" not in repr(found)


def test_empty_variables_are_unset() -> None:
    assert DjangoSettings.load(dict.fromkeys(SEED, "")) == DjangoSettings.load({})


@pytest.mark.parametrize("name", [name for name in SEED if name != "CAMUNDA_CLIENT_ID"])
def test_what_cannot_be_used_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name if "URL" not in name else "address"):
        DjangoSettings.load({name: "-nonsense ://"})


def test_all_faults_at_once() -> None:
    with pytest.raises(SettingsError, match=r"MAX_TASKS.*LOCK_DURATION"):
        DjangoSettings.load({"CAMUNDA_CLIENT_MAX_TASKS": "0", "CAMUNDA_CLIENT_LOCK_DURATION": "soon"})


def test_the_client_knows_where() -> None:
    with override_settings(CAMUNDA_REST_URL="http://engine:1"), client() as found:
        assert found.root == "http://engine:1/engine-rest"


@pytest.mark.parametrize(
    ("patterns", "topics"),
    [
        ([], ["kyc", "wallet-a", "wallet-b"]),
        (["wallet-*"], ["wallet-a", "wallet-b"]),
        (["kyc", "wallet-b"], ["kyc", "wallet-b"]),
    ],
)
def test_topics_are_chosen_by_name_and_pattern(handlers: Registry, patterns: list[str], topics: list[str]) -> None:
    assert [entry.topic for entry in chosen(patterns, handlers)] == topics


def test_a_pattern_without_a_topic_is_a_mistake(handlers: Registry) -> None:
    with pytest.raises(SettingsError, match=r"'walet'.*kyc, wallet-a"):
        chosen(["walet"], handlers)
    with pytest.raises(SettingsError, match="camunda_workers"):
        make_worker(DjangoSettings.load({}), registry=Registry())


def test_one_handler_for_a_topic(handlers: Registry) -> None:
    def other(task: Any) -> None: ...

    with pytest.raises(HandlerSignatureError, match="'kyc' has a handler already"):
        external_task("kyc")(other)


def test_coroutines_are_refused(handlers: Registry) -> None:
    async def handler(task: Any) -> None: ...

    with pytest.raises(HandlerSignatureError, match="async def"):
        external_task("new")(handler)


def test_nothing_to_complain_about(handlers: Registry) -> None:
    assert ids("camunda") == []


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"CAMUNDA_CLIENT_MAX_TASKS": 0}, "camunda.E001"),
        ({"CAMUNDA_REST_URL": "ftp://engine"}, "camunda.E001"),
        ({"CAMUNDA_CLIENT_DATABASE": "other"}, "camunda.E002"),
        ({"CAMUNDA_CLIENT_MAX_TASKS": 4}, "camunda.W001"),
        ({"CAMUNDA_CLIENT_LOCK_DURATION": 500}, "camunda.W002"),
        ({"CAMUNDA_REST_URL": "http://user:password@engine.example"}, "camunda.W003"),
    ],
)
def test_checks(handlers: Registry, settings: dict[str, Any], found: str) -> None:
    with override_settings(**settings):
        assert ids("camunda") == [found]


def test_a_project_without_handlers_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("camunda_client.django.checks.handlers", Registry())
    assert ids("camunda") == ["camunda.W004"]


def test_models_are_compared_with_handlers(handlers: Registry, tmp_path: Path) -> None:
    model = (
        '<definitions xmlns:c="http://camunda.org/schema/1.0/bpmn"><t c:topic="{}"/><t c:topic="${{x}}"/></definitions>'
    )
    for name, content in (("good", model.format("kyc")), ("lost", model.format("nobody")), ("bad", "<a>")):
        (tmp_path / f"{name}.bpmn").write_text(content)
    with mock.patch("camunda_client.django.checks.process_files", return_value=sorted(tmp_path.glob("*.bpmn"))):
        assert ids("camunda") == ["camunda.E003", "camunda.W005"]


def test_a_model_with_a_doctype_is_refused() -> None:
    with pytest.raises(ValueError, match="DOCTYPE"):
        external_topics(b'<!DOCTYPE a [<!ENTITY b "c">]><a/>')


def test_the_registry_is_the_projects() -> None:
    assert isinstance(registry.handlers, Registry)


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ({"databse": "default"}, "databse"),
        ({"database": "other"}, "other"),
        ({"history": "all"}, "history"),
        ({"rest_access": "maybe"}, "rest_access"),
    ],
)
def test_wrong_settings_are_named(setting: dict[str, Any], word: str) -> None:
    with override_settings(PROCESSION=setting):
        with pytest.raises(ImproperlyConfigured, match=word):
            EmbeddedSettings.load()
        (message,) = run_checks(tags=["procession"])
        assert message.id == "procession.E001"


def test_doubts_are_checked() -> None:
    assert run_checks(tags=["procession"]) == []
    with override_settings(PROCESSION={"rest_access": "open"}):
        assert [message.id for message in run_checks(tags=["procession"])] == ["procession.W002"]
    connections["default"].settings_dict["OPTIONS"].pop("transaction_mode")
    assert [message.id for message in run_checks(tags=["procession"])] == ["procession.W001"]


def test_a_database_in_memory_cannot_be_shared() -> None:
    use("sqlite:///:memory:")
    with pytest.raises(ImproperlyConfigured, match="file"):
        database_url("default")
