"""Expressions that try to get out, or to take all memory or time, fail with a clear error and quickly."""

from __future__ import annotations

from typing import Any

import pytest

from procession.errors import ExpressionFailed
from procession.expressions import MappingScope
from procession.juel import compile_expression
from procession.values import JsonValue
from tests.juel.scopes import NOW, ProcessScope

ESCAPES = [
    "''.__class__",
    "''.__class__.__mro__[1].__subclasses__()",
    "''['__class__']",
    "''.__len__()",
    "''.class",
    "''.getClass()",
    "''.class.forName('java.lang.Runtime')",
    '"".getClass().forName("java.lang.Runtime").getMethod("exec")',
    "''.format('{0.__class__}', 1)",
    "'{}'.format(1)",
    "''.join",
    "''.encode('utf-8')",
    "list.__class__",
    "list.append(1)",
    "list.add(1)",
    "list.clear()",
    "list.remove(0)",
    "list['__class__']",
    "map.__class__.x()",
    "map.update(map)",
    "map.put('a', 1)",
    "map.clear()",
    "map.pop('a')",
    "i.__add__(1)",
    "i.real",
    "i.bit_length()",
    "dt.tzinfo",
    "dt.replace(1)",
    "dt.__class__",
    "now().strftime('%s')",
    "dateTime().time",
    "dateTime().now",
    "dateTime().with_fields(1)",
    "dateTime().__class__",
    "json.read('{}')",
    "json.raw",
    "json.of_kind('OBJECT')",
    "xml._element",
    "xml.getroot()",
    "execution.__class__",
    "execution.properties",
    "execution.methods",
    "execution.get_property('id')",
    "execution.call_method('x')",
    "execution.getVariable.__globals__",
    "execution['__dict__']",
    "task.__init__()",
    "__import__('os')",
    "eval('1')",
    "open('/etc/passwd')",
    "getattr(s, 'x')",
    "XML('<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>').textContent()",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_nothing_gets_out(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        compile_expression("${" + text + "}").evaluate(ProcessScope())


@pytest.mark.parametrize("name", ["__class__", "__dict__", "__init__", "keys", "items", "copy"])
def test_a_map_has_its_keys_alone(name: str) -> None:
    assert compile_expression("${map." + name + "}").evaluate(ProcessScope()) is None


@pytest.mark.parametrize(
    "text",
    [
        "${" + "(" * 100_000,
        "${" + "(" * 30_000 + "1" + ")" * 30_000 + "}",
        "${" + "not(" * 10_000 + "a" + ")" * 10_000 + "}",
        "${" + "!" * 50_000 + "a}",
        "${" + "-" * 9_000 + "1}",
        "${" + "a[" * 5_000 + "}",
        "${" + "a?" * 5_000 + "}",
        "${" + "a?1:" * 3_000 + "1}",
        "${a" + ".a" * 4_000 + "}",
        "${a" + "+a" * 4_000 + "}",
        "${a" + "()" * 4_000 + "}",
        "${f(" * 3_000,
        "${" + "9" * 50_000 + "}",
        "${'" + "a" * 100_000 + "'}",
        "${'" + "\\" * 50_000,
        "${" + "{" * 50_000,
        "${a}" * 20_000,
        "x" * 100_000,
    ],
    ids=lambda text: f"{text[:12]}…{len(text)}",
)
def test_size_and_depth_are_bounded(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        compile_expression(text).evaluate(MappingScope({}, NOW))


def test_depth_of_every_kind_at_once_fails_cleanly() -> None:
    text = "1"
    for _ in range(59):
        text = f"a||b&&c==d<e+f*-(x[{text}])"
    with pytest.raises(ExpressionFailed):
        compile_expression("${" + text + "}").evaluate(MappingScope({}))


def test_the_deepest_that_is_allowed_runs() -> None:
    text = "${" + "(" * 50 + "1" + "+1" * 150 + ")" * 50 + "}"
    assert compile_expression(text).evaluate(MappingScope({})) == 151


@pytest.mark.parametrize(
    "text",
    [
        "${big.replace('a', big)}",
        "${big.repeat(2000000000)}",
        "${big.replaceAll('a', big)}",
        "${empty big" + ".concat(big)" * 150 + "}",
        "${big.concat(big).concat(big).concat(big)}${big}${big}${big}${big}",
        "${list}",
        "${s.matches('(a+)+\\\\1')}",
        "${s.replaceAll('a', '$1')}",
        "${s.split('(')}",
        "${dateTime().plusDays(999999999)}",
        "${dateTime().plusMillis(99999999999999)}",
        "${dateTime().toString('qqq')}",
        "${JSON(deep)}",
        "${JSON(nan)}",
        "x${nested}",
    ],
)
def test_results_are_bounded(text: str) -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    variables = {
        "big": "a" * 1_000_000,
        "s": "aaa",
        "deep": "[" * 100_000,
        "nan": JsonValue("NaN"),
        "nested": nested,
        "list": 5,
    }
    if text == "${list}":
        text, variables["list"] = "x${list}", ["a" * 1_000_000] * 5
    with pytest.raises(ExpressionFailed):
        compile_expression(text).evaluate(MappingScope(variables, NOW))


def test_regular_expressions_run_in_linear_time() -> None:
    scope = MappingScope({"s": "a" * 50_000 + "!"})
    assert compile_expression("${s.matches('(a+)+')}").evaluate(scope) is False
    assert compile_expression("${s.matches('(a|a)*b')}").evaluate(scope) is False
