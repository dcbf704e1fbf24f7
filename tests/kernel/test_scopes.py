"""Sub-processes, call activities, and the ends of instances."""

from __future__ import annotations

from tests.kernel.diagram import (
    boundary,
    call,
    call_expression,
    copy,
    diagram,
    end,
    error,
    external,
    message,
    out,
    parallel,
    put,
    setter,
    sub,
    timer,
)
from tests.kernel.harness import given, on_kernel

# ---------------------------------------------------------------- embedded


def test_a_sub_process_ends_when_nothing_is_left_inside() -> None:
    model = diagram("s > p > c > e", p=sub("s1 > f > a > e1; f > b > e2", nodes={"f": parallel()}))
    play = given(model).start().complete("a")
    assert play.waits == ["b"]
    assert play.complete("b").waits == ["c"]
    assert play.path == ["a", "b", "c?", "e1", "e2", "f", "p", "s", "s1"]


def test_a_sub_process_goes_on_once_however_many_tokens_ended_inside() -> None:
    model = diagram("s > p > c > e", p=sub("s1 > a > e1; s1 > b > e1; s1 > d > e1"))
    play = given(model).start().complete("a").complete("b").complete("d")
    assert play.waits == ["c"]


def test_variables_of_a_sub_process_go_with_it() -> None:
    model = diagram("s > p > e", p=sub("s1 > a > e1", *put(k="1")))
    play = on_kernel(model).start()
    assert play.variables == {"p.k": "1"}
    assert play.complete("a").empty


def test_setting_reaches_the_innermost_scope_that_has_the_variable() -> None:
    inner = sub("s1 > a > e1", *put(k="in"), nodes={"a": setter("k", "'new'")})
    play = given(diagram("s > p > c > e", p=inner)).start(k="out")
    assert play.variables == {"k": "out", "p.k": "new"}


def test_setting_a_new_variable_reaches_the_process() -> None:
    inner = sub("s1 > a > e1", nodes={"a": setter("k", "'new'")})
    assert given(diagram("s > p > c > e", p=inner)).start().variables == {"k": "new"}


def test_local_setting_stays_local() -> None:
    model = diagram("s > a > b > e", a=call_expression("${execution.setVariableLocal('k', 1)}", *put(x="0")))
    assert given(model).start().variables == {"a.x": "0", "a.k": 1}


def test_a_token_in_a_nested_sub_process_keeps_all_around_alive() -> None:
    model = diagram("s > p > e", p=sub("s1 > q > e1", nodes={"q": sub("s2 > a > e2")}))
    play = given(model).start()
    assert play.path == ["a?", "p?", "q?", "s", "s1", "s2"]
    assert play.complete("a").path == ["a", "e", "e1", "e2", "p", "q", "s", "s1", "s2"]


# ---------------------------------------------------------------- calls

CALLED = diagram("s > a > e", "other")


def test_a_call_waits_for_the_called_instance() -> None:
    play = given(diagram("s > c > b > e", c=call("other")), CALLED).start()
    assert play.waits == ["a"]
    assert play.complete("a").waits == ["b"]
    assert play.complete("b").ended
    assert play.states == ["COMPLETED", "COMPLETED"]


def test_a_call_gives_nothing_that_it_does_not_name() -> None:
    play = given(diagram("s > c > e", c=call("other")), CALLED).start(n=1)
    assert play.variables == {"n": 1}


def test_copies_in_and_out() -> None:
    model = diagram(
        "s > c > b > e",
        c=call(
            "other",
            copy("in", source="n", target="m"), copy("in", source_expression="${n + 1}", target="k"),
            copy("out", source="r", target="result"), copy("out", source_expression="${r + k}", target="sum"),
        ),
    )  # fmt: skip
    play = on_kernel(model, CALLED).start(n=1)
    assert play.variables == {"n": 1, "m": 1, "k": 2}
    play.complete("a", r=10)
    assert {name: play.variables[name] for name in ("result", "sum")} == {"result": 10, "sum": 12}


def test_all_variables_in_and_out() -> None:
    model = diagram("s > c > b > e", c=call("other", copy("in", variables="all"), copy("out", variables="all")))
    play = given(model, CALLED).start(n=1).complete("a", r=2, n=3)
    assert play.variables == {"n": 3, "r": 2}


def test_a_business_key_is_handed_over_when_asked_for() -> None:
    called = diagram("s > a > b > e", "other", a=setter("key", "execution.processBusinessKey"))
    for pieces, expected in (
        ((copy("in", business_key="#{execution.processBusinessKey}"),), "K"),
        ((), None),
    ):
        play = given(diagram("s > c > e", c=call("other", *pieces)), called).start("K")
        assert play.variables == {"key": expected}


def test_cancelling_the_call_cancels_the_called() -> None:
    model = diagram("s > c > e; late > d > e2", c=call("other"), late=boundary("c", timer("PT1H")))
    play = given(model, CALLED).start().run("late")
    assert play.waits == ["d"]
    assert play.path == ["a!", "c!", "d?", "late", "s", "s"]


def test_an_error_leaves_the_called_instance() -> None:
    model = diagram("s > c > e; x > d > e2", c=call("other"), x=boundary("c", error("E1")))
    called = diagram("s > a > e", "other", e=end(error("E1")))
    play = given(model, called).start().complete("a")
    assert play.waits == ["d"]
    assert play.path == ["a", "c!", "d?", "e!", "s", "s", "x"]


def test_an_error_that_the_caller_does_not_catch_ends_only_the_path_inside() -> None:
    model = diagram("s > c > d > e; x > b > e2", c=call("other"), x=boundary("c", error("E2")))
    called = diagram("s > a > e", "other", e=end(error("E1")))
    assert given(model, called).start().complete("a").waits == ["d"]


def test_a_worker_error_through_two_calls() -> None:
    model = diagram("s > c > e; x > d > e2", c=call("middle"), x=boundary("c", error("E1")))
    middle = diagram("s > c2 > e", "middle", c2=call("other"))
    called = diagram("s > a > e", "other", a=external())
    play = given(model, middle, called).start().throw("a", "E1", n=1)
    assert play.waits == ["d"]
    assert play.states == ["INTERNALLY_TERMINATED", "INTERNALLY_TERMINATED"]


def test_cancelling_the_root_cancels_all_it_called() -> None:
    play = given(diagram("s > c > e", c=call("other")), CALLED).start().cancel()
    assert play.ended
    assert play.waits == []


def test_an_output_of_a_call_sees_what_came_back() -> None:
    model = diagram("s > c > b > e", c=call("other", *out(twice="${r * 2}"), copy("out", source="r", target="r")))
    play = on_kernel(model, CALLED).start().complete("a", r=4)
    assert play.variables["twice"] == 8


# ---------------------------------------------------------------- ends of instances


def test_cancelling_leaves_no_row() -> None:
    model = diagram("s > f > a > e; f > b > e2; m > e3", f=parallel(), b=external(), m=boundary("a", message("M")))
    play = given(model).start(n=1).cancel()
    assert play.empty
    assert play.states == ["EXTERNALLY_TERMINATED"]
    assert play.path == ["a!", "b!", "f", "s"]


def test_an_instance_without_a_wait_state_is_over_at_once() -> None:
    play = given(diagram("s > e")).start(n=1)
    assert play.empty
    assert play.variables == {"n": 1}
