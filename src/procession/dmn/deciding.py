"""Evaluates decisions as the standard defines it: requirements first, each once, then the logic, all in FEEL.

A decision sees what it requires, and of the caller's variables those that are no elements of the model; so a table
without any requirements reads variables by name, as Camunda's models do. Failures are null with a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from procession.dmn.boxed import Boxes, entry_names
from procession.dmn.direct import Decide, Requirements, direct
from procession.dmn.faults import DecisionFailed
from procession.dmn.items import Types
from procession.dmn.model import (
    Decision,
    DecisionRecord,
    DecisionService,
    Definitions,
    InputData,
    KnowledgeModel,
    LiteralExpression,
    OutputRecord,
    Table,
    UnknownLogic,
    Variable,
    Warned,
)
from procession.dmn.model import Evaluation as Result
from procession.dmn.tables import CompiledTable, Hits, Run
from procession.errors import Missing, Problem
from procession.expressions import MappingScope, Scope
from procession.feel import Evaluation, FeelScope, Function, Null, from_feel, to_feel
from procession.feel.functions import apply
from procession.values import type_of

Key = tuple[str, str]
"""Namespace and id."""

MOST_WAITING = 10_000
"""How many elements may wait for what they require."""


@dataclass(frozen=True, slots=True)
class _Element:
    """A decision, input, knowledge model or service, compiled. `seen` is what it requires: name in scope to element."""

    key: Key
    source: Decision | InputData | KnowledgeModel | DecisionService
    name: str
    type: str | None
    types: Types
    seen: tuple[tuple[str, str, Key], ...] = ()  # prefix, name, element
    run: Run | None = None
    table: CompiledTable | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A model and its imports, ready to be evaluated. `faults` are texts that cannot be read."""

    definitions: Definitions
    elements: Mapping[Key, _Element] = field(repr=False)
    faults: tuple[Problem, ...] = ()
    _direct: dict[str, Decide] = field(default_factory=dict, repr=False, compare=False)

    def evaluate(self, name: str, variables: Scope | Mapping[str, Any], now: datetime | None = None) -> Result:
        """Evaluates a decision, or calls a decision service or knowledge model, by id or name. See `evaluate`."""
        scope: Scope
        if isinstance(variables, Mapping):
            scope = MappingScope(variables) if now is None else MappingScope(variables, now)
        else:
            scope = variables
        element = self._find(name)
        session = _Session(self, scope, Evaluation(clock=scope.now))
        if isinstance(element.source, DecisionService):
            value = session.serve(element, {}, session.evaluation)
        elif isinstance(element.source, KnowledgeModel):
            value = session.invoke(element)
        else:
            value = session.value(element.key)
        return session.result(element, value)

    def decide(self, name: str, variables: Mapping[str, Any]) -> Any:
        """The value of a decision alone, in process values; what `evaluate` says besides is left out. See `direct`."""
        found = self._direct.get(name)
        return (self.direct(name) if found is None else found)(variables)

    def direct(self, name: str) -> Decide:
        """A decision or service, by id or name, as a function of variables: for many evaluations."""
        if name not in self._direct:
            element = self._find(name)
            required = self._required(element)

            def whole(variables: Mapping[str, Any]) -> Any:
                return self.evaluate(name, variables).value

            if element.table is None or required is None:
                self._direct[name] = whole
            else:
                self._direct[name] = direct(element.table, required, element.type, whole)
        return self._direct[name]

    def _required(self, element: _Element) -> Requirements | None:
        given: dict[str, str | None] = {}
        for prefix, name, key in element.seen:
            required = self.elements[key]
            if prefix or not isinstance(required.source, InputData):
                return None
            given[name] = required.type
        hidden = frozenset(one.name for one in self.elements.values())
        return Requirements(given, hidden, element.types)

    def declared(self, name: str) -> tuple[str | None, Types]:
        """The type that an element of the model declares, None for none, and the types of the model."""
        space, element = self.definitions.namespace, None
        for one in self.elements.values():
            if one.key[0] == space and name in (one.key[1], one.name):
                element = one
        return (element.type, element.types) if element is not None else (None, Types())

    def _find(self, name: str) -> _Element:
        space = self.definitions.namespace
        if found := self.elements.get((space, name)):
            return found
        for found in self.elements.values():
            if (
                found.key[0] == space
                and name in (found.name, found.source.name)
                and isinstance(found.source, (Decision, DecisionService, KnowledgeModel))
            ):
                return found
        known = ", ".join(sorted(self.definitions.decisions))
        raise Missing(f"There is no decision '{name}'; there are: {known}")


