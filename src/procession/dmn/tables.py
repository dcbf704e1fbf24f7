"""Decision tables as the standard evaluates them (DMN 8.2): compiled to indexes, hit policies, defaults, aggregations.

A broken hit policy, an input that is not allowed and an output of the wrong type give null and a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from procession.dmn.index import Cell, Column, bits, column
from procession.dmn.items import Types
from procession.dmn.model import Aggregation, HitPolicy, Input, InputRecord, OutputRecord, Table, Text
from procession.expressions import MappingScope, Scope
from procession.feel import CompiledExpression, Evaluation, UnaryTests, from_feel
from procession.feel.arithmetic import add
from procession.feel.comparing import order, same
from procession.feel.syntax import Call, Name, Node, path_of
from procession.values import type_of

Run = Callable[[Scope, Evaluation], Any]
"""A compiled expression: FEEL values in, a FEEL value out; null with a warning where it fails."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a cell is asked with."""

    scope: Scope
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Clause:
    """An input clause, compiled. `path` is what its expression reads where it is `a` or `a.b`, else empty.

    `dated` says that it is `date(a)` of that. `type` is the type that the expression declares; `limits` is `allowed` as
    a column of one cell.
    """

    run: Run
    allowed: UnaryTests | None
    limits: Column | None
    cells: Column
    path: tuple[str, ...]
    dated: bool
    type: str | None


@dataclass(frozen=True, slots=True)
class Hits:
    """What a table gave: the result, a row of outputs for each hit, and the records for history."""

    value: Any
    rows: tuple[Mapping[str, Any], ...]
    inputs: tuple[InputRecord, ...]
    outputs: tuple[OutputRecord, ...]
    collected: Any = None


class Texts(Protocol):
    """Compiles texts in the names that a table sees; implemented by `boxed`."""

    types: Types

    def text(self, text: Text | None) -> Run | None:
        """A literal expression."""

    def tests(self, text: Text | None) -> UnaryTests | None:
        """Unary tests; None where there are none or they cannot be read."""

    def read(self, text: Text) -> CompiledExpression | None:
        """A literal expression as FEEL has it; None where there is none or it cannot be read."""


