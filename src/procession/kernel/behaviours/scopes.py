"""Embedded sub-processes: a scope that begins at its own start event and is done when nothing is left inside."""

from __future__ import annotations

from procession.bpmn.model import Node
from procession.kernel.behaviours.behaviour import Behaviour
from procession.kernel.records import Element
from procession.kernel.stepping import Step


class Embedded(Behaviour):
    """An embedded sub-process."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        step.create([(step.process.starts[node.id][0], None)], element.key)
