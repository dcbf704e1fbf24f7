"""The variables and beans that the recorded answers of Camunda 7.24 were evaluated with (`data/camunda.tsv`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from procession.expressions import BeanOf
from procession.values import JsonValue, Long, Short, XmlValue

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def variables() -> dict[str, Any]:
    """A fresh set, so that tests can prove that nothing was changed."""
    nested = {"a": 1, "b": {"c": "x"}, "first-name": "Z"}
    return {
        "i": 5,
        "l": Long(7),
        "sh": Short(3),
        "d": 2.5,
        "s": "abc",
        "b": True,
        "f": False,
        "n": None,
        "num": "12",
        "es": "",
        "list": [1, 2, 3],
        "map": nested,
        "el": [],
        "em": {},
        "dt": NOW,
        "x": "xx",
        "names": ["ann", "bob"],
        "big": Long(3_000_000_000),
        "json": JsonValue('{"a":1,"b":{"c":"x"},"e":[1,2.5,"t",null,true],"n":null}'),
        "xml": XmlValue('<o id="7"><i>q</i></o>'),
        "nan": float("nan"),
        "d3": 3.0,
        "dbig": 1.0e10,
    }


@dataclass
class ProcessScope:
    """What an execution and a task let expressions see, as far as the tests need it."""

    values: dict[str, Any] = field(default_factory=variables)
    user: str | None = "demo"

    def resolve(self, name: str) -> Any:
        return {**self.values, **self.beans}[name]

    def now(self) -> datetime:
        return NOW

    @cached_property
    def beans(self) -> dict[str, Any]:
        properties = {
            "id": "4",
            "processInstanceId": "4",
            "processBusinessKey": "bk",
            "currentActivityId": "t",
            "currentActivityName": None,
            "tenantId": None,
            "variables": self.values,
        }
        methods = {
            "getVariable": lambda name: self.values.get(name),
            "hasVariable": lambda name: name in self.values,
            "getBusinessKey": lambda: "bk",
            "toString": lambda: "ProcessInstance[4]",
        }
        execution = BeanOf(properties, methods)
        task = BeanOf(
            {
                "name": "The task",
                "assignee": None,
                "priority": 50,
                "taskDefinitionKey": "t",
                "execution": execution,
            },
            {"getVariable": lambda name: self.values.get(name)},
        )
        return {
            "execution": BeanOf({**properties, "processInstance": execution}, methods),
            "task": task,
            "authenticatedUserId": self.user,
            "authenticatedGroupIds": ["g1", "g2"],
        }
