"""JSON and XML as expressions see them: the reading half of Camunda's Spin. Nodes are never changed in place."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from procession.errors import ParseFailed
from procession.juel.faults import Thrown
from procession.values import JsonValue, XmlValue
from procession.xml import parse_xml

_JSON = "org.camunda.spin.json."
_XML = "org.camunda.spin.xml."
_STEP = re.compile(r"\.(\w[\w-]*)|\[(\d{1,9}|\*)\]|\['([^']*)'\]")
_MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class Json:
    """A node of a JSON document; `value` is plain Python, `raw` the text of a document that was read."""

    value: Any
    raw: str | None = None

    @staticmethod
    def read(text: str) -> Json:
        """Reads a document. Raises Thrown."""
        return Json(_parsed(text), text)

    def text(self) -> str:
        if self.raw is not None:
            return self.raw
        return json.dumps(self.value, ensure_ascii=False, separators=(",", ":"))

    def child(self, name: str) -> Json:
        """A property of an object. Raises Thrown where there is none."""
        if not isinstance(self.value, dict) or name not in self.value:
            raise Thrown(f"{_JSON}SpinJsonPropertyException: SPIN/JACKSON-JSON-01004 Unable to find '{name}'")
        return Json(self.value[name])

    def elements(self) -> list[Json]:
        """The elements of an array. Raises Thrown for anything else."""
        return [Json(item) for item in self.of_kind("ARRAY")]

    @property
    def kind(self) -> str:
        match self.value:
            case None:
                return "NULL"
            case bool():
                return "BOOLEAN"
            case int() | float():
                return "NUMBER"
            case str():
                return "STRING"
            case list():
                return "ARRAY"
            case _:
                return "OBJECT"

    def of_kind(self, *kinds: str) -> Any:
        """The value, where it is of one of these kinds. Raises Thrown otherwise."""
        if self.kind not in kinds:
            wanted = "/".join(kind.capitalize() for kind in kinds)
            reason = f"SPIN/JACKSON-JSON-01002 Expected '{wanted}', got '{self.kind}'"
            raise Thrown(f"{_JSON}SpinJsonDataFormatException: {reason}")
        return self.value

    def index(self, wanted: Any, last: bool = False) -> int:
        """Where an array holds a value, from 0. Raises Thrown where it does not."""
        items: list[Any] = self.of_kind("ARRAY")
        places = [place for place, item in enumerate(items) if type(item) is type(wanted) and item == wanted]
        if not places:
            raise Thrown(f"{_JSON}SpinJsonPropertyException: SPIN/JACKSON-JSON-01004 Unable to find '{wanted}'")
        return places[-1 if last else 0]

    def find(self, path: str) -> JsonMatch:
        """A JSON path of names, indexes and `*`: `$.order.items[0]`, `$['a b'][*]`. Raises Thrown for other paths."""
        found, position = [self.value], 1
        for _ in range(_MOST_STEPS):
            if position >= len(path):
                break
            step = _STEP.match(path, position)
            if step is None or not path.startswith("$"):
                break
            found = [inner for value in found for inner in _inside(value, step)]
            position = step.end()
        if not path.startswith("$") or position < len(path):
            raise Thrown(f"{_JSON}SpinJsonPathException: SPIN/JACKSON-JSON-01005 Unable to compile '{path[:200]}'")
        return JsonMatch(tuple(Json(value) for value in found), path, "[*]" not in path)


@dataclass(frozen=True, slots=True)
class JsonMatch:
    """What a JSON path found."""

    nodes: tuple[Json, ...]
    path: str
    single: bool

    def element(self) -> Json:
        """The one node. Raises Thrown where there is none."""
        if not self.single:
            return Json([node.value for node in self.nodes])
        if not self.nodes:
            raise Thrown(f"{_JSON}SpinJsonPathException: SPIN/JACKSON-JSON-01006 Unable to evaluate '{self.path}'")
        return self.nodes[0]

    def elements(self) -> list[Json]:
        """All nodes; the elements of the array where the path leads to one."""
        return self.element().elements() if self.single else list(self.nodes)

    def text(self) -> str:
        return self.element().text()


class Xml:
    """An element of an XML document."""

    __slots__ = ("_element", "_raw")

    def __init__(self, element: etree._Element, raw: str | None = None) -> None:
        self._element = element
        self._raw = raw

    @staticmethod
    def read(text: str) -> Xml:
        """Reads a document. Raises Thrown."""
        try:
            return Xml(parse_xml(text.encode("utf-8", "replace")), text)
        except ParseFailed as fault:
            reason = f"SPIN/DOM-XML-01009 Unable to parse input: {fault.message}"
            raise Thrown(f"{_XML}SpinXmlDataFormatException: {reason}") from fault

    def text(self) -> str:
        return (
            self._raw if self._raw is not None else etree.tostring(self._element, encoding="unicode", with_tail=False)
        )

    def name(self) -> str:
        return etree.QName(self._element).localname

    def namespace(self) -> str | None:
        return etree.QName(self._element).namespace

    def content(self) -> str:
        return "".join(str(part) for part in self._element.itertext())

    def has_attribute(self, name: str) -> bool:
        return name in self._element.attrib

    def attribute(self, name: str) -> XmlAttribute:
        """An attribute without a namespace. Raises Thrown where there is none."""
        value = self._element.attrib.get(name)
        if value is None:
            reason = f"SPIN/DOM-XML-01006 Unable to find attribute with namespace 'null' and name '{name}'"
            raise Thrown(f"{_XML}SpinXmlAttributeException: {reason}")
        return XmlAttribute(name, str(value))

    def attributes(self) -> list[XmlAttribute]:
        return [XmlAttribute(str(name), str(value)) for name, value in self._element.attrib.items()]

    def children(self, name: str | None = None) -> list[Xml]:
        """The child elements, or those of a name in the element's own namespace; Thrown where a name finds none."""
        if name is None:
            return [Xml(child) for child in self._element]
        found = [Xml(child) for child in self._element if etree.QName(child).localname == name]
        if not found:
            reason = f"SPIN/DOM-XML-01007 Unable to find child element with namespace 'null' and name '{name}'"
            raise Thrown(f"{_XML}SpinXmlElementException: {reason}")
        return found


