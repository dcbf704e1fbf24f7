"""Reading and setting variables along the scopes: inner shadows outer, setting goes to the scope that has it, else the root.

`Sight` is what an expression sees at a scope. What an expression sets (`execution.setVariable`) is recorded in it and
emitted after the work item's evaluation, so that a failing expression leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from msgspec.structs import replace

from procession.bpmn.activity_types import waits_as_scope
from procession.bpmn.model import (
    ExclusiveGateway,
    InclusiveGateway,
    ParallelGateway,
    PassTask,
    StartEvent,
    UserTask,
    WorkTask,
)
from procession.errors import ExecutionFailed, Invalid, Missing
from procession.kernel.events import Event, TaskChanged, VariableRemoved, VariableSet
from procession.kernel.records import Element, Instance, Life, Task, Variable
from procession.kernel.state import View
from procession.kernel.world import World
from procession.values import Long, ObjectValue, TypedValue, type_of

MAX_NAME = 4000


class Emitter(Protocol):
    """What these functions need of a step."""

    @property
    def view(self) -> View: ...
    @property
    def world(self) -> World: ...
    @property
    def listening(self) -> str | None: ...
    @property
    def deletion(self) -> str | None: ...
    def emit(self, event: Event) -> None: ...


def typed(value: Any) -> TypedValue:
    """A plain value with the type that Camunda 7 would infer for it."""
    if isinstance(value, TypedValue):
        return value
    value = _without_decimals(value)
    kind = type_of(value)
    if kind == "Object" and not isinstance(value, ObjectValue):
        name = {"list": "java.util.ArrayList", "tuple": "java.util.ArrayList", "dict": "java.util.LinkedHashMap"}
        java = name.get(type(value).__name__, "java.lang.Object")
        info = {"objectTypeName": java, "serializationDataFormat": "application/json"}
        return TypedValue("Object", value, info)
    return TypedValue(kind, value)


def _without_decimals(value: Any) -> Any:
    """Decimals as Camunda's numbers, inside of lists and maps too."""
    if isinstance(value, Decimal):
        return float(value) if value % 1 else Long(int(value))
    if isinstance(value, (list, tuple)) and any(isinstance(one, (Decimal, list, tuple, dict)) for one in value):
        return [_without_decimals(one) for one in value]
    if isinstance(value, dict) and any(isinstance(one, (Decimal, list, tuple, dict)) for one in value.values()):
        return {name: _without_decimals(one) for name, one in value.items()}
    return value


def placed(base: Any, path: tuple[str, ...], value: Any) -> Any:
    """A map like `base` (an empty one where it is none) with a value at a path of names."""
    found = dict(base) if isinstance(base, Mapping) else {}
    name, *rest = path
    found[name] = placed(found.get(name), tuple(rest), value) if rest else value
    return found


def scopes_of(view: View, scope: int) -> list[int]:
    """The scopes from one outwards to the root: a task, its element, the elements around it."""
    found: list[int] = []
    task = view.get(Task, scope)
    if task is not None:
        found.append(scope)
        if task.element is None:
            return found
        scope = task.element
    current: int | None = scope
    while current is not None:
        found.append(current)
        current = view.need(Element, current).parent
    return found


def find_variable(view: View, scope: int, name: str) -> Variable | None:
    """The innermost variable of that name that a scope sees."""
    for key in scopes_of(view, scope):
        variable = view.variable(key, name)
        if variable is not None:
            return variable
    return None


def visible(view: View, scope: int) -> dict[str, Variable]:
    """All variables that a scope sees."""
    found: dict[str, Variable] = {}
    for key in reversed(scopes_of(view, scope)):
        found.update(view.variables(key))
    return found


def set_variables(step: Emitter, scope: int, values: Mapping[str, TypedValue], *, local: bool = False) -> None:
    """Sets variables from `scope` outwards, or in it alone where `local`."""
    for name, value in values.items():
        set_variable(step, scope, name, value, local=local)


