"""Boxed expressions (DMN 10.2.2) compiled to closures over a FEEL scope.

A text that cannot be read is null with a warning when it is evaluated, so that the rest of a model still works; what is
wrong is also kept in `faults`, for tools. This file does not know requirements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from procession.dmn.index import Cell
from procession.dmn.items import Types
from procession.dmn.model import (
    Conditional,
    Context,
    Filter,
    FunctionDefinition,
    Invocation,
    Iterator,
    ListOf,
    LiteralExpression,
    Logic,
    Relation,
    Table,
    Text,
    UnknownLogic,
    Variable,
)
from procession.dmn.tables import Asked, CompiledTable, Run, Texts
from procession.errors import ExpressionFailed, Problem
from procession.expressions import Scope
from procession.feel import (
    CompiledExpression,
    Evaluation,
    FeelScope,
    Function,
    Null,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
)
from procession.feel.evaluation import check_items
from procession.feel.functions import apply, in_order
from procession.feel.iterating import items_of
from procession.feel.java import function_of

FEEL = frozenset(
    {
        "feel",
        "http://www.omg.org/spec/feel/20140401",
        "http://www.omg.org/spec/dmn/20180521/feel/",
        "https://www.omg.org/spec/dmn/20180521/feel/",
        "http://www.omg.org/spec/dmn/20191111/feel/",
        "https://www.omg.org/spec/dmn/20191111/feel/",
        "https://www.omg.org/spec/dmn/20211108/feel/",
        "https://www.omg.org/spec/dmn/20230324/feel/",
        "https://www.omg.org/spec/dmn/20240513/feel/",
    }
)
"""The names of FEEL as an expression language, in small letters."""


class Boxes(Texts):
    """Compiles the logic of one element. `names` are the variables in scope; `external` lets functions name Java's."""

    def __init__(
        self,
        types: Types,
        names: Iterable[str],
        language: str | None,
        faults: list[Problem],
        element: str = "",
        external: bool = False,
    ) -> None:
        self.types = types
        self._names = frozenset(names)
        self._language = language
        self._faults = faults
        self._element = element
        self._external = external
        # Tables say the same many times over.
        self._expressions: dict[str, CompiledExpression] = {}
        self._tests: dict[str, UnaryTests] = {}

    def inside(self, names: Iterable[str]) -> Boxes:
        """The same with further variables in scope."""
        names = self._names | set(names)
        return Boxes(self.types, names, self._language, self._faults, self._element, self._external)

    # --- texts -------------------------------------------------------------------------------------------------------

    def text(self, text: Text | None) -> Run | None:
        if text is None or text.text is None:
            return None
        language = text.language or self._language
        if language and language.lower() not in FEEL:
            return self._fault(f"'{language}' is not executed here; use FEEL", text)
        try:
            compiled = self._expression(text.text)
        except ExpressionFailed as error:
            return self._fault(error.message, text)
        return self.typed(compiled.evaluate, text.type)

    def read(self, text: Text) -> CompiledExpression | None:
        language = text.language or self._language
        if text.text is None or (language and language.lower() not in FEEL):
            return None
        with suppress(ExpressionFailed):
            return self._expression(text.text)
        return None

    def tests(self, text: Text | None) -> UnaryTests | None:
        if text is None or text.text is None:
            return None
        if text.text not in self._tests:
            try:
                found = compile_unary_tests(text.text, self._names, self.types.feel, conditions=False)
            except ExpressionFailed as error:
                self._fault(error.message, text)
                return None
            self._tests[text.text] = found
        return self._tests[text.text]

    def _expression(self, text: str) -> CompiledExpression:
        if text not in self._expressions:
            self._expressions[text] = compile_expression(text, self._names, self.types.feel, external=self._external)
        return self._expressions[text]

    def _cell(self, text: Text) -> Cell:
        if text.text is None:
            return Cell()
        tests = self.tests(text)
        if tests is None:
            return Cell(lambda asked, value: bool(asked.evaluation.warn(f"cannot read the cell '{text.text}'")))

        def ask(asked: Asked, value: Any) -> bool:
            return tests.matches(asked.scope, value, asked.evaluation) is True

        return Cell(ask, tests)

    def _fault(self, message: str, text: Text) -> Run:
        said = f"{message}: {text.text}"
        self._faults.append(Problem(said, text.line, 0, (text.id or self._element,)))
        return lambda scope, evaluation: evaluation.warn(said)

    def typed(self, run: Run, type_: str | None) -> Run:
        """The same, converted to a type; null with a warning where it does not fit."""
        fit = self.types.fit(type_)
        if fit is None:
            return run

        def convert(scope: Scope, evaluation: Evaluation) -> Any:
            fits, value = self.types.convert(run(scope, evaluation), type_)
            return value if fits else evaluation.warn(f"the value is not a {type_}")

        return convert

    # --- boxes -------------------------------------------------------------------------------------------------------

    def logic(self, logic: Logic | None) -> Run:
        """Any expression; a missing one is null."""
        match logic:
            case None:
                return lambda scope, evaluation: None
            case LiteralExpression(expression):
                return self.text(expression) or (lambda scope, evaluation: None)
            case Table():
                table = self.table(logic, "result")
                return self.typed(lambda scope, evaluation: table.evaluate(scope, evaluation).value, logic.type)
            case Context():
                return self.typed(self._context(logic), logic.type)
            case Relation():
                return self.typed(self._relation(logic), logic.type)
            case ListOf():
                return self.typed(_all([self.logic(item) for item in logic.items]), logic.type)
            case Invocation():
                return self.typed(self._invocation(logic), logic.type)
            case FunctionDefinition():
                return self.function(logic)
            case Conditional():
                return self.typed(self._conditional(logic), logic.type)
            case Filter():
                return self.typed(self._filter(logic), logic.type)
            case Iterator():
                return self.typed(self._iterator(logic), logic.type)
            case UnknownLogic(kind):
                return lambda scope, evaluation: evaluation.warn(f"'{kind}' is no expression of DMN")

    def table(self, table: Table, name: str) -> CompiledTable:
        """A decision table whose single output is called `name` where it has no name."""
        return CompiledTable(table, self, name, self._cell)

    def _context(self, logic: Context) -> Run:
        boxes = self
        steps: list[tuple[str | None, Run]] = []
        for variable, inner in logic.entries:
            run = boxes.logic(inner)
            if variable is not None:
                run = boxes.typed(run, variable.type)
                boxes = boxes.inside([variable.name])
            steps.append((variable.name if variable is not None else None, run))

        def context(scope: Scope, evaluation: Evaluation) -> Any:
            found: dict[str, Any] = {}
            inner = FeelScope(found, scope)
            for name, run in steps:
                value = run(inner, evaluation)
                if name is None:
                    return value
                found[name] = value
            return dict(found)

        return context

    def _relation(self, logic: Relation) -> Run:
        rows = [[self.logic(cell) for cell in row] for row in logic.rows]

        def relation(scope: Scope, evaluation: Evaluation) -> Any:
            return [
                {name: cell(scope, evaluation) for name, cell in zip(logic.columns, row, strict=False)} for row in rows
            ]

        return relation

    def _invocation(self, logic: Invocation) -> Run:
        function = self.logic(logic.function)
        names = tuple(name for name, _ in logic.bindings)
        arguments = [self.logic(inner) for _, inner in logic.bindings]

        def invoke(scope: Scope, evaluation: Evaluation) -> Any:
            called = function(scope, evaluation)
            if not isinstance(called, Function):
                return evaluation.warn("what is invoked is no function")
            values = [argument(scope, evaluation) for argument in arguments]
            try:
                return apply(called, evaluation, in_order(called, names, values))
            except Null as reason:
                return evaluation.warn(str(reason))

        return invoke

    def function(self, logic: FunctionDefinition) -> Run:
        """A function that sees the scope in which it is defined."""
        parameters = logic.parameters
        names = tuple(parameter.name for parameter in parameters)
        if logic.kind == "Java" and self._external:
            return self._java(logic, names)
        if logic.kind != "FEEL":
            said = f"functions of kind {logic.kind} are not executed"

            def refuse(evaluation: Evaluation, arguments: Sequence[Any]) -> Any:
                raise Null(said)

            return lambda scope, evaluation: Function(names, refuse)
        body = self.typed(self.inside(names).logic(logic.body), self.types.result(logic.type))

        def define(scope: Scope, evaluation: Evaluation) -> Function:
            return self.callable(parameters, lambda values, running: body(FeelScope(values, scope), running))

        return define

    def _java(self, logic: FunctionDefinition, names: tuple[str, ...]) -> Run:
        mapping = self.logic(logic.body)

        def define(scope: Scope, evaluation: Evaluation) -> Any:
            try:
                found = function_of(mapping(scope, evaluation), names)
            except Null as reason:
                return evaluation.warn(str(reason))
            return self.callable(
                logic.parameters, lambda values, running: apply(found, running, [values[name] for name in names])
            )

        return define

    def callable(
        self, parameters: Sequence[Variable], body: Callable[[Mapping[str, Any], Evaluation], Any]
    ) -> Function:
        """A function as a FEEL value: checks its arguments, counts its depth."""

        def invoke(evaluation: Evaluation, arguments: Sequence[Any]) -> Any:
            values: dict[str, Any] = {}
            for parameter, argument in zip(parameters, arguments, strict=True):
                fits, values[parameter.name] = self.types.convert(argument, parameter.type)
                if not fits:
                    raise Null(f"'{parameter.name}' is not a {parameter.type}")
            evaluation.enter()
            result = body(values, evaluation)
            evaluation.leave()
            return result

        return Function(tuple(parameter.name for parameter in parameters), invoke)

    def _conditional(self, logic: Conditional) -> Run:
        condition, then, otherwise = (self.logic(part) for part in (logic.condition, logic.then, logic.otherwise))

        def choose(scope: Scope, evaluation: Evaluation) -> Any:
            verdict = condition(scope, evaluation)
            if verdict is not None and not isinstance(verdict, bool):
                return evaluation.warn("the condition is neither true nor false")
            return (then if verdict is True else otherwise)(scope, evaluation)

        return choose

    def _filter(self, logic: Filter) -> Run:
        items, match = self.logic(logic.items), self.inside(["item"]).logic(logic.match)

        def choose(scope: Scope, evaluation: Evaluation) -> Any:
            values = items(scope, evaluation)
            if values is None:
                return evaluation.warn("there is no list to filter")
            values = values if isinstance(values, list) else [values]
            check_items(len(values))
            found = []
            for item in values:
                evaluation.spend(1)
                seen = {**item, "item": item} if isinstance(item, dict) else {"item": item}
                verdict = match(FeelScope(seen, scope), evaluation)
                if not isinstance(verdict, bool):
                    return evaluation.warn("the condition of the filter is neither true nor false")
                if verdict:
                    found.append(item)
            return found

        return choose

    def _iterator(self, logic: Iterator) -> Run:
        items = self.logic(logic.items)
        body = self.inside([logic.variable, "partial"]).logic(logic.body)

        def iterate(scope: Scope, evaluation: Evaluation) -> Any:
            try:
                values = items_of(items(scope, evaluation))
            except Null as reason:
                return evaluation.warn(str(reason))
            check_items(len(values))
            found: list[Any] = []
            for item in values:
                evaluation.spend(1)
                seen = {logic.variable: item, "partial": list(found)} if logic.kind == "for" else {logic.variable: item}
                found.append(body(FeelScope(seen, scope), evaluation))
            return found if logic.kind == "for" else _quantified(logic.kind == "some", found, evaluation)

        return iterate


def entry_names(logic: Logic | None) -> set[str]:
    """The names that paths into the value of an expression may use, as far as the expression says them."""
    match logic:
        case Context(entries):
            inner = (entry_names(one) for _, one in entries)
            return {held.name for held, _ in entries if held is not None}.union(*inner)
        case Relation(columns):
            return set(columns)
        case Table():
            return {output.name for output in logic.outputs if output.name and len(logic.outputs) > 1}
        case _:
            return set()


def _all(runs: Sequence[Run]) -> Run:
    return lambda scope, evaluation: [run(scope, evaluation) for run in runs]


def _quantified(some: bool, verdicts: list[Any], evaluation: Evaluation) -> Any:
    if any(verdict is some for verdict in verdicts):
        return some
    if not all(isinstance(verdict, bool) for verdict in verdicts):
        return evaluation.warn("a condition is neither true nor false")
    return not some
