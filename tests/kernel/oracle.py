"""The same play on a real Camunda 7 over REST: tests of the kernel ask it with `CAMUNDA_ORACLE=http://…/engine-rest pytest …`.

It needs a server without a job executor. Timers are run by hand, whenever they are due; nothing here waits.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx

from procession.errors import ExecutionFailed
from tests.kernel.diagram import Diagram

WORKER = "w"


class CamundaPlay:
    """One test's processes on a Camunda 7 server; every test has process ids of its own."""

    on_kernel = False

    def __init__(self, address: str, diagrams: tuple[Diagram | str, ...]) -> None:
        self._http = httpx.Client(base_url=address, timeout=60)
        self._prefix = f"k{uuid4().hex[:12]}_"
        self.instance = ""
        files = {"deployment-name": (None, self._prefix)}
        for number, diagram in enumerate(diagrams):
            text = diagram if isinstance(diagram, str) else diagram.xml(self._prefix)
            files[f"f{number}"] = (f"f{number}.bpmn", text.encode(), "text/xml")  # type: ignore[assignment]
        deployment = self._ask("POST", "/deployment/create", files=files)["id"]
        weakref.finalize(self, _remove, self._http, deployment)
        self._files = [x for x in diagrams if isinstance(x, Diagram)]
        first = diagrams[0]
        assert isinstance(first, Diagram)
        self._first = self._prefix + first.process

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self._http.request(method, path, **more)
        if answer.status_code >= 400:
            raise ExecutionFailed(answer.json().get("message", answer.text), status=answer.status_code)
        return answer.json() if answer.content else None

    # ------------------------------------------------------------ commands

    def start(self, business_key: str | None = None, /, **variables: Any) -> CamundaPlay:
        body = {"variables": _written(variables), "businessKey": business_key}
        self.instance = self._ask("POST", f"/process-definition/key/{self._first}/start", json=body)["id"]
        return self

    def complete(self, node: str, **variables: Any) -> CamundaPlay:
        self._ask("POST", f"/task/{self._one('task', node)}/complete", json={"variables": _written(variables)})
        return self

    def work(self, node: str, local: Mapping[str, Any] | None = None, **variables: Any) -> CamundaPlay:
        body = {"workerId": WORKER, "variables": _written(variables), "localVariables": _written(local or {})}
        self._ask("POST", f"/external-task/{self._lock(node)}/complete", json=body)
        return self

    def fail(self, node: str, retries: int, message: str = "no") -> CamundaPlay:
        body = {"workerId": WORKER, "errorMessage": message, "retries": retries, "retryTimeout": 0}
        self._ask("POST", f"/external-task/{self._lock(node)}/failure", json=body)
        return self

    def throw(self, node: str, code: str, message: str | None = None, **variables: Any) -> CamundaPlay:
        body = {"errorCode": code, "errorMessage": message, "variables": _written(variables)}
        if any(x["activityId"] == node for x in self._all("external-task")):
            self._ask("POST", f"/external-task/{self._lock(node)}/bpmnError", json=body | {"workerId": WORKER})
        else:
            self._ask("POST", f"/task/{self._one('task', node)}/bpmnError", json=body)
        return self

    def run(self, node: str) -> CamundaPlay:
        job = self._job(node)["id"]
        try:
            self._ask("POST", f"/job/{job}/execute")
        except ExecutionFailed as fault:
            if "No job found" in fault.message or "suspended" in fault.message:
                raise
        return self

    def send(self, name: str, **variables: Any) -> CamundaPlay:
        found = [x for x in self._all("event-subscription") if x["eventName"] == name]
        if not found:
            raise ExecutionFailed(f"nobody waits for {name}")
        body = {"variables": _written(variables)}
        execution = found[0]["executionId"]
        self._ask("POST", f"/execution/{execution}/messageSubscriptions/{name}/trigger", json=body)
        return self

    def message_at(self, node: str) -> str:
        found = [x["eventName"] for x in self._all("event-subscription") if x["activityId"] == node]
        if not found:
            raise ExecutionFailed(f"no message at {node}")
        return str(found[0])

    def signal(self, node: str, **variables: Any) -> CamundaPlay:
        self._ask("POST", f"/execution/{self._execution(node)}/signal", json={"variables": _written(variables)})
        return self

    def modify(self, *instructions: str) -> CamundaPlay:
        asked = {"instructions": [_instruction(text) for text in instructions]}
        self._ask("POST", f"/process-instance/{self.instance}/modification", json=asked)
        return self

    def migrate(self, *moves: str) -> CamundaPlay:
        definitions = [
            self._ask("GET", f"/process-definition/key/{self._prefix}{x.process}")["id"] for x in self._files
        ]
        plan = {
            "sourceProcessDefinitionId": definitions[0],
            "targetProcessDefinitionId": definitions[1],
            "instructions": [
                {
                    "sourceActivityIds": move.rstrip("!").split()[:1],
                    "targetActivityIds": move.rstrip("!").split()[1:],
                    "updateEventTrigger": move.endswith("!"),
                }
                for move in moves
            ],
        }
        asked = {"migrationPlan": plan, "processInstanceIds": [self.instance]}
        self._ask("POST", "/migration/execute", json=asked)
        return self

    def start_at(self, *instructions: str) -> CamundaPlay:
        asked = {"startInstructions": [_instruction(text) for text in instructions]}
        self.instance = self._ask("POST", f"/process-definition/key/{self._first}/start", json=asked)["id"]
        return self

    def cancel(self) -> CamundaPlay:
        self._ask("DELETE", f"/process-instance/{self.instance}")
        return self

    def suspend(self, suspended: bool = True) -> CamundaPlay:
        self._ask("PUT", f"/process-instance/{self.instance}/suspended", json={"suspended": suspended})
        return self

    def set(self, node: str | None = None, **variables: Any) -> CamundaPlay:
        execution = self.instance if node is None else self._execution(node)
        self._ask("POST", f"/execution/{execution}/localVariables", json={"modifications": _written(variables)})
        return self

    def retry(self, node: str, retries: int = 1) -> CamundaPlay:
        found = [x for x in self._all("external-task") if x["activityId"] == node]
        path = f"/external-task/{found[0]['id']}/retries" if found else f"/job/{self._job(node)['id']}/retries"
        self._ask("PUT", path, json={"retries": retries})
        return self

    # ------------------------------------------------------------ finding

    def _instances(self) -> list[str]:
        asked = {"rootProcessInstanceId": self.instance}
        return [x["id"] for x in self._ask("GET", "/history/process-instance", params=asked)] if self.instance else []

    def _all(self, kind: str, **asked: str) -> list[dict[str, Any]]:
        found = []
        for instance in self._instances():
            found += self._ask("GET", f"/{kind}", params={"processInstanceId": instance} | asked)
        return found

    def _one(self, kind: str, node: str) -> str:
        key = "taskDefinitionKey" if kind == "task" else "activityId"
        asked = {"sortBy": "created", "sortOrder": "asc"} if kind == "task" else {}
        found = [x for x in self._all(kind, **asked) if x[key] == node]
        if not found:
            raise ExecutionFailed(f"no {kind} at {node}")
        return str(found[0]["id"])

    def _lock(self, node: str) -> str:
        task = self._one("external-task", node)
        self._ask("POST", f"/external-task/{task}/lock", json={"workerId": WORKER, "lockDuration": 100_000})
        return task

    def _execution(self, node: str) -> str:
        tree = self._ask("GET", f"/process-instance/{self.instance}/activity-instances")
        found: list[str] = []
        stack = [tree]
        while stack:
            at = stack.pop()
            stack += at["childActivityInstances"]
            if at["activityId"] == node:
                found += at["executionIds"]
        if not found:
            raise ExecutionFailed(f"nothing at {node}")
        return found[0]

    def _jobs(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for job in self._all("job"):
            definition = self._ask("GET", f"/job-definition/{job['jobDefinitionId']}")
            found.append((definition["activityId"], job))
        return sorted(found, key=lambda x: x[1]["createTime"])

    def _job(self, node: str) -> dict[str, Any]:
        found = [job for at, job in self._jobs() if at == node]
        if not found:
            raise ExecutionFailed(f"no job at {node}")
        return found[0]

    # ------------------------------------------------------------ what can be seen

    @property
    def waits(self) -> list[str]:
        found = [x["taskDefinitionKey"] for x in self._all("task")]
        found += [x["activityId"] for x in self._all("external-task")]
        found += [node for node, _ in self._jobs()]
        found += [x["activityId"] for x in self._all("event-subscription")]
        held = {x["executionId"] for x in self._all("event-subscription")}
        for x in self._all("history/activity-instance", activityType="receiveTask", unfinished="true"):
            if x["executionId"] not in held:
                found.append(x["activityId"])
        return sorted(found)

    @property
    def ended(self) -> bool:
        return not self._ask("GET", "/process-instance/count", params={"rootProcessInstanceId": self.instance})["count"]

    @property
    def empty(self) -> bool:
        return self.ended and not self.waits

    @property
    def path(self) -> list[str]:
        found = []
        for x in self._all("history/activity-instance"):
            mark = "!" if x["canceled"] else "" if x["endTime"] else "?"
            found.append(x["activityId"] + mark)
        return sorted(found)

    @property
    def variables(self) -> dict[str, Any]:
        found = {}
        asked = {"deserializeValues": "true", "sortBy": "variableName", "sortOrder": "asc"}
        for x in self._all("history/variable-instance", **asked):
            at = x["activityInstanceId"]
            node = "" if at == x["processInstanceId"] else at.rsplit(":", 1)[0] + "."
            value = x["value"]
            found[node + x["name"]] = value
        return found

    @property
    def incidents(self) -> list[str]:
        return sorted(f"{x['incidentType']} {x['activityId']}" for x in self._all("incident"))

    @property
    def states(self) -> list[str]:
        asked = {"rootProcessInstanceId": self.instance, "finished": "true", "sortBy": "endTime", "sortOrder": "asc"}
        return [x["state"] for x in self._ask("GET", "/history/process-instance", params=asked)]

    def retries(self, node: str) -> int | None:
        found = [x for x in self._all("external-task") if x["activityId"] == node]
        if found:
            retries: int | None = found[0]["retries"]
            return retries
        return int(self._job(node)["retries"])


def _remove(http: httpx.Client, deployment: str) -> None:
    http.request("DELETE", f"/deployment/{deployment}", params={"cascade": "true"})
    http.close()


def _instruction(text: str) -> dict[str, str]:
    where, node = text.split()
    types = {"before": "startBeforeActivity", "after": "startAfterActivity", "flow": "startTransition"}
    named = "transitionId" if where == "flow" else "activityId"
    return {"type": types.get(where, where), named: node}


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, (list, dict)):
            java = "java.util.ArrayList" if isinstance(value, list) else "java.util.LinkedHashMap"
            info = {"objectTypeName": java, "serializationDataFormat": "application/json"}
            found[name] = {"type": "Object", "value": json.dumps(value), "valueInfo": info}
        else:
            found[name] = {"value": value}
    return found
