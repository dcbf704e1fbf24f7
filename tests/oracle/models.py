"""Random processes of blocks, as trees that can be made smaller: what the real Camunda 7 and this engine are asked to run.

A `Block` has a kind, options and blocks inside; `random_block` draws one, `xml` writes the process, `smaller` gives the trees
that are one step simpler. Everything follows from the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' targetNamespace="oracle">\n'
)
LEAVES = (
    "user", "user", "external", "receive", "timer", "message", "signal", "condition", "setter", "counter", "escalate",
    "shout", "compensate", "booked", "booked", "call",
)  # fmt: skip
BLOCKS = (
    "sequence",
    "sequence",
    "exclusive",
    "parallel",
    "inclusive",
    "race",
    "again",
    "scope",
    "scope",
    "transaction",
)
BOUNDARIES = ("timer", "message", "signal", "error", "escalation", "condition")
EVENT_STARTS = ("message", "signal", "timer", "error", "escalation", "condition")
WIDER_FROM = 861
"""Seeds from here on draw from more kinds. Before it, compensation inside of sub-processes stood where the schema refuses it."""
MORE_LEAVES = ("link", "call error", "call out", "condition on n", "user")
RACES = ("message", "timer", "signal", "condition")
HANDLER_ENDS = ("error", "escalation", "terminate", "signal", "compensate")
ENDS = ("none", "none", "none", "error", "escalation", "terminate", "signal", "compensate", "message")


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a model. `options` are (name, value) pairs; `inside` are its parts, in order."""

    kind: str
    options: tuple[tuple[str, str], ...] = ()
    inside: tuple[Block, ...] = ()

    def option(self, name: str) -> str | None:
        return dict(self.options).get(name)

    @property
    def size(self) -> int:
        return 1 + len(self.options) + sum(block.size for block in self.inside)


# ---------------------------------------------------------------- drawing


def random_block(random: Random, depth: int = 3, *, looping: bool = False, wide: bool = False) -> Block:
    """A block of at most that depth. Inside a loop there is no inclusive gateway."""
    if depth <= 0 or random.random() < 0.15:
        leaves = (*LEAVES, *MORE_LEAVES) if wide else LEAVES
        return Block(random.choice(leaves), _activity_options(random, wide=wide))
    kind = random.choice([kind for kind in BLOCKS if not (looping and kind == "inclusive")])
    again = looping or kind == "again"
    parts = {
        "sequence": random.randint(2, 4),
        "exclusive": 2,
        "parallel": random.randint(2, 3),
        "inclusive": 2,
        "race": 2,
    }
    inside = tuple(random_block(random, depth - 1, looping=again, wide=wide) for _ in range(parts.get(kind, 1)))
    if kind == "race" and wide:
        return Block(kind, tuple(zip(("first", "second"), random.sample(RACES, 2), strict=True)), inside)
    if kind not in ("scope", "transaction"):
        return Block(kind, (), inside)
    options = list(_activity_options(random, wide=wide))
    options.append(("end", random.choice(ENDS)))
    if random.random() < 0.4:
        start = random.choice(EVENT_STARTS)
        options.append(("handler", start))
        if start == "error" or random.random() < 0.5:
            options.append(("handler stops", ""))
        if wide and random.random() < 0.3:
            options.append(("handler end", random.choice(HANDLER_ENDS)))
    if kind == "scope" and random.random() < 0.1:
        options.append(("undone by handler", ""))
    return Block(kind, tuple(options), inside)


def _activity_options(random: Random, *, wide: bool) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    if random.random() < 0.12:
        found.append(("loop", random.choice(("2", "3", "1"))))
        if random.random() < 0.5:
            found.append(("one by one", ""))
        if random.random() < 0.3:
            found.append(("until", random.choice(("1", "2"))))
    if random.random() < 0.3:
        found.append(("boundary", random.choice(BOUNDARIES)))
        if random.random() < 0.5:
            found.append(("stays", ""))
    if random.random() < 0.1:
        found.append(("async before", ""))
    if random.random() < 0.07:
        found.append(("async after", ""))
    if random.random() < 0.12:
        found.append(("input", ""))
    if random.random() < 0.08:
        found.append(("output", ""))
    if random.random() < 0.1:
        found.append(("undone", ""))
    if random.random() < 0.1:
        found.append(("listens", ""))
    if wide and random.random() < 0.08:
        found.append(("task listens", random.choice(("create", "complete", "delete"))))
    return tuple(found)


