"""Every event, request, snippet and setting that the transfer's guide shows, executed as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from camunda_client import CamundaClient, create_camunda_client
from camunda_client.modeler.postgres import TRANSFERS
from tests.functions.camunda_transfer.world import BPMN, FOLDER, FORM, SERVICE, World
from tests.modeler.local_modeler import ENVIRONMENT, SECRET, Fault

TEST_EVENT = json.loads((FOLDER / "test-event.json").read_text())


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as what they hold."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _short_form)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def template() -> Any:
    return yaml.load((FOLDER / "template.yaml").read_text(), _Loader)  # noqa: S506 - a safe loader


def resources(template: Any, kind: str) -> list[Any]:
    return [resource["Properties"] for resource in template["Resources"].values() if resource["Type"] == kind]


@pytest.mark.seed(1, 27)
def test_environment_variables(world: World) -> None:
    world.environment |= {"CAMUNDA_TARGET_PROJECT_NAME": "YourProjectName"}
    assert set(world.environment) >= {
        *ENVIRONMENT,
        "DATABASE_HOST",
        "DATABASE_PORT",
        "DATABASE_NAME",
        "DATABASE_USER",
        "DATABASE_PASSWORD",
    }
    world.container()
    assert world.invoke(TEST_EVENT)[1]["projectName"] == "YourProjectName"


@pytest.mark.seed(1, 300)
def test_target_project_name_is_demo_project_by_default(world: World) -> None:
    del world.environment["CAMUNDA_TARGET_PROJECT_NAME"]
    world.container()
    assert world.invoke(TEST_EVENT)[1]["projectName"] == "DemoProject"


@pytest.mark.seed(1, 57)
def test_camunda_client_class(world: World) -> None:
    """The methods of `CamundaClient`, in the order in which the guide defines them."""
    config = {
        "client_id": ENVIRONMENT["CAMUNDA_CLIENT_ID"],
        "client_secret": SECRET,
        "oauth_url": ENVIRONMENT["CAMUNDA_OAUTH_URL"],
        "audience": ENVIRONMENT["CAMUNDA_AUDIENCE"],
        "modeler_api_url": ENVIRONMENT["CAMUNDA_MODELER_API_URL"],
    }
    client = CamundaClient(config, clock=world.modeler.time.clock, http=world.modeler.http())
    assert (client.client_id, client.client_secret, client.audience) == ("the-client", SECRET, "api.cloud.camunda.io")
    assert (client.oauth_url, client.modeler_api_url) == (config["oauth_url"], config["modeler_api_url"])
    assert (client.access_token, client.token_expires_at) == (None, None)
    token = client.authenticate()
    client.ensure_authenticated()
    assert client.access_token == token
    assert client.token_expires_at is not None
    assert client.api_request("GET", "/info")["createPermission"] is True
    assert client.search_projects("P") == []
    project = client.create_project("P")
    assert client.search_projects("P") == [project]
    folder = client.create_folder(project["id"], "F")
    assert folder["name"] == "F"
    made = client.upload_file(project["id"], "a.bpmn", BPMN, "bpmn", folder["id"])
    assert made["name"] == "a.bpmn"
    files = [{"name": f"{number}.form", "content": FORM, "fileType": "form"} for number in range(3)]
    world.modeler.faults = [Fault("POST .*/files$", 500, times=3, skip=1)]
    successful, failed = client.upload_files(project["id"], files, parent_id=folder["id"], max_retries=3)
    assert [entry["name"] for entry in successful] == ["0.form", "2.form"]
    assert [set(entry) for entry in successful] == [{"name", "id"}] * 2
    assert [(entry["name"], entry["error"][:3]) for entry in failed] == [("1.form", "500")]
    assert world.modeler.time.slept == [0.2, 2.0, 4.0, 0.2]
    client.close()


@pytest.mark.parametrize(
    ("api", "url"),
    [
        ("https://modeler.camunda.io/api/v1", "https://modeler.cloud.camunda.io/projects/1"),
        ("https://modeler.cloud.camunda.io/api/v1", "https://modeler.cloud.camunda.io/projects/1"),
        ("http://localhost:8070/api/v1", "http://localhost:8070/projects/1"),
    ],
)
@pytest.mark.seed(1, 199)
def test_get_project_url(api: str, url: str) -> None:
    client = create_camunda_client({**ENVIRONMENT, "CAMUNDA_MODELER_API_URL": api})
    assert client.get_project_url("1") == url
    client.close()


@pytest.mark.seed(1, 204)
def test_from_camunda_client_import_create_camunda_client() -> None:
    """The import works in the function's folder, where no file has the package's name."""
    assert [path.name for folder in (FOLDER, FOLDER.parent) for path in folder.glob("camunda_client*")] == []
    done = subprocess.run(
        [sys.executable, "-c", "from camunda_client import CamundaClient, create_camunda_client"],
        cwd=FOLDER, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.seed(1, 70)
def test_requests_as_the_guide_s_client_sends_them(world: World) -> None:
    """Token by JSON, `POST /files/{type}` with `parentId`: the local modeler takes that shape as well."""
    with world.modeler.http() as http:
        answer = http.post(
            "/oauth/token",
            json={
                "grant_type": "client_credentials",
                "audience": "api.cloud.camunda.io",
                "client_id": "the-client",
                "client_secret": SECRET,
            },
        )
        token, lasts = answer.json()["access_token"], answer.json()["expires_in"]
        assert (answer.status_code, lasts) == (200, 300)
        http.headers = httpx.Headers({"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        api = "/api/v1"
        assert http.post(f"{api}/projects/search", json={"filter": {"name": "P"}}).json()["items"] == []
        project = http.post(f"{api}/projects", json={"name": "P"}).json()
        folder = http.post(f"{api}/folders", json={"name": "F", "projectId": project["id"]}).json()
        for kind in ("bpmn", "form"):
            body = {"name": f"x.{kind}", "projectId": project["id"], "content": "x", "parentId": folder["id"]}
            made = http.post(f"{api}/files/{kind}", json=body)
            assert (made.status_code in (200, 201), made.json()["folderId"]) == (True, folder["id"])


@pytest.mark.seed(1, 263, 312)
def test_event_structure_of_the_handler(world: World) -> None:
    """The docstring's event, placeholders and all: with the check off as there, with it on a 400 that says why."""
    event = {
        "serviceId": SERVICE,
        "serviceName": "Service Name",
        "updatedBpmnXml": "<bpmn xml content>",
        "forms": [{"name": "form-name.form", "content": "{json content}"}],
        "subprocessBpmns": [{"name": "subprocess-name.bpmn", "content": "<bpmn xml content>"}],
        "manifest": {"serviceId": "...", "serviceName": "..."},
    }
    assert world.invoke(event)[0] == 400
    world.container(CAMUNDA_TRANSFER_CHECK="off")
    status, body = world.invoke(event)
    assert (status, body["uploadedFiles"]) == (200, 4)
    assert world.modeler.names() == ["Service Name.bpmn", "form-name.form", "manifest.form", "subprocess-name.bpmn"]


