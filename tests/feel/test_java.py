"""External functions: static Java methods from a list written here, only where the caller allows them."""

from __future__ import annotations

from typing import Any

import pytest

from procession.expressions import MappingScope
from procession.feel import Evaluation, compile_expression, to_feel, to_literal
from procession.feel.java import KNOWN

FACTS: list[tuple[str, str, str, Any]] = [
    ("Math", "max(double, double)", "123.45, 456.78", 456.78),
    ("Math", "max(int,int)", "123, 456", 456),
    ("Math", "max(int,int)", "1.5, 2", None),
    ("Math", "max(int,int)", "3000000000, 2", None),
    ("Math", "max(long,long)", "3000000000, 2", 3_000_000_000),
    ("Math", "max(float,float)", "123.46, 456.78", 456.78),
    ("Math", "max(java.lang.String, java.lang.String)", '"1", "2"', None),
    ("Math", "sqrt(double)", "-1", None),
    ("Math", "pow(double,double)", "10, 400", None),
    ("Math", "floorMod(int,int)", "-7, 3", 2),
    ("Math", "floorDiv(int,int)", "1, 0", None),
    ("Math", "round(double)", "-2.5", -2),
    ("Math", "rint(double)", "2.5", 2),
    ("Math", "cos(double)", '"a"', None),
    ("Math", "cos(double)", "1, 2", None),
    ("Math", "foo(double)", "1", None),
    ("Foo", "valueOf(double)", "1", None),
    ("String", "valueOf(char)", '"a"', "a"),
    ("String", "valueOf(char)", '"abc"', None),
    ("String", "valueOf(double)", "1", "1.0"),
    ("String", "valueOf(double)", "12345678900", "1.23456789E10"),
    ("String", "valueOf(boolean)", "true", "true"),
    ("String", "format(java.lang.String, [Ljava.lang.Object;)", '"%s is %5.1f%%", "x", 2.25', "x is   2.3%"),
    ("String", "format(java.lang.String, Object...)", '"%05d|%-4s|%S", 42, "ab", "c"', "00042|ab  |C"),
    ("String", "format(java.lang.String, [Ljava.lang.Object;)", '"%s"', None),
    ("String", "format(java.lang.String, [Ljava.lang.Object;)", '"%999999999s", 1', None),
    ("Integer", "valueOf(java.lang.String)", '"123"', 123),
    ("Integer", "valueOf(java.lang.String)", '"12x"', None),
    ("Integer", "parseInt(java.lang.String, int)", '"ff", 16', 255),
    ("Integer", "sum(int,int)", "2147483647, 1", -2_147_483_648),
    ("Byte", "valueOf(byte)", "128", None),
    ("Short", "valueOf(short)", "123", 123),
    ("Float", "valueOf(java.lang.String)", '"1234.56"', 1234.56),
    ("Double", "valueOf(java.lang.String)", '"1e3"', 1000),
    ("Double", "valueOf(java.lang.String)", '"NaN"', None),
]


def _value(text: str, external: bool = True) -> Any:
    return compile_expression(text, external=external).evaluate(MappingScope({}), Evaluation())


def _call(owner: str, signature: str, arguments: str) -> str:
    names = ", ".join(f"a{place}" for place, _ in enumerate(arguments.split(",")))
    made = f'function({names}) external {{java: {{class: "java.lang.{owner}", method signature: "{signature}"}}}}'
    return f"({made})({arguments})"


@pytest.mark.parametrize(("owner", "signature", "arguments", "expected"), FACTS)
def test_methods(owner: str, signature: str, arguments: str, expected: Any) -> None:
    assert to_literal(_value(_call(owner, signature, arguments))) == to_literal(to_feel(expected))


def test_without_the_switch_nothing_is_called() -> None:
    assert _value(_call("Math", "abs(double)", "-1"), external=False) is None
    assert to_literal(_value(_call("Math", "abs(double)", "-1"))) == "1"


def test_a_mapping_that_is_none() -> None:
    for mapping in ("1", "{}", "{java: 1}", '{java: {class: 1, method signature: "a()"}}', '{pmml: {document: "x"}}'):
        assert _value(f"(function(a) external {mapping})(1)") is None


def test_nothing_but_pure_methods() -> None:
    assert {name.split("(")[0].rpartition(".")[0] for name in KNOWN} <= {
        "java.lang.Math",
        "java.lang.String",
        "java.lang.Boolean",
        "java.lang.Byte",
        "java.lang.Short",
        "java.lang.Integer",
        "java.lang.Long",
        "java.lang.Float",
        "java.lang.Double",
        "java.lang.Character",
        "java.math.BigDecimal",
    }
