"""Camunda 8's models on the kernel that Camunda 7's run on: durable phases carry both.

What stops does so at one mapping or listener and goes on at that very one; nothing before it is done again.
"""

from __future__ import annotations

from typing import Any

import pytest

from procession.camunda8.bpmn import read_bpmn
from procession.errors import Conflict
from procession.kernel import commands as c
from procession.kernel.events import VariableSet
from procession.kernel.records import Element, External, Incident, Life, Phase, Task
from procession.kernel.variables import typed
from tests.kernel.harness import WORKER, KernelPlay

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' targetNamespace="t"><process id="p" isExecutable="true"><startEvent id="s"/>'
)
FLOWS = '<sequenceFlow id="f1" sourceRef="s" targetRef="a"/><sequenceFlow id="f2" sourceRef="a" targetRef="b"/>'
NEXT = (
    '<userTask id="b"><extensionElements><zeebe:userTask/></extensionElements></userTask><endEvent id="e"/>'
    '<sequenceFlow id="f3" sourceRef="b" targetRef="e"/></process></definitions>'
)


def given(node: str, **variables: Any) -> KernelPlay:
    """A process s > a > b > e, where `node` is the XML of `a`, started with variables."""
    return KernelPlay.of(read_bpmn(f"{HEAD}{node}{FLOWS}{NEXT}".encode()).processes[0]).start(None, **variables)


