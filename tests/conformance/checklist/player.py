"""Plays a play on a server: each line is a request, and after what acts on instances comes what changed in their state.

    model NAME [attributes]            a file to deploy
    deploy NAME… [field=value…]        the keys deployed, or status, type and the elements to blame
    start KEY [VARIABLES] [key=KEY]    an instance; VARIABLES is a JSON object of plain or typed values
    complete|work NODE [VARIABLES]     a user task; an external task, locked before
    fault|escalate NODE CODE [VARIABLES]
    fail NODE RETRIES                  a worker reports a failure
    run NODE                           executes a job, due or not
    trigger NODE [VARIABLES]           signals the execution that stands there
    message|signal NAME [VARIABLES]
    set NAME JSON                      a variable of the last instance started
    see, history                       all state, all history
    METHOD PATH [BODY]                 any request, with the answer as it is

In paths and bodies `{instance}` is the instance started last, `{task NODE}`, `{external NODE}`, `{job NODE}` and
`{execution NODE}` what is at a node, `{definition KEY}` the latest one deployed, `{deployment}` the last deployment.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any
from urllib.parse import quote

from tests.camunda7.dialogues import player as dialogues
from tests.camunda7.dialogues.player import BOUNDARY, Transport, Turn
from tests.conformance import corpora
from tests.conformance.checklist.plays import Play, model

if str(corpora.HERE) not in sys.path:
    sys.path.insert(0, str(corpora.HERE))

from drive.deployment import _rejection
from drive.history import history
from drive.server import Reply, Server
from drive.state import Deployment, Handle, View, canonical, observe

WORKER = "checklist"
_NAMED = re.compile(r"\{(task|external|job|execution|definition) ([\w.:#-]+)\}")


class Through(Server):
    """A server behind a transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport, self._path, self.clocked = transport, "", False

    def _send(self, method: str, path: str, body: bytes | None, content: str) -> Reply:
        status, raw = self._transport(method, path, body, content if body is not None else None)
        try:
            return Reply(status, json.loads(raw) if raw else None)
        except ValueError:
            return Reply(status, raw.decode("utf-8", "replace"))


