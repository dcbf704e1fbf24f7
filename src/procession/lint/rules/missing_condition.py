"""Where a path is chosen, every flow says when it is taken.

At an exclusive or inclusive gateway, and behind an activity some of whose flows have conditions, a flow without one is
ambiguous: an exclusive gateway takes it for the default flow, an inclusive gateway and an activity take it always, beside the
others. A condition that is plain text, without `${…}` (in Camunda 8: without `=`), is none: the engine fails on it when a token
gets there.

**Instead:** give the flow a condition, or make it the default flow. Where it is meant to be taken always, fork with a parallel
gateway, which shows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from procession.bpmn.model import Flow, InclusiveGateway, Node
from procession.expressions import Literal
from procession.lint.finding import Fault, at
from procession.lint.project import File, Project


def check(file: File, project: Project) -> Iterator[Fault]:
    """Flows without a condition beside flows with one, and conditions that are none."""
    for process in file.processes:
        for node in process.nodes.values():
            flows = [process.flows[id_] for id_ in node.outgoing]
            yield from _bare(node, flows)
        for flow in process.flows.values():
            if isinstance(flow.condition, Literal) and not isinstance(flow.condition.value, bool):
                yield at(flow, f"its condition '{flow.condition.source}' is plain text, not an expression")


def _bare(node: Node, flows: list[Flow]) -> Iterator[Fault]:
    chooses = any(flow.condition is not None for flow in flows)
    if len(flows) < 2 or not (chooses or isinstance(node, InclusiveGateway)):
        return
    for flow in flows:
        if flow.condition is None and flow.id != node.default:
            yield at(node, f"its flow '{flow.id}' has no condition and is not its default flow")