def set_variable(
    step: Emitter,
    scope: int,
    name: str,
    value: TypedValue,
    *,
    local: bool = False,
    initial: bool = False,
    place: int | None = None,
) -> None:
    """Sets one variable; see `set_variables`. `place` is the element at which history shows it, if not its scope.

    Raises Invalid for a name that cannot be one, ExecutionFailed where one of the values is transient and one is not.
    """
    if not name or len(name) > MAX_NAME or "\x00" in name:
        raise Invalid(f"A variable cannot have the name '{name[:50]}': it must have 1 to {MAX_NAME} characters")
    view = step.view
    chain = [scope] if local else scopes_of(view, scope)
    home = chain[-1]
    existing = None
    for key in chain:
        existing = view.variable(key, name)
        if existing is not None:
            home = key
            break
    if existing is not None:
        if existing.transient is not value.transient:
            raise ExecutionFailed(
                f"ENGINE-17006 Cannot set transient variable with name {name} to non-transient variable and vice versa."
            )
        variable = Variable(
            existing.key, existing.instance, home, name, value.type, value.value, value.info,
            existing.task, existing.definition, existing.tenant, existing.revision + 1, value.transient,
        )  # fmt: skip
    else:
        task = view.get(Task, home)
        element = view.get(Element, home) if task is None else None
        if task is None and element is None:
            raise Missing(f"There is no execution or task {home}")
        instance_key = task.instance if task is not None else element.instance if element is not None else None
        instance = None if instance_key is None else view.need(Instance, instance_key)
        variable = Variable(
            step.world.new_key(), instance_key, home, name, value.type, value.value, value.info,
            None if task is None else task.key,
            None if instance is None else instance.definition,
            instance.tenant if instance is not None else task.tenant if task is not None else None,
            transient=value.transient,
        )  # fmt: skip
    activity = scope if view.get(Task, scope) is None else None
    step.emit(VariableSet(variable, created=existing is None, activity=activity, initial=initial, place=place))


def remove_variables(step: Emitter, scope: int, names: tuple[str, ...], *, local: bool = False) -> None:
    """Deletes variables where they are found from `scope` outwards; a missing one is no error."""
    for name in names:
        found = step.view.variable(scope, name) if local else find_variable(step.view, scope, name)
        if found is not None:
            step.emit(VariableRemoved(found.key, found.scope, name, scope))


class Sight:
    """What an expression sees at a scope: the execution, the task, variables, then registered beans."""

    def __init__(
        self, step: Emitter, scope: int, extras: Mapping[str, Any] | None = None, *, objects: bool = True
    ) -> None:
        self._objects = objects
        self._step = step
        self._scope = scope
        self._extras = extras or {}
        self._recorded: list[Callable[[], None]] = []
        self._pending: dict[str, Any] = {}
        self._chain: list[int] | None = None

    def resolve(self, name: str) -> Any:
        """Variables win over beans; `execution` and `task` win over variables, as in Camunda 7."""
        if name in self._pending:
            return self._pending[name]
        if name in self._extras:
            return self._extras[name]
        if name == "execution" and self._objects:
            return ExecutionBean(self)
        view = self._step.view
        if self._chain is None:
            self._chain = scopes_of(view, self._scope)
        for key in self._chain:
            variable = view.variable(key, name)
            if variable is not None:
                return variable.value
        if not self._objects:
            return self._step.world.shared(name)
        if name == "task":
            task = self._task()
            if task is not None:
                return TaskBean(self, task)
        if name == "authenticatedUserId":
            return self._step.world.user
        return self._step.world.bean(name)

    def now(self) -> datetime:
        return self._step.world.now

    def flush(self) -> None:
        """Emits what the expression set."""
        recorded, self._recorded = self._recorded, []
        self._pending = {}
        for effect in recorded:
            effect()

    def elsewhere(self, scope: int) -> Sight:
        """What is seen at another scope; what is set there is emitted together with what is set here."""
        found = Sight(self._step, scope)
        found._recorded = self._recorded
        return found

    # what the beans use

    @property
    def view(self) -> View:
        return self._step.view

    @property
    def world(self) -> World:
        return self._step.world

    @property
    def scope(self) -> int:
        return self._scope

    @property
    def event(self) -> str | None:
        """What the listener at work hears of; None outside of listeners."""
        return self._step.listening

    @property
    def deletion(self) -> str | None:
        """Why the task goes whose listener hears of it."""
        return self._step.deletion

    def flow(self) -> str | None:
        """The flow that a listener hears is taken."""
        element = self.element() if self.event == "take" else None
        return None if element is None else element.flow

    def element(self) -> Element | None:
        task = self.view.get(Task, self._scope)
        key = self._scope if task is None else task.element
        return None if key is None else self.view.get(Element, key)

    def record_set(self, name: str, value: Any, *, local: bool) -> None:
        self._pending[name] = value
        scope = self._lent() if local else self._scope
        self._recorded.append(lambda: set_variable(self._step, scope, name, typed(value), local=local))

    def _lent(self) -> int:
        """Where a local variable goes: a simple activity that is alone has its scope's execution in Camunda 7."""
        element = self.view.get(Element, self._scope)
        if element is None or element.parent is None or element.loop_counter is not None:
            return self._scope
        process = self.world.process(self.view.need(Instance, element.instance).definition)
        node = process.nodes.get(element.node)
        alone = self.view.need(Element, element.parent).children == 1
        own = node is None or node.id in process.boundaries or node.traits.inputs or node.traits.outputs
        if not alone or own or not isinstance(node, _LENT) or waits_as_scope(node):
            return self._scope
        return element.parent if process.policies.engine_objects else self._scope

    def record_remove(self, name: str, *, local: bool) -> None:
        self._pending.pop(name, None)
        self._recorded.append(lambda: remove_variables(self._step, self._scope, (name,), local=local))

    def record(self, effect: Callable[[], None]) -> None:
        self._recorded.append(effect)

    def emit(self, event: Event) -> None:
        self._step.emit(event)

    def plain_variables(self, *, local: bool = False) -> dict[str, Any]:
        found = self.view.variables(self._scope) if local else visible(self.view, self._scope)
        return {name: v.value for name, v in found.items()} | self._pending

    def _task(self) -> Task | None:
        return self.view.get(Task, self._scope)


