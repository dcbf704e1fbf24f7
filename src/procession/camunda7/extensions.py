"""What `camunda:` attributes and elements say about flow nodes, compiled into the model.

Camunda 7 also accepts the older `http://activiti.org/bpmn` for all of them, and `http://www.camunda.com/fox` for the retry
cycle. Rules, wording and the elements blamed are Camunda 7's.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from procession.bpmn.document import Document, child, holder, is_true, text_of
from procession.bpmn.model import (
    Assignment,
    Binding,
    ConnectorWork,
    Copy,
    DecisionWork,
    DelegateWork,
    ExpressionWork,
    ExternalWork,
    Listener,
    ListOf,
    MapOf,
    Reach,
    Reference,
    Script,
    ScriptWork,
    Source,
    Traits,
    Work,
)
from procession.bpmn.reading_events import timer
from procession.expressions import Expression, Literal
from procession.xml import local_name, namespace

NAMESPACES = ("http://camunda.org/schema/1.0/bpmn", "http://activiti.org/bpmn")
FOX = "http://www.camunda.com/fox"
_TASK_EVENTS = ("create", "assignment", "complete", "update", "delete", "timeout")


def attribute(element: etree._Element, name: str) -> str | None:
    """A `camunda:` attribute, None where it is absent."""
    for space in NAMESPACES:
        value = element.get(f"{{{space}}}{name}")
        if value is not None:
            return value
    return None


def extensions(element: etree._Element, name: str) -> list[etree._Element]:
    """The `camunda:` elements of that name in the element's `extensionElements`."""
    around = child(element, "extensionElements")
    return [] if around is None else inner(around, name)


def inner(element: etree._Element, name: str) -> list[etree._Element]:
    """The `camunda:` children of that name."""
    return [found for space in NAMESPACES for found in element.findall(f"{{{space}}}{name}")]


def is_text(value: str) -> bool:
    """Whether a text is plain, that is without `${}` and `#{}`."""
    return "${" not in value and "#{" not in value


def number(element: etree._Element, name: str, document: Document, *ids: str | None) -> Expression | None:
    """A priority: an integer or an expression. Other text is a problem."""
    value = attribute(element, name)
    if value is None:
        return None
    if not is_text(value):
        return document.expression(value, element, *ids)
    try:
        return Literal(int(value), value)
    except ValueError:
        document.problems.error(f"Value '{value}' for attribute '{name}' is not a number", element, *ids)
        return None


def comma_list(value: str) -> Iterator[str]:
    """The parts of a list; commas inside `${}` do not part."""
    depth = begin = 0
    for at, letter in enumerate(value):
        if letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
        elif letter == "," and depth <= 0:
            yield value[begin:at].strip()
            begin = at + 1
    yield value[begin:].strip()


# ---------------------------------------------------------------- what every element may carry


def read_traits(element: etree._Element, document: Document) -> Traits:
    """Continuation, retries, priority, mappings, listeners and properties of a flow node."""
    before, after, exclusive = continuation(element)
    inputs, outputs = mappings(element, document)
    return Traits(
        async_before=before,
        async_after=after,
        exclusive=exclusive,
        retry=retry(element, document),
        job_priority=number(element, "jobPriority", document),
        inputs=inputs,
        outputs=outputs,
        listeners=(*execution_listeners(element, document), *_task_listeners(element, document)),
        properties=properties(element),
    )


def continuation(element: etree._Element) -> tuple[bool, bool, bool]:
    """asyncBefore (or the older `async`), asyncAfter, exclusive."""
    before = "true" in (attribute(element, "async"), attribute(element, "asyncBefore"))
    exclusive = attribute(element, "exclusive")
    return before, attribute(element, "asyncAfter") == "true", exclusive in (None, "true")


def properties(element: etree._Element) -> dict[str, str | None]:
    """`camunda:properties` by name; one without a value has none."""
    return {
        found.get("name") or "": found.get("value")
        for around in extensions(element, "properties")
        for found in inner(around, "property")
    }


def retry(element: etree._Element, document: Document) -> Expression | None:
    """The retry cycle of an activity, or of the turns of a loop."""
    around = child(element, "extensionElements")
    if around is None:
        return None
    found = inner(around, "failedJobRetryTimeCycle") or around.findall(f"{{{FOX}}}failedJobRetryTimeCycle")
    return document.expression(text_of(found[0]).strip(), found[0]) if found else None


def mappings(element: etree._Element, document: Document) -> tuple[tuple[Assignment, ...], tuple[Assignment, ...]]:
    """The input and output parameters of `camunda:inputOutput`."""
    found = extensions(element, "inputOutput")
    if len(found) > 1:
        document.problems.abort("There is more than one 'inputOutput' on an element", found[1], element.get("id"))
    if not found or not _may_map(element, found[0], document):
        return (), ()
    return (
        tuple(_parameters(found[0], "inputParameter", Reach.LOCAL, document)),
        tuple(_parameters(found[0], "outputParameter", Reach.PARENT, document)),
    )


