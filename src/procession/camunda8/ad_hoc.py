"""Ad-hoc sub-processes: what `zeebe:adHoc` says, what may be in them, and what workers are told of their elements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from procession.bpmn.dialect import AdHocExtras
from procession.bpmn.document import Document, child, children, documentation, standard_name, text_of
from procession.camunda8 import extensions as ext
from procession.camunda8.rules import require_expression

_BARE = frozenset({"sequenceFlow", "association", "textAnnotation", "group", "documentation", "extensionElements"})


def read_ad_hoc(element: etree._Element, document: Document) -> AdHocExtras:
    """What an ad-hoc sub-process begins with, and what becomes of it; reports what may not be in one."""
    problems, id_ = document.problems, element.get("id")
    found, job = ext.extension(element, "adHoc"), ext.job(element, document)
    active = None if found is None else found.get("activeElementsCollection")
    condition = child(element, "completionCondition")
    if all((name := standard_name(inner)) is None or name in _BARE or _ends(name) for inner in element):
        problems.error("Must have at least one activity.", element)
    for name, article in (("startEvent", "a start"), ("endEvent", "an end")):
        if children(element, name):
            problems.error(f"Must not contain {article} event.", element)
    if job is not None and active:
        problems.error("Must not define activeElementsCollection in combination with zeebe:taskDefinition.", element)
    if job is not None and condition is not None:
        problems.error("Must not define completionCondition in combination with zeebe:taskDefinition.", element)
    if active:
        require_expression(active, f"{id_} > extensionElements > adHoc", element, document)
    if condition is not None:
        require_expression(text_of(condition), id_ or "", element, document)
    collection = None if found is None else found.get("outputCollection")
    output = None if found is None else found.get("outputElement")
    if (collection is None) is not (output is None):
        text = "OutputElement and OutputCollection must both be set, or neither of them set."
        shown = ["null" if value is None else value for value in (output, collection)]
        problems.error(f"{text} outputElement:{shown[0]} and outputCollection:{shown[1]}.", element)
    return AdHocExtras(
        active=document.expression(active, element) if active else None,
        output_collection=collection,
        output_element=None if output is None else document.expression(output, element),
        output_variable=ext.variable_of(output),
        work=job,
    )


def _ends(name: str) -> bool:
    return name in ("startEvent", "endEvent", "boundaryEvent", "completionCondition")


def told_of(element: etree._Element) -> Mapping[str, Any]:
    """What a worker is told of an element besides its id: name, documentation and properties, where it has them."""
    told: dict[str, Any] = {
        "elementName": element.get("name"),
        "documentation": documentation(element),
        "properties": ext.properties(element),
    }
    return {name: value for name, value in told.items() if value}
