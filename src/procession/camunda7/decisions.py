"""Decisions as Camunda 7 reads and evaluates them: languages by slot, types by clause, rows of outputs, history.

What differs from the standard: FEEL or JUEL in any slot; a text that cannot be read fails when it is evaluated, not when
it is deployed; a broken hit policy is an error, not null; decisions whose logic is neither a table nor a literal
expression do not exist; PRIORITY and OUTPUT ORDER are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from procession.camunda7.decision_types import NULL, Typed, convert, from_java, stored, to_java
from procession.dmn.faults import DecisionFailed
from procession.dmn.index import Cell, Column, bits, column
from procession.dmn.model import (
    Aggregation,
    Decision,
    DecisionRecord,
    Definitions,
    Evaluation,
    HitPolicy,
    Input,
    InputRecord,
    LiteralExpression,
    Output,
    OutputRecord,
    Table,
    Text,
)
from procession.dmn.reader import Document, read_dmn
from procession.dmn.texts import children
from procession.errors import ExpressionFailed, ProcessionError
from procession.expressions import BeanOf, Scope
from procession.feel import compile_expression as compile_feel
from procession.feel import compile_unary_tests
from procession.feel.syntax import Call, Path
from procession.juel import compile_expression as compile_juel
from procession.juel import is_expression
from procession.values import type_of
from procession.xml import local_name

CAMUNDA = "http://camunda.org/schema/1.0/dmn"
CELL_INPUT = "cellInput"
_CONTEXT = "variableContext"
_FEEL = frozenset(
    {
        "feel",
        "http://www.omg.org/spec/feel/20140401",
        "http://www.omg.org/spec/dmn/20180521/feel/",
        "https://www.omg.org/spec/dmn/20191111/feel/",
        "https://www.omg.org/spec/dmn/20211108/feel/",
        "https://www.omg.org/spec/dmn/20230324/feel/",
    }
)
_NO_SUCH_CALL = "functions are called by name; calls on a value do not exist"
_REFUSED = (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER)
# Whose results are always lists where another decision requires them.
_LISTS = (HitPolicy.COLLECT, HitPolicy.RULE_ORDER)


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
    seen: dict[str, Any] = field(default_factory=dict)

    def resolve(self, name: str) -> Any:
        if name not in self.seen:
            self.seen[name] = from_java(self.variables[name])
        return self.seen[name]

    def now(self) -> datetime:
        return self.time


@dataclass(frozen=True, slots=True)
class _Variables:
    """What an expression of a decision sees; `feel` is the same for FEEL."""

    values: Mapping[str, Any]
    beans: Mapping[str, Any]
    time: datetime
    script: Script
    feel: _FeelView

    @classmethod
    def of(cls, values: Mapping[str, Any], beans: Mapping[str, Any], time: datetime, script: Script) -> _Variables:
        return cls(values, beans, time, script, _FeelView(values, time))

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

    def beside(self, more: Mapping[str, Any]) -> _Variables:
        return _Variables.of({**self.values, **more}, self.beans, self.time, self.script)


_Run = Callable[[_Variables], Any]


@dataclass(frozen=True, slots=True)
class _Column:
    input: Input
    run: _Run | None
    type: str | None
    variable: str
    cells: Column


@dataclass(frozen=True, slots=True)
class _Table:
    """A compiled table; `outputs` holds an expression for each rule and output, None where there is none."""

    table: Table
    columns: tuple[_Column, ...]
    outputs: tuple[tuple[_Run | None, ...], ...]


@dataclass(frozen=True, slots=True)
class _Expression:
    """A compiled literal expression and the name and type of its result."""

    run: _Run | None
    name: str | None
    type: str | None


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of one file, compiled. `executable` are those that Camunda 7 deploys, in their order."""

    definitions: Definitions
    logic: Mapping[str, _Table | _Expression] = field(repr=False)

    @property
    def executable(self) -> tuple[Decision, ...]:
        """The decisions that are deployed."""
        return tuple(self.definitions.decisions[id_] for id_ in self.logic)

    @property
    def requirements(self) -> tuple[str, str | None] | None:
        """Key and name of the decision requirements definition; a file with one decision makes none."""
        if len(self.logic) < 2 or self.definitions.id is None:
            return None
        return self.definitions.id, self.definitions.name

    def evaluate(
        self,
        decision_id: str,
        variables: Mapping[str, Any],
        now: datetime | None = None,
        beans: Mapping[str, Any] | None = None,
        script: Script = no_script,
    ) -> Evaluation:
        """Evaluates a decision and what it requires.

        `beans` are what JUEL finds beside the variables, `script` runs other languages. Raises DecisionFailed.
        """
        time = now or datetime(1970, 1, 1, tzinfo=UTC)
        return _evaluate(self, decision_id, _Variables.of(variables, beans or {}, time, script))


