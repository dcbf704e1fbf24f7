from __future__ import annotations

from pathlib import Path

import pytest

from camunda_client.c7 import Camunda7Settings, SettingsError


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("http://engine:8080", "http://engine:8080/engine-rest"),
        ("http://engine:8080/", "http://engine:8080/engine-rest"),
        ("http://engine:8080/engine-rest", "http://engine:8080/engine-rest"),
        ("http://engine:8080/engine-rest/", "http://engine:8080/engine-rest"),
        ("engine:8080", "http://engine:8080/engine-rest"),
        ("https://u:p@engine/engine-rest/engine/two", "https://engine/engine-rest/engine/two"),
        ("http://[::1]:8080", "http://[::1]:8080/engine-rest"),
        (" http://engine ", "http://engine/engine-rest"),
    ],
)
def test_addresses(given: str, root: str) -> None:
    assert Camunda7Settings.load(given, environment={}).url == root
    assert Camunda7Settings.load(environment={"CAMUNDA_URL": given}).url == root


@pytest.mark.parametrize("given", ["ftp://engine", "http://", "http://engine:eighty", "//x"])
def test_addresses_that_are_none(given: str) -> None:
    with pytest.raises(SettingsError, match="CAMUNDA_URL"):
        Camunda7Settings.load(given, environment={})


def test_default() -> None:
    assert Camunda7Settings.load(environment={}).url == "http://localhost:8080/engine-rest"
    assert Camunda7Settings.load(environment={}).auth is None


def secret_of(settings: Camunda7Settings) -> str | None:
    return settings.password.get_secret_value() if settings.password else None


def test_credentials(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from-file\n")
    from_env = Camunda7Settings.load(environment={"CAMUNDA_USER": "u", "CAMUNDA_PASSWORD": "p"})
    assert (from_env.user, secret_of(from_env)) == ("u", "p")
    from_file = Camunda7Settings.load(environment={"CAMUNDA_USER": "u", "CAMUNDA_PASSWORD_FILE": str(file)})
    assert secret_of(from_file) == "from-file"
    from_url = Camunda7Settings.load("http://u:p%40ss@engine", environment={"CAMUNDA_USER": "other"})
    assert (from_url.user, secret_of(from_url)) == ("u", "p@ss")
    assert "p@ss" not in repr(from_url) + str(from_url) + from_url.model_dump_json()
    assert from_url.auth is not None


def test_the_environments_password_stays_with_its_host() -> None:
    env = {"CAMUNDA_URL": "http://engine:8080", "CAMUNDA_USER": "u", "CAMUNDA_PASSWORD": "p"}
    assert Camunda7Settings.load("http://elsewhere:8080", environment=env).auth is None
    assert Camunda7Settings.load("http://engine:8080/engine-rest", environment=env).auth is not None


def test_settings_that_cannot_work() -> None:
    with pytest.raises(SettingsError, match="without a user"):
        Camunda7Settings.load(password="p", environment={})
    with pytest.raises(SettingsError, match="CAMUNDA_PASSWORD_FILE"):
        Camunda7Settings.load(environment={"CAMUNDA_USER": "u", "CAMUNDA_PASSWORD_FILE": "/no/such/file"})
