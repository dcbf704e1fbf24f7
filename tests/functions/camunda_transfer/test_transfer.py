"""1 + 20 + 20 files against the local modeler and a real PostgreSQL, with everything going wrong that can."""

from __future__ import annotations

import base64
import json
import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from procession.modeler import ModelerOptions
from tests.functions.camunda_transfer.world import BPMN, FORM, SERVICE, World, event
from tests.modeler.local_modeler import ENVIRONMENT, SECRET, START, Fault, Killed, LocalModeler, time_out

UPLOAD = "POST .*/files$"
NAMES = sorted(
    ["Orders.bpmn", *(f"sub-{number}.bpmn" for number in range(20)), *(f"form-{number}.form" for number in range(20))]
)


def dead_connection() -> BaseException:
    return httpx.ConnectError("connection refused")


@pytest.mark.seed(1, 235, 312, 372)
def test_200_says_where_everything_went(world: World) -> None:
    status, body = world.invoke(event(manifest={"serviceId": SERVICE}))
    project = world.modeler.store.projects()[0]
    folder = world.modeler.store.project_content(project["id"])[0][0]
    assert (status, body) == (
        200,
        {
            "success": True,
            "projectId": project["id"],
            "projectName": "YourProjectName",
            "projectUrl": f"http://modeler.test/projects/{project['id']}",
            "folderId": folder["id"],
            "folderName": "Orders 20261121-0900",
            "uploadedFiles": 42,
            "failedFiles": 0,
            "failures": [],
        },
    )
    assert world.modeler.names() == sorted([*NAMES, "manifest.form"])
    assert {row["folder_id"] for row in world.modeler.store.files()} == {folder["id"]}
    assert world.stamp() == world.modeler.time.now()
    assert world.stamp().utcoffset() == timedelta(0) or world.stamp().astimezone(UTC) == world.modeler.time.now()


@pytest.mark.seed(1, 526)
def test_uploads_are_200_milliseconds_apart(world: World) -> None:
    world.invoke(event(5, 5))
    assert world.modeler.time.slept == [0.2] * 10


def test_the_next_event_of_a_container_needs_no_new_token_and_no_new_connection(world: World) -> None:
    world.invoke(event(1, 0))
    world.invoke(event(2, 0))
    assert world.modeler.seen.count("POST /oauth/token") == 1
    assert world.functions[0].database.opened == 1


@pytest.mark.seed(1, 528)
def test_a_token_that_ends_is_renewed_and_one_that_is_refused_too(world: World) -> None:
    world.invoke(event(1, 0))
    world.modeler.time.seconds += 250
    world.invoke(event(2, 0))
    assert world.modeler.seen.count("POST /oauth/token") == 2
    world.modeler.faults = [Fault("POST .*/projects/search", 401)]
    world.modeler.time.seconds += 60
    assert world.invoke(event(3, 0))[0] == 200
    assert world.modeler.seen.count("POST /oauth/token") == 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.seed(1, 527, 516)
def test_three_tries_two_and_four_seconds_apart(world: World, status: int) -> None:
    world.modeler.faults = [Fault(UPLOAD, status, times=2)]
    answer, body = world.invoke(event())
    assert (answer, body["uploadedFiles"]) == (200, 41)
    assert [wait for wait in world.modeler.time.slept if wait != 0.2] == [2.0, 4.0]
    assert world.modeler.names() == NAMES


@pytest.mark.seed(1, 372, 235)
def test_207_after_three_tries_names_the_file_and_stamps(world: World) -> None:
    world.modeler.faults = [Fault(UPLOAD, 500, times=3, skip=4)]
    status, body = world.invoke(event())
    assert (status, body["success"], body["uploadedFiles"], body["failedFiles"]) == (207, False, 40, 1)
    assert [failure["name"] for failure in body["failures"]] == ["sub-3.bpmn"]
    assert body["failures"][0]["error"].startswith("500")
    assert world.stamp() == world.modeler.time.now()


def test_the_same_request_after_207_uploads_only_what_is_missing(world: World) -> None:
    world.modeler.faults = [Fault(UPLOAD, 500, times=3, skip=4)]
    _, first = world.invoke(event())
    before = len(world.modeler.seen)
    world.container()
    world.modeler.time.seconds += 60
    status, body = world.invoke(event())
    assert (status, body["uploadedFiles"], body["folderId"]) == (200, 41, first["folderId"])
    assert world.modeler.seen[before:].count("POST /api/v1/files") == 1
    assert world.modeler.names() == NAMES
    assert world.stamp() == world.modeler.time.now()


