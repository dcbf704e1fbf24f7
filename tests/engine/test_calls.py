"""Call activities: what goes in and comes out, errors, cancellation both ways, incidents, endless recursion."""

from __future__ import annotations

from typing import Any

import pytest

from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.errors import ExecutionFailed, Suspended
from procession.kernel import commands as c
from tests.engine.looking import (
    caused,
    complete_external,
    count,
    later,
    lease,
    left_over,
    nodes,
    one,
    rows,
    state,
    task,
    values,
    variables,
)
from tests.engine.models import RETRY_NEVER, USER, boundary, call, expression, external, row

IN_ALL, OUT_ALL = '<camunda:in variables="all"/>', '<camunda:out variables="all"/>'
ERROR_END = '<endEvent id="e"><errorEventDefinition errorRef="E"/></endEvent>'
ERROR = '<errorEventDefinition errorRef="E"/>'
CAUGHT = '<userTask id="caught"/>'


def deploy(engine: Engine, caller: bytes, called: bytes) -> None:
    engine.deploy(("p.bpmn", caller), ("q.bpmn", called))


def started(engine: Engine, **plain: Any) -> tuple[int, int]:
    """Starts the caller: its key, and that of the instance it calls."""
    caller = engine.start_process("p", plain).instance
    return caller, one(engine, "SELECT key FROM instance WHERE caller_instance = ?", caller)


def inner(*nodes_: str, **more: Any) -> bytes:
    return row(*nodes_, id_="q", **more)


def test_the_caller_waits_for_the_end_of_the_called(engine: Engine) -> None:
    deploy(engine, row(call("c", "q"), USER), inner('<userTask id="v"/>'))
    caller, called = started(engine)
    assert (nodes(engine, caller), nodes(engine, called)) == (["c"], ["v"])
    engine.complete_task(task(engine, "v"))
    assert (nodes(engine, caller), state(engine, called)) == (["u"], "COMPLETED")


def test_a_called_process_may_end_at_once(engine: Engine) -> None:
    deploy(engine, row(call("c", "q"), USER), inner())
    assert nodes(engine, engine.start_process("p").instance) == ["u"]


def test_the_called_knows_its_caller_and_root(engine: Engine) -> None:
    deploy(engine, row(call("c", "q")), inner(call("d", "r")))
    engine.deploy(("r.bpmn", row(USER, id_="r")))
    caller = engine.start_process("p").instance
    assert rows(engine, "SELECT process_id, root FROM instance ORDER BY key") == [
        ("p", caller),
        ("q", caller),
        ("r", caller),
    ]
    called = one(engine, "SELECT called_instance FROM history_activity WHERE node = 'c'")
    assert called == one(engine, "SELECT key FROM instance WHERE process_id = 'q'")


def test_nothing_goes_in_or_out_unasked(engine: Engine) -> None:
    deploy(engine, row(call("c", "q"), USER), inner('<userTask id="v"/>'))
    caller, called = started(engine, a=1)
    assert variables(engine, called) == {}
    engine.complete_task(task(engine, "v"), {"b": 2})
    assert variables(engine, caller) == {"a": 1}


def test_all_goes_in_and_out(engine: Engine) -> None:
    deploy(engine, row(call("c", "q", IN_ALL + OUT_ALL), USER), inner('<userTask id="v"/>'))
    caller, called = started(engine, a=1)
    assert variables(engine, called) == {"a": 1}
    engine.complete_task(task(engine, "v"), {"a": 3, "b": 2})
    assert variables(engine, caller) == {"a": 3, "b": 2}


def test_chosen_variables_go_in_and_out(engine: Engine) -> None:
    mappings = (
        '<camunda:in source="a" target="x"/><camunda:in sourceExpression="${a + 1}" target="y"/>'
        '<camunda:out source="r" target="result"/><camunda:out sourceExpression="${r * 10}" target="tenfold"/>'
    )
    deploy(engine, row(call("c", "q", mappings), USER), inner('<userTask id="v"/>'))
    caller, called = started(engine, a=1, hidden=0)
    assert variables(engine, called) == {"x": 1, "y": 2}
    engine.complete_task(task(engine, "v"), {"r": 4})
    assert variables(engine, caller) == {"a": 1, "hidden": 0, "result": 4, "tenfold": 40}


