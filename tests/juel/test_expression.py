"""What callers see of an expression: names, constants, text, beans, errors."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.errors import ExpressionFailed, UnknownName
from procession.expressions import BeanOf, Expression, MappingScope
from procession.juel import coerce_boolean, coerce_number, coerce_string, compile_expression, is_expression
from procession.values import JsonValue, Long, ObjectValue, TypedValue, XmlValue, type_of
from tests.juel.scopes import NOW, ProcessScope


def value(text: str, **variables: Any) -> Any:
    return compile_expression(text).evaluate(MappingScope(variables, NOW))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("plain", ""),
        ("${1 + 2}", ""),
        ("${a.b[c]}", "a c"),
        ("Hello ${a}, ${b}", "a b"),
        ("${execution.getVariable('x') + y}", "execution x y"),
        ("${now() > t and currentUser() == u}", "t u"),
        ("${a ? b : c.d(e)}", "a b c e"),
    ],
)
def test_names(text: str, names: str) -> None:
    assert compile_expression(text).names == frozenset(names.split())


@pytest.mark.parametrize(("text", "constant"), [("plain", True), ("${1}", True), ("${'a'}", True), ("${a}", False)])
def test_constants(text: str, constant: bool) -> None:
    compiled: Expression = compile_expression(text)
    assert (compiled.constant, compiled.source) == (constant, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${a}", True), (" #{a} ", True), ("a ${b}", False), ("plain", False), ("", False), ("$ {a}", False)],
)
def test_is_expression(text: str, expected: bool) -> None:
    assert is_expression(text) is expected


def test_plain_text_is_itself() -> None:
    assert value("") == ""
    assert value("just text, $5 #1 {x}") == "just text, $5 #1 {x}"


def test_an_unknown_variable_is_told_apart() -> None:
    with pytest.raises(UnknownName) as raised:
        value("${nosuch + 1}")
    assert (
        raised.value.message
        == "Unknown property used in expression: ${nosuch + 1}. Cause: Cannot resolve identifier 'nosuch'"
    )
    assert raised.value.source == "${nosuch + 1}"


def test_an_unknown_property_is_not_an_unknown_name() -> None:
    with pytest.raises(ExpressionFailed) as raised:
        value("${a.b}", a="text")
    assert not isinstance(raised.value, UnknownName)


def test_wrong_syntax_has_a_position() -> None:
    with pytest.raises(ExpressionFailed) as raised:
        compile_expression("Hi ${a b}")
    assert raised.value.position == 7


def test_nobody_is_logged_in() -> None:
    assert value("${currentUser()}") is None
    assert value("${authenticatedUserId}") is None
    assert value("${currentUserGroups()}") is None


def test_results_are_values_of_processes() -> None:
    assert value("${json.prop('b')}", json=JsonValue('{"b": [1, {"c": null}]}')) == JsonValue('[1,{"c":null}]')
    assert value("${json.prop('b').elements()}", json=JsonValue('{"b": [1]}')) == [JsonValue("1")]
    assert value("${xml.childElement('i')}", xml=XmlValue("<o><i>q</i>tail</o>")) == XmlValue("<i>q</i>")
    assert value("${dateTime()}") == NOW
    assert type_of(value("${1}")) == "Long"
    assert type_of(value("${a}", a=1)) == "Integer"


def test_variables_keep_their_value() -> None:
    document = JsonValue('{ "a":  1 }')
    assert value("${a}", a=document) is document


def test_typed_foreign_and_decimal_values() -> None:
    assert value("${a + 1}", a=TypedValue("Integer", 4)) == 5
    assert value("${a.b}", a=ObjectValue('{"b":2}', "org.example.A", "application/json", {"b": 2})) == 2
    assert value("${a * 2}", a=Decimal("1.5")) == 3.0
    with pytest.raises(ExpressionFailed, match=r"The class 'org.example.A' does not have the property 'b'"):
        value("${a.b}", a=ObjectValue("rO0AB", "org.example.A", "application/x-java-serialized-object"))


class Refusing:
    """A bean whose own code fails."""

    def get_property(self, name: str) -> Any:
        raise KeyError("something else")

    def call_method(self, name: str, args: list[Any]) -> Any:
        raise ZeroDivisionError


def test_what_a_bean_raises_passes_through() -> None:
    with pytest.raises(KeyError, match="something else"):
        value("${a.b}", a=Refusing())
    with pytest.raises(ZeroDivisionError):
        value("${a.b()}", a=Refusing())


def test_beans_answer_to_getters_and_properties_both_ways() -> None:
    bean = BeanOf(
        {"businessKey": "k", "active": True}, {"getName": lambda: "n", "isDone": lambda: True, "add": int.__add__}
    )
    assert value("${a.getBusinessKey()}${a.name}${a.isActive()}${a.done}", a=bean) == "kntruetrue"
    assert value("${a.add(1, 2)}", a=bean) == 3


def test_a_bean_with_the_wrong_number_of_arguments_has_no_such_method() -> None:
    with pytest.raises(ExpressionFailed, match=r"Unknown method used in expression: .*call\(java.lang.Long\)"):
        value("${a.call(1)}", a=BeanOf({}, {"call": lambda: None}))


def test_arguments_of_beans_come_as_they_are() -> None:
    document = JsonValue("{}")
    received: list[Any] = []
    value("${a.take(b, 1, 'x')}", a=BeanOf({}, {"take": lambda *given: received.extend(given)}), b=document)
    assert received == [document, Long(1), "x"]
    assert type(received[1]) is Long


def test_a_condition_is_the_callers_to_judge() -> None:
    assert value("${a}", a="yes") == "yes"
    assert coerce_boolean("TRUE") is True
    assert coerce_number("1e3") == 1000.0
    assert coerce_number("12") == 12
    assert coerce_string([1, None, 2.0]) == "[1, null, 2.0]"


@given(st.floats(allow_nan=False))
def test_doubles_survive_their_text(number: float) -> None:
    if abs(number) != float("inf"):
        assert float(coerce_string(number)) == number


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1), st.sampled_from("+-*"))
def test_longs_wrap_round(left: int, right: int, operator: str) -> None:
    exact = {"+": left + right, "-": left - right, "*": left * right}[operator]
    found = value(f"${{a {operator} b}}", a=Long(left), b=Long(right))
    assert (found - exact) % 2**64 == 0
    assert -(2**63) <= found < 2**63


@given(st.recursive(st.text("abc'\"\\ "), lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_text_in_quotes_is_read_as_written(text: Any) -> None:
    written = str(text)
    quoted = written.replace("\\", "\\\\").replace("'", "\\'")
    assert value(f"${{'{quoted}'}}") == written


@given(st.text(max_size=60))
def test_reading_never_fails_otherwise(text: str) -> None:
    with suppress(ExpressionFailed):
        compile_expression("${" + text)


def test_execution_and_task() -> None:
    scope = ProcessScope()
    assert compile_expression("${execution.getVariable('i') + task.priority}").evaluate(scope) == 55
