"""What a reader knows about the document in hand: its root elements, problems and dialect; and small questions to the XML.

This file does not know what any extension means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from procession.bpmn.dialect import Dialect
from procession.bpmn.model import Script
from procession.bpmn.problems import Problems
from procession.errors import ExpressionFailed
from procession.expressions import Expression, Literal

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_PREFIX = "{" + BPMN + "}"


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first child element of that name in the standard's namespace."""
    return element.find(_PREFIX + name) if len(element) else None


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """All child elements of that name in the standard's namespace."""
    return element.findall(_PREFIX + name)


def standard_name(element: etree._Element) -> str | None:
    """The element's name, or None where it is not in the standard's namespace."""
    tag = element.tag
    return tag[len(_PREFIX) :] if isinstance(tag, str) and tag.startswith(_PREFIX) else None


def text_of(element: etree._Element) -> str:
    """All text directly inside the element, untrimmed."""
    return "".join([element.text or "", *(inner.tail or "" for inner in element)])


def is_true(value: str | None, default: bool = False) -> bool:
    """An XML boolean as Camunda 7 reads it."""
    if value is None:
        return default
    return value.strip().lower() in ("true", "1", "enabled", "on", "active")


def documentation(element: etree._Element) -> str | None:
    """The text of the first `documentation`, None where there is none."""
    found = child(element, "documentation")
    return None if found is None else text_of(found).strip()


def holder(element: etree._Element) -> str | None:
    """The id of the element, else of the nearest one around it that has one."""
    at: etree._Element | None = element
    while at is not None:
        if at.get("id"):
            return at.get("id")
        at = at.getparent()
    return None


@dataclass(frozen=True, slots=True)
class ErrorRoot:
    """An `error` below `definitions`. `message` is the dialect's."""

    id: str
    code: str | None
    message: Expression | None


@dataclass(slots=True)
class Document:
    """One file being read. The mappings go from id to what the root element says."""

    root: etree._Element
    dialect: Dialect
    problems: Problems
    messages: dict[str, Expression | None] = field(default_factory=dict)
    correlation_keys: dict[str, Expression | None] = field(default_factory=dict)
    signals: dict[str, Expression] = field(default_factory=dict)
    errors: dict[str, ErrorRoot] = field(default_factory=dict)
    escalations: dict[str, str | None] = field(default_factory=dict)

    @property
    def target_namespace(self) -> str:
        return self.root.get("targetNamespace") or ""

    def expression(self, text: str, at: etree._Element, *ids: str | None) -> Expression:
        """The compiled text. A text that cannot be compiled is a problem and reads as itself meanwhile."""
        try:
            return self.dialect.expression(text)
        except ExpressionFailed as error:
            self.problems.abort(f"Error while parsing expression: {error.message}", at, *(ids or (holder(at),)))
            return Literal(text, text)

    def script(self, language: str, text: str, resource: str | None, at: etree._Element) -> Script:
        """A script. One outside of the document has its place as text; neither that nor one with a fault can be run."""
        found = self.dialect.resource(resource) if resource else text
        if found is None:
            return Script(language, None, place=resource)
        text = found
        try:
            return self.dialect.script(language, text)
        except ExpressionFailed as error:  # Camunda 7 compiles scripts when they are first run
            self.problems.warning(f"The script will fail: {error.message}", at, holder(at))
            return Script(language, None, text)

    def resolve(self, reference: str, at: etree._Element) -> str:
        """The id that a qualified name means; the name itself where it means none of this file."""
        prefix, colon, local = reference.rpartition(":")
        if not colon:
            return reference
        return local if at.nsmap.get(prefix) == self.target_namespace else reference

    def optional(self, text: str | None, at: etree._Element, *ids: str | None) -> Expression | None:
        """As `expression`; None for no text."""
        return None if text is None else self.expression(text, at, *ids)

    def refuse(self, construct: str, element: etree._Element) -> None:
        """Notes that the element needs what is understood and not executed; `construct` as in `Dialect.refused`."""
        remedy = self.dialect.refused.get(construct)
        if remedy is not None:
            id_ = holder(element) or ""
            self.problems.refuse(
                f"'{id_}': {construct} is not executed by this version; {remedy}", id_, element.sourceline or 0
            )


def ids_below(root: etree._Element) -> Iterator[str]:
    """Every `id` attribute in the document."""
    for element in root.iter(etree.Element):
        if found := element.get("id"):
            yield found


def first(element: etree._Element, names: tuple[str, ...]) -> tuple[str, etree._Element] | None:
    """The first child by the order of `names`, not of the document."""
    present: Mapping[str, etree._Element] = {
        name: inner for inner in reversed(list(element)) if (name := standard_name(inner)) is not None
    }
    return next(((name, present[name]) for name in names if name in present), None)