def test_a_repeat_uploads_nothing_and_answers_the_same(world: World) -> None:
    first = world.invoke(event())
    before = len(world.modeler.seen)
    world.modeler.time.seconds += 86_400
    assert world.invoke(event()) == first
    assert [line for line in world.modeler.seen[before:] if line.startswith("POST") and "oauth" not in line] == []
    assert world.stamp() == world.modeler.time.now()


def test_other_content_is_another_transfer(world: World) -> None:
    _, first = world.invoke(event(1, 1))
    world.modeler.time.seconds += 60
    _, second = world.invoke(event(1, 2))
    assert first["folderId"] != second["folderId"]
    assert world.folders() == ["Orders 20261121-0900", "Orders 20261121-0901"]


def test_force_transfers_once_more(world: World) -> None:
    _, first = world.invoke(event(1, 1))
    world.modeler.time.seconds += 60
    _, second = world.invoke(event(1, 1, force=True))
    assert first["folderId"] != second["folderId"]
    assert second["uploadedFiles"] == 3


def test_a_folder_that_somebody_deleted_is_made_anew(world: World) -> None:
    _, first = world.invoke(event(1, 1))
    world.modeler.store.delete_folder(first["folderId"])
    world.modeler.time.seconds += 120
    status, second = world.invoke(event(1, 1))
    assert (status, second["uploadedFiles"], second["folderName"]) == (200, 3, "Orders 20261121-0902")


def test_a_file_that_somebody_deleted_is_uploaded_again_and_a_changed_one_left_alone(world: World) -> None:
    world.invoke(event(1, 1))
    rows = {row["name"]: row["id"] for row in world.modeler.store.files()}
    world.modeler.store.delete_file(rows["sub-0.bpmn"])
    world.modeler.store.update_file(rows["form-0.form"], 1, {"content": "edited"}, "somebody")
    assert world.invoke(event(1, 1))[1]["uploadedFiles"] == 3
    assert world.modeler.names() == ["Orders.bpmn", "form-0.form", "sub-0.bpmn"]
    assert world.modeler.store.file(rows["form-0.form"])["content"] == "edited"


@pytest.mark.parametrize(
    "pattern", [UPLOAD, "POST .*/folders$", "POST .*/projects$", "POST .*/projects/search", "POST /oauth/token"]
)
@pytest.mark.parametrize("late", [False, True], ids=["before the work", "after the work"])
@pytest.mark.parametrize("fault", ["time-out", "500"])
def test_nothing_is_made_twice_when_an_answer_is_lost(world: World, pattern: str, late: bool, fault: str) -> None:
    error, status = (time_out, 0) if fault == "time-out" else (None, 500)
    world.modeler.faults = [Fault(pattern, status, error=error, late=late)]
    files = 20 if pattern == UPLOAD else 1
    assert world.invoke(event(files, files))[0] == 200
    assert len(world.modeler.names()) == len(set(world.modeler.names())) == 2 * files + 1
    assert (len(world.folders()), len(world.modeler.store.projects())) == (1, 1)


@pytest.mark.parametrize("late", [False, True], ids=["before the work", "after the work"])
@pytest.mark.parametrize(
    ("pattern", "skip"),
    [(UPLOAD, 0), (UPLOAD, 17), (UPLOAD, 40), ("POST .*/folders$", 0), ("POST .*/projects$", 0)],
)
def test_a_killed_run_is_gone_on_with(world: World, pattern: str, skip: int, late: bool) -> None:
    world.modeler.faults = [Fault(pattern, error=Killed, skip=skip, late=late)]
    with pytest.raises(Killed):
        world.invoke(event())
    assert world.stamp() is None
    world.container()
    status, body = world.invoke(event())
    assert (status, body["success"]) == (409, False)
    world.modeler.time.seconds += 61
    status, body = world.invoke(event())
    assert (status, body["uploadedFiles"]) == (200, 41)
    assert world.modeler.names() == NAMES
    assert (len(world.folders()), len(world.modeler.store.projects())) == (1, 1)


def test_409_says_when_to_come_back(world: World) -> None:
    world.modeler.faults = [Fault(UPLOAD, error=Killed)]
    with pytest.raises(Killed):
        world.invoke(event(1, 1))
    answer = world.module.lambda_handler(event(1, 1), None)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (409, "60")