def _may_map(element: etree._Element, mapping: etree._Element, document: Document) -> bool:
    name = local_name(element)
    known = "task" in name.lower() or "event" in name.lower() or name in ("transaction", "subProcess", "callActivity")
    if not known or name in ("startEvent", "boundaryEvent", "eventBasedGateway"):
        document.problems.error(f"camunda:inputOutput mapping unsupported for element type '{name}'", element)
        return False
    if is_true(element.get("triggeredByEvent")):
        document.problems.error(
            f"camunda:inputOutput mapping unsupported for element type '{name}' with attribute"
            " 'triggeredByEvent = true'",
            element,
        )
        return False
    if inner(mapping, "outputParameter"):
        if name == "endEvent":
            document.problems.error(f"camunda:outputParameter not allowed for element type '{name}'", element)
            return False
        if child(element, "multiInstanceLoopCharacteristics") is not None:
            document.problems.error("camunda:outputParameter not allowed for multi-instance constructs", element)
            return False
    return True


def _parameters(mapping: etree._Element, name: str, reach: Reach, document: Document) -> Iterator[Assignment]:
    for parameter in inner(mapping, name):
        target = parameter.get("name")
        if not target:
            document.problems.error(f"Missing attribute 'name' for {name}", parameter, holder(parameter))
            continue
        yield Assignment(target, _value(parameter, document), reach)


def _value(parameter: etree._Element, document: Document) -> Source:
    """What a parameter, list item or map entry is: text, list, map or script."""
    nested = [found for found in parameter if namespace(found) in NAMESPACES]
    if not nested:
        text = text_of(parameter).strip()
        return document.expression(text, parameter) if text else Literal(None, "")
    return _nested(nested[0], document)


def _nested(element: etree._Element, document: Document) -> Source:
    match local_name(element):
        case "list":
            return ListOf(tuple(_nested(item, document) for item in element if namespace(item) in NAMESPACES))
        case "map":
            entries = []
            for entry in inner(element, "entry"):
                if not entry.get("key"):
                    document.problems.error("Missing attribute 'key' for 'entry' element", entry, holder(entry))
                entries.append((document.expression(entry.get("key") or "", entry), _value(entry, document)))
            return MapOf(tuple(entries))
        case "script":
            return script(element, document)
        case _:
            text = text_of(element).strip()
            return document.expression(text, element) if text else Literal(None, "")


def script(element: etree._Element, document: Document) -> Script:
    """A `camunda:script`."""
    language, text, resource = element.get("scriptFormat"), text_of(element), element.get("resource")
    if not language:
        document.problems.error("No attribute 'scriptFormat' for script element", element, holder(element))
    return document.script(language or "", text, resource, element)


# ---------------------------------------------------------------- listeners


def execution_listeners(element: etree._Element, document: Document, fixed: str | None = None) -> tuple[Listener, ...]:
    """The `camunda:executionListener`s; `fixed` is the event on flows, where the attribute means nothing."""
    found = []
    for listener in extensions(element, "executionListener"):
        event = fixed or listener.get("event") or ""
        if fixed is None and event not in ("start", "end"):
            document.problems.error(
                f"Attribute 'event' must be one of {{start|end}}, is '{event}'", listener, element.get("id")
            )
            continue
        work = _listener_work(listener, element, document)
        if work is not None:
            found.append(Listener(event, work))
    return tuple(found)


def _task_listeners(element: etree._Element, document: Document) -> tuple[Listener, ...]:
    found = []
    for listener in extensions(element, "taskListener"):
        event, id_ = listener.get("event") or "", listener.get("id")
        if event not in _TASK_EVENTS:
            document.problems.error(
                f"Attribute 'event' must be one of {{{'|'.join(_TASK_EVENTS)}}}, is '{event}'",
                listener,
                element.get("id"),
            )
            continue
        due = None
        if event == "timeout":
            definition = child(listener, "timerEventDefinition")
            if id_ is None:
                document.problems.error("Element 'taskListener' must have an id", listener, element.get("id"))
            if definition is None:
                document.problems.error(
                    "Element 'timerEventDefinition' is mandatory on a timeout listener", listener, element.get("id")
                )
                continue
            due = timer(definition, document, element.get("id"))
        work = _listener_work(listener, element, document)
        if work is not None:
            found.append(Listener(event, work, id_, due))
    return tuple(found)