@pytest.mark.seed(1, 472)
def test_test_event_of_the_lambda_console(world: World) -> None:
    status, body = world.invoke(TEST_EVENT)
    assert (status, body["success"], body["uploadedFiles"], body["failures"]) == (200, True, 3, [])
    assert re.fullmatch(r"Test Service \d{8}-\d{4}", body["folderName"])
    rows = {row["name"]: world.modeler.store.file(row["id"]) for row in world.modeler.store.files()}
    assert rows["Test Service.bpmn"]["content"] == TEST_EVENT["updatedBpmnXml"]
    assert rows["test-form.form"]["content"] == TEST_EVENT["forms"][0]["content"]
    assert rows["manifest.form"]["content"] == json.dumps(TEST_EVENT["manifest"], indent=2)
    assert {name: row["type"] for name, row in rows.items()} == {
        "Test Service.bpmn": "bpmn",
        "test-form.form": "form",
        "manifest.form": "form",
    }
    assert world.stamp() == world.modeler.time.now()


@pytest.mark.seed(1, 493)
def test_curl_through_api_gateway(world: World) -> None:
    """`curl -X POST …/prod/transfer -H "Content-Type: application/json" -d @test-payload.json`."""
    event = {
        "resource": "/transfer",
        "path": "/transfer",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": None,
        "requestContext": {"stage": "prod", "path": "/prod/transfer", "httpMethod": "POST"},
        "body": (FOLDER / "test-event.json").read_text(),
        "isBase64Encoded": False,
    }
    assert world.invoke(event)[0] == 200