def compile_definitions(
    definitions: Definitions, imported: Iterable[Definitions] = (), *, external: bool = False
) -> Compiled:
    """Compiles a model. `imported` are the models that it imports, in any order, found by their namespace.

    `external` lets functions of kind Java name the pure methods that `procession.feel.java` provides; no Java runs.
    It never fails: a text that cannot be read is a fault of the result, and null when it is evaluated.
    """
    models = {model.namespace: model for model in (*imported, definitions)}
    faults: list[Problem] = []
    compiler = _Compiler(models, faults, external)
    for model in models.values():
        compiler.model(model)
    return Compiled(definitions, compiler.elements, tuple(faults))


def evaluate(compiled: Compiled, decision_id: str, variables: Scope | Mapping[str, Any]) -> Result:
    """Evaluates a decision or decision service of the model, by id or name.

    Variables may be process values or FEEL values. Raises Missing for an unknown id, DecisionFailed and
    ExpressionFailed where a limit is exceeded; everything else that goes wrong is null and a warning.
    """
    return compiled.evaluate(decision_id, variables)


# --- compiling -------------------------------------------------------------------------------------------------------


class _Compiler:
    def __init__(self, models: Mapping[str, Definitions], faults: list[Problem], external: bool) -> None:
        self.elements: dict[Key, _Element] = {}
        self._models = models
        self._faults = faults
        self._external = external
        self._types: dict[str, Types] = {}

    def types(self, model: Definitions, above: tuple[str, ...] = ()) -> Types:
        if model.namespace not in self._types:
            imported = {
                one.name: self.types(self._models[one.namespace], (*above, model.namespace))
                for one in model.imports
                if one.namespace in self._models and one.namespace not in (*above, model.namespace)
            }
            self._types[model.namespace] = Types.of(model.items, imported)
        return self._types[model.namespace]

    def model(self, model: Definitions) -> None:
        types = self.types(model)
        for data in model.inputs.values():
            self._add(model, data, data.variable, data.name, types)
        for knowledge in model.knowledge.values():
            self._add(model, knowledge, knowledge.variable, knowledge.name, types, knowledge.knowledge)
        for service in model.services.values():
            self._add(model, service, service.variable, service.name, types)
        for decision in model.decisions.values():
            required = (*decision.inputs, *decision.decisions, *decision.knowledge)
            self._add(model, decision, decision.variable, decision.name or decision.id, types, required)

    def _add(
        self,
        model: Definitions,
        source: Decision | InputData | KnowledgeModel | DecisionService,
        variable: Variable | None,
        name: str,
        types: Types,
        required: tuple[str, ...] = (),
    ) -> None:
        key = (model.namespace, source.id)
        name = (variable.name if variable is not None else "") or name
        seen = tuple(found for one in required if (found := self._seen(model, one)) is not None)
        if isinstance(source, KnowledgeModel):
            seen = (*seen, ("", name, key))
        run: Run | None = None
        table: CompiledTable | None = None
        names = {part for prefix, inner, _ in seen for part in (prefix, inner) if part} | types.names()
        names = names.union(*(self._entries(one) for _, _, one in seen))
        boxes = Boxes(types, names, model.language, self._faults, source.id, self._external)
        if isinstance(source, KnowledgeModel) and source.function is not None:
            run = boxes.function(source.function)
        elif isinstance(source, Decision):
            if isinstance(source.logic, Table):
                table = boxes.table(source.logic, name)
            else:
                run = boxes.logic(source.logic)
        type_ = variable.type if variable is not None else None
        self.elements[key] = _Element(key, source, name, type_, types, seen, run, table)

    def _entries(self, key: Key) -> set[str]:
        """The names of what is inside a required decision."""
        decision = self._models[key[0]].decisions.get(key[1])
        return entry_names(decision.logic) if decision is not None else set()

    def _seen(self, model: Definitions, reference: str) -> tuple[str, str, Key] | None:
        """How a required element is seen: behind the name of the import, or by its own name."""
        space, _, id_ = reference.rpartition("#")
        if not space:
            found = self._named(model, id_)
            return None if found is None else ("", found, (model.namespace, id_))
        if space not in self._models:
            return None
        found = self._named(self._models[space], id_)
        prefix = next((one.name for one in model.imports if one.namespace == space), "")
        return None if found is None else (prefix, found, (space, id_))

    def _named(self, model: Definitions, id_: str) -> str | None:
        for elements in (model.inputs, model.decisions, model.knowledge, model.services):
            if id_ in elements:
                found: Any = elements[id_]
                return (found.variable.name if found.variable is not None else "") or found.name or id_
        return None


