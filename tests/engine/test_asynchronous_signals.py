"""Signals that are thrown with `camunda:async`: a job for each catch event and start, the rest at once. As Camunda 7.24 did."""

from __future__ import annotations

from typing import Any

import pytest

from procession.engine.engine import Engine
from procession.errors import ExpressionFailed
from procession.kernel import commands as c
from tests.engine.looking import count, nodes, one, rows, variables
from tests.engine.models import USER, boundary, expression, flow, row

SIGNAL = '<signalEventDefinition signalRef="S"/>'
LATER = '<signalEventDefinition signalRef="S" camunda:async="true">{}</signalEventDefinition>'
COPIED = '<extensionElements><camunda:in source="v" target="w"/></extensionElements>'
CATCH = f'<intermediateCatchEvent id="r">{SIGNAL}</intermediateCatchEvent>'
INSIDE = f'<subProcess id="x" triggeredByEvent="true"><startEvent id="r">{SIGNAL}</startEvent></subProcess>'


def model(*parts: str, **options: Any) -> bytes:
    return row(*parts, **options).replace(b"<process", b'<signal id="S" name="S"/><process', 1)


def throw(engine: Engine, copies: str = "") -> int:
    """Deploys what throws the signal and starts it."""
    event = f'<intermediateThrowEvent id="t">{LATER.format(copies)}</intermediateThrowEvent>'
    engine.deploy(("t.bpmn", model(event, USER, id_="thrower")))
    return engine.start_process("thrower", {"v": 7}).instance


def jobs(engine: Engine) -> list[tuple[Any, ...]]:
    return rows(
        engine,
        "SELECT kind, node, instance, retries, priority, job_definition FROM job WHERE kind = 'event' ORDER BY key",
    )


def run_all(engine: Engine) -> None:
    for (key,) in rows(engine, "SELECT key FROM job WHERE kind = 'event' ORDER BY key"):
        engine.run_job(key)


def test_a_catch_event_takes_it_by_a_job_and_without_variables(engine: Engine) -> None:
    engine.deploy(("p.bpmn", model(CATCH, USER)))
    instance = engine.start_process("p").instance
    thrower = throw(engine, COPIED)
    assert nodes(engine, thrower) == ["u"]
    assert nodes(engine, instance) == ["r"]
    assert jobs(engine) == [("event", "r", instance, 3, 0, None)]
    run_all(engine)
    assert nodes(engine, instance) == ["u"]
    assert variables(engine, instance) == {}


@pytest.mark.parametrize(
    ("parts", "after"),
    [
        ((USER, "", boundary("r", "u", SIGNAL, "v") + '<userTask id="v"/>'), ["v"]),
        ((USER, "", boundary("r", "u", SIGNAL, "v", interrupting=False) + '<userTask id="v"/>'), ["u", "v"]),
        ((USER, "", INSIDE), []),
    ],
)
def test_what_is_attached_takes_it_at_once_with_its_variables(
    engine: Engine, parts: tuple[str, str, str], after: list[str]
) -> None:
    engine.deploy(("p.bpmn", model(parts[0], extra=parts[2])))
    instance = engine.start_process("p").instance
    throw(engine, COPIED)
    assert jobs(engine) == []
    assert nodes(engine, instance) == after
    if after:
        assert variables(engine, instance) == {"w": 7}


def test_behind_an_event_based_gateway_it_is_a_job(engine: Engine) -> None:
    gateway = '<eventBasedGateway id="g"/>'
    other = '<intermediateCatchEvent id="m"><messageEventDefinition messageRef="M"/></intermediateCatchEvent>'
    engine.deploy(("p.bpmn", model(gateway, CATCH, USER, extra=other + flow("g", "m"))))
    instance = engine.start_process("p").instance
    throw(engine)
    assert nodes(engine, instance) == ["g"]
    run_all(engine)
    assert nodes(engine, instance) == ["u"]


def test_a_start_event_takes_it_by_a_job_each_time(engine: Engine) -> None:
    engine.deploy(("p.bpmn", model(USER, start=f'<startEvent id="s">{SIGNAL}</startEvent>')))
    throw(engine)
    throw(engine)
    assert jobs(engine) == [("event", "s", None, 3, 0, None)] * 2
    run_all(engine)
    assert count(engine, "instance", "process_id = 'p'") == 2


def test_a_start_whose_definition_is_gone_does_nothing(engine: Engine) -> None:
    start = f'<startEvent id="s">{SIGNAL}</startEvent>'
    engine.deploy(("p.bpmn", model(USER, start=start)))
    throw(engine)
    engine.deploy(("p.bpmn", model(USER)))
    run_all(engine)
    assert count(engine, "instance", "process_id = 'p'") == 0


def test_the_priority_is_the_events(engine: Engine) -> None:
    catch = CATCH.replace('id="r"', 'id="r" camunda:jobPriority="7"')
    engine.deploy(("p.bpmn", model(catch, USER)))
    engine.start_process("p")
    throw(engine)
    assert [row[4] for row in jobs(engine)] == [7]


def test_two_signals_are_two_jobs_until_one_has_run(engine: Engine) -> None:
    engine.deploy(("p.bpmn", model(CATCH, USER)))
    engine.start_process("p")
    throw(engine)
    throw(engine)
    assert len(jobs(engine)) == 2
    engine.run_job(one(engine, "SELECT min(key) FROM job WHERE kind = 'event'"))
    assert jobs(engine) == []


def test_the_job_goes_with_what_waits(engine: Engine) -> None:
    engine.deploy(("p.bpmn", model(CATCH, USER)))
    instance = engine.start_process("p").instance
    throw(engine)
    engine.submit(c.CancelInstance(instance))
    assert jobs(engine) == []


def test_what_fails_behind_it_leaves_the_job_with_a_try_less(engine: Engine) -> None:
    engine.deploy(("p.bpmn", model(CATCH, expression("d", "${nix}"))))
    instance = engine.start_process("p").instance
    throw(engine)
    with pytest.raises(ExpressionFailed):
        run_all(engine)
    assert [row[3] for row in jobs(engine)] == [2]
    assert nodes(engine, instance) == ["r"]


def test_a_suspended_instance_gets_no_job(engine: Engine) -> None:
    engine.deploy(("p.bpmn", model(CATCH, USER)))
    engine.submit(c.SuspendInstance(engine.start_process("p").instance, True))
    throw(engine)
    assert jobs(engine) == []