def smaller(block: Block) -> Iterator[Block]:
    """Trees that are a step simpler: a part instead of the whole, a part or an option less, a plain leaf."""
    yield from block.inside
    if block.kind != "user" and not block.inside:
        yield Block("user", block.options)
    for at in range(len(block.options)):
        yield replace(block, options=block.options[:at] + block.options[at + 1 :])
    if len(block.inside) > 2 or (block.kind == "sequence" and len(block.inside) > 1):
        for at in range(len(block.inside)):
            yield replace(block, inside=block.inside[:at] + block.inside[at + 1 :])
    for at, part in enumerate(block.inside):
        for simpler in smaller(part):
            yield replace(block, inside=(*block.inside[:at], simpler, *block.inside[at + 1 :]))


# ---------------------------------------------------------------- writing

_CALLS = ("call", "call error", "call out")
_LOOPABLE = ("user", "external", "receive", "scope", "setter", "transaction", *_CALLS)
_ACTIVITIES = (*_LOOPABLE, "counter", "booked")
_MAPPED = ("user", "external", "receive", "scope", "setter", "counter", "transaction", *_CALLS)
_ESCALATING = ("user", "scope", "transaction", *_CALLS)


@dataclass(slots=True)
class _Scope:
    """A process or sub-process being written."""

    parts: list[str] = field(default_factory=list)
    artifacts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it; artifacts come last, as the schema wants it."""
        return "\n".join(part for part in (*self.parts, *self.artifacts) if part)


@dataclass(slots=True)
class _Writer:
    key: str
    count: int = 0
    messages: list[str] = field(default_factory=list)
    calls: bool = False
    thrown: set[str] = field(default_factory=set)

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def flow(self, scope: _Scope, source: str, target: str, condition: str = "") -> str:
        name = self.name("f")
        inner = (
            f'<conditionExpression xsi:type="tFormalExpression">{condition}</conditionExpression>' if condition else ""
        )
        scope.parts.append(
            f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
        )
        return name

    def event(self, kind: str) -> str:
        """An event definition."""
        match kind:
            case "timer":
                return "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
            case "message":
                message = self.name("M")
                self.messages.append(message)
                return f'<messageEventDefinition messageRef="{message}"/>'
            case "signal":
                return '<signalEventDefinition signalRef="S1"/>'
            case "error":
                return '<errorEventDefinition errorRef="E1"/>'
            case "escalation":
                return '<escalationEventDefinition escalationRef="X1"/>'
            case "condition":
                return (
                    '<conditionalEventDefinition><condition xsi:type="tFormalExpression">${n &gt; 2}</condition>'
                    "</conditionalEventDefinition>"
                )
            case "condition on n":
                return (
                    '<conditionalEventDefinition camunda:variableName="n" camunda:variableEvents="update">'
                    '<condition xsi:type="tFormalExpression">${n &gt; 1}</condition></conditionalEventDefinition>'
                )
            case "compensate":
                return "<compensateEventDefinition/>"
            case "terminate":
                return "<terminateEventDefinition/>"
            case "cancel":
                return "<cancelEventDefinition/>"
        return ""

    # ------------------------------------------------------------ blocks

    def block(self, scope: _Scope, block: Block) -> tuple[str, str]:
        """Writes a block into a scope; gives its first and last node."""
        match block.kind:
            case "sequence":
                first, last = self.block(scope, block.inside[0])
                for part in block.inside[1:]:
                    begin, finish = self.block(scope, part)
                    self.flow(scope, last, begin)
                    last = finish
                return first, last
            case "exclusive" | "parallel" | "inclusive":
                return self.fork(scope, block)
            case "race":
                return self.race(scope, block)
            case "again":
                return self.again(scope, block)
            case "link":
                return self.link(scope)
        return self.node(scope, block)

    def fork(self, scope: _Scope, block: Block) -> tuple[str, str]:
        fork, join = self.name("g"), self.name("g")
        kind = f"{block.kind}Gateway"
        default = ""
        for number, part in enumerate(block.inside):
            first, last = self.block(scope, part)
            condition = "" if block.kind == "parallel" or number == 0 else f"${{n &gt; {number}}}"
            flow = self.flow(scope, fork, first, condition)
            if number == 0 and block.kind != "parallel":
                default = f' default="{flow}"'
            self.flow(scope, last, join)
        scope.parts += [f'<{kind} id="{fork}"{default}/>', f'<{kind} id="{join}"/>']
        return fork, join

    def race(self, scope: _Scope, block: Block) -> tuple[str, str]:
        gate, merge = self.name("g"), self.name("g")
        scope.parts += [f'<eventBasedGateway id="{gate}"/>', f'<exclusiveGateway id="{merge}"/>']
        kinds = (block.option("first") or "message", block.option("second") or "timer")
        for part, kind in zip(block.inside, kinds, strict=False):
            catch = self.name("c")
            scope.parts.append(f'<intermediateCatchEvent id="{catch}">{self.event(kind)}</intermediateCatchEvent>')
            first, last = self.block(scope, part)
            self.flow(scope, gate, catch)
            self.flow(scope, catch, first)
            self.flow(scope, last, merge)
        return gate, merge

    def link(self, scope: _Scope) -> tuple[str, str]:
        throw, catch = self.name("l"), self.name("l")
        definition = f'<linkEventDefinition name="{catch}"/>'
        scope.parts += [
            f'<intermediateThrowEvent id="{throw}">{definition}</intermediateThrowEvent>',
            f'<intermediateCatchEvent id="{catch}">{definition}</intermediateCatchEvent>',
        ]
        return throw, catch

    def again(self, scope: _Scope, block: Block) -> tuple[str, str]:
        into, test, count = self.name("g"), self.name("g"), self.name("i")
        step = self.name("t")
        scope.parts.append(f'<exclusiveGateway id="{into}"/>')
        scope.parts.append(
            f'<serviceTask id="{step}" camunda:expression="${{execution.setVariable(\'{count}\','
            f" execution.hasVariable('{count}') ? execution.getVariable('{count}') + 1 : 1)}}\"/>"
        )
        first, last = self.block(scope, block.inside[0])
        leave = self.name("t")
        scope.parts.append(f'<intermediateThrowEvent id="{leave}"/>')
        for source, target in ((into, first), (last, step), (step, test)):
            self.flow(scope, source, target)
        self.flow(scope, test, into, f"${{{count} &lt; 2}}")
        default = self.flow(scope, test, leave)
        scope.parts.append(f'<exclusiveGateway id="{test}" default="{default}"/>')
        return into, leave

    # ------------------------------------------------------------ nodes

    def node(self, scope: _Scope, block: Block) -> tuple[str, str]:
        name = self.name("a")
        element, attributes, body = self.element(block, name)
        loops = block.kind in _LOOPABLE and block.option("loop") is not None
        extensions = self.extensions(block, loops)
        asynchronous = "".join(
            f' camunda:{to}="true"'
            for option, to in (("async before", "asyncBefore"), ("async after", "asyncAfter"))
            if block.option(option) is not None
        )
        scope.parts.append(
            f'<{element} id="{name}"{attributes}{asynchronous}>{extensions}{self.loop(block) if loops else ""}{body}</{element}>'
        )
        if block.kind in _ACTIVITIES:
            self.boundary(scope, block, name)
            undone = block.kind == "booked" or block.option("undone") is not None
            if undone and block.option("undone by handler") is None:
                self.undone(scope, name)
        return name, name

    def element(self, block: Block, name: str) -> tuple[str, str, str]:
        """The element's name, its attributes and its body."""
        match block.kind:
            case "user":
                return "userTask", "", ""
            case "external":
                return "serviceTask", ' camunda:type="external" camunda:topic="work"', ""
            case "receive":
                message = self.name("M")
                self.messages.append(message)
                return "receiveTask", f' messageRef="{message}"', ""
            case "timer" | "message" | "signal" | "condition" | "condition on n":
                return "intermediateCatchEvent", "", self.event(block.kind)
            case "escalate":
                return "intermediateThrowEvent", "", self.event("escalation")
            case "shout":
                return "intermediateThrowEvent", "", self.event("signal")
            case "compensate":
                return "intermediateThrowEvent", "", self.event("compensate")
            case "setter" | "booked":
                return "serviceTask", f' camunda:expression="{name}" camunda:resultVariable="last"', ""
            case "counter":
                return "serviceTask", ' camunda:expression="${n + 1}" camunda:resultVariable="n"', ""
            case "call":
                self.calls = True
                return "callActivity", f' calledElement="{self.key}_called"', ""
            case "call error" | "call out":
                kind = "error" if block.kind == "call error" else "escalation"
                self.thrown.add(kind)
                return "callActivity", f' calledElement="{self.key}_{kind}"', ""
        return self.scope(block)

    def scope(self, block: Block) -> tuple[str, str, str]:
        """A sub-process or transaction, with its handler if it has one."""
        inner = _Scope()
        start, finish = self.name("s"), self.name("e")
        first, last = self.block(inner, block.inside[0])
        self.flow(inner, start, first)
        inner.parts.append(f'<startEvent id="{start}"/>')
        end = block.option("end") or "none"
        definition = "" if end in ("none", "message") else self.event(end)
        if end == "message":
            definition = '<messageEventDefinition camunda:expression="sent"/>'
        self.flow(inner, last, finish)
        if block.kind == "transaction":
            gate, cancel = self.name("g"), self.name("e")
            inner.parts[-1] = ""
            taken = self.flow(inner, gate, finish)
            self.flow(inner, last, gate)
            self.flow(inner, gate, cancel, "${n &gt; 1}")
            inner.parts.append(f'<exclusiveGateway id="{gate}" default="{taken}"/>')
            inner.parts.append(f'<endEvent id="{cancel}">{self.event("cancel")}</endEvent>')
        inner.parts.append(f'<endEvent id="{finish}">{definition}</endEvent>')
        if block.option("handler") is not None:
            stops = block.option("handler stops") is not None or block.option("handler") == "error"
            end = block.option("handler end") or "none"
            inner.parts.append(self.handler(block.option("handler") or "", stops=stops, end=end))
        if block.option("undone by handler") is not None:
            inner.parts.append(self.handler("compensate", stops=True))
        return ("transaction" if block.kind == "transaction" else "subProcess"), "", inner.text

    def handler(self, kind: str, *, stops: bool, end: str = "none") -> str:
        """An event sub-process with a task."""
        name, start, task, finish = self.name("h"), self.name("s"), self.name("u"), self.name("e")
        inner = _Scope()
        for source, target in ((start, task), (task, finish)):
            self.flow(inner, source, target)
        interrupting = "" if stops else ' isInterrupting="false"'
        return (
            f'<subProcess id="{name}" triggeredByEvent="true"><startEvent id="{start}"{interrupting}>{self.event(kind)}'
            f'</startEvent><userTask id="{task}"/><endEvent id="{finish}">{self.event(end)}</endEvent>{inner.text}</subProcess>'
        )

    def boundary(self, scope: _Scope, block: Block, host: str) -> None:
        kind = block.option("boundary")
        if block.kind == "transaction":
            self.way_out(scope, host, "cancel", stays=False)
        if kind is None or (kind == "escalation" and block.kind not in _ESCALATING):
            return
        self.way_out(scope, host, kind, stays=block.option("stays") is not None and kind != "error")

    def way_out(self, scope: _Scope, host: str, kind: str, *, stays: bool) -> None:
        """A boundary event with a task and an end of its own."""
        event, task, finish = self.name("b"), self.name("u"), self.name("e")
        attribute = ' cancelActivity="false"' if stays else ""
        scope.parts += [
            f'<boundaryEvent id="{event}" attachedToRef="{host}"{attribute}>{self.event(kind)}</boundaryEvent>',
            f'<userTask id="{task}"/><endEvent id="{finish}"/>',
        ]
        self.flow(scope, event, task)
        self.flow(scope, task, finish)

    def undone(self, scope: _Scope, host: str) -> None:
        """A compensation boundary event with its handler."""
        event, task = self.name("b"), self.name("u")
        scope.parts += [
            f'<boundaryEvent id="{event}" attachedToRef="{host}">{self.event("compensate")}</boundaryEvent>',
            f'<userTask id="{task}" isForCompensation="true"/>',
        ]
        scope.artifacts.append(
            f'<association id="{self.name("o")}" associationDirection="One" sourceRef="{event}" targetRef="{task}"/>'
        )

    def loop(self, block: Block) -> str:
        attribute = ' isSequential="true"' if block.option("one by one") is not None else ""
        until = block.option("until")
        condition = (
            f'<completionCondition xsi:type="tFormalExpression">${{nrOfCompletedInstances &gt;= {until}}}</completionCondition>'
            if until
            else ""
        )
        return (
            f"<multiInstanceLoopCharacteristics{attribute}><loopCardinality>{block.option('loop')}</loopCardinality>{condition}"
            "</multiInstanceLoopCharacteristics>"
        )

    def extensions(self, block: Block, loops: bool) -> str:
        if block.kind not in _MAPPED:
            return ""
        inner = ""
        if block.option("input") is not None:
            inner += '<camunda:inputParameter name="p">${n}</camunda:inputParameter>'
        if block.option("output") is not None and not loops:
            inner += '<camunda:outputParameter name="q">${n + 1}</camunda:outputParameter>'
        found = f"<camunda:inputOutput>{inner}</camunda:inputOutput>" if inner else ""
        if block.option("listens") is not None:
            for event in ("start", "end"):
                setter = f"${{execution.setVariable('{event}ed', execution.currentActivityId)}}"
                found += f'<camunda:executionListener event="{event}" expression="{setter}"/>'
        if block.kind in _CALLS[1:]:
            found += '<camunda:in variables="all"/><camunda:out source="m" target="m"/>'
        if block.option("task listens") is not None and block.kind == "user":
            setter = "${task.execution.setVariable('heard', task.eventName)}"
            found += f'<camunda:taskListener event="{block.option("task listens")}" expression="{setter}"/>'
        return f"<extensionElements>{found}</extensionElements>" if found else ""

    def thrower(self) -> str:
        """The called processes that end by throwing."""
        found = ""
        for kind in sorted(self.thrown):
            found += (
                f'<process id="{self.key}_{kind}" isExecutable="true"><startEvent id="{kind}s"/><sequenceFlow id="{kind}f1"'
                f' sourceRef="{kind}s" targetRef="{kind}m"/><serviceTask id="{kind}m" camunda:expression="${{7}}"'
                f' camunda:resultVariable="m"/><sequenceFlow id="{kind}f2" sourceRef="{kind}m" targetRef="{kind}u"/>'
                f'<userTask id="{kind}u"/><sequenceFlow id="{kind}f3" sourceRef="{kind}u" targetRef="{kind}e"/>'
                f'<endEvent id="{kind}e">{self.event(kind)}</endEvent></process>'
            )
        return found

    def process(self, block: Block) -> str:
        scope = _Scope()
        first, last = self.block(scope, block)
        self.flow(scope, "start", "init")
        self.flow(scope, "init", first)
        self.flow(scope, last, "end")
        roots = "".join(f'<message id="{name}" name="{name}"/>' for name in self.messages)
        roots += '<signal id="S1" name="S1"/><error id="E1" errorCode="E1"/><escalation id="X1" escalationCode="X1"/>'
        called = (
            f'<process id="{self.key}_called" isExecutable="true"><startEvent id="cs"/><sequenceFlow id="cf1" sourceRef="cs"'
            ' targetRef="cu"/><userTask id="cu"/>'
            '<sequenceFlow id="cf2" sourceRef="cu" targetRef="ce"/><endEvent id="ce"/></process>'
        )
        return (
            f'{HEAD}{roots}\n<process id="{self.key}" isExecutable="true">\n<startEvent id="start"/>\n'
            '<serviceTask id="init" camunda:expression="${1}" camunda:resultVariable="n"/>\n'
            f'<endEvent id="end"/>\n{scope.text}\n</process>\n{called if self.calls else ""}{self.thrower()}\n</definitions>\n'
        )


def xml(block: Block, key: str) -> str:
    """The model as BPMN; `key` is the process' id."""
    return _Writer(key).process(block)


def random_model(seed: int) -> Block:
    """The model of a seed."""
    return random_block(Random(seed), wide=seed >= WIDER_FROM)
