"""What a model says of where elements can be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from procession.bpmn.model import Policies, Process
from procession.kernel.places import BODY, Place, place_at
from procession.kernel.records import Phase
from tests.kernel.diagram import boundary, diagram, loop, on, timer, user
from tests.kernel.harness import on_kernel


@pytest.fixture(scope="module")
def process() -> Process:
    model = diagram(
        "s > a > b > c > e; late > e",
        a=user(loop(times="2"), async_before=True),
        b=user(on("start", "${1}")),
        late=boundary("a", timer("PT1H")),
    )
    return on_kernel(model).world.process(1)


@pytest.fixture
def turn(process: Process) -> Place:
    return place_at(process, "a")


@pytest.fixture
def body(process: Process) -> Place:
    return place_at(process, "a" + BODY)


def test_a_loop_has_a_place_of_its_own_beside_its_turns(turn: Place, body: Place) -> None:
    assert (turn.is_turn, turn.is_body, turn.type) == (True, False, "userTask")
    assert (body.is_turn, body.is_body, body.type) == (False, True, "multiInstanceBody")
    assert turn.node is body.node
    assert turn.behaviour is not body.behaviour


def test_boundary_events_are_on_the_loop_and_not_on_its_turns(turn: Place, body: Place) -> None:
    assert [node.id for node in body.boundaries] == ["late"]
    assert not turn.boundaries


def test_what_waits_for_a_job_is_the_loop_and_not_its_turns(turn: Place, body: Place) -> None:
    assert (body.async_before, turn.async_before) == (True, False)


def test_the_first_position_is_where_there_is_something_to_do(process: Process, body: Place) -> None:
    assert [place_at(process, at).first for at in ("b", "c")] == [Phase.START, Phase.EXECUTE]
    assert body.first is Phase.EXECUTE
    assert [place_at(process, at).ends_plainly for at in ("b", "c")] == [False, True]


def test_a_place_is_worked_out_once() -> None:
    play = on_kernel(diagram("s > a > e", a=user())).start()
    known = dict(play.world.process(1).places)
    play.complete("a")
    places = play.world.process(1).places
    assert known.keys() < places.keys() == {"s", "a", "e"}
    assert all(places[at] is place for at, place in known.items())


def test_another_model_has_places_of_its_own(process: Process) -> None:
    place_at(process, "c")
    assert not replace(process, policies=Policies(breadth_first=True)).places


def test_what_is_no_node_has_no_place(process: Process) -> None:
    with pytest.raises(KeyError):
        place_at(process, "nowhere")
