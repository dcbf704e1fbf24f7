"""DMN's vocabulary: decisions, their logic and what they require, as frozen data. One file, in the standard's words.

Elements name each other by id. Expressions are text with the language that was written at them, if any: what a text
means is the business of `compiling` (the standard) or of a dialect. Attributes of foreign namespaces are kept as they
were, for dialects to read. This file does not know XML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class HitPolicy(StrEnum):
    """What a decision table gives where several rules match (DMN 8.2.8)."""

    UNIQUE = "UNIQUE"
    FIRST = "FIRST"
    PRIORITY = "PRIORITY"
    ANY = "ANY"
    COLLECT = "COLLECT"
    RULE_ORDER = "RULE ORDER"
    OUTPUT_ORDER = "OUTPUT ORDER"


class Aggregation(StrEnum):
    """How COLLECT puts the outputs together."""

    SUM = "SUM"
    COUNT = "COUNT"
    MIN = "MIN"
    MAX = "MAX"


@dataclass(frozen=True, slots=True)
class Text:
    """An expression as written. `language` is its own or None; `text` is trimmed, None where there is none at all."""

    text: str | None
    language: str | None = None
    type: str | None = None
    id: str | None = None
    line: int = 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to evaluate."""
        return not self.text


@dataclass(frozen=True, slots=True)
class Variable:
    """An information item: the name under which a value is seen, and its type."""

    name: str
    type: str | None = None
    id: str | None = None


# --- logic -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Input:
    """A column of conditions. `values` is the unary test that every input must pass."""

    id: str | None
    label: str | None
    expression: Text | None
    values: Text | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """A column of results. `values` are the allowed ones, in the order of their priority."""

    id: str | None
    label: str | None
    name: str | None
    type: str | None = None
    values: Text | None = None
    default: Text | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A row: one text for each input and each output."""

    id: str | None
    inputs: tuple[Text, ...]
    outputs: tuple[Text, ...]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A decision table."""

    id: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    policy: HitPolicy = HitPolicy.UNIQUE
    aggregation: Aggregation | None = None
    label: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class LiteralExpression:
    """A text."""

    expression: Text


@dataclass(frozen=True, slots=True)
class Context:
    """Named entries, each of which sees the earlier ones; an entry without a name is the result."""

    entries: tuple[tuple[Variable | None, Logic | None], ...]
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A list of contexts, written as a table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Logic | None, ...], ...]
    type: str | None = None


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    items: tuple[Logic | None, ...]
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call of a function, with named arguments."""

    function: Logic | None
    bindings: tuple[tuple[str, Logic | None], ...]
    type: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A function; `kind` is `FEEL`, `Java` or `PMML`, of which only FEEL runs."""

    parameters: tuple[Variable, ...]
    body: Logic | None
    kind: str = "FEEL"
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Conditional:
    """A boxed `if`."""

    condition: Logic | None
    then: Logic | None
    otherwise: Logic | None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A boxed filter: those items of a list for which `match` is true."""

    items: Logic | None
    match: Logic | None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Iterator:
    """A boxed `for`, `some` or `every` (`kind`) over one list."""

    kind: str
    variable: str
    items: Logic | None
    body: Logic | None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class UnknownLogic:
    """An expression of a kind that the standard does not have, or a decision's logic that is missing."""

    kind: str


Logic = (
    Table
    | LiteralExpression
    | Context
    | Relation
    | ListOf
    | Invocation
    | FunctionDefinition
    | Conditional
    | Filter
    | Iterator
    | UnknownLogic
)

# --- the graph -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision. What it requires are ids, or `namespace#id` for what was imported, in the order of the document."""

    id: str
    name: str | None
    variable: Variable | None
    logic: Logic | None
    decisions: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    knowledge: tuple[str, ...] = ()
    line: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InputData:
    """A value that comes from outside."""

    id: str
    name: str
    variable: Variable | None


@dataclass(frozen=True, slots=True)
class KnowledgeModel:
    """Business knowledge: a function that decisions share."""

    id: str
    name: str
    variable: Variable | None
    function: FunctionDefinition | None
    knowledge: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionService:
    """Decisions offered as a function of inputs and of other decisions' results."""

    id: str
    name: str
    variable: Variable | None
    outputs: tuple[str, ...]
    encapsulated: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """A type: of components, or another type with allowed values; `collection` makes a list of it."""

    name: str
    type: str | None = None
    collection: bool = False
    components: tuple[ItemDefinition, ...] = ()
    allowed: Text | None = None
    constraint: Text | None = None
    function: tuple[tuple[Variable, ...], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """Another model's definitions under a name; without a name they are seen as if they were written here."""

    name: str
    namespace: str
    kind: str = ""
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Definitions:
    """One DMN file."""

    id: str | None
    name: str | None
    namespace: str
    decisions: Mapping[str, Decision]
    inputs: Mapping[str, InputData] = field(default_factory=dict)
    knowledge: Mapping[str, KnowledgeModel] = field(default_factory=dict)
    services: Mapping[str, DecisionService] = field(default_factory=dict)
    items: tuple[ItemDefinition, ...] = ()
    imports: tuple[Import, ...] = ()
    language: str | None = None
    resource: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


# --- what an evaluation says -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputRecord:
    """The value of one input clause. `type` is the type's name in `values`, `clause_name` the clause's label."""

    clause_id: str | None
    clause_name: str | None
    type: str
    value: Any


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """One output of a matched rule; `rule_order` counts from 1. A literal expression has no rule and no clause.

    `rule` is the rule's place in the table, from 1, for tools that show which rules matched.
    """

    clause_id: str | None
    clause_name: str | None
    rule_id: str | None
    rule_order: int | None
    variable_name: str | None
    type: str
    value: Any
    rule: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One evaluated decision. `root` is None for the one that was asked for, else that one's id."""

    decision_id: str
    decision_name: str | None
    inputs: tuple[InputRecord, ...] = ()
    outputs: tuple[OutputRecord, ...] = ()
    collected: float | None = None
    root: str | None = None


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that gave null instead of a value: message, the decision, and where in it."""

    message: str
    decision_id: str
    position: int = -1


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A decision's result.

    `rows` has one mapping for each matched rule, `types` beside each the declared Camunda 7 type of every output (None
    where none is declared). `value` is the result as DMN defines it, in process values; `feel` the same in FEEL values,
    where the standard evaluated. `decisions` are the evaluated ones in their order: what is required first, the one
    asked for last. `elements` counts what was executed, as Camunda's metric `executed-decision-elements` does.
    """

    rows: tuple[Mapping[str, Any], ...]
    value: Any
    decisions: tuple[DecisionRecord, ...]
    warnings: tuple[Warned, ...] = ()
    types: tuple[Mapping[str, str | None], ...] = ()
    elements: int = 0
    feel: Any = None