def read_decisions(data: bytes, resource: str = "") -> Decisions:
    """Reads and compiles a DMN file. Raises ParseFailed with all problems, where Camunda 7 refuses it."""
    definitions = read_dmn(data, resource, _check)
    logic: dict[str, _Table | _Expression] = {}
    for decision in definitions.decisions.values():
        compiler = _Compiler(definitions)
        match decision.logic:
            case Table() as table:
                logic[decision.id] = compiler.table(table)
            case LiteralExpression(expression):
                held = decision.variable
                name, type_ = (held.name or None, held.type) if held is not None else (None, None)
                logic[decision.id] = _Expression(compiler.expression(expression), name, type_)
    return Decisions(definitions, logic)


def evaluate_decision(
    decisions: Decisions,
    decision_id: str,
    variables: Mapping[str, Any],
    now: datetime,
    beans: Mapping[str, Any] | None = None,
) -> tuple[tuple[Mapping[str, Any], ...], tuple[DecisionRecord, ...]]:
    """The outputs of every matched rule, and what was evaluated for history: the required decisions, then the one asked.

    `beans` are what JUEL finds beside the variables. Raises DecisionFailed.
    """
    result = decisions.evaluate(decision_id, variables, now, beans)
    return result.rows, result.decisions


def attribute(decision: Decision, name: str) -> str | None:
    """An attribute of Camunda's namespace: `versionTag`, `historyTimeToLive`."""
    return decision.attributes.get("{" + CAMUNDA + "}" + name)


def version_tag(decision: Decision) -> str | None:
    """The version tag of a decision."""
    return attribute(decision, "versionTag")


# --- reading ---------------------------------------------------------------------------------------------------------


def _check(root: etree._Element, definitions: Definitions, document: Document) -> None:
    """What Camunda 7 demands beyond the standard."""
    if not definitions.id:
        name = definitions.name or ""
        document.problem(f"The decision requirements graph '{name}' must have an 'id' attribute set.", root)
    for element in children(root, "decision"):
        id_ = element.get("id") or ""
        if not id_:
            name = element.get("name") or ""
            document.problem(f"The decision '{name}' must have an 'id' attribute set.", element)
        for table in children(element, "decisionTable"):
            _check_table(table, id_, document)
        if children(element, "literalExpression") and not children(element, "variable"):
            said = f"The decision '{id_}' must have an 'variable' element if it contains a literal expression."
            document.problem(said, element)