@pytest.mark.seed(1, 501)
def test_manual_services_ddl(world: World) -> None:
    """The schema, run twice; it holds the journal's table as the code makes it."""
    text = (FOLDER / "schema.sql").read_text()
    world.database.execute(text.encode())
    assert (
        "CREATE TABLE IF NOT EXISTS manual_services (\n    id UUID PRIMARY KEY,\n    name VARCHAR(255) NOT NULL" in text
    )
    assert TRANSFERS in text


@pytest.mark.seed(1, 372, 404)
def test_responses_have_the_documented_keys(world: World) -> None:
    _, good = world.invoke(TEST_EVENT)
    assert list(good) == [
        "success", "projectId", "projectName", "projectUrl", "folderId", "folderName",
        "uploadedFiles", "failedFiles", "failures",
    ]  # fmt: skip
    world.modeler.faults = [Fault("POST .*/files$", 500, times=3)]
    status, partial = world.invoke({**TEST_EVENT, "serviceName": "Other"})
    assert (status, list(partial), list(partial["failures"][0])) == (207, list(good), ["name", "error"])
    world.modeler.faults = [Fault("POST .*/projects/search", 500, times=3)]
    status, bad = world.invoke({**TEST_EVENT, "serviceName": "Third"})
    assert (status, list(bad), bad["success"]) == (500, ["success", "error"], False)


@pytest.mark.seed(1, 14, 426)
def test_deployment_package(template: Any) -> None:
    """Step 1: the script that makes build/ and the zip is sound, and the template deploys what it makes."""
    script = FOLDER / "package.sh"
    subprocess.run(["bash", "-n", script], check=True)
    assert script.stat().st_mode & 0o111
    assert resources(template, "AWS::Serverless::Function")[0]["CodeUri"] == "build/"


@pytest.mark.seed(1, 444)
def test_lambda_function_settings(template: Any) -> None:
    """Step 2: handler, 60 seconds, 512 MB, Python 3.11 or 3.12."""
    function = resources(template, "AWS::Serverless::Function")[0]
    assert function["Handler"] == "lambda_function.lambda_handler"
    assert (function["Timeout"], function["MemorySize"]) == (60, 512)
    assert function["Runtime"] in ("python3.11", "python3.12")
    named = set(function["Environment"]["Variables"])
    secret = {"CAMUNDA_CLIENT_ID", "CAMUNDA_CLIENT_SECRET"}
    assert set(ENVIRONMENT) - secret <= named
    assert not secret & named
    assert not {name for name in named if "PASSWORD" in name}


@pytest.mark.seed(1, 455)
def test_vpc_for_rds(template: Any) -> None:
    """Step 3: the database's VPC, subnets, a security group that reaches PostgreSQL."""
    assert set(resources(template, "AWS::Serverless::Function")[0]["VpcConfig"]) == {"SecurityGroupIds", "SubnetIds"}
    assert resources(template, "AWS::EC2::SecurityGroupIngress")[0]["FromPort"] == 5432


@pytest.mark.seed(1, 463)
def test_api_gateway_trigger(template: Any) -> None:
    """Step 4: a REST API with POST /transfer, API key or IAM, and the endpoint noted."""
    paths = resources(template, "AWS::Serverless::Api")[0]["DefinitionBody"]["paths"]
    assert set(paths) == {"/transfer"}
    assert paths["/transfer"]["post"]["security"] == ["UsesApiKey", [{"api_key": []}], [{"sigv4": []}]]
    assert template["Parameters"]["Authorization"]["AllowedValues"] == ["API_KEY", "IAM"]
    assert template["Outputs"]["TransferUrl"]["Value"].endswith("/prod/transfer")


