"""Reachability along flows inside one scope, checked against a search from the other side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from procession.bpmn.graph import can_reach, graph_of
from procession.bpmn.model import Process
from tests.bpmn.models import process, read

Edges = list[tuple[int, int]]


def tasks(count: int, edges: Edges) -> Process:
    nodes = "".join(f'<task id="n{i}"/>' for i in range(count))
    flows = "".join(f'<sequenceFlow id="f{i}" sourceRef="n{a}" targetRef="n{b}"/>' for i, (a, b) in enumerate(edges))
    return read(process(nodes + flows))


def reachable(edges: Edges, start: int) -> set[int]:
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        at = waiting.pop()
        for a, b in edges:
            if a == at and b not in seen:
                seen.add(b)
                waiting.append(b)
    return seen


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_can_reach_is_what_a_search_forwards_finds(edges: Edges) -> None:
    model = tasks(6, edges)
    for a in range(6):
        found = {b for b in range(6) if can_reach(model, f"n{a}", f"n{b}")}
        assert found == reachable(edges, a)


def test_a_node_reaches_itself_only_by_a_loop() -> None:
    assert not can_reach(tasks(2, [(0, 1)]), "n0", "n0")
    assert can_reach(tasks(2, [(0, 1), (1, 0)]), "n0", "n0")


def test_what_a_boundary_event_may_begin_is_not_waited_for() -> None:
    """Camunda 7 looks along sequence flows alone."""
    model = read(
        process(
            '<task id="a"/><task id="b"/><boundaryEvent id="x" attachedToRef="a"><errorEventDefinition/></boundaryEvent>'
            '<sequenceFlow id="f" sourceRef="x" targetRef="b"/>'
        )
    )
    assert can_reach(model, "x", "b")
    assert not can_reach(model, "a", "b")


def test_the_graph_of_a_process_is_made_once() -> None:
    model = tasks(2, [(0, 1)])
    assert graph_of(model) is graph_of(model)