def _check_table(table: etree._Element, decision: str, document: Document) -> None:
    for element in children(table, "input", "output", "rule"):
        if not element.get("id"):
            what = f"decision table {local_name(element)} '{element.get('label') or element.get('name') or ''}'"
            document.problem(f"The {what} of decision '{decision}' must have a 'id' attribute set.", element)
    outputs = children(table, "output")
    names: set[str] = set()
    for output in outputs if len(outputs) > 1 else ():
        name = output.get("name")
        if not name:
            said = f"has a compound output but output '{output.get('id') or ''}' does not have an output name."
            document.problem(f"The decision table '{decision}' {said}", output)
        elif name in names:
            said = f"has a compound output but name of output '{output.get('id') or ''}' is duplicate."
            document.problem(f"The decision table '{decision}' {said}", output)
        names.add(name or "")
    policy, aggregation = table.get("hitPolicy") or HitPolicy.UNIQUE, table.get("aggregation")
    if policy in _REFUSED:
        document.problem(f"The hit policy '{policy}' of decision table '{decision}' is not supported.", table)
    elif aggregation and policy != HitPolicy.COLLECT:
        said = f"'{policy}' with aggregation '{aggregation}' of decision table '{decision}' is not supported."
        document.problem(f"The hit policy {said}", table)


# --- compiling -------------------------------------------------------------------------------------------------------


class _Compiler:
    """Compiles the texts of one file."""

    def __init__(self, definitions: Definitions) -> None:
        language = definitions.language
        self._default = language if language and language.lower() not in _FEEL else "feel"

    def table(self, table: Table) -> _Table:
        columns = []
        for number, clause in enumerate(table.inputs):
            cells = [self.cell(rule.inputs[number]) for rule in table.rules]
            run = self.expression(clause.expression) if clause.expression is not None else None
            type_ = clause.expression.type if clause.expression is not None else None
            variable = clause.attributes.get("{" + CAMUNDA + "}inputVariable") or CELL_INPUT
            columns.append(_Column(clause, run, type_, variable, column(cells)))
        outputs = tuple(tuple(self.expression(text) for text in rule.outputs) for rule in table.rules)
        return _Table(table, tuple(columns), outputs)

    def expression(self, text: Text) -> _Run | None:
        """None where there is nothing to evaluate."""
        source, language = text.text, self._language(text)
        if source is None:
            return None
        if language.lower() in _FEEL:
            return _feel(source)
        if language.lower() == "juel":
            return _juel(source)
        return lambda scope: scope.script(language, source, scope)

    def cell(self, text: Text) -> Cell:
        source = text.text
        if source is None:
            return Cell()
        if self._language(text).lower() not in _FEEL:
            run = self.expression(text)
            return Cell(lambda scope, value: run is not None and run(scope) is True)
        try:
            tests = compile_unary_tests(source)
            if _calls_on_a_path(tests.syntax):
                raise ExpressionFailed(_NO_SUCH_CALL, source)
        except ExpressionFailed as error:
            fail = _failing(_unreadable(source, "feel", error))
            return Cell(lambda scope, value: fail(scope) is True)

        def ask(scope: _Variables, value: Any) -> bool:
            return tests.matches(scope.feel, value) is True

        return Cell(ask, tests)

    def _language(self, text: Text) -> str:
        return text.language or self._default


def _feel(source: str) -> _Run:
    try:
        compiled = compile_feel(source)
        if _calls_on_a_path(compiled.node):
            raise ExpressionFailed(_NO_SUCH_CALL, source)
    except ExpressionFailed as error:
        return _failing(_unreadable(source, "feel", error))
    return lambda scope: to_java(compiled.evaluate(scope.feel))


def _calls_on_a_path(node: object) -> bool:
    """Whether `a.b()` occurs, which Camunda's FEEL cannot read."""
    if isinstance(node, tuple):
        return any(map(_calls_on_a_path, node))
    if not is_dataclass(node):
        return False
    if isinstance(node, Call) and isinstance(node.function, Path):
        return True
    return any(_calls_on_a_path(getattr(node, one.name)) for one in fields(node))


def _juel(source: str) -> _Run:
    try:
        compiled = compile_juel(source if is_expression(source) else "${" + source + "}")
    except ExpressionFailed as error:
        return _failing(_unreadable(source, "juel", error))
    return compiled.evaluate