def mapped(*, inputs: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> str:
    """A service task with mappings."""
    written = "".join(f'<zeebe:input source="{source}" target="{to}"/>' for to, source in (inputs or {}).items())
    written += "".join(f'<zeebe:output source="{source}" target="{to}"/>' for to, source in (outputs or {}).items())
    extensions = f'<zeebe:taskDefinition type="work"/><zeebe:ioMapping>{written}</zeebe:ioMapping>'
    return f'<serviceTask id="a"><extensionElements>{extensions}</extensionElements></serviceTask>'


def resolve(play: KernelPlay) -> None:
    (incident,) = play.store.all(Incident)
    play.when(c.ResolveIncident(incident.key))


# ---------------------------------------------------------------- a mapping that fails

NEEDS_Y = {"x": "=1", "z": "=assert(y, y != null) + x", "w": "=z * 10"}


def test_an_input_that_fails_stops_its_element_as_an_incident_at_this_mapping() -> None:
    play = given(mapped(inputs=NEEDS_Y))
    element = play.element("a")
    assert (element.life, element.phase, element.index) == (Life.FAILED, Phase.INPUT, 1)
    assert play.incidents == ["ioMappingError a"]
    assert (play.waits, play.variables) == ([], {"a.x": 1})


def test_it_goes_on_at_the_very_same_mapping() -> None:
    play = given(mapped(inputs=NEEDS_Y)).set(y=5)
    before = len(play.log)
    resolve(play)
    set_again = [event.variable.name for event in play.log[before:] if isinstance(event, VariableSet)]
    assert set_again == ["z", "w"]
    assert (play.incidents, play.waits) == ([], ["a"])
    assert play.variables == {"y": 5, "a.x": 1, "a.z": 6, "a.w": 60}
    assert play.work("a").waits == ["b"]
    assert play.complete("b").empty


def test_a_resolved_incident_that_fails_again_is_a_new_one() -> None:
    play = given(mapped(inputs=NEEDS_Y))
    (first,) = play.store.all(Incident)
    resolve(play)
    (second,) = play.store.all(Incident)
    assert second.key != first.key
    assert play.element("a").phase is Phase.INPUT


def test_an_output_that_fails_stops_behind_the_work_which_is_not_done_again() -> None:
    play = given(mapped(outputs={"r": "=1", "q": "=assert(y, y != null)"})).work("a")
    element = play.element("a")
    assert (element.life, element.phase, element.index) == (Life.FAILED, Phase.OUTPUT, 1)
    assert (play.incidents, play.waits, play.variables) == (["ioMappingError a"], [], {"r": 1})
    play.set(y=2)
    resolve(play)
    assert (play.waits, play.variables) == (["b"], {"r": 1, "q": 2, "y": 2})
    assert play.complete("b").empty


def test_a_stopped_element_may_be_cancelled() -> None:
    assert given(mapped(inputs=NEEDS_Y)).cancel().empty


# ---------------------------------------------------------------- a completion that is denied

CHECKED = (
    '<userTask id="a"><extensionElements><zeebe:userTask/><zeebe:taskListeners>'
    '<zeebe:taskListener eventType="completing" type="check"/><zeebe:taskListener eventType="completing" type="audit"/>'
    "</zeebe:taskListeners></extensionElements></userTask>"
)


def topics(play: KernelPlay) -> list[str]:
    return [job.topic for job in play.store.all(External)]


def deny(play: KernelPlay) -> None:
    """The worker of a listener refuses what is about to happen."""
    play.when(c.CompleteExternal(play._lock("a"), WORKER, denied=True))


def test_a_completion_waits_for_the_workers_of_its_listeners() -> None:
    play = given(CHECKED).complete("a", n=1)
    assert (topics(play), play.element("a").phase, play.element("a").index) == (["check"], Phase.CONFIRM, 0)
    play.work("a")
    assert (topics(play), play.element("a").index) == (["audit"], 1)
    assert play.work("a").waits == ["b"]
    assert play.variables == {"n": 1}


def test_a_denied_completion_leaves_the_task_waiting_as_it_was() -> None:
    play = given(CHECKED).complete("a")
    task = play.task("a").key
    deny(play)
    assert (play.waits, topics(play), play.task("a").key) == (["a"], [], task)
    assert play.element("a").phase is Phase.EXECUTE


@pytest.mark.parametrize("accepted_before", [0, 1])
def test_the_next_completion_asks_every_listener_again(accepted_before: int) -> None:
    play = given(CHECKED).complete("a")
    for _ in range(accepted_before):
        play.work("a")
    deny(play)
    play.complete("a", n=2)
    assert topics(play) == ["check"]
    play.work("a").work("a")
    assert [task.node for task in play.store.all(Task)] == ["b"]
    assert play.variables == {"n": 2}
    assert play.complete("b").empty


def test_a_task_that_is_being_completed_cannot_be_completed_again() -> None:
    play = given(CHECKED).complete("a")
    with pytest.raises(Conflict, match="being completed"):
        play.complete("a")
    assert topics(play) == ["check"]


def test_a_listener_of_any_element_may_be_a_worker() -> None:
    listener = '<zeebe:executionListeners><zeebe:executionListener eventType="start" type="prepare"/></zeebe:executionListeners>'
    node = mapped(inputs={"x": "=1"}).replace("<zeebe:ioMapping>", f"{listener}<zeebe:ioMapping>")
    play = given(node)
    assert (topics(play), play.element("a").phase) == (["prepare"], Phase.START)
    play.work("a")
    assert topics(play) == ["work"]
    assert play.work("a").waits == ["b"]


# ---------------------------------------------------------------- output collections


def turned(sequential: bool, output: str = "=r * 10") -> str:
    characteristics = (
        f'inputCollection="=items" inputElement="item" outputCollection="results" outputElement="{output}"'
    )
    return (
        '<serviceTask id="a"><extensionElements><zeebe:taskDefinition type="work"/></extensionElements>'
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"><extensionElements>'
        f"<zeebe:loopCharacteristics {characteristics}/></extensionElements></multiInstanceLoopCharacteristics></serviceTask>"
    )


def finish(play: KernelPlay, turn: int, value: object) -> None:
    """The worker of a turn completes its job with a local result."""
    job = next(x for x in play.store.all(External) if play.store.rows[Element][x.element].loop_counter == turn)
    play.when(c.ChangeExternal(job.key, lock=(WORKER, None)))
    play.when(c.CompleteExternal(job.key, WORKER, local_variables={"r": typed(value)}))


def test_a_parallel_loop_collects_in_the_order_of_its_items() -> None:
    play = given(turned(False), items=[1, 2, 3])
    for turn in (2, 0, 1):
        finish(play, turn, turn + 1)
    assert play.waits == ["b"]
    assert play.variables["results"] == [10, 20, 30]


def test_a_sequential_loop_collects() -> None:
    play = given(turned(True), items=["x", "y"])
    for turn in (0, 1):
        finish(play, turn, turn)
    assert play.variables["results"] == [0, 10]
    assert play.complete("b").empty


@pytest.mark.parametrize("sequential", [False, True])
def test_an_empty_loop_collects_an_empty_list(sequential: bool) -> None:
    play = given(turned(sequential), items=[])
    assert (play.waits, play.variables["results"]) == (["b"], [])


def test_the_collection_is_not_seen_outside_before_the_loop_ends() -> None:
    play = given(turned(False), items=[1, 2])
    finish(play, 0, 1)
    assert "results" not in play.variables
    assert play.variables["a#multiInstanceBody.results"] == [10, None]


def test_an_output_element_that_fails_stops_its_turn_alone() -> None:
    play = given(turned(False, "=assert(r, r != null)"), items=[1, 2])
    finish(play, 1, None)
    finish(play, 0, 7)
    assert play.incidents == ["extractValueError a"]
    (stopped,) = [element for element in play.store.all(Element) if element.life is Life.FAILED]
    play.when(c.SetVariables(stopped.key, {"r": typed(8)}, local=True))
    resolve(play)
    assert (play.waits, play.variables["results"]) == (["b"], [7, 8])
