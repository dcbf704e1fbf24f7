"""Decisions as Camunda 7 reads and evaluates them: languages by slot, types by clause, rows of outputs, history.

What differs from the standard: FEEL or JUEL in any slot; a text that cannot be read fails when it is evaluated, not when
it is deployed; a broken hit policy is an error, not null; decisions whose logic is neither a table nor a literal
expression do not exist; PRIORITY and OUTPUT ORDER are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from procession.camunda7.decision_checks import check
from procession.camunda7.decision_logic import (
    CAMUNDA,
    CompiledExpression,
    CompiledTable,
    Compiler,
    Script,
    Variables,
    no_script,
)
from procession.camunda7.decision_types import NULL, Typed, convert, from_java, stored
from procession.dmn.faults import DecisionFailed
from procession.dmn.index import bits
from procession.dmn.model import (
    Aggregation,
    Decision,
    DecisionRecord,
    Definitions,
    Evaluation,
    HitPolicy,
    InputRecord,
    LiteralExpression,
    Output,
    OutputRecord,
    Table,
    Warned,
)
from procession.dmn.reader import read_dmn
from procession.errors import ProcessionError

# Whose results are always lists where another decision requires them.
_LISTS = (HitPolicy.COLLECT, HitPolicy.RULE_ORDER)


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of one file, compiled. `executable` are those that Camunda 7 deploys, in their order."""

    definitions: Definitions
    logic: Mapping[str, CompiledTable | CompiledExpression] = field(repr=False)

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
        return _evaluate(self, decision_id, Variables.of(variables, beans or {}, time, script))


def read_decisions(data: bytes, resource: str = "") -> Decisions:
    """Reads and compiles a DMN file. Raises ParseFailed with all problems, where Camunda 7 refuses it."""
    definitions = read_dmn(data, resource, check)
    logic: dict[str, CompiledTable | CompiledExpression] = {}
    for decision in definitions.decisions.values():
        compiler = Compiler(definitions)
        match decision.logic:
            case Table() as table:
                logic[decision.id] = compiler.table(table)
            case LiteralExpression(expression):
                held = decision.variable
                name, type_ = (held.name or None, held.type) if held is not None else (None, None)
                logic[decision.id] = CompiledExpression(compiler.expression(expression), name, type_)
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


# --- evaluating ------------------------------------------------------------------------------------------------------

_Row = dict[str, Typed]


def _evaluate(decisions: Decisions, decision_id: str, scope: Variables) -> Evaluation:
    if decision_id not in decisions.logic:
        raise DecisionFailed(f"There is no decision '{decision_id}'", decision=decision_id)
    records: list[DecisionRecord] = []
    warned: list[Warned] = []
    rows: list[_Row] = []
    elements = 0
    for id_ in _in_order(decisions, decision_id):
        decision = decisions.definitions.decisions[id_]
        root = None if id_ == decision_id else decision_id
        before = len(scope.feel.evaluation.warnings)
        try:
            rows, record, count = _decide(decisions.logic[id_], scope, decision, root)
        except ProcessionError as error:
            raise DecisionFailed(f"Unable to evaluate decision '{id_}': {error.message}", decision=id_) from error
        warned += (Warned(one.message, id_, one.position) for one in scope.feel.evaluation.warnings[before:])
        records.append(record)
        elements += count
        if root is not None:
            scope = scope.beside(_seen_by_others(rows, decision))
    plain = tuple({name: stored(one.value) for name, one in row.items()} for row in rows)
    types = tuple({name: one.declared for name, one in row.items()} for row in rows)
    return Evaluation(plain, _value(plain), tuple(records), tuple(warned), types, elements)


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
    logic: CompiledTable | CompiledExpression, scope: Variables, decision: Decision, root: str | None
) -> tuple[list[_Row], DecisionRecord, int]:
    if isinstance(logic, CompiledExpression):
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


def _match(logic: CompiledTable, scope: Variables) -> tuple[list[InputRecord], list[int]]:
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


def _outputs(logic: CompiledTable, rule: int, scope: Variables) -> _Result:
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
            clause.id,
            clause.label,
            table.rules[number].id,
            order,
            clause.name,
            found.type,
            stored(found.value),
            number + 1,
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
