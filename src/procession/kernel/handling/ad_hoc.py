"""Elements of an ad-hoc sub-process begun from outside."""

from __future__ import annotations

from procession.bpmn.model import AdHocSubProcess
from procession.errors import Conflict, Invalid, Missing
from procession.kernel import commands as c
from procession.kernel.behaviours.ad_hoc import begin, require_startable
from procession.kernel.ending import terminate_children
from procession.kernel.handling.instances import require_active
from procession.kernel.records import Element, Life, Phase
from procession.kernel.stepping import BODY, Step


def activate(step: Step, command: c.ActivateAdHoc) -> None:
    about = f"Expected to activate activities for ad-hoc sub-process with key '{command.element}'"
    element = step.view.get(Element, command.element)
    node = None if element is None or element.parent is None or element.node.endswith(BODY) else step.node_of(element)
    if element is None or not isinstance(node, AdHocSubProcess):
        raise Missing(f"{about}, but no ad-hoc sub-process instance found with this key.")
    require_active(step, element.instance, f"Ad-hoc sub-process '{element.key}'")
    if element.life is not Life.ACTIVE or element.phase is not Phase.EXECUTE:
        raise Conflict(f"{about}, but it is not active.")
    names = [name for name, _ in command.elements]
    if len(set(names)) < len(names):
        raise Invalid(f"{about}, but duplicate activities were given.")
    require_startable(step, element, names)
    if command.cancels:
        terminate_children(step, element.key)
    begin(step, element, node, command.elements)
