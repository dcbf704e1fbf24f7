"""Ad-hoc sub-processes: their elements are begun by name, each in a scope of its own (the inner instance).

Which are begun says an expression of the model, a worker, or somebody outside. Whenever an inner instance has ended, the
completion condition is asked, or a worker. Nothing here looks at what the elements are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from procession.bpmn.model import AdHocInner, AdHocSubProcess, Node
from procession.errors import ExpressionFailed, Invalid, Missing
from procession.kernel import events as e
from procession.kernel.behaviours.scopes import Embedded
from procession.kernel.commands import AdHocResult, Values
from procession.kernel.compensation import is_recalled
from procession.kernel.ending import leave_after, terminate_children
from procession.kernel.records import Element, External, Phase, Wait
from procession.kernel.stepping import Step
from procession.kernel.variables import set_variable, set_variables, typed
from procession.kernel.work import AD_HOC, create_external

ELEMENTS = "adHocSubProcessElements"
"""The variable that tells workers which elements can be begun."""
BEGINS = "begins"  # in an inner instance's note: the element that it begins with
FULFILLED = (
    "fulfilled"  # in the sub-process' note: its completion condition is; True where what is active is cancelled then
)


class AdHoc(Embedded):
    """The sub-process itself."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, AdHocSubProcess)
        names = [] if node.active is None else _names(step, element, node)
        told = [{"elementId": name, **about} for name, about in node.startable.items()]
        set_variable(step, element.key, ELEMENTS, typed(told), local=True)
        if node.output_collection is not None:
            set_variable(step, element.key, node.output_collection, typed([]), local=True)
        if node.work is not None:
            create_external(step, element, node.work, AD_HOC)
        begin(step, element, node, [(name, {}) for name in names])

    def child_ended(self, step: Step, element: Element, node: Node, child: int) -> None:
        assert isinstance(node, AdHocSubProcess)
        if is_recalled(element) or element.phase is not Phase.EXECUTE:
            super().child_ended(step, element, node, child)
            return
        if FULFILLED in element.note:
            finish(step, element)
        elif node.work is not None:
            _ask_again(step, element, node)
        elif node.completion is None and not element.children:
            step.complete(element.key)

    def leaving(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, AdHocSubProcess)
        if node.output_collection is not None and element.parent is not None:
            found = step.view.variable(element.key, node.output_collection)
            if found is not None:
                set_variable(step, element.parent, node.output_collection, typed(found.value))
        super().leaving(step, element, node)


class Inner(Embedded):
    """An inner instance."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        step.create([(element.note[BEGINS], None)], element.key)

    def leaving(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, AdHocInner)
        assert element.parent is not None
        around = step.view.need(Element, element.parent)
        model = step.node_of(around)
        assert isinstance(model, AdHocSubProcess)
        if model.output_collection is not None and model.output_element is not None:
            value = step.evaluate(element.key, model.output_element)
            found = step.view.variable(around.key, model.output_collection)
            collected = [*(found.value if found is not None and isinstance(found.value, list) else ()), value]
            set_variable(step, around.key, model.output_collection, typed(collected), local=True)
        if model.completion is not None and FULFILLED not in around.note:
            holds = step.evaluate(around.key, model.completion)
            if not isinstance(holds, bool):
                raise ExpressionFailed(
                    f"Failed to evaluate completion condition. Expected result of the expression "
                    f"'{model.completion.source.removeprefix('=')}' to be 'BOOLEAN', but was {holds!r}.",
                    model.completion.source,
                )
            if holds:
                _fulfil(step, around, model.cancels)
        super().leaving(step, element, node)


def begin(step: Step, element: Element, node: AdHocSubProcess, elements: Sequence[tuple[str, Values]]) -> None:
    """Begins elements, each in an inner instance with variables of its own."""
    for name, variables in elements:
        (inner,) = step.create([(node.inner, None)], element.key, note={BEGINS: name})
        if node.output_variable is not None and node.output_variable not in variables:
            set_variable(step, inner, node.output_variable, typed(None), local=True)
        set_variables(step, inner, variables, local=True)


def require_startable(step: Step, element: Element, names: Sequence[str]) -> None:
    """Raises Missing where one of the elements is none that can be begun."""
    node = step.node_of(element)
    known: Mapping[str, object] = node.startable if isinstance(node, AdHocSubProcess) else {}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Missing(
            f"Expected to activate activities for ad-hoc sub-process with key '{element.key}', but the given elements "
            f"[{', '.join(unknown)}] do not exist."
        )


def answered(step: Step, element: Element, result: AdHocResult) -> None:
    """What a worker has decided happens. Raises Missing for elements that are none, Invalid for what contradicts itself."""
    node = step.node_of(element)
    assert isinstance(node, AdHocSubProcess)
    require_startable(step, element, [name for name, _ in result.elements])
    if result.fulfilled and result.elements:
        raise Invalid(
            f"The job of the ad-hoc sub-process '{node.id}' fulfils the completion condition and activates elements: it "
            "can do only one of both"
        )
    if result.fulfilled:
        _fulfil(step, element, result.cancels)
        finish(step, step.view.need(Element, element.key))
        return
    if result.cancels:
        terminate_children(step, element.key)
    begin(step, element, node, result.elements)


def finish(step: Step, element: Element) -> None:
    """The completion condition is fulfilled: the sub-process completes when nothing in it is active any more."""
    cancels: bool = element.note[FULFILLED]
    stay = terminate_children(step, element.key) if cancels and element.children else []
    if stay:
        leave_after(step, element.key, stay, {"completes": True})
    elif cancels or not element.children:
        step.complete(element.key)


def _fulfil(step: Step, element: Element, cancels: bool) -> None:
    step.emit(e.ElementNoted(element.key, {**element.note, FULFILLED: cancels}))


def _ask_again(step: Step, element: Element, node: AdHocSubProcess) -> None:
    """Something has ended: the worker is to decide anew, and what it may be deciding now is out of date."""
    assert node.work is not None
    for key in step.attached(element, Wait.EXTERNAL):
        step.emit(e.ExternalEnded(step.view.need(External, key), "deleted"))
    create_external(step, step.view.need(Element, element.key), node.work, AD_HOC)


def _names(step: Step, element: Element, node: AdHocSubProcess) -> list[str]:
    assert node.active is not None
    value = step.evaluate(element.key, node.active)
    about = f"Failed to activate ad-hoc elements. Expected result of the expression '{node.active.source.removeprefix('=')}'"
    if not isinstance(value, list | tuple):
        raise ExpressionFailed(f"{about} to be 'ARRAY', but was {value!r}.", node.active.source)
    if not all(isinstance(name, str) for name in value):
        raise ExpressionFailed(
            f"{about} to be 'ARRAY' containing 'STRING' items, but was 'ARRAY' containing at least one non-'STRING' item.",
            node.active.source,
        )
    names = list(value)
    try:
        require_startable(step, element, names)
    except Missing as missing:
        raise ExpressionFailed(missing.message, node.active.source) from None
    return names
