"""Input and output parameters, what expressions may set, and which scope gets it."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from procession.errors import ProcessionError
from procession.kernel import commands as c
from procession.kernel.records import Variable
from procession.kernel.variables import typed
from tests.kernel.diagram import (
    Element,
    Piece,
    boundary,
    call,
    call_expression,
    diagram,
    el,
    exclusive,
    external,
    on,
    out,
    parallel,
    put,
    script,
    setter,
    sub,
    timer,
    user,
)
from tests.kernel.harness import given, on_kernel

ITEMS = "<camunda:list><camunda:value>a</camunda:value><camunda:value>${n + 1}</camunda:value></camunda:list>"
ENTRIES = (
    '<camunda:map><camunda:entry key="k">${n}</camunda:entry><camunda:entry key="t">x</camunda:entry></camunda:map>'
)
SCRIPT = '<camunda:script scriptFormat="juel">${n * 2}</camunda:script>'
NESTED = f'<camunda:map><camunda:entry key="l">{ITEMS}</camunda:entry></camunda:map>'

# ---------------------------------------------------------------- parameters


def test_an_input_is_local_and_goes_with_its_element() -> None:
    play = given(diagram("s > a > b > e", a=user(*put(x="1", y="${n + 1}")))).start(n=1)
    assert play.variables == {"n": 1, "a.x": "1", "a.y": 2}
    play.complete("a")
    with pytest.raises(ProcessionError):
        on_kernel(diagram("s > a > b >{x == 1} e", a=user(*put(x="1")))).start().complete("a").complete("b")


def test_an_input_shadows_an_outer_variable() -> None:
    play = given(diagram("s > a > e", a=user(*put(n="${n + 1}")))).start(n=1)
    assert play.variables == {"n": 1, "a.n": 2}


def test_inputs_are_seen_from_outside_so_they_do_not_see_each_other() -> None:
    assert given(diagram("s > a > e", a=user(*put(n="${n + 1}", y="${n}")))).start(n=1).variables["a.y"] == 1


def test_outputs_see_the_ones_before_them() -> None:
    model = diagram("s > a > b > e", a=user(*put(n="5"), *out(n="${n + 1}", y="${n}", z="${y}")))
    assert given(model).start(n=1).complete("a").variables == {"n": 6, "a.n": "5", "y": "5", "z": "5"}


def test_outputs_go_outwards() -> None:
    model = diagram("s > a > b > e", a=user(*out(r="${n + 1}", t="text")))
    assert given(model).start(n=1).complete("a").variables == {"n": 1, "r": 2, "t": "text"}


def test_outputs_see_inputs_and_what_was_set_before() -> None:
    model = diagram("s > a > b > e", a=external(*put(x="${n}"), *out(r="${x + y}")))
    play = given(model).start(n=1).work("a", {"y": 5})
    assert play.variables["r"] == 6


def test_an_output_goes_to_the_scope_that_has_the_variable() -> None:
    inner = sub("s1 > a > b > e1", *put(r="0"), nodes={"a": user(*out(r="1", q="2"))})
    play = on_kernel(diagram("s > p > e", p=inner)).start(r="9").complete("a")
    assert play.variables == {"r": "9", "p.r": "1", "q": "2"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [(ITEMS, ["a", 2]), (ENTRIES, {"k": 1, "t": "x"}), (SCRIPT, 2), (NESTED, {"l": ["a", 2]}), ("", None)],
)
def test_lists_maps_and_scripts(source: str, expected: object) -> None:
    assert on_kernel(diagram("s > a > e", a=user(*put(x=source)))).start(n=1).variables["a.x"] == expected


def test_a_list_is_seen_by_expressions() -> None:
    model = diagram("s > a > b > e", a=call_expression("${execution.setVariable('r', x[1])}", *put(x=ITEMS)))
    assert given(model).start(n=1).variables["r"] == 2


def test_a_failing_input_fails_the_command() -> None:
    play = given(diagram("s > t > a > e", a=user(*put(x="${missing}")))).start()
    with pytest.raises(ProcessionError):
        play.complete("t")
    assert (play.waits, play.variables) == (["t"], {})


def test_a_failing_output_leaves_the_task_and_what_it_was_given() -> None:
    play = given(diagram("s > a > e", a=user(*out(x="${missing}")))).start()
    with pytest.raises(ProcessionError):
        play.complete("a", n=1)
    assert (play.waits, play.variables) == (["a"], {})


def test_outputs_of_a_sub_process() -> None:
    model = diagram("s > p > b > e", p=sub("s1 > a > e1", *put(x="1"), *out(r="${x}${y}")))
    assert given(model).start().complete("a", y=2).variables["r"] == "12"


def test_parameters_of_events() -> None:
    model = diagram(
        "s > t > e", t=el("intermediateThrowEvent", *put(x="1"), *out(r="${x}")), e=el("endEvent", *put(z="1"))
    )
    assert given(model).start().variables == {"t.x": "1", "r": "1", "e.z": "1"}


# ---------------------------------------------------------------- expressions with effects


def test_an_expression_sees_what_it_has_set_itself() -> None:
    both = "${execution.setVariable('x', 5)}${execution.setVariable('y', execution.getVariable('x') + 1)}"
    assert given(diagram("s > a > b > e", a=call_expression(both))).start().variables == {"x": 5, "y": 6}


def test_a_failing_expression_sets_nothing() -> None:
    play = given(diagram("s > t > a > e", a=call_expression("${execution.setVariable('x', 5)}${missing}"))).start()
    with pytest.raises(ProcessionError):
        play.complete("t")
    assert play.variables == {}


def test_removing_variables() -> None:
    model = diagram("s > a > b > e", a=call_expression("${execution.removeVariable('x')}"))
    assert given(model).start(x=1, y=2).variables == {"y": 2}


def test_the_result_of_an_expression() -> None:
    model = diagram("s > a > b > e", a=call_expression("${n * 2}", result_variable="r"))
    assert given(model).start(n=2).variables == {"n": 2, "r": 4}


def test_the_result_of_a_script() -> None:
    model = diagram("s > a > b > e", a=el("scriptTask", script("${n * 2}"), script_format="juel", result_variable="r"))
    assert given(model).start(n=2).variables == {"n": 2, "r": 4}


def test_a_result_goes_to_an_input_of_the_same_name() -> None:
    model = diagram("s > a > b > e", a=call_expression("${n * 2}", *put(r="0"), result_variable="r"))
    assert given(model).start(n=2).variables == {"n": 2, "a.r": 4}


def test_what_an_execution_tells() -> None:
    text = "${execution.currentActivityId},${execution.processBusinessKey},${empty execution.tenantId}"
    model = diagram("s > a > b > e", a=call_expression(text, result_variable="r"))
    assert given(model).start("K").variables == {"r": "a,K,true"}


def test_local_lookups() -> None:
    text = "${execution.hasVariableLocal('n')},${execution.hasVariable('n')},${execution.getVariableLocal('x')}"
    model = diagram("s > a > b > e", a=call_expression(text, *put(x="1"), result_variable="r"))
    assert given(model).start(n=1).variables["r"] == "false,true,1"


def test_a_listener_of_the_process_sets_a_variable_before_anything_runs() -> None:
    model = diagram("s > a > e", "main", on("start", "${execution.setVariable('x', n + 1)}"), a=user(*put(y="${x}")))
    assert given(model).start(n=1).variables == {"n": 1, "x": 2, "a.y": 2}


# ---------------------------------------------------------------- delegates, beans, decisions


def test_delegates_by_class_and_by_bean() -> None:
    def double(execution: object) -> None:
        value = execution.call_method("getVariable", ["n"])  # type: ignore[attr-defined]
        execution.call_method("setVariable", ["n", value * 2])  # type: ignore[attr-defined]

    model = diagram(
        "s > a > b > t > e",
        a=el("serviceTask", **{"class": "org.Double"}),
        b=el("serviceTask", delegate_expression="${d}"),
    )
    play = on_kernel(model, delegates={"org.Double": double}, beans={"d": double}).start(n=1)
    assert play.variables == {"n": 4}


@pytest.mark.checklist(27, 3)
def test_fields_are_injected() -> None:
    told = Piece('<camunda:field name="f" stringValue="text"/><camunda:field name="g" expression="${n + 1}"/>', True)
    seen: list[object] = []

    def delegate(execution: object) -> None:
        seen.append(execution.get_property("fields"))  # type: ignore[attr-defined]
        seen.append(execution.call_method("getField", ["g"]))  # type: ignore[attr-defined]

    model = diagram("s > a > e", a=el("serviceTask", told, **{"class": "org.Told"}))
    assert on_kernel(model, delegates={"org.Told": delegate}).start(n=1).ended
    assert seen == [{"f": "text", "g": 2}, 2]


@pytest.mark.checklist(88, 2)
def test_a_callable_maps_what_goes_into_a_call() -> None:
    called = diagram("s > a > e", "other")
    model = diagram("s > c > e", c=call("other", variable_mapping_class="org.Mapping"))
    play = on_kernel(model, called, delegates={"org.Mapping": lambda execution: {"m": 1}}).start(n=1)
    assert play.waits == ["a"]
    assert play.variables["m"] == 1


def test_an_unknown_class_fails_when_it_runs() -> None:
    with pytest.raises(ProcessionError, match=r"org\.None"):
        on_kernel(diagram("s > a > e", a=el("serviceTask", **{"class": "org.None"}))).start()


@pytest.mark.parametrize(
    ("mapping", "rows", "expected"),
    [
        ("singleEntry", [{"o": 1}], 1),
        ("singleEntry", [], None),
        ("singleResult", [{"o": 1, "p": 2}], {"o": 1, "p": 2}),
        ("collectEntries", [{"o": 1}, {"o": 2}], [1, 2]),
        ("resultList", [{"o": 1}, {"o": 2}], [{"o": 1}, {"o": 2}]),
        ("resultList", [], []),
    ],
)
def test_decision_results(mapping: str, rows: list[dict[str, object]], expected: object) -> None:
    task = el("businessRuleTask", decision_ref="d", map_decision_result=mapping, result_variable="r")
    play = on_kernel(diagram("s > a > t > e", a=task), decisions={"d": lambda variables: rows}).start()
    assert play.variables["r"] == expected


@pytest.mark.parametrize(
    ("mapping", "rows"),
    [
        ("singleEntry", [{"o": 1}, {"o": 2}]),
        ("singleEntry", [{"o": 1, "p": 2}]),
        ("singleResult", [{"o": 1}, {"o": 2}]),
        ("collectEntries", [{"o": 1, "p": 2}]),
    ],
)
def test_decision_results_that_do_not_fit(mapping: str, rows: list[dict[str, object]]) -> None:
    task = el("businessRuleTask", decision_ref="d", map_decision_result=mapping, result_variable="r")
    with pytest.raises(ProcessionError, match="map the decision result"):
        on_kernel(diagram("s > a > t > e", a=task), decisions={"d": lambda variables: rows}).start()


# ---------------------------------------------------------------- from outside


def test_variables_from_outside_reach_the_scope_that_has_them() -> None:
    play = on_kernel(diagram("s > p > e", p=sub("s1 > a > e1", *put(x="1")))).start(x="0", y="0")
    play.set("a", x="2", y="2", z="2")
    assert play.variables == {"x": "0", "p.x": "2", "y": "2", "z": "2"}


def test_local_variables_from_outside() -> None:
    play = on_kernel(diagram("s > a > e")).start(x=0)
    play.when(c.SetVariables(play.element("a").key, {"x": typed(1)}, local=True))
    assert play.variables == {"x": 0, "a.x": 1}
    play.when(c.SetVariables(play.element("a").key, {}, remove=("x",)))
    assert play.variables == {"x": 0}


def test_variables_of_a_task_are_its_own() -> None:
    play = on_kernel(diagram("s > a > b > e")).start()
    play.when(c.SetVariables(play.task("a").key, {"mine": typed(1)}, local=True))
    assert play.variables == {"a.mine": 1}
    play.complete("a")
    assert not play.store.all(Variable)


@pytest.mark.parametrize("name", ["", "x" * 4001, "a\x00b"])
def test_names_that_cannot_be(name: str) -> None:
    play = on_kernel(diagram("s > a > e")).start()
    with pytest.raises(ProcessionError, match="cannot have the name"):
        play.when(c.SetVariables(play.instance, {name: typed(1)}))


def test_setting_by_a_bean_s_method() -> None:
    model = diagram("s > a > b > e", a=setter("x", "execution.variables['n'] + 1"))
    assert given(model).start(n=1).variables == {"n": 1, "x": 2}


def test_what_a_simple_activity_sets_locally_is_its_scope_s_where_it_is_alone() -> None:
    local = "${execution.setVariableLocal('x', 1)}"
    assert given(diagram("s > a > b", a=call_expression(local), b=user())).start().variables == {"x": 1}


def test_decimals_become_numbers_inside_of_lists_and_maps_too() -> None:
    value = typed([Decimal(1), {"a": Decimal("1.5")}]).value
    assert value == [1, {"a": 1.5}]
    assert [type(value[0]) is Decimal, type(value[1]["a"])] == [False, float]


# ---------------------------------------------------------------- local variables of a branch


def local(name: str, value: str = "1") -> str:
    return "${execution.setVariableLocal('" + name + "', " + value + ")}"


def sees(node: str) -> str:
    """Writes down whether `x` is seen at a node."""
    return "${execution.setVariable('seen', seen.concat(execution.hasVariable('x') ? '" + node + " ' : ''))}"


@pytest.mark.parametrize(
    ("paths", "nodes", "seen"),
    [
        ("s > g > a > b > u; g > w", {}, "b"),
        ("s > g > w; g > a > b > u", {}, "b"),
        ("s > g > a > b > c > u; g > w; t > e2", {"b": user(), "t": boundary("b", timer("PT1H"))}, "c"),
        ("s > g > a > p > c > u; g > w", {"p": sub("s1 > b", nodes={"b": call_expression(sees("b"))})}, "b c"),
        ("s > g > a > h > b > u; h > c > v; g > w", {"h": parallel()}, "b"),
        ("s > g > a > x >{execution.hasVariable('x')} b > u; x >* v; g > w", {"x": exclusive()}, "b"),
        ("s > g > a > j > c > u; g > m > j; g > w", {"j": parallel(), "m": el("manualTask")}, ""),
        ("s > g > m > j > c > u; g > a > j; g > w", {"j": parallel(), "m": el("manualTask")}, ""),
        ("s > g > y > b > u; g > w", {"y": call_expression(local("x"), *put(q="1"))}, ""),
        ("s > a > b > u", {}, "b"),
    ],
)
def test_what_a_branch_sets_locally_goes_on_with_it(paths: str, nodes: dict[str, Element], seen: str) -> None:
    own = {"g": parallel(), "a": call_expression(local("x")), "b": call_expression(sees("b"))}
    own |= {"c": call_expression(sees("c")), "u": user(), "w": user(), "v": user()}
    used = {name: node for name, node in {**own, **nodes}.items() if name in nodes or name in re.findall(r"\w+", paths)}
    play = given(diagram(paths, **used)).start(seen="")
    if "b" in play.waits:
        play.complete("b")
    assert str(play.variables["seen"]).split() == seen.split()


def test_what_the_last_branch_carries_belongs_to_the_scope() -> None:
    model = diagram(
        "s > g > a > u > v; g > w > e", g=parallel(), a=call_expression(local("x")), u=user(), v=user(), w=user()
    )
    play = on_kernel(model).start()
    assert "x" not in play.variables
    play.complete("w")
    assert play.variables["x"] == 1
    play.complete("u").complete("v")
    assert play.ended


def test_nothing_of_it_is_left_behind() -> None:
    model = diagram("s > g > a > j > e; g > u > j", g=parallel(), j=parallel(), a=call_expression(local("x")), u=user())
    play = on_kernel(model).start().complete("u")
    assert play.empty
