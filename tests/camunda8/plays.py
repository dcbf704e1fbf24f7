"""Plays: models, and what is done to them step by step, to be done with a real Zeebe engine and with ours.

A step is a list of its name and what it needs, as JSON has it: `start process variables`, `work type variables` (takes one
job and completes it), `fail type retries`, `error type code`, `publish name key variables time-to-live`,
`signal name variables`, `time milliseconds`, `cancel`, `resolve` (the newest incident), `set variables` (of the instance),
`modify activated terminated`. The instance is the one started last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.camunda8.diagrams import (
    COMPENSATED,
    COMPENSATES,
    CYCLE,
    ERR,
    ESCALATION,
    HOUR,
    MESSAGE,
    ROOTS,
    SIGNAL,
    TERMINATE,
    TIMER,
    ad_hoc,
    boundary,
    catch,
    event_sub,
    inside,
    listened,
    model,
    paid,
    signal,
    sub,
    task_listened,
    throw,
)
from tests.camunda8.dialogue import loop, mapped
from tests.camunda8.play import extended, job, process

Step = list[Any]


@dataclass(frozen=True)
class StreamPlay:
    """Models by file name, and the steps."""

    name: str
    models: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]


def play(name: str, model: bytes, *steps: Step, more: tuple[bytes, ...] = ()) -> StreamPlay:
    """A play of one process, or of several."""
    models = tuple((f"{name}-{number}.bpmn", data.decode()) for number, data in enumerate((*more, model)))
    return StreamPlay(name, models, steps)


CALLED = extended("callActivity", "c", '<zeebe:calledElement processId="called"/>')

PLAYS: tuple[StreamPlay, ...] = (
    play(
        "task-definition",
        model(
            "task-definition",
            job("a", '<zeebe:taskHeaders><zeebe:header key="k" value="v"/></zeebe:taskHeaders>', type_="=kind"),
            "s>a a>e",
        ),
        ["start", "task-definition", {"kind": "a"}],
        ["work", "a", {"r": 1}],
    ),
    play(
        "mappings",
        model("mappings", job("a", mapped("in y =x + 1", "out z =y + r")), "s>a a>e"),
        ["start", "mappings", {"x": 1}],
        ["work", "a", {"r": 1}],
    ),
    play(
        "tasks-without-work",
        model("tasks-without-work", '<task id="a"/><manualTask id="b"/>' + throw("", "t"), "s>a a>b b>t t>e"),
        ["start", "tasks-without-work", {}],
    ),
    play(
        "parallel",
        model(
            "parallel",
            '<parallelGateway id="g"/><parallelGateway id="j"/><task id="a"/><task id="b"/>' + job("c"),
            "s>g g>a g>b g>c a>j b>j c>j j>e",
        ),
        ["start", "parallel", {}],
        ["work", "c", {}],
    ),
    play(
        "parallel-paths",
        model(
            "parallel-paths",
            '<parallelGateway id="g"/><task id="a"/><task id="a2"/><task id="b"/><endEvent id="e2"/>',
            "s>g g>a g>b a>a2 a2>e b>e2",
        ),
        ["start", "parallel-paths", {}],
    ),
    play(
        "exclusive",
        model(
            "exclusive",
            '<exclusiveGateway id="g" default="f2"/><endEvent id="e2"/>',
            "s>g g>e:=x&gt;5 g>e2".replace("&gt;", ">"),
        ),
        ["start", "exclusive", {"x": 7}],
        ["start", "exclusive", {"x": 1}],
    ),
    play(
        "inclusive",
        model(
            "inclusive",
            '<inclusiveGateway id="g" default="f3"/><inclusiveGateway id="j"/><task id="a"/><task id="b"/><task id="c"/>',
            "s>g g>a:=x>1 g>b:=x>2 g>c a>j b>j c>j j>e",
        ),
        ["start", "inclusive", {"x": 3}],
        ["start", "inclusive", {"x": 0}],
    ),
    play(
        "script",
        model(
            "script", extended("scriptTask", "a", '<zeebe:script expression="=x + 1" resultVariable="y"/>'), "s>a a>e"
        ),
        ["start", "script", {"x": 1}],
    ),
    play(
        "user-task-job",
        model("user-task-job", '<userTask id="u"/>', "s>u u>e"),
        ["start", "user-task-job", {}],
        ["work", "io.camunda.zeebe:userTask", {"r": 1}],
    ),
    play(
        "user-task-cancelled",
        model("user-task-cancelled", extended("userTask", "u", "<zeebe:userTask/>"), "s>u u>e"),
        ["start", "user-task-cancelled", {}],
        ["cancel"],
    ),
    play(
        "task-listeners",
        model(
            "task-listeners",
            extended(
                "userTask",
                "u",
                task_listened("creating", "assigning", "canceling") + '<zeebe:assignmentDefinition assignee="ann"/>',
            )
            + boundary("b", "u", TIMER)
            + '<endEvent id="e2"/>',
            "s>u u>e b>e2",
        ),
        ["start", "task-listeners", {}],
        ["work", "creating", {}],
        ["work", "assigning", {}],
        ["time", HOUR],
        ["work", "canceling", {}],
    ),
    play(
        "execution-listeners",
        model(
            "execution-listeners",
            job("a", listened("start before", "end after") + mapped("in y =x", "out z =r"))
            + extended("exclusiveGateway", "g", listened("start gate"))
            + sub("sub", '<task id="i"/>', "sub-s>i", "i>sub-e").replace(
                '<subProcess id="sub" >',
                f'<subProcess id="sub"><extensionElements>{listened("start in", "end out")}</extensionElements>',
            ),
            "s>a a>g g>sub sub>e",
        ),
        ["start", "execution-listeners", {"x": 1}],
        *([["work", "before", {}], ["work", "a", {"r": 1}], ["work", "after", {}], ["work", "gate", {}]]),
        ["work", "in", {}],
        ["work", "out", {}],
    ),
    play(
        "process-listeners",
        model("process-listeners", job("a"), "s>a a>e", extensions=listened("start before", "end after")),
        ["start", "process-listeners", {}],
        ["work", "before", {}],
        ["work", "a", {}],
        ["work", "after", {}],
    ),
    play(
        "sub-process",
        model("sub-process", sub("sub", job("i"), "sub-s>i", "i>sub-e"), "s>sub sub>e"),
        ["start", "sub-process", {}],
        ["work", "i", {}],
    ),
    play(
        "cancelled",
        model(
            "cancelled",
            '<parallelGateway id="g"/>' + job("a") + sub("sub", job("i"), "sub-s>i", "i>sub-e"),
            "s>g g>a g>sub a>e sub>e",
        ),
        ["start", "cancelled", {}],
        ["cancel"],
    ),
    play(
        "boundary-timer",
        model("boundary-timer", job("a") + boundary("b", "a", TIMER) + '<endEvent id="e2"/>', "s>a a>e b>e2"),
        ["start", "boundary-timer", {}],
        ["time", HOUR],
    ),
    play(
        "boundary-cycle",
        model(
            "boundary-cycle",
            job("a") + boundary("b", "a", CYCLE, interrupting=False) + '<endEvent id="e2"/>',
            "s>a a>e b>e2",
        ),
        ["start", "boundary-cycle", {}],
        ["time", HOUR],
        ["time", HOUR],
        ["work", "a", {}],
    ),
    play(
        "boundary-on-sub-process",
        model(
            "boundary-on-sub-process",
            sub(
                "sub",
                '<parallelGateway id="g"/>' + job("i") + job("k") + '<endEvent id="ke"/>',
                "sub-s>g",
                "g>i",
                "g>k",
                "i>sub-e",
                "k>ke",
            )
            + boundary("b", "sub", TIMER)
            + '<endEvent id="e2"/>',
            "s>sub sub>e b>e2",
        ),
        ["start", "boundary-on-sub-process", {}],
        ["time", HOUR],
    ),
    play(
        "boundary-error",
        model(
            "boundary-error",
            job("a") + boundary("b", "a", ERR) + '<endEvent id="e2"/>',
            "s>a a>e b>e2",
            ROOTS,
        ),
        ["start", "boundary-error", {}],
        ["error", "a", "E1"],
    ),
    play(
        "error-uncaught",
        model("error-uncaught", job("a"), "s>a a>e", ROOTS),
        ["start", "error-uncaught", {}],
        ["error", "a", "E1"],
        ["cancel"],
    ),
    play(
        "error-end",
        model(
            "error-end",
            '<subProcess id="sub">'
            + inside('<startEvent id="is"/>' + catch(ERR, "ie", "endEvent"), "is>ie")
            + "</subProcess>"
            + boundary("b", "sub", ERR)
            + '<endEvent id="e2"/>',
            "s>sub sub>e b>e2",
            ROOTS,
        ),
        ["start", "error-end", {}],
    ),
    play(
        "escalation",
        model(
            "escalation",
            sub("sub", throw(ESCALATION) + job("i"), "sub-s>t", "t>i", "i>sub-e")
            + boundary("b", "sub", ESCALATION, interrupting=False)
            + '<endEvent id="e2"/>',
            "s>sub sub>e b>e2",
            ROOTS,
        ),
        ["start", "escalation", {}],
        ["work", "i", {}],
    ),
    play(
        "escalation-interrupts",
        model(
            "escalation-interrupts",
            sub("sub", throw(ESCALATION) + job("i"), "sub-s>t", "t>i", "i>sub-e")
            + boundary("b", "sub", ESCALATION)
            + '<endEvent id="e2"/>',
            "s>sub sub>e b>e2",
            ROOTS,
        ),
        ["start", "escalation-interrupts", {}],
    ),
    play(
        "message-catch",
        model("message-catch", catch(MESSAGE), "s>w w>e", paid("mc")),
        ["start", "message-catch", {"key": "k1"}],
        ["publish", "mc", "k1", {"n": 1}, 0],
        ["publish", "mc", "k2", {"n": 1}, HOUR],
        ["start", "message-catch", {"key": "k2"}],
    ),
    play(
        "receive-task",
        model("receive-task", '<receiveTask id="a" messageRef="m"/>', "s>a a>e", paid("rt")),
        ["start", "receive-task", {"key": "k"}],
        ["publish", "rt", "k", {}, 0],
    ),
    play(
        "message-start",
        process(
            f'<startEvent id="s">{MESSAGE}</startEvent>{job("a")}<endEvent id="e"/>',
            "s>a a>e",
            paid("ms"),
            "message-start",
        ),
        ["publish", "ms", "k", {"n": 1}, 0],
        ["work", "a", {}],
    ),
    play(
        "message-throw",
        model(
            "message-throw",
            extended("intermediateThrowEvent", "t", '<zeebe:taskDefinition type="t"/>', MESSAGE),
            "s>t t>e",
            paid("mt"),
        ),
        ["start", "message-throw", {}],
        ["work", "t", {}],
    ),
    play(
        "message-boundary",
        model(
            "message-boundary",
            job("a") + boundary("b", "a", MESSAGE, interrupting=False) + job("c") + '<endEvent id="e2"/>',
            "s>a a>e b>c c>e2",
            paid("mb"),
        ),
        ["start", "message-boundary", {"key": "k"}],
        ["publish", "mb", "k", {}, 0],
        ["work", "a", {}],
        ["work", "c", {}],
    ),
    play(
        "event-gateway",
        model(
            "event-gateway",
            '<eventBasedGateway id="g"><outgoing>f1</outgoing><outgoing>f2</outgoing></eventBasedGateway>'
            + catch(MESSAGE)
            + catch(TIMER, "o"),
            "s>g g>w g>o w>e o>e",
            paid("eg"),
        ),
        ["start", "event-gateway", {"key": "k"}],
        ["publish", "eg", "k", {}, 0],
        ["start", "event-gateway", {"key": "k2"}],
        ["time", HOUR],
    ),
    play(
        "timer-catch",
        model("timer-catch", catch(TIMER), "s>w w>e"),
        ["start", "timer-catch", {}],
        ["time", HOUR],
    ),
    play(
        "signals",
        model(
            "signals", '<parallelGateway id="g"/>' + catch(SIGNAL) + throw(SIGNAL), "s>g g>w g>t w>e t>e", signal("sg")
        ),
        ["start", "signals", {}],
    ),
    play(
        "signal-broadcast",
        process(
            f'<startEvent id="s">{SIGNAL}</startEvent>{job("a")}<endEvent id="e"/>',
            "s>a a>e",
            signal("sb"),
            "signal-start",
        ),
        ["start", "signal-broadcast", {}],
        ["signal", "sb", {"n": 1}],
        ["work", "a", {}],
        more=(
            model(
                "signal-broadcast",
                job("b") + boundary("x", "b", SIGNAL) + '<endEvent id="e2"/>',
                "s>b b>e x>e2",
                signal("sb"),
            ),
        ),
    ),
    play(
        "event-sub-process",
        model(
            "event-sub-process",
            job("a") + event_sub("es", TIMER, job("i") + '<endEvent id="ie"/>', "es-s>i", "i>ie"),
            "s>a a>e",
        ),
        ["start", "event-sub-process", {}],
        ["time", HOUR],
        ["work", "i", {}],
    ),
    play(
        "event-sub-process-beside",
        model(
            "event-sub-process-beside",
            job("a") + event_sub("es", MESSAGE, job("i") + '<endEvent id="ie"/>', "es-s>i", "i>ie", interrupting=False),
            "s>a a>e",
            paid("esb"),
        ),
        ["start", "event-sub-process-beside", {"key": "k"}],
        ["publish", "esb", "k", {}, 0],
        ["work", "a", {}],
        ["work", "i", {}],
    ),
    play(
        "event-sub-process-error",
        model(
            "event-sub-process-error",
            job("a") + event_sub("es", ERR, '<endEvent id="ie"/>', "es-s>ie"),
            "s>a a>e",
            ROOTS,
        ),
        ["start", "event-sub-process-error", {}],
        ["error", "a", "E1"],
    ),
    play(
        "loop-parallel",
        model("loop-parallel", job("a", inside=loop(False)), "s>a a>e"),
        ["start", "loop-parallel", {"items": [1, 2]}],
        ["work", "a", {"r": 1}],
        ["work", "a", {"r": 2}],
    ),
    play(
        "loop-sequential",
        model("loop-sequential", job("a", inside=loop(True)), "s>a a>e"),
        ["start", "loop-sequential", {"items": [1, 2]}],
        ["work", "a", {"r": 1}],
        ["work", "a", {"r": 2}],
    ),
    play(
        "loop-condition",
        model("loop-condition", job("a", inside=loop(False, "=r = 1")), "s>a a>e"),
        ["start", "loop-condition", {"items": [1, 2, 3]}],
        ["work", "a", {"r": 1}],
    ),
    play(
        "loop-empty",
        model("loop-empty", job("a", inside=loop(False)), "s>a a>e"),
        ["start", "loop-empty", {"items": []}],
    ),
    play(
        "loop-of-sub-process",
        model(
            "loop-of-sub-process",
            sub("sub", '<task id="i"/>', "sub-s>i", "i>sub-e").replace(
                '<subProcess id="sub" >', f'<subProcess id="sub">{loop(False)}'
            ),
            "s>sub sub>e",
        ),
        ["start", "loop-of-sub-process", {"items": [1, 2]}],
    ),
    play(
        "call",
        model("call", CALLED, "s>c c>e"),
        ["start", "call", {"x": 1}],
        ["work", "i", {"r": 1}],
        more=(model("called", job("i"), "s>i i>e"),),
    ),
    play(
        "call-cancelled",
        model("call-cancelled", CALLED + boundary("b", "c", TIMER) + '<endEvent id="e2"/>', "s>c c>e b>e2"),
        ["start", "call-cancelled", {}],
        ["time", HOUR],
        more=(model("called", job("i"), "s>i i>e"),),
    ),
    play(
        "compensation",
        process(
            '<startEvent id="s"/>'
            + job("a")
            + boundary("b", "a", COMPENSATED)
            + job("undo", attributes='isForCompensation="true"')
            + catch(COMPENSATES, "e", "endEvent"),
            "s>a a>e",
            "",
            "compensation",
        ).replace(
            b"</process>", b'<association id="as" sourceRef="b" targetRef="undo" associationDirection="One"/></process>'
        ),
        ["start", "compensation", {}],
        ["work", "a", {}],
        ["work", "undo", {}],
    ),
    play(
        "links",
        model(
            "links",
            throw('<linkEventDefinition id="l1" name="there"/>', "t")
            + catch('<linkEventDefinition id="l2" name="there"/>'),
            "s>t w>e",
        ),
        ["start", "links", {}],
    ),
    play(
        "terminate",
        process(
            '<startEvent id="s"/><parallelGateway id="g"/>'
            + job("a")
            + job("b")
            + '<endEvent id="e"/>'
            + catch(TERMINATE, "stop", "endEvent"),
            "s>g g>a g>b a>e b>stop",
            "",
            "terminate",
        ),
        ["start", "terminate", {}],
        ["work", "b", {}],
    ),
    play(
        "incidents",
        model("incidents", '<exclusiveGateway id="g"/><endEvent id="e2"/>', "s>g g>e:=x=1 g>e2:=x=2"),
        ["start", "incidents", {"x": 0}],
        ["set", {"x": 2}],
        ["resolve"],
    ),
    play(
        "job-without-retries",
        model("job-without-retries", job("a"), "s>a a>e"),
        ["start", "job-without-retries", {}],
        ["fail", "a", 0],
        ["cancel"],
    ),
    play(
        "modification",
        model("modification", job("a") + sub("sub", job("i"), "sub-s>i", "i>sub-e"), "s>a a>sub sub>e"),
        ["start", "modification", {}],
        ["modify", ["i"], ["a"]],
        ["work", "i", {}],
    ),
    play(
        "ad-hoc",
        model("ad-hoc", ad_hoc('<zeebe:adHoc activeElementsCollection="=begin"/>'), "s>ah ah>e"),
        ["start", "ad-hoc", {"begin": ["A", "B"]}],
        ["work", "A", {}],
        ["work", "B", {}],
        ["work", "C", {}],
    ),
    play(
        "ad-hoc-condition",
        model(
            "ad-hoc-condition",
            ad_hoc(
                '<zeebe:adHoc activeElementsCollection="=begin" outputCollection="results" outputElement="=r"/>',
                "=done",
            ),
            "s>ah ah>e",
        ),
        ["start", "ad-hoc-condition", {"begin": ["A", "B"], "done": True}],
        ["work", "A", {"r": 1}],
    ),
    play(
        "ad-hoc-waits",
        model(
            "ad-hoc-waits",
            ad_hoc('<zeebe:adHoc activeElementsCollection="=begin"/>', "=done", 'cancelRemainingInstances="false"'),
            "s>ah ah>e",
        ),
        ["start", "ad-hoc-waits", {"begin": ["A", "B"], "done": True}],
        ["work", "A", {}],
        ["work", "B", {}],
        ["work", "C", {}],
    ),
    play(
        "ad-hoc-cancelled",
        model(
            "ad-hoc-cancelled",
            ad_hoc('<zeebe:adHoc activeElementsCollection="=begin"/>')
            + boundary("b", "ah", TIMER)
            + '<endEvent id="e2"/>',
            "s>ah ah>e b>e2",
        ),
        ["start", "ad-hoc-cancelled", {"begin": ["A", "B"]}],
        ["time", HOUR],
    ),
    play(
        "ad-hoc-job",
        model("ad-hoc-job", ad_hoc('<zeebe:taskDefinition type="decide"/>'), "s>ah ah>e"),
        ["start", "ad-hoc-job", {}],
        ["cancel"],
    ),
)
