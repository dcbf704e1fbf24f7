"""Embedded sub-processes: a scope that begins at its own start event and is done when nothing is left inside."""

from __future__ import annotations

from procession.bpmn.model import Node
from procession.kernel.behaviours.behaviour import Behaviour
from procession.kernel.catching import START
from procession.kernel.records import Element
from procession.kernel.stepping import Step


class Embedded(Behaviour):
    """An embedded sub-process, or an event sub-process that one of its start events began."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        start = element.note.get(START) or step.process.starts[node.id][0]
        step.create([(start, None)], element.key)
