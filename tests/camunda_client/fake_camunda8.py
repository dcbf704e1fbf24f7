"""A very small Camunda 8 on loopback: real HTTP, real locks on jobs, a token endpoint, faults on demand; no engine behind it.

It answers in the documented shapes where the client's tests look. Tests that need an engine run on Procession's own /v2.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Row = dict[str, Any]
SECRET = "s3cr3t-of-the-client"
FIRST_KEY = 2251799813685249


class Refusal(Exception):
    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "instance": "/v2"}


class FakeCamunda8:
    """The state, and one method for each route."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.keys = FIRST_KEY
        self.jobs: dict[str, Row] = {}
        self.requests: list[tuple[str, str, Any]] = []
        self.connections = 0
        self.needs_token = False
        self.tokens: dict[str, float] = {}
        self.issued = 0
        self.token_life = 3600.0
        self.token_status = 200
        self.basic: str | None = None
        self.down = False
        self.closing = False
        self.faults: list[tuple[str, str]] = []
        """(what a path ends with, what goes wrong once): a status, `cut`, `half`, `malformed`, `lose`."""

    def key(self) -> str:
        self.keys += 1
        return str(self.keys)

    def add_job(self, job_type: str, variables: Row | None = None, retries: int = 3, **more: Any) -> str:
        with self.changed:
            key = self.key()
            self.jobs[key] = {
                "jobKey": key, "type": job_type, "variables": variables or {}, "retries": retries, "state": "CREATED",
                "until": 0.0, "processInstanceKey": self.key(), "processDefinitionKey": "2251799813685250",
                "processDefinitionId": "one", "processDefinitionVersion": 1, "elementId": "task",
                "elementInstanceKey": self.key(), "customHeaders": {}, "tenantId": "<default>", "outcome": None,
                "history": [],
            } | more  # fmt: skip
            self.changed.notify_all()
            return key

    def answer_polls(self) -> None:
        """From now on polls are answered at once, so that a worker need not wait for the last of them to stop."""
        with self.changed:
            self.closing = True
            self.changed.notify_all()

    # the routes

    def token(self, request: Row) -> Row:
        form = request["form"]
        if self.token_status != 200:
            raise Refusal(self.token_status, "error", f"no token for {form.get('client_secret')}")
        if form.get("client_secret") != SECRET:
            raise Refusal(401, "invalid_client", f"the secret {form.get('client_secret')} is wrong")
        self.issued += 1
        token = f"token-{self.issued}"
        self.tokens[token] = time.monotonic() + self.token_life
        return {"access_token": token, "expires_in": int(self.token_life), "token_type": "Bearer"}

    def topology(self, _: Row) -> Row:
        broker = {"nodeId": 0, "host": "127.0.0.1", "port": 26501, "version": "8.9.0"}
        broker |= {"partitions": [{"partitionId": 1, "role": "leader", "health": "healthy"}]}
        return {
            "brokers": [broker], "clusterId": "c", "clusterSize": 1, "partitionsCount": 1, "replicationFactor": 1,
            "gatewayVersion": "8.9.0", "lastCompletedChangeId": "-1",
        }  # fmt: skip

    def activation(self, request: Row) -> Row:
        body = request["json"]
        if not body.get("type") or not body.get("timeout") or not body.get("maxJobsToActivate"):
            raise Refusal(400, "INVALID_ARGUMENT", "No type, timeout or maxJobsToActivate provided.")
        wait = body.get("requestTimeout") or 10_000
        end = time.monotonic() + max(wait, 0) / 1000
        with self.changed:
            while True:
                now = time.monotonic()
                open_ = [
                    row for row in self.jobs.values()
                    if row["type"] == body["type"] and row["state"] == "CREATED" and row["until"] <= now and row["retries"] > 0
                ]  # fmt: skip
                if open_ or self.closing or self.down or now >= end:
                    break
                pending = [
                    row["until"] for row in self.jobs.values() if row["state"] == "CREATED" and row["until"] > now
                ]
                self.changed.wait(min([end, *pending]) - now)
            got = []
            for row in open_[: body["maxJobsToActivate"]]:
                row["until"] = time.monotonic() + body["timeout"] / 1000
                row["worker"] = body.get("worker", "")
                row["history"].append("activated")
                got.append(_shown(row, body))
            return {"jobs": got}

    def _job(self, key: str) -> Row:
        row = self.jobs.get(key)
        if row is None or row["state"] == "COMPLETED":
            raise Refusal(404, "NOT_FOUND", f"Command rejected with code 'NOT_FOUND': no such job {key}")
        if row["state"] != "CREATED" or row["retries"] <= 0:
            raise Refusal(
                409, "INVALID_STATE", f"Command rejected with code 'INVALID_STATE': the job is in state {row['state']}"
            )
        return row

    def completion(self, request: Row, key: str) -> None:
        row = self._job(key)
        row |= {"state": "COMPLETED", "outcome": ("completed", request["json"])}
        row["history"].append("completed")

    def failure(self, request: Row, key: str) -> None:
        row, body = self._job(key), request["json"]
        row |= {"retries": body.get("retries", 0), "outcome": ("failed", body)}
        row["variables"] = row["variables"] | (body.get("variables") or {})
        row["until"] = time.monotonic() + (body.get("retryBackOff") or 0) / 1000
        row["history"].append("failed")

    def error(self, request: Row, key: str) -> None:
        row = self._job(key)
        row |= {"state": "ERROR_THROWN", "outcome": ("error", request["json"])}
        row["history"].append("error")

    def patch_job(self, request: Row, key: str) -> None:
        row, changes = self._job(key), request["json"]["changeset"]
        if "retries" in changes:
            row["retries"] = changes["retries"]
        if changes.get("timeout"):
            row["until"] = time.monotonic() + changes["timeout"] / 1000
            row["history"].append(f"timeout {changes['timeout']}")

    def create(self, request: Row) -> Row:
        body = request["json"]
        return {
            "processDefinitionId": body.get("processDefinitionId") or "one", "processDefinitionVersion": 1,
            "tenantId": "<default>", "variables": body.get("variables", {}) if body.get("awaitCompletion") else {},
            "processDefinitionKey": "2251799813685250", "processInstanceKey": self.key(), "tags": [], "businessId": None,
        }  # fmt: skip

    def nothing(self, _: Row, *__: str) -> None:
        return None

    def publish(self, _: Row) -> Row:
        return {"tenantId": "<default>", "messageKey": self.key()}

    def correlate(self, request: Row) -> Row:
        if request["json"]["name"] == "nobody":
            raise Refusal(404, "NOT_FOUND", "Command 'CORRELATE' rejected with code 'NOT_FOUND': nobody waits")
        return {"tenantId": "<default>", "messageKey": self.key(), "processInstanceKey": self.key()}

    def signal(self, _: Row) -> Row:
        return {"tenantId": "<default>", "signalKey": self.key()}

    def search(self, request: Row, what: str) -> Row:
        """Three things on pages of two."""
        page = (request["json"] or {}).get("page", {})
        start = int(page.get("after") or 0)
        key = _key_name(what)
        rows = [{key: str(number), "name": f"n{number}", "value": '"v"'} for number in range(start, min(start + 2, 3))]
        end = str(start + len(rows)) if start + len(rows) < 3 else None
        return {
            "items": rows,
            "page": {"totalItems": 3, "startCursor": None, "endCursor": end, "hasMoreTotalItems": False},
        }


