"""Runs the applications on a server through Camunda 7's REST API and says what became of each.

This file does not know which server it talks to, nor who serves the external tasks.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from applications import APPLICATIONS, Application, CompleteTask, LetTimePass, SendDocuments, Step

MODELS = Path(__file__).resolve().parent / "camunda"
PROCESS = "insurance_process"
ENDS = ("PolicyIssued", "ApplicationRejected", "ApplicationReturned")
FACTS_OF_INTEREST = ("riskGroup", "premium", "staff", "decision", "policyNumber", "rejectionReason", "documentError")
UNSEEN = ("Gateway", "startEvent", "sequenceFlow", "EndEvent", "noneEndEvent", "subProcess")
PAUSE = 0.25


@dataclass
class Account:
    """What became of one application."""

    application: Application
    business_key: str
    instance_id: str
    state: str = "ACTIVE"
    end: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def surprises(self) -> list[str]:
        """Every point in which it ended otherwise than it has to."""
        wanted = self.application
        found = [
            ("state", "COMPLETED", self.state),
            ("end event", wanted.end, self.end),
            ("decision", wanted.decision, self.variables.get("decision")),
            ("risk group", wanted.risk_group, self.variables.get("riskGroup")),
            ("steps", len(wanted.steps), len(self.said)),
        ]
        return [f"{what}: {got!r} instead of {want!r}" for what, want, got in found if want != got]

    def comparable(self) -> dict[str, Any]:
        """What has to be equal on every server."""
        return {"state": self.state, "end": self.end, **self.variables, "path": sorted(self.path)}


class Story:
    """One run of all applications. `client`'s base address is the REST API's root; `tell` hears what happens."""

    def __init__(self, client: httpx.Client, tell: Callable[[str, str], None], patience: float = 90.0) -> None:
        self.client = client
        self.tell = tell
        self.patience = patience

    def deploy(self) -> str:
        """Deploys the three models, and nothing where they are there already. Returns the deployment's id."""
        files = [(path.name, (path.name, path.read_bytes())) for path in sorted(MODELS.glob("*.*mn"))]
        fields = {
            "deployment-name": "insurance",
            "deployment-source": "demo",
            "enable-duplicate-filtering": "true",
            "deploy-changed-only": "true",
        }
        return str(self._call("POST", "/deployment/create", data=fields, files=files)["id"])

    def run(self, run: str) -> list[Account]:
        """Submits the applications and acts for the people until each has ended. `run` makes business keys unique.

        Raises TimeoutError where one has not ended when patience has.
        """
        accounts = [self._submit(run, number, one) for number, one in enumerate(APPLICATIONS, 1)]
        waiting = {account.instance_id: list(account.application.steps) for account in accounts}
        deadline = time.monotonic() + self.patience
        open_accounts = list(accounts)
        while open_accounts:
            for account in open_accounts:
                steps = waiting[account.instance_id]
                if steps and self._try(account, steps[0]):
                    step = steps.pop(0)
                    account.said.append(step.said)
                    self.tell(account.application.applicant, step.said)
                elif not steps and self._ended(account):
                    self._read(account)
                    self.tell(account.application.applicant, f"ends at “{account.end}”")
            open_accounts = [account for account in open_accounts if account.state == "ACTIVE"]
            if open_accounts and time.monotonic() > deadline:
                names = ", ".join(account.application.applicant for account in open_accounts)
                raise TimeoutError(f"not ended after {self.patience:.0f} s: {names}; {self._trouble()}")
            time.sleep(PAUSE if open_accounts else 0)
        return accounts

    def _submit(self, run: str, number: int, application: Application) -> Account:
        key = f"{run}-{number:02}"
        first, last = application.applicant.lower().split()
        facts = {
            "applicantName": application.applicant,
            "applicantEmail": f"{first}@{last}.example",
        } | application.facts
        body = {"businessKey": key, "variables": {name: {"value": value} for name, value in facts.items()}}
        started = self._call("POST", f"/process-definition/key/{PROCESS}/start", json=body)
        return Account(application, key, started["id"])

    def _try(self, account: Account, step: Step) -> bool:
        """Does the step if its time has come."""
        match step:
            case CompleteTask(task=key, variables=variables):
                query = {"processInstanceId": account.instance_id, "taskDefinitionKey": key}
                tasks = self._call("GET", "/task", params=query)
                if not tasks:
                    return False
                task = tasks[0]["id"]
                self._call("POST", f"/task/{task}/claim", json={"userId": "demo"})
                body = {"variables": {name: {"value": value} for name, value in variables.items()}}
                self._call("POST", f"/task/{task}/complete", json=body)
            case SendDocuments(documents=documents):
                message = {
                    "messageName": "documents-received",
                    "businessKey": account.business_key,
                    "processVariables": {"documents": {"value": documents}},
                }
                answer = self.client.post("/message", json=message)
                if answer.status_code == 400:  # nothing waits for it yet
                    return False
                answer.raise_for_status()
            case LetTimePass(activity=activity):
                query = {"processInstanceId": account.instance_id, "activityId": activity}
                jobs = self._call("GET", "/job", params=query)
                if not jobs:
                    return False
                self._call("POST", f"/job/{jobs[0]['id']}/execute", json={})
        return True

    def _ended(self, account: Account) -> bool:
        found = self._call("GET", f"/history/process-instance/{account.instance_id}")
        if found["endTime"] is None:
            return False
        account.state = found["state"]
        return True

    def _read(self, account: Account) -> None:
        query = {"processInstanceId": account.instance_id}
        for variable in self._call("GET", "/history/variable-instance", params=query):
            if variable["name"] in FACTS_OF_INTEREST:
                account.variables[variable["name"]] = variable["value"]
        order = {"sortBy": "startTime", "sortOrder": "asc"}
        called = self._call("GET", "/history/process-instance", params={"superProcessInstanceId": account.instance_id})
        instances = [account.instance_id, *(one["id"] for one in called)]
        steps = itertools.chain.from_iterable(
            self._call("GET", "/history/activity-instance", params={"processInstanceId": one, **order})
            for one in instances
        )
        for step in sorted(steps, key=_moment):
            if step["activityId"] in ENDS:
                account.end = step["activityId"]
            elif step["activityName"] and not step["canceled"] and not step["activityType"].endswith(UNSEEN):
                account.path.append(step["activityName"])

    def _trouble(self) -> str:
        """Open incidents and external tasks nobody has taken, in a line, for who must find out what is wrong."""
        incidents = [f"{one['activityId']}: {one['incidentMessage']}" for one in self._call("GET", "/incident")]
        topics = sorted({one["topicName"] for one in self._call("GET", "/external-task")})
        return f"incidents: {incidents or 'none'}; open external tasks: {topics or 'none'}"

    def _call(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self.client.request(method, path, **arguments)
        if answer.is_error:
            raise httpx.HTTPStatusError(
                f"{method} {path}: {answer.status_code} {answer.text[:500]}", request=answer.request, response=answer
            )
        return answer.json() if answer.content else None


def _moment(step: dict[str, Any]) -> tuple[str, bool]:
    """Activities in order; of those that began in one millisecond the event comes before what follows from it."""
    return step["startTime"], not step["activityType"].startswith("boundary")
