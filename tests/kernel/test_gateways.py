"""Which flows tokens leave by, and how they join."""

from __future__ import annotations

import pytest

from procession.errors import ProcessionError
from tests.kernel.diagram import (
    boundary,
    catch,
    diagram,
    exclusive,
    external,
    inclusive,
    message,
    parallel,
    race,
    setter,
    timer,
)
from tests.kernel.harness import given

# ---------------------------------------------------------------- exclusive


def test_the_first_flow_that_holds_is_taken_in_the_order_of_the_model() -> None:
    model = diagram("s > x >{n > 1} a > e; x >{n > 2} b > e; x >* c > e", x=exclusive())
    assert given(model).start(n=3).waits == ["a"]
    assert given(model).start(n=0).waits == ["c"]


def test_the_default_flow_is_the_last_choice_wherever_it_stands() -> None:
    model = diagram("s > x >* c > e; x >{n > 1} a > e", x=exclusive())
    assert given(model).start(n=3).waits == ["a"]
    assert given(model).start(n=1).waits == ["c"]


def test_no_flow_at_all_fails_the_command_and_leaves_nothing() -> None:
    play = given(diagram("s > x >{n > 1} a > e; x >{n > 2} b > e", x=exclusive()))
    with pytest.raises(ProcessionError, match="No outgoing sequence flow"):
        play.start(n=0)
    assert play.ended


def test_no_flow_behind_a_wait_state_leaves_the_task_where_it_was() -> None:
    play = given(diagram("s > t > x >{n > 1} a > e; x >{n > 2} b > e", x=exclusive())).start(n=0)
    with pytest.raises(ProcessionError, match="No outgoing sequence flow"):
        play.complete("t")
    assert play.waits == ["t"]
    assert play.complete("t", n=2).waits == ["a"]


def test_a_condition_that_is_no_boolean_fails() -> None:
    with pytest.raises(ProcessionError, match="non-Boolean"):
        given(diagram("s > x >{n} a > e; x >* b > e", x=exclusive())).start(n=1)


def test_a_condition_on_a_missing_variable_fails() -> None:
    with pytest.raises(ProcessionError, match=r"Cannot resolve identifier 'n'|Unknown property"):
        given(diagram("s > x >{n > 1} a > e; x >* b > e", x=exclusive())).start()


def test_an_exclusive_gateway_with_several_ways_in_does_not_wait() -> None:
    play = given(diagram("s > p > x > a > e; p > x", p=parallel(), x=exclusive())).start()
    assert play.waits == ["a", "a"]


# ---------------------------------------------------------------- parallel


def test_a_fork_takes_every_flow_and_ignores_conditions() -> None:
    play = given(diagram("s > f >{false} a > j; f > b > j; j > e", f=parallel(), j=parallel())).start()
    assert play.waits == ["a", "b"]
    assert play.complete("a").waits == ["b"]
    assert play.complete("b").ended
    assert play.path == ["a", "b", "e", "f", "j", "j", "s"]


def test_a_join_counts_tokens_not_flows() -> None:
    model = diagram("s > f > a > x; f > b > x; f > c > j; x > j; j > d > e", f=parallel(), x=exclusive(), j=parallel())
    play = given(model).start().complete("a").complete("b")
    assert play.waits == ["c", "d"]  # two came by one flow: that is enough for a join of two
    assert play.complete("d").complete("c").waits == []
    assert not play.ended  # a third token waits for ever
    assert play.path.count("j?") == 1


def test_a_join_that_is_a_fork_too() -> None:
    model = diagram("s > f > a > j; f > b > j; j > c > e; j > d > e", f=parallel(), j=parallel())
    assert given(model).start().complete("b").complete("a").waits == ["c", "d"]


def test_a_join_counts_per_scope_so_a_loop_may_pass_it_again() -> None:
    model = diagram(
        "s > m > f > a > j; f > b > j; j > x >{again} m; x >* e",
        m=exclusive(), f=parallel(), j=parallel(), x=exclusive(),
    )  # fmt: skip
    play = given(model).start(again=True).complete("a").complete("b")
    assert play.waits == ["a", "b"]
    assert play.complete("b").complete("a", again=False).ended
    assert play.path.count("j") == 4


def test_activities_fork_without_a_gateway() -> None:
    play = given(diagram("s > a > b > e; a > c > e2")).start().complete("a")
    assert play.waits == ["b", "c"]
    assert not play.complete("b").ended
    assert play.complete("c").ended


def test_conditional_flows_out_of_an_activity_with_a_default() -> None:
    model = diagram("s > a >{n > 1} b > e; a >{n > 2} c > e; a >* d > e")
    assert given(model).start(n=3).complete("a").waits == ["b", "c"]
    assert given(model).start(n=2).complete("a").waits == ["b"]
    assert given(model).start(n=0).complete("a").waits == ["d"]


