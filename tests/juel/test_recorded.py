"""What Camunda 7.24 answered to some 480 expressions, replayed here.

Left out is where we differ on purpose: XML is written as it came and not indented, dates end with the year 9999, and a
few messages of the Java runtime are shorter.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from procession.errors import ExpressionFailed
from procession.juel import coerce_string, compile_expression
from procession.temporal import format_camunda
from procession.values import JsonValue, XmlValue, type_of
from tests.juel.scopes import ProcessScope, variables

RECORDED = [
    line.split("\t") for line in (Path(__file__).parent / "data" / "camunda.tsv").read_text("utf-8").splitlines()
]
# Java classes to the types of Camunda's variables.
TYPES = {
    "java.lang.Boolean": "Boolean",
    "java.lang.String": "String",
    "java.lang.Character": "String",
    "java.lang.Integer": "Integer",
    "java.lang.Long": "Long",
    "java.lang.Double": "Double",
    "java.util.Date": "Date",
    "org.joda.time.DateTime": "Date",
    "org.camunda.spin.impl.json.jackson.JacksonJsonNode": "Json",
}
CLASS = re.compile(r"[a-z0-9]+(\.[a-z0-9]+)*\.[A-Z][\w$]*")


def ours(text: str) -> str:
    scope = ProcessScope()
    try:
        value = compile_expression(text).evaluate(scope)
    except ExpressionFailed as fault:
        return "!" + without_classes(fault.message)
    assert repr(scope.values) == repr(variables()), "an expression changed a variable"
    return f"{type_of(value)} {shown(value)}"


def theirs(text: str) -> str:
    if text == "null":
        return "Null null"
    if text.startswith("!"):
        return "!" + without_classes(text.partition(": ")[2])
    java, _, value = text.partition(" ")
    kind = TYPES.get(java, "Object")
    if kind == "Date":
        value = value.replace("Z", "+0000").replace("+00:00", "+0000")
    return f"{kind} {value}"


def shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, datetime):
        return format_camunda(value)
    if isinstance(value, list) and any(isinstance(item, JsonValue | XmlValue) for item in value):
        return "[" + ", ".join(item.text for item in value) + "]"
    return coerce_string(value)


def without_classes(message: str) -> str:
    """Messages name Java classes; beans and exceptions have their own names here."""
    return CLASS.sub("", message.replace("class ", "").replace("BeanOf", ""))


@pytest.mark.parametrize(("text", "answer"), RECORDED, ids=[line[0] for line in RECORDED])
def test_answers_as_camunda(text: str, answer: str) -> None:
    assert ours(text.replace("\\n", "\n")) == theirs(answer.replace("\\n", "\n"))