class Player(dialogues.Player):
    """Plays one play; keeps what it deployed and what it saw."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self._server = Through(transport)
        self._files: dict[str, bytes] = {}
        self._deployments: list[Deployment] = []
        self._seen: dict[str, list[Any]] = {}
        self._looked: View | None = None  # what was seen after the last action, until something else is asked for

    def say(self, turn: Turn) -> str:
        head, _, text = turn.request.partition("\n")
        verb, _, rest = head.partition(" ")
        if verb == "model":
            name, _, attributes = rest.strip().partition(" ")
            self._files[name] = model(name, attributes, text)
            return ""
        found = getattr(type(self), f"_{verb}", None) if verb.islower() else None
        if found is None:
            request = self._named(turn.request)
            self._looked = None
            return super().say(Turn(turn.line, request, turn.loose, turn.answer))
        return str(found(self, *_words(self._named(rest))))

    def close(self) -> None:
        """Removes what was deployed, with all that ran."""
        for deployment in self._deployments:
            asked = {"cascade": "true", "skipCustomListeners": "true", "skipIoMappings": "true"}
            self._server.delete(f"/deployment/{deployment.id}", **asked)

    # ------------------------------------------------------------ requests

    def _deploy(self, *words: str) -> str:
        fields = [word.split("=", 1) for word in words if "=" in word]
        names = [word for word in words if "=" not in word]
        parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields]
        for name in names:
            file = name if "." in name else f"{name}.bpmn"
            parts.append(f'name="{file}"; filename="{file}"\r\n\r\n'.encode() + self._files[name])
        if not any(name == "deployment-name" for name, _ in fields):
            parts.append(b'name="deployment-name"\r\n\r\nchecklist')
        head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
        body = b"".join(head + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()
        reply = self._server._send("POST", "/deployment/create", body, f"multipart/form-data; boundary={BOUNDARY}")
        if not reply.ok:
            told = _rejection(reply)
            problems = canonical(told["problems"]) if "problems" in told else ""
            return f"{told['status']} {told['type']} {problems}".strip()
        rows = list((reply.body.get("deployedProcessDefinitions") or {}).values())
        deployment = Deployment(reply.body["id"], {row["id"]: row["key"] for row in rows})
        for definition in deployment.definitions:
            jobs = self._server.get("/job-definition", processDefinitionId=definition).rows()
            deployment.job_definitions |= {job["id"]: job for job in jobs}
        self._deployments.append(deployment)
        self._looked = None
        self._kept["deployment"] = deployment.id
        decisions = (reply.body.get("deployedDecisionDefinitions") or {}).values()
        return f"{reply.status} {', '.join(sorted([row['key'] for row in (*rows, *decisions)]))}".strip()

    def _start(self, key: str, *words: str) -> str:
        body = _variables(words)
        for word in words:
            if word.startswith("key="):
                body["businessKey"] = word[4:]
        reply = self._server.post(f"/process-definition/key/{key}/start", body)
        if reply.ok:
            self._kept["instance"] = reply.body["id"]
        return self._told(reply)

    def _complete(self, node: str, *words: str) -> str:
        return self._told(self._server.post(f"/task/{self._at('task', node).ids['task']}/complete", _variables(words)))

    def _work(self, node: str, *words: str) -> str:
        body = _variables(words) | {"workerId": WORKER}
        return self._told(self._server.post(f"/external-task/{self._locked(node)}/complete", body))

    def _fail(self, node: str, retries: str) -> str:
        body = {"workerId": WORKER, "errorMessage": "failed", "retries": int(retries), "retryTimeout": 0}
        return self._told(self._server.post(f"/external-task/{self._locked(node)}/failure", body))

    def _fault(self, node: str, code: str, *words: str) -> str:
        body = _variables(words) | {"errorCode": code, "errorMessage": "why"}
        if any(handle.kind == "external" and _is_at(handle, node) for handle in self._view().handles):
            return self._told(
                self._server.post(f"/external-task/{self._locked(node)}/bpmnError", body | {"workerId": WORKER})
            )
        return self._told(self._server.post(f"/task/{self._at('task', node).ids['task']}/bpmnError", body))

    def _escalate(self, node: str, code: str, *words: str) -> str:
        body = _variables(words) | {"escalationCode": code}
        return self._told(self._server.post(f"/task/{self._at('task', node).ids['task']}/bpmnEscalation", body))

    def _run(self, node: str) -> str:
        return self._told(self._server.post(f"/job/{self._at('job', node).ids['job']}/execute"))

    def _trigger(self, node: str, *words: str) -> str:
        return self._told(self._server.post(f"/execution/{self._execution(node)}/signal", _variables(words)))

    def _message(self, name: str, *words: str) -> str:
        body = {"messageName": name, "processVariables": _variables(words).get("variables", {})}
        return self._told(self._server.post("/message", body))

    def _signal(self, name: str, *words: str) -> str:
        return self._told(self._server.post("/signal", _variables(words) | {"name": name}))

    def _set(self, name: str, value: str) -> str:
        body = _value(json.loads(value))
        return self._told(self._server.put(f"/process-instance/{self._kept['instance']}/variables/{quote(name)}", body))

    def _see(self) -> str:
        return canonical(self._view(again=True).parts)

    def _history(self) -> str:
        parts: dict[str, list[Any]] = {}
        for deployment in self._deployments:
            for name, rows in history(self._server, deployment).items():
                parts.setdefault(name, []).extend(rows)
        return canonical(parts)

    # ------------------------------------------------------------ what is where

    def _view(self, *, again: bool = False) -> View:
        if self._looked is not None and not again:
            return self._looked
        whole = View()
        for deployment in self._deployments:
            view = observe(self._server, deployment)
            for name, rows in view.parts.items():
                whole.parts.setdefault(name, []).extend(rows)
            whole.handles += view.handles
        self._looked = whole
        return whole

    def _told(self, reply: Reply) -> str:
        """The status, why it was refused, and what changed in the state."""
        parts = self._view(again=True).parts
        names = sorted(parts.keys() | self._seen.keys())
        changes = {name: parts.get(name, []) for name in names if parts.get(name, []) != self._seen.get(name, [])}
        self._seen = parts
        said = str(reply.status) if reply.ok else f"{reply.status} {reply.error()['type']}"
        return f"{said} {canonical(changes)}" if changes else said

    def _at(self, kind: str, node: str) -> Handle:
        for handle in self._view().handles:
            if (handle.kind == kind or handle.kind == f"failed {kind}") and _is_at(handle, node):
                return handle
        raise LookupError(f"no {kind} at {node}")

    def _locked(self, node: str) -> str:
        task = self._at("external", node).ids["task"]
        self._server.post(f"/external-task/{task}/lock", {"workerId": WORKER, "lockDuration": 100_000})
        return task

    def _execution(self, node: str) -> str:
        stack = [self._server.get(f"/process-instance/{self._kept['instance']}/activity-instances").body]
        while stack:
            at = stack.pop()
            if at["activityId"] == node:
                return str(at["executionIds"][0])
            stack += at["childActivityInstances"]
        raise LookupError(f"nothing at {node}")

    def _named(self, text: str) -> str:
        def found(match: re.Match[str]) -> str:
            kind, name = match[1], match[2]
            if kind == "execution":
                return self._execution(name)
            if kind == "definition":
                return str(self._server.get("/process-definition", key=name, latestVersion="true").rows()[0]["id"])
            return self._at(kind, name).ids[kind if kind == "job" else "task"]

        for name, value in self._kept.items():
            text = text.replace("{" + name + "}", value)
        return _NAMED.sub(found, text)


def differences(transport: Transport, play: Play) -> list[str]:
    """Where a server's answers are not the recorded ones."""
    found = []
    player = Player(transport)
    try:
        for turn in play.turns:
            said = player.say(turn)
            if turn.answer is not None and not dialogues.same(turn, said):
                found.append(
                    f"{play.file.name}:{turn.line} {turn.request}\n  here:    {said}\n  Camunda: {turn.answer}"
                )
    finally:
        player.close()
    return found


def _is_at(handle: Handle, node: str) -> bool:
    place = re.split("[/>]", handle.place)[-1]
    return node in (place, place.partition("[")[0])


def _words(text: str) -> list[str]:
    """Words parted by spaces; a JSON object or text is one word."""
    return [match[0] for match in re.finditer(r'\{.*\}|\[.*\]|"[^"]*"|\S+', text)]


def _variables(words: tuple[str, ...]) -> dict[str, Any]:
    for word in words:
        if word.startswith("{"):
            return {"variables": {name: _value(value) for name, value in json.loads(word).items()}}
    return {}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and "value" in value:
        return value
    if isinstance(value, (list, dict)):
        java = "java.util.ArrayList" if isinstance(value, list) else "java.util.LinkedHashMap"
        info = {"objectTypeName": java, "serializationDataFormat": "application/json"}
        return {"type": "Object", "value": json.dumps(value), "valueInfo": info}
    return {"value": value}
