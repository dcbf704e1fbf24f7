"""Checks a file against the grammar of BPMN interchange, as Camunda 7 does before it reads anything.

Faults have a line and no element id, as there. What stands in `extensionElements` is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from lxml import etree

from procession.bpmn.document import BPMN, XSI_TYPE
from procession.bpmn.grammar_table import GROUPS, NAMED, TYPES
from procession.bpmn.problems import Problems
from procession.xml import local_name, namespace

_KNOWN = {
    BPMN: "",
    "http://www.omg.org/spec/BPMN/20100524/DI": "",
    "http://www.omg.org/spec/DD/20100524/DC": "",
    "http://www.omg.org/spec/DD/20100524/DI": "di:",
}
_NAME = r"[^\W\d][\w.\-]*"
_NCNAME = re.compile(_NAME + r"\Z")
_QNAME = re.compile(rf"(?:({_NAME}):)?{_NAME}\Z")
_ANY = "any"
_OTHER = "other"
_MIXED = frozenset({"expression", "formalExpression", "documentation", "script", "text"})
_TEXT_ONLY = frozenset({"qname", "idref"})
_MANY = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Type:
    """`children`: names allowed, least and most, in order. `attributes`: kind of value and whether required."""

    name: str
    children: tuple[tuple[frozenset[str], int, int], ...]
    attributes: Mapping[str, tuple[str, bool]]
    anything: bool = False
    others: bool = False


def check(root: etree._Element, problems: Problems) -> None:
    """Notes every fault of the document against the grammar."""
    types = _types()
    if _key(root) != "definitions":
        problems.schema(f"Cannot find the declaration of element '{_shown(root)}'", root)
        return
    checker = _Checker(types, problems)
    waiting: list[tuple[etree._Element, _Type]] = [(root, types["definitions"])]
    while waiting:
        element, kind = waiting.pop()
        checker.attributes(element, kind)
        if kind.anything:
            continue
        inside = checker.children(element, kind)
        waiting.extend(reversed(inside))
    checker.references(root)


class _Checker:
    """One walk: ids seen and ids referred to on the way."""

    def __init__(self, types: Mapping[str, _Type], problems: Problems) -> None:
        self._types = types
        self._problems = problems
        self._ids: set[str] = set()
        self._references: dict[str, None] = {}

    def attributes(self, element: etree._Element, kind: _Type) -> None:
        for name, value in element.items():
            if name.startswith("{"):
                continue
            rule = kind.attributes.get(name)
            if rule is None:
                self._problems.schema(
                    f"Attribute '{name}' is not allowed to appear in element '{_shown(element)}'", element
                )
            else:
                self._value(rule[0], name, value, element)
        for name, (_, required) in kind.attributes.items():
            if required and element.get(name) is None:
                self._problems.schema(f"Attribute '{name}' must appear on element '{_shown(element)}'", element)

    def _value(self, kind: str, name: str, value: str, element: etree._Element) -> None:
        value = value.strip()
        wrong = not _VALUES[kind](value) if kind in _VALUES else bool(kind) and value not in kind.split(",")
        if kind == "qname" and not wrong:
            prefix = value.rpartition(":")[0]
            wrong = bool(prefix) and prefix not in element.nsmap
        if wrong:
            self._problems.schema(
                f"The value '{value}' of attribute '{name}' on element '{_shown(element)}' is not valid", element
            )
        elif kind == "id":
            if value in self._ids:
                self._problems.schema(f"There are multiple occurrences of ID value '{value}'", element)
            self._ids.add(value)
        elif kind == "idref":
            self._references[value] = None

    def children(self, element: etree._Element, kind: _Type) -> list[tuple[etree._Element, _Type]]:
        """Checks the order of the children; returns those to look into."""
        inside: list[tuple[etree._Element, _Type]] = []
        at = count = 0
        failed = False
        for child in element:
            key = _key(child)
            if kind.others:
                if namespace(child) in ("", BPMN):
                    self._unexpected(child)
                continue
            while not failed and at < len(kind.children):
                names, least, most = kind.children[at]
                if key in names and count < most:
                    count += 1
                    break
                if count < least:
                    at = len(kind.children)
                else:
                    at, count = at + 1, 0
            if at >= len(kind.children) and not failed:
                failed = True
                self._unexpected(child)
            found = self._type_of(child, key)
            if found is not None:
                inside.append((child, found))
        if not failed and any(
            (count if index == at else 0) < kind.children[index][1] for index in range(at, len(kind.children))
        ):
            self._problems.schema(f"The content of element '{_shown(element)}' is not complete", element, at_end=True)
        if kind.name not in _MIXED and kind.name not in _TEXT_ONLY and _has_text(element):
            self._problems.schema(
                f"Element '{_shown(element)}' must not have text between its elements", element, at_end=True
            )
        if kind.name in _TEXT_ONLY:
            self._text_only(element, kind.name)
        return inside

    def _text_only(self, element: etree._Element, kind: str) -> None:
        value = (element.text or "").strip()
        if not _VALUES[kind](value):
            self._problems.schema(
                f"The value '{value}' of element '{_shown(element)}' is not valid", element, at_end=True
            )
        elif kind == "idref":
            self._references[value] = None

    def _type_of(self, element: etree._Element, key: str | None) -> _Type | None:
        if key is None:
            return None
        told = element.get(XSI_TYPE)
        if told is not None:
            prefix, _, local = told.strip().rpartition(":")
            if element.nsmap.get(prefix or None) not in _KNOWN:
                self._problems.schema(f"Cannot resolve '{told}' to a type definition for '{_shown(element)}'", element)
            named = self._types.get(local[1:2].lower() + local[2:])
            if named is not None:
                return named
        return self._types.get(key)

    def _unexpected(self, element: etree._Element) -> None:
        self._problems.schema(f"Invalid content was found starting with element '{_shown(element)}'", element)

    def references(self, root: etree._Element) -> None:
        for value in self._references:
            if value not in self._ids:
                self._problems.schema(f"There is no ID/IDREF binding for IDREF '{value}'", root, at_end=True)


_VALUES: Mapping[str, Callable[[str], object]] = {
    "id": _NCNAME.match,
    "idref": _NCNAME.match,
    "qname": _QNAME.match,
    "bool": {"true", "false", "0", "1"}.__contains__,
    "int": re.compile(r"[+-]?\d+\Z").match,
    "double": re.compile(r"(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?INF|NaN)\Z").match,
}


def _has_text(element: etree._Element) -> bool:
    if element.text and not element.text.isspace():
        return True
    return any(child.tail and not child.tail.isspace() for child in element)


def _shown(element: etree._Element) -> str:
    name = local_name(element)
    return f"{element.prefix}:{name}" if element.prefix else name


def _key(element: etree._Element) -> str | None:
    """The element's name in the tables; None outside of the namespaces they describe."""
    prefix = _KNOWN.get(namespace(element))
    if prefix is None:
        return None
    local = local_name(element)
    return f"di:{local}" if prefix and local == "extension" else local


