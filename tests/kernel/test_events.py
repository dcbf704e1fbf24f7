"""Timers, messages, errors and terminate ends: caught in the flow, at boundaries, thrown at ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from procession.errors import ProcessionError
from procession.kernel.commands import SignalElement
from tests.kernel.diagram import (
    boundary,
    catch,
    diagram,
    el,
    end,
    error,
    exclusive,
    external,
    message,
    on,
    parallel,
    receive,
    sub,
    terminate,
    throw,
    timer,
)
from tests.kernel.harness import NOW, given, on_kernel

# ---------------------------------------------------------------- in the flow


def test_an_intermediate_timer_waits_as_a_job() -> None:
    play = given(diagram("s > t > a > e", t=catch(timer("PT1H")))).start()
    assert play.waits == ["t"]
    assert play.run("t").waits == ["a"]
    assert play.path == ["a?", "s", "t"]


def test_an_intermediate_message_brings_variables_to_the_instance() -> None:
    play = given(diagram("s > m > a > e", m=catch(message("M")))).start(n=1).send("M", n=2, k="v")
    assert (play.waits, play.variables) == (["a"], {"n": 2, "k": "v"})


def test_a_message_name_may_be_an_expression() -> None:
    model = diagram("s > m > e", m=catch(message("M-${execution.processBusinessKey}")))
    assert given(model).start("7").send("M-7").ended


def test_a_throw_event_without_a_definition_and_a_plain_task_pass() -> None:
    play = given(diagram("s > t > k > m > e", t=throw(), k=el("task"), m=el("manualTask"))).start()
    assert play.ended
    assert play.path == ["e", "k", "m", "s", "t"]


def test_a_message_end_event_does_its_work() -> None:
    model = diagram("s > e", e=end(message("M", expression="${execution.setVariable('sent', true)}")))
    assert given(model).start().variables == {"sent": True}


def test_a_message_throw_event_may_be_external_work() -> None:
    play = given(diagram("s > t > e", t=throw(message("M", type="external", topic="send")))).start()
    assert play.waits == ["t"]
    assert play.work("t").ended


def test_a_message_end_event_may_be_external_work() -> None:
    play = given(diagram("s > e", e=end(message("M", type="external", topic="send")))).start()
    assert play.waits == ["e"]
    assert play.work("e").ended


def test_a_receive_task_waits_for_its_message() -> None:
    play = given(diagram("s > r > e", r=receive(message="M"))).start()
    assert play.waits == ["r"]
    assert play.send("M").ended


def test_a_receive_task_without_a_message_waits_for_a_signal() -> None:
    play = given(diagram("s > r > a > e", r=receive())).start()
    assert play.waits == ["r"]
    assert play.signal("r", n=1).waits == ["a"]
    assert play.variables == {"n": 1}


def test_what_waits_for_something_else_goes_on_by_a_signal_too() -> None:
    play = given(diagram("s > m > t > x > a > e", m=catch(message("M")), t=catch(timer("PT1H")), x=external())).start()
    assert [play.signal(node).waits for node in "mtx"] == [["t"], ["x"], ["a"]]


@pytest.mark.parametrize(("root", "said"), [(False, "doesn't accept signals"), (True, "no current activity")])
def test_an_event_gateway_takes_no_signal(root: bool, said: str) -> None:
    play = on_kernel(diagram("s > g > m > e", g=el("eventBasedGateway"), m=catch(message("M")))).start()
    with pytest.raises(ProcessionError, match=said):
        play.when(SignalElement(play.instance if root else play.element("g").key))


def test_the_instance_stands_at_a_task_that_is_alone_in_it() -> None:
    play = on_kernel(diagram("s > r > a > e", r=receive())).start()
    play.when(SignalElement(play.instance))
    assert play.waits == ["a"]


# ---------------------------------------------------------------- boundaries: timers and messages


def test_an_interrupting_timer_ends_its_task() -> None:
    model = diagram("s > a > e; late > b > e2", late=boundary("a", timer("PT1H")))
    play = given(model).start()
    assert play.waits == ["a", "late"]
    assert play.run("late").waits == ["b"]
    assert play.path == ["a!", "b?", "late", "s"]


def test_the_timer_goes_when_the_task_is_done() -> None:
    play = given(diagram("s > a > b > e; late > e2", late=boundary("a", timer("PT1H")))).start().complete("a")
    assert play.waits == ["b"]


def test_a_timer_that_does_not_interrupt_puts_a_token_beside() -> None:
    model = diagram("s > a > e; late > b > e2", late=boundary("a", timer("PT1H"), stays=True))
    play = given(model).start().run("late")
    assert play.waits == ["a", "b"]
    assert not play.complete("a").ended
    assert play.complete("b").ended
    assert play.path == ["a", "b", "e", "e2", "late", "s"]


def test_a_cycle_repeats_as_often_as_it_says() -> None:
    model = diagram("s > a > e; late > b > e2", late=boundary("a", timer("R2/PT1H", "Cycle"), stays=True))
    play = on_kernel(model).start()
    for turn in (1, 2):
        job = play.job("late")
        assert job.due == NOW + timedelta(hours=turn)
        play.world.now = job.due
        play.run("late")
        assert play.waits.count("b") == turn
    assert "late" not in play.waits


def test_a_cycle_on_an_interrupting_timer_runs_once() -> None:
    model = diagram("s > a > e; late > b > e2", late=boundary("a", timer("R3/PT1H", "Cycle")))
    assert given(model).start().run("late").waits == ["b"]


def test_an_interrupting_message_ends_its_task() -> None:
    model = diagram("s > a > e; m > b > e2", m=boundary("a", message("M")))
    play = given(model).start().send("M", n=1)
    assert (play.waits, play.variables) == (["b"], {"n": 1})


def test_a_message_that_does_not_interrupt_may_come_again() -> None:
    model = diagram("s > a > e; m > b > e2", m=boundary("a", message("M"), stays=True))
    play = given(model).start().send("M").send("M")
    assert play.waits == ["a", "b", "b", "m"]
    assert play.complete("a").waits == ["b", "b"]


def test_a_boundary_of_a_sub_process_ends_all_inside() -> None:
    model = diagram(
        "s > p > e; late > c > e2",
        p=sub("s1 > f > a > e1; f > b > e1", nodes={"f": parallel()}), late=boundary("p", timer("PT1H")),
    )  # fmt: skip
    play = given(model).start()
    assert play.waits == ["a", "b", "late"]
    assert play.run("late").waits == ["c"]
    assert play.path == ["a!", "b!", "c?", "f", "late", "p!", "s", "s1"]


def test_what_did_not_interrupt_lives_on_beside_the_sub_process() -> None:
    model = diagram("s > p > e; m > c > e2", p=sub("s1 > a > e1"), m=boundary("p", message("M"), stays=True))
    play = given(model).start().send("M").complete("a")
    assert play.waits == ["c"]
    assert play.complete("c").ended


def test_a_boundary_event_that_is_due_while_its_timer_expression_fails() -> None:
    with pytest.raises(ProcessionError):
        given(diagram("s > a > e; late > e2", late=boundary("a", timer("${missing}")))).start()


# ---------------------------------------------------------------- errors


def test_a_worker_error_goes_to_its_boundary() -> None:
    model = diagram("s > a > e; x > b > e2", a=external(), x=boundary("a", error("E1")))
    play = given(model).start().throw("a", "E1", n=1)
    assert (play.waits, play.variables) == (["b"], {"n": 1})
    assert play.path == ["a!", "b?", "s", "x"]


def test_code_and_message_go_to_variables() -> None:
    model = diagram("s > a > e; x > b > e2", a=external(), x=boundary("a", error("E1", code_in="c", message_in="m")))
    assert given(model).start().throw("a", "E1", "why").variables == {"c": "E1", "m": "why"}


def test_a_catch_all_is_the_second_choice() -> None:
    model = diagram(
        "s > a > e; y > c > e3; x > b > e2", a=external(), y=boundary("a", error()), x=boundary("a", error("E1"))
    )
    assert given(model).start().throw("a", "E1").waits == ["b"]
    assert given(model).start().throw("a", "other").waits == ["c"]


def test_another_code_is_not_caught_and_ends_the_path() -> None:
    model = diagram("s > a > b > e; x > c > e2", a=external(), x=boundary("a", error("E1")))
    play = given(model).start().throw("a", "E2")
    assert play.ended
    assert play.states == ["COMPLETED"]


def test_an_error_at_a_user_task() -> None:
    model = diagram("s > a > e; x > b > e2", x=boundary("a", error("E1")))
    assert given(model).start().throw("a", "E1").waits == ["b"]


def test_an_error_end_goes_outwards_to_the_nearest_catcher() -> None:
    inner = sub("s2 > b > e2", nodes={"e2": end(error("E1"))})
    model = diagram(
        "s > p > e; x > c > e3",
        p=sub("s1 > q > e1; y > d > e4", nodes={"q": inner, "y": boundary("q", error("E2"))}),
        x=boundary("p", error("E1")),
    )  # fmt: skip
    play = given(model).start().complete("b")
    assert play.waits == ["c"]
    assert "q!" in play.path
    assert "p!" in play.path


def test_the_inner_catcher_wins() -> None:
    model = diagram(
        "s > p > e; x > c > e3",
        p=sub(
            "s1 > q > e1; y > d > e4",
            nodes={"q": sub("s2 > b > e2", nodes={"e2": end(error("E1"))}), "y": boundary("q", error("E1"))},
        ),
        x=boundary("p", error("E1")),
    )
    assert given(model).start().complete("b").waits == ["d"]


def test_an_uncaught_error_end_ends_its_path_alone() -> None:
    model = diagram("s > f > a > e; f > b > e2", f=parallel(), e=end(error("E1")))
    play = given(model).start().complete("a")
    assert play.waits == ["b"]
    assert play.complete("b").ended


def test_an_error_cancels_what_runs_beside_it_in_the_scope() -> None:
    model = diagram(
        "s > p > e; x > c > e3",
        p=sub("s1 > f > a > e1; f > b > e2", nodes={"f": parallel(), "e1": end(error("E1"))}),
        x=boundary("p", error("E1")),
    )  # fmt: skip
    assert given(model).start().complete("a").waits == ["c"]


# ---------------------------------------------------------------- terminate


def test_terminate_ends_the_process_with_all_that_runs_beside() -> None:
    play = given(diagram("s > f > a > e; f > b > e2", f=parallel(), e=end(terminate()))).start().complete("a")
    assert play.ended
    assert play.path == ["a", "b!", "e", "f", "s"]
    assert play.states == ["COMPLETED"]


def test_terminate_ends_its_own_scope_alone() -> None:
    model = diagram(
        "s > f > p > c > e; f > d > e3",
        f=parallel(), p=sub("s1 > g > a > e1; g > b > e2", nodes={"g": parallel(), "e1": end(terminate())}),
    )  # fmt: skip
    play = given(model).start().complete("a")
    assert play.waits == ["c", "d"]
    assert "b!" in play.path
    assert "p" in play.path


def test_terminate_ends_jobs_and_messages_too() -> None:
    model = diagram(
        "s > f > a > e; f > t > e2; f > m > e3; f > r > e4",
        f=parallel(), e=end(terminate()), t=catch(timer("PT1H")), m=catch(message("M")), r=receive(message="R"),
    )  # fmt: skip
    play = given(model).start()
    assert play.waits == ["a", "m", "r", "t"]
    assert play.complete("a").empty


# ---------------------------------------------------------------- order of things


def test_the_end_listener_of_an_interrupted_task_runs_before_the_boundary_goes_on() -> None:
    model = diagram(
        "s > x > a > e; m > b > e2",
        x=exclusive(), m=boundary("a", message("M"), on("start", "${execution.setVariable('log', log.concat('m'))}")),
        a=el("userTask", on("end", "${execution.setVariable('log', log.concat('a'))}")),
    )  # fmt: skip
    assert given(model).start(log="").send("M").variables == {"log": "am"}
