"""Dialogues with `/v2`: models and raw requests, to be had with our server and with a real Camunda 8.

A step is a request; `{name}` in its path or body stands for what an earlier answer gave (`keep`: name to a path in it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.camunda8.conftest import MODELS
from tests.camunda8.play import extended, job, process


@dataclass(frozen=True)
class Step:
    """One request, and what is kept of its answer."""

    method: str
    path: str
    body: Any = None
    keep: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dialogue:
    """What is deployed first, and what is said then."""

    name: str
    models: tuple[tuple[str, bytes], ...]
    steps: tuple[Step, ...]


def post(path: str, body: Any = None, **keep: str) -> Step:
    """A POST."""
    return Step("POST", path, {} if body is None else body, keep)


def start(process_id: str, **variables: Any) -> Step:
    """Starts an instance, whose key is kept as `i`."""
    return post(
        "/process-instances", {"processDefinitionId": process_id, "variables": variables}, i="processInstanceKey"
    )


def result(process_id: str, **variables: Any) -> Step:
    """Starts an instance and waits for its end."""
    body = {"processDefinitionId": process_id, "variables": variables, "awaitCompletion": True}
    return post("/process-instances", body, i="processInstanceKey")


def jobs(kind: str, most: int = 5, **more: Any) -> Step:
    """Activates jobs; the first one's key is kept as `j`."""
    body = {"type": kind, "timeout": 60_000, "maxJobsToActivate": most, "requestTimeout": 2000, "worker": "w", **more}
    return post("/jobs/activation", body, j="jobs.0.jobKey")


def complete(**variables: Any) -> Step:
    """Completes the job that was kept."""
    return post("/jobs/{j}/completion", {"variables": variables})


NODES = '<startEvent id="s"/><endEvent id="e"/>'


def one(id_: str, node: str, roots: str = "", name: str = "a", more: str = "") -> tuple[str, bytes]:
    """A process s > node > e; boundary events and what lies behind them come as `more`."""
    flows = f"s>{name} {name}>e" + (" b>e2" if more else "")
    end = '<endEvent id="e2"/>' if more else ""
    return f"{id_}.bpmn", process(NODES + node + more + end, flows, roots, id_)


def mapped(*lines: str) -> str:
    """Mappings: `in y =x + 1`."""
    found = []
    for line in lines:
        kind, target, source = line.split(" ", 2)
        name = "input" if kind == "in" else "output"
        found.append(f'<zeebe:{name} source="{source.replace(chr(34), "&quot;")}" target="{target}"/>')
    return f"<zeebe:ioMapping>{''.join(found)}</zeebe:ioMapping>"


def loop(sequential: bool, condition: str = "") -> str:
    """A loop over `items`."""
    inside = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"><extensionElements>'
        '<zeebe:loopCharacteristics inputCollection="=items" inputElement="item" outputCollection="results" '
        f'outputElement="=r"/></extensionElements>{inside}</multiInstanceLoopCharacteristics>'
    )


PAID = extended("message", "m", '<zeebe:subscription correlationKey="=key"/>', attributes='name="paid{n}"')
CATCH = '<intermediateCatchEvent id="a"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
ERROR = '<error id="err" errorCode="E1"/>'
CAUGHT = '<boundaryEvent id="b" attachedToRef="a"><errorEventDefinition errorRef="err"/></boundaryEvent>'


def paid(name: str) -> str:
    """The message `paid` under another name, so that dialogues do not meet."""
    return PAID.replace("{n}", name)


def message(name: str, key: str, ttl: int = 0, path: str = "publication", **more: Any) -> Step:
    """Publishes or correlates."""
    body: dict[str, Any] = {"name": name, "correlationKey": key, **more}
    if path == "publication":
        body["timeToLive"] = ttl
    return post(f"/messages/{path}", body)


def scripted(text: str) -> str:
    """A script task whose result is `r`."""
    shown = text.replace('"', "&quot;").replace("<", "&lt;")
    return extended("scriptTask", "a", f'<zeebe:script expression="{shown}" resultVariable="r"/>')


FEEL = {
    "numbers": "=x / 3",
    "text": '=upper case(t) + "!"',
    "list": "=for i in items return i * 2",
    "filter": "=items[item > 1]",
    "context": "={a: x, b: {c: t}}",
    "missing": "=nothing",
    "missing-sum": "=nothing + 1",
    "date": '=date("2024-02-29")',
    "duration": '=duration("P1DT2H") + duration("PT30M")',
    "date-time": '=date and time("2024-01-01T10:00:00Z") + duration("PT1H")',
    "if": '=if x > 3 then "big" else "small"',
    "some": "=some i in items satisfies i > 2",
    "get": '=get value({a: 1}, "a")',
    "put": '=context put({a: 1}, "b", 2)',
    "null": "=null",
    "string": "=string(x)",
    "number": '=number("12.50")',
    "split": '=split("a,b", ",")',
    "decimal": "=decimal(1/3, 2)",
    "big": "=12345678901234567890",
    "between": "=x between 1 and 10",
    "instance": "=x instance of number",
}