def _shown(row: Row, body: Row) -> Row:
    """A job as its worker sees it."""
    names = body.get("fetchVariable")
    variables = row["variables"]
    if names is not None:
        variables = {name: variables[name] for name in names if name in variables}
    hidden = ("state", "until", "outcome", "history")
    seen = {name: value for name, value in row.items() if name not in hidden}
    return seen | {"variables": variables, "deadline": int(time.time() * 1000) + body["timeout"]}


def _key_name(what: str) -> str:
    """`user-tasks` is found by `userTaskKey`."""
    first, *rest = what.removesuffix("s").split("-")
    return first + "".join(part.capitalize() for part in rest) + "Key"


_ROUTES: list[tuple[str, str, Callable[..., Any]]] = [
    ("POST", r"/oauth/token", FakeCamunda8.token),
    ("GET", r"/v2/topology", FakeCamunda8.topology),
    ("GET", r"/v2/status", FakeCamunda8.nothing),
    ("POST", r"/v2/jobs/activation", FakeCamunda8.activation),
    ("POST", r"/v2/jobs/([^/]+)/completion", FakeCamunda8.completion),
    ("POST", r"/v2/jobs/([^/]+)/failure", FakeCamunda8.failure),
    ("POST", r"/v2/jobs/([^/]+)/error", FakeCamunda8.error),
    ("PATCH", r"/v2/jobs/([^/]+)", FakeCamunda8.patch_job),
    ("POST", r"/v2/process-instances", FakeCamunda8.create),
    ("POST", r"/v2/process-instances/([^/]+)/(?:cancellation|migration|modification)", FakeCamunda8.nothing),
    ("POST", r"/v2/messages/publication", FakeCamunda8.publish),
    ("POST", r"/v2/messages/correlation", FakeCamunda8.correlate),
    ("POST", r"/v2/signals/broadcast", FakeCamunda8.signal),
    ("POST", r"/v2/([^/]+)/search", FakeCamunda8.search),
]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeCamunda8

    def log_message(self, *_: Any) -> None:
        return

    def setup(self) -> None:
        super().setup()
        self.fake.connections += 1

    def _serve(self) -> None:
        fake = self.fake
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        is_form = "urlencoded" in self.headers.get("Content-Type", "")
        request: Row = {"query": parse_qs(parts.query), "headers": dict(self.headers)}
        request["form"] = {k: v[0] for k, v in parse_qs(content.decode()).items()} if is_form else {}
        is_json = "json" in self.headers.get("Content-Type", "")
        request["json"] = json.loads(content) if content and is_json else None
        fake.requests.append((self.command, parts.path, request["json"] if is_json else request["form"]))
        fault = self._fault(parts.path)
        if fake.down or fault == "cut":
            self.close_connection = True
            return
        if fault and fault.isdigit():
            self._answer(int(fault), Refusal(int(fault), "RESOURCE_EXHAUSTED", "later").body)
            return
        try:
            if parts.path.startswith("/v2"):
                self._authorize()
            body = self._route(parts.path, request)
        except Refusal as refusal:
            self._answer(refusal.status, refusal.body)
            return
        if fault == "lose":
            self.close_connection = True
            return
        self._answer(200 if body is not None else 204, body, fault)

    def _fault(self, path: str) -> str | None:
        for item in self.fake.faults:
            if path.endswith(item[0]):
                self.fake.faults.remove(item)
                return item[1]
        return None

    def _authorize(self) -> None:
        given = self.headers.get("Authorization", "")
        if self.fake.basic is not None and given != self.fake.basic:
            raise Refusal(401, "Unauthorized", "who are you?")
        if self.fake.needs_token and self.fake.tokens.get(given.removeprefix("Bearer "), 0) < time.monotonic():
            raise Refusal(401, "Unauthorized", "this token is not (or no longer) good")

    def _route(self, path: str, request: Row) -> Any:
        for method, pattern, function in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                if function is FakeCamunda8.activation:
                    return function(self.fake, request)
                with self.fake.changed:
                    body = function(self.fake, request, *found.groups())
                    self.fake.changed.notify_all()
                    return body
        raise Refusal(404, "Not Found", f"no such path: {self.command} {path}")

    def _answer(self, status: int, body: Any, fault: str | None = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        if fault == "malformed":
            content = b'{"jobs": [' if content else b"<html>"
            status = 200
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        if status != 204:
            self.send_header("Content-Length", str(len(content) + (10 if fault == "half" else 0)))
        self.end_headers()
        self.wfile.write(content)
        if fault == "half":
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve


@contextmanager
def fake_camunda8(port: int = 0, state: FakeCamunda8 | None = None) -> Iterator[tuple[str, FakeCamunda8]]:
    """Its address, without `/v2`, and its state."""
    fake = state or FakeCamunda8()
    fake.closing = False
    handler = type("Handler", (_Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", fake
    finally:
        with fake.changed:
            fake.closing = True
            fake.changed.notify_all()
        server.shutdown()
        server.server_close()
        thread.join()


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Waits for something that another thread brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
