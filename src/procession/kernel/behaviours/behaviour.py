"""The hooks of every behaviour. What a kind of element does not need, it leaves as it is."""

from __future__ import annotations

from procession.bpmn.model import Node
from procession.kernel.commands import NO_VALUES, Values
from procession.kernel.records import Element, Phase
from procession.kernel.stepping import Step


class Behaviour:
    """Reads `step.view`, evaluates, then emits; keeps no state of its own."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        """The token is here: do it, or rest until something triggers the element."""
        step.complete(element.key)

    def triggered(self, step: Step, element: Element, node: Node, event: Node, brings: Values = NO_VALUES) -> None:
        """What the element waited for at `event` (itself, or the target of an event gateway) has come.

        `brings` are variables for the event of an event gateway.
        """
        step.complete(element.key)

    def confirmed(self, step: Step, element: Element, node: Node) -> None:
        """All listeners have agreed that it may complete."""
        step.complete(element.key)

    def leaving(self, step: Step, element: Element, node: Node) -> None:
        """The element is about to end well; its variables are still there."""
        if node.traits.loop is not None and element.loop_counter is not None:
            from procession.kernel.behaviours.loops import collect_output, look_at_completion

            collect_output(step, element, node.traits.loop)
            look_at_completion(step, element, node.traits.loop)

    def child_ended(self, step: Step, element: Element, node: Node, child: int) -> None:
        """Something directly inside the element has ended."""
        if not element.children and element.phase is Phase.EXECUTE:
            step.complete(element.key)
