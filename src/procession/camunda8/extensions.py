"""What `zeebe:` elements say, read one kind at a time. What they mean together is `bpmn.py`'s."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from procession.bpmn.document import BPMN, Document, child, standard_name
from procession.bpmn.model import Assignment, Binding, ExternalWork, Form, Listener, Reach, Reference
from procession.expressions import Expression, Literal

ZEEBE = "http://camunda.org/schema/zeebe/1.0"
USER_TASK_JOB = "io.camunda.zeebe:userTask"
_EXTENSIONS = f"{{{BPMN}}}extensionElements"
_PREFIX = f"{{{ZEEBE}}}"
# the moments of a user task: Camunda 8's names, and the kernel's
_TASK_MOMENTS = {
    "create": "create",
    "creating": "create",
    "assignment": "assignment",
    "assigning": "assignment",
    "update": "update",
    "updating": "update",
    "complete": "complete",
    "completing": "complete",
    "cancel": "delete",
    "canceling": "delete",
}
_NAMED = re.compile(r"\s*=\s*([^\W\d]\w*)(\.\w+)*\s*\Z")
_BINDINGS = {
    "latest": Binding.LATEST,
    "deployment": Binding.DEPLOYMENT,
    "versionTag": Binding.VERSION_TAG,
}


def extension(element: etree._Element, name: str) -> etree._Element | None:
    """The first `zeebe:` extension of that name at an element."""
    return next(extensions(element, name), None)


def extensions(element: etree._Element, name: str, *path: str) -> Iterator[etree._Element]:
    """The `zeebe:` extensions of that name at an element; with a path those inside of them."""
    for around in element.iterfind(_EXTENSIONS):
        for found in around.iterfind(_PREFIX + name):
            if path:
                for inner in path[:-1]:
                    inside = found.find(_PREFIX + inner)
                    if inside is None:
                        break
                    found = inside
                yield from found.iterfind(_PREFIX + path[-1])
            else:
                yield found


def mappings(element: etree._Element, name: str, reach: Reach, document: Document) -> tuple[Assignment, ...]:
    """The `input` or `output` mappings of an element."""
    found = []
    for mapping in extensions(element, "ioMapping", name):
        target = (mapping.get("target") or "").strip()
        source = document.expression(mapping.get("source") or "", mapping)
        if not target:
            document.problems.error(f"Attribute 'target' must be present and not empty on {name}", mapping)
        variable, *path = target.split(".")
        found.append(Assignment(variable, source, reach, tuple(path)))
    return tuple(found)


def execution_listeners(element: etree._Element, document: Document) -> tuple[Listener, ...]:
    """The execution listeners of an element or process."""
    listeners: list[Listener] = []
    place = f"{element.get('id')} > extensionElements > executionListeners"
    seen: Counter[tuple[str, str]] = Counter()
    for found in extensions(element, "executionListeners", "executionListener"):
        event, type_ = found.get("eventType") or "", found.get("type") or ""
        seen[event, type_] += 1
        if not event:
            at = f"{place} > executionListener"
            document.problems.error("Attribute 'eventType' must be present and not empty", found, at)
        elif event not in ("start", "end"):
            document.problems.error(f"An execution listener has no event type '{event}'", found, place)
        elif _deaf(element, event) is not None:
            text = f"Execution listeners of type '{event}' are not supported by {_deaf(element, event)}"
            document.problems.error(text, element)
        else:
            listeners.append(Listener(event, _listened(element, found, f"{place} > executionListener", document)))
    for (event, type_), times in seen.items():
        if times > 1 and event and type_:
            text = f"Found '{times}' duplicates based on eventType[{event}] and type[{type_}], "
            document.problems.error(text + "these combinations should be unique.", element, place)
    return tuple(listeners)


def _deaf(element: etree._Element, event: str) -> str | None:
    """What an element is called that has no listeners for an event; None where it has."""
    kind = standard_name(element) or ""
    if event == "start":
        named = {"startEvent": "start events", "boundaryEvent": "boundary events"}
        if kind == "boundaryEvent" and child(element, "compensateEventDefinition") is not None:
            return "[compensation] boundary events"
        return named.get(kind)
    if kind.endswith("Gateway"):
        return "gateway element"
    if kind == "endEvent" and child(element, "errorEventDefinition") is not None:
        return "[error] end events"
    if kind == "boundaryEvent" and child(element, "compensateEventDefinition") is not None:
        return "[compensation] boundary events"
    return None


def task_listeners(element: etree._Element, document: Document) -> tuple[Listener, ...]:
    """The listeners of a user task."""
    listeners = []
    place = f"{element.get('id')} > extensionElements > taskListeners"
    native = extension(element, "userTask") is not None
    if extension(element, "taskListeners") is not None and not native:
        document.problems.error("Task listeners are only allowed on Camunda user tasks.", element, place)
        return ()
    for found in extensions(element, "taskListeners", "taskListener"):
        event = found.get("eventType") or ""
        if event in _TASK_MOMENTS:
            work = _listened(element, found, f"{place} > taskListener", document)
            listeners.append(Listener(_TASK_MOMENTS[event], work))
        elif event:
            document.problems.error(f"A task listener has no event type '{event}'", found, place)
        else:
            at = f"{place} > taskListener"
            document.problems.error("Attribute 'eventType' must be present and not empty", found, at)
    return tuple(listeners)


def _listened(element: etree._Element, listener: etree._Element, place: str, document: Document) -> ExternalWork:
    """The job of a listener. It has the headers of its element too; where both say something its own count."""
    type_ = listener.get("type") or ""
    if not type_:
        document.problems.error("Attribute 'type' must be present and not empty", listener, place)
    retries = document.expression(listener.get("retries") or "3", listener)
    own = {x.get("key") or "": x.get("value") or "" for x in listener.iterfind(f"{_PREFIX}taskHeaders/{_PREFIX}header")}
    return ExternalWork(document.expression(type_, listener), retries=retries, headers={**headers(element), **own})


def variable_of(expression: str | None) -> str | None:
    """The variable from which an output element is taken, where it is nothing but that or a path in it."""
    found = _NAMED.match(expression or "")
    return None if found is None else found[1]


def properties(element: etree._Element) -> dict[str, str]:
    """The `zeebe:properties` of an element."""
    found = extensions(element, "properties", "property")
    return {x.get("name") or "": x.get("value") or "" for x in found if x.get("name")}


def headers(element: etree._Element) -> dict[str, str]:
    """The task headers of an element."""
    return {x.get("key") or "": x.get("value") or "" for x in extensions(element, "taskHeaders", "header")}


def job(element: etree._Element, document: Document) -> ExternalWork | None:
    """The job of a task or throwing event that has a task definition."""
    found = extension(element, "taskDefinition")
    if found is None:
        return None
    type_ = found.get("type") or ""
    if not type_:
        document.problems.error("Attribute 'type' must be present and not empty on a task definition", found)
    priority = extension(element, "jobPriorityDefinition")
    return ExternalWork(
        document.expression(type_, found),
        retries=document.expression(found.get("retries") or "3", found),
        priority=None if priority is None else document.optional(priority.get("priority"), priority),
        headers=headers(element),
    )


def reference(found: etree._Element, key: str, document: Document) -> Reference:
    """What a called element, decision or form is named by: an attribute, and the binding beside it."""
    binding = _BINDINGS.get(found.get("bindingType") or "latest")
    tag = found.get("versionTag")
    version: Expression | None = None if tag is None else Literal(tag, tag)
    return Reference(document.expression(found.get(key) or "", found), binding or Binding.LATEST, version)


def form(element: etree._Element, document: Document) -> Form | None:
    """The form of a user task or start event."""
    found = extension(element, "formDefinition")
    if found is None:
        return None
    if found.get("formId"):
        return Form(reference=reference(found, "formId", document))
    key = found.get("externalReference") or found.get("formKey")
    return None if key is None else Form(key=document.expression(key, found))
