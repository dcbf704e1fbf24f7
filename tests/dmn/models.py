"""DMN in a few lines of Python, for tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from procession.dmn import Evaluation, compile_definitions, read_dmn

HEAD = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" '
    'xmlns:camunda="http://camunda.org/schema/1.0/dmn" id="model" name="Model" namespace="here" {}>'
)


def document(*elements: str, attributes: str = "") -> bytes:
    """A DMN file of these elements."""
    return (HEAD.format(attributes) + "".join(elements) + "</definitions>").encode()


def text(name: str, source: str, attributes: str = "") -> str:
    """An element with a text in it."""
    return f"<{name} {attributes}><text>{escape(source)}</text></{name}>"


def table(
    rules: Sequence[Sequence[str]],
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("out",),
    policy: str = "UNIQUE",
    extra: str = "",
    values: Sequence[str] = (),
    defaults: Sequence[str] = (),
    types: Sequence[str] = (),
) -> str:
    """A decision table; each rule is its input entries and then its output entries."""
    parts = [
        f'<input id="in{place}" label="In {place}">{text("inputExpression", source)}</input>'
        for place, source in enumerate(inputs)
    ]
    for place, name in enumerate(outputs):
        inner = text("outputValues", values[place]) if place < len(values) else ""
        inner += text("defaultOutputEntry", defaults[place]) if place < len(defaults) else ""
        type_ = f"typeRef={quoteattr(types[place])}" if place < len(types) and types[place] else ""
        parts.append(f'<output id="out{place}" name={quoteattr(name)} {type_}>{inner}</output>')
    for number, cells in enumerate(rules, 1):
        entries = [text("inputEntry", cell) for cell in cells[: len(inputs)]]
        entries += [text("outputEntry", cell) for cell in cells[len(inputs) :]]
        parts.append(f'<rule id="rule{number}">{"".join(entries)}</rule>')
    return f'<decisionTable id="table" hitPolicy="{policy}" {extra}>{"".join(parts)}</decisionTable>'


def literal(source: str, attributes: str = "") -> str:
    """A literal expression."""
    return text("literalExpression", source, attributes)


def decision(id_: str, logic: str, requires: Sequence[str] = (), type_: str = "", attributes: str = "") -> str:
    """A decision. What it requires are `d:id`, `i:id` and `k:id`: decisions, input data and knowledge.

    Ids inside begin with the decision's, but for the decision `d`.
    """
    roles = {
        "d": ("informationRequirement", "requiredDecision"),
        "i": ("informationRequirement", "requiredInput"),
        "k": ("knowledgeRequirement", "requiredKnowledge"),
    }
    required = ""
    for one in requires:
        requirement, role = roles[one[0]]
        required += f'<{requirement}><{role} href="#{one[2:]}"/></{requirement}>'
    if id_ != "d":
        logic = re.sub(r' id="(?=(table|in\d|out\d|rule\d))', f' id="{id_}-', logic)
    typed = f"typeRef={quoteattr(type_)}" if type_ else ""
    variable = f"<variable name={quoteattr(id_)} {typed}/>"
    return f'<decision id="{id_}" name="{id_}" {attributes}>{variable}{required}{logic}</decision>'


def input_data(name: str, type_: str = "Any") -> str:
    """Input data, its name as id."""
    return f'<inputData id="{name}" name="{name}"><variable name="{name}" typeRef="{type_}"/></inputData>'


def decide(data: bytes, name: str, **variables: Any) -> Evaluation:
    """The result of a decision by the standard; underscores in variable names stand for spaces."""
    named = {key.replace("_", " "): value for key, value in variables.items()}
    return compile_definitions(read_dmn(data)).evaluate(name, named)


def value(logic: str, **variables: Any) -> Any:
    """The value of one decision's logic."""
    return decide(document(decision("d", logic)), "d", **variables).value
