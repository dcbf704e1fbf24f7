"""Execution and task listeners: when they run, in what order, and what they see."""

from __future__ import annotations

import pytest

from procession.errors import ProcessionError
from procession.kernel import commands as c
from tests.kernel.diagram import (
    Diagram,
    Element,
    Piece,
    boundary,
    call_expression,
    diagram,
    exclusive,
    message,
    on,
    on_task,
    out,
    parallel,
    put,
    start,
    sub,
    timer,
    user,
)
from tests.kernel.harness import KernelPlay, given, on_kernel


def log(text: str) -> str:
    return "${execution.setVariable('log', log.concat('" + text + " '))}"


def noted(text: str) -> str:
    """For task listeners, which may see the task."""
    return "${task.execution.setVariable('log', log.concat('" + text + " '))}"


def logged(play: object) -> list[str]:
    return str(play.variables["log"]).split()  # type: ignore[attr-defined]


def listening(name: str) -> tuple[Piece, Piece]:
    return on("start", log(f"+{name}")), on("end", log(f"-{name}"))


# ---------------------------------------------------------------- execution listeners


def test_start_and_end_of_everything_in_order() -> None:
    model = diagram(
        "s > p > e", "main", *listening("main"),
        p=sub("s1 > a > e1", *listening("p"), nodes={"a": user(*listening("a"))}),
    )  # fmt: skip
    assert logged(given(model).start(log="")) == ["+main", "+p", "+a"]
    assert logged(given(model).start(log="").complete("a")) == ["+main", "+p", "+a", "-a", "-p", "-main"]


def test_several_listeners_run_in_the_order_of_the_model() -> None:
    model = diagram(
        "s > a > b > e", a=user(on("start", log("1")), on("start", log("2")), on("end", log("3")), on("end", log("4")))
    )
    assert logged(given(model).start(log="").complete("a")) == ["1", "2", "3", "4"]


def test_inputs_come_before_start_and_outputs_after_end() -> None:
    model = diagram(
        "s > a > b > e",
        a=user(*put(x="1"), *out(r="${y}"), on("start", log("${x}")), on("end", "${execution.setVariable('y', 2)}")),
    )  # fmt: skip
    play = given(model).start(log="", x=0).complete("a")
    assert play.variables["r"] == 2


def test_a_listener_on_a_flow() -> None:
    model = _with_take(diagram("s > x >{n > 1} a > e; x >* b > e", x=exclusive()), "x_a", log("taken"))
    assert logged(given(model).start(n=2, log="")) == ["taken"]
    assert logged(given(model).start(n=1, log="")) == []


def test_cancelling_runs_the_end_listeners_of_what_runs_innermost_first() -> None:
    model = diagram(
        "s > p > e",
        "main",
        *listening("main"),
        p=sub("s1 > a > e1", *listening("p"), nodes={"a": user(*listening("a"))}),
    )
    assert logged(given(model).start(log="").cancel()) == ["+main", "+p", "+a", "-a", "-p", "-main"]


def test_cancelling_may_skip_listeners() -> None:
    play = on_kernel(diagram("s > a > e", a=user(*listening("a")))).start(log="")
    play.when(c.CancelInstance(play.instance, skip_listeners=True))
    assert logged(play) == ["+a"]


def test_what_did_not_begin_has_no_end() -> None:
    model = diagram("s > a > e", a=user(*listening("a"), async_before=True))
    assert logged(given(model).start(log="").cancel()) == []


def test_what_has_ended_does_not_end_again() -> None:
    model = diagram("s > a > b > e", a=user(*listening("a"), async_after=True))
    assert logged(given(model).start(log="").complete("a").cancel()) == ["+a", "-a"]


def test_an_interrupted_activity_ends_before_its_boundary_starts() -> None:
    model = diagram("s > a > e; m > b > e2", a=user(*listening("a")), m=boundary("a", message("M"), *listening("m")))
    assert logged(given(model).start(log="").send("M")) == ["+a", "-a", "+m", "-m"]


def test_gateways_have_listeners() -> None:
    model = diagram("s > f > a > j; f > b > j; j > d > e", f=parallel(*listening("f")), j=parallel(*listening("j")))
    assert logged(given(model).start(log="")) == ["+f", "-f"]
    assert logged(given(model).start(log="").complete("a").complete("b")) == ["+f", "-f", "+j", "+j", "-j", "-j"]