def _listener_work(listener: etree._Element, element: etree._Element, document: Document) -> Work | None:
    id_ = element.get("id")
    if listener.get("class"):
        return DelegateWork(class_name=listener.get("class"), fields=fields(listener, document))
    if (text := listener.get("expression")) is not None:
        return ExpressionWork(document.expression(text, listener, id_))
    if text := listener.get("delegateExpression"):
        return DelegateWork(expression=document.expression(text, listener, id_), fields=fields(listener, document))
    if scripts := inner(listener, "script"):
        return ScriptWork(script(scripts[0], document))
    document.problems.error(
        f"Element 'class', 'expression', 'delegateExpression' or 'script' is mandatory on {local_name(listener)}",
        listener,
        id_,
    )
    return None


def fields(element: etree._Element, document: Document) -> tuple[tuple[str, Expression], ...]:
    """The `camunda:field`s of a delegate or listener: name and value."""
    around = [*inner(element, "field"), *extensions(element, "field")]
    found: list[tuple[str, Expression]] = []
    for entry in around:
        texts = [entry.get("stringValue"), *(text_of(one) for one in inner(entry, "string"))]
        expressions = [entry.get("expression"), *(text_of(one) for one in inner(entry, "expression"))]
        text = next((one for one in texts if one is not None), None)
        source = next((one for one in expressions if one is not None), None)
        if text is not None:
            found.append((entry.get("name") or "", Literal(text, text)))
        elif source is not None:
            found.append((entry.get("name") or "", document.expression(source.strip(), entry)))
        else:
            document.problems.error(
                "One of the attributes/elements 'string' or 'expression' is mandatory on a field", entry, holder(entry)
            )
    return tuple(found)


# ---------------------------------------------------------------- work


def read_work(element: etree._Element, carrier: etree._Element, document: Document) -> Work | None:
    """What a service-like element does; `carrier` holds the attributes (a message definition, for throwing events)."""
    name = local_name(element)
    if name == "scriptTask":
        return _script_task(element, document)
    if name == "businessRuleTask" and attribute(element, "decisionRef") is not None:
        return _decision(element, document)
    kind, result = attribute(carrier, "type"), attribute(carrier, "resultVariable")
    if result is None:
        result = attribute(carrier, "resultVariableName")
    if kind is not None:
        return _typed(kind, element, carrier, document)
    class_name, delegate, text = (attribute(carrier, a) for a in ("class", "delegateExpression", "expression"))
    if class_name and class_name.strip():
        _no_result(result, "class", carrier, document)
        return DelegateWork(class_name=class_name, fields=fields(carrier, document))
    if delegate is not None:
        _no_result(result, "delegateExpression", carrier, document)
        return DelegateWork(
            expression=document.expression(delegate, carrier, element.get("id")), fields=fields(carrier, document)
        )
    if text is not None and text.strip():
        return ExpressionWork(document.expression(text, carrier, element.get("id")), result)
    for connector in extensions(carrier, "connector")[:1]:
        ids = [text for found in inner(connector, "connectorId") if (text := text_of(found).strip())]
        if not ids:
            document.problems.error("No 'id' defined for connector.", connector)
        ways = inner(connector, "inputOutput")[:1]  # unlike an activity's, these may map whatever carries the connector
        return ConnectorWork(
            "".join(ids[:1]),
            tuple(one for way in ways for one in _parameters(way, "inputParameter", Reach.LOCAL, document)),
            tuple(one for way in ways for one in _parameters(way, "outputParameter", Reach.PARENT, document)),
        )
    if carrier is element:
        document.problems.error(
            f"One of the attributes 'class', 'delegateExpression', 'type', or 'expression' is mandatory on {name}."
            " If you are using a connector, make sure the connect process engine plugin is registered with the process"
            " engine",
            element,
        )
    return None


def _typed(kind: str, element: etree._Element, carrier: etree._Element, document: Document) -> Work | None:
    if kind.lower() == "external":
        return _external(element, carrier, document)
    if kind.lower() in ("mail", "shell"):
        document.refuse(f"{kind.lower()} task", element)
    else:
        document.problems.error(f"Invalid usage of type attribute on {local_name(element)}: '{kind}'", carrier)
    return DelegateWork(class_name=kind)


def _no_result(result: str | None, what: str, carrier: etree._Element, document: Document) -> None:
    if result is not None:
        document.problems.error(
            f"'resultVariableName' not supported for {local_name(carrier)} elements using '{what}'", carrier
        )


def _external(element: etree._Element, carrier: etree._Element, document: Document) -> Work:
    topic = attribute(carrier, "topic")
    if topic is None:
        document.problems.error("External tasks must specify a 'topic' attribute in the camunda namespace", carrier)
    errors = []
    for definition in extensions(carrier, "errorEventDefinition"):
        source, reference = definition.get("expression"), definition.get("errorRef") or ""
        if source is None:
            document.problems.abort(
                "'expression' attribute is mandatory on a nested error event definition", definition, element.get("id")
            )
            continue
        known = document.errors.get(reference)
        code = reference if known is None else known.code or ""
        errors.append((document.expression(source, definition, element.get("id")), code))
    return ExternalWork(
        topic=document.expression(topic or "", carrier, element.get("id")),
        priority=number(carrier, "taskPriority", document, element.get("id")),
        error_definitions=tuple(errors),
    )


