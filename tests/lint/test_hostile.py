"""Whatever a file holds, lint says something about it and ends: hostile XML, expressions and forms, models that call each other."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procession.lint import Finding, check
from procession.serverless.linting import dialect_of

HEAD = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">'
DMN = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'


def process(body: str, name: str = "p") -> bytes:
    return f'{HEAD}<process id="{name}" isExecutable="true"><startEvent id="s"/>{body}</process></definitions>'.encode()


def lint(*files: tuple[str, bytes]) -> list[Finding]:
    return check(files, dialect_of)


def condition(text: str) -> bytes:
    flow = f'<conditionExpression>{text}</conditionExpression></sequenceFlow><endEvent id="e"/>'
    return process(f'<sequenceFlow id="f" sourceRef="s" targetRef="e">{flow}')


BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = {
    "entities": f'<!DOCTYPE x [<!ENTITY a0 "lol">{BOMB}]>{HEAD}&a9;</definitions>'.encode(),
    "a file": f'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>{HEAD}&f;</definitions>'.encode(),
    "an address": f'<!DOCTYPE x SYSTEM "http://169.254.169.254/x.dtd">{HEAD}</definitions>'.encode(),
    "depth": HEAD.encode() + b"<a>" * 20_000,
    "attributes": HEAD[:-1].encode() + b"".join(b' a%d="1"' % n for n in range(20_000)) + b"/>",
    "NUL": HEAD.encode() + b"\x00</definitions>",
    "nothing": b"",
    "no XML": b"\xff\xfe\x00garbage",
    "an id twice": process('<userTask id="a"/><userTask id="a"/>'),
    "a flow to nowhere": process('<sequenceFlow id="f" sourceRef="s" targetRef="x"/>'),
    "parentheses": condition("${" + "(" * 5000 + "x" + ")" * 5000 + "}"),
    "a class": condition("${''.getClass().forName('java.lang.Runtime')}"),
    "half an expression": condition("${x"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("suffix", [".bpmn", ".dmn"])
def test_hostile_models_are_findings(name: str, suffix: str) -> None:
    begun = time.process_time()
    found = lint((f"x{suffix}", HOSTILE[name]))
    assert found
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "[]", '{"components": {}}', '{"components": [[[]], 1, null]}'])
def test_forms(text: str) -> None:
    assert len(lint(("x.form", text.encode()))) <= 1


def test_processes_that_call_each_other_on_every_path() -> None:
    call = '<sequenceFlow id="f" sourceRef="s" targetRef="c"/><callActivity id="c" calledElement="{}"/>'
    found = lint(("a.bpmn", process(call.format("b"), "a")), ("b.bpmn", process(call.format("a"), "b")))
    assert [(one.rule, one.file) for one in found] == [("endless-loop", "a.bpmn"), ("endless-loop", "b.bpmn")]


def test_decisions_that_require_each_other() -> None:
    table = (
        '<decisionTable id="t{0}"><input id="i{0}"><inputExpression id="e{0}"><text>x</text></inputExpression></input>'
    )
    table += '<output id="o{0}" name="o"/></decisionTable>'
    one = '<decision id="{0}" name="{0}"><informationRequirement id="r{0}"><requiredDecision href="#{1}"/>'
    one += f"</informationRequirement>{table}</decision>"
    lint(("x.dmn", f"{DMN}{one.format('a', 'b')}{one.format('b', 'a')}</definitions>".encode()))


NODES = st.sampled_from(
    ["exclusiveGateway", "inclusiveGateway", "parallelGateway", "userTask", "manualTask", "endEvent"]
)


@settings(max_examples=60, deadline=None)
@given(kinds=st.lists(NODES, min_size=1, max_size=8), data=st.data())
def test_any_graph_is_looked_at(kinds: list[str], data: st.DataObject) -> None:
    """Loops, forks, stretches that nothing leads to: nothing makes a rule fail."""
    names = ["s", *(f"n{number}" for number in range(len(kinds)))]
    flows = data.draw(
        st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names[1:]), st.booleans()), max_size=14)
    )
    body = "".join(f'<{kind} id="n{number}"/>' for number, kind in enumerate(kinds))
    for number, (source, target, has_condition) in enumerate(flows):
        inner = "<conditionExpression>${x}</conditionExpression>" if has_condition else ""
        body += f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
    for finding in lint(("x.bpmn", process(body))):
        assert finding.message