def test_conditional_flows_out_of_an_activity_without_one_that_holds_fail() -> None:
    play = given(diagram("s > a >{n > 1} b > e; a >{n > 2} c > e")).start(n=0)
    with pytest.raises(ProcessionError):
        play.complete("a")
    assert play.waits == ["a"]


# ---------------------------------------------------------------- inclusive


def test_an_inclusive_fork_takes_all_that_hold_and_its_join_waits_for_them_alone() -> None:
    model = diagram("s > f >{n > 0} a > j; f >{n > 1} b > j; f >{n > 2} c > j; j > d > e", f=inclusive(), j=inclusive())
    play = given(model).start(n=2)
    assert play.waits == ["a", "b"]
    assert play.complete("a").waits == ["b"]
    assert play.complete("b").waits == ["d"]


def test_an_inclusive_fork_takes_its_default_only_if_nothing_else_holds() -> None:
    model = diagram("s > f >{n > 0} a > e; f >* b > e", f=inclusive())
    assert given(model).start(n=1).waits == ["a"]
    assert given(model).start(n=0).waits == ["b"]


def test_an_inclusive_fork_without_a_flow_fails() -> None:
    with pytest.raises(ProcessionError, match="No outgoing sequence flow"):
        given(diagram("s > f >{n > 0} a > e; f >{n > 1} b > e", f=inclusive())).start(n=0)


def test_an_inclusive_join_waits_for_a_token_that_is_far_away_but_can_come() -> None:
    model = diagram("s > f > a > j; f > b > c > d > j; j > g > e", f=parallel(), j=inclusive())
    play = given(model).start().complete("a")
    assert play.waits == ["b"]
    assert play.complete("b").complete("c").waits == ["d"]
    assert play.complete("d").waits == ["g"]


def test_an_inclusive_join_does_not_wait_for_a_token_that_cannot_come() -> None:
    model = diagram("s > f > a > j; f > b > e2; f >{false} c > j; j > g > e", f=inclusive(), j=inclusive())
    assert given(model).start().complete("a").waits == ["b", "g"]


def test_an_inclusive_join_does_not_wait_for_what_a_boundary_event_may_begin() -> None:
    model = diagram(
        "s > p > e; ping > f >{n > 0} a > j; f >* b > j; j > c > e2",
        p=external(),
        ping=boundary("p", message("M"), stays=True),
        f=inclusive(),
        j=inclusive(),
    )
    play = given(model).start(n=1).send("M").complete("a")
    assert sorted(play.waits) == ["c", "p", "ping"]


def test_an_inclusive_join_looks_only_when_a_token_arrives() -> None:
    model = diagram(
        "s > f > a > j; f > b > x >{back} j; x >* e2; j > g > e", f=parallel(), x=exclusive(), j=inclusive()
    )
    play = given(model).start(back=False).complete("a")
    assert play.waits == ["b"]
    play.complete("b")
    assert play.waits == []  # the token at the join waits for ever, as in Camunda 7
    assert not play.ended


# ---------------------------------------------------------------- event-based


def test_the_first_event_wins_and_the_others_are_gone() -> None:
    model = diagram(
        "s > g > m > a > e; g > t > b > e; g > o > c > e",
        g=race(), m=catch(message("M")), t=catch(timer("PT1H")), o=catch(message("O")),
    )  # fmt: skip
    assert given(model).start().waits == ["m", "o", "t"]
    assert given(model).start().send("M").waits == ["a"]
    assert given(model).start().run("t").waits == ["b"]
    assert given(model).start().send("O", n=1).variables == {"n": 1}
    assert given(model).start().send("O").path == ["c?", "g!", "o", "s"]


def test_an_event_that_came_is_refused_the_second_time() -> None:
    model = diagram("s > g > m > a > e; g > o > c > e", g=race(), m=catch(message("M")), o=catch(message("O")))
    play = given(model).start().send("M")
    with pytest.raises(ProcessionError):
        play.send("O")


# ---------------------------------------------------------------- together


def test_a_wide_fork_runs_its_branches_in_the_order_of_the_flows() -> None:
    model = diagram(
        "s > f > a > j; f > b > j; f > c > j; j > t > e",
        f=parallel(), j=parallel(),
        a=setter("log", "log.concat('a')"), b=setter("log", "log.concat('b')"), c=setter("log", "log.concat('c')"),
    )  # fmt: skip
    assert given(model).start(log="").variables == {"log": "abc"}


def test_two_tokens_at_one_worker_node_are_two_external_tasks() -> None:
    play = given(diagram("s > p > x > a > e; p > x", p=parallel(), x=exclusive(), a=external())).start()
    assert play.waits == ["a", "a"]
    assert play.work("a").waits == ["a"]
    assert play.work("a").ended
