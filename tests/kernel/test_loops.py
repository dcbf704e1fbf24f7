"""Multi-instance activities."""

from __future__ import annotations

import pytest

from procession.errors import ProcessionError
from procession.kernel.records import External
from tests.kernel.diagram import (
    boundary,
    call_expression,
    diagram,
    el,
    error,
    external,
    loop,
    message,
    on,
    put,
    setter,
    sub,
    timer,
    user,
)
from tests.kernel.harness import given, on_kernel

LOG = "${execution.setVariable('log', log.concat(x))}"


def test_all_turns_at_once() -> None:
    play = given(diagram("s > a > b > e", a=user(loop(times="3")))).start()
    assert play.waits == ["a", "a", "a"]
    assert play.path == ["a#multiInstanceBody?", "a?", "a?", "a?", "s"]
    play.complete("a").complete("a")
    assert play.waits == ["a"]
    assert play.complete("a").waits == ["b"]
    assert play.path == ["a", "a", "a", "a#multiInstanceBody", "b?", "s"]


def test_one_turn_after_the_other() -> None:
    play = given(diagram("s > a > b > e", a=user(loop(times="${n}", one_by_one=True)))).start(n=2)
    assert play.waits == ["a"]
    assert play.complete("a").waits == ["a"]
    assert play.complete("a").waits == ["b"]


def test_the_loop_s_own_variables_of_a_parallel_loop() -> None:
    play = given(diagram("s > a > b > e", a=user(loop(times="2")))).start().complete("a")
    body = "a#multiInstanceBody."
    seen = {name.removeprefix(body): value for name, value in play.variables.items() if name.startswith(f"{body}nr")}
    assert seen == {"nrOfInstances": 2, "nrOfActiveInstances": 1, "nrOfCompletedInstances": 1}


def test_the_loop_s_own_variables_of_a_sequential_loop() -> None:
    play = given(diagram("s > a > b > e", a=user(loop(times="3", one_by_one=True)))).start().complete("a")
    body = "a#multiInstanceBody."
    seen = {name.removeprefix(body): value for name, value in play.variables.items() if name.startswith(body)}
    assert seen == {"nrOfInstances": 3, "nrOfActiveInstances": 1, "nrOfCompletedInstances": 1, "loopCounter": 1}


@pytest.mark.parametrize("one_by_one", [False, True])
def test_items_in_order(one_by_one: bool) -> None:
    model = diagram("s > a > b > e", a=call_expression(LOG, loop(over="items", each="x", one_by_one=one_by_one)))
    assert given(model).start(items=["1", "2", "3"], log="").variables["log"] == "123"


def test_a_collection_by_expression() -> None:
    model = diagram("s > a > b > e", a=call_expression(LOG, loop(over="${items}", each="x")))
    assert given(model).start(items=["1", "2"], log="").variables["log"] == "12"


@pytest.mark.parametrize("one_by_one", [False, True])
def test_an_empty_collection_passes(one_by_one: bool) -> None:
    play = given(diagram("s > a > b > e", a=user(loop(over="items", each="x", one_by_one=one_by_one)))).start(items=[])
    assert play.waits == ["b"]
    assert play.path == ["a#multiInstanceBody", "b?", "s"]


def test_no_turns_by_number() -> None:
    assert given(diagram("s > a > b > e", a=user(loop(times="0")))).start().waits == ["b"]


def test_a_condition_ends_the_loop_and_cancels_the_rest() -> None:
    play = given(diagram("s > a > b > e", a=user(loop(times="3", until="${ok}")))).start(ok=False)
    play.complete("a")
    assert play.waits == ["a", "a"]
    assert play.complete("a", ok=True).waits == ["b"]
    assert play.path == ["a", "a", "a!", "a#multiInstanceBody", "b?", "s"]


def test_a_condition_sees_the_counts() -> None:
    model = diagram("s > a > b > e", a=user(loop(times="5", until="${nrOfCompletedInstances / nrOfInstances >= 0.4}")))
    assert given(model).start().complete("a").complete("a").waits == ["b"]


def test_a_condition_ends_a_sequential_loop() -> None:
    model = diagram("s > a > b > e", a=user(loop(times="5", until="${loopCounter == 1}", one_by_one=True)))
    assert given(model).start().complete("a").complete("a").waits == ["b"]


