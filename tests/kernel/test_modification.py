"""Starting and cancelling inside of a running instance."""

from __future__ import annotations

import pytest

from procession.errors import ProcessionError
from tests.kernel.diagram import boundary, catch, diagram, loop, message, parallel, put, race, sub, user
from tests.kernel.harness import given

WHOLE = diagram(
    "s > a > f > b > e; f > p > e; f > t > e; f > m > e; f > q > e; x > h > e2",
    f=parallel(),
    x=boundary("b", message("mb")),
    p=sub("s1 > i > j > e1", *put(k="1")),
    t=user(async_before=True),
    m=user(loop(times="3")),
    q=user(loop(times="2", one_by_one=True)),
)


def test_starts_before_an_activity_beside_what_is_there() -> None:
    assert given(WHOLE).start().modify("before a").waits == ["a", "a"]


def test_opens_the_scopes_around_it() -> None:
    play = given(WHOLE).start().modify("before j")
    assert play.waits == ["a", "j"]
    assert play.path == ["a?", "j?", "p?", "s"]


def test_joins_the_scope_that_is_open() -> None:
    play = given(WHOLE).start().modify("before i", "before j")
    assert play.path == ["a?", "i?", "j?", "p?", "s"]
    assert play.complete("i").waits == ["a", "j", "j"]


def test_several_open_scopes_are_ambiguous() -> None:
    play = given(WHOLE).start().modify("before p", "before p")
    with pytest.raises(ProcessionError, match="ambiguous"):
        play.modify("before j")


def test_an_async_activity_waits_for_its_job() -> None:
    play = given(WHOLE).start().modify("before t")
    assert play.waits == ["a", "t"]
    assert play.modify("cancel t").waits == ["a"]


def test_after_takes_the_only_flow() -> None:
    play = given(WHOLE).start().modify("after a")
    assert play.waits == ["a", "b", "i", "m", "m", "m", "q", "t", "x"]


def test_a_flow_is_taken() -> None:
    assert given(WHOLE).start().modify("flow f_p").waits == ["a", "i"]


@pytest.mark.parametrize("bad", ["after f", "after e", "after m", "before nope", "after nope", "flow nope"])
def test_what_is_not_there_is_refused(bad: str) -> None:
    play = given(WHOLE).start()
    with pytest.raises(ProcessionError):
        play.modify(bad)
    assert play.waits == ["a"]


def test_cancelling_the_last_activity_cancels_the_instance() -> None:
    play = given(WHOLE).start().modify("cancel a")
    assert play.ended
    assert play.path == ["a!", "s"]
    assert play.states == ["EXTERNALLY_TERMINATED"]


def test_an_instance_whose_last_token_comes_to_its_end_is_completed() -> None:
    play = given(WHOLE).start().modify("cancel a", "before e")
    assert play.states == ["COMPLETED"]


def test_an_instance_whose_last_token_is_cancelled_is_cancelled() -> None:
    play = given(WHOLE).start().modify("before e", "cancel a")
    assert play.states == ["EXTERNALLY_TERMINATED"]


def test_it_moves_a_token() -> None:
    play = given(WHOLE).start().modify("cancel a", "before b")
    assert play.waits == ["b", "x"]
    assert not play.ended


def test_a_scope_goes_with_the_last_thing_in_it() -> None:
    play = given(WHOLE).start().modify("before j").modify("cancel j")
    assert play.path == ["a?", "j!", "p!", "s"]


def test_cancelling_a_node_cancels_all_that_is_at_it() -> None:
    assert given(WHOLE).start().modify("before a", "before b").modify("cancel a").waits == ["b", "x"]


def test_one_turn_is_added_to_a_loop() -> None:
    play = given(WHOLE).start().modify("before m#multiInstanceBody").modify("before m")
    assert play.waits == ["a", "m", "m", "m", "m"]
    for _ in range(4):
        play.complete("m")
    assert play.waits == ["a"]
    assert play.path.count("m") == 4


def test_a_loop_of_one_turn_begins() -> None:
    play = given(WHOLE).start().modify("before m")
    assert play.waits == ["a", "m"]
    assert {k: v for k, v in play.variables.items() if "nrOf" in k} == {
        "m#multiInstanceBody.nrOfInstances": 1,
        "m#multiInstanceBody.nrOfCompletedInstances": 0,
        "m#multiInstanceBody.nrOfActiveInstances": 1,
    }
    assert play.complete("m").waits == ["a"]


def test_a_turn_that_is_cancelled_is_not_waited_for() -> None:
    play = given(WHOLE).start().modify("before m", "before m").modify("cancel m")
    assert play.path == ["a?", "m!", "m!", "m#multiInstanceBody!", "s"]


def test_a_sequential_loop_takes_no_second_turn() -> None:
    play = given(WHOLE).start().modify("before q")
    assert play.waits == ["a", "q"]
    with pytest.raises(ProcessionError, match="Concurrent instantiation not possible"):
        play.modify("before q")
    assert play.complete("q").waits == ["a"]


def test_an_interrupting_boundary_event_takes_the_place_of_its_activity() -> None:
    play = given(WHOLE).start().modify("before b").modify("before x")
    assert play.waits == ["a", "h"]
    assert play.path == ["a?", "b!", "h?", "s", "x"]


def test_without_its_activity_a_boundary_event_happens_beside() -> None:
    assert given(WHOLE).start().modify("before x").waits == ["a", "h"]


def test_an_event_behind_an_event_based_gateway_is_passed() -> None:
    model = diagram("s > g > c > a > e; g > d > b > e", g=race(), c=catch(message("c")), d=catch(message("d")))
    play = given(model).start()
    assert play.waits == ["c", "d"]
    assert play.modify("before c").waits == ["a"]


def test_an_instance_starts_anywhere() -> None:
    play = given(WHOLE).start_at("before j", "before b")
    assert play.waits == ["b", "j", "x"]
    assert play.path == ["b?", "j?", "p?"]


def test_an_instance_that_starts_at_its_end_is_over() -> None:
    play = given(WHOLE).start_at("before e")
    assert play.ended
    assert play.path == ["e"]
    assert play.states == ["COMPLETED"]
