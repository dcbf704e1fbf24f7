"""Small models for tests: a process of a start `s`, whatever is given, and an end `e`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from procession.bpmn.model import Process
from procession.bpmn.reader import Reading, read_definitions
from procession.camunda7.bpmn import Camunda7
from procession.errors import ParseFailed

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="t">\n'
)
MESSAGE = '<message id="m" name="M"/>'


def process(
    body: str,
    *,
    root: str = "",
    attributes: str = "",
    start: str = '<startEvent id="s"/>',
    end: str = '<endEvent id="e"/>',
) -> str:
    """A file with one executable process `p`; each element of `body` is on a line of its own, from line 5."""
    body = body.replace("><", ">\n<")
    return f'{HEAD}{root}\n<process id="p" isExecutable="true" {attributes}>\n{start}\n{body}\n{end}\n</process>\n</definitions>'


def around(node: str, *, extra: str = "", root: str = "", attributes: str = "", end: str = '<endEvent id="e"/>') -> str:
    """A process s -f1-> t -f2-> e, where `node` is the XML of `t`."""
    flows = '<sequenceFlow id="f1" sourceRef="s" targetRef="t"/>', '<sequenceFlow id="f2" sourceRef="t" targetRef="e"/>'
    return process(f"{flows[0]}\n{node}\n{flows[1]}\n{extra}", root=root, attributes=attributes, end=end)


def extension(content: str) -> str:
    return f"<extensionElements>{content}</extensionElements>"


def mapping(content: str) -> str:
    return extension(f"<camunda:inputOutput>{content}</camunda:inputOutput>")


def reading(xml: str, refused: Mapping[str, str] | None = None) -> Reading:
    """With nothing refused, unless said otherwise."""
    return read_definitions(xml.encode(), replace(Camunda7(), refused=refused or {}), "a.bpmn")


def read(xml: str) -> Process:
    """The only process of the file."""
    (found,) = reading(xml).processes
    return found


def verdict(xml: str) -> list[str] | str:
    """ "deployed", "aborted", or the elements blamed, with `line n` where there is none."""
    try:
        reading(xml)
    except ParseFailed as failed:
        if failed.details["aborted"]:
            return "aborted"
        return sorted({id_ for p in failed.problems for id_ in (p.elements or (f"line {p.line}",))})
    return "deployed"
