"""Scripts in JavaScript: what they see, what they set, what they cannot do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from procession.engine import javascript
from procession.engine.javascript import run_javascript
from procession.errors import ExpressionFailed
from procession.kernel.throwing import BpmnError


class Execution:
    """A stand-in for `execution`, which writes down what is done to it."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.variables = dict(variables)
        self.done: list[tuple[str, list[Any]]] = []

    def get_property(self, name: str) -> Any:
        return {"id": "7", "businessKey": "order-1"}[name]

    def call_method(self, name: str, args: list[Any]) -> Any:
        if name in ("getVariables", "getVariablesLocal"):
            return self.variables
        self.done.append((name, args))
        return None


class Around:
    """A scope with an execution and nothing else."""

    def __init__(self, **variables: Any) -> None:
        self.execution = Execution(variables)

    def resolve(self, name: str) -> Any:
        return {"execution": self.execution}[name]

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def js(text: str, **variables: Any) -> Any:
    return run_javascript(text, Around(**variables))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 1", 2),
        ("1 / 2", 0.5),
        ("x * 2", 42),
        ("var y = x; y > 20 ? 'big' : 'small'", "big"),
        ("execution.getVariable('x')", 21),
        ("execution.getVariable('nothing')", None),
        ("execution.hasVariable('x')", True),
        ("execution.getProcessBusinessKey ? 1 : execution.getBusinessKey()", "order-1"),
        ("execution.businessKey", "order-1"),
        ("[1, 'a', null, {b: true}]", [1, "a", None, {"b": True}]),
        ("list.size() + list.get(0)", 3),
        ("'Ada'.equals(name)", True),
        ('S(\'{"a": {"b": [1, 2]}}\').prop("a").prop("b").elements().length', 2),
        ("JSON.parse('{\"a\": 1}').a", 1),
        ("when.getTime()", 1767225600000),
        ("new Date(0)", datetime(1970, 1, 1, tzinfo=UTC)),
        ("undefined", None),
        ("function f() {}; f", None),
    ],
)
def test_a_script_gives_the_value_of_its_last_statement(text: str, value: Any) -> None:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    assert js(text, x=21, list=[1, 2], name="Ada", when=when) == value


def test_what_a_script_sets_is_done_afterwards_in_its_order() -> None:
    around = Around(x=1)
    run_javascript(
        "execution.setVariable('x', x + 1); execution.setVariableLocal('y', [execution.getVariable('x')])", around
    )
    assert around.execution.done == [("setVariable", ["x", 2]), ("setVariableLocal", ["y", [2]])]


def test_a_script_throws_a_bpmn_error() -> None:
    with pytest.raises(BpmnError) as thrown:
        js("throw new org.camunda.bpm.engine.delegate.BpmnError('late', 'too late')")
    assert (thrown.value.code, thrown.value.message) == ("late", "too late")


@pytest.mark.parametrize(
    "text",
    [
        "nothing",
        "throw new Error('no')",
        "1 +",
        "java.lang.System.exit(1)",
        "require('fs')",
        "std.exit(1)",
    ],
)
def test_what_fails_or_does_not_exist_fails_the_script(text: str) -> None:
    with pytest.raises(ExpressionFailed, match="Unable to evaluate script"):
        js(text)


@pytest.mark.parametrize(
    "text", ["while (true) {}", "var a = []; while (true) a.push(new Array(1e6).fill(1))", "(function f() { f() })()"]
)
def test_time_memory_and_depth_are_limited(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript, "SECONDS", 0.2)
    with pytest.raises(ExpressionFailed):
        js(text)


def test_one_script_leaves_nothing_for_the_next() -> None:
    js("globalThis.secret = 1; Array.prototype.size = 1; JSON = null")
    assert js("typeof secret + [1].size()") == "undefined1"