def test_retry_after_is_waited_for(world: World) -> None:
    world.modeler.faults = [Fault(UPLOAD, 429, {"Retry-After": "9"})]
    assert world.invoke(event(1, 0))[0] == 200
    assert 9.0 in world.modeler.time.slept


def test_retry_after_may_be_a_date(world: World) -> None:
    world.modeler.faults = [Fault(UPLOAD, 503, {"Retry-After": "Sat, 21 Nov 2026 09:00:07 GMT"})]
    assert world.invoke(event(1, 0))[0] == 200
    assert 7.0 in world.modeler.time.slept


def test_a_wait_longer_than_the_time_left_ends_the_run_with_207(world: World) -> None:
    world.modeler.faults = [Fault(UPLOAD, 429, {"Retry-After": "120"}, skip=10)]
    status, body = world.invoke(event())
    assert (status, body["uploadedFiles"], body["failedFiles"]) == (207, 10, 31)
    assert all("no time left" in failure["error"] for failure in body["failures"])
    assert world.stamp() == world.modeler.time.now()
    world.modeler.time.seconds += 120
    assert world.invoke(event())[0] == 200
    assert world.modeler.names() == NAMES


def test_the_time_of_the_invocation_is_never_exceeded(world: World) -> None:
    world.modeler.time.latency = 0.5
    started = world.modeler.time.seconds
    status, body = world.invoke(event(), seconds=20)
    assert status == 207
    assert world.modeler.time.seconds - started <= 20
    rounds = 0
    while status == 207:
        rounds += 1
        status, body = world.invoke(event(), seconds=20)
    assert (status, body["uploadedFiles"], rounds < 4) == (200, 41, True)
    assert world.modeler.names() == NAMES


def test_a_shorter_time_may_be_set(world: World) -> None:
    world.modeler.time.latency = 1.0
    world.container(CAMUNDA_TRANSFER_SECONDS="15")
    status, body = world.invoke(event(), seconds=900)
    assert (status, body["failedFiles"] > 0, world.modeler.time.seconds <= 15) == (207, True, True)


def test_no_more_than_240_requests_a_minute(world: World) -> None:
    world.modeler.end()
    world.modeler = LocalModeler(
        ModelerOptions({"the-client": SECRET}, rate_limit=240, seconds=lambda: world.modeler.time.seconds)
    )
    world.container()
    for number in range(6):
        assert world.invoke(event(20, 20, manifest={"round": number}), seconds=900)[0] == 200
    times = [at for at, line in zip(world.modeler.at, world.modeler.seen, strict=True) if "oauth" not in line]
    assert len(times) > 250
    assert max(sum(1 for other in times if at <= other < at + 60) for at in times) <= 240
    assert len(world.modeler.store.files()) == 6 * 42


@pytest.mark.parametrize(
    ("pattern", "word"),
    [("POST /oauth/token", "500"), ("POST .*/projects/search", "500"), ("POST .*/folders$", "500")],
)
@pytest.mark.parametrize("error", [None, time_out, dead_connection])
def test_500_where_nothing_could_be_begun_and_no_stamp(world: World, pattern: str, word: str, error: Any) -> None:
    world.modeler.faults = [Fault(pattern, 500, error=error, times=3)]
    status, body = world.invoke(event(1, 1))
    assert (status, body["success"], set(body)) == (500, False, {"success", "error"})
    assert world.stamp() is None
    assert world.modeler.names() == []
    assert world.invoke(event(1, 1))[0] == 200


@pytest.mark.seed(1, 404, 516)
def test_500_for_a_wrong_secret_says_so_without_it(world: World) -> None:
    world.container(CAMUNDA_CLIENT_SECRET="wr0ng-secret")
    status, body = world.invoke(event())
    assert status == 500
    assert body["error"].startswith("Authentication failed: 401 - invalid_client (authentication)")
    assert "wr0ng-secret" not in body["error"]
    assert world.stamp() is None


@pytest.mark.seed(1, 516)
def test_500_without_a_database_and_nothing_is_uploaded(world: World) -> None:
    world.container(DATABASE_PORT="1", DATABASE_HOST="127.0.0.1")
    status, body = world.invoke(event())
    assert (status, world.modeler.names()) == (500, [])
    assert "database" in body["error"]


