"""`historyTimeToLive`: enforced where a setting says so, as in Camunda 7."""

from __future__ import annotations

import pytest

from procession.camunda7.bpmn import read_bpmn
from procession.errors import ParseFailed


def model(attribute: str = "") -> bytes:
    return (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"'
        ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn">'
        f'<process id="p" isExecutable="true"{attribute}><startEvent id="s"/></process></definitions>'
    ).encode()


@pytest.mark.checklist(4, 3)
def test_a_process_without_one_is_refused_where_it_is_enforced() -> None:
    assert read_bpmn(model()).processes[0].history_time_to_live is None
    with pytest.raises(ParseFailed, match="History Time To Live"):
        read_bpmn(model(), enforce_time_to_live=True)


@pytest.mark.parametrize("value", ["P30D", "30"])
def test_a_process_with_one_is_taken(value: str) -> None:
    reading = read_bpmn(model(f' camunda:historyTimeToLive="{value}"'), enforce_time_to_live=True)
    assert reading.processes[0].history_time_to_live == 30
