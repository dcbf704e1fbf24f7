"""Processes and paths through them, drawn at random: blocks within blocks, every one of which ends on every path."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st

from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.kernel import commands as c
from tests.engine.looking import rows, values
from tests.engine.models import HEAD, MESSAGES, flow, timer

ERROR = '<error id="E" errorCode="E1"/>'
CALLED = (
    '<process id="q" isExecutable="true"><startEvent id="qs"/><userTask id="qu"/><endEvent id="qe"/>'
    '<sequenceFlow id="q1" sourceRef="qs" targetRef="qu"/><sequenceFlow id="q2" sourceRef="qu" targetRef="qe"/></process>'
)
WAITS = ("user", "external", "timer", "message", "async", "expression", "call", "guarded", "reminded", "loop", "turns")
MOST_STEPS = 200
SEQUENTIAL = 'isSequential="true"'


class _Writer:
    """Writes blocks as XML. A block is a name from WAITS, or (kind, blocks)."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.xml: list[str] = []

    def sequence(self, blocks: list[Any]) -> tuple[str, str]:
        """First and last node."""
        ends = [self.block(block) for block in blocks]
        for (_, left), (right, _) in itertools.pairwise(ends):
            self.xml.append(flow(left, right))
        return ends[0][0], ends[-1][1]

    def block(self, block: Any) -> tuple[str, str]:
        if isinstance(block, str):
            return self._task(block)
        kind, inside = block
        id_ = f"n{next(self._numbers)}"
        if kind == "scope":
            outer, self.xml = self.xml, []
            first, last = self.sequence(inside)
            self.xml += [
                f'<startEvent id="{id_}s"/><endEvent id="{id_}e"/>',
                flow(f"{id_}s", first),
                flow(last, f"{id_}e"),
            ]
            content, self.xml = "".join(self.xml), outer
            self.xml.append(f'<subProcess id="{id_}">{content}</subProcess>')
            return id_, id_
        gateway, attribute = {
            "all": ("parallelGateway", ""),
            "some": ("inclusiveGateway", ""),
            "one": ("exclusiveGateway", f'default="{id_}f-{id_}d"'),
        }[kind]
        self.xml.append(f'<{gateway} id="{id_}f" {attribute}/><{gateway} id="{id_}j"/>')
        for place, branch in enumerate(inside):
            first, last = self.block(branch)
            condition = (
                "" if kind == "all" else f"${{choice % {len(inside)} {'&gt;=' if kind == 'some' else '=='} {place}}}"
            )
            self.xml += [flow(f"{id_}f", first, condition), flow(last, f"{id_}j")]
        if kind == "one":
            self.xml += [f'<task id="{id_}d"/>', flow(f"{id_}f", f"{id_}d"), flow(f"{id_}d", f"{id_}j")]
        return f"{id_}f", f"{id_}j"

    def _task(self, kind: str) -> tuple[str, str]:
        id_ = f"n{next(self._numbers)}" + ("g" if kind == "guarded" else "")
        many = "<multiInstanceLoopCharacteristics {}><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
        boundary = f'<boundaryEvent id="{id_}b" attachedToRef="{id_}" '
        match kind:
            case "user":
                xml = f'<userTask id="{id_}" camunda:candidateGroups="a"/>'
            case "external":
                xml = f'<serviceTask id="{id_}" camunda:type="external" camunda:topic="work"/>'
            case "timer":
                xml = f'<intermediateCatchEvent id="{id_}">{timer("Duration", "PT1M")}</intermediateCatchEvent>'
            case "message":
                xml = f'<receiveTask id="{id_}" messageRef="M"/>'
            case "async":
                xml = f'<manualTask id="{id_}" camunda:asyncBefore="true" camunda:asyncAfter="true"/>'
            case "expression":
                xml = f'<serviceTask id="{id_}" camunda:expression="${{choice + 1}}" camunda:resultVariable="choice"/>'
            case "call":
                xml = (
                    f'<callActivity id="{id_}" calledElement="q"><extensionElements><camunda:in variables="all"/>'
                    '<camunda:out source="choice" target="called"/></extensionElements></callActivity>'
                )
            case "guarded":
                xml = f'<serviceTask id="{id_}" camunda:type="external" camunda:topic="work"/>{boundary}>'
                xml += '<errorEventDefinition errorRef="E"/></boundaryEvent>'
            case "reminded":
                xml = f'<userTask id="{id_}"/>{boundary} cancelActivity="false">{timer("Duration", "PT1M")}</boundaryEvent>'
            case "loop":
                xml = f'<userTask id="{id_}">{many.format("")}</userTask>'
            case _:
                xml = f'<userTask id="{id_}">{many.format(SEQUENTIAL)}</userTask>'
        self.xml.append(xml)
        if kind == "reminded":
            self.xml.append(f'<endEvent id="{id_}x"/>{flow(f"{id_}b", f"{id_}x")}')
        if kind == "guarded":
            self.xml.append(f'<exclusiveGateway id="{id_}x"/>{flow(id_, f"{id_}x")}{flow(f"{id_}b", f"{id_}x")}')
            return id_, f"{id_}x"
        return id_, id_


