"""Each rule finds what its bad diagrams say, nothing else is found there, and in good diagrams nothing at all.

What is found stands at the head of a bad diagram: `<!-- finds ELEMENT: part of the message -->`, with `-` for the file.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from procession.lint import Finding, check, rules
from procession.serverless.linting import dialect_of

HERE = Path(__file__).parent
DIAGRAMS = sorted(path for path in HERE.glob("*/*") if path.suffix in (".bpmn", ".dmn"))
FINDS = re.compile(r"<!-- finds (\S+): (.*) -->")


def lint(path: Path) -> list[Finding]:
    """The findings in a diagram; a process is looked at together with the good decisions of its folder."""
    decisions = [path.with_name("good.dmn")] if path.suffix == ".bpmn" and path.with_name("good.dmn").exists() else []
    return check([(one.name, one.read_bytes()) for one in (path, *decisions)], dialect_of)


def name(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


@pytest.mark.parametrize("path", [path for path in DIAGRAMS if path.stem.startswith("bad")], ids=name)
def test_bad_diagram(path: Path) -> None:
    wanted = FINDS.findall(path.read_text(encoding="utf-8"))
    found = lint(path)
    assert wanted
    assert [finding.rule for finding in found] == [path.parent.name] * len(wanted)
    for finding, (element, message) in zip(found, wanted, strict=True):
        assert (finding.element or "-") == element
        assert message in finding.message
        assert finding.line > 0 or "no outgoing" in message or element == "-"


@pytest.mark.parametrize("path", [path for path in DIAGRAMS if path.stem.startswith("good")], ids=name)
def test_good_diagram(path: Path) -> None:
    assert lint(path) == []


def test_every_diagram_is_good_or_bad() -> None:
    assert [name(path) for path in DIAGRAMS if not path.stem.startswith(("good", "bad"))] == []


@pytest.mark.parametrize("rule", rules())
def test_every_rule_has_good_and_bad_diagrams(rule: str) -> None:
    stems = {path.stem.split("-")[0] for path in DIAGRAMS if path.parent.name == rule}
    assert stems == {"good", "bad"}


def test_every_folder_is_a_rule() -> None:
    assert {path.parent.name for path in DIAGRAMS} == set(rules())