@dataclass(frozen=True, slots=True)
class XmlAttribute:
    """An attribute of an XML element."""

    name: str
    value: str

    def text(self) -> str:
        return self.value


def to_json(value: Any) -> Json:
    """`JSON(…)`: a document read from text, or a node of lists, maps and plain values. Raises Thrown."""
    match value:
        case Json():
            return value
        case JsonValue():
            return Json.read(value.text)
        case str():
            return Json.read(value)
        case None | bool() | int() | float() | list() | dict() if _is_json(value):
            return Json(value)
        case _:
            raise _unsupported(value)


def to_xml(value: Any) -> Xml:
    """`XML(…)`. Raises Thrown."""
    match value:
        case Xml():
            return value
        case XmlValue() | JsonValue():
            return Xml.read(value.text)
        case str():
            return Xml.read(value)
        case _:
            raise _unsupported(value)


def to_spin(value: Any) -> Json | Xml:
    """`S(…)`: JSON or XML, whichever the text is. Raises Thrown."""
    if isinstance(value, (Json, Xml)):
        return value
    text = value.text if isinstance(value, (JsonValue, XmlValue)) else value
    if not isinstance(text, str):
        raise _unsupported(value)
    match text.lstrip()[:1]:
        case "<":
            return Xml.read(text)
        case "{" | "[":
            return Json.read(text)
        case _:
            raise Thrown("org.camunda.spin.spi.SpinDataFormatException: SPIN-01004 No matching data format detected")


def _unsupported(value: Any) -> Thrown:
    java = {"list": "java.util.ArrayList", "dict": "java.util.LinkedHashMap"}.get(
        type(value).__name__, "java.lang.Object"
    )
    return Thrown(f"java.lang.IllegalArgumentException: SPIN-01001 Unsupported input of type '{java}'")


def _is_json(value: Any) -> bool:
    match value:
        case list():
            return all(_is_json(item) for item in value)
        case dict():
            return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
        case _:
            return value is None or isinstance(value, (bool, int, float, str))


def _inside(value: Any, step: re.Match[str]) -> list[Any]:
    index = step[2]
    if index == "*":
        return list(value) if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    if index is not None:
        return [value[int(index)]] if isinstance(value, list) and int(index) < len(value) else []
    name = step[1] if step[1] is not None else step[3]
    return [value[name]] if isinstance(value, dict) and name in value else []


@lru_cache(maxsize=256)
def _cached(text: str) -> Any:
    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def _parsed(text: str) -> Any:
    try:
        # An expression reads the same variable several times; long documents are not worth keeping.
        return _cached(text) if len(text) < 10_000 else _cached.__wrapped__(text)
    except (ValueError, RecursionError) as fault:
        reason = "SPIN/JACKSON-JSON-01001 Unable to parse input into json node"
        raise Thrown(f"{_JSON}SpinJsonDataFormatException: {reason}") from fault
