"""Collects the faults of one document, so that all of them are reported at once, each with element id, line and column.

A problem's position is the end of the element's start tag, as Camunda 7 gives it. Columns are not kept by the XML reader:
they are looked for only when there is something to report.
"""

from __future__ import annotations

from xml.parsers import expat

from lxml import etree

from procession.errors import ParseFailed, Problem
from procession.xml import position

MOST_PROBLEMS = 1_000  # a file can be wrong a hundred thousand times; nobody reads on


class Problems:
    """Errors and warnings found so far. `resource` is the file's name."""

    def __init__(self, data: bytes, root: etree._Element, resource: str) -> None:
        self._data = data
        self._root = root
        self._resource = resource
        self._errors: list[tuple[str, etree._Element | None, tuple[str, ...]]] = []
        self._warnings: list[tuple[str, etree._Element | None, tuple[str, ...]]] = []
        self._refused: list[Problem] = []
        self.aborted = False

    def __bool__(self) -> bool:
        return bool(self._errors)

    def error(self, message: str, element: etree._Element | None = None, *ids: str | None) -> None:
        """Notes a fault. `ids` are the elements at fault, the main one first; without them it is `element`."""
        self._errors.append((message, element, _ids(element, ids)))

    def warning(self, message: str, element: etree._Element | None = None, *ids: str | None) -> None:
        """Notes something that is legal but has no effect, or is bad practice."""
        self._warnings.append((message, element, _ids(element, ids)))

    def abort(self, message: str, element: etree._Element | None = None, *ids: str | None) -> None:
        """Notes a fault at which Camunda 7 stops with a general error instead of listing problems."""
        self.aborted = True
        self.error(message, element, *ids)

    def refuse(self, message: str, id_: str, line: int) -> None:
        """Notes an element that is understood and not executed."""
        self._refused.append(Problem(message, line, 0, (id_,), self._resource))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(self._problem(*entry, {}) for entry in self._warnings[:MOST_PROBLEMS])

    def raise_if_any(self) -> None:
        """Raises ParseFailed with every error noted; its `details["aborted"]` tells whether `abort` was called."""
        if not self._errors and not self._refused:
            return
        columns = _columns(self._data, self._root, {e for _, e, _ in self._errors if e is not None})
        problems = [self._problem(*entry, columns) for entry in self._errors[:MOST_PROBLEMS]]
        problems += self._refused[:MOST_PROBLEMS]
        more = len(self._errors) + len(self._refused) - len(problems)
        if more:
            problems.append(Problem(f"{more} more problems", resource=self._resource))
        failure = ParseFailed("The process cannot be deployed", problems, self.warnings)
        failure.details["aborted"] = self.aborted
        raise failure

    def _problem(
        self,
        message: str,
        element: etree._Element | None,
        ids: tuple[str, ...],
        columns: dict[etree._Element, tuple[int, int]],
    ) -> Problem:
        line, column = (0, 0) if element is None else columns.get(element) or position(element)
        return Problem(message, line, column, ids, self._resource)


def _ids(element: etree._Element | None, ids: tuple[str | None, ...]) -> tuple[str, ...]:
    """Those named, else the element's own."""
    if not any(ids) and element is not None:
        ids = (element.get("id"),)
    return tuple(dict.fromkeys(id_ for id_ in ids if id_))


def _columns(data: bytes, root: etree._Element, wanted: set[etree._Element]) -> dict[etree._Element, tuple[int, int]]:
    """Line and column behind the start tag of each wanted element, both from 1."""
    if b"\x00" in data[:4]:
        return {}  # UTF-16 and UTF-32: offsets in bytes say nothing about columns
    at = {number: element for number, element in enumerate(root.iter(etree.Element)) if element in wanted}
    found: dict[etree._Element, tuple[int, int]] = {}
    parser = expat.ParserCreate()
    count = 0

    def start(_name: str, _attributes: list[str]) -> None:
        nonlocal count
        if (element := at.get(count)) is not None:
            end = _end_of_tag(data, parser.CurrentByteIndex)
            line = parser.CurrentLineNumber + data.count(b"\n", parser.CurrentByteIndex, end)
            begin = data.rfind(b"\n", 0, end) + 1
            found[element] = (line, len(data[begin:end].decode("utf-8", "replace")) + 1)
        count += 1

    parser.ordered_attributes = True
    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return found
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
