"""The user operation log: what the real Camunda 7.24 wrote for the same commands of a user who said who they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.kernel import commands as c
from tests.engine.looking import one, rows, values
from tests.engine.models import USER, delegate, external, row

LATER = '<userTask id="v" camunda:asyncBefore="true"/>'
P, J, D = "ProcessInstance", "Job", "ProcessDefinition"
Command = Callable[[Engine, int], Any]


def key(engine: Engine, table: str, where: str = "1 = 1") -> int:
    return int(one(engine, f"SELECT min(key) FROM {table} WHERE {where}"))


def told(engine: Engine) -> list[tuple[Any, ...]]:
    """Operation, entity, property, old and new value of what the log has."""
    return rows(
        engine,
        "SELECT operation_type, entity_type, property, old_value, new_value FROM operation_log ORDER BY key",
    )


@pytest.fixture
def instance(engine: Engine) -> int:
    """An instance in front of an asynchronous task, beside a task and an external task."""
    side = '<userTask id="w"/><sequenceFlow id="s-w" sourceRef="s" targetRef="w"/>'
    work = external() + '<sequenceFlow id="s-x" sourceRef="s" targetRef="x"/>'
    engine.deploy(("p.bpmn", row(LATER, extra=side + work, attributes='camunda:historyTimeToLive="5"')))
    return engine.start_process("p").instance


def definition(engine: Engine) -> int:
    return key(engine, "process_definition")


def job(engine: Engine) -> int:
    return key(engine, "job")


SAID: list[tuple[Command, list[tuple[Any, ...]]]] = [
    (lambda e, i: c.SuspendInstance(i, True), [("Suspend", P, "suspensionState", None, "suspended")]),
    (lambda e, i: c.CancelInstance(i, "why"), [("Delete", P, None, None, None)]),
    (lambda e, i: c.ModifyInstance(i, (c.StartAt("w"),)), [("ModifyProcessInstance", P, None, None, None)]),
    (lambda e, i: c.SetVariables(i, values(x=1)), [("SetVariable", "Variable", None, None, None)]),
    (lambda e, i: c.SetVariables(i, values(x=1, y=2)), [("ModifyVariable", "Variable", None, None, None)]),
    (lambda e, i: c.SetVariables(i, {}, remove=("x",)), [("RemoveVariable", "Variable", None, None, None)]),
    (lambda e, i: c.ChangeJob(job(e), retries=5), [("SetJobRetries", J, "retries", "3", "5")]),
    (lambda e, i: c.ChangeJob(job(e), priority=5), [("SetPriority", J, "priority", "0", "5")]),
    (lambda e, i: c.ChangeJob(job(e), set_due=True), [("SetDueDate", J, "duedate", None, None)]),
    (lambda e, i: c.ChangeJob(job(e), suspended=True), [("SuspendJob", J, "suspensionState", None, "suspended")]),
    (lambda e, i: c.RunJob(job(e)), [("Execute", J, None, None, None)]),
    (
        lambda e, i: c.ChangeExternal(key(e, "external_task"), retries=4, priority=2),
        [
            ("SetExternalTaskRetries", "ExternalTask", "retries", None, "4"),
            ("SetPriority", "ExternalTask", "priority", "0", "2"),
        ],
    ),
    (
        lambda e, i: ec.SuspendDefinition(definition(e), True, instances=True),
        [
            ("SuspendProcessDefinition", D, "suspensionState", None, "suspended"),
            ("SuspendProcessDefinition", D, "includeProcessInstances", None, "true"),
        ],
    ),
    (
        lambda e, i: ec.SetTimeToLive(definition(e), 3),
        [("UpdateHistoryTimeToLive", D, "historyTimeToLive", "5", "3")],
    ),
    (
        lambda e, i: ec.ChangeJobDefinition(key(e, "job_definition"), set_priority=True, priority=9),
        [
            ("SetPriority", "JobDefinition", "overridingPriority", None, "9"),
            ("SetPriority", J, "priority", None, "9"),
        ],
    ),
    (
        lambda e, i: ec.ChangeJobDefinition(key(e, "job_definition"), suspended=True),
        [("SuspendJobDefinition", "JobDefinition", "suspensionState", None, "suspended")],
    ),
    (
        lambda e, i: ec.ChangeJobDefinition(key(e, "job_definition"), retries=3),
        [("SetJobRetries", J, "retries", None, "3")],
    ),
    (
        lambda e, i: ec.Together((c.ModifyInstance(i, (c.StartAt("w"),)),)),
        [
            ("ModifyProcessInstance", P, "nrOfInstances", None, "1"),
            ("ModifyProcessInstance", P, "async", None, "false"),
        ],
    ),
    (lambda e, i: ec.StartProcess("p"), [("Create", P, None, None, None)]),
    (lambda e, i: ec.CleanHistory(), [("CreateHistoryCleanupJobs", J, "immediatelyDue", None, "true")]),
    (
        lambda e, i: ec.Deploy((("q.bpmn", row(USER, id_="q")),)),
        [("Create", "Deployment", "duplicateFilterEnabled", None, "false")],
    ),
    (
        lambda e, i: ec.DeleteDeployment(key(e, "deployment"), cascade=True),
        [("Delete", "Deployment", "cascade", None, "true")],
    ),
    (
        lambda e, i: ec.DeleteDefinition(definition(e), cascade=True),
        [("Delete", D, "cascade", "false", "true")],
    ),
]


@pytest.mark.parametrize(("command", "entries"), SAID)
def test_what_is_told(engine: Engine, instance: int, command: Command, entries: list[tuple[Any, ...]]) -> None:
    engine.submit(command(engine, instance), user="kermit")
    assert told(engine) == entries
    operations = {one for (one,) in rows(engine, "SELECT operation FROM operation_log")}
    assert len(operations) == 1
    assert None not in operations


def test_what_nobody_sends_is_not_told(engine: Engine, instance: int) -> None:
    engine.submit(c.SuspendInstance(instance, True))
    assert told(engine) == []


def test_what_fails_is_not_told(engine: Engine, instance: int) -> None:
    with pytest.raises(Exception, match="non-negative"):
        engine.submit(c.ChangeJob(job(engine), retries=-1), user="kermit")
    assert told(engine) == []


def test_what_user_code_sends_is_told_as_what_ran_it(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)), ("q.bpmn", row(delegate("d", "d"), id_="q")))
    engine.registry.delegates["d"] = lambda execution: engine.submit(ec.StartProcess("p"), user="kermit")
    engine.submit(ec.StartProcess("q"), user="kermit")
    assert rows(engine, "SELECT operation_type, process_id FROM operation_log") == [("Create", "q")]


def test_migration_and_restart(engine: Engine) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    engine.deploy(("p.bpmn", row(USER, attributes='camunda:versionTag="2"')))
    first, second = (number for (number,) in rows(engine, "SELECT key FROM process_definition ORDER BY version"))
    instance = engine.submit(ec.StartProcess(definition=first)).instance
    moves = (c.MoveNode("u", "u"),)
    engine.submit(ec.Together((c.MigrateInstance(instance, first, second, moves),)), user="kermit")
    engine.submit(c.CancelInstance(instance))
    restart = ec.RestartInstance(instance, second, (c.StartAt("u"),))
    engine.submit(ec.Together((restart,)), user="kermit")
    assert [(x[0], x[2]) for x in told(engine)] == [
        ("Migrate", "processDefinitionId"),
        ("Migrate", "nrOfInstances"),
        ("Migrate", "async"),
        ("Create", None),
        ("RestartProcessInstance", "nrOfInstances"),
        ("RestartProcessInstance", "async"),
    ]
