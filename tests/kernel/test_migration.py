"""Moving running instances to other models."""

from __future__ import annotations

import pytest

from procession.errors import ProcessionError
from tests.kernel.diagram import (
    boundary,
    call,
    catch,
    diagram,
    external,
    loop,
    message,
    on,
    out,
    parallel,
    put,
    race,
    sub,
    timer,
    user,
)
from tests.kernel.harness import given, on_kernel

TWO = diagram("s > f > a > j > e; f > b > j", f=parallel(), j=parallel())
AROUND = diagram(
    "s > p > e; x > h > e2",
    "around",
    p=sub("s1 > f > a > j > e1; f > b > j", *put(k="1"), nodes={"f": parallel(), "j": parallel()}),
    x=boundary("p", message("m")),
)


def test_tokens_go_on_where_they_are_mapped_to() -> None:
    play = given(diagram("s > a > e"), diagram("s > b > c > e", "other")).start().migrate("a b")
    assert play.waits == ["b"]
    assert play.complete("b").waits == ["c"]
    assert play.path == ["b", "c?", "s"]


def test_a_new_scope_is_opened_once_around_all_that_moves_into_it() -> None:
    play = given(TWO, AROUND).start().migrate("a a", "b b")
    assert play.waits == ["a", "b", "x"]
    assert play.path == ["a?", "b?", "f", "p?", "s"]
    assert play.complete("a").complete("b").ended


def test_a_scope_that_nothing_maps_goes_when_all_has_moved_out() -> None:
    play = given(AROUND, TWO).start().migrate("a a", "b b")
    assert play.waits == ["a", "b"]
    assert play.path == ["a?", "b?", "f", "p!", "s", "s1"]


def test_an_activity_without_a_place_is_refused() -> None:
    play = given(TWO, AROUND).start()
    with pytest.raises(ProcessionError):
        play.migrate("a a")
    assert play.waits == ["a", "b"]


def test_another_process_is_refused() -> None:
    play = given(TWO, AROUND).start().migrate("a a", "b b")
    with pytest.raises(ProcessionError):
        play.migrate("a a", "b b")


def test_a_token_waits_at_its_join_still() -> None:
    play = given(TWO, diagram("s > f > a > j > c > e; f > b > j", "other", f=parallel(), j=parallel())).start()
    play.complete("a").migrate("b b", "j j")
    assert play.complete("b").waits == ["c"]


def test_events_move_with_their_activity_or_go_and_new_ones_begin() -> None:
    before = diagram("s > a > e; x > h > e2; y > h", x=boundary("a", message("m")), y=boundary("a", timer("PT1H")))
    after = diagram(
        "s > a > e; x > h > e2; z > h", "other", x=boundary("a", message("n")), z=boundary("a", message("z"))
    )
    play = given(before, after).start().migrate("a a", "x x")
    assert play.waits == ["a", "x", "z"]
    assert play.message_at("x") == "m"
    again = given(before, after).start().migrate("a a", "x x!")
    assert again.message_at("x") == "n"
    assert again.send("n").waits == ["h"]


def test_what_an_activity_waits_for_moves_with_it() -> None:
    before = diagram("s > g > c > e; g > d > e", g=race(), c=catch(message("m")), d=catch(timer("PT1H")))
    after = diagram("s > g > c > a > e; g > d > e", "other", g=race(), c=catch(message("n")), d=catch(timer("PT2H")))
    play = given(before, after).start().migrate("g g", "c c", "d d")
    assert play.waits == ["c", "d"]
    assert play.send("m").waits == ["a"]


def test_the_turns_of_a_loop_move_with_its_body() -> None:
    before = diagram("s > m > e", m=user(loop(times="2")))
    after = diagram("s > m > c > e", "other", m=user(loop(times="5")))
    play = given(before, after).start().complete("m").migrate("m#multiInstanceBody m#multiInstanceBody", "m m")
    assert play.waits == ["m"]
    assert play.complete("m").waits == ["c"]


def test_turns_become_activities_where_the_loop_is_no_more() -> None:
    play = given(diagram("s > m > e", m=user(loop(times="2"))), diagram("s > m > e", "other")).start().migrate("m m")
    assert play.waits == ["m", "m"]
    assert play.path == ["m#multiInstanceBody!", "m?", "m?", "s"]
    assert play.complete("m").complete("m").ended


def test_what_waits_for_its_job_needs_an_asynchronous_target() -> None:
    before = diagram("s > t > e", t=user(async_before=True))
    play = given(before, diagram("s > t > e", "other")).start()
    with pytest.raises(ProcessionError):
        play.migrate("t t")
    good = given(before, diagram("s > p > e", "other", p=sub("s1 > t > e1", nodes={"t": user(async_before=True)})))
    play = good.start().migrate("t t")
    assert play.run("t").waits == ["t"]
    assert play.path == ["p?", "s", "t?"]


def test_external_tasks_and_calls_go_on() -> None:
    inner = diagram("s > u > e", "inner")
    before = diagram("s > f > x > e; f > c > e", f=parallel(), x=external(), c=call("inner"))
    after = diagram("s > f > x > y > e; f > c > z > e", "other", f=parallel(), x=external(), c=call("inner"))
    play = given(before, after, inner).start().migrate("x x", "c c")
    assert play.work("x").waits == ["u", "y"]
    assert play.complete("u").waits == ["y", "z"]


def test_listeners_and_mappings_of_scopes_that_come_and_go_run() -> None:
    inner = sub("s1 > a > e1", *out(left="1"), on("end", "${execution.setVariable('ended', 1)}"))
    other = diagram("s > a > e", "other")
    play = on_kernel(diagram("s > p > e", p=inner), other).start().migrate("a a")
    assert play.variables["left"] == "1"
    assert play.variables["ended"] == 1
