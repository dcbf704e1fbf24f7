"""Connectors: calls to other systems, mapped in and out as the real Camunda 7.24 does, and what must not be called."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from procession.engine.connectors import Connectors
from procession.engine.engine import Engine
from procession.errors import ConnectorFailed, ExecutionFailed, ParseFailed
from procession.expressions import Bean
from tests.engine.conftest import Opener
from tests.engine.looking import nodes, one, rows, variables
from tests.engine.models import USER, row

OUTPUTS = {"r": "${response}", "c": "${statusCode}", "h": "${headers}"}


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked; the path says how."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = {"method": self.command, "path": self.path, "body": self.rfile.read(length).decode()}
        asked |= {"headers": dict(self.headers)}
        _, kind, *more = self.path.split("/")
        body = json.dumps(asked).encode() if kind != "empty" else b""
        if kind == "large":
            body = b"x" * (17 << 20)
        self.send_response(
            {"status": int(more[0]) if kind == "status" else 200, "empty": 204, "redirect": 302}.get(kind, 200)
        )
        if kind == "redirect":
            self.send_header("Location", "/" + "/".join(more) if more[0] != "out" else "http://10.255.255.1/")
        self.send_header("X-Two", "a")
        self.send_header("X-Two", "b")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def engine(opener: Opener) -> Engine:
    return opener(connector_private=("127.0.0.1",))


@pytest.fixture(scope="module")
def http() -> Iterator[Connectors]:
    connectors = Connectors(("127.0.0.0/8",), 5)
    yield connectors
    connectors.close()


def connector(
    inputs: dict[str, str], outputs: dict[str, str] = OUTPUTS, id_: str = "http-connector", attributes: str = ""
) -> str:
    """A service task `t` with a connector."""
    ins = "".join(f'<camunda:inputParameter name="{k}">{v}</camunda:inputParameter>' for k, v in inputs.items())
    outs = "".join(f'<camunda:outputParameter name="{k}">{v}</camunda:outputParameter>' for k, v in outputs.items())
    named = f"<camunda:connectorId>{id_}</camunda:connectorId>" if id_ else ""
    return (
        f'<serviceTask id="t" {attributes}><extensionElements><camunda:connector>{named}<camunda:inputOutput>'
        f"{ins}{outs}</camunda:inputOutput></camunda:connector></extensionElements></serviceTask>"
    )


def headers(**values: str) -> str:
    entries = "".join(f'<camunda:entry key="{k.replace("_", "-")}">{v}</camunda:entry>' for k, v in values.items())
    return f"<camunda:map>{entries}</camunda:map>"


def run(engine: Engine, task: str, **given: Any) -> dict[str, Any]:
    engine.deploy(("p.bpmn", row(task, USER)))
    return variables(engine, engine.start_process("p", given).instance)


# ---------------------------------------------------------------- in a process


def test_a_call_with_everything(engine: Engine, echo: str) -> None:
    task = connector(
        {
            "url": f"{echo}/orders/${{id}}",
            "method": "POST",
            "payload": '{"a": ${id}}',
            "headers": headers(Content_Type="application/json", X_Id="${who}"),
        }
    )
    found = run(engine, task, id=7, who="me")
    asked = json.loads(found["r"])
    assert (asked["method"], asked["path"], asked["body"], found["c"]) == ("POST", "/orders/7", '{"a": 7}', 200)
    assert (asked["headers"]["Content-Type"], asked["headers"]["X-Id"]) == ("application/json", "me")
    assert found["h"]["X-Two"] == "b"
    assert "url" not in found


def test_outputs_one_after_the_other_and_by_script(engine: Engine, echo: str) -> None:
    script = '<camunda:script scriptFormat="javascript">{}</camunda:script>'
    outputs = {
        "path": "${S(response).prop('path').value()}",
        "again": "${path}!",
        "method": script.format("S(connector.getVariable('response')).prop('method').value()"),
        "status": script.format("statusCode + 1"),
    }
    found = run(engine, connector({"url": f"{echo}/x", "method": "GET"}, outputs))
    assert found == {"path": "/x", "again": "/x!", "method": "GET", "status": 201}


def test_an_output_goes_where_the_name_is_known(engine: Engine, echo: str) -> None:
    mapped = '<camunda:inputOutput><camunda:inputParameter name="c">1</camunda:inputParameter></camunda:inputOutput>'
    task = connector({"url": f"{echo}/x", "method": "GET"}, {"c": "${statusCode}"})
    assert run(engine, task.replace("<camunda:connector>", f"{mapped}<camunda:connector>")) == {}


@pytest.mark.parametrize("name", ["my", "url"])
def test_inputs_are_seen_by_nobody_else(engine: Engine, echo: str, name: str) -> None:
    task = connector({"url": f"{echo}/x", "method": "GET", "my": "7"}, {"seen": f"${{{name}}}"})
    with pytest.raises(Exception, match=f"Cannot resolve identifier '{name}'"):
        run(engine, task)


def test_a_failure_leaves_the_job_with_a_try_less(engine: Engine) -> None:
    task = connector({"url": "http://127.0.0.1:1/x", "method": "GET"}, attributes='camunda:asyncBefore="true"')
    engine.deploy(("p.bpmn", row(task, USER)))
    instance = engine.start_process("p").instance
    with pytest.raises(ConnectorFailed, match="HTCL-02007 Unable to execute HTTP request"):
        engine.run_job(one(engine, "SELECT key FROM job WHERE instance = ?", instance))
    assert rows(engine, "SELECT retries FROM job WHERE instance = ?", instance) == [(2,)]
    assert nodes(engine, instance) == ["t"]


def test_what_is_private_is_refused_unless_the_setting_names_it(opener: Opener, echo: str) -> None:
    engine = opener()
    with pytest.raises(ConnectorFailed, match="not of the public internet; `connector_private`"):
        run(engine, connector({"url": echo, "method": "GET"}))


def test_a_delegate_in_the_place_of_a_connector(engine: Engine) -> None:
    @engine.registry.delegate("connector:http-connector")
    def own(bean: Bean) -> Any:
        return {"response": f"{bean.call_method('getVariable', ['url'])} {bean.call_method('getVariable', ['n'])}"}

    task = connector({"url": "${n}/x"}, {"r": "${response}", "n": "${connector.getVariable('response')}"})
    assert run(engine, task, n="one") == {"n": "one/x one", "r": "one/x one"}


def test_an_unknown_connector_fails_when_it_is_run(engine: Engine) -> None:
    with pytest.raises(ExecutionFailed, match="No connector found for connector id 'nix'"):
        run(engine, connector({}, id_="nix"))


def test_a_connector_without_an_id_is_not_deployed(engine: Engine) -> None:
    with pytest.raises(ParseFailed, match=r"No 'id' defined for connector\."):
        engine.deploy(("p.bpmn", row(connector({}, id_=""))))


def test_a_connector_on_a_message_that_is_thrown(engine: Engine, echo: str) -> None:
    inside = connector({"url": f"{echo}/x", "method": "GET"}, {"c": "${statusCode}"})
    inside = inside[inside.index("<extension") : inside.index("</serviceTask>")]
    definition = f'<messageEventDefinition messageRef="M">{inside}</messageEventDefinition>'
    assert run(engine, f'<intermediateThrowEvent id="t">{definition}</intermediateThrowEvent>') == {"c": 200}


# ---------------------------------------------------------------- the call


@pytest.mark.parametrize(
    ("given", "status", "method", "body"),
    [
        ({"method": "GET", "payload": "z"}, 200, "GET", ""),
        ({"method": "DELETE", "payload": "z"}, 200, "DELETE", ""),
        ({"method": "PUT", "payload": "hallö"}, 200, "PUT", "hallö"),
        ({"method": "PATCH", "payload": "z"}, 200, "PATCH", "z"),
        ({"method": "POST"}, 200, "POST", ""),
        ({"method": "GET", "url": "/status/500"}, 500, "GET", ""),
        ({"method": "GET", "url": "/redirect/there"}, 200, "GET", ""),
    ],
)
def test_methods(http: Connectors, echo: str, given: dict[str, Any], status: int, method: str, body: str) -> None:
    found = http.call("http-connector", {**given, "url": echo + given.get("url", "/x")})
    asked = json.loads(found["response"])
    assert (found["statusCode"], asked["method"], asked["body"]) == (status, method, body)


def test_soap_is_a_post(http: Connectors, echo: str) -> None:
    given = {"url": f"{echo}/ws", "payload": "<e/>", "headers": {"SOAPAction": "go", "Content-Type": "text/xml"}}
    asked = json.loads(http.call("soap-http-connector", given)["response"])
    assert (asked["method"], asked["body"], asked["headers"]["SOAPAction"]) == ("POST", "<e/>", "go")


@pytest.mark.parametrize(("method", "path"), [("HEAD", "/x"), ("GET", "/empty")])
def test_without_a_body_there_is_no_response(http: Connectors, echo: str, method: str, path: str) -> None:
    assert "response" not in http.call("http-connector", {"url": echo + path, "method": method})


@pytest.mark.parametrize(
    ("method", "config"), [("POST", {}), ("GET", {"relative-redirects-allowed": False}), ("GET", {"max-redirects": 0})]
)
def test_redirects_that_are_not_followed(http: Connectors, echo: str, method: str, config: dict[str, Any]) -> None:
    given = {"url": f"{echo}/redirect/there", "method": method, "request-config": config}
    assert http.call("http-connector", given)["statusCode"] == 302


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"url": None}, "HTCL-02005 Request url required."),
        ({"url": " "}, "HTCL-02005 Request url required."),
        ({"method": None}, "HTCL-02006 Unknown or unsupported HTTP method 'null'"),
        ({"method": "get"}, "HTCL-02006 Unknown or unsupported HTTP method 'get'"),
        ({"url": "nonsense"}, "HTCL-02007 Unable to execute HTTP request: '' is not called"),
        ({"url": "ftp://127.0.0.1/x"}, "HTCL-02007 Unable to execute HTTP request: 'ftp' is not called"),
        ({"url": "http://["}, "HTCL-02007"),
        ({"url": "http://a.invalid/"}, "The host 'a.invalid' is not known"),
        ({"path": "/redirect/out"}, "The host '10.255.255.1' .* is not of the public internet"),
        ({"path": "/large"}, "The answer has more than"),
        ({"request-config": {"socket-timeout": "500"}}, "HTCL-02008 Invalid value .* option: socket-timeout"),
        ({"request-config": {"normalize-uri": 1}}, "HTCL-02008 Invalid value .* option: normalize-uri"),
        ({"request-config": {"proxy": "x"}}, "'proxy' is not available"),
        ({"path": "/status/404", "request-config": {"throw-http-error": "TRUE"}}, "HTCL-02010 .* Status Code: 404 ,"),
        ({"url": 1}, "'url' must be a text"),
        ({"headers": "a"}, "'headers' must be a map"),
        ({"headers": {"a": 1}}, "The header 'a' must be a text"),
    ],
)
def test_what_fails(http: Connectors, echo: str, given: dict[str, Any], message: str) -> None:
    path = given.get("path", "/x")
    with pytest.raises(ConnectorFailed, match=message):
        http.call("http-connector", {"url": echo + path, "method": "GET", **given})


def test_an_answer_that_takes_too_long(echo: str) -> None:
    class Slow(_Echo):
        def do_GET(self) -> None:
            held.wait(5)

    held = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    connectors = Connectors(("*",), 5)
    try:
        given = {"url": f"http://localhost:{server.server_address[1]}/", "method": "GET"}
        with pytest.raises(ConnectorFailed, match="timed out"):
            connectors.call("http-connector", {**given, "request-config": {"socket-timeout": 50}})
    finally:
        held.set()
        connectors.close()
        server.shutdown()
        thread.join()
        server.server_close()
