"""Plays on a real Zeebe engine over gRPC, and its record stream: run by `streams --record` in an environment with grpcio.

    python recorder.py GATEWAY_PROTO GRPC_ADDRESS CONTROL_ADDRESS < plays.json > streams.json

The engine is the in-memory one of Zeebe's process test. `CONTROL_ADDRESS` answers `/records?after=POSITION` (records as JSON
lines), `/idle` and `/increase-time?ms=N`. This file imports nothing of the project.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.request
from importlib import import_module
from pathlib import Path
from typing import Any

INTENTS = ("ACTIVATING", "ACTIVATED", "COMPLETING", "COMPLETED", "TERMINATING", "TERMINATED")


class Engine:
    """The engine, spoken to step by step."""

    def __init__(self, proto: Path, address: str, control: str) -> None:
        grpc, protoc = import_module("grpc"), import_module("grpc_tools.protoc")
        where = tempfile.mkdtemp()
        options = [f"-I{proto.parent}", f"--python_out={where}", f"--grpc_python_out={where}", str(proto)]
        if protoc.main(["protoc", *options]):
            raise SystemExit(f"{proto} cannot be compiled")
        sys.path.insert(0, where)
        self._messages: Any = import_module(f"{proto.stem}_pb2")
        services = import_module(f"{proto.stem}_pb2_grpc")
        self._stub = services.GatewayStub(grpc.insecure_channel(address))
        self._control = control
        self._instance = 0
        self._position = -1

    def records(self, after: int) -> list[dict[str, Any]]:
        """Everything behind a position."""
        with urllib.request.urlopen(f"http://{self._control}/records?after={after}") as answer:
            return [json.loads(line) for line in answer.read().decode().splitlines()]

    def _calm(self) -> None:
        """Waits until nothing happens any more: the engine says that it is idle a little too early."""
        before = -2
        while (now := self._last()) != before:
            before = now
            urllib.request.urlopen(f"http://{self._control}/idle").close()
            time.sleep(0.1)

    def _last(self) -> int:
        self._position = max((record["position"] for record in self.records(self._position)), default=self._position)
        return self._position

    def deploy(self, models: list[list[str]]) -> None:
        """All models at once."""
        found = [self._messages.Resource(name=name, content=text.encode()) for name, text in models]
        self._stub.DeployResource(self._messages.DeployResourceRequest(resources=found))

    def settled(self) -> int:
        """The position of the last record, when nothing happens any more."""
        self._calm()
        return self._last()

    def do(self, step: list[Any]) -> None:
        """One step, and all that follows from it."""
        name, *given = step
        getattr(self, f"_{name}")(*given)
        self._calm()

    def _start(self, process: str, variables: dict[str, Any]) -> None:
        asked = self._messages.CreateProcessInstanceRequest(
            bpmnProcessId=process, version=-1, variables=json.dumps(variables)
        )
        self._instance = self._stub.CreateProcessInstance(asked).processInstanceKey

    def _job(self, kind: str) -> int:
        asked = self._messages.ActivateJobsRequest(
            type=kind, worker="w", timeout=60_000, maxJobsToActivate=1, requestTimeout=5000
        )
        return int(next(job.key for answer in self._stub.ActivateJobs(asked) for job in answer.jobs))

    def _work(self, kind: str, variables: dict[str, Any]) -> None:
        key = self._job(kind)
        self._stub.CompleteJob(self._messages.CompleteJobRequest(jobKey=key, variables=json.dumps(variables)))

    def _fail(self, kind: str, retries: int) -> None:
        self._stub.FailJob(self._messages.FailJobRequest(jobKey=self._job(kind), retries=retries))

    def _error(self, kind: str, code: str) -> None:
        self._stub.ThrowError(self._messages.ThrowErrorRequest(jobKey=self._job(kind), errorCode=code))

    def _publish(self, name: str, key: str, variables: dict[str, Any], ttl: int) -> None:
        self._stub.PublishMessage(
            self._messages.PublishMessageRequest(
                name=name, correlationKey=key, variables=json.dumps(variables), timeToLive=ttl
            )
        )

    def _signal(self, name: str, variables: dict[str, Any]) -> None:
        asked = self._messages.BroadcastSignalRequest(signalName=name, variables=json.dumps(variables))
        self._stub.BroadcastSignal(asked)

    def _time(self, milliseconds: int) -> None:
        urllib.request.urlopen(f"http://{self._control}/increase-time?ms={milliseconds}").close()
        self._calm()

    def _cancel(self) -> None:
        asked = self._messages.CancelProcessInstanceRequest(processInstanceKey=self._instance)
        self._stub.CancelProcessInstance(asked)

    def _set(self, variables: dict[str, Any]) -> None:
        asked = self._messages.SetVariablesRequest(elementInstanceKey=self._instance, variables=json.dumps(variables))
        self._stub.SetVariables(asked)

    def _resolve(self) -> None:
        key = max(x["key"] for x in self.records(-1) if x["valueType"] == "INCIDENT" and x["intent"] == "CREATED")
        self._stub.ResolveIncident(self._messages.ResolveIncidentRequest(incidentKey=key))

    def _modify(self, activated: list[str], terminated: list[str]) -> None:
        request = self._messages.ModifyProcessInstanceRequest
        keys = {x["value"]["elementId"]: x["key"] for x in self.records(-1) if x["valueType"] == "PROCESS_INSTANCE"}
        asked = request(
            processInstanceKey=self._instance,
            activateInstructions=[request.ActivateInstruction(elementId=name) for name in activated],
            terminateInstructions=[request.TerminateInstruction(elementInstanceKey=keys[name]) for name in terminated],
        )
        self._stub.ModifyProcessInstance(asked)


def stream(records: list[dict[str, Any]]) -> list[str]:
    """What becomes of elements, in order: `id type INTENT`."""
    found = []
    for record in records:
        if record["valueType"] == "PROCESS_INSTANCE" and record["recordType"] == "EVENT":
            value, intent = record["value"], record["intent"].removeprefix("ELEMENT_")
            if intent in INTENTS or intent == "SEQUENCE_FLOW_TAKEN":
                found.append(f"{value['elementId']} {value['bpmnElementType']} {intent}")
    return found


def main() -> None:
    """The command line."""
    proto, address, control = sys.argv[1:]
    engine, found = Engine(Path(proto), address, control), {}
    for play in json.load(sys.stdin):
        try:
            engine.deploy(play["models"])
            after = engine.settled()
            for step in play["steps"]:
                engine.do(step)
        except Exception as error:
            sys.stderr.write(f"{play['name']}: {error}\n")
            continue
        found[play["name"]] = stream(engine.records(after))
    json.dump(found, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