@pytest.mark.seed(1, 533)
def test_security_best_practices(template: Any) -> None:
    """Secrets Manager, roles, encrypted variables, VPC endpoints, encrypted logs, restricted API."""
    function = resources(template, "AWS::Serverless::Function")[0]
    statements = function["Policies"][1]["Statement"]
    assert [statement["Action"] for statement in statements] == ["secretsmanager:GetSecretValue", "kms:Decrypt"]
    assert all("*" not in statement["Resource"] for statement in statements)
    assert function["KmsKeyArn"] == "Key.Arn"
    assert [group["KmsKeyId"] for group in resources(template, "AWS::Logs::LogGroup")] == ["Key.Arn"] * 2
    services = {end["ServiceName"].rpartition(".")[2] for end in resources(template, "AWS::EC2::VPCEndpoint")}
    assert services == {"secretsmanager", "kms", "rds"}


@pytest.mark.seed(1, 540)
def test_five_alarms(template: Any) -> None:
    """Duration, errors, 4xx/5xx, database connections, Camunda's rate limit."""
    alarms = resources(template, "AWS::CloudWatch::Alarm")
    assert [alarm.get("MetricName", "4xx and 5xx") for alarm in alarms] == [
        "Duration", "Errors", "4xx and 5xx", "DatabaseConnections", "CamundaRateLimit",
    ]  # fmt: skip
    assert alarms[0]["Threshold"] == 30_000


def test_the_rate_limit_alarm_counts_what_the_log_says(world: World, template: Any, caplog: Any) -> None:
    assert resources(template, "AWS::Logs::MetricFilter")[0]["FilterPattern"] == (
        '{ ($.event = "retry") && ($.status = 429) }'
    )
    world.modeler.faults = [Fault("POST .*/files$", 429)]
    world.invoke(TEST_EVENT)
    fields = [vars(record) for record in caplog.records if vars(record).get("event") == "retry"]
    assert [entry["status"] for entry in fields] == [429]


def test_the_template_has_no_finding() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--regions", "eu-west-1", "--", FOLDER / "template.yaml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.seed(1, 533)
def test_secrets_manager_instead_of_variables(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Next step 6: what the two secrets hold becomes the environment; RDS' own names are understood."""
    secrets = {
        "arn:camunda": {"CAMUNDA_CLIENT_ID": "id", "CAMUNDA_CLIENT_SECRET": "s"},
        "arn:rds": {"host": "h", "port": 5433, "dbname": "d", "username": "u", "password": "p", "engine": "postgres"},
    }
    monkeypatch.setenv("CAMUNDA_SECRET_ARN", "arn:camunda")
    monkeypatch.setenv("DATABASE_SECRET_ARN", "arn:rds")
    found = world.module.environment(lambda arn: json.dumps(secrets[arn]))
    assert [found[f"DATABASE_{name}"] for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD")] == [
        "h", "5433", "d", "u", "p",
    ]  # fmt: skip
    assert (found["CAMUNDA_CLIENT_ID"], found["CAMUNDA_CLIENT_SECRET"]) == ("id", "s")


def test_a_secret_that_cannot_be_read_is_500_and_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMUNDA_SECRET_ARN", "arn:camunda")
    kept = vars(world.module)["_function"]
    vars(world.module)["_function"] = None

    def refused(arn: str) -> str:
        raise RuntimeError(f"no access to {arn}")

    monkeypatch.setattr(world.module, "_secrets_manager", refused)
    status, body = world.invoke(TEST_EVENT)
    assert (status, body["error"]) == (500, "The secret of CAMUNDA_SECRET_ARN cannot be read (RuntimeError)")
    vars(world.module)["_function"] = kept
    world.modeler.faults = [Fault("POST /oauth/token", 401)]
    assert world.invoke(TEST_EVENT)[0] == 500
    assert vars(world.module)["_function"] is None
