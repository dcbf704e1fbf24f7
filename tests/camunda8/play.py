"""What a user of `/v2` does, in few words: deploy, start, work, search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from procession.engine.engine import Engine
from tests.server.calling import Caller

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="t">'
)


def extended(name: str, id_: str, extensions: str, inside: str = "", attributes: str = "") -> str:
    """An element with extensions."""
    return f'<{name} id="{id_}" {attributes}><extensionElements>{extensions}</extensionElements>{inside}</{name}>'


def job(id_: str, extensions: str = "", inside: str = "", attributes: str = "", type_: str | None = None) -> str:
    """A service task whose job has its id as type."""
    definition = f'<zeebe:taskDefinition type="{type_ or id_}"/>'
    return extended("serviceTask", id_, definition + extensions, inside, attributes)


def process(nodes: str, flows: str, roots: str = "", id_: str = "p", extensions: str = "") -> bytes:
    """A process; `flows` reads `s>a a>e`, a condition after a colon: `g>a:=x`."""
    lines = []
    for number, flow in enumerate(flows.split()):
        path, _, condition = flow.partition(":")
        source, target = path.split(">")
        text = condition.replace("&", "&amp;").replace("<", "&lt;").replace("~", " ")
        inner = f'<conditionExpression xsi:type="tFormalExpression">{text}</conditionExpression>' if condition else ""
        lines.append(f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>')
        place = nodes.find(f'<boundaryEvent id="{source}"')
        if place >= 0:
            # the real engine wants to be told at the boundary event itself
            after = nodes.index(">", place) + 1
            if nodes[after:].startswith("<extensionElements>"):
                after = nodes.index("</extensionElements>", after) + len("</extensionElements>")
            nodes = f"{nodes[:after]}<outgoing>f{number}</outgoing>{nodes[after:]}"
    own = f"<extensionElements>{extensions}</extensionElements>" if extensions else ""
    body = f'<process id="{id_}" isExecutable="true">{own}{nodes}{"".join(lines)}</process>'
    return f"{HEAD}{roots}{body}</definitions>".encode()


class Play:
    """One user at the API."""

    def __init__(self, engine: Engine, caller: Caller) -> None:
        self.engine = engine
        self._caller = caller
        self.instance = ""

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """One request below `/v2`."""
        if body is not None:
            options["json"] = body
        return self._caller.call(method, f"/v2{path}", **options)

    def got(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """The JSON of a request that succeeds; None for an answer without a body."""
        answer = self.ask(method or ("GET" if body is None else "POST"), path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        """Status, title and detail of a request that fails."""
        answer = self.ask(method, path, body)
        assert answer.is_error, answer.text
        found = answer.json()
        return answer.status_code, found["title"], found["detail"]

    def deploy(self, *models: bytes | Path, name: str = "m.bpmn") -> Any:
        """Deploys models, or files under their names."""
        files = [
            ("resources", (m.name, m.read_bytes()) if isinstance(m, Path) else (f"{i}{name}", m))
            for i, m in enumerate(models)
        ]
        answer = self.ask("POST", "/deployments", files=files)
        assert answer.is_success, answer.text
        return answer.json()

    def start(self, process_id: str = "p", **variables: Any) -> str:
        """Starts an instance; gives its key, which is the one that is looked at from then on."""
        created = self.got("/process-instances", {"processDefinitionId": process_id, "variables": variables})
        self.instance = created["processInstanceKey"]
        return self.instance

    def jobs(self, type_: str, most: int = 100) -> list[Any]:
        """Activates jobs, without waiting."""
        asked = {"type": type_, "timeout": 60_000, "maxJobsToActivate": most, "worker": "w", "requestTimeout": -1}
        found: list[Any] = self.got("/jobs/activation", asked)["jobs"]
        return found

    def work(self, type_: str, result: Any = None, **variables: Any) -> Any:
        """Does the only job of a type; gives it as it was."""
        (job_,) = self.jobs(type_)
        body: dict[str, Any] = {"variables": variables}
        if result is not None:
            body = {"result": result}
        self.got(f"/jobs/{job_['jobKey']}/completion", body)
        return job_

    def items(self, path: str, **filters: Any) -> list[Any]:
        """Everything that a search finds."""
        found: list[Any] = self.got(f"/{path}/search", {"filter": filters})["items"]
        return found

    @property
    def state(self) -> str:
        """The state of the instance."""
        found: str = self.got(f"/process-instances/{self.instance}")["state"]
        return found

    @property
    def variables(self) -> dict[str, str]:
        """The variables of the instance itself, as JSON texts."""
        found = self.items("variables", processInstanceKey=self.instance, scopeKey=self.instance)
        return {item["name"]: item["value"] for item in found}

    @property
    def active(self) -> list[str]:
        """Where the instance is: the ids of what is active in it, sorted."""
        found = self.items("element-instances", processInstanceKey=self.instance, state="ACTIVE")
        return sorted(item["elementId"] for item in found)

    @property
    def incidents(self) -> list[tuple[str, str]]:
        """Element and kind of the incidents that are open."""
        found = self.items("incidents", processInstanceKey=self.instance, state="ACTIVE")
        return [(item["elementId"], item["errorType"]) for item in found]

    def resolve(self) -> None:
        """Resolves the only open incident."""
        (found,) = self.items("incidents", processInstanceKey=self.instance, state="ACTIVE")
        self.got(f"/incidents/{found['incidentKey']}/resolution", {})

    def run_due(self, milliseconds: int) -> None:
        """Lets time go on, and what is due then happen."""
        now = int(self.engine.clock().timestamp() * 1000)
        self.got("/clock", {"timestamp": now + milliseconds}, "PUT")
        self.engine.jobs.run_due()
