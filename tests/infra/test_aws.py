"""infra/aws: templates, parameters and the dashboard fit together. Nothing here talks to AWS."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from procession.server.metrics import Metrics
from tests.cloudformation import mappings, read_template

FOLDER = Path(__file__).parent.parent.parent / "infra" / "aws"
ORDER = ["network", "database", "platform", "pipeline", "alarms", "identity"]
ENVIRONMENTS = ["dev", "staging", "prod"]


def template(stack: str) -> dict[str, Any]:
    return read_template(FOLDER / f"{stack}.yaml")


def resources(stack: str, kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in template(stack)["Resources"].values() if one["Type"] == kind]


def parameters(environment: str) -> dict[str, dict[str, str]]:
    """What deploy.sh hands over, with the example of an account."""
    merged: dict[str, dict[str, str]] = {}
    for name in (environment, "account.example"):
        for stack, values in json.loads((FOLDER / "parameters" / f"{name}.json").read_text(encoding="utf-8")).items():
            merged.setdefault(stack, {}).update(values)
    return merged


def test_cfn_lint_finds_nothing() -> None:
    files = sorted(str(path) for path in FOLDER.glob("*.yaml"))
    assert [Path(file).stem for file in files] == sorted(ORDER)
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--regions", "eu-west-2", "--", *files],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def test_the_workflow_for_github_follows_its_schema_and_names_what_the_templates_make() -> None:
    workflow = FOLDER / "github" / "deliver.yml"
    done = subprocess.run(
        [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", workflow],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    text = workflow.read_text(encoding="utf-8")
    (role,) = resources("identity", "AWS::IAM::Role")
    assert role["RoleName"] == {"Fn::Sub": "camunda-${Environment}-github"}
    assert "role/camunda-${{ inputs.environment }}-github" in text
    (pipeline,) = resources("pipeline", "AWS::CodePipeline::Pipeline")
    assert pipeline["Name"] == {"Fn::Sub": "camunda-project-${Environment}"}
    assert '--name "camunda-project-$ENVIRONMENT"' in text


def test_what_a_machine_runs_when_it_is_made_is_sound_shell(tmp_path: Path) -> None:
    (launched,) = resources("platform", "AWS::EC2::LaunchTemplate")
    text, values = launched["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Sub"]
    known = {*values, *template("platform")["Parameters"], *template("platform")["Resources"], "AWS::Region"}
    assert set(re.findall(r"\$\{([\w:]+)\}", text)) <= known
    script = tmp_path / "user-data.sh"
    script.write_text(re.sub(r"\$\{[\w:]+\}", "value", text), encoding="utf-8")
    done = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_stacks_import_what_stacks_before_them_export() -> None:
    exported: set[str] = set()
    for stack in ORDER:
        text = template(stack)
        wanted = {
            one["Fn::ImportValue"]["Fn::Sub"] for one in mappings(text) if isinstance(one.get("Fn::ImportValue"), dict)
        }
        assert wanted - exported == set(), stack
        exported |= {one["Export"]["Name"]["Fn::Sub"] for one in text.get("Outputs", {}).values() if "Export" in one}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.seed(4, 1174)
def test_every_parameter_exists_and_is_allowed_and_none_is_missing(environment: str) -> None:
    given = parameters(environment)
    assert set(given) <= set(ORDER)
    for stack in ORDER:
        declared = dict(template(stack)["Parameters"])
        assert declared.pop("Environment")["AllowedValues"] == ENVIRONMENTS
        values = given.get(stack, {})
        assert set(values) - set(declared) == set(), stack
        assert {name for name, one in declared.items() if "Default" not in one} - set(values) == set(), stack
        for name, value in values.items():
            allowed = [str(one) for one in declared[name].get("AllowedValues", [value])]
            assert value in allowed, f"{stack}.{name}"
            assert re.search(declared[name].get("AllowedPattern", ""), value), f"{stack}.{name}"


def test_environments_may_share_an_account() -> None:
    """Whatever has a name of its own has the environment in it."""
    of_others = {"DeploymentConfigName", "MetricName"}
    for stack in ORDER:
        for resource in template(stack)["Resources"].values():
            for name, value in resource.get("Properties", {}).items():
                if name.endswith(("Name", "Identifier")) and name not in of_others:
                    assert isinstance(value, dict), f"{stack}: {name} {value}"
                    assert "Ref" in value or "Fn::GetAtt" in value or "Environment}" in str(value), f"{stack}: {name}"


def test_nothing_of_an_account_is_in_version_control() -> None:
    for path in [*FOLDER.glob("*.yaml"), *(FOLDER / "parameters").glob("*.json")]:
        numbers = set(re.findall(r"(?<!\d)\d{12}(?!\d)", path.read_text(encoding="utf-8")))
        assert numbers <= {"111122223333", "000000000000"}, path.name


@pytest.mark.seed(4, 796)
def test_the_security_groups_are_those_of_the_guide() -> None:
    groups = template("network")["Resources"]
    database = groups["DatabaseSecurityGroup"]["Properties"]
    assert [(rule["FromPort"], rule["SourceSecurityGroupId"]) for rule in database["SecurityGroupIngress"]] == [
        (5432, {"Ref": "EngineSecurityGroup"})
    ]
    engine = groups["EngineSecurityGroup"]["Properties"]
    rules = [rule["Fn::If"][1] if "Fn::If" in rule else rule for rule in engine["SecurityGroupIngress"]]
    corporate = {rule["FromPort"] for rule in rules if rule.get("CidrIp") == {"Ref": "CorporateCidr"}}
    assert corporate == {22, 8080}
    assert all("CidrIp" not in rule or rule["CidrIp"] == {"Ref": "CorporateCidr"} for rule in rules)
    assert engine["SecurityGroupEgress"][0]["CidrIp"] == "0.0.0.0/0"


@pytest.mark.seed(4, 480, 1205)
def test_the_database_is_private_encrypted_and_keeps_its_own_password() -> None:
    (cluster,) = resources("database", "AWS::RDS::DBCluster")
    assert cluster["StorageEncrypted"] is True
    assert cluster["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in cluster
    assert [one["PubliclyAccessible"] for one in resources("database", "AWS::RDS::DBInstance")] == [False, False]


@pytest.mark.seed(4, 835)
def test_no_role_may_do_everything() -> None:
    for stack in ORDER:
        for role in resources(stack, "AWS::IAM::Role"):
            for statement in mappings(role.get("Policies", [])):
                actions = statement.get("Action", [])
                actions = actions if isinstance(actions, list) else [actions]
                assert not any(action == "*" or action.endswith(":*") for action in actions), stack
            assert not any("AdministratorAccess" in str(one) for one in role.get("ManagedPolicyArns", []))


@pytest.mark.seed(4, 1026)
def test_alarms_watch_what_the_guide_says() -> None:
    alarms = [*resources("alarms", "AWS::CloudWatch::Alarm")]
    assert {alarm["MetricName"] for alarm in alarms if alarm["Namespace"] == "AWS/RDS"} == {
        "CPUUtilization",
        "DatabaseConnections",
        "FreeableMemory",
    }
    (processor,) = [alarm for alarm in alarms if alarm["MetricName"] == "CPUUtilization"]
    assert processor["Threshold"] == 80
    assert all(alarm["AlarmActions"] == [{"Ref": "Topic"}] for alarm in alarms)


@pytest.mark.seed(4, 291)
def test_artifacts_are_kept_by_version_and_are_nobody_else_s() -> None:
    (bucket,) = resources("pipeline", "AWS::S3::Bucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (pipeline,) = resources("pipeline", "AWS::CodePipeline::Pipeline")
    assert pipeline["ArtifactStore"] == {"Type": "S3", "Location": {"Ref": "Artifacts"}}


@pytest.mark.seed(4, 1222)
def test_logs_outlive_their_containers() -> None:
    (group,) = resources("platform", "AWS::Logs::LogGroup")
    assert group["RetentionInDays"] == {"Ref": "LogDays"}
    compose = yaml.safe_load((FOLDER.parent.parent / "examples/insurance/docker-compose.aws.yml").read_text("utf-8"))
    assert {service["logging"]["driver"] for service in compose["services"].values()} == {"awslogs"}


@pytest.mark.seed(4, 1248, 1253)
def test_production_has_more_machines_behind_a_load_balancer_and_a_replica() -> None:
    production = parameters("prod")
    assert int(production["platform"]["Machines"]) > 1
    assert production["platform"]["LoadBalancer"] == production["alarms"]["LoadBalancer"] == "true"
    assert production["database"]["Replica"] == "true"
    (target,) = resources("platform", "AWS::ElasticLoadBalancingV2::TargetGroup")
    assert target["HealthCheckPath"] == "/health/ready"
    (group,) = resources("platform", "AWS::AutoScaling::AutoScalingGroup")
    assert group["LaunchTemplate"]["LaunchTemplateId"] == {"Ref": "LaunchTemplate"}


@pytest.mark.seed(4, 213, 350)
def test_the_pipeline_asks_a_person_and_deploys_no_models() -> None:
    (pipeline,) = resources("pipeline", "AWS::CodePipeline::Pipeline")
    stages = [(stage["Name"], stage["Actions"][0]["ActionTypeId"]["Provider"]) for stage in pipeline["Stages"]]
    assert stages == [
        ("Source", "CodeStarSourceConnection"),
        ("Build", "CodeBuild"),
        ("Approve", "Manual"),
        ("Deploy", "CodeDeploy"),
        ("Preview", "CodeBuild"),
    ]
    for project in resources("pipeline", "AWS::CodeBuild::Project"):
        assert (FOLDER.parent.parent / project["Source"]["BuildSpec"]).is_file()


@pytest.mark.seed(4, 1232)
def test_the_dashboard_asks_for_metrics_that_the_server_has() -> None:
    dashboard = json.loads((FOLDER / "grafana" / "dashboard.json").read_text(encoding="utf-8"))
    metrics = Metrics(lambda: {"Process instances": 1, "Incidents": 0, "Tasks": 2, "External tasks": 1, "Jobs": 0})
    metrics.observe("GET", "/x", 200, 0.1)
    exposed = metrics.text().decode()
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(expressions) == len(dashboard["panels"]) == len({panel["id"] for panel in dashboard["panels"]})
    for expression in expressions:
        for name in re.findall(r"procession_\w+", expression):
            assert f"\n{name}" in f"\n{exposed}", name
        for kinds in re.findall(r'kind=~?"([^"]+)"', expression):
            for kind in kinds.split("|"):
                assert f'kind="{kind}"' in exposed
    assert yaml.safe_load((FOLDER / "grafana" / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
