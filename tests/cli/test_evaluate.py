"""`procession evaluate` with files: as Camunda 7 and as the standard have it, and the table with its matched rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from procession.cli.exits import Exit
from tests.cli.conftest import Run
from tests.dmn.models import decision, document, input_data, literal, table

RULES = [['"gold"', "> 10", '"free"'], ['"gold"', "-", '"half"'], ["-", "-", '"full"']]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "shipping.dmn"
    knowledge = (
        '<businessKnowledgeModel id="k" name="twice"><variable name="twice"/><encapsulatedLogic>'
        f'<formalParameter name="n"/>{literal("n * 2")}</encapsulatedLogic></businessKnowledgeModel>'
    )
    logic = table(RULES, inputs=("status", "amount"), policy="FIRST")
    shipping = decision("Shipping", logic, requires=["i:amount"])
    doubled = decision("Doubled", literal("twice(amount)"), requires=["i:amount", "k:k"])
    file.write_bytes(document(input_data("amount", "number"), knowledge, shipping, doubled))
    return file


def test_as_camunda_7(run: Run, model: Path) -> None:
    ended = run("evaluate", str(model), "-d", "Shipping", "--input", "status=gold", "--input", "amount=5", "--json")
    assert json.loads(ended.stdout) == [{"out": "half"}]


def test_as_the_standard(run: Run, model: Path) -> None:
    inputs = '{"status": "gold", "amount": 20}'
    ended = run("evaluate", str(model), "--standard", "--decision", "Shipping", "-i", inputs, "--json")
    assert json.loads(ended.stdout) == "free"
    assert run("evaluate", str(model), "--standard", "-d", "Doubled", "-i", inputs).stdout.split()[-1] == "40"


def test_the_table_shows_which_rules_matched(run: Run, model: Path) -> None:
    for extra in ([], ["--standard"]):
        ended = run(
            "evaluate", str(model), "-d", "Shipping", "-i", '{"status": "gold", "amount": 5}', "--explain", *extra
        )
        marked = [line for line in ended.stdout.splitlines() if "▶" in line]
        assert len(marked) == 1
        assert '"half"' in marked[0]
        assert "Shipping (FIRST)" in ended.stdout


def test_a_wrong_choice(run: Run, model: Path) -> None:
    ended = run("evaluate", str(model), "--standard")
    assert ended.exit_code == Exit.USAGE
    assert "Shipping, Doubled" in ended.stderr
    assert run("evaluate", str(model), "-d", "Shipping", "-i", "{").exit_code == Exit.USAGE
    assert run("evaluate", str(model.with_name("none.dmn"))).exit_code == Exit.USAGE
