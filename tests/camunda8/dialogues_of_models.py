"""Dialogues with `/v2` about what models do: events, calls, gateways, scopes, listeners; and what is refused."""

from __future__ import annotations

from tests.camunda8.dialogue import (
    CATCH,
    CAUGHT,
    ERROR,
    NODES,
    Dialogue,
    Step,
    complete,
    jobs,
    loop,
    mapped,
    message,
    one,
    paid,
    post,
    result,
    start,
)
from tests.camunda8.play import extended, job, process

OF_MODELS: tuple[Dialogue, ...] = (
    Dialogue(
        "boundary-messages",
        (
            (
                "boundary-messages.bpmn",
                process(
                    NODES + job("a", type_="bm-a") + '<boundaryEvent id="b" attachedToRef="a" cancelActivity="false">'
                    '<messageEventDefinition messageRef="m"/></boundaryEvent>'
                    + job("c", type_="bm-c")
                    + '<endEvent id="e2"/>',
                    "s>a a>e b>c c>e2",
                    paid("-bm"),
                    "boundary-messages",
                ),
            ),
        ),
        (
            start("boundary-messages", key="k"),
            message("paid-bm", "k", 0, "correlation", variables={"n": 1}),
            message("paid-bm", "k", 0, "correlation", variables={"n": 2}),
            jobs("bm-c", 1),
            complete(),
            jobs("bm-c", 1),
            complete(),
            jobs("bm-a"),
            complete(),
        ),
    ),
    Dialogue(
        "event-subprocess",
        (
            (
                "event-subprocess.bpmn",
                process(
                    NODES
                    + job("a", type_="es-a")
                    + '<subProcess id="sub" triggeredByEvent="true"><startEvent id="es"><outgoing>x1</outgoing>'
                    '<messageEventDefinition messageRef="m"/></startEvent>'
                    + job("c", type_="es-c")
                    + '<endEvent id="ee"/><sequenceFlow id="x1" sourceRef="es" targetRef="c"/>'
                    '<sequenceFlow id="x2" sourceRef="c" targetRef="ee"/></subProcess>',
                    "s>a a>e",
                    paid("-es"),
                    "event-subprocess",
                ),
            ),
        ),
        (
            start("event-subprocess", key="k"),
            message("paid-es", "k", 0, "correlation", variables={"n": 1}),
            jobs("es-c"),
            complete(r=1),
            jobs("es-a"),
        ),
    ),
    Dialogue(
        "errors-leave-calls",
        (
            (
                "errors-leave-calls.bpmn",
                process(
                    NODES
                    + extended("callActivity", "a", '<zeebe:calledElement processId="thrower"/>')
                    + CAUGHT
                    + job("c", type_="elc-c")
                    + '<endEvent id="e2"/>',
                    "s>a a>e b>c c>e2",
                    ERROR,
                    "errors-leave-calls",
                ),
            ),
            (
                "thrower.bpmn",
                process(
                    '<startEvent id="s"/>'
                    + job("a", type_="elc-a")
                    + '<endEvent id="e"><errorEventDefinition errorRef="err"/></endEvent>',
                    "s>a a>e",
                    ERROR,
                    "thrower",
                ),
            ),
        ),
        (start("errors-leave-calls", x=1), jobs("elc-a"), complete(r=1), jobs("elc-c"), complete()),
    ),
    Dialogue(
        "gateways",
        (
            (
                "gateways.bpmn",
                process(
                    NODES
                    + '<inclusiveGateway id="g" default="f3"/><parallelGateway id="p"/><parallelGateway id="q"/>'
                    + job("a", type_="gw-a")
                    + job("b2", type_="gw-b")
                    + job("d", type_="gw-d"),
                    "s>g g>a:=x>1 g>b2:=x>2 g>d a>e b2>e d>p p>q p>q q>e",
                    "",
                    "gateways",
                ),
            ),
        ),
        (
            start("gateways", x=3),
            jobs("gw-a"),
            complete(),
            jobs("gw-b"),
            complete(),
            start("gateways", x=0),
            jobs("gw-d"),
            complete(),
        ),
    ),
    Dialogue(
        "results",
        (
            (
                "results.bpmn",
                process(
                    NODES
                    + '<subProcess id="a"><startEvent id="is"/>'
                    + extended("scriptTask", "i", '<zeebe:script expression="=x + y" resultVariable="z"/>')
                    + '<endEvent id="ie"/><sequenceFlow id="i1" sourceRef="is" targetRef="i"/>'
                    '<sequenceFlow id="i2" sourceRef="i" targetRef="ie"/></subProcess>',
                    "s>a a>e",
                    "",
                    "results",
                ).replace(
                    b'<subProcess id="a">',
                    (
                        '<subProcess id="a"><extensionElements>'
                        + mapped("in y =10", "out w =z * 2")
                        + "</extensionElements>"
                    ).encode(),
                ),
            ),
        ),
        (
            result("results", x=1),
            post(
                "/process-instances",
                {
                    "processDefinitionId": "results",
                    "variables": {"x": 1},
                    "awaitCompletion": True,
                    "fetchVariables": ["w", "no"],
                },
            ),
        ),
    ),
    Dialogue(
        "listeners",
        (
            one(
                "listeners",
                job(
                    "a",
                    '<zeebe:executionListeners><zeebe:executionListener eventType="start" type="ls-start"/>'
                    '<zeebe:executionListener eventType="end" type="ls-end" retries="2"/></zeebe:executionListeners>'
                    + mapped("out o =v"),
                    type_="ls-a",
                ),
            ),
        ),
        (
            start("listeners", x=1),
            jobs("ls-start"),
            complete(n=1),
            jobs("ls-a"),
            complete(v=2),
            jobs("ls-end"),
            complete(m=3),
        ),
    ),
    Dialogue(
        "user-task-jobs",
        (
            one(
                "user-task-jobs",
                extended(
                    "userTask",
                    "a",
                    '<zeebe:assignmentDefinition assignee="=who" candidateGroups="=[&quot;g&quot;]" candidateUsers="u1,u2"/>'
                    '<zeebe:taskSchedule dueDate="=due"/><zeebe:taskHeaders><zeebe:header key="k" value="v"/></zeebe:taskHeaders>',
                ),
            ),
        ),
        (start("user-task-jobs", who="ann", due="2030-01-02T03:04:05Z"), jobs("io.camunda.zeebe:userTask"), complete()),
    ),
    Dialogue(
        "message-mappings",
        (
            (
                "message-mappings.bpmn",
                process(
                    NODES
                    + CATCH.replace(
                        '<intermediateCatchEvent id="a">',
                        '<intermediateCatchEvent id="a"><extensionElements>'
                        + mapped("out taken =n")
                        + "</extensionElements>",
                    )
                    + job("c", type_="mm-c"),
                    "s>a a>c c>e",
                    paid("-mm"),
                    "message-mappings",
                ),
            ),
        ),
        (
            start("message-mappings", key="k"),
            message("paid-mm", "k", 0, "correlation", variables={"n": 1, "other": 2}),
            jobs("mm-c"),
            complete(),
        ),
    ),
    Dialogue(
        "loops-of-subprocesses",
        (
            (
                "loops-of-subprocesses.bpmn",
                process(
                    NODES
                    + '<subProcess id="a">'
                    + loop(True)
                    + '<startEvent id="is"/>'
                    + job("i", type_="los-i")
                    + '<endEvent id="ie"/><sequenceFlow id="i1" sourceRef="is" targetRef="i"/>'
                    '<sequenceFlow id="i2" sourceRef="i" targetRef="ie"/></subProcess>' + job("c", type_="los-c"),
                    "s>a a>c c>e",
                    "",
                    "loops-of-subprocesses",
                ),
            ),
        ),
        (
            start("loops-of-subprocesses", items=[1, 2]),
            jobs("los-i"),
            complete(r="a"),
            jobs("los-i"),
            complete(r="b"),
            jobs("los-c"),
        ),
    ),
    Dialogue(
        "models-refused",
        (),
        tuple(
            Step("POST", "/deployments", ("file", f"{name}.bpmn", data))
            for name, data in (
                ("no-type", process(NODES + '<serviceTask id="a"/>', "s>a a>e", "", "no-type")),
                ("no-process", process(NODES, "s>e", "", "no-process").replace(b' isExecutable="true"', b"")),
                ("no-feel", process(NODES + '<exclusiveGateway id="g"/>', "s>g g>e:=(", "", "no-feel")),
                ("no-message", process(NODES + CATCH, "s>a a>e", '<message id="m" name="x"/>', "no-message")),
                ("no-start", process('<endEvent id="e"/>', "", "", "no-start")),
                (
                    "no-loop",
                    process(NODES + job("a", inside="<multiInstanceLoopCharacteristics/>"), "s>a a>e", "", "no-loop"),
                ),
                (
                    "no-timer",
                    process(
                        NODES + '<intermediateCatchEvent id="a"><timerEventDefinition/></intermediateCatchEvent>',
                        "s>a a>e",
                        "",
                        "no-timer",
                    ),
                ),
            )
        ),
    ),
)