# --- evaluating ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Outside:
    """The caller's variables, less the names of the model's own elements."""

    scope: Scope
    hidden: frozenset[str]

    def resolve(self, name: str) -> Any:
        if name in self.hidden:
            raise KeyError(name)
        return self.scope.resolve(name)

    def now(self) -> datetime:
        return self.scope.now()


def _given(scope: Scope, name: str) -> Any:
    """A variable, or null where there is none."""
    try:
        return scope.resolve(name)
    except KeyError:
        return None


class _Session:
    """One evaluation of a graph; `known` holds what has a value already."""

    def __init__(
        self, compiled: Compiled, scope: Scope, evaluation: Evaluation, known: Mapping[Key, Any] | None = None
    ) -> None:
        self._compiled = compiled
        self._scope = scope
        self.evaluation = evaluation
        self._known: dict[Key, Any] = dict(known or {})
        self._hits: dict[Key, Hits] = {}
        self._order: list[_Element] = []
        self._warned: list[Warned] = []
        self._outside = _Outside(scope, frozenset(one.name for one in compiled.elements.values()))

    def value(self, key: Key) -> Any:
        """The value of an element, evaluated if need be, with all that it requires before it."""
        todo = [(key, False)]
        entered = 0
        while todo:
            at, ready = todo.pop()
            if at in self._known:
                continue
            element = self._compiled.elements[at]
            if ready:
                entered -= 1
                before = len(self.evaluation.warnings)
                self._known[at] = self._evaluate(element)
                found = self.evaluation.warnings[before:]
                self._warned += (Warned(one.message, at[1], one.position) for one in found)
                continue
            entered += 1
            if entered > MOST_WAITING:
                raise DecisionFailed(f"'{key[1]}' requires itself, or more than {MOST_WAITING} others", decision=key[1])
            todo.append((at, True))
            todo += ((one, False) for _, _, one in reversed(element.seen) if one != at)
        return self._known[key]

    def _evaluate(self, element: _Element) -> Any:
        match element.source:
            case InputData():
                return self._input(element)
            case KnowledgeModel():
                return self._knowledge(element)
            case DecisionService():
                return self._service(element)
            case Decision():
                value = self._decide(element)
                self._order.append(element)
                return value

    def _input(self, element: _Element) -> Any:
        given = to_feel(_given(self._scope, element.name))
        if given is None and element.source.name:
            given = to_feel(_given(self._scope, element.source.name))
        if given is None:
            return None
        fits, value = element.types.convert(given, element.type)
        if not fits:
            # What a caller leaves out of a structure is null; inside the model a structure must have all its parts.
            fits, value = element.types.convert(element.types.filled(given, element.type), element.type)
        return value if fits else self.evaluation.warn(f"the input '{element.name}' is not a {element.type}")

    def _scope_of(self, element: _Element) -> Scope:
        values: dict[str, Any] = {}
        for prefix, name, key in element.seen:
            if key == element.key:
                continue
            if prefix:
                values.setdefault(prefix, {})[name] = self._known[key]
            else:
                values[name] = self._known[key]
        return FeelScope(values, self._outside)

    def _knowledge(self, element: _Element) -> Any:
        if element.run is None:
            return None
        values: dict[str, Any] = {}
        found = element.run(FeelScope(values, self._scope_of(element)), self.evaluation)
        values[element.name] = found  # a function may call itself
        return found

    def _service(self, element: _Element) -> Function:
        source = element.source
        assert isinstance(source, DecisionService)
        known = self._elements_of(element, (*source.inputs, *source.decisions))
        parameters = [Variable(one.name, one.type) for one in known]
        boxes = Boxes(element.types, (), None, [])

        def body(values: Mapping[str, Any], evaluation: Evaluation) -> Any:
            # What a service does not declare as its input it does not see (DMN 10.4).
            given = {one.key: values[one.name] for one in known}
            closed = MappingScope({}, self._scope.now())
            return _Session(self._compiled, closed, evaluation, given).serve(element, given, evaluation)

        return boxes.callable(parameters, body)

    def serve(self, element: _Element, given: Mapping[Key, Any], evaluation: Evaluation) -> Any:
        """The result of a decision service: its output decisions, computed from what is given."""
        source = element.source
        assert isinstance(source, DecisionService)
        for one in self._elements_of(element, source.decisions):
            if one.key not in self._known:
                self._known[one.key] = self._input(one)
        values = {one.name: self.value(one.key) for one in self._elements_of(element, source.outputs)}
        value = next(iter(values.values())) if len(values) == 1 else values
        type_ = element.types.result(element.type)
        fits, value = element.types.convert(value, type_)
        return value if fits else evaluation.warn(f"the result of '{element.name}' is not a {type_}")

    def invoke(self, element: _Element) -> Any:
        """What a knowledge model gives for the variables that bear its parameters' names; one that is not there is null."""
        function = self.value(element.key)
        if not isinstance(function, Function):
            return self.evaluation.warn(f"'{element.name}' is no function")
        arguments = [to_feel(_given(self._scope, name)) for name in function.parameters]
        try:
            return apply(function, self.evaluation, arguments)
        except Null as reason:
            return self.evaluation.warn(str(reason))

    def _elements_of(self, element: _Element, references: Iterable[str]) -> list[_Element]:
        """What a service names, in its own model or an imported one."""
        keys = [(space or element.key[0], id_) for space, _, id_ in (one.rpartition("#") for one in references)]
        return [self._compiled.elements[key] for key in keys if key in self._compiled.elements]

    def _decide(self, element: _Element) -> Any:
        scope = self._scope_of(element)
        if element.table is not None:
            hits = element.table.evaluate(scope, self.evaluation)
            self._hits[element.key] = hits
            value = hits.value
        elif element.run is not None:
            value = element.run(scope, self.evaluation)
        else:
            value = None
        source = element.source
        if isinstance(source, Decision) and (source.logic is None or isinstance(source.logic, UnknownLogic)):
            self.evaluation.warn(f"the decision '{source.id}' has no logic that can be evaluated")
        fits, value = element.types.convert(value, element.type)
        return value if fits else self.evaluation.warn(f"the decision '{element.name}' is not a {element.type}")

    # --- what happened -----------------------------------------------------------------------------------------------

    def result(self, element: _Element, value: Any) -> Result:
        """The answer, with a record for each decision."""
        plain = from_feel(value)
        hits = self._hits.get(element.key)
        rows = hits.rows if hits is not None else ({element.name: plain},)
        records = tuple(self._record(one, element) for one in self._order)
        return Result(rows, plain, records, tuple(self._warned), (), self._elements(), value)

    def _record(self, element: _Element, asked: _Element) -> DecisionRecord:
        root = None if element.key == asked.key else asked.key[1]
        source = element.source
        name = source.name
        hits = self._hits.get(element.key)
        if hits is not None:
            collected = hits.collected
            number = float(collected) if isinstance(collected, Decimal) else None
            return DecisionRecord(element.key[1], name, hits.inputs, hits.outputs, number, root)
        plain = from_feel(self._known[element.key])
        output = OutputRecord(None, None, None, None, element.name, type_of(plain), plain)
        return DecisionRecord(element.key[1], name, (), (output,), None, root)

    def _elements(self) -> int:
        count = 0
        for one in self._order:
            logic = one.source.logic if isinstance(one.source, Decision) else None
            if isinstance(logic, Table):
                count += (len(logic.inputs) + len(logic.outputs)) * len(logic.rules)
            elif isinstance(logic, LiteralExpression):
                count += 1
        return count
