"""The logic of decisions as Camunda 7 compiles it: FEEL or JUEL in any slot, other languages through a script runner.

A text that cannot be read fails when it is evaluated, not when it is deployed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any

from procession.camunda7.decision_types import from_java, to_java
from procession.dmn.boxed import FEEL
from procession.dmn.faults import DecisionFailed
from procession.dmn.index import Cell, Column, column
from procession.dmn.model import Definitions, Input, Table, Text
from procession.errors import ExpressionFailed
from procession.expressions import BeanOf, Scope
from procession.feel import Evaluation as FeelEvaluation
from procession.feel import compile_expression as compile_feel
from procession.feel import compile_unary_tests
from procession.feel.syntax import Call, Path
from procession.juel import compile_expression as compile_juel
from procession.juel import is_expression
from procession.values import type_of

CAMUNDA = "http://camunda.org/schema/1.0/dmn"
CELL_INPUT = "cellInput"
_CONTEXT = "variableContext"
_NO_SUCH_CALL = "functions are called by name; calls on a value do not exist"

Script = Callable[[str, str, Scope], Any]
"""Runs a text of a language other than FEEL and JUEL: language, text, variables. Raises where it cannot."""


def no_script(language: str, text: str, scope: Scope) -> Any:
    """There is no other language."""
    raise DecisionFailed(f"DMN-01008 Unable to find script engine for expression language '{language}'.")


@dataclass(frozen=True, slots=True)
class _FeelView:
    """The variables as FEEL sees them; each is converted once."""

    variables: Mapping[str, Any]
    time: datetime
    evaluation: FeelEvaluation
    seen: dict[str, Any] = field(default_factory=dict)

    def resolve(self, name: str) -> Any:
        if name not in self.seen:
            self.seen[name] = from_java(self.variables[name])
        return self.seen[name]

    def now(self) -> datetime:
        return self.time


@dataclass(frozen=True, slots=True)
class Variables:
    """What an expression of a decision sees; `feel` is the same for FEEL."""

    values: Mapping[str, Any]
    beans: Mapping[str, Any]
    time: datetime
    script: Script
    feel: _FeelView

    @classmethod
    def of(cls, values: Mapping[str, Any], beans: Mapping[str, Any], time: datetime, script: Script) -> Variables:
        evaluation = FeelEvaluation(clock=lambda: time)
        return cls(values, beans, time, script, _FeelView(values, time, evaluation))

    def resolve(self, name: str) -> Any:
        if name == _CONTEXT:
            return BeanOf(methods={"resolve": self.typed, "containsVariable": self.values.__contains__})
        return self.values[name] if name in self.values else self.beans[name]

    def typed(self, name: str) -> Any:
        """A variable as Java's `TypedValue`, null where there is none."""
        if name not in self.values:
            return None
        value = self.values[name]
        return BeanOf(methods={"getValue": lambda: value, "getType": lambda: type_of(value).lower()})

    def now(self) -> datetime:
        return self.time

    def beside(self, more: Mapping[str, Any]) -> Variables:
        """The same with further variables, which hide others of their names."""
        values = {**self.values, **more}
        seen = {name: value for name, value in self.feel.seen.items() if name not in more}
        feel = _FeelView(values, self.time, self.feel.evaluation, seen)
        return Variables(values, self.beans, self.time, self.script, feel)


Run = Callable[[Variables], Any]


@dataclass(frozen=True, slots=True)
class CompiledColumn:
    """An input clause; `run` is None where it has no expression. Cells see its value as `variable`."""

    input: Input
    run: Run | None
    type: str | None
    variable: str
    cells: Column


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """A compiled table; `outputs` holds an expression for each rule and output, None where there is none."""

    table: Table
    columns: tuple[CompiledColumn, ...]
    outputs: tuple[tuple[Run | None, ...], ...]


@dataclass(frozen=True, slots=True)
class CompiledExpression:
    """A compiled literal expression and the name and type of its result."""

    run: Run | None
    name: str | None
    type: str | None


# --- compiling -------------------------------------------------------------------------------------------------------


class Compiler:
    """Compiles the texts of one file."""

    def __init__(self, definitions: Definitions) -> None:
        language = definitions.language
        self._default = language if language and language.lower() not in FEEL else "feel"

    def table(self, table: Table) -> CompiledTable:
        columns = []
        for number, clause in enumerate(table.inputs):
            cells = [self.cell(rule.inputs[number]) for rule in table.rules]
            run = self.expression(clause.expression) if clause.expression is not None else None
            type_ = clause.expression.type if clause.expression is not None else None
            variable = clause.attributes.get("{" + CAMUNDA + "}inputVariable") or CELL_INPUT
            columns.append(CompiledColumn(clause, run, type_, variable, column(cells)))
        outputs = tuple(tuple(self.expression(text) for text in rule.outputs) for rule in table.rules)
        return CompiledTable(table, tuple(columns), outputs)

    def expression(self, text: Text) -> Run | None:
        """None where there is nothing to evaluate."""
        source, language = text.text, self._language(text)
        if source is None:
            return None
        if language.lower() in FEEL:
            return _feel(source)
        if language.lower() == "juel":
            return _juel(source)
        return lambda scope: scope.script(language, source, scope)

    def cell(self, text: Text) -> Cell:
        source = text.text
        if source is None:
            return Cell()
        if self._language(text).lower() not in FEEL:
            run = self.expression(text)
            return Cell(lambda scope, value: run is not None and run(scope) is True)
        try:
            tests = compile_unary_tests(source)
            if _calls_on_a_path(tests.syntax):
                raise ExpressionFailed(_NO_SUCH_CALL, source)
        except ExpressionFailed as error:
            fail = _failing(_unreadable(source, "feel", error))
            return Cell(lambda scope, value: fail(scope) is True)

        def ask(scope: Variables, value: Any) -> bool:
            return tests.matches(scope.feel, value, scope.feel.evaluation) is True

        return Cell(ask, tests)

    def _language(self, text: Text) -> str:
        return text.language or self._default


def _feel(source: str) -> Run:
    try:
        compiled = compile_feel(source)
        if _calls_on_a_path(compiled.node):
            raise ExpressionFailed(_NO_SUCH_CALL, source)
    except ExpressionFailed as error:
        return _failing(_unreadable(source, "feel", error))
    return lambda scope: to_java(compiled.evaluate(scope.feel, scope.feel.evaluation))


def _calls_on_a_path(tree: object) -> bool:
    """Whether `a.b()` occurs, which Camunda's FEEL cannot read. Without recursion: a sum of many terms is a deep tree."""
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple):
            todo += node
        elif is_dataclass(node):
            if isinstance(node, Call) and isinstance(node.function, Path):
                return True
            todo += (getattr(node, one.name) for one in fields(node))
    return False


def _juel(source: str) -> Run:
    try:
        compiled = compile_juel(source if is_expression(source) else "${" + source + "}")
    except ExpressionFailed as error:
        return _failing(_unreadable(source, "juel", error))
    return compiled.evaluate


def _failing(error: DecisionFailed) -> Run:
    def fail(scope: Variables) -> Any:
        raise error.with_traceback(None)

    return fail


def _unreadable(source: str, language: str, error: ExpressionFailed) -> DecisionFailed:
    said = f"DMN-01002 Unable to evaluate expression for language '{language}': '{source}'"
    return DecisionFailed(f"{said}: {error.message}")