def _failing(error: DecisionFailed) -> _Run:
    def fail(scope: _Variables) -> Any:
        raise error.with_traceback(None)

    return fail


def _unreadable(source: str, language: str, error: ExpressionFailed) -> DecisionFailed:
    said = f"DMN-01002 Unable to evaluate expression for language '{language}': '{source}'"
    return DecisionFailed(f"{said}: {error.message}")


# --- evaluating ------------------------------------------------------------------------------------------------------

_Row = dict[str, Typed]


def _evaluate(decisions: Decisions, decision_id: str, scope: _Variables) -> Evaluation:
    if decision_id not in decisions.logic:
        raise DecisionFailed(f"There is no decision '{decision_id}'", decision=decision_id)
    records: list[DecisionRecord] = []
    rows: list[_Row] = []
    elements = 0
    for id_ in _in_order(decisions, decision_id):
        decision = decisions.definitions.decisions[id_]
        root = None if id_ == decision_id else decision_id
        try:
            rows, record, count = _decide(decisions.logic[id_], scope, decision, root)
        except ProcessionError as error:
            raise DecisionFailed(f"Unable to evaluate decision '{id_}': {error.message}", decision=id_) from error
        records.append(record)
        elements += count
        if root is not None:
            scope = scope.beside(_seen_by_others(rows, decision))
    plain = tuple({name: stored(one.value) for name, one in row.items()} for row in rows)
    types = tuple({name: one.declared for name, one in row.items()} for row in rows)
    return Evaluation(plain, _value(plain), tuple(records), (), types, elements)


def _value(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Camunda's `getSingleResult`, as far as it goes: one value, one row, or all of them."""
    values = [next(iter(row.values())) if len(row) == 1 else dict(row) for row in rows]
    return values[0] if len(values) == 1 else values or None


def _in_order(decisions: Decisions, decision_id: str) -> list[str]:
    """The decision after all that it requires, each once; without recursion, for graphs may be deep."""
    order: list[str] = []
    done: set[str] = set()
    todo = [(decision_id, False)]
    while todo:
        id_, ready = todo.pop()
        if id_ in done or id_ not in decisions.logic:
            continue
        if ready:
            done.add(id_)
            order.append(id_)
            continue
        todo.append((id_, True))
        todo += ((one, False) for one in reversed(decisions.definitions.decisions[id_].decisions))
    return order


def _seen_by_others(rows: list[_Row], decision: Decision) -> dict[str, Any]:
    """What decisions that require this one see of its result."""
    lists = isinstance(decision.logic, Table) and decision.logic.policy in _LISTS and decision.logic.aggregation is None
    if len(rows) == 1 and not lists:
        return {name: one.value for name, one in rows[0].items()}
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row[name].value for row in rows if name in row] for name in names}


def _decide(
    logic: _Table | _Expression, scope: _Variables, decision: Decision, root: str | None
) -> tuple[list[_Row], DecisionRecord, int]:
    if isinstance(logic, _Expression):
        found = convert(logic.run(scope) if logic.run is not None else None, logic.type)
        output = OutputRecord(None, None, None, None, logic.name, found.type, stored(found.value))
        record = DecisionRecord(decision.id, decision.name, (), (output,), None, root)
        return [{logic.name or "": found}], record, 1
    inputs, matched = _match(logic, scope)
    results = [(number, _outputs(logic, number, scope)) for number in matched]
    results = _hits(logic.table, results)
    outputs = tuple(_records(logic.table, results))
    rows = [{output.name or "": found for output, found in row} for _, row in results]
    collected = None
    if logic.table.aggregation is not None:
        aggregate = _aggregate(logic.table.aggregation, [row for _, row in results])
        if aggregate is not None:
            name = next((row[0][0].name for _, row in results if row), None)
            collected = float(aggregate.value)
            rows = [{name or "": aggregate}]
        else:
            rows = []
    record = DecisionRecord(decision.id, decision.name, tuple(inputs), outputs, collected, root)
    width = len(logic.table.inputs) + len(logic.table.outputs)
    return rows, record, width * len(logic.table.rules)