def test_no_collection_fails() -> None:
    with pytest.raises(ProcessionError):
        given(diagram("s > a > b > e", a=user(loop(over="items", each="x")))).start(items=1)
    with pytest.raises(ProcessionError):
        given(diagram("s > a > b > e", a=user(loop(over="items", each="x")))).start()


def test_a_negative_number_fails() -> None:
    with pytest.raises(ProcessionError, match="must be positive integer value or zero"):
        given(diagram("s > a > b > e", a=user(loop(times="${n}")))).start(n=-1)


@pytest.mark.parametrize("one_by_one", [False, True])
def test_boundaries_belong_to_the_whole_loop(one_by_one: bool) -> None:
    model = diagram(
        "s > a > b > e; late > c > e2",
        a=user(loop(times="3", one_by_one=one_by_one)), late=boundary("a", timer("PT1H")),
    )  # fmt: skip
    play = given(model).start().complete("a")
    assert play.waits.count("late") == 1
    assert play.run("late").waits == ["c"]
    assert "a#multiInstanceBody!" in play.path


def test_a_boundary_that_does_not_interrupt_a_loop() -> None:
    model = diagram("s > a > b > e; m > c > e2", a=user(loop(times="2")), m=boundary("a", message("M"), stays=True))
    play = given(model).start().send("M").complete("a")
    assert play.waits == ["a", "c", "m"]


def test_an_error_in_one_turn_ends_the_loop() -> None:
    model = diagram("s > a > b > e; x > c > e2", a=external(loop(times="3")), x=boundary("a", error("E")))
    play = given(model).start().throw("a", "E")
    assert play.waits == ["c"]
    assert play.path == ["a!", "a!", "a!", "a#multiInstanceBody!", "c?", "s", "x"]


def test_a_loop_of_sub_processes() -> None:
    model = diagram("s > p > b > e", p=sub("s1 > a > e1", loop(over="items", each="x")))
    play = given(model).start(items=["1", "2"])
    assert play.waits == ["a", "a"]
    assert play.complete("a").complete("a").waits == ["b"]
    assert play.path == ["a", "a", "b?", "e1", "e1", "p", "p", "p#multiInstanceBody", "s", "s1", "s1"]


def test_what_a_turn_sets_goes_to_the_process() -> None:
    model = diagram("s > a > b > e", a=setter("sum", "sum + x", loop(over="items", each="x")))
    assert given(model).start(items=[1, 2, 3], sum=0).variables["sum"] == 6


def test_inputs_are_evaluated_in_every_turn() -> None:
    model = diagram(
        "s > a > b > e", a=external(*put(y="${x}${loopCounter}"), loop(over="items", each="x"), topic="${y}")
    )
    play = on_kernel(model).start(items=["a", "b"])
    assert [x.topic for x in play.store.all(External)] == ["a0", "b1"]


def test_listeners_of_each_turn() -> None:
    model = diagram(
        "s > a > b > e",
        a=el(
            "userTask",
            on("start", "${execution.setVariable('log', log.concat('<'))}"),
            on("end", "${execution.setVariable('log', log.concat('>'))}"),
            loop(times="2", one_by_one=True),
        ),
    )
    play = given(model).start(log="").complete("a").complete("a")
    assert play.variables["log"] == "<><>"


def test_async_before_a_loop_and_before_its_turns() -> None:
    play = given(diagram("s > a > b > e", a=user(loop(times="2"), async_before=True))).start()
    assert play.waits == ["a#multiInstanceBody"]
    assert play.run("a#multiInstanceBody").waits == ["a", "a"]
    play = given(diagram("s > a > b > e", a=user(loop(times="2", asyncBefore="true")))).start()
    assert play.waits == ["a", "a"]
    play.run("a").run("a").complete("a").complete("a")
    assert play.waits == ["b"]


def test_async_after_each_turn() -> None:
    play = given(diagram("s > a > b > e", a=user(loop(times="2", asyncAfter="true", one_by_one=True)))).start()
    play.complete("a")
    assert play.waits == ["a"]
    play.run("a").complete("a").run("a")
    assert play.waits == ["b"]
