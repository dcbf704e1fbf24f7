"""What is written down at each history level, values that lie apart, and how suspension reaches everything."""

from __future__ import annotations

from typing import Any

import pytest

from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.errors import Invalid, Suspended
from procession.kernel import commands as c
from procession.values import TypedValue
from tests.engine.conftest import Opener
from tests.engine.looking import count, lease, left_over, nodes, one, rows, state, task, values, variables
from tests.engine.models import USER, external, row

HISTORY = (
    "history_instance",
    "history_activity",
    "history_task",
    "history_variable",
    "history_detail",
    "history_job_log",
    "history_external_log",
    "history_link",
    "operation_log",
)
AT_LEVEL = {
    "none": set(),
    "activity": {"history_instance", "history_activity", "history_task"},
    "audit": {"history_instance", "history_activity", "history_task", "history_variable"},
    "full": set(HISTORY),
}


@pytest.mark.parametrize("level", AT_LEVEL)
def test_each_level_writes_its_tables(opener: Opener, level: str) -> None:
    engine = opener(history=level)
    user = '<userTask id="u" camunda:asyncBefore="true" camunda:candidateGroups="g"/>'
    engine.deploy(("p.bpmn", row(user, external())))
    engine.start_process("p", {"a": 1})
    engine.jobs.run_due()
    engine.submit(c.ClaimTask(task(engine), "demo"), user="demo")
    engine.submit(c.CompleteTask(task(engine), values(a=2)), user="demo")
    (key,) = lease(engine)
    engine.submit(c.CompleteExternal(key, "w"))
    assert left_over(engine) == {}
    assert {table for table in HISTORY if count(engine, table)} == AT_LEVEL[level]


def test_every_value_of_a_variable_is_a_detail(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    instance = engine.start_process("p", {"a": 1}).instance
    for value in (2, "three"):
        engine.submit(c.SetVariables(instance, values(a=value)))
    details = rows(engine, "SELECT revision, type FROM history_detail WHERE name = 'a' ORDER BY key")
    assert details == [(0, "Integer"), (1, "Integer"), (2, "String")]


def test_who_did_it_is_written_down(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    engine.submit(ec.StartProcess(process_id="p"), user="mary")
    assert one(engine, "SELECT start_user FROM history_instance") == "mary"


def test_the_end_is_told_exactly_once(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    instance = engine.start_process("p").instance
    engine.complete_task(task(engine))
    found = rows(engine, "SELECT node, count(*), count(ended) FROM history_activity GROUP BY node ORDER BY node")
    assert found == [("e", 1, 1), ("s", 1, 1), ("u", 1, 1)]
    assert (state(engine, instance), one(engine, "SELECT end_node FROM history_instance")) == ("COMPLETED", "e")


# ---------------------------------------------------------------- big values


BIG: dict[str, Any] = {
    "text": "ä" * 200_000,
    "bytes": bytes(range(256)) * 1000,
    "list": [{"number": n, "name": f"n{n}"} for n in range(3000)],
    "dict": {f"key {n}": [n, None, True] for n in range(3000)},
}


@pytest.mark.parametrize("kind", BIG)
def test_a_big_value_comes_back_whole(opener: Opener, kind: str) -> None:
    engine = opener()
    engine.deploy(("p.bpmn", row(USER)))
    instance = engine.start_process("p", {"big": BIG[kind]}).instance
    assert variables(opener(), instance) == {"big": BIG[kind]}
    assert count(engine, "big_value") >= 1


def test_a_big_value_lies_apart_from_the_lists(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    engine.start_process("p", {"big": "x" * 100_000, "small": "y"})
    lengths = dict(rows(engine, "SELECT name, length(coalesce(text_value, '')) FROM variable"))
    assert lengths["small"] == 1
    assert lengths["big"] < 5000


@pytest.mark.parametrize(("level", "kept"), [("full", 2), ("audit", 1), ("none", 0)])
def test_only_history_keeps_old_big_values(opener: Opener, level: str, kept: int) -> None:
    engine = opener(history=level)
    engine.deploy(("p.bpmn", row(USER)))
    instance = engine.start_process("p", {"big": "x" * 100_000}).instance
    engine.submit(c.SetVariables(instance, values(big="y" * 100_000)))
    assert variables(engine, instance) == {"big": "y" * 100_000}
    engine.complete_task(task(engine))
    assert count(engine, "big_value") == kept


def test_a_file_keeps_its_name_and_type(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    info = {"filename": "a.pdf", "mimetype": "application/pdf"}
    given = {"document": TypedValue("File", b"%PDF" * 5000, info)}
    instance = engine.submit(ec.StartProcess(process_id="p", variables=given)).instance
    assert variables(engine, instance) == {"document": b"%PDF" * 5000}
    assert one(engine, "SELECT type FROM variable") == "File"


# ---------------------------------------------------------------- suspension


def test_a_suspended_instance_stands_still(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    instance = engine.start_process("p").instance
    engine.submit(c.SuspendInstance(instance, True))
    with pytest.raises(Suspended):
        engine.complete_task(task(engine))
    engine.submit(c.SuspendInstance(instance, False))
    engine.complete_task(task(engine))
    assert state(engine, instance) == "COMPLETED"


def test_external_tasks_of_a_suspended_instance_are_not_given_out(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(external())))
    instance = engine.start_process("p").instance
    engine.submit(c.SuspendInstance(instance, True))
    assert lease(engine) == []
    engine.submit(c.SuspendInstance(instance, False))
    assert len(lease(engine)) == 1


def test_a_task_that_was_locked_before_cannot_be_completed(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(external())))
    instance = engine.start_process("p").instance
    (key,) = lease(engine)
    engine.submit(c.SuspendInstance(instance, True))
    with pytest.raises(Invalid, match="suspended"):
        engine.submit(c.CompleteExternal(key, "w"))
    assert nodes(engine, instance) == ["x"]


def test_a_suspended_instance_can_be_cancelled(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    instance = engine.start_process("p").instance
    engine.submit(c.SuspendInstance(instance, True))
    engine.submit(c.CancelInstance(instance))
    assert left_over(engine) == {}


def test_a_suspended_definition_starts_nothing_but_goes_on(engine: Engine) -> None:
    (made,) = engine.deploy(("p.bpmn", row(USER))).processes
    instance = engine.start_process("p").instance
    engine.submit(ec.SuspendDefinition(made["key"], True))
    with pytest.raises(Suspended):
        engine.start_process("p")
    engine.complete_task(task(engine))
    assert state(engine, instance) == "COMPLETED"


def test_a_definition_is_suspended_with_its_instances(engine: Engine) -> None:
    (made,) = engine.deploy(("p.bpmn", row(USER))).processes
    instances = [engine.start_process("p").instance for _ in range(3)]
    engine.submit(ec.SuspendDefinition(made["key"], True, instances=True))
    assert count(engine, "instance", "suspended") == 3
    with pytest.raises(Suspended):
        engine.complete_task(task(engine, instance=instances[0]))
    engine.submit(ec.SuspendDefinition(made["key"], False, instances=True))
    assert count(engine, "instance", "suspended") == 0
    assert engine.start_process("p").instance


def test_another_engine_sees_the_suspension(opener: Opener) -> None:
    one_, other = opener(), opener()
    (made,) = one_.deploy(("p.bpmn", row(USER))).processes
    other.start_process("p")
    one_.submit(ec.SuspendDefinition(made["key"], True))
    with pytest.raises(Suspended):
        other.start_process("p")
