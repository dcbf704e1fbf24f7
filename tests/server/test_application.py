"""The application's addresses: API, pages, health, metrics, document, test mode, limits."""

from __future__ import annotations

import re

import pytest

from procession.camunda7.api import load
from procession.engine.engine import Engine
from tests.server.conftest import Serve

MODEL = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">
<process id="waits" isExecutable="true"><startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="u"/>
<userTask id="u"/></process></definitions>"""


@pytest.mark.parametrize("app", ["welcome", "cockpit", "tasklist", "admin"])
@pytest.mark.parametrize("rest", ["", "/", "/default/"])
def test_pages_say_what_runs(serve: Serve, engine: Engine, app: str, rest: str) -> None:
    engine.deploy(("waits.bpmn", MODEL), name="waits")
    engine.start_process("waits")
    answer = serve().call("GET", f"/camunda/app/{app}{rest}")
    assert answer.status_code == 200
    assert re.search(r"Process instances</th><td>1<", answer.text)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in answer.text


def test_pages_tell_strangers_nothing(serve: Serve, engine: Engine) -> None:
    answer = serve(auth=True, admin_user="demo", admin_password="demo").call("GET", "/camunda/app/welcome/")
    assert answer.status_code == 200
    assert "Process instances" not in answer.text


def test_other_pages_are_missing(serve: Serve) -> None:
    assert serve().call("GET", "/camunda/app/other/").status_code == 404
    assert serve().call("GET", "/camunda/app/%3Cscript%3E/").status_code == 404


@pytest.mark.parametrize("path", ["/", "/camunda", "/camunda/"])
def test_the_root_leads_to_the_pages(serve: Serve, path: str) -> None:
    answer = serve().call("GET", path)
    assert (answer.status_code, answer.headers["location"]) == (302, "/camunda/app/welcome/")


def test_health(serve: Serve) -> None:
    client = serve()
    assert client.call("GET", "/health/live").json() == {"status": "UP"}
    assert client.call("GET", "/health/ready").status_code == 200


@pytest.mark.seed(4, 1237)
@pytest.mark.fault(8)
def test_not_ready_without_a_database(serve: Serve, engine: Engine) -> None:
    client = serve()
    engine.storage.read = None  # type: ignore[method-assign, assignment]
    assert client.call("GET", "/health/ready").status_code == 503
    assert client.call("GET", "/health/live").status_code == 200
    assert "does not answer" in client.call("GET", "/camunda/app/welcome/").text
    assert client.call("GET", "/metrics").status_code == 200


def test_metrics_name_routes_and_never_paths(serve: Serve) -> None:
    client = serve()
    client.call("GET", "/engine-rest/task/an-id-of-ours")
    client.call("GET", "/engine-rest/nowhere/else")
    text = client.call("GET", "/metrics").text
    assert 'procession_http_requests_total{method="GET",route="/task/{id}",status="404"} 1.0' in text
    assert 'procession_running{kind="process_instances"} 0.0' in text
    assert "an-id-of-ours" not in text
    assert "nowhere" not in text


def test_the_document_lists_what_is_served(serve: Serve) -> None:
    document = serve().call("GET", "/engine-rest/openapi.json").json()
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert described == {(entry.method, entry.path) for entry in load()}
    parameters = {p["name"] for p in document["paths"]["/task"]["get"]["parameters"]}
    assert {"assignee", "candidateGroup", "firstResult", "sortBy"} <= parameters
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


def test_every_route_answers_below_the_engine_name_too(serve: Serve) -> None:
    client = serve()
    assert client.get("/engine/default/task/count") == client.get("/task/count") == {"count": 0}
    assert client.get("/engine") == client.get("/engine/") == [{"name": "default"}]
    problem = (400, "InvalidRequestException", "No process engine available", None)
    assert client.refused("GET", "/engine/other/task") == problem


@pytest.mark.parametrize("path", ["/nowhere", "//task", "/task/%00/form/x/y", ""])
def test_what_is_not_there(serve: Serve, path: str) -> None:
    status, kind, message, code = serve().refused("GET", path or "/nope")
    assert (status, kind, message, code) == (404, "NotFoundException", "HTTP 404 Not Found", None)


def test_other_methods(serve: Serve) -> None:
    client = serve()
    assert client.refused("PATCH", "/task")[:2] == (405, "NotAllowedException")
    assert client.call("OPTIONS", "/engine-rest/task").headers["allow"] == "GET, POST, OPTIONS"
    head = client.call("HEAD", "/engine-rest/task/count")
    assert (head.status_code, head.content) == (200, b"")


def test_bodies_have_their_type(serve: Serve) -> None:
    client = serve()
    kind = {"Content-Type": "text/plain"}
    assert client.refused("POST", "/task", content=b"{}", headers=kind)[:2] == (415, "NotSupportedException")
    assert client.post("/task", {}) == []
    assert client.call("POST", "/engine-rest/task").json() == []


def test_bodies_have_a_limit(serve: Serve) -> None:
    client = serve(max_body=2000, max_upload=2000)
    kind = {"Content-Type": "application/json"}
    assert client.refused("POST", "/task", content=b" " * 2001, headers=kind)[0] == 413
    assert client.refused("POST", "/task", content=b"{}", headers={**kind, "Content-Length": "9" * 30})[0] == 413
    assert client.refused("GET", "/task?x=" + "y" * 60_000)[0] == 414
    assert client.refused("GET", "/task?" + "&".join("x=1" for _ in range(5000)))[0] == 400
    assert client.refused("GET", "/task?assignee=%00")[0] == 400


def test_a_fault_of_ours_tells_nothing(serve: Serve, engine: Engine) -> None:
    client = serve()
    engine.storage.read = None  # type: ignore[method-assign, assignment]
    status, kind, message, code = client.refused("GET", "/task/count")
    assert (status, kind, code) == (500, "ProcessEngineException", 0)
    assert "NoneType" not in message


def test_the_clock_of_test_mode(serve: Serve, engine: Engine) -> None:
    client = serve(test_mode=True)
    frozen = client.call("PUT", "/oracle/clock", json={"now": "2030-01-01T00:00:00+01:00"}).json()
    assert frozen == {"now": "2029-12-31T23:00:00.000Z"}
    assert client.call("GET", "/oracle/clock").json() == frozen
    assert engine.clock.is_frozen
    shifted = client.call("PUT", "/oracle/clock", json={"offsetMillis": 86_400_000}).json()
    assert shifted["now"] > client.call("DELETE", "/oracle/clock").json()["now"]
    assert client.call("PUT", "/oracle/clock", json={"now": "soon"}).status_code == 400
    assert client.call("PUT", "/oracle/clock", json={"offsetMillis": 10**18}).status_code == 400
    assert client.call("PUT", "/oracle/clock", content=b"x" * 5000).status_code == 400


def test_a_clean_slate_in_test_mode(serve: Serve, engine: Engine) -> None:
    engine.deploy(("waits.bpmn", MODEL), name="waits")
    engine.start_process("waits")
    client = serve(test_mode=True)
    deleted = client.call("POST", "/oracle/reset").json()
    assert (deleted["instance"], deleted["task"], deleted["process_definition"]) == (1, 1, 1)
    assert client.get("/process-definition/count") == client.get("/history/task/count") == {"count": 0}
    engine.deploy(("waits.bpmn", MODEL), name="waits")
    assert engine.start_process("waits").definition_id.startswith("waits:1:")


@pytest.mark.parametrize("path", ["/oracle/clock", "/oracle/reset"])
def test_nothing_but_test_mode_serves_the_clock(serve: Serve, path: str) -> None:
    client = serve()
    assert [client.call(method, path).status_code for method in ("GET", "PUT", "POST")] == [404] * 3