def _match(logic: _Table, scope: _Variables) -> tuple[list[InputRecord], list[int]]:
    candidates = (1 << len(logic.table.rules)) - 1
    inputs = []
    for one in logic.columns:
        found = convert(one.run(scope), one.type) if one.run is not None else NULL
        clause = one.input
        inputs.append(InputRecord(clause.id, clause.label, found.type, stored(found.value)))
        local = scope
        if one.run is not None:
            local = scope.beside({"inputVariableName": one.variable, one.variable: found.value})
        candidates = one.cells.narrow(candidates, from_java(found.value), local)
    return inputs, list(bits(candidates))


_Result = list[tuple[Output, Typed]]


def _outputs(logic: _Table, rule: int, scope: _Variables) -> _Result:
    return [
        (clause, convert(run(scope), clause.type))
        for clause, run in zip(logic.table.outputs, logic.outputs[rule], strict=True)
        if run is not None
    ]


def _hits(table: Table, results: list[tuple[int, _Result]]) -> list[tuple[int, _Result]]:
    rules = [table.rules[number].id or "" for number, _ in results]
    match table.policy:
        case HitPolicy.UNIQUE if len(results) > 1:
            said = (
                f"hit policy 'UNIQUE' only allows a single rule to match. Actually match rules: '{', '.join(rules)}'."
            )
            raise DecisionFailed(f"DMN-03001 Decision table {said}", rules=rules)
        case HitPolicy.FIRST:
            return results[:1]
        case HitPolicy.ANY:
            shown = [{clause.name: (found.value, found.declared) for clause, found in row} for _, row in results]
            if any(one != shown[0] for one in shown):
                said = f"hit policy 'ANY' allows multiple rules to match only with equal output: '{', '.join(rules)}'."
                raise DecisionFailed(f"DMN-03002 Decision table {said}", rules=rules)
            return results[:1]
        case _:
            return results


def _records(table: Table, results: list[tuple[int, _Result]]) -> list[OutputRecord]:
    return [
        OutputRecord(
            clause.id, clause.label, table.rules[number].id, order, clause.name, found.type, stored(found.value)
        )
        for order, (number, row) in enumerate(results, 1)
        for clause, found in row
    ]


def _aggregate(aggregation: Aggregation, rows: list[_Result]) -> Typed | None:
    values = []
    for row in rows:
        if len(row) > 1:
            raise DecisionFailed(f"DMN-03003 Unable to apply aggregator '{aggregation}' on compound decision output.")
        values += [found for _, found in row]
    if aggregation is Aggregation.COUNT:
        return Typed(len(values), "Integer")
    if not values:
        return None
    for kind in ("Integer", "Long", "Double"):
        try:
            numbers = [_as(kind, one) for one in values]
        except ValueError:
            continue
        return Typed(convert(_FOLDS[aggregation](numbers), kind).value, kind)
    shown = [one.value for one in values]
    raise DecisionFailed(f"DMN-03004 Unable to convert values '{shown}' to a number that can be aggregated.")


_FOLDS: dict[Aggregation, Callable[[list[Any]], Any]] = {
    Aggregation.SUM: sum,
    Aggregation.MIN: min,
    Aggregation.MAX: max,
}


def _as(kind: str, found: Typed) -> Any:
    """A number of that kind; declared types are not converted. Raises ValueError."""
    if found.value is None:
        raise DecisionFailed("Values to aggregate must not be null")
    if found.declared is not None:
        if found.declared != kind:
            raise ValueError(kind)
        return found.value
    if kind == "Integer" and found.type != "Integer":
        raise ValueError(kind)
    try:
        return convert(found.value if found.type == kind else convert(found.value, "string").value, kind).value
    except DecisionFailed:
        raise ValueError(kind) from None
