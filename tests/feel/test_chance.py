"""`uuid()` and `random number()`: bits of the program's source, null without one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner

from procession.cli.app import app
from procession.embedding import open_engine
from procession.expressions import MappingScope
from procession.feel import Evaluation, compile_expression
from procession.feel.chance import CHANCE


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    before = CHANCE.bits
    yield
    CHANCE.bits = before


def _value(text: str, evaluation: Evaluation | None = None) -> object:
    return compile_expression(text).evaluate(MappingScope({}), evaluation)


def test_a_source_gives_both() -> None:
    CHANCE.bits = random.Random(7).getrandbits
    texts = {_value("uuid()") for _ in range(10)}
    assert len(texts) == 10
    assert all(UUID(str(text)).version == 4 for text in texts)
    numbers = [_value("random number()") for _ in range(100)]
    assert all(isinstance(number, Decimal) and 0 <= number < 1 for number in numbers)
    assert len(set(numbers)) == 100


def test_the_same_source_gives_the_same() -> None:
    def three() -> list[object]:
        CHANCE.bits = random.Random(11).getrandbits
        return [_value("uuid()"), _value("random number()"), _value('matches(uuid(), "[0-9a-f-]{36}")')]

    assert three() == three()


def test_without_a_source_they_are_null() -> None:
    CHANCE.bits = None
    evaluation = Evaluation()
    assert _value("uuid()", evaluation) is None
    assert "no source of random numbers" in evaluation.warnings[0].message


def test_an_engine_and_the_command_line_have_one(tmp_path: Path) -> None:
    CHANCE.bits = None
    with open_engine(f"sqlite:///{tmp_path / 'a.db'}"):
        assert UUID(str(_value("uuid()"))).version == 4
    CHANCE.bits = None
    found = CliRunner().invoke(app, ["feel", "uuid()"])
    assert UUID(found.output.strip().strip('"')).version == 4
