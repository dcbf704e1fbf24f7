"""What lint calls an error breaks: bad diagrams are deployed and started here. The real Camunda 7.24 refuses the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from procession import open_engine
from procession.engine.engine import Engine
from procession.errors import ProcessionError

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine("sqlite://") as opened:
        yield opened


@pytest.mark.parametrize(
    ("diagram", "variables", "reason"),
    [
        ("missing-condition/bad-text", {}, "non-Boolean"),
        ("missing-path/bad", {"color": "blue"}, "No outgoing sequence flow"),
        ("unresolved-reference/bad-call", {}, "nowhere"),
        ("unresolved-reference/bad-decision", {}, "nothing"),
        ("unknown-variable/bad", {}, "amount"),
        ("unknown-variable/bad-loop", {}, "orders"),
        ("unimplemented-task/bad-script", {}, "script"),
        ("unimplemented-task/bad-class", {}, "class"),
        ("timer-without-way-out/bad-text", {}, "5 days"),
    ],
)
def test_a_start_fails(engine: Engine, diagram: str, variables: dict[str, Any], reason: str) -> None:
    engine.deploy((f"{diagram.replace('/', '-')}.bpmn", (HERE / f"{diagram}.bpmn").read_bytes()))
    with pytest.raises(ProcessionError, match=reason):
        engine.start_process("p", variables)