DIALOGUES: tuple[Dialogue, ...] = (
    Dialogue(
        "deploying",
        (),
        (
            Step("POST", "/deployments", ("file", "order.bpmn", (MODELS / "order.bpmn").read_bytes())),
            Step("POST", "/deployments", ("file", "order.bpmn", (MODELS / "order.bpmn").read_bytes())),
            Step("POST", "/deployments", ("file", "dish.dmn", (MODELS / "dish.dmn").read_bytes())),
            Step("POST", "/deployments", ("file", "look.form", (MODELS / "look.form").read_bytes())),
            Step("POST", "/deployments", ("file", "bad.bpmn", b"<a/>")),
            Step("POST", "/deployments", ("file", "bad.form", b"{}")),
        ),
    ),
    Dialogue(
        "creating",
        (one("creating", job("a", type_="creating")),),
        (
            start("creating", x=1),
            post("/process-instances", {}),
            post("/process-instances", {"processDefinitionId": "creating", "processDefinitionKey": "1"}),
            post("/process-instances", {"processDefinitionId": "nobody"}),
            post("/process-instances", {"processDefinitionId": "creating", "processDefinitionVersion": 7}),
            post("/process-instances", {"processDefinitionId": "creating", "startInstructions": [{"elementId": "a"}]}),
            post("/process-instances", {"processDefinitionId": "creating", "startInstructions": [{"elementId": "no"}]}),
            post("/process-instances", {"processDefinitionId": "creating", "variables": None}),
            post("/process-instances", {"processDefinitionId": "creating", "unknown": 1}),
            post("/process-instances", {"processDefinitionId": "creating", "variables": [1]}),
            post("/process-instances/{i}/cancellation"),
            post("/process-instances/{i}/cancellation"),
        ),
    ),
    Dialogue(
        "jobs",
        (one("jobs", job("a", mapped("in y =x + 1", "out r =v"), type_="jobs")),),
        (
            start("jobs", x=1),
            jobs("jobs"),
            complete(v=2),
            complete(v=2),
            start("jobs", x=2),
            jobs("jobs", fetchVariable=["y"]),
            post("/jobs/{j}/failure", {"retries": 1, "errorMessage": "again"}),
            jobs("jobs"),
            post("/jobs/{j}/failure", {"retries": 0, "errorMessage": "boom"}),
            complete(),
            Step("PATCH", "/jobs/{j}", {"changeset": {"retries": 3}}),
            Step("PATCH", "/jobs/{j}", {"changeset": {"retries": 0}}),
            Step("PATCH", "/jobs/{j}", {"changeset": {}}),
            post("/jobs/activation", {}),
            post("/jobs/activation", {"type": "jobs", "timeout": 0, "maxJobsToActivate": 0}),
            post("/jobs/{j}/error", {}),
            post("/jobs/{j}/error", {"errorCode": "E"}),
            complete(),
        ),
    ),
    Dialogue(
        "errors",
        (one("errors", job("a", type_="errors"), ERROR, more=CAUGHT),),
        (
            start("errors"),
            jobs("errors"),
            post("/jobs/{j}/error", {"errorCode": "E1", "errorMessage": "no", "variables": {"why": "x"}}),
        ),
    ),
    *(
        Dialogue(
            f"feel-{name}",
            (one(f"feel-{name}", scripted(text)),),
            (
                post(
                    "/process-instances",
                    {
                        "processDefinitionId": f"feel-{name}",
                        "variables": {"x": 10, "t": "abc", "items": [1, 2, 3]},
                        "awaitCompletion": True,
                        "fetchVariables": ["r"],
                    },
                ),
            ),
        )
        for name, text in FEEL.items()
    ),
    Dialogue(
        "mappings",
        (
            one(
                "mappings", job("a", mapped("in y =x", "in z.a =y + 1", "out o.p =z.a", "out o.q =v"), type_="mappings")
            ),
        ),
        (
            post(
                "/process-instances",
                {"processDefinitionId": "mappings", "variables": {"x": 1, "o": {"kept": True}}},
                i="processInstanceKey",
            ),
            jobs("mappings"),
            complete(v="w", extra=1),
        ),
    ),
    *(
        Dialogue(
            f"loop-{name}",
            (one(f"loop-{name}", job("a", inside=loop(sequential, condition), type_=f"loop-{name}")),),
            (
                start(f"loop-{name}", items=["x", "y"]),
                jobs(f"loop-{name}", 1),
                complete(r=1),
                jobs(f"loop-{name}", 1),
                complete(r=2),
            ),
        )
        for name, sequential, condition in (
            ("parallel", False, ""),
            ("sequential", True, ""),
            ("condition", False, "= numberOfCompletedInstances = 1"),
        )
    ),
    Dialogue(
        "messages",
        (("messages.bpmn", process(NODES + CATCH + job("b", type_="messages"), "s>a a>b b>e", paid("1"), "messages")),),
        (
            message("paid1", "k1", 60_000, variables={"n": 1}),
            message("paid1", "k1", 60_000, messageId="id"),
            message("paid1", "k1", 60_000, messageId="id"),
            start("messages", key="k1"),
            jobs("messages"),
            complete(),
            message("paid1", "k2", path="correlation"),
            start("messages", key="k2"),
            message("paid1", "k2", path="correlation", variables={"n": 2}),
            jobs("messages"),
            complete(),
            post("/messages/publication", {}),
            post("/messages/correlation", {"name": "paid1"}),
        ),
    ),
    Dialogue(
        "message-start",
        (
            (
                "message-start.bpmn",
                process(
                    '<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent><endEvent id="e"/>'
                    + job("a", type_="message-start"),
                    "s>a a>e",
                    '<message id="m" name="go"/>',
                    "message-start",
                ),
            ),
        ),
        (
            message("go", "k", 60_000, variables={"n": 1}),
            message("go", "k", 60_000, variables={"n": 2}),
            jobs("message-start"),
            complete(),
            jobs("message-start"),
            complete(),
        ),
    ),
    Dialogue(
        "signals",
        (
            (
                "signals.bpmn",
                process(
                    '<startEvent id="s"><signalEventDefinition signalRef="x"/></startEvent><endEvent id="e"/>'
                    + job("a", type_="signals"),
                    "s>a a>e",
                    '<signal id="x" name="alarm"/>',
                    "signals",
                ),
            ),
        ),
        (
            post("/signals/broadcast", {"signalName": "alarm", "variables": {"n": 1}}),
            jobs("signals"),
            complete(),
            post("/signals/broadcast", {}),
        ),
    ),
    Dialogue(
        "calls",
        (
            one("calls", extended("callActivity", "a", '<zeebe:calledElement processId="called"/>')),
            one("called", job("a", type_="called")),
        ),
        (start("calls", x=1), jobs("called"), complete(r=2)),
    ),
    Dialogue(
        "decisions",
        (("dish.dmn", (MODELS / "dish.dmn").read_bytes()),),
        (
            post(
                "/decision-definitions/evaluation", {"decisionDefinitionId": "dish", "variables": {"season": "Winter"}}
            ),
            post("/decision-definitions/evaluation", {"decisionDefinitionId": "dish", "variables": {"season": "None"}}),
            post("/decision-definitions/evaluation", {"decisionDefinitionId": "nobody"}),
            post("/decision-definitions/evaluation", {}),
        ),
    ),
    Dialogue(
        "modification",
        (
            (
                "modification.bpmn",
                process(
                    NODES + job("a", type_="modified-a") + job("c", type_="modified-c"),
                    "s>a a>c c>e",
                    "",
                    "modification",
                ),
            ),
        ),
        (
            start("modification"),
            post("/process-instances/{i}/modification", {"activateInstructions": [{"elementId": "c"}]}),
            jobs("modified-c"),
            complete(),
            post("/process-instances/{i}/modification", {"activateInstructions": [{"elementId": "no"}]}),
            post("/process-instances/{i}/modification", {"terminateInstructions": [{"elementInstanceKey": "1"}]}),
            post("/process-instances/2251799813685249/modification", {"activateInstructions": [{"elementId": "c"}]}),
        ),
    ),
    Dialogue(
        "variables",
        (one("variables", job("a", type_="variables")),),
        (
            start("variables", x=1),
            Step("PUT", "/element-instances/{i}/variables", {"variables": {"x": 2, "y": [1]}}),
            Step("PUT", "/element-instances/2251799813685249/variables", {"variables": {"x": 2}}),
            jobs("variables"),
            complete(),
        ),
    ),
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
    Dialogue(
        "wrong-requests",
        (),
        (
            Step("GET", "/nowhere"),
            Step("DELETE", "/topology"),
            Step("POST", "/jobs/abc/completion", {}),
            Step("POST", "/process-instances", ("text", "application/json", "{")),
            Step("POST", "/process-instances", ("text", "text/plain", "{}")),
            Step("POST", "/jobs/2251799813685249/completion", {}),
            Step("POST", "/jobs/2251799813685249/failure", {}),
            Step("POST", "/incidents/2251799813685249/resolution", {}),
            Step("POST", "/user-tasks/2251799813685249/completion", {}),
            Step("POST", "/user-tasks/2251799813685249/assignment", {}),
            Step("POST", "/user-tasks/2251799813685249/assignment", {"assignee": "a"}),
            Step("PATCH", "/user-tasks/2251799813685249", {"changeset": {"priority": 200}}),
            Step("PATCH", "/user-tasks/2251799813685249", {}),
            Step("DELETE", "/user-tasks/2251799813685249/assignee"),
        ),
    ),
)