def test_500_when_the_stamp_cannot_be_set_and_the_repeat_uploads_nothing(world: World) -> None:
    world.database.execute("ALTER TABLE manual_services RENAME TO elsewhere")
    status, body = world.invoke(event(1, 1))
    assert (status, body["error"]) == (
        500,
        'manual_services cannot be updated: the database says: relation "manual_services" does not exist',
    )
    world.database.execute("ALTER TABLE elsewhere RENAME TO manual_services")
    before = world.modeler.seen.count("POST /api/v1/files")
    assert world.invoke(event(1, 1))[0] == 200
    assert (world.modeler.seen.count("POST /api/v1/files"), world.stamp()) == (before, world.modeler.time.now())


def test_500_names_the_variable_that_is_missing(world: World) -> None:
    world.environment.pop("CAMUNDA_OAUTH_URL")
    world.container()
    assert world.invoke(event()) == (500, {"success": False, "error": "CAMUNDA_OAUTH_URL is not set"})


def test_a_connection_that_broke_while_idle_is_replaced(world: World) -> None:
    world.invoke(event(1, 0))
    world.database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'camunda_transfer' AND datname = current_database()"
    )
    assert world.invoke(event(2, 0))[0] == 200
    assert world.functions[0].database.opened == 2


def test_an_unknown_service_is_transferred_all_the_same(world: World) -> None:
    other = "00000000-0000-4000-8000-000000000000"
    assert world.invoke(event(1, 1, serviceId=other))[0] == 200
    assert (world.stamp(other), world.stamp()) == (None, None)


def test_the_journal_is_made_where_it_is_missing(world: World) -> None:
    world.database.execute("DROP TABLE camunda_transfers")
    assert world.invoke(event(1, 1))[0] == 200
    row = world.database.execute("SELECT state, folder_name, runs, leased_until FROM camunda_transfers").fetchone()
    assert row == ("complete", "Orders 20261121-0900", 1, None)


def test_a_user_who_may_make_no_table_transfers_without_memory(world: World, caplog: Any) -> None:
    name = world.database.execute("SELECT 'reader_' || md5(random()::text)").fetchone()[0]  # type: ignore[index]
    world.database.execute("DROP TABLE camunda_transfers")
    world.database.execute(
        f"CREATE ROLE {name} LOGIN PASSWORD 'x'; GRANT SELECT, UPDATE ON manual_services TO {name};"
        "REVOKE CREATE ON SCHEMA public FROM public".encode()
    )
    function = world.container(DATABASE_USER=name, DATABASE_PASSWORD="x")
    with caplog.at_level(logging.WARNING):
        assert world.invoke(event(1, 1))[0] == 200
    assert "Transfers are not remembered" in caplog.text
    assert world.stamp() == world.modeler.time.now()
    function.database.close()
    world.database.execute(f"REVOKE ALL ON manual_services FROM {name}; DROP ROLE {name}".encode())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"serviceId": None}, "serviceId"),
        ({"serviceId": "42"}, "serviceId"),
        ({"serviceId": 42}, "serviceId"),
        ({"serviceName": ""}, "serviceName"),
        ({"serviceName": "x" * 242}, "serviceName"),
        ({"serviceName": "a\nb"}, "serviceName"),
        ({"updatedBpmnXml": None}, "updatedBpmnXml"),
        ({"updatedBpmnXml": " "}, "updatedBpmnXml"),
        ({"updatedBpmnXml": "\ud800"}, "updatedBpmnXml"),
        ({"updatedBpmnXml": "<a>"}, "updatedBpmnXml"),
        ({"updatedBpmnXml": '<!DOCTYPE x [<!ENTITY a "b">]><x/>'}, "updatedBpmnXml"),
        ({"forms": {}}, "forms"),
        ({"forms": ["x"]}, "forms[0]"),
        ({"forms": [{"name": "a", "content": FORM}, {"name": "b"}]}, "forms[1].content"),
        ({"forms": [{"name": "a", "content": {}}]}, "forms[0].content"),
        ({"forms": [{"name": "a", "content": "{"}]}, "forms[0].content"),
        ({"forms": [{"name": "a", "content": FORM}, {"name": "a", "content": FORM}]}, "forms[1].name"),
        ({"subprocessBpmns": [{"name": 1, "content": "x"}]}, "subprocessBpmns[0].name"),
        ({"subprocessBpmns": [{"name": "x", "content": "<x/>"}]}, "subprocessBpmns[0].content"),
        ({"subprocessBpmns": [{"name": "Orders.bpmn", "content": BPMN}]}, "subprocessBpmns[0].name"),
        ({"manifest": []}, "manifest"),
        ({"processApplicationId": "../x"}, "processApplicationId"),
        ({"force": "yes"}, "force"),
    ],
)
@pytest.mark.seed(1, 516)
def test_400_names_the_field(world: World, change: dict[str, Any], field: str) -> None:
    status, body = world.invoke({**event(0, 0), **change})
    assert (status, body["success"], body["field"]) == (400, False, field)
    assert world.modeler.seen == []
    assert world.stamp() is None