def test_a_failing_listener_fails_the_command() -> None:
    play = given(diagram("s > t > a > e", a=user(on("start", "${missing}")))).start()
    with pytest.raises(ProcessionError):
        play.complete("t")
    assert play.waits == ["t"]


def test_conditions_are_evaluated_before_end_listeners() -> None:
    model = diagram("s > a >{n > 1} b > e; a >* d > e", a=user(on("end", "${execution.setVariable('n', 5)}")))
    assert given(model).start(n=0).complete("a").waits == ["d"]


def test_gateway_conditions_are_evaluated_before_end_listeners() -> None:
    model = diagram("s > x >{n > 1} b > e; x >* d > e", x=exclusive(on("end", "${execution.setVariable('n', 5)}")))
    assert given(model).start(n=0).waits == ["d"]


# ---------------------------------------------------------------- task listeners


def test_create_comes_before_assignment() -> None:
    model = diagram(
        "s > a > b > e",
        a=user(on_task("assignment", noted("assign")), on_task("create", noted("create")), assignee="mary"),
    )
    assert logged(given(model).start(log="")) == ["create", "assign"]


def test_start_listeners_come_before_the_task_is_created() -> None:
    model = diagram(
        "s > a > b > e",
        a=user(on_task("create", noted("create")), *listening("a"), on_task("complete", noted("complete"))),
    )
    assert logged(given(model).start(log="").complete("a")) == ["+a", "create", "complete", "-a"]


def test_a_cancelled_task_runs_its_delete_listeners() -> None:
    model = diagram("s > a > b > e; m > e2", a=user(on_task("delete", noted("delete"))), m=boundary("a", message("M")))
    assert logged(given(model).start(log="").send("M")) == ["delete"]


def test_delete_listeners_of_a_cancelled_instance() -> None:
    model = diagram("s > a > b > e", a=user(on_task("delete", noted("delete")), *listening("a")))
    assert sorted(logged(given(model).start(log="").cancel())) == ["+a", "-a", "delete"]


def gone(name: str, *pieces: Piece) -> Element:
    """A user task that tells of its end and of its task's deletion."""
    return user(on("end", log(f"-{name}")), on_task("delete", noted(f"!{name}")), *pieces)


def test_all_tasks_of_a_cancelled_instance_hear_of_it_before_the_first_activity_ends() -> None:
    model = diagram(
        "s > x > a; x > p; x > d", "main", on("end", log("-main")), x=parallel(), a=gone("a"), d=gone("d"),
        p=sub("s1 > y > b; y > c", on("end", log("-p")), nodes={"y": parallel(), "b": gone("b"), "c": gone("c")}),
    )  # fmt: skip
    play = given(model).start(log="").cancel()
    assert logged(play) == ["!a", "!b", "!c", "!d", "-a", "-b", "-c", "-p", "-d", "-main"]


def test_a_task_that_a_boundary_event_interrupts_hears_of_it_after_its_activity() -> None:
    model = diagram("s > a > e; m > e2", a=gone("a"), m=boundary("a", message("M"), on("start", log("+m"))))
    assert logged(given(model).start(log="").send("M")) == ["-a", "!a", "+m"]


INTERRUPTS = sub("i > z", nodes={"i": start(message("M")), "z": user()}, triggeredByEvent=True)


@pytest.mark.parametrize(
    ("paths", "nodes", "order"),
    [
        ("s > a > e", {"a": gone("a")}, ["!a", "-a"]),
        ("s > a > e; m > e2", {"a": gone("a"), "m": boundary("a", timer("PT1H"))}, ["-a", "!a"]),
        ("s > a > e", {"a": gone("a", *put(q="1"))}, ["-a", "!a"]),
        ("s > x > a; x > b", {"x": parallel(), "a": gone("a"), "b": gone("b")}, ["-a", "!a", "-b", "!b"]),
        ("s > p > e", {"p": sub("s1 > a", nodes={"a": gone("a")})}, ["-a", "!a"]),
    ],
)
def test_a_task_alone_hears_of_an_event_sub_process_before_its_activity(
    paths: str, nodes: dict[str, Element], order: list[str]
) -> None:
    assert logged(given(diagram(paths, v=INTERRUPTS, **nodes)).start(log="").send("M")) == order


