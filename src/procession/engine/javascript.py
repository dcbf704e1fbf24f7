"""Scripts in JavaScript, run in QuickJS with limits of time, memory and stack: the extra `javascript`.

A script sees nothing of this program: variables go in as JSON, its result and what it set come out as JSON, and no call leads
back. It has `execution` and `task` with Camunda 7's methods, variables as globals, `S` and `JSON` of Spin in the part that
models use, and `org.camunda.bpm.engine.delegate.BpmnError`. Other Java classes do not exist.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib import resources, util
from typing import Any

from procession.errors import ExpressionFailed
from procession.expressions import Bean, Scope
from procession.kernel.throwing import BpmnError
from procession.kernel.variables import ConnectorBean

LANGUAGES = ("javascript", "ecmascript", "js", "graal.js", "nashorn")
SECONDS, MEMORY, STACK = 2, 64 << 20, 256 << 10
_EXECUTION = (
    "id", "activityInstanceId", "processInstanceId", "rootProcessInstanceId", "businessKey", "processBusinessKey",
    "processDefinitionId", "currentActivityId", "currentActivityName", "parentId", "tenantId", "eventName",
)  # fmt: skip
_TASK = (
    "id", "name", "description", "assignee", "owner", "priority", "dueDate", "followUpDate", "createTime",
    "taskDefinitionKey", "processInstanceId", "executionId", "tenantId", "eventName",
)  # fmt: skip


def available() -> bool:
    """True where the extra is installed."""
    return util.find_spec("quickjs") is not None


@cache
def _prelude() -> str:
    return resources.files("procession.engine").joinpath("javascript.js").read_text(encoding="utf-8")


def run_javascript(text: str, scope: Scope) -> Any:
    """The value of a script's last statement. Raises ExpressionFailed, or BpmnError where the script throws one."""
    import quickjs  # type: ignore[import-untyped]

    names = ("execution", "task", "connector")
    beans = {name: bean for name in names if (bean := _bean(scope, name)) is not None}
    context = quickjs.Context()
    context.set_memory_limit(MEMORY)
    context.set_max_stack_size(STACK)
    context.set_time_limit(SECONDS)
    try:
        context.eval(_prelude())
        given = json.dumps({"text": text, "beans": _seen(beans)}, default=_plain)
        answer = json.loads(context.eval(f"__run({json.dumps(given)})"))
    except quickjs.JSException as error:
        raise ExpressionFailed(f"Unable to evaluate script: {str(error).strip()}", text) from None
    for target, method, *arguments in answer["effects"]:
        beans[target].call_method(method, [_value(one) for one in arguments])
    if answer.get("bpmnError"):
        raise BpmnError(answer["bpmnError"][0], answer["bpmnError"][1])
    if "failure" in answer:
        raise ExpressionFailed(f"Unable to evaluate script: {answer['failure']}", text)
    return _value(answer["value"])


def _bean(scope: Scope, name: str) -> Bean | None:
    try:
        found = scope.resolve(name)
    except KeyError:
        return None
    if name == "connector":  # a name that a variable or a registered bean may have as well
        return found if isinstance(found, ConnectorBean) else None
    return found if isinstance(found, Bean) else None


def _seen(beans: dict[str, Bean]) -> dict[str, Any]:
    return {
        name: {
            "properties": _properties(bean, _EXECUTION if name == "execution" else _TASK),
            "variables": bean.call_method("getVariables", []),
            "local": bean.call_method("getVariablesLocal", []),
        }
        for name, bean in beans.items()
    }


def _properties(bean: Bean, names: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for name in names:
        try:
            found[name] = bean.get_property(name)
        except KeyError:
            continue
    return found


def _plain(value: Any) -> Any:
    """What JSON does not know: dates by their milliseconds; what a script cannot see is undefined text."""
    if isinstance(value, datetime):
        return {"$date": int(value.timestamp() * 1000)}
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, tuple):
        return list(value)
    return str(value)


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return [_value(one) for one in value]
    if isinstance(value, dict):
        if set(value) == {"$date"}:
            return datetime.fromtimestamp(value["$date"] / 1000, UTC)
        return {name: _value(one) for name, one in value.items()}
    return value
