"""examples/insurance in containers: what can be said of compose files, Dockerfiles, specs and scripts without Docker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent.parent
INSURANCE = ROOT / "examples" / "insurance"
SCRIPTS = sorted(INSURANCE.glob("scripts/*.sh"))
SHELL = [
    *SCRIPTS,
    ROOT / "infra/aws/deploy.sh",
    ROOT / "functions/camunda_transfer/package.sh",
    ROOT / "scripts/bootstrap",
]
COMPOSE = sorted(INSURANCE.glob("docker-compose*.yml"))
TOOLS = Path(sys.executable).parent


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((INSURANCE / name).read_text(encoding="utf-8"))
    return found


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(one) for one in command], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_shellcheck_finds_nothing() -> None:
    done = run(TOOLS / "shellcheck", *SHELL)
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_finds_nothing() -> None:
    files = sorted(INSURANCE.glob("*/Dockerfile"))
    assert [file.parent.name for file in files] == ["engine", "python-workers"]
    done = run(TOOLS / "hadolint", "--failure-threshold", "info", *files)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
@pytest.mark.seed(4, 376, 849)
def test_compose_files_follow_the_specification(path: Path) -> None:
    done = run(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_compose_files_name_what_is_there(path: Path) -> None:
    """Services that others wait for or extend, secrets, volumes, build contexts."""
    found = read(path.name)
    services = found["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        if "secrets" in service:
            assert set(service["secrets"]) <= set(found["secrets"])
        if "build" in service:
            build = service["build"]
            assert (INSURANCE / build["context"] / build.get("dockerfile", "Dockerfile")).is_file()
            assert set(build["secrets"]) <= set(found["secrets"])
        if "extends" in service:
            base = read(service["extends"]["file"])["services"][service["extends"]["service"]]
            assert set(base.get("depends_on", {})) <= set(services)


def test_every_variable_of_a_compose_file_has_a_default_or_a_place_where_it_is_set() -> None:
    places = [INSURANCE / "scripts" / "install.sh", ROOT / "infra" / "aws" / "platform.yaml"]
    told = "".join(path.read_text(encoding="utf-8") for path in places)
    for path in COMPOSE:
        for name, rest in re.findall(r"\$\{(\w+)([^}]*)\}", path.read_text(encoding="utf-8")):
            assert rest.startswith(":-") or f"{name}=" in told, f"{path.name}: {name}"


@pytest.mark.seed(4, 376)
def test_the_containers_are_the_guide_s() -> None:
    """Names, port, health check, restart; the same variables, passwords as files."""
    camunda, workers = (read("docker-compose.yml")["services"][name] for name in ("camunda", "python-workers"))
    assert (camunda["container_name"], workers["container_name"]) == ("camunda", "python-workers")
    assert camunda["ports"][0].endswith(":8080:8080")
    assert camunda["healthcheck"] == {
        "test": ["CMD", "curl", "-f", "http://localhost:8080/camunda/app/welcome/"],
        "interval": "30s",
        "timeout": "10s",
        "retries": 3,
        "start_period": "60s",
    }
    names = set(camunda["environment"])
    assert {name.removesuffix("_FILE") for name in names} >= {
        "SPRING_DATASOURCE_URL",
        "SPRING_DATASOURCE_USERNAME",
        "SPRING_DATASOURCE_PASSWORD",
        "SPRING_DATASOURCE_DRIVER_CLASS_NAME",
        "CAMUNDA_BPM_RUN_AUTH_ENABLED",
        "CAMUNDA_BPM_ADMIN_USER_ID",
        "CAMUNDA_BPM_ADMIN_USER_PASSWORD",
    }
    assert not {"SPRING_DATASOURCE_PASSWORD", "CAMUNDA_BPM_ADMIN_USER_PASSWORD"} & names
    assert workers["environment"]["CAMUNDA_URL"] == "http://camunda:8080/engine-rest"
    assert workers["depends_on"] == {"camunda": {"condition": "service_healthy"}}
    assert (camunda["restart"], workers["restart"]) == ("unless-stopped", "unless-stopped")


def test_the_second_compose_file_is_the_real_camunda_7_with_the_same_workers() -> None:
    real = read("docker-compose.camunda7.yml")["services"]
    assert "camunda/camunda-bpm-platform:run-7.23.0" in real["camunda"]["image"]
    assert real["python-workers"] == {"extends": {"file": "docker-compose.yml", "service": "python-workers"}}
    assert real["camunda"]["healthcheck"] == read("docker-compose.yml")["services"]["camunda"]["healthcheck"]


@pytest.mark.seed(4, 317)
def test_appspec_has_the_guide_s_hooks_and_scripts_that_can_be_run() -> None:
    spec = read("appspec.yml")
    hooks = {
        name: [(one["location"], one["timeout"], one["runas"]) for one in hook] for name, hook in spec["hooks"].items()
    }
    assert hooks == {
        "BeforeInstall": [("scripts/stop.sh", 300, "root")],
        "AfterInstall": [("scripts/install.sh", 600, "root")],
        "ApplicationStart": [("scripts/start.sh", 300, "root")],
    }
    assert spec["files"] == [{"source": "/", "destination": "/home/ec2-user/camunda-project"}]
    assert [path.name for path in SCRIPTS if not os.access(path, os.X_OK)] == []


@pytest.mark.parametrize("name", ["buildspec.yml", "buildspec-preview.yml"])
@pytest.mark.seed(4, 239)
def test_buildspecs_are_shell_that_fails_where_something_fails(name: str, tmp_path: Path) -> None:
    spec = read(name)
    assert str(spec["version"]) == "0.2"
    commands = [command for phase in spec["phases"].values() for command in phase["commands"]]
    script = tmp_path / "commands.sh"
    # The build runs them one after another in one shell and ends at the first that fails; the runner's cd is its own.
    known = "".join(
        f"export {name}=${{{name}:-x}}\n" for name in ("ENGINE_REPOSITORY", "WORKERS_REPOSITORY", "GROUP", "FAILED")
    )
    script.write_text("#!/usr/bin/env bash\nset -e\n" + known + "\n".join(commands) + "\n", encoding="utf-8")
    done = run(TOOLS / "shellcheck", script)
    assert (done.returncode, done.stdout) == (0, "")
    assert not any("|| true" in command for command in commands)


@pytest.mark.seed(4, 350, 1188)
def test_the_build_lints_models_and_deploys_none() -> None:
    commands = [command for phase in read("buildspec.yml")["phases"].values() for command in phase["commands"]]
    assert "procession lint --strict camunda" in commands
    assert not any("procession deploy" in command or "deployment/create" in command for command in commands)
    assert read("buildspec.yml")["phases"]["install"]["runtime-versions"] == {"python": "3.11"}
    preview = (INSURANCE / "scripts" / "preview-models.sh").read_text(encoding="utf-8")
    assert "procession deploy --dry-run" in preview
    for script in ("install.sh", "start.sh", "stop.sh"):
        assert "deploy-process" not in (INSURANCE / "scripts" / script).read_text(encoding="utf-8")


@pytest.mark.seed(4, 1197)
def test_the_models_pass_the_lint_of_the_build() -> None:
    done = run(TOOLS / "procession", "lint", "--strict", INSURANCE / "camunda")
    assert (done.returncode, done.stdout) == (0, "")


# ---------------------------------------------------------------- the scripts, with stand-ins for docker and aws

DOCKER = """#!/usr/bin/env bash
printf '%s | %s | %s\\n' "$*" "${DB_PASSWORD:-}" "${ADMIN_PASSWORD:-}" >>"$CALLS"
case "$1" in login) cat >/dev/null ;; exec) printf 'from the container' ;; esac
"""
AWS = """#!/usr/bin/env bash
case "$1" in
secretsmanager) printf '{"username": "u", "password": "p of %s"}' "$4" ;;
ecr) printf token ;;
esac
"""


@pytest.fixture
def platform(tmp_path: Path) -> Path:
    """A copy of the example on a machine whose docker and aws take down what they are asked."""
    copy = tmp_path / "camunda-project"
    shutil.copytree(INSURANCE, copy, ignore=shutil.ignore_patterns(".env", ".mypy_cache", "__pycache__"))
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, text in (("docker", DOCKER), ("aws", AWS)):
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    return copy


def script(platform: Path, name: str, *arguments: str, **environment: str) -> tuple[int, list[str]]:
    calls = platform.parent / "calls"
    calls.unlink(missing_ok=True)
    done = subprocess.run(
        [str(platform / "scripts" / name), *arguments],
        env={
            "PATH": f"{platform.parent / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "MACHINE_ENV": str(platform.parent / "none"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.seed(4, 343)
def test_install_makes_an_env_file_once_readable_for_its_owner_alone(platform: Path) -> None:
    assert script(platform, "install.sh")[0] == 0
    made = platform / ".env"
    assert oct(made.stat().st_mode)[-3:] == "600"
    made.write_text("DB_HOST=mine\n")
    assert script(platform, "install.sh")[0] == 0
    assert made.read_text() == "DB_HOST=mine\n"


def test_install_on_a_machine_of_ours_takes_what_was_written_there(platform: Path) -> None:
    machine = platform.parent / "machine.env"
    machine.write_text("DB_HOST=aurora\nAWS_REGION=eu-west-2\n")
    (platform / "images.env").write_text("ENGINE_IMAGE=registry/engine:1\n")
    assert script(platform, "install.sh", MACHINE_ENV=str(machine))[0] == 0
    assert (platform / ".env").read_text() == "DB_HOST=aurora\nAWS_REGION=eu-west-2\nENGINE_IMAGE=registry/engine:1\n"


@pytest.mark.seed(4, 343)
def test_start_builds_and_waits_until_the_engine_is_healthy(platform: Path) -> None:
    (platform / ".env").write_text("DB_PASSWORD=x\n")
    code, calls = script(platform, "start.sh")
    assert (code, calls) == (0, ["compose up --detach --wait --wait-timeout 240 --build |  | "])


@pytest.mark.seed(4, 1205)
def test_start_takes_passwords_from_secrets_manager_and_images_from_the_registry(platform: Path) -> None:
    registry = "111122223333.dkr.ecr.eu-west-2.amazonaws.com"
    before = f"AWS_REGION=eu-west-2\nDB_SECRET_ARN=db\nADMIN_SECRET_ARN=admin\nENGINE_IMAGE={registry}/engine:1\n"
    (platform / ".env").write_text(before)
    code, calls = script(platform, "start.sh", "--recreate")
    known = "| p of db | p of admin"
    assert code == 0
    assert calls == [
        f"login --username AWS --password-stdin {registry} {known}",
        f"compose pull {known}",
        f"compose up --detach --wait --wait-timeout 240 --force-recreate --no-build {known}",
    ]
    assert (platform / ".env").read_text() == before


def test_start_ends_with_an_error_where_a_secret_cannot_be_read(platform: Path) -> None:
    (platform.parent / "bin" / "aws").write_text("#!/usr/bin/env bash\nexit 255\n")
    (platform / ".env").write_text("DB_SECRET_ARN=db\n")
    code, calls = script(platform, "start.sh")
    assert (code != 0, calls) == (True, [])


@pytest.mark.seed(4, 343)
def test_stop_lets_workers_finish_first_and_minds_nothing_that_is_not_there(platform: Path) -> None:
    assert script(platform, "stop.sh") == (0, [])
    (platform / ".env").write_text("")
    code, calls = script(platform, "stop.sh")
    assert code == 0
    assert [call.split(" |")[0] for call in calls] == [
        "compose stop --timeout 30 python-workers",
        "compose down --timeout 60",
    ]


def test_preview_asks_as_the_administrator_and_only_looks(platform: Path) -> None:
    code, calls = script(platform, "preview-models.sh")
    assert code == 0
    assert calls[-1].startswith("compose run --rm --no-deps --no-TTY --volume ")
    assert "camunda procession deploy --dry-run --user admin /models | none | from the container" in calls[-1]
