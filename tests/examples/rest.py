"""What the tests of this room say to a server."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
INSURANCE = Path(__file__).resolve().parents[2] / "examples" / "insurance"


@dataclass(frozen=True)
class Server:
    """A server that speaks Camunda 7's REST API; `root` is its address without /engine-rest."""

    root: str

    @property
    def rest(self) -> str:
        return f"{self.root}/engine-rest"

    def ask(self, method: str, path: str, status: int | None = None, **arguments: Any) -> Any:
        """The decoded answer; asserts `status`, or that it is no error."""
        answer = httpx.request(method, f"{self.rest}{path}", timeout=30, **arguments)
        wanted = answer.is_success if status is None else answer.status_code == status
        assert wanted, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def deploy(self, name: str, *files: Path) -> Any:
        return self.ask(
            "POST",
            "/deployment/create",
            data={"deployment-name": name, "enable-duplicate-filtering": "true", "deploy-changed-only": "true"},
            files=[(path.name, (path.name, path.read_bytes())) for path in files],
        )

    def deploy_text(self, file_name: str, text: str, status: int | None = None) -> Any:
        fields = {"deployment-name": file_name}
        files = {file_name: (file_name, text.encode())}
        return self.ask("POST", "/deployment/create", status, data=fields, files=files)

    def start(self, process: str, variables: dict[str, Any] | None = None, status: int | None = None) -> Any:
        body = {"businessKey": fresh("key"), "variables": {k: {"value": v} for k, v in (variables or {}).items()}}
        return self.ask("POST", f"/process-definition/key/{process}/start", status, json=body)

    def fetch(self, topic: str, instance: str, worker: str = "test", lock: int = 60_000) -> Any:
        """Fetches and locks the external tasks of one instance."""
        definition = self.ask("GET", f"/process-instance/{instance}")["definitionId"]
        limits = {"topicName": topic, "lockDuration": lock, "processDefinitionId": definition}
        found = self.ask("POST", "/external-task/fetchAndLock", json=_fetch(worker, limits))
        return [task for task in found if task["processInstanceId"] == instance]


def fresh(word: str) -> str:
    """A name nobody else uses."""
    return f"{word}_{uuid.uuid4().hex[:10]}"


def eventually(look: Callable[[], T], seconds: float = 20.0) -> T:
    """What `look` finds as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)
    return found


def process(key: str, body: str) -> str:
    """A process model around `body`, whose elements bear the prefix `bpmn`."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="test">
  <bpmn:process id="{key}" isExecutable="true" camunda:historyTimeToLive="1">{body}</bpmn:process>
</bpmn:definitions>"""


def _fetch(worker: str, topic: dict[str, Any]) -> dict[str, Any]:
    return {"workerId": worker, "maxTasks": 100, "topics": [topic]}
