"""Where settings come from, and which wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from procession.feel.limits import LIMITS, limited
from procession.server.running import open_engine
from procession.server.settings import Settings, variable_names


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, field in Settings.model_fields.items():
        for variable in variable_names(field, name):
            monkeypatch.delenv(variable, raising=False)


@pytest.mark.seed(4, 504)
def test_defaults() -> None:
    settings = Settings()
    assert settings.database_url() == "sqlite:///procession.db"
    assert (settings.host, settings.port, settings.auth, settings.test_mode) == ("127.0.0.1", 8080, False, False)
    assert (settings.pool_size, settings.pool_min, settings.pool_timeout, settings.pool_lifetime) == (10, 1, 30, 600)


def test_the_variables_of_camunda_7s_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPRING_DATASOURCE_URL", "jdbc:postgresql://db.example:5432/camunda")
    monkeypatch.setenv("SPRING_DATASOURCE_USERNAME", "camunda")
    monkeypatch.setenv("SPRING_DATASOURCE_PASSWORD", "p@ss:w/rd")
    monkeypatch.setenv("SPRING_DATASOURCE_DRIVER_CLASS_NAME", "org.postgresql.Driver")
    monkeypatch.setenv("CAMUNDA_BPM_RUN_AUTH_ENABLED", "true")
    monkeypatch.setenv("CAMUNDA_BPM_ADMIN_USER_ID", "admin")
    monkeypatch.setenv("CAMUNDA_BPM_ADMIN_USER_PASSWORD", "secret")
    monkeypatch.setenv("LOGGING_LEVEL_ORG_CAMUNDA", "WARN")
    settings = Settings()
    assert settings.database_url() == "postgresql://camunda:p%40ss%3Aw%2Frd@db.example:5432/camunda"
    assert (settings.auth, settings.admin_user, settings.log_level) == (True, "admin", "WARNING")
    assert settings.admin_password is not None
    assert settings.admin_password.get_secret_value() == "secret"


def test_names_of_nobody_in_particular_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DATABASE": "sqlite:///x", "AUTH": "true", "LOG_LEVEL": "DEBUG", "PORT": "1"}.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(f"{name}_FILE", "/nowhere")
    settings = Settings()
    assert (settings.database, settings.auth) == ("sqlite:///procession.db", False)
    assert (settings.log_level, settings.port) == ("INFO", 8080)


def test_our_own_names_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPRING_DATASOURCE_URL", "jdbc:postgresql://db/theirs")
    monkeypatch.setenv("PROCESSION_DATABASE", "postgresql://db/ours")
    monkeypatch.setenv("PROCESSION_PORT", "9000")
    settings = Settings()
    assert (settings.database, settings.port) == ("postgresql://db/ours", 9000)


def test_code_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESSION_PORT", "9000")
    assert Settings(port=9001).port == 9001


@pytest.mark.parametrize("name", ["PROCESSION_DATABASE_PASSWORD_FILE", "SPRING_DATASOURCE_PASSWORD_FILE"])
def test_a_secret_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n")
    monkeypatch.setenv(name, str(file))
    monkeypatch.setenv("SPRING_DATASOURCE_PASSWORD", "from the environment")
    settings = Settings(database="postgresql://db/x", database_user="u")
    assert settings.database_url() == "postgresql://u:from%20the%20file@db/x"


def test_secrets_are_not_shown() -> None:
    settings = Settings(admin_user="a", admin_password="verysecret", database_password="alsosecret")
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "wrong",
    [
        {"database": "jdbc:h2:mem:x"},
        {"database": "mysql://db/x"},
        {"port": 70000},
        {"history_level": "some"},
        {"log_level": "LOUD"},
        {"admin_user": "a"},
        {"pool_size": 0},
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_limits_of_feel_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCESSION_FEEL_STEPS", "5000")
    with limited():
        open_engine(Settings(database="sqlite://")).close()
        assert (LIMITS.steps, LIMITS.items) == (5000, 100_000)
    assert LIMITS.steps == 1_000_000