def test_400_lists_every_problem_of_every_model(world: World) -> None:
    models = [{"name": f"{number}.bpmn", "content": "<x/>"} for number in range(2)]
    _, body = world.invoke({**event(0, 1), "subprocessBpmns": models})
    assert [problem["field"] for problem in body["problems"]] == [f"subprocessBpmns[{at}].content" for at in (0, 1)]
    assert body["problems"][0] == {
        "field": "subprocessBpmns[0].content",
        "file": "0.bpmn",
        "line": 1,
        "message": "its root element is not BPMN's definitions",
    }


@pytest.mark.parametrize("body", ["{", "[]", "null", '"x"', "[" * 100_000, None, 7])
def test_400_for_a_body_that_is_no_object(world: World, body: Any) -> None:
    status, answer = world.invoke({"body": body, "requestContext": {}})
    assert (status, answer["field"]) == (400, "")


def test_null_lists_are_empty_and_unknown_fields_no_fault(world: World) -> None:
    body = {**event(0, 0), "forms": None, "subprocessBpmns": None, "manifest": None, "colour": "blue"}
    assert world.invoke(body)[1]["uploadedFiles"] == 1


EVENTS: dict[str, Any] = {
    "REST API": {"resource": "/transfer", "httpMethod": "POST", "requestContext": {"stage": "prod"}},
    "HTTP API": {"version": "2.0", "requestContext": {"http": {"method": "POST"}}},
    "function URL": {"version": "2.0", "requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws"}},
    "load balancer": {"httpMethod": "POST", "requestContext": {"elb": {"targetGroupArn": "arn"}}},
    "body alone": {},
}


@pytest.mark.parametrize("shape", EVENTS.values(), ids=EVENTS)
@pytest.mark.parametrize("encoded", [False, True], ids=["text", "base64"])
def test_events_of_every_source(world: World, shape: dict[str, Any], encoded: bool) -> None:
    text = json.dumps(event(1, 1))
    text = base64.b64encode(text.encode()).decode() if encoded else text
    answer = world.module.lambda_handler({**shape, "body": text, "isBase64Encoded": encoded}, None)
    assert answer["statusCode"] == 200
    assert answer.get("statusDescription") == ("200 OK" if "elb" in shape.get("requestContext", {}) else None)


def test_a_body_that_is_decoded_already(world: World) -> None:
    assert world.invoke({"body": event(1, 1)})[0] == 200


def test_files_go_into_the_process_application(world: World) -> None:
    home = world.modeler.store.create_project("YourProjectName", "me")
    app = world.modeler.store.create_application(home["id"], "App", "me")["id"]
    world.container(CAMUNDA_PROCESS_APPLICATION_ID=app)
    assert world.invoke(event(2, 2))[0] == 200
    other = world.modeler.store.create_application(home["id"], "Other", "me")["id"]
    assert world.invoke(event(1, 1, processApplicationId=other))[0] == 200
    assert Counter(row["application_id"] for row in world.modeler.store.files()) == {app: 5, other: 3}


def test_a_process_application_that_does_not_exist_is_500(world: World) -> None:
    status, body = world.invoke(event(1, 1, processApplicationId="none"))
    assert (status, body["error"].startswith("404")) == (500, True)


def test_a_service_that_wants_process_applications_is_explained(world: World) -> None:
    world.modeler.end()
    world.modeler = LocalModeler(ModelerOptions(applications_only=True))
    world.container()
    status, body = world.invoke(event(1, 1))
    assert (status, "set CAMUNDA_PROCESS_APPLICATION_ID" in body["error"]) == (500, True)


@pytest.mark.parametrize("late", [False, True])
def test_the_hub_takes_the_same_transfer(world: World, late: bool) -> None:
    world.container(CAMUNDA_MODELER_API="hub-v2", CAMUNDA_MODELER_API_URL="http://modeler.test/api/v2")
    patterns = (UPLOAD, "POST .*/workspaces$", "POST .*/projects$", "POST .*/folders$")
    world.modeler.faults = [Fault(pattern, error=time_out, late=late) for pattern in patterns]
    status, body = world.invoke(event())
    assert (status, body["uploadedFiles"], body["projectName"]) == (200, 41, "YourProjectName")
    assert world.modeler.names() == NAMES
    assert all(line.startswith(("POST /api/v2", "GET /api/v2", "POST /oauth")) for line in world.modeler.seen)
    assert len({row["application_id"] for row in world.modeler.store.files()}) == 1
    before = len(world.modeler.seen)
    assert world.invoke(event()) == (status, body)
    assert [line.split()[0] for line in world.modeler.seen[before:]].count("POST") == 0


