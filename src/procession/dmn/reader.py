"""Reads DMN 1.1 to 1.6 into the model. Every fault is reported at once, with element id and line.

What a dialect demands beyond the standard it says by `Rules`. This file does not know what an expression means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from procession.dmn.logic import LogicReader
from procession.dmn.model import (
    Decision,
    DecisionService,
    Definitions,
    FunctionDefinition,
    Import,
    InputData,
    ItemDefinition,
    KnowledgeModel,
)
from procession.dmn.texts import DMN, child, children, foreign, text_child, trimmed, variable
from procession.errors import ParseFailed, Problem
from procession.xml import local_name, namespace, parse_xml, position

NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20180521/MODEL/",
        "http://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
        "https://www.omg.org/spec/DMN/20240513/MODEL/",
    }
)
"""DMN 1.1 to 1.6."""

_ROLES = ("requiredDecision", "requiredInput", "requiredKnowledge", "requiredAuthority")


class Document:
    """One file being read: its problems so far."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self.problems: list[Problem] = []

    def problem(self, message: str, element: etree._Element, id_: str | None = None) -> None:
        """Notes a fault; the element at fault is the nearest one around that has an id."""
        line, column = position(element)
        at: etree._Element | None = element
        while id_ is None and at is not None:
            id_, at = at.get("id"), at.getparent()
        self.problems.append(Problem(message, line, column, (id_,) if id_ else (), self.resource))


Check = Callable[[etree._Element, Definitions, Document], None]


def read_dmn(data: bytes, resource: str = "", check: Check | None = None) -> Definitions:
    """The definitions in a DMN document. `check` is a dialect's: it notes further problems in the document.

    Raises ParseFailed with all problems: XML that is not well-formed or not DMN, missing or twice given ids,
    requirements of what does not exist or in a circle, rules of another width than their table.
    """
    root = parse_xml(data, resource)
    document = Document(resource)
    if local_name(root) != "definitions" or namespace(root) not in NAMESPACES:
        known = "a DMN document begins with 'definitions' in a namespace of DMN 1.1 to 1.6"
        document.problem(f"'{local_name(root)}' in the namespace '{namespace(root)}' is not DMN; {known}", root)
        raise ParseFailed("The document is not DMN", document.problems)
    definitions = _Reader(root, document).definitions()
    _check_requirements(definitions, root, document)
    if check is not None:
        check(root, definitions, document)
    if document.problems:
        raise ParseFailed("The decisions cannot be read", document.problems)
    return definitions