@pytest.mark.parametrize(
    ("paths", "nodes", "cancelled", "order"),
    [
        ("s > a > e", {"a": gone("a")}, ["a"], ["!a", "-a"]),
        ("s > a > e; m > e2", {"a": gone("a"), "m": boundary("a", timer("PT1H"))}, ["a"], ["-a", "!a"]),
        ("s > a > e", {"a": gone("a", *put(q="1"))}, ["a"], ["-a", "!a"]),
        ("s > x > a; x > b", {"x": parallel(), "a": gone("a"), "b": gone("b")}, ["a", "b"], ["-a", "!a", "!b", "-b"]),
        ("s > p > e", {"p": sub("s1 > a", nodes={"a": gone("a")})}, ["a"], ["-a", "!a"]),
    ],
)
def test_a_task_alone_in_its_instance_hears_of_a_modification_before_its_activity(
    paths: str, nodes: dict[str, Element], cancelled: list[str], order: list[str]
) -> None:
    play = given(diagram(paths, **nodes)).start(log="").modify(*(f"cancel {node}" for node in cancelled))
    assert logged(play) == order


def test_a_completed_task_is_not_deleted() -> None:
    model = diagram("s > a > b > e", a=user(on_task("delete", noted("delete")), on_task("complete", noted("complete"))))
    assert logged(given(model).start(log="").complete("a")) == ["complete"]


def test_a_listener_sees_the_task() -> None:
    text = "${execution.setVariable('seen', task.name)}"
    model = diagram("s > a > b > e", a=user(on_task("create", text), name="A ${n}"))
    assert given(model).start(n=1).variables["seen"] == "A 1"


def test_update_and_assignment_listeners() -> None:
    model = diagram(
        "s > a > e",
        a=user(on_task("update", noted("update")), on_task("assignment", noted("${task.assignee}")), on_task("create", noted("c"))),
    )  # fmt: skip
    play = on_kernel(model).start(log="")
    play.when(c.ClaimTask(play.task("a").key, "mary"))
    assert logged(play)[:2] == ["c", "update"]
    play.when(c.ChangeTask(play.task("a").key, {"priority": 3}, "SetPriority"))
    assert logged(play)[-1] == "update"


def test_a_failing_complete_listener_keeps_the_task() -> None:
    play = given(diagram("s > a > b > e", a=user(on_task("complete", "${missing}")))).start()
    with pytest.raises(ProcessionError):
        play.complete("a", n=1)
    assert (play.waits, play.variables) == (["a"], {})
    assert play.complete("a", missing=1).waits == ["b"]


def test_completing_sees_the_variables_it_brought() -> None:
    model = diagram("s > a > b > e", a=user(on_task("complete", "${execution.setVariable('m', n + 1)}")))
    assert given(model).start().complete("a", n=1).variables == {"n": 1, "m": 2}


def test_expressions_of_the_process_end_see_what_is_left() -> None:
    model = diagram("s > a > e", "main", on("end", "${execution.setVariable('last', n)}"), a=call_expression("${n}"))
    assert given(model).start(n=1).variables == {"n": 1, "last": 1}


def _with_take(model: Diagram, flow: str, expression: str) -> Diagram:
    listener = (
        f'<extensionElements><camunda:executionListener event="take" expression="{expression}"/></extensionElements>'
    )
    head, tail = model.content.split(f'<sequenceFlow id="{flow}"', 1)
    attributes, rest = tail.split(">", 1)
    return Diagram(model.process, f'{head}<sequenceFlow id="{flow}"{attributes}>{listener}{rest}', model.roots)


def test_a_timeout_listener_runs_when_its_timer_is_due_and_goes_with_the_task() -> None:
    xml = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
      xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="t"><process id="p" isExecutable="true">
      <startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="a"/><userTask id="a"><extensionElements>
      <camunda:taskListener event="timeout" id="late" expression="${task.setVariable('late', task.name)}">
      <timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></camunda:taskListener>
      </extensionElements></userTask></process></definitions>"""
    play = KernelPlay((xml,)).start()
    assert play.waits == ["a", "a"]
    assert play.run("a").waits == ["a"]
    assert "late" in play.variables
    assert play.complete("a").empty
    assert KernelPlay((xml,)).start().complete("a").empty