def test_an_endpoint_that_wants_a_form_gets_one(world: World) -> None:
    world.modeler.faults = [Fault("POST /oauth/token", 415)]
    assert world.invoke(event(1, 1))[0] == 200
    assert world.modeler.seen.count("POST /oauth/token") == 2


def test_log_lines_are_structured_and_hold_no_secret(world: World, caplog: Any) -> None:
    world.modeler.faults = [Fault(UPLOAD, 500, times=3), Fault("POST .*/projects/search", 401)]
    with caplog.at_level(logging.DEBUG, logger="camunda_client"):
        world.invoke(event(2, 2))
        world.container(CAMUNDA_CLIENT_SECRET="wr0ng-secret", DATABASE_PASSWORD="db-s3cret")
        world.invoke(event(2, 3))
        world.module.lambda_handler({"body": "{"}, None)
    records = [record for record in caplog.records if record.name == "camunda_client.modeler"]
    events = [vars(record)["event"] for record in records]
    assert {"authenticated", "begin", "uploaded", "retry", "upload_failed", "end", "failed", "bad_body"} <= set(events)
    begin = next(record for record in records if vars(record)["event"] == "begin")
    assert (vars(begin)["service_id"], vars(begin)["files"]) == (SERVICE, 5)
    text = "\n".join(str(vars(record)) for record in caplog.records)
    tokens = [function._client.access_token for function in world.functions if function._client]
    for secret in (SECRET, "wr0ng-secret", "db-s3cret", *filter(None, tokens)):
        assert secret not in text


def test_an_unexpected_fault_is_500_without_its_words(world: World) -> None:
    def broken() -> BaseException:
        return RuntimeError("the password is hunter2")

    world.modeler.faults = [Fault("POST .*/folders$", error=broken)]
    assert world.invoke(event(1, 1)) == (
        500,
        {"success": False, "error": "Unexpected fault (RuntimeError); see the log"},
    )


PHASES = (Phase.explicit, Phase.generate)
FAULTS = st.builds(
    Fault,
    st.sampled_from([UPLOAD, UPLOAD, "POST .*/folders$", "POST .*/projects$", "GET .*", "POST .*search"]),
    status=st.sampled_from([429, 500, 503]),
    error=st.sampled_from([None, None, time_out, Killed]),
    skip=st.integers(0, 8),
    times=st.integers(1, 4),
    late=st.booleans(),
)


@settings(max_examples=8, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FAULTS, max_size=5))
def test_whatever_goes_wrong_in_the_end_everything_is_there_once(world: World, faults: list[Fault]) -> None:
    """Runs that fail, are killed or stay partial, repeated until one is complete: each file once, one folder."""
    world.modeler.end()
    world.modeler = LocalModeler()
    world.modeler.time.seconds = (datetime.now(UTC) - START).total_seconds()
    world.database.execute("TRUNCATE camunda_transfers")
    world.modeler.faults = faults
    status = 0
    for _ in range(40):
        world.container()
        before, stamped = world.modeler.time.seconds, world.stamp()
        try:
            status, _ = world.invoke(event(3, 3))
        except Killed:
            status = 0
        assert world.modeler.time.seconds - before <= 60
        assert (world.stamp() != stamped) == (status in (200, 207))
        if status == 200:
            break
        world.modeler.time.seconds += 61
    assert status == 200
    assert len(world.modeler.names()) == len(set(world.modeler.names())) == 7
    assert (len(world.folders()), len(world.modeler.store.projects())) == (1, 1)


def test_the_environment_of_these_tests_is_the_documented_one() -> None:
    assert set(ENVIRONMENT) == {
        "CAMUNDA_CLIENT_ID",
        "CAMUNDA_CLIENT_SECRET",
        "CAMUNDA_OAUTH_URL",
        "CAMUNDA_AUDIENCE",
        "CAMUNDA_MODELER_API_URL",
        "CAMUNDA_TARGET_PROJECT_NAME",
    }