class CompiledTable:
    """A decision table, ready. `name` stands for a single output that has no name of its own."""

    def __init__(self, table: Table, texts: Texts, name: str, cell: Callable[[Text], Cell]) -> None:
        self.table = table
        self.names = tuple(output.name or name for output in table.outputs)
        self._types = texts.types
        self._texts = texts
        self.clauses = tuple(
            _clause(clause, column([cell(rule.inputs[number]) for rule in table.rules]), texts)
            for number, clause in enumerate(table.inputs)
        )
        self._outputs = tuple(tuple(texts.text(text) or _null for text in rule.outputs) for rule in table.rules)
        defaults = [texts.text(output.default) for output in table.outputs]
        self.defaults = [run or _null for run in defaults] if any(defaults) else []
        self._priorities = [texts.text(_as_list(output.values)) for output in table.outputs]
        self._allowed = [texts.tests(output.values) for output in table.outputs]

    def evaluate(self, scope: Scope, evaluation: Evaluation) -> Hits:
        """The hits for the values in scope."""
        inputs: list[InputRecord] = []
        candidates = (1 << len(self.table.rules)) - 1
        refused = False
        values: list[Any] = []
        for clause, one in zip(self.table.inputs, self.clauses, strict=True):
            value = one.run(scope, evaluation)
            values.append(value)
            plain = from_feel(value)
            inputs.append(InputRecord(clause.id, clause.label, type_of(plain), plain))
            if one.allowed is not None and one.allowed.matches(scope, value, evaluation) is not True:
                evaluation.warn(
                    f"the input '{clause.label or _text(clause.expression)}' is not one of the allowed values"
                )
                refused = True
            candidates &= one.cells.possible(value)
        if refused:
            return Hits(None, (), tuple(inputs), ())
        # Cells that must be asked cost most: what every index leaves out is not asked at all.
        for one, value in zip(self.clauses, values, strict=True):
            candidates = one.cells.narrow(candidates, value, Asked(scope, evaluation))
        rows = [(number, self._row(self._outputs[number], scope, evaluation)) for number in bits(candidates)]
        rows, said = self._hits(rows, scope, evaluation)
        if said is not None:
            evaluation.warn(said)
            return Hits(None, (), tuple(inputs), ())
        defaults = None
        if not rows and self.defaults:
            defaults = self._row(self.defaults, scope, evaluation)
        outputs = tuple(self._records(rows))
        value, collected = self._value([row for _, row in rows], defaults, evaluation)
        shown = [row for _, row in rows] or ([defaults] if defaults is not None else [])
        named = tuple({name: from_feel(one) for name, one in zip(self.names, row, strict=True)} for row in shown)
        return Hits(value, named, tuple(inputs), outputs, collected)

    def constant_row(self, number: int | None) -> list[Any] | None:
        """The outputs of a rule, or with None the defaults, where they depend on nothing; else None."""
        texts = [one.default for one in self.table.outputs] if number is None else self.table.rules[number].outputs
        for text, allowed in zip(texts, self._allowed, strict=True):
            written = None if text is None else self._texts.read(text)
            if written is None or not written.constant or (allowed is not None and not allowed.constant):
                return None
        runs = self._outputs[number] if number is not None else self.defaults
        return self._row(runs, MappingScope({}), Evaluation())

    def _row(self, runs: Sequence[Run], scope: Scope, evaluation: Evaluation) -> list[Any]:
        found = []
        for output, allowed, run in zip(self.table.outputs, self._allowed, runs, strict=True):
            fits, value = self._types.convert(run(scope, evaluation), output.type)
            if not fits:
                evaluation.warn(f"the output '{output.name or output.label or ''}' is not a {output.type}")
            elif value is not None and allowed is not None and allowed.matches(scope, value) is False:
                evaluation.warn(f"the output '{output.name or output.label or ''}' is not one of the allowed values")
                value = None
            found.append(value)
        return found

    def _hits(
        self, rows: list[tuple[int, list[Any]]], scope: Scope, evaluation: Evaluation
    ) -> tuple[list[tuple[int, list[Any]]], str | None]:
        """The rows that count, in their order; or what is wrong with them."""
        match self.table.policy:
            case HitPolicy.UNIQUE if len(rows) > 1:
                return [], f"the hit policy UNIQUE allows one rule to match, not {len(rows)}"
            case HitPolicy.ANY:
                if any(not all(map(same, row, rows[0][1])) for _, row in rows[1:]):
                    return [], "the hit policy ANY allows several rules to match only with equal outputs"
                return rows[:1], None
            case HitPolicy.FIRST:
                return rows[:1], None
            case HitPolicy.PRIORITY:
                return self._by_priority(rows, scope, evaluation)[:1], None
            case HitPolicy.OUTPUT_ORDER:
                return self._by_priority(rows, scope, evaluation), None
            case _:
                return rows, None

    def _by_priority(
        self, rows: list[tuple[int, list[Any]]], scope: Scope, evaluation: Evaluation
    ) -> list[tuple[int, list[Any]]]:
        orders = [run(scope, evaluation) if run is not None else None for run in self._priorities]

        def rank(row: tuple[int, list[Any]]) -> list[int]:
            return [
                next((place for place, one in enumerate(allowed) if same(one, value)), len(allowed))
                for value, allowed in zip(row[1], orders, strict=True)
                if isinstance(allowed, list)
            ]

        return sorted(rows, key=rank)

    def _value(self, rows: list[list[Any]], defaults: list[Any] | None, evaluation: Evaluation) -> tuple[Any, Any]:
        match self.table.policy:
            case HitPolicy.COLLECT if self.table.aggregation is not None and (rows or defaults is None):
                return self._aggregated(self.table.aggregation, rows, evaluation)
            case HitPolicy.COLLECT | HitPolicy.RULE_ORDER | HitPolicy.OUTPUT_ORDER if rows:
                return [self._one(row) for row in rows], None
            case _:
                found = rows[0] if rows else defaults
                return (None if found is None else self._one(found)), None

    def _one(self, row: list[Any]) -> Any:
        return row[0] if len(self.names) == 1 else dict(zip(self.names, row, strict=True))

    def _aggregated(self, aggregation: Aggregation, rows: list[list[Any]], evaluation: Evaluation) -> tuple[Any, Any]:
        if aggregation is Aggregation.COUNT:
            count = Decimal(len(rows))
            return count, count
        if not rows:
            return None, None
        folded = [_fold(aggregation, list(values), evaluation) for values in zip(*rows, strict=True)]
        return self._one(folded), folded[0] if len(folded) == 1 else None

    def _records(self, rows: list[tuple[int, list[Any]]]) -> list[OutputRecord]:
        return [
            OutputRecord(
                output.id,
                output.label,
                self.table.rules[number].id,
                place,
                name,
                type_of(plain := from_feel(value)),
                plain,
                number + 1,
            )
            for place, (number, row) in enumerate(rows, 1)
            for output, name, value in zip(self.table.outputs, self.names, row, strict=True)
        ]


def _fold(aggregation: Aggregation, values: list[Any], evaluation: Evaluation) -> Any:
    result = values[0]
    if aggregation is Aggregation.SUM:
        if not all(isinstance(value, Decimal) for value in values):
            return evaluation.warn("SUM is of numbers")
        for value in values[1:]:
            result = add(result, value)
        return result
    wanted = -1 if aggregation is Aggregation.MIN else 1
    for value in values:
        compared = order(value, result)
        if compared is None:
            return evaluation.warn(f"{aggregation} is of values that have an order between them")
        if compared == wanted:
            result = value
    return result


def _clause(clause: Input, cells: Column, texts: Texts) -> Clause:
    allowed = texts.tests(clause.values)
    limits = None if allowed is None else column([Cell(lambda scope, value: False, allowed)])
    written = clause.expression
    read = None if written is None or written.text is None else texts.read(written)
    path, dated = ((), False) if read is None else _reading(read.node)
    type_ = None if written is None else written.type
    return Clause(texts.text(written) or _null, allowed, limits, cells, path, dated, type_)


def _reading(node: Node) -> tuple[tuple[str, ...], bool]:
    match node:
        case Call(Name("date"), (argument,), None):
            return path_of(argument), True
        case _:
            return path_of(node), False


def _null(scope: Scope, evaluation: Evaluation) -> Any:
    return None


def _text(text: Text | None) -> str:
    return (text.text if text is not None else None) or ""


def _as_list(values: Text | None) -> Text | None:
    if values is None or values.text is None:
        return None
    return Text(f"[{values.text}]", values.language, None, values.id, values.line)
