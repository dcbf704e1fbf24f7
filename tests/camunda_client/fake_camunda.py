"""A very small Camunda 7 on loopback: real HTTP, real locks, no engine behind it.

It knows the two models of `tests.camunda_client.models` by looking for their ids, and answers as Camunda 7.24 does
where the client's and the commands' tests look. Tests that use it run on a real server as well (see conftest).
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

Row = dict[str, Any]


class Refusal(Exception):
    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"type": kind, "message": message, "code": 0, **more}


def stamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


class FakeCamunda:
    """The state, and one method for each route."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.deployments: list[Row] = []
        self.definitions: list[Row] = []
        self.instances: dict[str, Row] = {}
        self.external: dict[str, Row] = {}
        self.tasks: dict[str, Row] = {}
        self.requests: list[tuple[str, str]] = []
        self.user: tuple[str, str] | None = None
        self.down = False
        self.closing = False
        self.cut_answers_to: set[str] = set()

    # deployments and definitions

    def version(self, _: Row) -> Row:
        return {"version": "7.24.0"}

    def deploy(self, request: Row) -> Row:
        parts, files = request["form"], request["files"]
        for name, content in files.items():
            if b"<broken" in content:
                fault = {"message": "Unknown element 'broken'", "line": 3, "column": 9, "mainElementId": "broken"}
                details = {name: {"errors": [fault], "warnings": []}}
                raise Refusal(
                    400, "ParseException", f"ENGINE-09005 Could not parse BPMN process. {name}", details=details
                )
        deployment: Row = {
            "id": str(uuid4()),
            "name": parts["deployment-name"],
            "source": parts.get("deployment-source"),
        }
        deployment |= {"deploymentTime": stamp(time.time()), "tenantId": None, "files": files}
        self.deployments.append(deployment)
        new: dict[str, dict[str, Row]] = {"process": {}, "decision": {}}
        for name, content in files.items():
            for kind, tag in (("process", rb"<process id=\"([^\"]+)\""), ("decision", rb"<decision id=\"([^\"]+)\"")):
                for key in (match.decode() for match in re.findall(tag, content)):
                    version = 1 + sum(row["key"] == key for row in self.definitions)
                    row: Row = {"id": f"{key}:{version}:{uuid4()}", "key": key, "version": version, "resource": name}
                    row |= {"kind": kind, "deploymentId": deployment["id"], "xml": content.decode()}
                    self.definitions.append(row)
                    new[kind][row["id"]] = public(row)
        return public(deployment) | {
            "deployedProcessDefinitions": new["process"] or None,
            "deployedDecisionDefinitions": new["decision"] or None,
        }

    def list_deployments(self, request: Row) -> list[Row]:
        name = request["query"].get("name")
        rows = [row for row in reversed(self.deployments) if name in (None, row["name"])]
        return [public(row) for row in rows[: int(request["query"].get("maxResults", 1000))]]

    def resources(self, request: Row, deployment: str) -> list[Row]:
        (row,) = (row for row in self.deployments if row["id"] == deployment)
        return [{"id": f"r-{name}", "name": name, "deploymentId": deployment} for name in row["files"]]

    def data(self, request: Row, deployment: str, resource: str) -> bytes:
        (row,) = (row for row in self.deployments if row["id"] == deployment)
        content: bytes = row["files"][resource.removeprefix("r-")]
        return content

    def definition(self, request: Row, kind: str, key: str) -> Row:
        return public(self._latest(kind, key))

    def xml(self, request: Row, kind: str, definition: str) -> Row:
        (row,) = (row for row in self.definitions if row["id"] == definition)
        return {"id": definition, "bpmn20Xml" if kind == "process" else "dmnXml": row["xml"]}

    def _latest(self, kind: str, key: str) -> Row:
        rows = [row for row in self.definitions if row["key"] == key and row["kind"] == kind]
        if not rows:
            raise Refusal(404, "RestException", f"No matching {kind} definition with key: {key} and no tenant-id")
        return rows[-1]

    # instances

    def start(self, request: Row, key: str) -> Row:
        definition, body = self._latest("process", key), request["json"]
        instance: Row = {"id": str(uuid4()), "definitionId": definition["id"], "definitionKey": key, "ended": False}
        instance |= {"businessKey": body.get("businessKey"), "values": body.get("variables") or {}, "tenantId": None}
        self.instances[instance["id"]] = instance
        topic = re.search(r'camunda:topic="([^"]+)"', definition["xml"])
        if topic:
            row: Row = {
                "id": str(uuid4()),
                "topicName": topic[1],
                "activityId": "work",
                "priority": 0,
                "suspended": False,
            }
            row |= {"processInstanceId": instance["id"], "processDefinitionKey": key, "executionId": instance["id"]}
            row |= {"processDefinitionId": definition["id"], "businessKey": instance["businessKey"], "tenantId": None}
            row |= {"retries": None, "workerId": None, "lockExpirationTime": None, "until": 0.0, "errorMessage": None}
            self.external[row["id"]] = row
        else:
            self._user_task(instance, "approve", re.findall(r'camunda:assignee="([^"]+)"', definition["xml"])[0])
        variables = {"variables": instance["values"]} if body.get("withVariablesInReturn") else {}
        return public(instance) | variables

    def _user_task(self, instance: Row, key: str, assignee: str | None) -> None:
        row: Row = {
            "id": str(uuid4()),
            "name": key.title(),
            "taskDefinitionKey": key,
            "assignee": assignee,
            "priority": 50,
        }
        row |= {"processInstanceId": instance["id"], "processDefinitionId": instance["definitionId"]}
        self.tasks[row["id"]] = row | {"created": stamp(time.time()), "suspended": False, "due": None}

    def instance(self, request: Row, instance: str) -> Row:
        if instance not in self.instances:
            raise Refusal(404, "InvalidRequestException", f"Process instance with id {instance} does not exist")
        return public(self.instances[instance])

    def variables(self, request: Row, instance: str) -> Row:
        values: Row = self.instances[instance]["values"]
        return values

    def count_instances(self, request: Row) -> Row:
        key = request["query"].get("processDefinitionKey")
        return {"count": sum(key in (None, row["definitionKey"]) for row in self.instances.values())}

    def list_tasks(self, request: Row) -> list[Row]:
        named = {"assignee": "assignee", "processInstanceId": "processInstanceId"}
        wanted = {named[name]: value for name, value in request["query"].items() if name in named}
        return [row for row in self.tasks.values() if all(row[name] == value for name, value in wanted.items())]

    def complete_task(self, request: Row, task: str) -> None:
        if task not in self.tasks:
            raise Refusal(404, "RestException", f"No matching task with id {task}")
        self.instances.pop(self.tasks.pop(task)["processInstanceId"])

    def evaluate(self, request: Row, key: str) -> list[Row]:
        self._latest("decision", key)
        age = request["json"]["variables"]["age"]["value"]
        return [{"risk": {"type": "String", "value": "red" if age < 18 else "green", "valueInfo": {}}}]

    # external tasks

    def list_external(self, request: Row) -> list[Row]:
        worker, now = request["query"].get("workerId"), time.time()
        locked = request["query"].get("locked") == "true"
        return [
            public(row) for row in self.external.values()
            if worker in (None, row["workerId"]) and (not locked or row["until"] > now)
        ]  # fmt: skip

    def fetch(self, request: Row) -> list[Row]:
        body = request["json"]
        topics = {topic["topicName"]: topic for topic in body["topics"]}
        end = time.time() + body.get("asyncResponseTimeout", 0) / 1000
        while True:
            now = time.time()
            free = [
                row for row in self.external.values()
                if row["topicName"] in topics and row["until"] <= now and row["retries"] != 0
            ][: body["maxTasks"]]  # fmt: skip
            if free or now >= end or self.closing or self.down:
                break
            self.changed.wait(min(end - now, 0.05))
        for row in free:
            row["workerId"] = body["workerId"]
            row["until"] = now + topics[row["topicName"]]["lockDuration"] / 1000
            row["lockExpirationTime"] = stamp(row["until"])
        return [public(row) | {"variables": self._fetched(row, topics[row["topicName"]])} for row in free]

    def _fetched(self, row: Row, topic: Row) -> Row:
        names, values = topic.get("variables"), self.instances[row["processInstanceId"]]["values"]
        chosen = {name: dict(typed) for name, typed in values.items() if names is None or name in names}
        for typed in chosen.values():
            if typed.get("type") == "File":
                typed["value"] = None
        return chosen

    def file_content(self, request: Row, instance: str, name: str) -> bytes:
        return base64.b64decode(self.instances[instance]["values"][name]["value"])

    def _own(self, request: Row, task: str, deed: str) -> Row:
        if task not in self.external:
            raise Refusal(404, "RestException", f"External task with id {task} does not exist")
        row, worker = self.external[task], request["json"].get("workerId")
        if row["workerId"] != worker:
            owner = f"It is locked by worker '{row['workerId']}'."
            raise Refusal(400, "RestException", f"External Task {task} cannot be {deed} by worker '{worker}'. {owner}")
        return row

    def complete(self, request: Row, task: str) -> None:
        row = self._own(request, task, "completed")
        del self.external[task], self.instances[row["processInstanceId"]]

    def fail(self, request: Row, task: str) -> None:
        row, body = self._own(request, task, "failed"), request["json"]
        row |= {"retries": body["retries"], "errorMessage": body.get("errorMessage")}
        row["until"] = time.time() + body["retryTimeout"] / 1000

    def bpmn_error(self, request: Row, task: str) -> None:
        row = self._own(request, task, "handled")
        del self.external[task]
        instance = self.instances[row["processInstanceId"]]
        instance["values"] |= request["json"].get("variables") or {}
        self._user_task(instance, "repair", None)

    def extend(self, request: Row, task: str) -> None:
        self._own(request, task, "extended")["until"] = time.time() + request["json"]["newDuration"] / 1000

    def unlock(self, request: Row, task: str) -> None:
        if task not in self.external:
            raise Refusal(404, "RestException", f"External task with id {task} does not exist")
        self.external[task] |= {"workerId": None, "until": 0.0, "lockExpirationTime": None}


