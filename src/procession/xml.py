"""The one XML reader: hardened, bounded, with line and column of every element.

DOCTYPE is refused before anything is parsed, whatever the encoding; there is no network, no entity, no external DTD.
Size, depth, attribute and node counts are capped (`Limits`). Every other room gets its XML from `parse_xml`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from lxml import etree

from procession.errors import ParseFailed, Problem


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one document. `size` is in bytes; the others are counts."""

    size: int = 16 * 1024 * 1024
    depth: int = 200
    nodes: int = 400_000
    attributes: int = 1_000


# White space, comments and instructions: all that may stand before a DOCTYPE or the first element (XML 1.0, 2.8).
_PROLOG = re.compile(rb"(?:[ \t\r\n]++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_NO_DOCTYPE = "A DOCTYPE is not allowed"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def parse_xml(data: bytes, resource: str = "", limits: Limits | None = None) -> etree._Element:
    """The root element of an XML document.

    Raises ParseFailed where it is not well-formed, has a DOCTYPE, an encoding other than UTF-8, UTF-16 or an ASCII
    superset that says its name, or exceeds `limits`.
    """
    limits = limits or Limits()
    if len(data) > limits.size:
        raise _failed(f"The document has {len(data)} bytes; {limits.size} are allowed", resource)
    _refuse_doctype(data, resource)
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    depth = nodes = 0
    root: etree._Element | None = None
    try:
        for start in range(0, len(data), 65536):
            parser.feed(data[start : start + 65536])
            for event, element in parser.read_events():
                if event == "end":
                    depth -= 1
                    continue
                if root is None:
                    root = element
                    if element.getroottree().docinfo.internalDTD is not None:  # in an encoding we did not look through
                        raise _failed(_NO_DOCTYPE, resource)
                depth += 1
                nodes += 1
                if depth > limits.depth:
                    raise _failed(f"Elements are nested deeper than {limits.depth}", resource, element)
                if nodes > limits.nodes:
                    raise _failed(f"The document has more than {limits.nodes} elements", resource, element)
                if len(element.attrib) > limits.attributes:
                    raise _failed(f"An element has more than {limits.attributes} attributes", resource, element)
        parser.close()
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise ParseFailed(
            "The document is not well-formed XML", [Problem(error.msg or str(error), line, column, (), resource)]
        ) from None
    if root is None:
        raise _failed("The document is empty", resource)
    return root


def position(element: etree._Element) -> tuple[int, int]:
    """Line (from 1) of an element; its column is not kept by libxml2 and reads 0."""
    return (element.sourceline or 0, 0)


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname


def namespace(element: etree._Element) -> str:
    """The element's namespace, empty where it has none."""
    return etree.QName(element).namespace or ""


def _failed(message: str, resource: str, element: etree._Element | None = None) -> ParseFailed:
    line = (element.sourceline or 0) if element is not None else 0
    return ParseFailed("The document cannot be read", [Problem(message, line, 0, (), resource)])


def _refuse_doctype(data: bytes, resource: str) -> None:
    head = data
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            head = data.decode(encoding, "replace").encode("utf-8", "replace")
            break
    else:
        if b"\x00" in data[:4]:
            encoding = "utf-16-le" if data[1:2] == b"\x00" else "utf-16-be"
            head = data.decode(encoding, "replace").encode("utf-8", "replace")
    declared = head[:200].split(b"?>", 1)[0].lower()
    if b"utf-7" in declared or b"ebcdic" in declared or b"cp037" in declared or b"ibm" in declared:
        raise _failed("The document's encoding is not supported: use UTF-8", resource)
    before = _PROLOG.match(head)
    if before is not None and head.startswith(b"<!DOCTYPE", before.end()):
        raise _failed(_NO_DOCTYPE, resource)
