"""The transfer's world: the local modeler, an empty PostgreSQL, virtual time, and the function as Lambda loads it."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from camunda_client.modeler.function import TransferFunction
from tests.modeler.local_modeler import LocalModeler

FOLDER = Path(__file__).resolve().parents[3] / "functions" / "camunda_transfer"
SERVICE = "123e4567-e89b-12d3-a456-426614174000"
BPMN = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d_{0}" targetNamespace="t">'
    '<process id="{0}" isExecutable="true"><startEvent id="start_{0}"/></process></definitions>'
)
FORM = '{"type": "default", "components": []}'


def database_environment(url: str) -> dict[str, str]:
    """The seed's variables for the database of a URL."""
    parts = conninfo_to_dict(url)
    names = {"host": "HOST", "port": "PORT", "dbname": "NAME", "user": "USER", "password": "PASSWORD"}
    return {f"DATABASE_{names[key]}": str(parts[key]) for key in names if key in parts} | (
        {} if parts.get("password") else {"DATABASE_PASSWORD": "not-asked-for"}
    )


def handler_module() -> ModuleType:
    """`lambda_function`, freshly loaded, as a new container does."""
    spec = importlib.util.spec_from_file_location("lambda_function", FOLDER / "lambda_function.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def event(subprocesses: int = 20, forms: int = 20, **more: Any) -> dict[str, Any]:
    """A request of 1 main model and so many others."""
    return {
        "serviceId": SERVICE,
        "serviceName": "Orders",
        "updatedBpmnXml": BPMN.format("main"),
        "subprocessBpmns": [
            {"name": f"sub-{number}.bpmn", "content": BPMN.format(f"p{number}")} for number in range(subprocesses)
        ],
        "forms": [{"name": f"form-{number}.form", "content": FORM} for number in range(forms)],
        **more,
    }


@dataclass
class Context:
    """What Lambda says of the time."""

    world: World
    ends: float

    def get_remaining_time_in_millis(self) -> int:
        return int((self.ends - self.world.modeler.time.seconds) * 1000)


class World:
    """Everything around the function. No dataclass: hypothesis would print all of it."""

    def __init__(self, modeler: LocalModeler, environment: dict[str, str], database: psycopg.Connection[Any]) -> None:
        self.modeler = modeler
        self.environment = environment
        self.database = database
        self.functions: list[TransferFunction] = []
        self.module = handler_module()

    def container(self, **environment: str) -> TransferFunction:
        """A new container: nothing kept from earlier events but the database and the modeler."""
        for gone in self.functions:
            gone.database.close()  # as the end of its container does
        made = TransferFunction({**self.environment, **environment}, self.modeler.time.clock, self.modeler.http())
        self.functions.append(made)
        vars(self.module)["_function"] = made
        return made

    def end(self) -> None:
        """Closes everything."""
        for function in self.functions:
            function.database.close()
            if function.http is not None:
                function.http.close()
        self.modeler.end()

    def invoke(self, what: Any, seconds: float = 60.0) -> tuple[int, dict[str, Any]]:
        """The status and the decoded body of one event to `lambda_function.lambda_handler`."""
        answer = self.module.lambda_handler(what, Context(self, self.modeler.time.seconds + seconds))
        assert answer["headers"]["Content-Type"] == "application/json"
        assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
        return answer["statusCode"], json.loads(answer["body"])

    def stamp(self, service: str = SERVICE) -> Any:
        """`last_camunda_transfer`."""
        row = self.database.execute(
            "SELECT last_camunda_transfer FROM manual_services WHERE id = %s", [service]
        ).fetchone()
        return row and row[0]

    def folders(self) -> list[str]:
        """The names of all folders."""
        project = self.modeler.store.projects()
        return [row["name"] for found in project for row in self.modeler.store.project_content(found["id"])[0]]