def public(row: Row) -> Row:
    """A row without what only the fake knows."""
    return {name: value for name, value in row.items() if name not in ("files", "xml", "kind", "values", "until")}


Handler = Callable[..., Any]
KIND = "(process|decision)-definition"
ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/version", FakeCamunda.version),
    ("POST", "/deployment/create", FakeCamunda.deploy),
    ("GET", "/deployment", FakeCamunda.list_deployments),
    ("GET", "/deployment/([^/]+)/resources", FakeCamunda.resources),
    ("GET", "/deployment/([^/]+)/resources/([^/]+)/data", FakeCamunda.data),
    ("GET", f"/{KIND}/key/([^/]+)", FakeCamunda.definition),
    ("GET", f"/{KIND}/([^/]+)/xml", FakeCamunda.xml),
    ("POST", "/process-definition/key/([^/]+)/start", FakeCamunda.start),
    ("POST", "/decision-definition/key/([^/]+)/evaluate", FakeCamunda.evaluate),
    ("GET", "/process-instance/count", FakeCamunda.count_instances),
    ("GET", "/process-instance/([^/]+)", FakeCamunda.instance),
    ("GET", "/process-instance/([^/]+)/variables", FakeCamunda.variables),
    ("GET", "/process-instance/([^/]+)/variables/([^/]+)/data", FakeCamunda.file_content),
    ("GET", "/execution/([^/]+)/localVariables/([^/]+)/data", FakeCamunda.file_content),
    ("GET", "/task", FakeCamunda.list_tasks),
    ("POST", "/task/([^/]+)/complete", FakeCamunda.complete_task),
    ("GET", "/external-task", FakeCamunda.list_external),
    ("POST", "/external-task/fetchAndLock", FakeCamunda.fetch),
    ("POST", "/external-task/([^/]+)/complete", FakeCamunda.complete),
    ("POST", "/external-task/([^/]+)/failure", FakeCamunda.fail),
    ("POST", "/external-task/([^/]+)/bpmnError", FakeCamunda.bpmn_error),
    ("POST", "/external-task/([^/]+)/extendLock", FakeCamunda.extend),
    ("POST", "/external-task/([^/]+)/unlock", FakeCamunda.unlock),
]


