"""Transient variables are there until their command has ended; neither they nor their history are written."""

from __future__ import annotations

import pytest

from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.errors import ExecutionFailed
from procession.kernel import commands as c
from procession.values import TypedValue
from tests.engine.looking import at_once, count, past_variables, task, values, variables
from tests.engine.models import USER, expression, file, process, row

PASSING = TypedValue("String", "by", {}, transient=True)
COPY = expression("copy", "${t}", 'camunda:resultVariable="kept"')
SEEN = expression("seen", "${execution.hasVariable('t')}", 'camunda:resultVariable="seen"')


def test_it_is_seen_until_the_command_has_ended(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(COPY, USER, SEEN, '<userTask id="v"/>')))
    instance = engine.submit(ec.StartProcess(process_id="p", variables={"t": PASSING})).instance
    assert variables(engine, instance) == {"kept": "by"}
    engine.submit(c.CompleteTask(task(engine)))
    assert variables(engine, instance) == {"kept": "by", "seen": False}
    assert past_variables(engine, instance) == {"kept": "String", "seen": "Boolean"}
    assert count(engine, "history_detail", "name = 't'") == 0


def test_an_asynchronous_continuation_does_not_see_it(engine: Engine) -> None:
    asynchronous = SEEN.replace('id="seen"', 'id="seen" camunda:asyncBefore="true"')
    engine.deploy(("p.bpmn", row(asynchronous, USER)))
    instance = engine.submit(ec.StartProcess(process_id="p", variables={"t": PASSING})).instance
    engine.jobs.run_due()
    assert variables(engine, instance) == {"seen": False}


def test_commands_that_share_a_transaction_do_not_share_it(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    instance = engine.submit(ec.StartProcess(process_id="p")).instance
    at_once(engine, [c.SetVariables(instance, {"t": PASSING}), c.SetVariables(instance, values(t=1))])
    assert variables(engine, instance) == {"t": 1}
    assert past_variables(engine, instance) == {"t": "Integer"}


@pytest.mark.parametrize(("first", "then"), [(TypedValue("Integer", 1), PASSING), (PASSING, TypedValue("Integer", 1))])
def test_a_variable_is_one_or_the_other(engine: Engine, first: TypedValue, then: TypedValue) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    instance = engine.submit(ec.StartProcess(process_id="p", variables=values(a=0))).instance
    both = ec.Together((c.SetVariables(instance, {"t": first}), c.SetVariables(instance, {"t": then})))
    with pytest.raises(ExecutionFailed, match="ENGINE-17006 Cannot set transient variable with name t"):
        engine.submit(both)
    assert variables(engine, instance) == {"a": 0}


def test_a_called_process_gets_it_for_as_long(engine: Engine) -> None:
    inside = '<extensionElements><camunda:in variables="all"/></extensionElements>'
    caller = process(f'<callActivity id="call" calledElement="q">{inside}</callActivity>')
    engine.deploy(("p.bpmn", file(caller)), ("q.bpmn", row(COPY, USER, id_="q")))
    engine.submit(ec.StartProcess(process_id="p", variables={"t": PASSING}))
    with engine.storage.read() as connection:
        names = connection.exec_driver_sql("SELECT name FROM variable").scalars().all()
    assert names == ["kept"]