def test_the_business_key_goes_in_where_the_model_says(engine: Engine) -> None:
    mapping = '<camunda:in businessKey="#{execution.processBusinessKey}"/>'
    deploy(engine, row(call("c", "q", mapping)), inner(USER))
    engine.start_process("p", business_key="k")
    assert one(engine, "SELECT business_key FROM instance WHERE process_id = 'q'") == "k"


def test_the_newest_version_is_called(engine: Engine) -> None:
    deploy(engine, row(call("c", "q")), inner(USER))
    engine.deploy(("q.bpmn", inner('<userTask id="newer"/>')))
    assert nodes(engine, started(engine)[1]) == ["newer"]


def test_the_version_of_the_deployment_is_called(engine: Engine) -> None:
    deploy(engine, row(call("c", "q", attributes='camunda:calledElementBinding="deployment"')), inner(USER))
    engine.deploy(("q.bpmn", inner('<userTask id="newer"/>')))
    assert nodes(engine, started(engine)[1]) == ["u"]


def test_an_unknown_process_fails_the_command(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER, call("c", "nobody"))))
    instance = engine.start_process("p").instance
    with pytest.raises(ExecutionFailed, match="no processes deployed with key = 'nobody'"):
        engine.complete_task(task(engine))
    assert nodes(engine, instance) == ["u"]


def test_a_suspended_process_cannot_be_called(engine: Engine) -> None:
    deploy(engine, row(call("c", "q")), inner(USER))
    engine.submit(ec.SuspendDefinition(one(engine, "SELECT key FROM process_definition WHERE process_id = 'q'"), True))
    with pytest.raises(Suspended):
        engine.start_process("p")
    assert left_over(engine) == {}


def test_many_calls_at_once_all_come_back(engine: Engine) -> None:
    loop = (
        '<callActivity id="c" calledElement="q"><multiInstanceLoopCharacteristics>'
        "<loopCardinality>5</loopCardinality></multiInstanceLoopCharacteristics></callActivity>"
    )
    deploy(engine, row(loop, '<userTask id="after"/>'), inner(USER))
    caller = engine.start_process("p").instance
    for (key,) in rows(engine, "SELECT key FROM task WHERE node = 'u'"):
        assert nodes(engine, caller)[0] == "c"
        engine.complete_task(key)
    assert nodes(engine, caller) == ["after"]


# ---------------------------------------------------------------- errors


def caller_that_catches(**more: Any) -> bytes:
    return row(call("c", "q", **more), USER, extra=CAUGHT + boundary("b", "c", ERROR, "caught"))


def test_an_error_goes_through_to_the_caller(engine: Engine) -> None:
    deploy(engine, caller_that_catches(), inner(end=ERROR_END))
    caller = engine.start_process("p").instance
    assert nodes(engine, caller) == ["caught"]
    assert one(engine, "SELECT state FROM history_instance WHERE process_id = 'q'") != "ACTIVE"


def test_an_error_goes_through_several_callers(engine: Engine) -> None:
    deploy(engine, caller_that_catches(), inner(call("d", "r")))
    engine.deploy(("r.bpmn", row(external(), id_="r")))
    caller = engine.start_process("p").instance
    (key,) = lease(engine)
    engine.submit(c.ThrowError("E1", external=key, worker="w"))
    assert nodes(engine, caller) == ["caught"]
    assert rows(engine, "SELECT process_id FROM instance") == [("p",)]


def test_an_error_that_nobody_catches_ends_its_path(engine: Engine) -> None:
    deploy(engine, row(call("c", "q"), USER), inner(end=ERROR_END))
    caller = engine.start_process("p").instance
    assert nodes(engine, caller) == ["u"]