def _script_task(element: etree._Element, document: Document) -> Work:
    found, resource = child(element, "script"), attribute(element, "resource")
    language = element.get("scriptFormat") or "juel"
    text = "" if found is None else text_of(found)
    if not resource and found is None:
        document.problems.error(f"Unable to process ScriptTask '{element.get('id')}': no source and no resource")
        return ScriptWork(Script(language, None, ""))
    result = attribute(element, "resultVariable")
    if result is None:
        result = attribute(element, "resultVariableName")
    return ScriptWork(document.script(language, text, resource, element), result)


def _decision(element: etree._Element, document: Document) -> Work:
    mapping = attribute(element, "mapDecisionResult") or "resultList"
    if mapping not in ("singleEntry", "singleResult", "collectEntries", "resultList"):
        document.problems.error(
            "Invalid decision result mapper: must be one of singleEntry, singleResult, collectEntries, resultList,"
            f" but was '{mapping}'",
            element,
        )
    return DecisionWork(
        reference(element, "decisionRef", document, versions=("decisionRefVersion", "decisionRefVersionTag")),
        mapping,
        attribute(element, "resultVariable"),
    )


def reference(
    element: etree._Element,
    name: str,
    document: Document,
    versions: tuple[str, str],
    key: str | None = None,
) -> Reference:
    """What `decisionRef` or `calledElement` points to, with binding, version and tenant."""
    text = key if key is not None else attribute(element, name) or ""
    try:
        binding = Binding(attribute(element, f"{name}Binding") or "latest")
    except ValueError:
        binding = Binding.LATEST
    version = None
    for kind, where in ((Binding.VERSION, versions[0]), (Binding.VERSION_TAG, versions[1])):
        if binding is not kind:
            continue
        version = document.optional(attribute(element, where), element)
        if version is None:
            document.problems.error(
                f"Missing attribute '{where}' when '{name}Binding' has value '{binding.value}'", element
            )
    return Reference(
        document.expression(text, element),
        binding,
        version,
        document.optional(attribute(element, f"{name}TenantId"), element),
    )


# ---------------------------------------------------------------- variables in and out


def copies(around: etree._Element, name: str, document: Document) -> tuple[Copy, ...]:
    """The `camunda:in` or `camunda:out` that copy variables; a business key is not one."""
    keys = name == "in"  # nothing comes out with a business key
    return tuple(
        _copy(found, document) for found in extensions(around, name) if not (keys and found.get("businessKey"))
    )


def variable_mapping(call: etree._Element, document: Document) -> DelegateWork | None:
    """The registered callable that gives variables to hand over, by class name or by expression."""
    if name := attribute(call, "variableMappingClass"):
        return DelegateWork(class_name=name)
    if text := attribute(call, "variableMappingDelegateExpression"):
        return DelegateWork(expression=document.expression(text, call, call.get("id")))
    return None


def business_key(around: etree._Element, document: Document) -> Expression | None:
    """The value of `<camunda:in businessKey="…"/>`."""
    for found in extensions(around, "in"):
        if text := found.get("businessKey"):
            return document.expression(text, found)
    return None


def _of_signal(found: etree._Element) -> bool:
    return any(local_name(one) == "signalEventDefinition" for one in found.iterancestors())


def _copy(found: etree._Element, document: Document) -> Copy:
    local = found.get("local") == "true"
    if found.get("variables") == "all":
        return Copy(all=True, local=local)
    problems = document.problems
    # what a signal brings along is blamed by its place alone
    around = None if found.getparent() is not None and _of_signal(found) else holder(found)
    source, text, target = found.get("source"), found.get("sourceExpression"), found.get("target")
    if source == "":
        problems.error("Empty attribute 'source' when passing variables", found, around)
    elif source is None and text == "":
        problems.error("Empty attribute 'sourceExpression' when passing variables", found, around)
    elif source is None and text is None:
        problems.error("Missing parameter 'source' or 'sourceExpression' when passing variables", found, around)
    if target is None:
        problems.error("Missing attribute 'target' when attribute 'source' or 'sourceExpression' is set", found, around)
    elif target == "":
        problems.error("Empty attribute 'target' when attribute 'source' or 'sourceExpression' is set", found, around)
    expression = document.expression(text, found) if text and source is None else None
    return Copy(source=source, expression=expression, target=target, local=local)
