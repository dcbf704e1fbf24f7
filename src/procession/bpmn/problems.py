"""Collects the faults of one document, so that all of them are reported at once, each with element id, line and column.

A problem's position is the end of the element's start tag, as Camunda 7 gives it. The XML reader keeps no columns: they
are looked for only when there is something to report.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

from lxml import etree

from procession.errors import ParseFailed, Problem
from procession.xml import position

MOST_PROBLEMS = 200  # a file can be wrong a hundred thousand times; nobody reads on


@dataclass(frozen=True, slots=True)
class _Note:
    """A fault not placed yet; `at_end` means the element's end tag."""

    message: str
    element: etree._Element | None
    ids: tuple[str, ...]
    at_end: bool = False


_Places = dict[tuple[etree._Element, bool], tuple[int, int]]


class Problems:
    """Errors and warnings found so far. `resource` is the file's name."""

    def __init__(self, data: bytes, root: etree._Element, resource: str) -> None:
        self._data = data
        self._root = root
        self._resource = resource
        self._errors: list[_Note] = []
        self._warnings: list[_Note] = []
        self._refused: list[Problem] = []
        self.aborted = False

    def error(self, message: str, element: etree._Element | None = None, *ids: str | None) -> None:
        """Notes a fault. `ids` are the elements at fault, the main one first; without them it is `element`."""
        self._errors.append(_Note(message, element, _ids(element, ids)))

    def schema(self, message: str, element: etree._Element, *, at_end: bool = False) -> None:
        """Notes a fault against the grammar: it is at a line, not at an element."""
        self._errors.append(_Note(message, element, (), at_end))

    def warning(self, message: str, element: etree._Element | None = None, *ids: str | None) -> None:
        """Notes something that is legal but has no effect, or is bad practice."""
        self._warnings.append(_Note(message, element, _ids(element, ids)))

    def abort(self, message: str, element: etree._Element | None = None, *ids: str | None) -> None:
        """Notes a fault at which Camunda 7 stops with a general error instead of listing problems."""
        self.aborted = True
        self.error(message, element, *ids)

    def refuse(self, message: str, id_: str, line: int) -> None:
        """Notes an element that is understood and not executed."""
        self._refused.append(Problem(message, line, 0, (id_,), self._resource))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(self._problem(note, {}) for note in self._warnings[:MOST_PROBLEMS])

    def raise_if_any(self) -> None:
        """Raises ParseFailed with every error noted; its `details["aborted"]` tells whether `abort` was called."""
        if not self._errors and not self._refused:
            return
        shown = self._errors[:MOST_PROBLEMS]
        places = _places(self._data, self._root, {(n.element, n.at_end) for n in shown if n.element is not None})
        problems = [self._problem(note, places) for note in shown] + self._refused[:MOST_PROBLEMS]
        more = len(self._errors) + len(self._refused) - len(problems)
        if more:
            problems.append(Problem(f"{more} more problems", resource=self._resource))
        failure = ParseFailed("The process cannot be deployed", problems, self.warnings)
        failure.details["aborted"] = self.aborted
        raise failure

    def _problem(self, note: _Note, places: _Places) -> Problem:
        if note.element is None:
            return Problem(note.message, 0, 0, note.ids, self._resource)
        line, column = places.get((note.element, note.at_end)) or position(note.element)
        return Problem(note.message, line, column, note.ids, self._resource)


def _ids(element: etree._Element | None, ids: tuple[str | None, ...]) -> tuple[str, ...]:
    """Those named, else the element's own."""
    if not any(ids) and element is not None:
        ids = (element.get("id"),)
    return tuple(dict.fromkeys(id_ for id_ in ids if id_))


def _places(data: bytes, root: etree._Element, wanted: set[tuple[etree._Element, bool]]) -> _Places:
    """Line and column behind the start or end tag of each wanted element, both from 1."""
    if b"\x00" in data[:4]:
        return {}  # UTF-16 and UTF-32: offsets in bytes say nothing about columns
    elements = {element for element, _ in wanted}
    numbers = {number: element for number, element in enumerate(root.iter(etree.Element)) if element in elements}
    found: _Places = {}
    opened: list[int] = []
    parser = expat.ParserCreate()
    count = 0

    def place(number: int, at_end: bool) -> None:
        element = numbers.get(number)
        if element is None or (element, at_end) not in wanted:
            return
        end = parser.CurrentByteIndex
        if not at_end or data[end : end + 2] == b"</":  # behind `<a/>` it stands at the end already
            end = _end_of_tag(data, end)
        line = parser.CurrentLineNumber + data.count(b"\n", parser.CurrentByteIndex, end)
        begin = data.rfind(b"\n", 0, end) + 1
        found[element, at_end] = (line, len(data[begin:end].decode("utf-8", "replace")) + 1)

    def start(_name: str, _attributes: list[str]) -> None:
        nonlocal count
        place(count, False)
        opened.append(count)
        count += 1

    def end(_name: str) -> None:
        place(opened.pop(), True)

    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return found  # lxml read it, so this is not a fault of the document: lines alone must do
    return found


def _end_of_tag(data: bytes, begin: int) -> int:
    quote = 0
    for at in range(begin, len(data)):
        byte = data[at]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in b"\"'":
            quote = byte
        elif byte == 0x3E:
            return at + 1
    return len(data)