def test_an_error_inside_is_caught_inside(engine: Engine) -> None:
    inside = inner(external(), extra=CAUGHT + boundary("b", "x", ERROR, "caught"))
    deploy(engine, caller_that_catches(), inside)
    _, called = started(engine)
    (key,) = lease(engine)
    engine.submit(c.ThrowError("E1", external=key, worker="w"))
    assert nodes(engine, called) == ["caught"]


@pytest.mark.parametrize("levels", [1, 2])
def test_what_an_escalation_begins_comes_after_what_follows_the_call(engine: Engine, levels: int) -> None:
    escalation = '<escalationEventDefinition escalationRef="X"/>'
    caught = boundary("b", "c", escalation, "caught", interrupting=False)
    over = '<endEvent id="e"><terminateEventDefinition/></endEvent>'
    thrown = f'<endEvent id="e">{escalation}</endEvent>'
    throwing = [inner(USER, end=thrown)] if levels == 1 else [inner(call("d", "r")), row(USER, id_="r", end=thrown)]
    for number, model in enumerate([row(call("c", "q"), end=over, extra=CAUGHT + caught), *throwing]):
        named = model.replace(b"<process ", b'<escalation id="X" escalationCode="X"/><process ', 1)
        engine.deploy((f"{number}.bpmn", named))
    caller = engine.start_process("p").instance
    engine.complete_task(task(engine, "u"))
    assert state(engine, caller) == "COMPLETED"
    assert count(engine, "history_activity", "node IN ('b', 'caught')") == 0


# ---------------------------------------------------------------- cancellation


def test_cancelling_the_caller_cancels_the_called(engine: Engine) -> None:
    deploy(engine, row(call("c", "q")), inner(call("d", "r")))
    engine.deploy(("r.bpmn", row(USER, id_="r")))
    caller = engine.start_process("p").instance
    engine.submit(c.CancelInstance(caller, "no longer wanted"))
    assert left_over(engine) == {}
    assert {x for (x,) in rows(engine, "SELECT state FROM history_instance")} <= {
        "EXTERNALLY_TERMINATED",
        "INTERNALLY_TERMINATED",
    }


def test_cancelling_the_called_cancels_the_caller(engine: Engine) -> None:
    deploy(engine, row(call("c", "q")), inner(USER))
    caller, called = started(engine)
    engine.submit(c.CancelInstance(called, "no longer wanted"))
    assert left_over(engine) == {}
    assert state(engine, caller) == "EXTERNALLY_TERMINATED"


def test_an_interrupting_event_cancels_the_called(engine: Engine) -> None:
    caught = boundary("b", "c", '<messageEventDefinition messageRef="M"/>', "caught")
    deploy(engine, row(call("c", "q"), extra=CAUGHT + caught), inner(USER))
    caller, called = started(engine)
    engine.submit(ec.CorrelateMessage("M"))
    assert (nodes(engine, caller), state(engine, called)) == (["caught"], "INTERNALLY_TERMINATED")
    assert count(engine, "task", "node = 'u'") == 0


def test_enough_of_a_loop_cancels_what_its_other_turns_called(engine: Engine) -> None:
    loop = (
        '<callActivity id="c" calledElement="q"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>'
        '<completionCondition xsi:type="tFormalExpression">${nrOfCompletedInstances >= 1}</completionCondition>'
        "</multiInstanceLoopCharacteristics></callActivity>"
    )
    deploy(engine, row(loop, '<userTask id="after"/>'), inner(USER))
    caller = engine.start_process("p").instance
    engine.complete_task(rows(engine, "SELECT key FROM task WHERE node = 'u'")[0][0])
    assert nodes(engine, caller) == ["after"]
    assert set(rows(engine, "SELECT state, delete_reason FROM history_instance WHERE process_id = 'q'")) == {
        ("COMPLETED", None),
        ("INTERNALLY_TERMINATED", "Multi instance completion condition satisfied."),
    }
    reasons = rows(engine, "SELECT delete_reason FROM history_task WHERE node = 'u' ORDER BY delete_reason")
    assert reasons == [("completed",), ("deleted",)]


# ---------------------------------------------------------------- incidents


