"""Dialogues with `/v2` about what is asked and answered; `dialogues_of_models` are about what models do."""

from __future__ import annotations

from tests.camunda8.conftest import MODELS
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
    scripted,
    start,
)
from tests.camunda8.dialogues_of_models import OF_MODELS
from tests.camunda8.play import extended, job, process

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
    *OF_MODELS,
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