@dataclass
class _Reader:
    root: etree._Element
    document: Document

    def definitions(self) -> Definitions:
        root = self.root
        language = root.get("expressionLanguage")
        self.logic = LogicReader(self.document)
        self._unique_ids()
        decisions: dict[str, Decision] = {}
        for element in self._elements("decision"):
            decision = self._decision(element)
            decisions.setdefault(decision.id, decision)
        return Definitions(
            id=root.get("id") or None,
            name=root.get("name") or None,
            namespace=root.get("namespace") or "",
            decisions=decisions,
            inputs={data.id: data for data in map(self._input_data, self._elements("inputData"))},
            knowledge={model.id: model for model in map(self._knowledge, self._elements("businessKnowledgeModel"))},
            services={service.id: service for service in map(self._service, self._elements("decisionService"))},
            items=tuple(map(_item, self._elements("itemDefinition"))),
            imports=tuple(map(_import, self._elements("import"))),
            language=language,
            resource=self.document.resource,
            attributes=foreign(root),
        )

    def _elements(self, name: str) -> Iterator[etree._Element]:
        return iter(children(self.root, name))

    def _unique_ids(self) -> None:
        seen: set[str] = set()
        for element in self.root.iter(etree.Element):
            id_ = element.get("id")
            if id_ is None or not DMN.match(namespace(element)):
                continue
            if id_ in seen:
                self.document.problem(f"The id '{id_}' is used more than once", element, id_)
            seen.add(id_)

    def _decision(self, element: etree._Element) -> Decision:
        for one in children(element, "informationRequirement", "knowledgeRequirement"):
            if not children(one, *_ROLES):
                self.document.problem(f"The '{local_name(one)}' names nothing that is required", one)
        return Decision(
            id=_id(element),
            name=element.get("name") or None,
            variable=variable(child(element, "variable")),
            logic=self.logic.of(element),
            decisions=self._required(element, "informationRequirement", "requiredDecision"),
            inputs=self._required(element, "informationRequirement", "requiredInput"),
            knowledge=self._required(element, "knowledgeRequirement", "requiredKnowledge"),
            line=element.sourceline or 0,
            attributes=foreign(element),
        )

    def _required(self, element: etree._Element, requirement: str, role: str) -> tuple[str, ...]:
        found: list[str] = []
        for one in children(element, requirement):
            found += map(self._reference, children(one, role))
        return tuple(found)

    def _reference(self, element: etree._Element) -> str:
        href = element.get("href")
        if not href:
            if local_name(element) == "requiredDecision":
                self.document.problem("The 'requiredDecision' must have a 'href' attribute", element)
            return ""
        space, _, id_ = href.rpartition("#")
        own = self.root.get("namespace")
        return id_ if not space or space == own else f"{space}#{id_}"

    def _input_data(self, element: etree._Element) -> InputData:
        held = variable(child(element, "variable"))
        name = element.get("name") or (held.name if held else "")
        return InputData(_id(element), name, held)

    def _knowledge(self, element: etree._Element) -> KnowledgeModel:
        logic = child(element, "encapsulatedLogic")
        function: FunctionDefinition | None = None
        if logic is not None:
            function = self.logic.function(logic)
        return KnowledgeModel(
            _id(element),
            element.get("name") or "",
            variable(child(element, "variable")),
            function,
            self._required(element, "knowledgeRequirement", "requiredKnowledge"),
        )

    def _service(self, element: etree._Element) -> DecisionService:
        def all_of(role: str) -> tuple[str, ...]:
            return tuple(self._reference(one) for one in children(element, role))

        return DecisionService(
            _id(element),
            element.get("name") or "",
            variable(child(element, "variable")),
            all_of("outputDecision"),
            all_of("encapsulatedDecision"),
            all_of("inputDecision"),
            all_of("inputData"),
        )


def _id(element: etree._Element) -> str:
    """An id is optional in DMN; what has none is known by its name."""
    return element.get("id") or element.get("name") or f"line {element.sourceline}"


def _item(element: etree._Element) -> ItemDefinition:
    type_ = child(element, "typeRef")
    function = child(element, "functionItem")
    signature = None
    if function is not None:
        parameters = tuple(found for one in children(function, "parameters") if (found := variable(one)) is not None)
        signature = (parameters, function.get("outputTypeRef"))
    return ItemDefinition(
        name=element.get("name") or "",
        type=trimmed(type_) if type_ is not None else None,
        collection=element.get("isCollection") in ("true", "1"),
        components=tuple(map(_item, children(element, "itemComponent"))),
        allowed=text_child(element, "allowedValues"),
        constraint=text_child(element, "typeConstraint"),
        function=signature,
    )


def _import(element: etree._Element) -> Import:
    return Import(
        element.get("name") or "",
        element.get("namespace") or "",
        element.get("importType") or "",
        element.get("locationURI"),
    )


def _check_requirements(definitions: Definitions, root: etree._Element, document: Document) -> None:
    elements = {element.get("id"): element for element in root.iter(etree.Element)}
    for decision in definitions.decisions.values():
        at = elements.get(decision.id, root)
        for target in decision.decisions:
            if target and "#" not in target and target not in definitions.decisions:
                document.problem(f"The decision '{decision.id}' requires '{target}', which does not exist", at)
    for id_ in _circles({id_: decision.decisions for id_, decision in definitions.decisions.items()}):
        document.problem(f"The decision '{id_}' has a loop", elements.get(id_, root))


def _circles(graph: Mapping[str, tuple[str, ...]]) -> list[str]:
    """One id for each circle, found without recursion."""
    state: dict[str, int] = {}
    found: list[str] = []
    for start in graph:
        if start in state:
            continue
        state[start] = 1
        path = [(start, iter(graph[start]))]
        while path:
            here, rest = path[-1]
            step = next((one for one in rest if one in graph and state.get(one) != 2), None)
            if step is None:
                state[here] = 2
                path.pop()
            elif state.get(step) == 1:
                found.append(step)
            else:
                state[step] = 1
                path.append((step, iter(graph[step])))
    return list(dict.fromkeys(found))
