"""Embedded sub-processes: a scope that begins at its own start event and is done when nothing is left inside."""

from __future__ import annotations

from procession.bpmn.model import Node
from procession.kernel.behaviours.behaviour import Behaviour
from procession.kernel.catching import INTERRUPTED, START
from procession.kernel.compensation import is_recalled, recalled_child_ended
from procession.kernel.records import Element
from procession.kernel.stepping import Step
from procession.kernel.variables import set_variables
from procession.values import TypedValue


class Embedded(Behaviour):
    """An embedded sub-process, or an event sub-process that one of its start events began."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        if element.note.get(INTERRUPTED):
            if not element.children:
                step.complete(element.key)
            return
        start = element.note.get(START) or step.process.starts[node.id][0]
        (begun,) = step.create([(start, None)], element.key)
        if START in element.note and not step.process.policies.results_outwards:
            # what the event brought is the start event's own, which hands it out
            brought = step.view.variables(element.key)
            values = {name: TypedValue(v.type, v.value, v.info) for name, v in brought.items()}
            step.drop_variables(element.key)
            set_variables(step, begun, values, local=True)

    def child_ended(self, step: Step, element: Element, node: Node, child: int) -> None:
        if is_recalled(element):
            recalled_child_ended(step, element)
        else:
            super().child_ended(step, element, node, child)
