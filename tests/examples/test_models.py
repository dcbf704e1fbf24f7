"""The models' diagrams: complete, tidy, without overlaps, every edge docked. Needs no server."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.examples.rest import INSURANCE

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"
MODELS = sorted((INSURANCE / "camunda").glob("*.bpmn"))
CONTAINERS = {"participant", "lane", "subProcess"}

each_model = pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def contains(self, other: Box) -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )

    def borders(self, x: float, y: float) -> bool:
        on_x = x in (self.x, self.x + self.width) and self.y <= y <= self.y + self.height
        return on_x or (y in (self.y, self.y + self.height) and self.x <= x <= self.x + self.width)


class Drawing:
    def __init__(self, path: Path) -> None:
        self.root = ET.parse(path).getroot()
        self.elements = {one.get("id", ""): one for one in self.root.iter() if one.tag.startswith(BPMN)}
        self.shapes = {one.get("bpmnElement", ""): _box(one) for one in self.root.iter(f"{BPMNDI}BPMNShape")}
        self.edges = {
            edge.get("bpmnElement", ""): [
                (float(point.get("x", "")), float(point.get("y", ""))) for point in edge.findall(f"{DI}waypoint")
            ]
            for edge in self.root.iter(f"{BPMNDI}BPMNEdge")
        }

    def kind(self, element: str) -> str:
        return self.elements[element].tag.removeprefix(BPMN)


def _box(shape: ET.Element) -> Box:
    bounds = shape.find(f"{DC}Bounds")
    assert bounds is not None
    return Box(*(float(bounds.get(name, "")) for name in ("x", "y", "width", "height")))


@each_model
def test_everything_is_drawn_once(path: Path) -> None:
    drawing = Drawing(path)
    flows = {one.get("id") for one in drawing.root.iter(f"{BPMN}sequenceFlow")}
    nodes = {
        one.get("id")
        for kind in ("Event", "Task", "task", "Gateway", "subProcess", "callActivity", "participant", "lane")
        for one in drawing.elements.values()
        if one.tag.endswith(kind)
    }
    assert drawing.edges.keys() == flows
    assert drawing.shapes.keys() == nodes


@each_model
def test_no_shape_lies_on_another(path: Path) -> None:
    drawing = Drawing(path)
    small = {name: box for name, box in drawing.shapes.items() if drawing.kind(name) not in CONTAINERS}
    attached = {
        frozenset((name, str(drawing.elements[name].get("attachedToRef"))))
        for name in small
        if drawing.kind(name) == "boundaryEvent"
    }
    pairs = [pair for pair in itertools.combinations(small, 2) if frozenset(pair) not in attached]
    assert [(one, two) for one, two in pairs if small[one].overlaps(small[two])] == []


@each_model
def test_every_node_lies_in_its_container(path: Path) -> None:
    drawing = Drawing(path)
    outside = [
        (child, container)
        for container, element in drawing.elements.items()
        if drawing.kind(container) in ("lane", "subProcess")
        for child in [ref.text or "" for ref in element.findall(f"{BPMN}flowNodeRef")]
        or [one.get("id", "") for one in element]
        if child in drawing.shapes
        and drawing.kind(child) != "boundaryEvent"
        and not drawing.shapes[container].contains(drawing.shapes[child])
    ]
    assert outside == []


@each_model
def test_every_edge_docks_and_runs_straight(path: Path) -> None:
    drawing = Drawing(path)
    for flow, points in drawing.edges.items():
        element = drawing.elements[flow]
        for end, point in (("sourceRef", points[0]), ("targetRef", points[-1])):
            assert drawing.shapes[element.get(end, "")].borders(*point), f"{flow} does not dock at its {end}"
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            assert x1 == x2 or y1 == y2, f"{flow} runs aslant"


@each_model
def test_no_edge_runs_through_a_node(path: Path) -> None:
    drawing = Drawing(path)
    wrong = []
    for flow, points in drawing.edges.items():
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            line = Box(min(x1, x2) + 0.5, min(y1, y2) + 0.5, abs(x2 - x1) - 1, abs(y2 - y1) - 1)
            line = Box(line.x, line.y, max(line.width, 0.01), max(line.height, 0.01))
            ends = {drawing.elements[flow].get("sourceRef"), drawing.elements[flow].get("targetRef")}
            wrong += [
                (flow, name)
                for name, box in drawing.shapes.items()
                if drawing.kind(name) not in CONTAINERS | {"boundaryEvent"} and name not in ends and box.overlaps(line)
            ]
    # A boundary event's edge leaves through the border of what it is attached to.
    assert [
        (f, n)
        for f, n in wrong
        if drawing.elements[str(drawing.elements[f].get("sourceRef"))].get("attachedToRef") != n
    ] == []


@each_model
def test_incoming_and_outgoing_agree_with_the_flows(path: Path) -> None:
    drawing = Drawing(path)
    for name, element in drawing.elements.items():
        for tag, end in (("incoming", "targetRef"), ("outgoing", "sourceRef")):
            told = {str(one.text) for one in element.findall(f"{BPMN}{tag}")}
            real = {str(f.get("id")) for f in drawing.root.iter(f"{BPMN}sequenceFlow") if f.get(end) == name}
            assert told == real, f"{name}: {tag}"


@pytest.mark.seed(4, 741)
def test_names_that_others_rely_on() -> None:
    main = Drawing(INSURANCE / "camunda" / "insurance_process.bpmn").elements
    assert main["insurance_process"].get("name") == "InsuranceProcess"
    assert main["DetermineRiskgroup"].get("name") == "Determine Riskgroup"
    assert main["DetermineRiskgroup"].get("{http://camunda.org/schema/1.0/bpmn}topic") == "determine-riskgroup"
    table = (INSURANCE / "camunda" / "risk_rating.dmn").read_text(encoding="utf-8")
    assert '<decision id="risk_rating" name="Risk Rating"' in table
    assert 'xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"' in table