_LENT = (UserTask, WorkTask, PassTask, ExclusiveGateway, ParallelGateway, InclusiveGateway, StartEvent)


class _VariableScopeBean:
    """The methods that executions and tasks share."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def get_property(self, name: str) -> Any:
        raise KeyError(name)

    def call_method(self, name: str, args: list[Any]) -> Any:
        sight = self._sight
        match name, args:
            case ("getVariable", [str(key)]):
                return sight.plain_variables().get(key)
            case ("getVariableLocal", [str(key)]):
                return sight.plain_variables(local=True).get(key)
            case ("hasVariable", [str(key)]):
                return key in sight.plain_variables()
            case ("hasVariableLocal", [str(key)]):
                return key in sight.plain_variables(local=True)
            case ("getVariables", []):
                return sight.plain_variables()
            case ("getVariablesLocal", []):
                return sight.plain_variables(local=True)
            case ("getVariableNames", []):
                return list(sight.plain_variables())
            case ("setVariable", [str(key), value]):
                return sight.record_set(key, value, local=False)
            case ("setVariableLocal", [str(key), value]):
                return sight.record_set(key, value, local=True)
            case ("removeVariable", [str(key)]):
                return sight.record_remove(key, local=False)
            case ("removeVariableLocal", [str(key)]):
                return sight.record_remove(key, local=True)
        if not args and name.startswith("get") and len(name) > 3:
            try:
                return self.get_property(name[3].lower() + name[4:])
            except KeyError:
                pass
        raise KeyError(name)


class ExecutionBean(_VariableScopeBean):
    """`execution` in expressions and the argument of delegates."""

    def get_property(self, name: str) -> Any:
        sight = self._sight
        element = sight.element()
        if element is None:
            raise KeyError(name)
        instance = sight.view.need(Instance, element.instance)
        match name:
            case "id" | "activityInstanceId":
                return str(element.key)
            case "processInstanceId":
                return str(instance.key)
            case "rootProcessInstanceId":
                return str(instance.root)
            case "businessKey" | "processBusinessKey":
                return instance.business_key
            case "processDefinitionId":
                return sight.world.definition_id(instance.definition)
            case "currentActivityId" | "currentActivityName":
                process, flow = sight.world.process(instance.definition), sight.flow()
                id_ = element.node if flow is None else process.flows[flow].source
                node = process.nodes.get(id_)
                return id_ if name == "currentActivityId" else None if node is None else node.name
            case "currentTransitionId":
                return sight.flow()
            case "eventName":
                return sight.event
            case "canceled":
                return element.life is Life.TERMINATING
            case "parentId" | "parentActivityInstanceId":
                return None if element.parent is None else str(element.parent)
            case "tenantId":
                return instance.tenant
            case "variables":
                return sight.plain_variables()
            case "variableNames":
                return list(sight.plain_variables())
            case "processInstance":
                return self
            case "superExecution":
                return None if instance.caller is None else ExecutionBean(sight.elsewhere(instance.caller))
        raise KeyError(name)


class DelegateBean(ExecutionBean):
    """The argument of a delegate: the execution, and the `fields` that the model injects."""

    def __init__(self, sight: Sight, fields: Mapping[str, Any]) -> None:
        super().__init__(sight)
        self._fields = fields

    def get_property(self, name: str) -> Any:
        return dict(self._fields) if name == "fields" else super().get_property(name)

    def call_method(self, name: str, args: list[Any]) -> Any:
        match name, args:
            case ("getField", [str(key)]):
                return self._fields.get(key)
        return super().call_method(name, args)


class ConnectorBean(_VariableScopeBean):
    """`connector` in a connector's output mappings, and the argument of a delegate that is one: its values come first."""

    def __init__(self, sight: Sight, values: Mapping[str, Any]) -> None:
        super().__init__(sight)
        self._values = values

    def call_method(self, name: str, args: list[Any]) -> Any:
        match name, args:
            case ("getVariable" | "getVariableLocal", [str(key)]) if key in self._values:
                return self._values[key]
            case ("hasVariable" | "hasVariableLocal", [str(key)]) if key in self._values:
                return True
            case ("getVariableLocal", [str()]):
                return None
            case ("hasVariableLocal", [str()]):
                return False
            case ("getVariables", []):
                return self._sight.plain_variables() | dict(self._values)
            case ("getVariablesLocal", []):
                return dict(self._values)
            case ("getVariableNames", []):
                return list(self._sight.plain_variables() | dict(self._values))
        return super().call_method(name, args)


