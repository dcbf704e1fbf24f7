"""Runs inputs that mean harm, one after the other, in a process of their own: `python -m tests.feel.hostile_inputs`.

For each it prints a line of JSON: what it was, the processor seconds it took, how it ended, and the memory so far in MiB.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from procession.dmn import compile_definitions, read_dmn
from procession.errors import ProcessionError
from procession.expressions import MappingScope
from procession.feel import compile_expression, compile_unary_tests, from_feel
from procession.juel import compile_expression as compile_juel

DEEP = 100_000
FEEL = [
    'matches("aaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$")',
    r'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+\1x$")',
    r'for i in 1..100000 return matches("aaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+\1x$")',
    'replace("abc", "(b)", "$999")',
    'split("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "(a|a)*")',
    'matches("a", "((((a{999}){999}){999}){999}){999}")',
    r'matches("a", "(a)\1((((a{999}){999}){999}){999}){999}")',
    "for i in 1..1000000000 return i",
    "some i in 1..90000 satisfies some j in 1..90000 satisfies i + j < 0",
    "2 ** 2 ** 2 ** 40",
    "9 ** 9 ** 9",
    "string(9 ** (9 ** 9))",
    "10 ** 6144 * 10",
    "string(10 ** 6000) + string(10 ** -6000)",
    "for i in 1..100000 return i ** 0.5",
    "for i in 1..100000 return exp(i / 1000)",
    "for i in 1..100000 return decimal(1 / i, 6000)",
    "for i in 1..100000 return string(10 ** 6000)",
    "{f: function(x) f(x), r: f(1)}.r",
    "{f: function(n) if n = 0 then 0 else f(n - 1) + f(n - 1), r: f(100)}.r",
    "sort(for i in 1..90000 return -i, function(a, b) a < b)",
    'for i in 1..100000 return if i = 1 then "a" else partial[-1] + partial[-1]',
    "for i in 1..100000 return partial",
    "[" * DEEP,
    "(" * DEEP,
    "not(" * DEEP,
    "-" * DEEP + "1",
    "{a:" * DEEP,
    "if true then " * DEEP,
    "1" + "+1" * 60_000,
    "true" + " and true" * 20_000,
    'string join(for i in 1..100000 return "x", "' + "y" * 1000 + '")',
    *(
        f'duration("{text}")'
        for text in ("P99999999999Y", "PT1E400S", "PT" + "9" * 90 + "S", "P" + "9" * 190_000 + "D")
    ),
    *(f'date("{text}")' for text in ("-999999999-01-01", "2024-02-30", "9999999999-01-01", "1" * 100_000)),
    *(
        f'time("{text}")'
        for text in ("24:00:00", "10:00:00+99:99", "10:00:00@Europe/Nowhere", "10:00:00@../../etc/passwd")
    ),
    '@"999999999-12-31" + @"P999999999Y"',
    'date("-999999999-01-01") - date("999999999-12-31")',
    'for d in @"0001-01-01"..@"9999-12-31" return d',
    '"".__class__.__mro__[1].__subclasses__()',
    '__import__("os").system("true")',
    'function(x) external {java: {class: "java.lang.Runtime", method signature: "exec(java.lang.String)"}}',
]
JUEL = [
    "${''.__class__.__mro__[1].__subclasses__()}",
    '${"".getClass().forName("java.lang.Runtime").getRuntime().exec("true")}',
    "${''.getClass().getClassLoader()}",
    "${execution.__class__}",
    "${" + "(" * DEEP,
    "${" + "-" * DEEP + "1}",
    "${" + "not " * DEEP + "true}",
    "${" + "a." * DEEP + "a}",
    "${1" + "+1" * 50_000 + "}",
    "${" * DEEP,
    "#{" + "x" * 1_000_000 + "}",
    "${'" + "a" * 1_000_000,
    "${9999999999999999999999999999 * 9999999999999999999999999999}",
]


def _table(cell: str, rules: int = 1) -> bytes:
    rule = f"<rule><inputEntry><text>{cell}</text></inputEntry><outputEntry><text>1</text></outputEntry></rule>"
    table = f'<input><inputExpression><text>x</text></inputExpression></input><output name="o"/>{rule * rules}'
    return _model(f'<decision id="d" name="d"><decisionTable hitPolicy="COLLECT">{table}</decisionTable></decision>')


def _model(inside: str, before: str = "") -> bytes:
    space = 'xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="m" name="m" namespace="m"'
    return f"{before}<definitions {space}>{inside}</definitions>".encode()


def _requires(name: str, other: str, logic: str = "<literalExpression><text>1</text></literalExpression>") -> str:
    wanted = f'<informationRequirement><requiredDecision href="#{other}"/></informationRequirement>'
    return f'<decision id="{name}" name="{name}"><variable name="{name}"/>{wanted}{logic}</decision>'


DMN = [
    _model("", '<!DOCTYPE a [<!ENTITY b "c">]>'),
    _model("<context>" * DEEP),
    _model('<decision id="d" name="d">' + "<list>" * 5_000 + "</list>" * 5_000 + "</decision>"),
    _table("[" * 10_000),
    _table("for i in 1..1000000000 return i"),
    _table('matches(?, "^(a+)+$")', 2_000),
    _table("some i in 1..90000 satisfies i = -1", 200),
    _model(_requires("d", "d")),
    _model(_requires("d", "e") + _requires("e", "d")),
    _model(
        "".join(_requires(f"d{n}", f"d{n + 1}") for n in range(3_000))
        + '<decision id="d3000" name="d3000"><literalExpression><text>1</text></literalExpression></decision>'
    ),
    _model(
        '<itemDefinition name="t"><itemComponent name="a"><typeRef>t</typeRef></itemComponent></itemDefinition>'
        '<decision id="d" name="d"><variable name="d" typeRef="t"/><literalExpression><text>{a: {a: {a: null}}}</text>'
        "</literalExpression></decision>"
    ),
    _model(
        '<businessKnowledgeModel id="b" name="b"><variable name="b"/><encapsulatedLogic><formalParameter name="n"/>'
        "<literalExpression><text>b(n)</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>"
        '<decision id="d" name="d"><variable name="d"/><knowledgeRequirement><requiredKnowledge href="#b"/>'
        "</knowledgeRequirement><literalExpression><text>b(1)</text></literalExpression></decision>"
    ),
]


def _feel(text: str) -> Any:
    return from_feel(compile_expression(text, external=True).evaluate(MappingScope({})))


def _cell(text: str) -> Any:
    return compile_unary_tests(text).matches(MappingScope({}), 1)


def _juel(text: str) -> Any:
    return compile_juel(text).evaluate(MappingScope({"execution": {}, "a": {}}))


def _dmn(data: bytes) -> Any:
    compiled = compile_definitions(read_dmn(data))
    name = next(iter(compiled.definitions.decisions))
    return compiled.evaluate(name, {"x": "a" * 30 + "!"}).value


def inputs() -> Iterator[tuple[str, Callable[[Any], Any], Any]]:
    """The language, what reads and evaluates it, and the input."""
    for text in FEEL:
        yield "feel", _feel, text
        if len(text) >= DEEP:
            yield "cell", _cell, text
    for text in JUEL:
        yield "juel", _juel, text
    for data in DMN:
        yield "dmn", _dmn, data


def _peak_mebibytes() -> int:
    """The most memory that this program has had: not `ru_maxrss`, which still knows the one that started it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise RuntimeError("/proc tells no peak")


def main() -> None:
    """Runs all."""
    for language, run, text in inputs():
        before = time.process_time()
        try:
            end = f"value: {str(run(text))[:60]}"
        except ProcessionError as error:
            end = f"refused: {error.message[:100]}"
        took = time.process_time() - before
        memory = _peak_mebibytes()
        print(json.dumps([language, str(text[:60]), round(took, 3), end, memory]))


if __name__ == "__main__":
    main()
