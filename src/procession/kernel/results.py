"""Where the results of work, messages and called processes go, as the process' policy says."""

from __future__ import annotations

from procession.kernel.commands import Values
from procession.kernel.records import Element, Task
from procession.kernel.stepping import Step
from procession.kernel.variables import set_variables


def take_results(step: Step, scope: int, values: Values) -> None:
    """Sets what reached an element (or the task at it) from outside.

    Where results do not simply go outwards and the element has output mappings, they stay in the element: its mappings
    then say what leaves it.
    """
    if not values:
        return
    if step.process.policies.results_outwards:
        set_variables(step, scope, values)
        return
    task = step.view.get(Task, scope)
    at = scope if task is None else task.element
    if at is None:
        set_variables(step, scope, values)
        return
    mapped = bool(step.node_of(step.view.need(Element, at)).traits.outputs)
    set_variables(step, at, values, local=mapped)