@cache
def _types() -> Mapping[str, _Type]:
    rows: dict[str, tuple[str, str, str]] = {}
    for line in TYPES.replace("\n    ", " ").splitlines():
        name, colon, rest = line.partition(":")
        if colon:
            base, children, attributes = (part.strip() for part in rest.split("|", 2))
            rows[name] = (base, children, attributes)
    for base, names in NAMED.items():
        for name in names.split():
            rows.setdefault(name, (base, "", ""))
    found: dict[str, _Type] = {}
    for name in rows:
        _resolve(name, rows, found)
    for base, names in NAMED.items():
        for name in names.split():
            found[name] = found[base]
    return found


def _resolve(name: str, rows: Mapping[str, tuple[str, str, str]], found: dict[str, _Type]) -> _Type:
    if name in found:
        return found[name]
    if name in _TEXT_ONLY:
        found[name] = _Type(name, (), {})
        return found[name]
    base_name, children, attributes = rows[name]
    own = dict(map(_attribute, attributes.split()))
    if base_name == "-":
        kind = _Type(name, _particles(children), own, children == _ANY, children == f"{_OTHER}*")
    else:
        base = _resolve(base_name, rows, found)
        kind = _Type(
            name if base.name not in _MIXED | _TEXT_ONLY else base.name,
            base.children + _particles(children),
            {**base.attributes, **own},
            base.anything,
            base.others,
        )
    found[name] = kind
    return kind


def _attribute(token: str) -> tuple[str, tuple[str, bool]]:
    required = token.endswith("!")
    name, _, kind = token.rstrip("!").partition(":")
    return name, (kind, required)


def _particles(text: str) -> tuple[tuple[frozenset[str], int, int], ...]:
    found = []
    for token in text.split():
        names, least, most = token.rstrip("?*+"), 1, 1
        if token.endswith("?"):
            least = 0
        elif token.endswith("*"):
            least, most = 0, _MANY
        elif token.endswith("2+"):
            names, least, most = names[:-1], 2, _MANY
        elif token.endswith("+"):
            most = _MANY
        expanded = (GROUPS.get(name, name).split() for name in names.split("/"))
        found.append((frozenset(one for group in expanded for one in group), least, most))
    return tuple(found)