def _written(blocks: list[Any]) -> bytes:
    writer = _Writer()
    first, last = writer.sequence(blocks)
    ends = f'<startEvent id="s"/><endEvent id="e"/>{flow("s", first)}{flow(last, "e")}'
    body = f'<process id="p" isExecutable="true">{ends}{"".join(writer.xml)}</process>'
    return f"{HEAD}{MESSAGES}{ERROR}{body}{CALLED}</definitions>".encode()


_leaves = st.sampled_from(WAITS)
_blocks = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("scope"), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.sampled_from(["all", "one", "some"]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)
models = st.lists(_blocks, min_size=1, max_size=4).map(_written)
paths = st.lists(st.integers(0, 1000), min_size=1, max_size=12)

Move = Callable[[Engine], Any]


def moves(engine: Engine) -> list[Move]:
    """Everything that could happen next, in an order that depends on nothing but what happened so far."""
    found: list[Move] = []
    for (key,) in rows(engine, "SELECT key FROM task ORDER BY key"):
        found.append(partial(_decide, key=key))
    for key, node in rows(engine, "SELECT key, node FROM external_task ORDER BY key"):
        found.append(partial(_work, key=key, error=None))
        if node.endswith("g"):  # an error that nobody catches ends its path: a join may wait for it for ever
            found.append(partial(_work, key=key, error="E1"))
        found.append(partial(_fail, key=key, node=node))
    for (key,) in rows(engine, "SELECT key FROM job ORDER BY key"):
        found.append(partial(_run, key=key))
    for (element,) in rows(engine, "SELECT element FROM event_subscription WHERE element IS NOT NULL ORDER BY key"):
        found.append(partial(_send, element=element))
    return found


def _decide(engine: Engine, key: int) -> None:
    engine.submit(c.CompleteTask(key, values(choice=2)))


def _send(engine: Engine, element: int) -> None:
    engine.submit(ec.CorrelateMessage("M", execution=element))


def _lock(engine: Engine, key: int) -> None:
    engine.submit(c.ChangeExternal(key, lock=("w", engine.clock() + timedelta(minutes=1))))


def _work(engine: Engine, key: int, error: str | None) -> None:
    _lock(engine, key)
    if error is None:
        engine.submit(c.CompleteExternal(key, "w", values(choice=3, text="done")))
    else:
        engine.submit(c.ThrowError(error, "thrown", external=key, worker="w"))


def _fail(engine: Engine, key: int, node: str) -> None:
    _lock(engine, key)
    engine.submit(c.FailExternal(key, "w", f"failed at {node}", "details", 0, 0))


def _run(engine: Engine, key: int) -> None:
    engine.clock.freeze(engine.clock() + timedelta(minutes=2))
    engine.run_job(key)
