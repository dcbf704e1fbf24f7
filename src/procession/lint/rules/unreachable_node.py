"""Every element can be reached.

An element that no flow, no event and no association leads to never runs. Mostly a flow was forgotten, or drawn to the wrong
element; what its author meant to happen does not happen, and nothing fails.

**Instead:** connect the element, or delete it.
"""

from __future__ import annotations

from collections.abc import Iterator

from procession.lint.finding import Fault, at
from procession.lint.paths import Paths
from procession.lint.project import File, Project


def check(file: File, project: Project) -> Iterator[Fault]:
    """Elements that no token ever comes to: of each unreachable stretch the first ones, and all in no stretch."""
    for process in file.processes:
        paths = Paths(process)
        lost = [node for node in process.nodes.values() if node.id not in paths.reachable]
        ids = {node.id for node in lost}
        led = {target for id_ in ids for target in paths.after[id_]}
        heads = [node for node in lost if node.id not in led] or lost[:1]
        for node in heads:
            if node.scope not in ids:
                yield at(node, f"nothing leads to this {node.kind}, so it never runs")