class _Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine: FakeCamunda

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        path = url.path.removeprefix("/engine-rest")
        self.engine.requests.append((self.command, path))
        try:
            self._authenticate()
            with self.engine.changed:
                result = self._route(
                    path, {"query": {k: v[0] for k, v in parse_qs(url.query).items()}} | self._body(content)
                )
                self.engine.changed.notify_all()
            status = 204 if result is None else 200
        except Refusal as refusal:
            status, result = refusal.status, refusal.body
        cut = next((word for word in self.engine.cut_answers_to if word in path), None)
        if cut is not None:
            self.engine.cut_answers_to.discard(cut)
            self.close_connection = True
            self.connection.close()
            return
        body = result if isinstance(result, bytes) else b"" if result is None else json.dumps(result).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def _authenticate(self) -> None:
        if self.engine.down:
            raise Refusal(503, "", "starting")
        if self.engine.user is None:
            return
        token = base64.b64encode(":".join(self.engine.user).encode()).decode()
        if self.headers.get("Authorization") != f"Basic {token}":
            raise Refusal(401, "", "")

    def _body(self, content: bytes) -> Row:
        kind = self.headers.get("Content-Type") or ""
        if not kind.startswith("multipart/"):
            return {"json": json.loads(content) if content else {}}
        message = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + content, policy=email.policy.HTTP)
        form: dict[str, str] = {}
        files: dict[str, bytes] = {}
        for part in message.iter_parts():
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            if part.get_filename():
                files[str(part.get_filename())] = payload
            else:
                form[str(part.get_param("name", header="content-disposition"))] = payload.decode()
        return {"form": form, "files": files}

    def _route(self, path: str, request: Row) -> Any:
        for method, pattern, handler in ROUTES:
            if method == self.command and (match := re.fullmatch(pattern, path)):
                return handler(self.engine, request, *(unquote(part) for part in match.groups()))
        raise Refusal(404, "NotFoundException", f"HTTP 404 Not Found: {path}")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up in the middle are part of the tests."""


@contextmanager
def fake_camunda(port: int = 0, engine: FakeCamunda | None = None) -> Iterator[tuple[str, FakeCamunda]]:
    """A running fake: its address and its state."""
    engine = engine or FakeCamunda()
    server = _Server(("127.0.0.1", port), type("Http", (_Http,), {"engine": engine}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", engine
    finally:
        engine.closing = True
        server.shutdown()
        server.server_close()
        thread.join()
