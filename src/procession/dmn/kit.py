"""The DMN Technology Compatibility Kit: reads its test files, says strictly whether a result is the expected one.

A result passes if it has the expected value and type; numbers agree to eight significant digits and to 1E-8, for the
kit computed some of them in binary; where an error is expected, the result is null. A value without a type has the
type that the model declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from procession.dmn.deciding import Compiled
from procession.dmn.items import Types
from procession.errors import Missing, ParseFailed, Problem, ProcessionError
from procession.feel import to_literal
from procession.feel.comparing import equal
from procession.feel.temporal import read_date, read_date_time, read_duration, read_time
from procession.xml import local_name, parse_xml, position

_SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}"
_READERS: dict[str, Any] = {
    "decimal": Decimal,
    "double": Decimal,
    "float": Decimal,
    "integer": Decimal,
    "int": Decimal,
    "long": Decimal,
    "number": Decimal,
    "boolean": {"true": True, "1": True, "false": False, "0": False}.__getitem__,
    "date": read_date,
    "time": read_time,
    "dateTime": read_date_time,
    "date and time": read_date_time,
    "duration": read_duration,
    "dayTimeDuration": read_duration,
    "yearMonthDuration": read_duration,
    "days and time duration": read_duration,
    "years and months duration": read_duration,
    "string": str,
}


@dataclass(frozen=True, slots=True)
class Untyped:
    """A value that the kit writes without a type."""

    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """One expected result: of a decision, decision service or knowledge model, for some inputs.

    `node` is the result's own name: for a service with several output decisions, one of these or the service.
    """

    id: str
    asked: str
    node: str
    service: bool
    inputs: Mapping[str, Any]
    expected: Any
    fails: bool


@dataclass(frozen=True, slots=True)
class KitFile:
    """A test file: the name of the model it is about, and its results in the order of the file."""

    model: str
    cases: tuple[Case, ...]


def read_tests(data: bytes, resource: str = "") -> KitFile:
    """The results that a test file of the kit expects. Raises ParseFailed for what is no such file."""
    root = parse_xml(data, resource)
    if local_name(root) != "testCases":
        line, column = position(root)
        problem = Problem(f"'{local_name(root)}' is no test file of the DMN TCK", line, column, (), resource)
        raise ParseFailed("The file is no test file of the DMN TCK", [problem])
    names = _inside(root, "modelName")
    return KitFile((names[0].text or "").strip() if names else "", tuple(_cases(root)))


def _inside(element: etree._Element, name: str) -> list[etree._Element]:
    return list(element.findall(f"{{*}}{name}"))


def _cases(root: etree._Element) -> Iterator[Case]:
    for test in _inside(root, "testCase"):
        inputs = {str(node.get("name")): read_value(node) for node in _inside(test, "inputNode")}
        service = test.get("type") in ("decisionService", "bkm")
        for node in _inside(test, "resultNode"):
            expected = _inside(node, "expected")
            yield Case(
                str(test.get("id")),
                str((service and test.get("invocableName")) or node.get("name")),
                str(node.get("name")),
                service,
                inputs,
                read_value(expected[0]) if expected else None,
                node.get("errorResult") == "true",
            )


def read_value(element: etree._Element) -> Any:
    """A value as the kit writes it, as a FEEL value; texts of no declared type are `Untyped`."""
    if element.get(f"{_SCHEMA}nil") == "true":
        return None
    components = _inside(element, "component")
    if components:
        return {str(component.get("name")): read_value(component) for component in components}
    lists, values = _inside(element, "list"), _inside(element, "value")
    if lists and lists[0].get(f"{_SCHEMA}nil") != "true":
        return [read_value(item) for item in _inside(lists[0], "item")]
    if not values or values[0].get(f"{_SCHEMA}nil") == "true":
        return None
    text, kind = values[0].text or "", values[0].get(f"{_SCHEMA}type")
    return Untyped(text) if kind is None else _read(text, kind.rpartition(":")[2])


def _read(text: str, kind: str) -> Any:
    try:
        return _READERS.get(kind, str)(text if kind == "string" else text.strip())
    except (InvalidOperation, KeyError):
        return None


def typed(value: Any, name: str | None, types: Types) -> Any:
    """A value whose untyped texts are read as a type has them; where it has none, by what they look like."""
    item = types.definitions.get(name or "")
    if isinstance(value, list):
        inner = item.type if item is not None and item.collection and not item.components else name
        return [typed(one, inner, types) for one in value]
    if isinstance(value, dict):
        parts = {part.name: part.type for part in item.components} if item is not None else {}
        return {key: typed(one, parts.get(key), types) for key, one in value.items()}
    if not isinstance(value, Untyped):
        return value
    if item is not None and item.type is not None and not item.components:
        return typed(value, item.type, types)
    if not value.text:
        return None
    return _read(value.text, name.rpartition(":")[2]) if name else value.text


def check(compiled: Compiled, case: Case) -> str | None:
    """What is wrong with a result, or None. `compiled` is the model, with external functions allowed."""
    try:
        expected = typed(case.expected, *compiled.declared(case.asked))
        inputs = {name: typed(value, *compiled.declared(name)) for name, value in case.inputs.items()}
        result = compiled.evaluate(case.asked, inputs)
    except Missing as error:
        return f"error: {error.message}"
    except ProcessionError as error:
        return None if case.fails else f"error: {error.message}"
    found = result.feel
    if case.service and case.node != case.asked and isinstance(found, dict) and case.node in found:
        found = found[case.node]
    if close(found, expected):
        return None
    said = "; ".join(dict.fromkeys(one.message for one in result.warnings))
    return f"{to_literal(found)} instead of {to_literal(expected)}{f' ({said})' if said else ''}"


def close(found: Any, expected: Any) -> bool:
    """Whether two FEEL values are the same; numbers as exactly as the kit writes them."""
    if isinstance(found, Decimal) and isinstance(expected, Decimal):
        return abs(found - expected) <= Decimal("1e-8") * min(Decimal(1), abs(expected))
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(close, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(close(found[key], expected[key]) for key in found)
    return equal(found, expected) is True


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one result came out: `folder` is the level and the suite, `said` what is wrong, None where it passed."""

    folder: str
    file: str
    case: Case
    said: str | None


def results(verdicts: Iterable[Verdict]) -> str:
    """The standard result file: a row for each test case, which succeeds if all of its results do."""
    wrong: dict[tuple[str, str, str], list[str]] = {}
    for one in verdicts:
        row = wrong.setdefault((one.folder, one.file, one.case.id), [])
        if one.said is not None:
            row.append(f"{one.case.asked}: {one.said}")
    return "".join(_row((*key, "ERROR" if said else "SUCCESS", "; ".join(said))) for key, said in wrong.items())


def _row(cells: Sequence[str]) -> str:
    return ",".join('"' + " ".join(cell.split()).replace('"', '""') + '"' for cell in cells) + "\n"
