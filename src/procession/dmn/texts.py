"""Small questions to DMN's XML. All versions of the standard are read alike: only local names count."""

from __future__ import annotations

import re

from lxml import etree

from procession.dmn.model import Text, Variable
from procession.xml import local_name, namespace

DMN = re.compile(r"https?://www\.omg\.org/spec/DMN/\d+/(dmn|dmn11\.xsd|dmn\.xsd|MODEL)")
"""The namespaces of the standard's own elements, of any version."""


def children(element: etree._Element, *names: str) -> list[etree._Element]:
    """Child elements of the standard with one of these names."""
    return [
        inner
        for inner in element.iterchildren(etree.Element)
        if local_name(inner) in names and DMN.match(namespace(inner))
    ]


def child(element: etree._Element, *names: str) -> etree._Element | None:
    """The first child element of the standard with one of these names."""
    return next(iter(children(element, *names)), None)


def trimmed(element: etree._Element) -> str:
    """The text directly inside, without blanks around it."""
    return "".join([element.text or "", *(inner.tail or "" for inner in element)]).strip()


def text_of(element: etree._Element) -> Text:
    """A literal expression or unary tests: the `text` inside, its language and type."""
    inner = child(element, "text")
    return Text(
        text=(trimmed(inner) or None) if inner is not None else None,
        language=element.get("expressionLanguage"),
        type=element.get("typeRef"),
        id=element.get("id"),
        line=element.sourceline or 0,
    )


def text_child(element: etree._Element, name: str) -> Text | None:
    """The text of the first child of that name."""
    found = child(element, name)
    return None if found is None else text_of(found)


def foreign(element: etree._Element) -> dict[str, str]:
    """Attributes of other namespaces, as `{namespace}name`."""
    return {str(name): str(value) for name, value in element.attrib.items() if str(name).startswith("{")}


def variable(element: etree._Element | None) -> Variable | None:
    """An information item."""
    if element is None:
        return None
    type_ = element.get("typeRef")
    if type_ is None and (written := child(element, "typeRef")) is not None:
        type_ = trimmed(written)
    return Variable(element.get("name") or "", type_, element.get("id"))