def test_an_incident_shows_at_every_caller_and_goes_with_its_cause(engine: Engine) -> None:
    deploy(engine, row(call("c", "q")), inner(call("d", "r")))
    engine.deploy(("r.bpmn", row(external(), id_="r")))
    engine.start_process("p")
    (key,) = lease(engine)
    engine.submit(c.FailExternal(key, "w", "broken", None, 0, 0))
    found = rows(engine, "SELECT node, key, cause, root_cause, configuration FROM incident ORDER BY key")
    assert [node for node, *_ in found] == ["x", "d", "c"]
    root = found[0][1]
    assert [root_cause for *_, root_cause, _ in found] == [root] * 3
    assert [cause for _, _, cause, _, _ in found] == [root, root, found[1][1]]
    engine.submit(c.ChangeExternal(key, retries=1))
    assert count(engine, "incident") == 0
    assert rows(engine, "SELECT DISTINCT state FROM history_incident") == [("resolved",)]


def test_cancelling_the_caller_takes_the_incidents_along(engine: Engine) -> None:
    deploy(engine, row(call("c", "q")), inner(external()))
    caller, _ = started(engine)
    (key,) = lease(engine)
    engine.submit(c.FailExternal(key, "w", "broken", None, 0, 0))
    engine.submit(c.CancelInstance(caller))
    assert left_over(engine) == {}


def test_a_failed_job_inside_shows_outside(engine: Engine) -> None:
    deploy(engine, row(call("c", "q")), inner(expression("f", "${missing}", 'camunda:asyncBefore="true"', RETRY_NEVER)))
    caller, called = started(engine)
    engine.jobs.run_due()
    assert caused(engine, called)[0][0] == "failedJob"
    assert caused(engine, caller)[0][0] == "failedJob"
    key = one(engine, "SELECT key FROM job")
    engine.submit(c.SetVariables(called, values(missing=1)))
    engine.submit(c.ChangeJob(key, retries=1))
    engine.jobs.run_due()
    assert left_over(engine) == {}


# ---------------------------------------------------------------- recursion


@pytest.mark.fault(12)
def test_endless_recursion_is_stopped(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(call("c", "p"))))
    with pytest.raises(ExecutionFailed, match="calls itself for ever"):
        engine.start_process("p")
    assert left_over(engine) == {}
    assert count(engine, "history_instance") == 0


@pytest.mark.fault(12)
def test_endless_recursion_behind_an_async_border_is_an_incident(engine: Engine) -> None:
    deploy(
        engine,
        row(call("c", "q", RETRY_NEVER, 'camunda:asyncBefore="true"')),
        inner(call("d", "q")),
    )
    instance = engine.start_process("p").instance
    later(engine)
    ((kind, text),) = caused(engine, instance)
    assert kind == "failedJob"
    assert "calls itself for ever" in (text or "")


def test_recursion_that_ends_is_fine(engine: Engine) -> None:
    gate = '<exclusiveGateway id="g" default="g-e"/>'
    model = row(
        gate,
        extra=call("c", "p", '<camunda:in sourceExpression="${n - 1}" target="n"/>')
        + '<sequenceFlow id="again" sourceRef="g" targetRef="c"><conditionExpression>${n &gt; 0}</conditionExpression>'
        '</sequenceFlow><sequenceFlow id="back" sourceRef="c" targetRef="e"/>',
    )
    engine.deploy(("p.bpmn", model))
    engine.start_process("p", {"n": 20})
    assert left_over(engine) == {}
    assert count(engine, "history_instance", "state = 'COMPLETED'") == 21


def test_the_step_goes_on_in_the_caller_in_the_same_transaction(engine: Engine) -> None:
    """Camunda 7: one transaction from one wait state to the next, through all instances."""
    deploy(engine, row(call("c", "q"), expression("f", "${missing}")), inner(external()))
    caller, called = started(engine)
    with pytest.raises(Exception, match="missing"):
        complete_external(engine)
    assert (nodes(engine, caller), nodes(engine, called)) == (["c"], ["x"])
