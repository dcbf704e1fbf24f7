"""`procession tck` with a small kit of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from procession.cli.exits import Exit
from tests.cli.conftest import Run

MODEL = """<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="m" name="m" namespace="urn:m">
<itemDefinition name="tList" isCollection="true"><typeRef>number</typeRef></itemDefinition>
<inputData id="a" name="a"><variable name="a" typeRef="number"/></inputData>
<decision id="d" name="twice"><variable name="twice" typeRef="number"/>
 <informationRequirement><requiredInput href="#a"/></informationRequirement>
 <literalExpression><text>a * 2</text></literalExpression></decision>
<decision id="e" name="cos"><variable name="cos"/>
 <literalExpression><text>{c: function(x) external {java: {class: "java.lang.Math",
 method signature: "abs(double)"}}, r: c(-1)}.r</text></literalExpression></decision>
</definitions>"""

TESTS = """<testCases xmlns="http://www.omg.org/spec/DMN/20160719/testcase"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<modelName>m.dmn</modelName>
<testCase id="001"><inputNode name="a"><value>1.5</value></inputNode>
 <resultNode name="twice"><expected><value xsi:type="xsd:decimal">3</value></expected></resultNode></testCase>
<testCase id="002"><inputNode name="a"><value xsi:type="xsd:string">x</value></inputNode>
 <resultNode name="twice" errorResult="true"><expected><value xsi:nil="true"/></expected></resultNode></testCase>
<testCase id="003"><resultNode name="cos"><expected><value>1</value></expected></resultNode></testCase>
<testCase id="004"><inputNode name="a"><value>1</value></inputNode>
 <resultNode name="twice"><expected><value xsi:type="xsd:string">2</value></expected></resultNode>
 <resultNode name="missing"><expected><value xsi:nil="true"/></expected></resultNode></testCase>
</testCases>"""


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    folder = tmp_path / "kit" / "level" / "0001-small"
    folder.mkdir(parents=True)
    (folder / "m.dmn").write_text(MODEL)
    (folder / "broken.dmn").write_text("<nothing/>")
    (folder / "0001-small-test-01.xml").write_text(TESTS)
    return tmp_path / "kit"


def test_what_passes_and_what_does_not(run: Run, kit: Path, tmp_path: Path) -> None:
    csv = tmp_path / "results.csv"
    shown = run("tck", str(kit), "--csv", str(csv), "--json")
    assert shown.exit_code == Exit.FAILED
    assert json.loads(shown.stdout) == {"level": {"passed": 2, "of": 5}}
    rows = csv.read_text().splitlines()
    assert rows[0] == '"level/0001-small","0001-small-test-01","001","SUCCESS",""'
    assert rows[1].endswith('"002","SUCCESS",""')
    # Where nothing declares a type, an untyped value is a string: the number 1 is not equal to it.
    assert '"003","ERROR"' in rows[2]
    assert "missing: error" in rows[3]
    assert 'twice: 2 instead of ""2""' in rows[3]


def test_a_folder_without_a_kit(run: Run, tmp_path: Path) -> None:
    assert run("tck", str(tmp_path)).exit_code == Exit.USAGE


def test_only_a_part(run: Run, kit: Path, tmp_path: Path) -> None:
    assert run("tck", str(kit), "--only", "9999", "--csv", str(tmp_path / "r.csv")).exit_code == Exit.USAGE
    shown = run("tck", str(kit), "--only", "0001", "--csv", str(tmp_path / "r.csv"))
    assert "0001-small" in shown.stdout
    assert "missing" in shown.stdout