class TaskBean(_VariableScopeBean):
    """`task` in expressions of user tasks and their listeners."""

    def __init__(self, sight: Sight, task: Task) -> None:
        super().__init__(sight)
        self._task = task

    def get_property(self, name: str) -> Any:
        task = self._task
        match name:
            case "id":
                return str(task.key)
            case "name" | "description" | "assignee" | "owner" | "priority":
                return {
                    "name": task.name, "description": task.description, "assignee": task.assignee,
                    "owner": task.owner, "priority": task.priority,
                }[name]  # fmt: skip
            case "dueDate":
                return task.due
            case "followUpDate":
                return task.follow_up
            case "createTime":
                return task.created
            case "taskDefinitionKey":
                return task.node
            case "processInstanceId":
                return None if task.instance is None else str(task.instance)
            case "processDefinitionId":
                return None if task.definition is None else self._sight.world.definition_id(task.definition)
            case "eventName":
                return self._sight.event
            case "deleteReason":
                return self._sight.deletion
            case "lastUpdated":
                return task.updated
            case "suspended":
                return task.suspended
            case "executionId":
                return None if task.element is None else str(task.element)
            case "tenantId":
                return task.tenant
            case "execution":
                return ExecutionBean(self._sight)
        raise KeyError(name)

    def call_method(self, name: str, args: list[Any]) -> Any:
        if len(args) == 1 and name in _TASK_SETTERS:
            return self._sight.record(lambda: self._set(_TASK_SETTERS[name], args[0]))
        return super().call_method(name, args)

    def _set(self, attribute: str, value: Any) -> None:
        task = self._sight.view.get(Task, self._task.key)
        if attribute == "priority":
            value = int(value)  # JUEL's whole numbers are of a type of their own
        if task is None or getattr(task, attribute) == value:
            return
        changes = {attribute: (getattr(task, attribute), value)}
        self._sight.emit(TaskChanged(replace(task, **{attribute: value}), "Update", changes))


_TASK_SETTERS = {
    "setName": "name",
    "setDescription": "description",
    "setAssignee": "assignee",
    "setOwner": "owner",
    "setPriority": "priority",
    "setDueDate": "due",
    "setFollowUpDate": "follow_up",
}
