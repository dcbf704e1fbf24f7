"""What the five seeds write, item by item, each by the line of the seed's text that it begins in.

The seeds are the texts that this project grew out of; what they document has to work as it is written. A test that proves
an item says so:

    @pytest.mark.seed(4, 606)
    def test_deploy_by_curl(…)

`make docs` makes docs/reference/seeds.md of this list and of those marks, and tests/test_seeds.py fails for an item without
a test. `DIFFERENT` says where an item works otherwise than its text says, `BY_HAND` what proves an item where a test
cannot, `EXPECTED` which items wait for their tests.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARK = "pytest.mark.seed"
Item = tuple[int, int]
"""Number of the seed, line."""

TITLES: Mapping[int, str] = {
    1: "Camunda transfer: a Lambda function that uploads models to Web Modeler",
    2: "`camunda_client`: a client and workers for Camunda 8",
    3: "UAEF serverless functions: workflows from requests, webhooks and schedules",
    4: "Camunda 7 platform on AWS: insurance applications",
    5: "Camunda in Django: wallets and security",
}

SEEDS: Mapping[int, Mapping[int, str]] = {
    1: {
        14: "required libraries: `pip install …`, `requirements.txt`",
        27: "the environment variables `CAMUNDA_*` and `DATABASE_*`",
        57: "`class CamundaClient` with its methods: `authenticate`, `search_projects`, … `upload_files`",
        70: "the client's requests: token by JSON, `POST /projects/search`, `/projects`, `/folders`, `/files/{type}`",
        199: "`get_project_url`",
        204: "`from camunda_client import create_camunda_client`",
        235: "`UPDATE manual_services SET last_camunda_transfer` after the upload, UTC",
        263: "`lambda_function.lambda_handler(event, context)` and its event",
        300: "`CAMUNDA_TARGET_PROJECT_NAME`, `DemoProject` by default; the project is found or created",
        312: "a folder `{serviceName} {YYYYMMDD-HHMM}`; main BPMN, sub-processes, forms, `manifest.form`",
        372: "answers 200 and 207 with their keys and CORS headers",
        404: "answer 500 with `success` false and `error`",
        426: "the deployment package",
        444: "settings of the function: Python 3.11 or 3.12, handler, 60 s, 512 MB",
        455: "VPC for the database",
        463: "API Gateway: `POST /transfer`, API key or IAM",
        472: "the test event of the Lambda console",
        493: "`curl -X POST …/transfer -d @test-payload.json`",
        501: "DDL of `manual_services`",
        516: "failures: authentication, network time-outs, three tries, database, request data",
        526: "200 ms between uploads",
        527: "three tries with growing waits",
        528: "the token is used until it ends",
        533: "secrets in Secrets Manager, IAM, encryption, VPC endpoints, log encryption, restricted gateway",
        540: "metrics to watch: duration, errors, 4xx/5xx, connections, rate limit",
    },
    2: {
        14: "`camunda_client.c8.models` on `camunda_client.utils.JsonBaseModel`",
        33: "`api.activate_jobs`",
        35: "`api.complete_job`",
        37: "`api.mark_job_as_failed`",
        39: "`api.throw_error_for_job`",
        44: "`api.create_process_instance`",
        46: "`api.cancel_process_instance`",
        48: "`api.migrate_process_instance`",
        50: "`api.modify_process_instance`",
        55: "`api.publish_message`",
        57: "`api.correlate_message`",
        62: "`api.broadcast_signal`",
        67: "`auth.get_token`",
        72: "`@camunda_worker(job_type=…)` on a function of an `ActivatedJob`",
        91: "the application loop: `register_workers`, `start_camunda_workers`, `stop_camunda_workers`, Ctrl+C",
        123: "`configure()` with `initialize_config(C8Config(…))` from the environment",
        173: "`CamundaBusinessException` throws an error for the job",
        176: "`ServiceException` marks the job as failed",
        179: "`SignatureException` for a function that takes no job",
        182: "`camunda_client.config`",
    },
    3: {
        16: "`UAEF_DB_URL`",
        17: "`UAEF_AGENT_ANTHROPIC_API_KEY`",
        22: "`POST /workflows/trigger` with `definition_id`, `input_data`, `name`, `initiated_by`",
        30: "an EventBridge event with `definition_id` and `input_data`",
        45: "`VERIFY_WEBHOOK_SIGNATURE`, true by default",
        49: "`POST /webhooks` with `X-Webhook-Source` and `X-Webhook-Signature: sha256=…`",
        61: "triggers of schedules: EventBridge Scheduler and rules",
        66: "`DAILY_REPORT_WORKFLOW_ID`, `CLEANUP_WORKFLOW_ID`, `SYNC_WORKFLOW_ID`",
        79: "`template.yaml` for SAM: functions, paths, schedule, time-out, memory, runtime",
        125: "the schedule's input: `schedule_name`, `definition_id`",
        147: "manual deployment: `pip install -r requirements.txt -t package/`, `pip install .. -t package/`, zip",
        172: "Azure: `host.json` and `function.json` for each handler",
        184: "the database's address in Secrets Manager",
        189: "`VpcConfig`",
        202: "IAM permissions",
        211: "structured logs as in the sample line",
        226: "metrics: triggers, webhooks, schedules, errors, duration",
        235: "`@tracer.capture_lambda_handler`",
        246: "local test: `handler(event, None)`",
        264: "`sam local invoke WorkflowTriggerFunction -e test_event.json`",
        267: "`sam local start-api`, `curl …/workflows/trigger`",
        275: "connections are used again between invocations",
        276: "cold starts: imports inside of the handler",
        278: "errors are logged and answered with their status",
        279: "execution ids prevent duplicate executions",
        280: "no credentials in code or logs",
    },
    4: {
        33: "an application goes through Green, Yellow or Red",
        35: "the decision: age, vehicle make, model, region; premium and staff",
        37: "document request: collection, time-out, rejection",
        213: "source: GitHub by a connection, push to a branch",
        239: "`buildspec.yml`",
        291: "artifacts in S3",
        317: "`appspec.yml` with its three hooks",
        343: "`scripts/stop.sh`, `install.sh`, `start.sh`",
        350: "models are not deployed by the pipeline",
        376: "`docker-compose.yml`: containers, variables, health check, restart",
        386: "the container's variables `SPRING_DATASOURCE_*` and `CAMUNDA_BPM_*`",
        422: "pages and API at port 8080",
        433: "key endpoints of the REST API",
        447: "all API requests need credentials",
        480: "Aurora PostgreSQL, not public",
        504: "pool: 10 connections, 1 idle, 30 seconds, 10 minutes",
        510: "the schema is made on first start",
        606: "`curl -X POST …/deployment/create -u admin:… -F …`",
        615: "`requests.post(url, auth=auth, files=files)`",
        641: "`deploy-process.sh` as it is written",
        687: "reference of `POST /deployment/create`: parameters and answer",
        741: 'an external task: `camunda:type="external"`, `camunda:topic="determine-riskgroup"`',
        763: "polling: fetch and lock, complete, fail; locks that end",
        788: "`worker_insurance.py`, `worker_risk.py`",
        796: "security groups: 22 and 8080 from the corporate address, 5432 from EC2 only",
        835: "least privilege of roles",
        849: "`docker compose up -d`, `down`, `logs`, `restart`, `up --build`",
        911: "`curl -s …/engine-rest/engine`",
        926: "`docker exec camunda curl -s …/process-definition/count`",
        936: "Cockpit at `/camunda/app/cockpit/`",
        988: "`LOGGING_LEVEL_ORG_CAMUNDA=DEBUG`",
        1026: "CloudWatch metrics to watch",
        1037: "`curl …/metrics/process-engine-process-instances`",
        1046: "a BPMN file with a syntax error",
        1054: "a gateway without a path",
        1066: "a topic that nobody serves",
        1077: "a worker that crashes",
        1085: "a task that always fails: incident, Retry",
        1097: "workers that cannot keep up: more of them",
        1113: "a corrected definition is used by new instances",
        1174: "environments: development, staging, production",
        1188: "validation before deployment: lint, schema",
        1197: "`npx bpmnlint`, `java -jar camunda-bpm-assert.jar --validate`",
        1205: "Secrets Manager, rotation",
        1222: "logs to CloudWatch",
        1232: "metrics for Prometheus, Grafana dashboard",
        1237: "deep health checks",
        1248: "Auto Scaling with a load balancer",
        1253: "Aurora replica",
        1258: "containers on ECS, blue/green",
        1301: "quick reference: `curl` of engine, definitions, start, instances, external tasks, incidents",
    },
    5: {
        19: "Python and Django",
        27: "the variables `CAMUNDA_REST_URL`, `CAMUNDA_CLIENT_*`",
        36: "wallet creation: validate, create, notify",
        47: "the wallet's process as it is drawn",
        56: "KYC validation",
        61: "merchant approval",
        66: "suspicious activity",
        71: "e-mail verification",
        83: "`python manage.py start_camunda_workers`",
        86: "the seven topics",
        102: "errors are logged, transactions, retries, error events",
        111: "monitoring: logs, security events, audit trail",
        117: "transactions for database operations",
        120: "time-outs for external tasks; health of workers",
        126: "process flows are tested",
        138: "`from security.camunda_workers import handle_validate_kyc` in a `TestCase`",
    },
}

DIFFERENT: Mapping[Item, str] = {
    (1, 14): "psycopg 3 and httpx instead of psycopg2 and requests",
    (1, 404): "a body that is wrong is 400 and names its field",
    (1, 527): "waits of 2 and 4 s; the text also names 6 s, which its own code never reaches",
    (4, 239): "Python 3.11; a failing command fails the build; images go to a registry",
    (4, 291): "in a versioned bucket",
    (4, 376): "passwords reach the containers as files",
    (4, 447): "`GET /engine-rest/engine` stays open, as the text's own script needs it",
    (4, 510): "the schema is our own, not `ACT_*`",
    (4, 687): "200, as Camunda 7 answers; the text says 201",
    (4, 1037): "Camunda 7 has no such path (404); here it is an alias of `/metrics/process-instances/sum`",
    (
        4,
        1054,
    ): "refused at deployment without any outgoing flow; otherwise an incident only behind an asynchronous border",
    (
        4,
        1197,
    ): "`procession lint`; the second is a library for tests and validates nothing: `procession deploy --dry-run` does",
    (4, 1258): "documented in infra/aws/README.md, not built",
    (5, 19): "Python 3.11 and Django 5.2 instead of 3.8 and 3.2",
}

BY_HAND: Mapping[Item, str] = {
    (3, 147): "`make package` runs these steps and prints size and import times",
    (4, 849): "checked without Docker; no Docker daemon was at hand",
    (4, 1258): "infra/aws/README.md",
}

EXPECTED: frozenset[Item] = frozenset()


def proofs() -> dict[Item, list[str]]:
    """The tests of each item, as `tests/room/test_file.py::test_name`."""
    return marked(MARK)


def marked(mark: str) -> dict[Item, list[str]]:
    """The tests with a mark `mark(first, *others)`, by first and other, read without importing anything."""
    found: dict[Item, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if mark in text:
            for item, name in _marked(ast.parse(text, str(path)), path.relative_to(ROOT).as_posix(), mark):
                found.setdefault(item, []).append(name)
    return found


def _marked(tree: ast.AST, place: str, mark: str) -> Iterator[tuple[Item, str]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{place}::{node.name}"
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == mark:
                    first, *others = (ast.literal_eval(argument) for argument in decorator.args)
                    yield from (((first, other), name) for other in others)
            if isinstance(node, ast.ClassDef):
                yield from _marked(node, name, mark)


def page() -> Iterator[str]:
    """docs/reference/seeds.md, line by line."""
    tests = proofs()
    items = [(seed, line) for seed, lines in SEEDS.items() for line in lines]
    proved = sum(item in tests for item in items)
    yield "What the texts that this project grew out of write, and the test that proves it, item by item. The number is the"
    yield "line of the text; notes say where something works otherwise than it is written, and why."
    yield ""
    yield f"{proved} of {len(items)} items have tests."
    for seed, lines in SEEDS.items():
        yield ""
        yield f"## Seed {seed}. {TITLES[seed]}"
        yield ""
        yield "| line | what is written | works | proved by |"
        yield "|---:|---|---|---|"
        for line, what in lines.items():
            item = (seed, line)
            by = [link(name) for name in tests.get(item, ())]
            if item in BY_HAND:
                by.append(BY_HAND[item])
            state = "yes" if item in tests else "see there" if item in BY_HAND else "not yet"
            if item in DIFFERENT:
                state = f"{state}; {DIFFERENT[item]}"
            yield f"| {line} | {what} | {state} | {', '.join(by)} |".replace("  |", " |")


def link(name: str) -> str:
    path, _, test = name.partition("::")
    return f"[{test.removeprefix('test_')}](../../{path})"
