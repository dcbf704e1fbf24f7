"""Runs the DMN Technology Compatibility Kit: `python -m tests.conformance.tck [PART OF A FOLDER]`.

Without an argument it writes the scores to `docs/conformance/dmn-tck.md` and `dmn-tck.json`, and ends with 1 if one went
down. A result node passes if the decision gives the expected value; one that expects an error passes if it gives null.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from procession.dmn import compile_definitions, read_dmn
from procession.dmn.deciding import Compiled
from procession.errors import ProcessionError
from procession.feel import to_feel, to_literal
from procession.feel.comparing import equal
from procession.feel.temporal import read_date, read_date_time, read_duration, read_time
from tests.conformance.corpora import folder

SCORES = Path(__file__).resolve().parents[2] / "docs" / "conformance"
SCHEMA = "{http://www.w3.org/2001/XMLSchema-instance}"
READERS: dict[str, Any] = {
    "decimal": Decimal,
    "double": Decimal,
    "integer": Decimal,
    "boolean": lambda text: text == "true",
    "date": read_date,
    "time": read_time,
    "dateTime": read_date_time,
    "duration": read_duration,
}


@dataclass(frozen=True)
class Case:
    """One expected result: of a decision or decision service, for some inputs."""

    level: str
    suite: str
    id: str
    model: Path
    asked: str
    service: bool
    inputs: dict[str, Any]
    expected: Any
    fails: bool


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """Child elements by local name."""
    return list(element.findall(f"{{*}}{name}"))


def value(element: etree._Element) -> Any:
    """A value as the kit writes it, as a FEEL value."""
    components = children(element, "component")
    if components:
        return {component.get("name"): value(component) for component in components}
    lists, values = children(element, "list"), children(element, "value")
    if lists and lists[0].get(f"{SCHEMA}nil") != "true":
        return [value(item) for item in children(lists[0], "item")]
    if not values or values[0].get(f"{SCHEMA}nil") == "true":
        return None
    kind = (values[0].get(f"{SCHEMA}type") or "string").rpartition(":")[2]
    return READERS.get(kind, str)(values[0].text or "")


@cache
def cases() -> tuple[Case, ...]:
    """Every expected result of the kit."""
    return tuple(_read())


def _read() -> Iterator[Case]:
    for path in sorted(folder("dmn-tck").glob("*/*/*-test-*.xml")):
        tests = etree.parse(str(path)).getroot()
        model = path.parent / (children(tests, "modelName")[0].text or "")
        for test in children(tests, "testCase"):
            inputs = {str(node.get("name")): value(node) for node in children(test, "inputNode")}
            service = test.get("type") == "decisionService"
            for node in children(test, "resultNode"):
                yield Case(
                    path.parent.parent.name,
                    path.parent.name,
                    str(test.get("id")),
                    model,
                    str(test.get("invocableName") if service else node.get("name")),
                    service,
                    inputs,
                    value(children(node, "expected")[0]) if children(node, "expected") else None,
                    node.get("errorResult") == "true",
                )


@cache
def compiled(model: Path) -> Compiled:
    """A model of the kit with the models beside it, which it may import."""
    others = [read_dmn(other.read_bytes()) for other in sorted(model.parent.glob("*.dmn")) if other != model]
    return compile_definitions(read_dmn(model.read_bytes(), model.name), others, external=True)


def close(found: Any, expected: Any) -> bool:
    """Whether two FEEL values are the same; numbers to eight digits, as the kit asks."""
    if isinstance(found, Decimal) and isinstance(expected, Decimal):
        return abs(found - expected) <= Decimal("1e-8") * max(Decimal(1), abs(expected))
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(close, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(close(found[key], expected[key]) for key in found)
    return equal(found, expected) is True


def check(case: Case) -> str | None:
    """What is wrong with a result, or None."""
    try:
        result = compiled(case.model).evaluate(case.asked, case.inputs)
    except ProcessionError as error:
        return None if case.fails else f"error: {error.message}"
    found = result.feel
    if close(found, case.expected):
        return None
    said = "; ".join(dict.fromkeys(one.message for one in result.warnings))
    return f"{to_literal(to_feel(found))} instead of {to_literal(case.expected)}{f' ({said})' if said else ''}"


@dataclass
class Count:
    """Of so many, so many pass."""

    passed: int = 0
    of: int = 0


def run(part: str = "") -> tuple[dict[str, dict[str, Count]], list[tuple[Case, str]]]:
    """Counts by level and folder, and what does not pass."""
    counts: dict[str, dict[str, Count]] = {}
    wrong: list[tuple[Case, str]] = []
    for case in cases():
        if part not in f"{case.level}/{case.suite}":
            continue
        count = counts.setdefault(case.level, {}).setdefault(case.suite, Count())
        count.of += 1
        said = check(case)
        if said is None:
            count.passed += 1
        else:
            wrong.append((case, said))
    return counts, wrong


def totals(counts: dict[str, dict[str, Count]]) -> dict[str, Count]:
    """Counts by level."""
    return {
        level: Count(sum(one.passed for one in suites.values()), sum(one.of for one in suites.values()))
        for level, suites in counts.items()
    }


def document(counts: dict[str, dict[str, Count]], wrong: list[tuple[Case, str]]) -> str:
    """The scores for people."""
    lines = [
        "# Conformance with DMN",
        "",
        "Generated by `python -m tests.conformance.tck`; do not edit. Results of the DMN Technology Compatibility Kit",
        "(107 of its 150 folders) that Procession gives, by decision asked for.",
        "",
        "| level | passed | of |",
        "|---|--:|--:|",
        *(f"| {level} | {count.passed:,} | {count.of:,} |" for level, count in totals(counts).items()),
    ]
    if wrong:
        lines += ["", "## What differs", "", "| folder | passed | of |", "|---|--:|--:|"]
        for suites in counts.values():
            lines += [f"| {name} | {one.passed} | {one.of} |" for name, one in suites.items() if one.passed < one.of]
        lines += [""]
        lines += [f"- {case.suite} {case.id}, `{case.asked}`: {_short(said)}" for case, said in wrong]
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    text = text.replace("\n", " ")
    return text if len(text) <= 200 else text[:200] + " …"


def main(arguments: list[str]) -> int:
    """Runs, prints, and writes where all was run."""
    part = arguments[0] if arguments else ""
    counts, wrong = run(part)
    for case, said in wrong if part else ():
        print(f"{case.suite} {case.id} {case.asked}: {said}")
    for level, count in totals(counts).items():
        print(f"{level}: {count.passed} of {count.of}")
    if part:
        return 0
    file = SCORES / "dmn-tck.json"
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    now = {level: {"passed": count.passed, "of": count.of} for level, count in totals(counts).items()}
    SCORES.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    file.with_suffix(".md").write_text(document(counts, wrong), encoding="utf-8")
    lost = [level for level, count in before.items() if now.get(level, {"passed": 0})["passed"] < count["passed"]]
    for level in lost:
        print(f"{level} went down from {before[level]['passed']}")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
