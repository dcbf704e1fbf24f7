"""Diagrams written in one line: `diagram("s > a >{n > 1} b > e; a >* c", b=user(assignee="mary"))` gives BPMN XML.

`>` is a sequence flow (its id is `source_target`), `>{…}` one with the condition `${…}`, `>*` a default flow; `;` begins
another path. A node that is not described is a start event (`s…`), an end event (`e…`) or else a user task.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="t">'
)
# attributes of the standard; all others are `camunda:`
PLAIN = {
    "name", "attachedToRef", "cancelActivity", "messageRef", "calledElement", "scriptFormat", "isSequential",
    "triggeredByEvent",
}  # fmt: skip
_STEP = re.compile(r"\s*>\s*(\*|\{[^}]*\})?\s*(\w+)")
_NODE = re.compile(r"\s*(\w+)")


@dataclass(frozen=True)
class Piece:
    """XML inside a node: an extension element, or an element of the standard with the roots that it refers to."""

    xml: str
    extension: bool = False
    parameter: bool = False
    roots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Element:
    """A flow node without its id."""

    tag: str
    pieces: tuple[Piece, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)

    def xml(self, id_: str, default: str | None) -> str:
        attributes = dict(self.attributes) | ({} if default is None else {"default": default})
        written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
        parameters = "".join(p.xml for p in self.pieces if p.parameter)
        mapping = f"<camunda:inputOutput>{parameters}</camunda:inputOutput>" if parameters else ""
        inner = mapping + "".join(p.xml for p in self.pieces if p.extension)
        around = f"<extensionElements>{inner}</extensionElements>" if inner else ""
        body = "".join(p.xml for p in self.pieces if not (p.extension or p.parameter))
        return f'<{self.tag} id="{id_}"{written}>{around}{body}</{self.tag}>'


@dataclass(frozen=True)
class Diagram:
    """One file with one process: its XML and the roots it refers to."""

    process: str
    content: str
    roots: frozenset[str]

    def xml(self, prefix: str = "") -> str:
        """The file; `prefix` comes before the id of its process."""
        roots = "".join(sorted(self.roots))
        return f"{HEAD}{roots}{self.content}</definitions>".replace("§", prefix)


# ---------------------------------------------------------------- nodes


def el(tag: str, *pieces: Piece, **attributes: object) -> Element:
    """Any node; attributes in snake case are `camunda:` ones unless the standard has them."""
    found = {}
    for name, value in attributes.items():
        camel = re.sub(r"_(\w)", lambda m: m[1].upper(), name)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        found[camel if camel in PLAIN else f"camunda:{camel}"] = text
    return Element(tag, pieces, found)


def user(*pieces: Piece, **attributes: object) -> Element:
    return el("userTask", *pieces, **attributes)


def call_expression(expression: str, *pieces: Piece, **attributes: object) -> Element:
    """A service task with an expression."""
    return el("serviceTask", *pieces, expression=expression, **attributes)


def setter(name: str, value: str, *pieces: Piece, **attributes: object) -> Element:
    """A service task that sets a variable."""
    return call_expression("${execution.setVariable('" + name + "', " + value + ")}", *pieces, **attributes)


def external(*pieces: Piece, topic: str = "work", **attributes: object) -> Element:
    return el("serviceTask", *pieces, type="external", topic=topic, **attributes)


def exclusive(*pieces: Piece, **attributes: object) -> Element:
    return el("exclusiveGateway", *pieces, **attributes)


def inclusive(*pieces: Piece, **attributes: object) -> Element:
    return el("inclusiveGateway", *pieces, **attributes)


def parallel(*pieces: Piece, **attributes: object) -> Element:
    return el("parallelGateway", *pieces, **attributes)


def race(*pieces: Piece, **attributes: object) -> Element:
    """An event-based gateway."""
    return el("eventBasedGateway", *pieces, **attributes)


def catch(*pieces: Piece, **attributes: object) -> Element:
    return el("intermediateCatchEvent", *pieces, **attributes)


def throw(*pieces: Piece, **attributes: object) -> Element:
    return el("intermediateThrowEvent", *pieces, **attributes)


def end(*pieces: Piece, **attributes: object) -> Element:
    return el("endEvent", *pieces, **attributes)


def start(*pieces: Piece, **attributes: object) -> Element:
    return el("startEvent", *pieces, **attributes)


def boundary(host: str, *pieces: Piece, stays: bool = False, **attributes: object) -> Element:
    """A boundary event; with `stays` its activity goes on."""
    return el("boundaryEvent", *pieces, attached_to_ref=host, cancel_activity=not stays, **attributes)


def receive(*pieces: Piece, message: str | None = None, **attributes: object) -> Element:
    if message is None:
        return el("receiveTask", *pieces, **attributes)
    root = Piece("", roots=(_message_root(message),))
    return el("receiveTask", *pieces, root, message_ref=f"m_{_slug(message)}", **attributes)


def call(process: str, *pieces: Piece, **attributes: object) -> Element:
    """A call activity for a process of the same test."""
    return el("callActivity", *pieces, called_element=f"§{process}", **attributes)


def sub(paths: str, *pieces: Piece, nodes: dict[str, Element] | None = None, **attributes: object) -> Element:
    """An embedded sub-process with contents of its own."""
    content, roots = _contents(paths, nodes or {})
    return el("subProcess", *pieces, Piece(content, roots=tuple(roots)), **attributes)


# ---------------------------------------------------------------- what is inside nodes


def timer(text: str, kind: str = "Duration") -> Piece:
    formal = f'<time{kind} xsi:type="tFormalExpression">{escape(text)}</time{kind}>'
    return Piece(f"<timerEventDefinition>{formal}</timerEventDefinition>")


def message(name: str, **attributes: object) -> Piece:
    written = "".join(f" camunda:{key}={quoteattr(str(value))}" for key, value in attributes.items())
    return Piece(f'<messageEventDefinition messageRef="m_{_slug(name)}"{written}/>', roots=(_message_root(name),))


def error(code: str | None = None, *, code_in: str | None = None, message_in: str | None = None) -> Piece:
    """`code_in` and `message_in` name the variables that get what was caught."""
    written = "" if code_in is None else f' camunda:errorCodeVariable="{code_in}"'
    written += "" if message_in is None else f' camunda:errorMessageVariable="{message_in}"'
    if code is None:
        return Piece(f"<errorEventDefinition{written}/>")
    root = f'<error id="err_{_slug(code)}" name="{code}" errorCode="{code}"/>'
    return Piece(f'<errorEventDefinition errorRef="err_{_slug(code)}"{written}/>', roots=(root,))


def terminate() -> Piece:
    return Piece("<terminateEventDefinition/>")


def put(**values: str) -> tuple[Piece, ...]:
    """Input parameters; a value that begins with `<` is XML."""
    return tuple(_parameter("inputParameter", name, value) for name, value in values.items())


def out(**values: str) -> tuple[Piece, ...]:
    """Output parameters."""
    return tuple(_parameter("outputParameter", name, value) for name, value in values.items())


def _parameter(tag: str, name: str, value: str) -> Piece:
    text = value if value.startswith("<") else escape(value)
    return Piece(f'<camunda:{tag} name="{name}">{text}</camunda:{tag}>', parameter=True)


def on(event: str, expression: str) -> Piece:
    """An execution listener."""
    return Piece(f"<camunda:executionListener event={quoteattr(event)} expression={quoteattr(expression)}/>", True)


def on_task(event: str, expression: str) -> Piece:
    return Piece(f"<camunda:taskListener event={quoteattr(event)} expression={quoteattr(expression)}/>", True)


def retry(cycle: str) -> Piece:
    return Piece(f"<camunda:failedJobRetryTimeCycle>{cycle}</camunda:failedJobRetryTimeCycle>", True)


def copy(direction: str, **attributes: str) -> Piece:
    """`camunda:in` or `camunda:out`."""
    written = "".join(
        " " + re.sub(r"_(\w)", lambda m: m[1].upper(), name) + "=" + quoteattr(value)
        for name, value in attributes.items()
    )
    return Piece(f"<camunda:{direction}{written}/>", True)


def script(text: str, language: str = "juel") -> Piece:
    return Piece(f"<script>{escape(text)}</script>")


def loop(
    *,
    times: str | None = None,
    over: str | None = None,
    each: str | None = None,
    until: str | None = None,
    one_by_one: bool = False,
    **attributes: str,
) -> Piece:
    """Multi-instance: `times` or `over` a collection (`each` names the element), `until` a condition holds."""
    written = f' isSequential="{str(one_by_one).lower()}"'
    if over is not None:
        written += f" camunda:collection={quoteattr(over)}"
    if each is not None:
        written += f' camunda:elementVariable="{each}"'
    written += "".join(f' camunda:{name}="{value}"' for name, value in attributes.items())
    body = "" if times is None else f"<loopCardinality>{escape(times)}</loopCardinality>"
    body += "" if until is None else f"<completionCondition>{escape(until)}</completionCondition>"
    return Piece(f"<multiInstanceLoopCharacteristics{written}>{body}</multiInstanceLoopCharacteristics>")


def _slug(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _message_root(name: str) -> str:
    return f'<message id="m_{_slug(name)}" name={quoteattr(name)}/>'


# ---------------------------------------------------------------- the whole


def diagram(paths: str, id_: str = "main", /, *pieces: Piece, **nodes: Element) -> Diagram:
    """A file with one process; `pieces` are listeners of the process itself."""
    content, roots = _contents(paths, nodes)
    listeners = "".join(p.xml for p in pieces)
    around = f"<extensionElements>{listeners}</extensionElements>" if listeners else ""
    xml = f'<process id="§{id_}" isExecutable="true" camunda:historyTimeToLive="1">{around}{content}</process>'
    return Diagram(id_, xml, frozenset(roots))


def _contents(paths: str, nodes: dict[str, Element]) -> tuple[str, set[str]]:
    flows: list[tuple[str, str, str | None]] = []
    order: dict[str, None] = {}
    for path in paths.split(";"):
        match = _NODE.match(path)
        assert match is not None, path
        source, at = match[1], match.end()
        order[source] = None
        while at < len(path.rstrip()):
            step = _STEP.match(path, at)
            assert step is not None, path[at:]
            flows.append((source, step[2], step[1]))
            source, at = step[2], step.end()
            order[source] = None
    order.update(dict.fromkeys(nodes))
    written, defaults, ids = [], {}, set()
    for source, target, label in flows:
        id_ = f"{source}_{target}"
        while id_ in ids:
            id_ += "_"
        ids.add(id_)
        condition = ""
        if label == "*":
            defaults[source] = id_
        elif label:
            text = escape("$" + label)
            condition = f'<conditionExpression xsi:type="tFormalExpression">{text}</conditionExpression>'
        written.append(f'<sequenceFlow id="{id_}" sourceRef="{source}" targetRef="{target}">{condition}</sequenceFlow>')
    roots: set[str] = set()
    body = []
    for id_ in order:
        element = nodes.get(id_) or _guess(id_)
        for piece in element.pieces:
            roots.update(piece.roots)
        body.append(element.xml(id_, defaults.get(id_)))
    return "".join(body) + "".join(written), roots


def _guess(id_: str) -> Element:
    return start() if id_.startswith("s") else end() if id_.startswith("e") else user()
