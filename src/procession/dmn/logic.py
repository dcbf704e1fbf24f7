"""Reads the logic of decisions: boxed expressions (DMN 10.2.2) and decision tables (DMN 8)."""

from __future__ import annotations

from typing import Protocol, TypeVar

from lxml import etree

from procession.dmn.model import (
    Aggregation,
    Conditional,
    Context,
    Filter,
    FunctionDefinition,
    HitPolicy,
    Input,
    Invocation,
    Iterator,
    ListOf,
    LiteralExpression,
    Logic,
    Output,
    Relation,
    Rule,
    Table,
    UnknownLogic,
)
from procession.dmn.texts import child, children, foreign, text_child, text_of, variable
from procession.xml import local_name

_NOT_LOGIC = frozenset(
    {
        "description",
        "extensionElements",
        "question",
        "allowedAnswers",
        "variable",
        "informationRequirement",
        "knowledgeRequirement",
        "authorityRequirement",
        "supportedObjective",
        "impactedPerformanceIndicator",
        "decisionMaker",
        "decisionOwner",
        "usingProcess",
        "usingTask",
        "formalParameter",
        "parameter",
    }
)


_Word = TypeVar("_Word", HitPolicy, Aggregation)


class Faults(Protocol):
    """Where faults are noted."""

    def problem(self, message: str, element: etree._Element, id_: str | None = None) -> None:
        """Notes one."""


class LogicReader:
    """Reads the expression that an element holds."""

    def __init__(self, document: Faults) -> None:
        self._document = document

    def of(self, holder: etree._Element) -> Logic | None:
        """The expression in a decision, context entry, binding …; None where there is none."""
        for element in children(holder, *_READERS):
            return self._read(element)
        for element in holder.iterchildren(etree.Element):
            if (
                local_name(element) not in _NOT_LOGIC
                and etree.QName(element).namespace == etree.QName(holder).namespace
            ):
                return UnknownLogic(local_name(element))
        return None

    def _read(self, element: etree._Element) -> Logic:
        read: Logic = _READERS[local_name(element)](self, element)
        return read

    def _in(self, element: etree._Element, role: str) -> Logic | None:
        found = child(element, role)
        return None if found is None else self.of(found)

    def _literal(self, element: etree._Element) -> Logic:
        return LiteralExpression(text_of(element))

    def _context(self, element: etree._Element) -> Logic:
        entries = [(variable(child(entry, "variable")), self.of(entry)) for entry in children(element, "contextEntry")]
        return Context(tuple(entries), element.get("typeRef"))

    def _relation(self, element: etree._Element) -> Logic:
        columns = tuple(column.get("name") or "" for column in children(element, "column"))
        rows = tuple(tuple(self._each(row)) for row in children(element, "row"))
        for row, written in zip(children(element, "row"), rows, strict=True):
            if len(written) != len(columns):
                self._document.problem(f"The row has {len(written)} of {len(columns)} cells", row)
        return Relation(columns, rows, element.get("typeRef"))

    def _list(self, element: etree._Element) -> Logic:
        return ListOf(tuple(self._each(element)), element.get("typeRef"))

    def _each(self, element: etree._Element) -> list[Logic | None]:
        return [self._read(inner) for inner in children(element, *_READERS)]

    def _invocation(self, element: etree._Element) -> Logic:
        bindings = []
        for binding in children(element, "binding"):
            parameter = child(binding, "parameter")
            bindings.append((parameter.get("name") or "" if parameter is not None else "", self.of(binding)))
        return Invocation(self.of(element), tuple(bindings), element.get("typeRef"))

    def function(self, element: etree._Element) -> FunctionDefinition:
        """A function definition; also what a business knowledge model encapsulates."""
        parameters = [variable(one) for one in children(element, "formalParameter")]
        return FunctionDefinition(
            tuple(one for one in parameters if one is not None),
            self.of(element),
            element.get("kind") or "FEEL",
            element.get("typeRef"),
        )

    def _conditional(self, element: etree._Element) -> Logic:
        return Conditional(
            self._in(element, "if"), self._in(element, "then"), self._in(element, "else"), element.get("typeRef")
        )

    def _filter(self, element: etree._Element) -> Logic:
        return Filter(self._in(element, "in"), self._in(element, "match"), element.get("typeRef"))

    def _iterator(self, element: etree._Element) -> Logic:
        kind = local_name(element)
        body = self._in(element, "return" if kind == "for" else "satisfies")
        variable = element.get("iteratorVariable") or ""
        return Iterator(kind, variable, self._in(element, "in"), body, element.get("typeRef"))

    # --- decision tables ---------------------------------------------------------------------------------------------

    def _table(self, element: etree._Element) -> Logic:
        inputs = tuple(_input(one) for one in children(element, "input"))
        outputs = tuple(_output(one) for one in children(element, "output"))
        if not outputs:
            self._document.problem("The decision table has no output", element)
        rules = []
        for row in children(element, "rule"):
            rule = Rule(
                row.get("id"),
                tuple(text_of(cell) for cell in children(row, "inputEntry")),
                tuple(text_of(cell) for cell in children(row, "outputEntry")),
                row.sourceline or 0,
            )
            for what, cells, clauses in (("input", rule.inputs, inputs), ("output", rule.outputs, outputs)):
                if len(cells) != len(clauses):
                    said = f"The rule has {len(cells)} {what} entries; the table has {len(clauses)} {what}s"
                    self._document.problem(said, row)
            rules.append(rule)
        policy = self._word(element, "hitPolicy", HitPolicy) or HitPolicy.UNIQUE
        return Table(
            element.get("id"),
            inputs,
            outputs,
            tuple(rules),
            policy,
            self._word(element, "aggregation", Aggregation),
            element.get("outputLabel"),
            element.get("typeRef"),
        )

    def _word(self, element: etree._Element, name: str, kind: type[_Word]) -> _Word | None:
        written = element.get(name)
        if not written:
            return None
        try:
            return kind(written)
        except ValueError:
            known = ", ".join(kind)
            self._document.problem(f"'{written}' is not a known {name}; there are {known}", element)
            return None


def _input(element: etree._Element) -> Input:
    expression = text_child(element, "inputExpression")
    values = text_child(element, "inputValues")
    return Input(element.get("id"), element.get("label") or None, expression, values, foreign(element))


def _output(element: etree._Element) -> Output:
    return Output(
        element.get("id"),
        element.get("label") or None,
        element.get("name") or None,
        element.get("typeRef"),
        text_child(element, "outputValues"),
        text_child(element, "defaultOutputEntry"),
    )


_READERS = {
    "literalExpression": LogicReader._literal,
    "decisionTable": LogicReader._table,
    "context": LogicReader._context,
    "relation": LogicReader._relation,
    "list": LogicReader._list,
    "invocation": LogicReader._invocation,
    "functionDefinition": LogicReader.function,
    "conditional": LogicReader._conditional,
    "filter": LogicReader._filter,
    "for": LogicReader._iterator,
    "some": LogicReader._iterator,
    "every": LogicReader._iterator,
}
